//! The function host of a node: started with it, asked by control calls, ended with it.

use crate::config::Config;
use crate::node::NodeError;
use crate::runtime::functions::{Hosting, StoredArchives};
use base::api::{ApiError, Flow, FunctionAnswer, FunctionCall, LogPage, Pieces};
use base::store::{Realm, Sealer, Store};
use base::world::{Clock, Ids};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deliver::function::arn::FunctionArn;
use deliver::function::call::{Failure, Invocation, InvocationType, Invoked};
use deliver::function::event_stream::{self, Complete};
use deliver::function::host::build::FunctionKey;
use deliver::function::host::stream::{AnswerStream, Ended, Piece};
use deliver::function::host::{Host, Settings};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Names the run directory, so that the next start can remove what a crash has left.
const RUN_FILE: &str = "functions.run";
/// What the names of run directories begin with.
const RUN_DIR: &str = "cardea-functions-";
/// Processes for each core, when nobody says.
const PROCESSES_PER_CORE: usize = 16;
/// How long a process may take to ask for work for the first time (AWS: 10 s).
const INIT_TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes of a function's answer in one message.
const CHUNK_BYTES_MAX: usize = 64 * 1024;
/// How long to wait before an event is tried again, as on AWS.
const EVENT_WAITS: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// Starts a host, and what keeps it true to the store.
pub(crate) fn start(
    config: &Config,
    store: Arc<dyn Store>,
    sealer: Arc<Sealer>,
    clock: Clock,
    ids: Ids,
) -> Result<(Host, Hosting), NodeError> {
    let run_dir = run_dir(&config.data_dir, &ids);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let settings = Settings {
        python: config.function_python.clone(),
        node: config.function_node.clone(),
        processes_max: if config.function_processes > 0 { config.function_processes } else { cores * PROCESSES_PER_CORE },
        idle_time_max: Duration::from_secs(config.function_idle_seconds),
        init_time_max: INIT_TIME_MAX,
        looks_each_time: config.dev,
        user: user(&config.function_user)?,
        path: std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned()),
        event_waits: EVENT_WAITS.to_vec(),
        dead_letters: config.data_dir.join("dead-letters"),
        run_dir: run_dir.clone(),
    };
    let archives = Arc::new(StoredArchives(store));
    let host = Host::new(settings, clock, ids, archives, tokio::runtime::Handle::current())
        .map_err(|why| NodeError(format!("functions cannot be hosted: {}: {why}", run_dir.display())))?;
    Ok((host.clone(), Hosting::new(host, sealer)))
}

/// A new directory for what runs, where functions can get to whoever they run as; the one of a node that crashed is removed.
fn run_dir(data_dir: &Path, ids: &Ids) -> PathBuf {
    let file = data_dir.join(RUN_FILE);
    let temporary = std::env::temp_dir();
    if let Ok(text) = std::fs::read_to_string(&file) {
        let left = PathBuf::from(text.trim());
        let is_ours = left.file_name().is_some_and(|name| name.to_string_lossy().starts_with(RUN_DIR));
        if is_ours && left.parent() == Some(&temporary) {
            // It may be gone already.
            let _gone = std::fs::remove_dir_all(left);
        }
    }
    let fresh = temporary.join(format!("{RUN_DIR}{}", ids.lower(16)));
    if let Err(why) = std::fs::write(&file, fresh.to_string_lossy().as_bytes()) {
        tracing::warn!(%why, "after a crash nobody will know what functions have left behind");
    }
    fresh
}

/// Whom functions run as: only root can choose.
fn user(name: &str) -> Result<Option<u32>, NodeError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    if let Ok(number) = name.parse::<u32>() {
        return Ok((number != 0).then_some(number));
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|parts| parts.first() == Some(&name));
    let number = found.and_then(|parts| parts.get(2)?.parse::<u32>().ok());
    let number = number.ok_or_else(|| NodeError(format!("function-user is {name:?}: there is no such user; a number will do, too")))?;
    Ok((number != 0).then_some(number))
}

