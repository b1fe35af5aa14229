//! What an operation of the control API is: a struct that knows its route, what its members must look like, and how to run.
//!
//! One request comes in three places (path, query, body) and is one flat set of [`Members`]. [`dispatch`] finds the route, knows the
//! caller, checks every member against the operation's const table (all violations are told at once, in AWS's order and words), and
//! only then lets serde read them. Nothing here is a macro: jump-to-definition lands on the thing.

mod control;
pub mod dialect;
mod error;
mod flow;
mod known;
mod member;
mod members;
mod page;
pub mod patch;
mod payload;
mod room;
mod route;
mod signed;
mod tags;

pub mod dispatch;

pub use control::{
    AuthorizerTrial, Control, FunctionAnswer, FunctionCall, House, LogPage, Progress, Running, Settings, TargetState, Trial, Tried,
    TriedAuthorizer,
};
pub use error::ApiError;
pub use flow::{Flow, Pieces};
pub use known::known_api;
pub use member::{Member, Pattern, Place, Shape, check, flag, list, map, number, structure, text, whole};
pub use members::{Members, decode_form, decode_percent};
pub use page::{LIMIT_DEFAULT, LIMIT_MAX, Limit, Page};
pub use patch::PatchOp;
pub use payload::{File, IntoPayload, Payload};
pub use room::{check_room, no_room, room};
pub use route::{Body, Route, Verb, delete, get, patch as patch_route, post, put};
pub use signed::{Caller, Credentials, Identity, trusted, verified};
pub use tags::{TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX, Tags, check_tags};

use serde::de::DeserializeOwned;
use std::future::Future;
use std::pin::Pin;

/// One operation: a request that knows where it lives and what to do.
pub trait Operation: DeserializeOwned + Send + 'static {
    /// Name, verb, path and success status.
    const ROUTE: Route;
    /// What its members must look like before anything is done.
    const MEMBERS: &'static [Member];
    /// What is sent on success. `()` sends no body.
    type Reply: IntoPayload + Send;

    /// Does it.
    fn run(self, cx: &Control) -> impl Future<Output = Result<Self::Reply, ApiError>> + Send;
}

/// A pinned, boxed future of a control call.
type Calling<'a> = Pin<Box<dyn Future<Output = Result<Payload, ApiError>> + Send + 'a>>;

/// A row of the catalogue of operations.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Where it lives.
    pub route: Route,
    /// Its members' constraints.
    pub members: &'static [Member],
    /// Reads the members and runs it; what is sent of the reply.
    pub call: for<'a> fn(&'a Control, Members) -> Calling<'a>,
}

/// The catalogue row of an operation.
pub const fn op<O: Operation>() -> Entry {
    Entry { route: O::ROUTE, members: O::MEMBERS, call: call::<O> }
}

fn call<O: Operation>(cx: &Control, members: Members) -> Calling<'_> {
    Box::pin(async move {
        let input: O = members.read()?;
        input.run(cx).await?.into_payload()
    })
}
