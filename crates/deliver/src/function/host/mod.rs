//! The function host: Lambda functions as processes of this machine, spoken to by the Lambda Runtime API.
//!
//! AWS promises that a process has one invocation at a time, is reused while it is warm, gets its deadline, and dies at it; that what it
//! prints is its log; that a change of a function reaches the next invocation. All of that holds here, with AWS's answers for functions
//! that fail to start, crash, answer with too much, or never ask for work.
//!
//! What is odd, and ours: a process has its own scratch directory, but the machine's `/tmp` (no namespaces without privileges); memory is
//! bounded by what is writable, not by what is resident; and a process that leaves its group outlives its function, unless its user is
//! one of its own. Beyond the machine's limit of processes invocations wait; AWS would start more.

pub mod build;
mod command;
mod events;
mod folders;
mod job;
pub mod journal;
mod keeper;
mod pool;
mod process;
mod runtime_api;
mod scratch;
pub mod stream;
#[cfg(test)]
mod tests;

use super::archive;
use super::arn::FunctionArn;
use super::call::{EVENT_BYTES_MAX, Failure, Invocation, InvocationType, Invoked, PAYLOAD_BYTES_MAX};
use arc_swap::ArcSwap;
use base::gate::RequestId;
use base::world::{BoxFuture, Clock, Ids};
use build::{Code, FunctionKey, Hosted};
use job::{Concurrency, Job, Reply};
use journal::Journal;
use keeper::Keeper;
use pool::Pool;
use process::Process;
use std::collections::HashMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore, oneshot};

/// What the operator set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The interpreter of Python functions: with `awslambdaric`, or else with a client of ours.
    pub python: String,
    /// `aws-lambda-ric`, for functions that do not bring it along; where it is not to be found, `node` with a client of ours.
    pub node: String,
    /// Processes of all functions at once.
    pub processes_max: usize,
    /// How long a process may be idle.
    pub idle_time_max: Duration,
    /// How long a process may take to ask for work for the first time (AWS: 10 s), or the function's timeout if that is longer.
    pub init_time_max: Duration,
    /// Whether folders of code are looked at before each invocation, for who develops.
    pub looks_each_time: bool,
    /// Whom functions run as, by number; `None` for whom we run as.
    pub user: Option<u32>,
    /// The `PATH` of functions.
    pub path: String,
    /// Where code is unpacked and scratch directories are: functions must be able to get there. Removed at the end.
    pub run_dir: PathBuf,
    /// How long to wait before each further attempt to deliver an event (AWS: one minute, then two).
    pub event_waits: Vec<Duration>,
    /// Where events are written down that could not be delivered.
    pub dead_letters: PathBuf,
}

/// Where archives come from.
pub trait Archives: Send + Sync + 'static {
    /// The archive of this digest.
    fn archive<'a>(&'a self, digest: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>>;
}

/// What comes of an invocation, once it has.
pub type Answered = oneshot::Receiver<Result<Invoked, Failure>>;

/// The host. Clones are the same.
#[derive(Clone)]
pub struct Host(Arc<Shared>);

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host")
    }
}

/// What everything of a host shares.
struct Shared {
    settings: Settings,
    clock: Clock,
    ids: Ids,
    background: tokio::runtime::Handle,
    archives: Arc<dyn Archives>,
    functions: ArcSwap<HashMap<FunctionKey, Arc<Entry>>>,
    /// One change at a time.
    changing: Mutex<()>,
    permits: Arc<Semaphore>,
    /// Room for events that wait.
    events: Arc<Semaphore>,
    /// Code that is unpacked, by digest.
    places: Mutex<HashMap<Arc<str>, Place>>,
    stopped: AtomicBool,
    keeper: Keeper,
    /// Every process that runs.
    live: Mutex<Vec<Weak<Process>>>,
}

type Place = Arc<OnceCell<Arc<Folder>>>;

/// A folder of code. One that was unpacked goes when nobody runs there any more: a process may load more of its code at any time.
struct Folder {
    path: PathBuf,
    /// Who removes it.
    unpacked: Option<tokio::runtime::Handle>,
}

