//! Mapping: what becomes of a request on its way to the back end, and of the answer on its way back.
//!
//! Compiled once from an integration's record: [`IntegrationRequest`] makes an [`base::gate::Ask`] of a request, [`IntegrationResponse`]
//! a method's reply of the back end's. Both are synchronous over bytes; where a mapping reads a body, it says so (`needs_body`) and the
//! body is waited for first.
//!
//! What is odd: names of headers are looked up in the very spelling of the client, a source that is missing or empty leaves its
//! destination out, a few names may not be set at all and make the request fail only when it is there (500), and the default answer of
//! a method swallows every status that no pattern takes: a 400 of the back end becomes a 200.

mod body;
pub mod coding;
mod encode;
mod lists;
mod payload;
mod request;
mod response;
mod select;
mod source;
mod template;
mod templates;

pub use base::gate::decoded;
pub(crate) use encode::{Place, push_encoded};
pub(crate) use lists::{REMAPPED, is_dropped_on_arrival, is_renamed};
pub use payload::BinaryTypes;
pub use request::IntegrationRequest;
pub(crate) use request::path_form;
pub use response::IntegrationResponse;
pub(crate) use response::broken;
pub use response::read_whole;
pub(crate) use select::takes_whole;
pub(crate) use source::{Seen, Source, request_source, stage_variable};
pub use template::{Event, EventError, MappingTemplate, Rendered, render_plain};
pub(crate) use templates::choose;
pub use templates::{Template, Templates};
