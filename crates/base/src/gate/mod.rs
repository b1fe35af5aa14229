//! What a request to a deployed API is: an [`Exchange`] goes in, a [`Reply`] or a [`Refusal`] comes out.
//!
//! The data plane is `!Send`: an exchange lives and dies on its thread (its [`Lane`]). Steps are synchronous over bytes; only a body,
//! a refill of a quota, an authorizer or an integration may wait. Everything on the way leaves [`Notes`]: fixed in size, written
//! without allocating, and told in words only when somebody asks (`explain`, the access log).

mod access_format;
mod body;
mod buffers;
mod escape;
mod exchange;
mod lane;
mod mask;
mod media;
mod notes;
mod overrides;
mod query;
mod refusal;
mod reply;
mod request_id;
mod spare;
mod story;
pub mod tcp;
mod tls;
mod tunnel;
mod variable;
mod witness;

pub use access_format::{AccessFormat, AccessLog};
pub use body::{BodyFault, BodySource, Fill, RequestBody};
pub use buffers::{BUFFERED_BYTES_MAX, Buffer, buffered_bytes, limit_buffered_bytes};
pub use exchange::{Caller, Exchange, Place, Request, RouteFacts, Scheme, Series, Signer, StageFacts};
pub use lane::Lane;
pub use media::{JSON, accepted, accepted_as_said, answered_media_type, is_of_events, media_type};
pub use notes::{Among, Cached, Notes, Short, Stage, Upstream, Verdict};
pub use overrides::{Overridden, Overrides};
pub use query::{decoded, last_query_value, query_pairs, query_values};
pub use refusal::{Message, Refusal, RefusalKind};
pub use reply::{Ask, AskBody, Reply, ReplyBody};
pub use request_id::{ExtendedRequestId, RequestId};
pub use spare::{give_back_fields, take_fields};
pub use story::{ExecutionLog, Level, Story, TEXT_BYTES_MAX, Told};
pub use tls::Tls;
pub use tunnel::TunnelEnd;
pub use variable::Variable;

use std::future::Future;
use std::pin::Pin;

/// A boxed future of the data plane: it stays on its thread.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A step that may refuse, synchronous over bytes. A closed set, called by name: no boxes, no registry.
pub trait Step {
    /// Lets the exchange pass, or refuses it.
    fn check(&self, ex: &mut Exchange) -> Result<(), Refusal>;
}

/// What nobody configured lets everything pass.
impl<S: Step> Step for Option<S> {
    fn check(&self, ex: &mut Exchange) -> Result<(), Refusal> {
        self.as_ref().map_or(Ok(()), |step| step.check(ex))
    }
}

/// What makes the answer. An open set: one box per call, dwarfed by the network.
pub trait Integration {
    /// Asks the back end.
    fn call<'a>(&'a self, ask: Ask, ex: &'a mut Exchange) -> LocalBoxFuture<'a, Result<Reply, Refusal>>;
}