impl Drop for Folder {
    fn drop(&mut self) {
        let (Some(background), path) = (self.unpacked.take(), std::mem::take(&mut self.path)) else { return };
        background.spawn_blocking(move || {
            // What is left goes with the run directory.
            let _left = std::fs::remove_dir_all(path);
        });
    }
}

/// A function that is hosted.
struct Entry {
    hosted: Hosted,
    concurrency: Arc<Concurrency>,
    journal: Arc<Journal>,
    /// By version.
    pools: HashMap<String, Arc<Pool>>,
}

impl Host {
    /// A host without functions. Makes its run directory, for its owner to write and for functions to pass through.
    pub fn new(
        settings: Settings,
        clock: Clock,
        ids: Ids,
        archives: Arc<dyn Archives>,
        background: tokio::runtime::Handle,
    ) -> std::io::Result<Host> {
        for folder in [settings.run_dir.clone(), settings.run_dir.join("code"), settings.run_dir.join("scratch")] {
            std::fs::DirBuilder::new().mode(0o711).recursive(true).create(folder)?;
        }
        command::write_clients(&settings.run_dir)?;
        let host = Host(Arc::new(Shared {
            permits: Arc::new(Semaphore::new(settings.processes_max.clamp(1, Semaphore::MAX_PERMITS))),
            events: Arc::new(Semaphore::new(events::EVENTS_MAX)),
            keeper: Keeper::new(settings.run_dir.clone()),
            settings,
            clock,
            ids,
            background,
            archives,
            functions: ArcSwap::default(),
            changing: Mutex::default(),
            places: Mutex::default(),
            stopped: AtomicBool::new(false),
            live: Mutex::default(),
        }));
        folders::watch(&host);
        Ok(host)
    }

    /// Puts a function in place of what it was. Processes of versions that have not changed stay; those of others end when they have
    /// answered, so that no request fails.
    pub fn put(&self, hosted: Hosted) {
        self.change(|functions, shared| {
            let before = functions.get(&hosted.key).cloned();
            let mut pools = HashMap::new();
            for (version, build) in &hosted.versions {
                let kept = before.as_ref().and_then(|before| before.pools.get(version)).filter(|pool| pool.build == *build);
                let journal =
                    || before.as_ref().map_or_else(|| Arc::new(Journal::new(shared.clock.clone())), |before| before.journal.clone());
                let pool = kept.cloned().unwrap_or_else(|| Pool::new(build.clone(), shared.clone(), journal()));
                pools.insert(version.clone(), pool);
            }
            let (concurrency, journal) = match &before {
                Some(before) => (before.concurrency.clone(), before.journal.clone()),
                None => {
                    let first = pools.values().next().map(|pool| pool.journal.clone());
                    (Arc::default(), first.unwrap_or_else(|| Arc::new(Journal::new(shared.clock.clone()))))
                }
            };
            functions.insert(hosted.key.clone(), Arc::new(Entry { hosted, concurrency, journal, pools }));
            before
        });
    }

    /// Runs a version anew from its folder: its processes end when they have answered.
    fn renew(&self, key: &FunctionKey, version: &str) {
        self.change(|functions, shared| {
            let before = functions.get(key).cloned()?;
            let mut pools = before.pools.clone();
            let pool = pools.get_mut(version)?;
            *pool = Pool::new(pool.build.clone(), shared.clone(), before.journal.clone());
            let (hosted, concurrency, journal) = (before.hosted.clone(), before.concurrency.clone(), before.journal.clone());
            functions.insert(key.clone(), Arc::new(Entry { hosted, concurrency, journal, pools }));
            Some(before)
        });
    }

    /// Takes a function away.
    pub fn remove(&self, key: &FunctionKey) {
        self.change(|functions, _| functions.remove(key));
    }

