//! What an operation has in its hands: the store, the clock, new ids, who is calling, and the running half of this node.

use super::{ApiError, Caller, Flow};
use crate::store::{Actor, BoxFuture, Realm, Revision, Sealer, Store, Txn, Verdict, View};
use crate::world::{Clock, Day, Ids, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What every control call of a process shares.
pub struct House {
    /// Records.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Secrets at rest.
    pub sealer: Arc<Sealer>,
    /// The data plane of this node.
    pub running: Arc<dyn Running>,
    /// What the operator set.
    pub settings: Settings,
}

/// Settings that operations look at.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `aws` unless told otherwise: the partition in ARNs.
    pub partition: Arc<str>,
    /// Whether only what AWS has is allowed.
    pub aws_strict: bool,
    /// Where deployed APIs are reached from outside; `None` for AWS's own hosts.
    pub public_url: Option<Arc<str>>,
    /// Milliseconds an integration may be given: AWS's quota, 29,000 unless raised.
    pub integration_timeout_ms_max: u32,
}

/// The running half of this node, as far as operations may see it. What concerns a running thing is asked for here.
pub trait Running: Send + Sync + 'static {
    /// Answers when everything up to a revision is live on this node. A change that cannot go live still counts as seen.
    fn caught_up(&self, revision: Revision) -> BoxFuture<'_, ()>;

    /// What was used of a plan on the days from `first` up to, but not including, `end`, by one key or by all: the truth at once.
    fn usage<'a>(&'a self, plan: &'a str, key: Option<&'a str>, first: Day, end: Day) -> BoxFuture<'a, Result<Vec<Progress>, ApiError>>;

    /// Adds to what a key may still use of a plan in the window that begins on `first`; the sum of all such grants of that window.
    fn extend<'a>(&'a self, plan: &'a str, key: &'a str, first: Day, by: i64) -> BoxFuture<'a, Result<i64, ApiError>>;

    /// Tries a method out that is not deployed, and tells how that went. Where no data thread is, nothing can be tried.
    fn try_out(&self, _trial: Trial) -> BoxFuture<'_, Result<Tried, ApiError>> {
        let why = ApiError::ServiceUnavailable("Service Unavailable. Please try again later.".into());
        Box::pin(std::future::ready(Err(why)))
    }

    /// Invokes a function that is hosted here; `None` if it is not.
    fn invoke(&self, _call: FunctionCall) -> BoxFuture<'_, Option<Result<FunctionAnswer, ApiError>>> {
        Box::pin(std::future::ready(None))
    }

    /// What a function that is hosted here has printed after a line; `None` if it is not hosted here.
    fn function_log(&self, _realm: &Realm, _name: &str, _after: u64) -> Option<LogPage> {
        None
    }

    /// How the targets of a group stand, by its ARN. Where nobody looks, nothing is known.
    fn targets(&self, _group: &str) -> Vec<TargetState> {
        Vec::new()
    }

    /// Asks an authorizer about a caller whom nobody sent. Where no data thread is, nobody can be asked.
    fn try_authorizer(&self, _trial: AuthorizerTrial) -> BoxFuture<'_, Result<TriedAuthorizer, ApiError>> {
        let why = ApiError::ServiceUnavailable("Service Unavailable. Please try again later.".into());
        Box::pin(std::future::ready(Err(why)))
    }

    /// Forgets the answers that a stage keeps.
    fn flush_cache(&self, _api: &str, _stage: &str) {}

    /// Forgets what a plan, or one key of it, has used.
    fn forget<'a>(&'a self, plan: &'a str, key: Option<&'a str>) -> BoxFuture<'a, Result<(), ApiError>>;
}

/// A request that nobody sent, for a method as it stands.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Whose API it is.
    pub realm: Realm,
    /// The API as text, as a deployment would freeze it.
    pub tree: String,
    /// The resource's id.
    pub resource: String,
    /// The method's verb.
    pub verb: String,
    /// Path and query; `None` for the resource's own.
    pub target: Option<String>,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: String,
    /// Stage variables.
    pub variables: BTreeMap<String, String>,
}

/// How a trial went.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The method's status.
    pub status: u16,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
    /// The story, line by line.
    pub log: String,
    /// Milliseconds it took.
    pub latency_ms: u64,
}

