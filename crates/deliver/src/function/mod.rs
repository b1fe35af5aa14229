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
pub mod host;
mod json;
pub mod operations;
pub mod record;
pub mod remote;
#[cfg(test)]
mod tests;

pub(crate) use answer::read_answer;
pub(crate) use arn::is_function_uri;
pub use event::{write_event, write_request_authorizer_event, write_token_authorizer_event};

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
        let invocation = match &self.host {
            None => invocation,
            Some(host) => match host.invoke(invocation) {
                Ok(begun) => return here(upstreams, begun, timeout, began, notes).await,
                Err(back) => *back,
            },
        };
        match &self.lambda {
            Some(lambda) => lambda.invoke(upstreams, invocation, timeout, notes).await,
            None => Err(Failure::NotFound(invocation.function.to_string())),
        }
    }
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