    /// Changes the table, then retires what is not in it any more.
    fn change(&self, work: impl FnOnce(&mut HashMap<FunctionKey, Arc<Entry>>, &Arc<Shared>) -> Option<Arc<Entry>>) {
        let _one = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut functions = HashMap::clone(&self.0.functions.load());
        let before = work(&mut functions, &self.0);
        self.0.functions.store(Arc::new(functions));
        let now = self.0.functions.load();
        for (version, pool) in before.iter().flat_map(|before| &before.pools) {
            let kept = before.as_ref().and_then(|before| now.get(&before.hosted.key)).and_then(|entry| entry.pools.get(version));
            if !kept.is_some_and(|kept| Arc::ptr_eq(kept, pool)) {
                pool.retire();
            }
        }
        self.0.tidy(&now);
    }

    fn find(&self, function: &FunctionArn) -> Option<Arc<Entry>> {
        let functions = self.0.functions.load();
        let key = FunctionKey { account: (&*function.account).into(), region: (&*function.region).into(), name: (&*function.name).into() };
        functions.get(&key).cloned()
    }

    /// Begins an invocation, or gives it back if the function is not hosted here. What comes of it is told later, whoever still waits.
    pub fn invoke(&self, invocation: Invocation) -> Result<Result<Answered, Failure>, Box<Invocation>> {
        match self.find(&invocation.function) {
            Some(entry) => Ok(self.begin(&entry, invocation)),
            None => Err(Box::new(invocation)),
        }
    }

    fn begin(&self, entry: &Entry, invocation: Invocation) -> Result<Answered, Failure> {
        let Invocation { function, kind, payload, wants_log, wants_stream, client_context, trace, source, role: _ } = invocation;
        let bytes_max = if kind == InvocationType::Event { EVENT_BYTES_MAX } else { PAYLOAD_BYTES_MAX };
        if payload.len() > bytes_max {
            return Err(Failure::TooLarge(bytes_max));
        }
        let mut bytes = [0; 16];
        self.0.ids.bytes(&mut bytes);
        let chance = f64::from(u16::from_le_bytes([bytes[0], bytes[1]])) / 65_536.0;
        let request_id: Box<str> = uuid(bytes).as_str().into();
        let qualifier = function.qualifier.as_deref();
        if let Some(source) = source.filter(|source| !entry.hosted.lets_in(qualifier, source)) {
            return Err(Failure::Denied(format!("the function's policy does not let {source} invoke {function}")));
        }
        let build = entry.hosted.version(qualifier, chance).ok_or_else(|| Failure::NotFound(function.to_string()))?;
        let pool = entry.pools.get(&build.version).ok_or_else(|| Failure::NotFound(function.to_string()))?;
        let (reply, answered) = oneshot::channel();
        if kind == InvocationType::DryRun {
            let could = Invoked { status: 204, request_id, version: build.version.as_str().into(), ..Invoked::default() };
            // It is here: the other end was made above.
            let _here = reply.send(Ok(could));
            return Ok(answered);
        }
        if kind == InvocationType::Event {
            let version = build.version.as_str().into();
            let (wants_stream, source, role) = (false, None, None);
            events::queue(self, Invocation { function, kind, payload, wants_log, wants_stream, client_context, trace, source, role })?;
            let _here = reply.send(Ok(Invoked { status: 202, request_id, version, ..Invoked::default() }));
            return Ok(answered);
        }
        let place = entry.concurrency.take(entry.hosted.reserved);
        let place = place.ok_or(Failure::Throttled("the function's reserved concurrency is used up"))?;
        if self.0.stopped.load(Ordering::Acquire) {
            return Err(Failure::Throttled("the function host is stopping"));
        }
        let arn = build.arn(qualifier).into();
        let reply = Reply::Whole(reply);
        let job = Job { request_id, arn, payload, client_context, trace, wants_log, wants_stream, reply, place };
        match &build.code {
            Code::Folder(_) if self.0.settings.looks_each_time => {
                folders::submit_fresh(self, build.function.clone(), build.version.clone(), job);
            }
            Code::Folder(_) | Code::Archive(_) => pool.submit(job),
        }
        Ok(answered)
    }

    /// The log of a function, if it is hosted here.
    pub fn journal(&self, key: &FunctionKey) -> Option<Arc<Journal>> {
        self.0.functions.load().get(key).map(|entry| entry.journal.clone())
    }