/// Invokes a function for a control call; `None` if it is not hosted here.
pub(crate) async fn invoke(host: &Host, call: FunctionCall) -> Option<Result<FunctionAnswer, ApiError>> {
    let FunctionCall { function, kind, payload, wants_log, wants_stream, client_context } = call;
    let function = FunctionArn::parse(&function)?;
    let invocation = Invocation {
        function,
        kind: InvocationType::named(&kind).unwrap_or_default(),
        payload: payload.into(),
        wants_log,
        wants_stream,
        client_context: client_context.map(Into::into),
        trace: None,
        source: None,
        role: None,
    };
    let answered = match host.invoke(invocation).ok()? {
        Ok(answered) => answered.await.unwrap_or_else(|_| Err(Failure::Unable("the function host has stopped".into()))),
        Err(failure) => Err(failure),
    };
    let answer = |invoked: Invoked| if wants_stream && invoked.status == 200 { flowing(invoked) } else { answer(invoked) };
    Some(answered.map(answer).map_err(|failure| told(&failure)))
}

fn answer(invoked: Invoked) -> FunctionAnswer {
    FunctionAnswer {
        status: invoked.status,
        error: invoked.error.map(Into::into),
        version: invoked.version.into(),
        payload: invoked.payload.into_vec(),
        log: invoked.log,
        flow: None,
        media: None,
    }
}

/// An answer as an event stream: what is here of it already, and what is still to come.
fn flowing(mut invoked: Invoked) -> FunctionAnswer {
    let (stream, media) = invoked.stream.take().map(|streamed| (streamed.rest, streamed.media.into_string())).unzip();
    let mut here = Vec::new();
    if stream.is_none() {
        let payload = std::mem::take(&mut invoked.payload).into_vec();
        let error = invoked.error.take().map(|_| String::from_utf8_lossy(&payload).into_owned());
        if error.is_none() {
            payload.chunks(CHUNK_BYTES_MAX).for_each(|piece| event_stream::write_chunk(&mut here, piece));
        }
        write_end(&mut here, Ended { error, log: invoked.log.take() });
    }
    FunctionAnswer { flow: Some(Flow::of(Events { here, stream })), media, ..answer(invoked) }
}

/// How an answer has ended, as its last message.
fn write_end(out: &mut Vec<u8>, ended: Ended) {
    let error_code = ended.error.is_some().then(|| "Unhandled".to_owned());
    let log_result = ended.log.map(|log| STANDARD.encode(log));
    event_stream::write_complete(out, &Complete { error_code, error_details: ended.error, log_result });
}

/// A function's answer on its way into an event stream.
struct Events {
    here: Vec<u8>,
    stream: Option<AnswerStream>,
}

impl Pieces for Events {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        if !self.here.is_empty() {
            return Poll::Ready(Some(std::mem::take(&mut self.here)));
        }
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        let mut out = Vec::new();
        match ready!(stream.poll_piece(cx)) {
            Piece::Bytes(bytes) => bytes.chunks(CHUNK_BYTES_MAX).for_each(|piece| event_stream::write_chunk(&mut out, piece)),
            Piece::End(ended) => {
                write_end(&mut out, ended);
                self.stream = None;
            }
        }
        Poll::Ready(Some(out))
    }
}

/// A failure in Lambda's words.
fn told(failure: &Failure) -> ApiError {
    let (status, name, message) = failure.wire();
    const NAMES: [&str; 6] = [
        "ResourceNotFoundException",
        "TooManyRequestsException",
        "RequestTooLargeException",
        "AccessDeniedException",
        "InvalidZipFileException",
        "InvalidRequestContentException",
    ];
    match NAMES.into_iter().find(|known| *known == name) {
        Some(name) => ApiError::exception(status, name, message),
        None => ApiError::Internal(failure.because().into_owned()),
    }
}

/// What a function has printed after a line.
pub(crate) fn log(host: &Host, realm: &Realm, name: &str, after: u64) -> Option<LogPage> {
    let key = FunctionKey { account: realm.account.clone(), region: realm.region.clone(), name: name.into() };
    let (lines, last) = host.journal(&key)?.after(after);
    Some(LogPage { lines: lines.into_iter().map(|line| (line.at, line.text.into())).collect(), last })
}
