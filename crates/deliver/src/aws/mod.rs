//! AWS as this process reaches it: where its services are, and what requests to them are signed with.
//!
//! Endpoints and keys are found as an SDK finds them: `AWS_ENDPOINT_URL_<SERVICE>`, else `AWS_ENDPOINT_URL`, else AWS's own by region; the
//! standard credential chain ([`credentials`]). An API's role is assumed at STS with those keys ([`session`]). Whatever is found is a
//! snapshot that is refreshed in the background, so that a data thread waits only where there is none yet.

mod credentials;
mod endpoint;
mod files;
mod metadata;
mod question;
mod session;
#[cfg(test)]
mod tests;

pub use credentials::{Credentials, Environment, Keys};
pub(crate) use endpoint::{Endpoint, suffix};

use crate::upstream::Tls;
use base::gate::Lane;
use base::world::Clock;
use endpoint::Endpoints;
use session::Sessions;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// AWS, for all data threads.
#[derive(Debug)]
pub struct Aws {
    endpoints: Endpoints,
    own: Credentials,
    /// `None`: roles are not assumed, this process's own keys serve.
    sessions: Option<Sessions>,
}

/// Whether the roles that APIs name are assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roles {
    /// At STS.
    Assumed,
    /// Only if the environment says where STS is: on a laptop there is none, and the services that are there take any keys.
    AssumedWhereStsIsNamed,
}

impl Aws {
    /// What this environment says. An endpoint that cannot be read is an error in words. Keys are looked for on this
    /// runtime, once somebody wants them; `tls` is for STS, and so is `region`, where the environment names none.
    pub fn new(environment: Environment, region: &str, roles: Roles, clock: Clock, tls: Arc<Tls>) -> Result<Aws, String> {
        let background = tokio::runtime::Handle::current();
        let endpoints = Endpoints::new(environment.clone())?;
        let named = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| environment.text(name));
        let region = named.unwrap_or_else(|| region.to_owned());
        let own = Credentials::new(environment, clock.clone(), &background);
        let sts = endpoints.of("STS");
        let assumes = roles == Roles::Assumed || sts.is_some();
        let sessions = assumes.then(|| Sessions::new(own.clone(), sts, region, clock, tls, background));
        Ok(Aws { endpoints, own, sessions })
    }

    /// Where a service is, by its id in the names of variables (`CLOUDWATCH_LOGS`); `None` for AWS's own.
    pub(crate) fn endpoint(&self, id: &str) -> Option<Endpoint> {
        self.endpoints.of(id)
    }

    /// The keys of a role, or this process's own; waited for so long at most (`None`: the time is up).
    pub(crate) async fn keys(&self, role: Option<&str>, lane: &Lane, timeout: Duration) -> Option<Result<Arc<Keys>, String>> {
        let watch = lane.deadlines.watch();
        watch.set(timeout);
        let mut found = pin!(async {
            match role {
                Some(role) => self.keys_of(role).await,
                None => self.own.keys().await,
            }
        });
        poll_fn(|cx| match found.as_mut().poll(cx) {
            Poll::Ready(keys) => Poll::Ready(Some(keys)),
            Poll::Pending => watch.poll_passed(cx).map(|()| None),
        })
        .await
    }

    /// The keys of a session of a role. Why there are none is told for the operator.
    async fn keys_of(&self, role: &str) -> Result<Arc<Keys>, String> {
        // On AWS the service asks in the caller's name. Outside, nobody can: a secret never leaves its owner.
        if role.contains(":iam::*:user/") {
            return Err(format!("{role} asks for the caller's own credentials, which a gateway outside AWS does not have"));
        }
        match &self.sessions {
            Some(sessions) => sessions.of(role).keys().await,
            None => self.own.keys().await,
        }
    }
}