    /// Processes that run now.
    pub fn processes(&self) -> usize {
        self.0.settings.processes_max.saturating_sub(self.0.permits.available_permits())
    }

    /// Ends all processes, and removes the run directory. Those that are busy have had their time.
    pub async fn stop(&self) {
        self.0.stopped.store(true, Ordering::Release);
        let functions = self.0.functions.swap(Arc::default());
        for pool in functions.values().flat_map(|entry| entry.pools.values()) {
            pool.retire();
        }
        let most = u32::try_from(self.0.settings.processes_max.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        // Once every place is free, every process is gone. Who is busy has had the time of the drain, and gets a moment more.
        if tokio::time::timeout(STOP_GRACE, self.0.permits.acquire_many(most)).await.is_err() {
            let live = std::mem::take(&mut *self.0.live());
            live.iter().filter_map(Weak::upgrade).for_each(|process| process.force());
            let _late = tokio::time::timeout(STOP_WAIT, self.0.permits.acquire_many(most)).await;
        }
        let (run_dir, shared) = (self.0.settings.run_dir.clone(), self.0.clone());
        let _removed = tokio::task::spawn_blocking(move || {
            shared.keeper.stop();
            // What is left is in a directory for temporary things.
            let _left = std::fs::remove_dir_all(run_dir);
        })
        .await;
    }
}

/// How long busy processes may go on when the program ends.
const STOP_GRACE: Duration = Duration::from_millis(500);
/// How long processes may take to be gone once they are killed.
const STOP_WAIT: Duration = Duration::from_secs(3);

fn uuid(mut bytes: [u8; 16]) -> RequestId {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    RequestId::of(bytes)
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, Vec<Weak<Process>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a process for as long as it runs.
    fn remember(&self, process: &Arc<Process>) {
        let mut live = self.live();
        live.retain(|known| known.strong_count() > 0);
        live.push(Arc::downgrade(process));
    }

    /// A place for a process. Where there is none, somebody's idle process makes room.
    fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Some(permit);
        }
        let functions = self.functions.load();
        // It takes a moment to go, and then whoever waits is looked after.
        let _made_room = functions.values().flat_map(|entry| entry.pools.values()).any(|pool| pool.evict());
        None
    }

    /// A place is free: whoever waits for one is looked after.
    fn feed(&self) {
        let functions = self.functions.load();
        for pool in functions.values().flat_map(|entry| entry.pools.values()) {
            if self.permits.available_permits() == 0 {
                return;
            }
            pool.balance();
        }
    }

    /// A name that nothing else has.
    fn unique(&self) -> String {
        self.ids.lower(20)
    }

    /// Where code is, unpacked once for all who need it.
    async fn place(&self, code: &Code) -> Result<Arc<Folder>, String> {
        let digest = match code {
            Code::Folder(path) if path.is_dir() => return Ok(Arc::new(Folder { path: path.clone(), unpacked: None })),
            Code::Folder(path) => return Err(format!("{} is no folder", path.display())),
            Code::Archive(digest) => digest,
        };
        let cell = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            places.entry(digest.clone()).or_default().clone()
        };
        let unpack = async || {
            let bytes = self.archives.archive(digest).await?;
            let into = self.settings.run_dir.join("code").join(self.unique());
            let work = move || archive::unpack(&bytes, &into).map(|()| into);
            let path = tokio::task::spawn_blocking(work).await.map_err(|why| why.to_string())??;
            Ok(Arc::new(Folder { path, unpacked: Some(self.background.clone()) }))
        };
        cell.get_or_try_init(unpack).await.cloned()
    }

    /// Forgets code that no function has any more.
    fn tidy(&self, functions: &HashMap<FunctionKey, Arc<Entry>>) {
        let builds = functions.values().flat_map(|entry| entry.pools.values());
        let used: Vec<&Arc<str>> = builds.filter_map(|pool| pool.build.code.digest()).collect();
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|digest, _| used.contains(&digest));
    }
}
