//! How a process is started: what is run, what it finds around it, and what bounds it.
//!
//! What is odd: memory is bounded by what may be written of it (`RLIMIT_DATA`), since some runtimes reserve address space by the
//! gigabyte and never touch it; and V8 reserves half a gigabyte for code as if it would write there, so that its heap has a bound of
//! its own.

use super::Settings;
use super::build::{Build, Code};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::collections::BTreeMap;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;

/// What the names of runtimes begin with.
const PYTHON: &str = "python";
const NODE: &str = "nodejs";
/// Writable memory beside what a function is given: the interpreter's own, and the stacks of its threads.
const MEMORY_MB_BESIDE: u64 = 256;
/// The same for Node, with what V8 reserves for code.
const MEMORY_MB_BESIDE_NODE: u64 = 1_024;
/// Descriptors of a process (AWS: 1,024).
const DESCRIPTORS_MAX: u64 = 1_024;
/// Processes and threads of the functions' user (AWS: 1,024 for each process).
const TASKS_MAX: u64 = 4_096;

/// The folder of our clients, in the run directory.
const CLIENTS: &str = "clients";
/// What runs handlers where no official client is installed: a file's name, and the file.
const PYTHON_CLIENT: (&str, &str) = ("python.py", include_str!("clients/python.py"));
const NODE_CLIENT: (&str, &str) = ("node.mjs", include_str!("clients/node.mjs"));

/// Puts our clients where functions can read them.
pub(super) fn write_clients(run_dir: &Path) -> std::io::Result<()> {
    let folder = run_dir.join(CLIENTS);
    std::fs::DirBuilder::new().mode(0o711).recursive(true).create(&folder)?;
    for (name, text) in [PYTHON_CLIENT, NODE_CLIENT] {
        let path = folder.join(name);
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// Where a program is, by its path or on `PATH`.
fn found(program: &str, path: &str) -> Option<PathBuf> {
    let all = std::env::split_paths(path).map(|folder| folder.join(program));
    let named = program.contains('/').then(|| PathBuf::from(program));
    named.into_iter().chain(all.filter(|_| !program.contains('/'))).find(|path| path.is_file())
}

/// Why a process cannot be started, as AWS says it.
pub(super) fn no_entry(build: &Build, why: &std::io::Error) -> String {
    match build.runtime.starts_with("provided") {
        true => format!("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap] ({why})"),
        false => format!("the runtime of {} cannot be started: {why}", build.runtime),
    }
}

/// Bounds a process that has just been started.
pub(super) fn limit(pid: Pid, build: &Build, is_apart: bool) {
    const MB: u64 = 1024 * 1024;
    let beside = if build.is_node() { MEMORY_MB_BESIDE_NODE } else { MEMORY_MB_BESIDE };
    let mut limits = vec![
        (Resource::Data, (u64::from(build.memory_mb) + beside) * MB),
        (Resource::Nofile, DESCRIPTORS_MAX),
        (Resource::Fsize, u64::from(build.scratch_mb) * MB),
        (Resource::Core, 0),
    ];
    // Counted for the user: where that is ours, too, it would bound us.
    limits.extend(is_apart.then_some((Resource::Nproc, TASKS_MAX)));
    for (resource, most) in limits {
        if let Err(why) = prlimit(Some(pid), resource, Rlimit { current: Some(most), maximum: Some(most) }) {
            tracing::debug!(?resource, %why, "a function runs without one of its limits");
        }
    }
}

/// What is run, with everything that is around it.
pub(super) fn command(build: &Build, settings: &Settings, folder: &Path, scratch: &Path, api: &str) -> Command {
    let clients = settings.run_dir.join(CLIENTS);
    let mut command = match build.runtime.as_str() {
        runtime if runtime.starts_with(PYTHON) => {
            let mut command = Command::new(&settings.python);
            command.arg(clients.join(PYTHON_CLIENT.0)).arg(&build.handler);
            command
        }
        runtime if runtime.starts_with(NODE) => {
            let own = folder.join("node_modules/.bin/aws-lambda-ric");
            let official = if own.exists() { Some(own) } else { found(&settings.node, &settings.path) };
            let mut command = Command::new(official.as_deref().unwrap_or(Path::new("node")));
            if official.is_none() {
                command.arg(clients.join(NODE_CLIENT.0));
            }
            command.arg(&build.handler);
            command
        }
        _ => Command::new(folder.join("bootstrap")),
    };
    command.env_clear().envs(environment(build, settings, folder, scratch, api));
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    if let Some(user) = settings.user {
        command.uid(user).gid(user);
    }
    command
}

/// Nothing of ours, then what the function's owner says, then what a platform says.
fn environment(build: &Build, settings: &Settings, folder: &Path, scratch: &Path, api: &str) -> BTreeMap<String, String> {
    let mut environment: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |name: &str, value: &str| environment.insert(name.to_owned(), value.to_owned());
    let (scratch, folder) = (scratch.to_string_lossy(), folder.to_string_lossy());
    set("PATH", &settings.path);
    set("LANG", "en_US.UTF-8");
    set("TZ", ":UTC");
    set("HOME", &scratch);
    set("TMPDIR", &scratch);
    if matches!(build.code, Code::Folder(_)) && build.runtime.starts_with(PYTHON) {
        // What is compiled there would be taken for another file that was saved within the same second.
        set("PYTHONDONTWRITEBYTECODE", "1");
    }
    if build.is_node() {
        set("NODE_OPTIONS", &format!("--max-old-space-size={}", build.memory_mb));
    }
    for (name, value) in &build.environment {
        set(name, value);
    }
    let function = &build.function;
    let version = &build.version;
    set("AWS_LAMBDA_RUNTIME_API", api);
    set("AWS_LAMBDA_FUNCTION_NAME", &function.name);
    set("AWS_LAMBDA_FUNCTION_VERSION", version);
    set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &build.memory_mb.to_string());
    set("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{}", function.name));
    set("AWS_LAMBDA_LOG_STREAM_NAME", &format!("[{version}]{}", folder.rsplit('/').next().unwrap_or_default()));
    set("AWS_LAMBDA_LOG_FORMAT", "Text");
    set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    set("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR");
    set("AWS_REGION", &function.region);
    set("AWS_DEFAULT_REGION", &function.region);
    set("LAMBDA_TASK_ROOT", &folder);
    set("LAMBDA_RUNTIME_DIR", &folder);
    set("_HANDLER", &build.handler);
    if !build.runtime.starts_with("provided") {
        set("AWS_EXECUTION_ENV", &format!("AWS_Lambda_{}", build.runtime));
    }
    environment
}

impl Build {
    /// Whether Node runs it.
    fn is_node(&self) -> bool {
        self.runtime.starts_with(NODE)
    }
}

impl Code {
    /// Whether it is unpacked by us.
    pub(super) fn digest(&self) -> Option<&Arc<str>> {
        match self {
            Code::Archive(digest) => Some(digest),
            Code::Folder(_) => None,
        }
    }
}
