//! Functions: what is invoked, by whom, and what its answers mean.
//!
//! A function is invoked by its ARN: here, if it is hosted here, else at AWS ([`remote`]). AWS promises at most one invocation at a time
//! for each process of it, a deadline, and an answer that tells failures of the function (200, `X-Amz-Function-Error`) from those of the
//! service. What surprised us: a function that fails is a success of its invocation, and a malformed answer of one is a 502 where a
//! missing permission is a 500 (atlas, lambda and integrations §3.7).

mod answer;
pub mod archive;
pub mod arn;
pub mod call;
mod event;
pub mod host;
mod json;
pub mod remote;
#[cfg(test)]
mod tests;

pub(crate) use answer::read_answer;
pub(crate) use arn::is_function_uri;
pub use event::{write_event, write_request_authorizer_event, write_token_authorizer_event};

use crate::upstream::Upstreams;
use base::gate::Upstream;
use call::{Failure, Invocation, Invoked};
use remote::Lambda;
use std::time::Duration;

/// What functions can be invoked, wherever they are. One for all data threads.
#[derive(Debug, Default)]
pub struct Functions {
    lambda: Option<Lambda>,
}

impl Functions {
    /// Functions at AWS alone.
    pub fn elsewhere(lambda: Lambda) -> Functions {
        Functions { lambda: Some(lambda) }
    }

    /// Whether an API needs a function's permission.
    pub fn asks_policies(&self) -> bool {
        false
    }

    /// Invokes a function from a data thread. `timeout` is the integration's: a function that takes longer goes on without us.
    pub async fn invoke(
        &self,
        upstreams: &Upstreams,
        invocation: Invocation,
        timeout: Duration,
        notes: &mut Upstream,
    ) -> Result<Invoked, Failure> {
        match &self.lambda {
            Some(lambda) => lambda.invoke(upstreams, invocation, timeout, notes).await,
            None => Err(Failure::NotFound(invocation.function.to_string())),
        }
    }
}