/// An invocation of a function by a control call.
#[derive(Clone, Debug)]
pub struct FunctionCall {
    /// The function's ARN, with a qualifier or without.
    pub function: String,
    /// `RequestResponse`, `Event` or `DryRun`.
    pub kind: String,
    /// JSON.
    pub payload: Vec<u8>,
    /// The end of its log is wanted.
    pub wants_log: bool,
    /// Its answer may come as [`FunctionAnswer::flow`].
    pub wants_stream: bool,
    /// JSON.
    pub client_context: Option<String>,
}

/// How a target stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetState {
    /// A name in lower case, or an address.
    pub host: Box<str>,
    pub port: u16,
    /// Whether it is well; `None` while nobody knows.
    pub health: Option<bool>,
    /// Why it is not.
    pub because: Arc<str>,
}

/// Some lines of a log.
#[derive(Clone, Debug)]
pub struct LogPage {
    pub lines: Vec<(Timestamp, String)>,
    /// The number of the last line there is.
    pub last: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct FunctionAnswer {
    /// 200, 202 or 204.
    pub status: u16,
    /// `Unhandled`, if the function failed.
    pub error: Option<String>,
    pub version: String,
    pub payload: Vec<u8>,
    /// The end of its log, if it was wanted.
    pub log: Option<Vec<u8>>,
    /// Everything of its answer as an event stream, where that was wanted.
    pub flow: Option<Flow>,
    /// What the function calls its answer, if it streams.
    pub media: Option<String>,
}

/// A caller whom nobody sent, for an authorizer as it stands.
#[derive(Clone, Debug)]
pub struct AuthorizerTrial {
    /// Whose API it is.
    pub realm: Realm,
    /// The API's id.
    pub api: String,
    /// The authorizer's id, and its record as text.
    pub authorizer: String,
    pub record: String,
    /// Path and query.
    pub target: String,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: String,
    /// Stage variables.
    pub variables: BTreeMap<String, String>,
    /// `$context` variables that an identity may come from.
    pub context: BTreeMap<String, String>,
}

/// What an authorizer said.
#[derive(Clone, Debug, Default)]
pub struct TriedAuthorizer {
    /// What a client would have got: 200, 401, 403 or 500.
    pub client_status: u16,
    /// The story, line by line.
    pub log: String,
    /// Milliseconds it took.
    pub latency_ms: u64,
    pub principal_id: Option<String>,
    /// The policy, as JSON text.
    pub policy: Option<String>,
    /// The context of a function's answer.
    pub authorization: BTreeMap<String, Vec<String>>,
    /// The claims of a token.
    pub claims: BTreeMap<String, String>,
}

/// What a key used on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The API key's id.
    pub key: Arc<str>,
    /// The day.
    pub day: Day,
    /// Requests.
    pub units: u64,
}

/// One control call.
pub struct Control {
    house: Arc<House>,
    /// Who calls, and in which realm.
    pub caller: Caller,
}

impl std::ops::Deref for Control {
    type Target = House;
    fn deref(&self) -> &House {
        &self.house
    }
}

impl Control {
    /// A call by somebody.
    pub fn new(house: Arc<House>, caller: Caller) -> Control {
        Control { house, caller }
    }

    /// Whose records are seen.
    pub fn realm(&self) -> &Realm {
        &self.caller.realm
    }

    /// Looks at a consistent snapshot.
    pub async fn read<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn View) -> Result<T, ApiError> + Send + 'static,
    {
        let slot = Arc::new(Mutex::new(None));
        let result = slot.clone();
        let run = move |view: &dyn View| {
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(work(view));
            Ok(())
        };
        self.store.read(Box::new(run)).await?;
        taken(&slot)
    }

    /// Changes records in one transaction, all or nothing, and waits until the change is live here. `work` may be run again: it must
    /// take its ids and times from outside.
    pub async fn write<T, F>(&self, mut work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnMut(&mut dyn Txn) -> Result<T, ApiError> + Send + 'static,
    {
        let slot = Arc::new(Mutex::new(None));
        let result = slot.clone();
        let run = move |txn: &mut dyn Txn| {
            let done = work(txn);
            let verdict = if done.is_ok() { Verdict::Commit } else { Verdict::Abandon };
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
            Ok(verdict)
        };
        let revision = self.store.write(Actor(self.caller.name.clone()), Box::new(run)).await?;
        let done = taken(&slot)?;
        self.running.caught_up(revision).await;
        Ok(done)
    }
}

fn taken<T>(slot: &Mutex<Option<Result<T, ApiError>>>) -> Result<T, ApiError> {
    let done = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    done.unwrap_or_else(|| Err(ApiError::Internal("the store answered without doing the work".into())))
}
