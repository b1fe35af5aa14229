//! The standard credential chain: environment, shared files, container, instance. A snapshot, refreshed in the background: a data thread
//! reads it, and waits only where there is none.

use super::{files, metadata};
use base::world::{BoxFuture, Clock, Timestamp};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

/// Keys that will expire are fetched anew this long before.
const EARLY_MS: u64 = 5 * 60 * 1000;
/// How long it is believed that there are none.
const MISSING_MS: u64 = 5_000;
/// How often keys from files are read again: whoever rotates them restarts nothing.
const FILES_MS: u64 = 5 * 60 * 1000;

/// The process's environment, or a test's.
#[derive(Clone)]
pub struct Environment(Arc<Read>);

type Read = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Environment {
    /// What a function knows.
    pub fn of(read: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Environment {
        Environment(Arc::new(read))
    }

    /// A variable that says something.
    pub fn text(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

/// What requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    pub access_key: Box<str>,
    pub secret: Box<str>,
    pub session_token: Option<Box<str>>,
    /// When they are worth nothing any more.
    pub expires: Option<Timestamp>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({}, until {:?})", self.access_key, self.expires)
    }
}

/// What was found, and until when that is believed.
#[derive(Clone, Debug)]
struct Found {
    keys: Result<Arc<Keys>, String>,
    until: Timestamp,
}

/// Keys from one source. Clones are the same.
#[derive(Clone, Debug)]
pub struct Credentials(Arc<Owner>);

/// Whoever looks for keys stops when nobody wants them any more.
#[derive(Debug)]
struct Owner {
    shared: Arc<Shared>,
    looking: AbortHandle,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

#[derive(Debug)]
struct Shared {
    found: watch::Sender<Option<Found>>,
    wanted: Notify,
    clock: Clock,
}

impl Credentials {
    /// Keys from this environment, looked for on `background` once somebody wants them.
    pub fn new(environment: Environment, clock: Clock, background: &tokio::runtime::Handle) -> Credentials {
        let look = move || -> BoxFuture<'static, Result<Keys, String>> {
            let environment = environment.clone();
            Box::pin(async move { look(&environment).await })
        };
        Credentials::found_by(look, clock, background)
    }

    /// Keys that `look` finds. It is called by one task, so that nobody looks twice at the same time.
    pub(super) fn found_by(
        look: impl Fn() -> BoxFuture<'static, Result<Keys, String>> + Send + 'static,
        clock: Clock,
        background: &tokio::runtime::Handle,
    ) -> Credentials {
        let shared = Arc::new(Shared { found: watch::Sender::new(None), wanted: Notify::new(), clock });
        let task = shared.clone();
        let looking = background.spawn(async move {
            loop {
                task.wanted.notified().await;
                if !task.is_due() {
                    continue;
                }
                let asked = task.clock.wall();
                let keys = look().await;
                task.keep(keys, asked);
            }
        });
        Credentials(Arc::new(Owner { shared, looking: looking.abort_handle() }))
    }

    /// The keys, waited for if there are none yet. Those that will expire soon serve while others are fetched.
    pub(super) async fn keys(&self) -> Result<Arc<Keys>, String> {
        let shared = &self.0.shared;
        if let Some(found) = shared.usable() {
            return found;
        }
        let mut seen = shared.found.subscribe();
        loop {
            // Before the look, so that what is found after it is not missed.
            seen.mark_unchanged();
            if let Some(found) = shared.usable() {
                return found;
            }
            shared.wanted.notify_one();
            if seen.changed().await.is_err() {
                return Err("credentials are not looked for any more".into());
            }
        }
    }
}

impl Shared {
    /// Whether it is time to look.
    fn is_due(&self) -> bool {
        let now = self.clock.wall();
        self.found.borrow().as_ref().is_none_or(|found| found.until <= now)
    }

    fn usable(&self) -> Option<Result<Arc<Keys>, String>> {
        let now = self.clock.wall();
        let found = self.found.borrow();
        let found = found.as_ref()?;
        if found.until > now {
            return Some(found.keys.clone());
        }
        let keys = found.keys.as_ref().ok().filter(|keys| keys.last_beyond(now))?;
        self.wanted.notify_one();
        Some(Ok(keys.clone()))
    }

    fn keep(&self, keys: Result<Keys, String>, asked: Timestamp) {
        let soon = Timestamp(asked.0 + MISSING_MS);
        let before = self.found.borrow().as_ref().and_then(|found| found.keys.as_ref().ok()).cloned();
        let found = match (keys, before) {
            (Ok(keys), _) => {
                let until = keys.expires.map_or(asked.0 + FILES_MS, |at| at.0.saturating_sub(EARLY_MS).max(soon.0));
                Found { keys: Ok(Arc::new(keys)), until: Timestamp(until) }
            }
            // What is still good outlasts a refusal.
            (Err(why), Some(before)) if before.expires.is_some() && before.last_beyond(asked) => {
                tracing::warn!(%why, "keys could not be renewed; the old ones serve until they expire");
                Found { keys: Ok(before), until: soon }
            }
            (Err(why), _) => Found { keys: Err(why), until: soon },
        };
        self.found.send_replace(Some(found));
    }
}

impl Keys {
    fn last_beyond(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }
}

/// Walks the chain. The first that has keys wins; one that is told to and fails ends the walk.
async fn look(environment: &Environment) -> Result<Keys, String> {
    if let (Some(access_key), Some(secret)) = (environment.text("AWS_ACCESS_KEY_ID"), environment.text("AWS_SECRET_ACCESS_KEY")) {
        let session_token = environment.text("AWS_SESSION_TOKEN").map(Into::into);
        return Ok(Keys { access_key: access_key.into(), secret: secret.into(), session_token, expires: None });
    }
    let files = environment.clone();
    let read = tokio::task::spawn_blocking(move || files::keys(&files)).await.map_err(|why| why.to_string())?;
    if let Some(keys) = read? {
        return Ok(keys);
    }
    if let Some(keys) = metadata::container(environment).await? {
        return Ok(keys);
    }
    if environment.text("AWS_EC2_METADATA_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return Err("no AWS credentials were found in the environment or in the shared files".into());
    }
    metadata::instance(environment)
        .await
        .map_err(|why| format!("no AWS credentials were found in the environment, in the shared files or for this machine ({why})"))
}

/// How long a metadata service may take.
pub(super) const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
