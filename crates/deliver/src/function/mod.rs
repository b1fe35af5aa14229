//! Functions: what is invoked, by whom, and what its answers mean.
//!
//! A function is invoked by its ARN: here, if it is hosted here, else at AWS ([`remote`]). AWS promises at most one invocation at a time
//! for each process of it, a deadline, and an answer that tells failures of the function (200, `X-Amz-Function-Error`) from those of the
//! service. What surprised us: a function that fails is a success of its invocation, and a malformed answer of one is a 502 where a
//! missing permission is a 500 (atlas, lambda and integrations §3.7).

mod answer;
pub mod archive;
pub mod arn;
pub mod authorizer;
pub mod call;
mod event;
pub mod event_stream;
pub mod host;
mod json;
pub mod operations;
mod prelude;
pub mod record;
pub mod remote;
mod streaming;
#[cfg(test)]
mod tests;

pub(crate) use answer::read_answer;
pub(crate) use arn::{Transfer, is_function_uri};
pub use event::{write_event, write_request_authorizer_event, write_token_authorizer_event};
pub(crate) use streaming::{Broken, Stream, delimiter_in, read_streamed, read_whole_streamed};

use crate::aws::Aws;
use crate::upstream::Upstreams;
use base::gate::Upstream;
use base::world::Moment;
use call::{Failure, Invocation, Invoked};
use host::{Answered, Host};
use remote::Lambda;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// What functions can be invoked, wherever they are. One for all data threads.
#[derive(Debug, Default)]
pub struct Functions {
    host: Option<Host>,
    lambda: Option<Lambda>,
    asks_policies: bool,
}

impl Functions {
    /// Functions at AWS alone.
    pub fn elsewhere(lambda: Lambda) -> Functions {
        Functions { lambda: Some(lambda), ..Functions::default() }
    }

    /// Functions hosted here, and all others at AWS. `asks_policies`: an API needs the permission of a function that is hosted here.
    pub fn new(host: Host, lambda: Lambda, asks_policies: bool) -> Functions {
        Functions { host: Some(host), lambda: Some(lambda), asks_policies }
    }

    /// AWS, if it is within reach.
    pub(crate) fn aws(&self) -> Option<&Arc<Aws>> {
        self.lambda.as_ref().map(Lambda::aws)
    }

    /// Whether an API needs a function's permission.
    pub fn asks_policies(&self) -> bool {
        self.asks_policies
    }

    /// Invokes a function from a data thread. `timeout` is the integration's: a function that takes longer goes on without us.
    pub async fn invoke(
        &self,
        upstreams: &Upstreams,
        invocation: Invocation,
        timeout: Duration,
        notes: &mut Upstream,
    ) -> Result<Invoked, Failure> {
        let began = upstreams.lane().clock.now();
        match self.begin(invocation) {
            Ok(begun) => here(upstreams, begun, timeout, began, notes).await,
            Err(invocation) => self.lambda(&invocation)?.invoke(upstreams, *invocation, timeout, notes).await,
        }
    }

    /// The same for an answer that may come in pieces: `timeout` is until it begins.
    pub(crate) async fn stream(
        &self,
        upstreams: &Upstreams,
        invocation: Invocation,
        timeout: Duration,
        notes: &mut Upstream,
    ) -> Result<Told, Failure> {
        let began = upstreams.lane().clock.now();
        let begun = match self.begin(Invocation { wants_stream: true, ..invocation }) {
            Ok(begun) => begun,
            Err(invocation) => {
                let (stream, request_id) = self.lambda(&invocation)?.stream(upstreams, *invocation, timeout, notes).await?;
                return Ok(Told::Begun { stream, request_id });
            }
        };
        let mut invoked = here(upstreams, begun, timeout, began, notes).await?;
        Ok(match invoked.stream.take() {
            Some(streamed) => Told::Begun { stream: Stream::Here(streamed.rest), request_id: invoked.request_id },
            None => Told::Whole(invoked),
        })
    }

    /// Begins an invocation here, or gives it back.
    fn begin(&self, invocation: Invocation) -> Result<Result<Answered, Failure>, Box<Invocation>> {
        match &self.host {
            None => Err(Box::new(invocation)),
            Some(host) => host.invoke(invocation),
        }
    }

    fn lambda(&self, invocation: &Invocation) -> Result<&Lambda, Failure> {
        self.lambda.as_ref().ok_or_else(|| Failure::NotFound(invocation.function.to_string()))
    }
}

/// What comes of an invocation that may be answered in pieces.
pub(crate) enum Told {
    /// The function does not stream, or has failed before it did.
    Whole(Invoked),
    Begun {
        stream: Stream,
        request_id: Box<str>,
    },
}

/// Waits for a function of this machine, as long as the integration may take.
async fn here(
    upstreams: &Upstreams,
    begun: Result<Answered, Failure>,
    timeout: Duration,
    began: Moment,
    notes: &mut Upstream,
) -> Result<Invoked, Failure> {
    (notes.began, notes.connected, notes.attempts) = (began, began, 1);
    let mut answered = begun?;
    let watch = upstreams.lane().deadlines.watch();
    watch.set(timeout);
    let told = poll_fn(|cx| match Pin::new(&mut answered).poll(cx) {
        Poll::Ready(Ok(told)) => Poll::Ready(told),
        Poll::Ready(Err(_)) => Poll::Ready(Err(Failure::Unable("the function host has stopped".to_owned()))),
        Poll::Pending => watch.poll_passed(cx).map(|()| Err(Failure::TimedOut)),
    });
    let told = told.await;
    notes.answered = upstreams.lane().clock.now();
    notes.status = told.as_ref().map_or_else(|failure| failure.wire().0, |invoked| invoked.status);
    told
}
