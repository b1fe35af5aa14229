//! The host with real processes: the functions are this very program, run anew by a `bootstrap` that is a line of shell.

mod function;
mod streams;

use super::build::{Build, Code, FunctionKey, Grant, Hosted, Split};
use super::{Archives, Host, Settings};
use crate::function::arn::FunctionArn;
use crate::function::call::{EVENT_BYTES_MAX, Failure, Invocation, InvocationType, Invoked, PAYLOAD_BYTES_MAX};
use base::world::{BoxFuture, Clock, Ids};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const ARN: &str = "arn:aws:lambda:us-east-1:111111111111:function:echo";

struct NoArchives;

impl Archives for NoArchives {
    fn archive<'a>(&'a self, digest: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(std::future::ready(Err(format!("no archive {digest}"))))
    }
}

struct Bench {
    host: Host,
    folder: PathBuf,
}

impl Bench {
    fn new(processes_max: usize) -> Bench {
        Bench::with(processes_max, Duration::from_secs(600))
    }

    fn with(processes_max: usize, idle_time_max: Duration) -> Bench {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let folder = std::env::temp_dir().join(format!("cardea-host-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        let settings = Settings {
            python: "python3".into(),
            node: "aws-lambda-ric".into(),
            processes_max,
            idle_time_max,
            init_time_max: Duration::from_secs(10),
            looks_each_time: false,
            user: None,
            path: "/usr/bin:/bin".into(),
            run_dir: folder.join("run"),
            event_waits: vec![Duration::from_millis(10); 2],
            dead_letters: folder.join("dead-letters"),
        };
        let host = Host::new(settings, Clock::system(), Ids::system(), Arc::new(NoArchives), tokio::runtime::Handle::current()).unwrap();
        let bench = Bench { host, folder };
        let program = std::env::current_exe().unwrap();
        bench.program("code", &format!("#!/bin/sh\nexec '{}' as_a_function --nocapture --test-threads=1\n", program.display()));
        bench
    }

    /// A folder of code with this bootstrap.
    fn program(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("bootstrap");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    fn build(&self, code: &str) -> Build {
        Build {
            function: FunctionKey { account: "111111111111".into(), region: "us-east-1".into(), name: "echo".into() },
            version: "$LATEST".into(),
            runtime: "provided.al2023".into(),
            handler: "h".into(),
            timeout_ms: 10_000,
            memory_mb: 128,
            scratch_mb: 512,
            environment: BTreeMap::from([("MINE".to_owned(), "yes".to_owned())]),
            code: Code::Folder(self.folder.join(code)),
            revision: None,
        }
    }

    fn put(&self, build: Build) {
        self.put_with(build, None);
    }

    fn put_with(&self, build: Build, reserved: Option<u32>) {
        let key = build.function.clone();
        let versions = BTreeMap::from([(build.version.clone(), Arc::new(build))]);
        self.host.put(Hosted { key, versions, aliases: BTreeMap::new(), reserved, grants: Vec::new() });
    }

    async fn ask(&self, event: Value) -> Result<Invoked, Failure> {
        self.host.invoke(invocation(event)).unwrap()?.await.unwrap()
    }

    /// The function's answer, which must be no error.
    async fn ok(&self, event: Value) -> Value {
        let invoked = self.ask(event).await.unwrap();
        assert_eq!(invoked.error, None, "{}", String::from_utf8_lossy(&invoked.payload));
        serde_json::from_slice(&invoked.payload).unwrap()
    }

    /// Type and message of the function's error.
    async fn error(&self, event: Value) -> (String, String) {
        let invoked = self.ask(event).await.unwrap();
        assert_eq!((invoked.status, invoked.error.as_deref()), (200, Some("Unhandled")));
        let told: Value = serde_json::from_slice(&invoked.payload).unwrap();
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let message = text("errorMessage");
        let message = message.split_once(" Error: ").map_or(message.as_str(), |(_, rest)| rest).to_owned();
        (text("errorType"), message)
    }

    fn log(&self) -> Vec<String> {
        let journal = self.host.journal(&self.build("code").function).unwrap();
        journal.after(0).0.into_iter().map(|line| line.text.into()).collect()
    }

    async fn end(self) {
        self.host.stop().await;
        assert_eq!(self.host.processes(), 0);
        assert!(!self.folder.join("run").exists());
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn invocation(event: Value) -> Invocation {
    Invocation {
        function: FunctionArn::parse(ARN).unwrap(),
        kind: InvocationType::RequestResponse,
        payload: event.to_string().into_bytes().into(),
        wants_log: false,
        wants_stream: false,
        client_context: None,
        trace: Some("Root=1-x".into()),
        source: None,
        role: None,
    }
}

fn run(test: impl Future) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
}

/// Whether something becomes so, by and by.
async fn until(is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), looking).await.expect("it never came to be so");
}

#[test]
fn a_process_is_started_for_the_first_invocation_and_used_for_the_next() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let first = bench.ok(json!({"do": "tell"})).await;
        assert_eq!((&first["event"], &first["count"]), (&json!({"do": "tell"}), &json!(1)));
        for count in 2..6 {
            let next = bench.ok(json!({"do": "tell"})).await;
            assert_eq!((&next["count"], &next["pid"]), (&json!(count), &first["pid"]));
        }
        assert_eq!(bench.host.processes(), 1);
        let log = bench.log();
        assert!(log.iter().any(|line| line.starts_with("START RequestId: ") && line.ends_with(" Version: $LATEST")), "{log:?}");
        assert!(log.iter().any(|line| line.contains("\tMemory Size: 128 MB\t")), "{log:?}");
        bench.end().await;
    });
}

#[test]
fn invocations_at_once_have_a_process_each_and_beyond_the_machines_limit_they_wait() {
    run(async {
        let bench = Bench::new(2);
        bench.put(bench.build("code"));
        let all = (0..6).map(|_| bench.ok(json!({"do": "tell", "ms": 20})));
        let mut pids = std::collections::BTreeSet::new();
        for answer in join(all).await {
            pids.insert(answer["pid"].as_u64());
        }
        assert_eq!((pids.len(), bench.host.processes()), (2, 2));
        bench.end().await;
    });
}

async fn join<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (work, done) in all.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(output) = work.as_mut().poll(cx) {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[test]
fn reserved_concurrency_refuses_what_is_over_it_and_is_free_again_at_once() {
    run(async {
        let bench = Bench::new(4);
        bench.put_with(bench.build("code"), Some(1));
        let slow = bench.host.invoke(invocation(json!({"do": "tell", "ms": 200}))).unwrap().unwrap();
        assert!(matches!(bench.ask(json!({})).await, Err(Failure::Throttled(_))));
        slow.await.unwrap().unwrap();
        bench.ok(json!({"do": "tell"})).await;
        bench.put_with(bench.build("code"), Some(0));
        assert!(matches!(bench.ask(json!({})).await, Err(Failure::Throttled(_))));
        bench.end().await;
    });
}

#[test]
fn a_function_that_fails_is_told_of_and_its_process_stays() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        assert_eq!(bench.error(json!({"do": "error"})).await, ("ValueError".into(), "told".into()));
        assert_eq!(bench.ok(json!({"do": "tell"})).await["count"], 2);
        bench.end().await;
    });
}

#[test]
fn a_function_that_takes_too_long_is_killed_with_all_its_children() {
    run(async {
        let bench = Bench::new(4);
        bench.put(Build { timeout_ms: 300, ..bench.build("code") });
        let child = bench.ok(json!({"do": "fork"})).await["child"].as_u64().unwrap();
        let alive = |pid: u64| Path::new(&format!("/proc/{pid}/exe")).exists();
        assert!(alive(child));
        assert_eq!(
            bench.error(json!({"do": "tell", "ms": 60_000})).await,
            ("Sandbox.Timedout".into(), "Task timed out after 0.30 seconds".into())
        );
        until(|| !alive(child)).await;
        assert_eq!(bench.ok(json!({"do": "tell"})).await["count"], 1);
        bench.end().await;
    });
}

#[test]
fn a_process_that_dies_is_told_of_and_replaced() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let exit = |text: &str| ("Runtime.ExitError".to_owned(), format!("Runtime exited {text}"));
        assert_eq!(bench.error(json!({"do": "exit", "code": 7})).await, exit("with error: exit status 7"));
        assert_eq!(bench.error(json!({"do": "exit", "code": 0})).await, exit("without providing a reason"));
        assert_eq!(bench.error(json!({"do": "kill"})).await, exit("with error: signal: killed"));
        assert_eq!(bench.ok(json!({"do": "tell"})).await["count"], 1);
        bench.end().await;
    });
}

#[test]
fn a_function_that_cannot_start_says_why_each_time_it_is_asked() {
    run(async {
        let bench = Bench::new(4);
        bench.program("exits", "#!/bin/sh\necho a word before\nexit 3\n");
        bench.put(bench.build("exits"));
        for _ in 0..2 {
            assert_eq!(bench.error(json!({})).await, ("Runtime.ExitError".into(), "Runtime exited with error: exit status 3".into()));
        }
        assert!(bench.log().contains(&"a word before".to_owned()));
        bench.put(bench.build("nowhere"));
        assert!(matches!(bench.ask(json!({})).await, Err(Failure::Unready(_))));
        std::fs::create_dir_all(bench.folder.join("empty")).unwrap();
        bench.put(bench.build("empty"));
        assert_eq!(bench.error(json!({})).await.0, "Runtime.InvalidEntrypoint");
        bench.put(Build { environment: BTreeMap::from([("INIT".to_owned(), "fails".to_owned())]), ..bench.build("code") });
        assert_eq!(bench.error(json!({})).await, ("Runtime.ImportModuleError".into(), "no module".into()));
        bench.end().await;
    });
}

#[test]
fn a_function_that_never_asks_for_work_has_its_time_and_no_more() {
    run(async {
        let bench = Bench::new(1);
        bench.program("sleeps", "#!/bin/sh\nexec sleep 600\n");
        let mut settings = bench.host.0.settings.clone();
        settings.init_time_max = Duration::from_millis(100);
        let host = Host::new(settings, Clock::system(), Ids::system(), Arc::new(NoArchives), tokio::runtime::Handle::current()).unwrap();
        let bench = Bench { host, folder: bench.folder };
        bench.put(Build { timeout_ms: 100, ..bench.build("sleeps") });
        assert_eq!(bench.error(json!({})).await.0, "Sandbox.Timedout");
        bench.put(Build { timeout_ms: 5_000, ..bench.build("code") });
        assert_eq!(bench.ok(json!({"do": "answer and sleep"})).await, json!("said"));
        // It is at nothing that anybody knows of, and ends with the host.
        bench.end().await;
    });
}

#[test]
fn an_answer_that_is_too_large_is_an_error_and_one_that_just_fits_is_not() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let fits = bench.ask(json!({"do": "large", "bytes": PAYLOAD_BYTES_MAX})).await.unwrap();
        assert_eq!((fits.error, fits.payload.len()), (None, PAYLOAD_BYTES_MAX));
        for how in ["large", "large chunked"] {
            let (kind, message) = bench.error(json!({"do": how, "bytes": PAYLOAD_BYTES_MAX + 101})).await;
            assert_eq!(kind, "Function.ResponseSizeTooLarge");
            assert_eq!(message, "Response payload size exceeded maximum allowed payload size (6291556 bytes).");
        }
        let too_large = Invocation { payload: vec![b' '; PAYLOAD_BYTES_MAX + 1].into(), ..invocation(json!({})) };
        assert!(matches!(bench.host.invoke(too_large), Ok(Err(Failure::TooLarge(PAYLOAD_BYTES_MAX)))));
        bench.end().await;
    });
}

#[test]
fn a_flood_of_output_hurts_nobody_and_the_tail_of_an_invocation_is_its_own() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let with_log = |event: Value| Invocation { wants_log: true, ..invocation(event) };
        let flood = bench.host.invoke(with_log(json!({"do": "print", "bytes": 20_000_000}))).unwrap().unwrap().await.unwrap().unwrap();
        assert_eq!(flood.log.unwrap().len(), 4096);
        let quiet = bench.host.invoke(with_log(json!({"do": "print", "bytes": 3}))).unwrap().unwrap().await.unwrap().unwrap();
        let log = String::from_utf8(quiet.log.unwrap()).unwrap();
        assert!(log.starts_with("START RequestId: ") && log.contains("\nREPORT RequestId: "), "{log}");
        assert!(bench.log().iter().map(String::len).sum::<usize>() <= super::journal::LOG_BYTES_MAX);
        bench.end().await;
    });
}

#[test]
fn nothing_of_ours_is_inherited_and_the_scratch_directory_is_the_processs_own() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let told = bench.ok(json!({"do": "environment"})).await;
        let names: Vec<&str> = told["variables"].as_object().unwrap().keys().map(String::as_str).collect();
        let known = |name: &&str| name.starts_with("AWS_") || name.starts_with("LAMBDA_") || name.starts_with('_');
        let others: Vec<&str> = names.iter().copied().filter(|name| !known(name)).collect();
        assert_eq!(others, ["HOME", "LANG", "MINE", "PATH", "PWD", "TMPDIR", "TZ"]);
        assert_eq!(told["variables"]["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
        assert_eq!(told["variables"]["_HANDLER"], "h");
        assert!(!names.contains(&"AWS_EXECUTION_ENV") && !names.contains(&"AWS_ACCESS_KEY_ID"));
        // Input, output, errors, the listing itself, the one connection to the Runtime API; and what whoever started this test left open
        // for all of its children. Nothing that this program opened: no file, no event loop, no other socket.
        let open: Vec<&str> = told["descriptors"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let is_theirs = |name: &&&str| !["/dev/null", "pipe:", "/proc/"].iter().any(|known| name.starts_with(known));
        let others: Vec<&&str> = open.iter().filter(is_theirs).collect();
        assert!(others.len() == 1 && others[0].starts_with("socket:"), "{open:?}");
        let scratch = PathBuf::from(told["variables"]["TMPDIR"].as_str().unwrap());
        assert!(scratch.join("mark").exists());
        assert_eq!(told["context"]["arn"], ARN);
        assert_eq!(told["context"]["trace"], "Root=1-x");
        bench.end().await;
        assert!(!scratch.exists());
    });
}

#[test]
fn a_function_that_fills_its_scratch_directory_is_ended() {
    run(async {
        let bench = Bench::new(4);
        bench.put(Build { scratch_mb: 2, ..bench.build("code") });
        let (kind, message) = bench.error(json!({"do": "fill", "files": 3, "ms": 30_000})).await;
        assert_eq!((kind.as_str(), message.as_str()), ("Runtime.ExitError", "Runtime exited with error: its scratch directory is full"));
        bench.end().await;
    });
}

#[test]
fn memory_beyond_what_is_given_cannot_be_had() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        assert_eq!(bench.ok(json!({"do": "allocate", "mb": 64})).await, json!(true));
        assert_eq!(bench.ok(json!({"do": "allocate", "mb": 600})).await, json!(false));
        bench.end().await;
    });
}

#[test]
fn a_change_reaches_the_next_invocation_and_fails_none() {
    run(async {
        let bench = Arc::new(Bench::new(8));
        bench.put(bench.build("code"));
        let asking = (0..4).map(|_| {
            let bench = bench.clone();
            tokio::spawn(async move {
                for _ in 0..30 {
                    bench.ok(json!({"do": "tell", "ms": 2})).await;
                }
            })
        });
        let asking: Vec<_> = asking.collect();
        for n in 0..5 {
            let environment = BTreeMap::from([("MINE".to_owned(), n.to_string())]);
            bench.put(Build { environment, ..bench.build("code") });
            assert_eq!(bench.ok(json!({"do": "environment"})).await["variables"]["MINE"], n.to_string());
        }
        for asked in asking {
            asked.await.unwrap();
        }
        // The processes of what it was before have gone.
        let is_new = |process: Arc<super::Process>| process.pool.build.environment["MINE"] == "4";
        until(|| bench.host.0.live().iter().filter_map(std::sync::Weak::upgrade).all(is_new)).await;
        Arc::try_unwrap(bench).ok().unwrap().end().await;
    });
}

#[test]
fn a_file_that_is_saved_is_met_by_an_invocation_soon_after() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let first = bench.ok(json!({"do": "tell"})).await["pid"].clone();
        assert_eq!(bench.ok(json!({"do": "tell"})).await["pid"], first);
        let looked = async {
            let mut count = 0;
            while bench.ok(json!({"do": "tell"})).await["pid"] == first {
                // Longer each time, so that no clock is too coarse to tell.
                count += 1;
                std::fs::write(bench.folder.join("code/file"), "x".repeat(count)).unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), looked).await.expect("it was never met");
        bench.end().await;
    });
}

#[test]
fn versions_and_aliases_are_told_apart() {
    run(async {
        let bench = Bench::new(4);
        let latest = bench.build("code");
        let one = Build { version: "1".into(), environment: BTreeMap::from([("MINE".to_owned(), "one".to_owned())]), ..latest.clone() };
        let key = latest.function.clone();
        let versions = [latest, one].map(|build| (build.version.clone(), Arc::new(build))).into();
        let aliases = BTreeMap::from([
            ("live".to_owned(), Split { version: "1".into(), others: Vec::new() }),
            ("gone".to_owned(), Split { version: "9".into(), others: Vec::new() }),
            ("moved".to_owned(), Split { version: "9".into(), others: vec![("1".into(), 1.0)] }),
        ]);
        bench.host.put(Hosted { key, versions, aliases, reserved: None, grants: Vec::new() });
        let of = async |qualifier: &str| {
            let function = FunctionArn::parse(&format!("{ARN}:{qualifier}")).unwrap();
            let invoked = Invocation { function, ..invocation(json!({"do": "environment"})) };
            let invoked = bench.host.invoke(invoked).unwrap()?.await.unwrap()?;
            let told: Value = serde_json::from_slice(&invoked.payload).unwrap();
            Ok::<_, Failure>((invoked.version.to_string(), told["variables"]["MINE"].clone(), told["context"]["arn"].clone()))
        };
        assert_eq!(of("$LATEST").await.unwrap(), ("$LATEST".into(), json!("yes"), json!(format!("{ARN}:$LATEST"))));
        assert_eq!(of("1").await.unwrap(), ("1".into(), json!("one"), json!(format!("{ARN}:1"))));
        assert_eq!(of("live").await.unwrap(), ("1".into(), json!("one"), json!(format!("{ARN}:live"))));
        assert_eq!(of("moved").await.unwrap().0, "1");
        for missing in ["gone", "2"] {
            assert!(matches!(of(missing).await, Err(Failure::NotFound(_))), "{missing}");
        }
        bench.end().await;
    });
}

#[test]
fn an_api_without_permission_is_refused_before_anything_runs() {
    run(async {
        let bench = Bench::new(4);
        let build = bench.build("code");
        let grant = Grant { principal: "apigateway.amazonaws.com".into(), action: "lambda:InvokeFunction".into(), ..Grant::default() };
        let put = |grants: Vec<Grant>| {
            let versions = BTreeMap::from([("$LATEST".to_owned(), Arc::new(build.clone()))]);
            bench.host.put(Hosted { key: build.function.clone(), versions, aliases: BTreeMap::new(), reserved: None, grants });
        };
        let asked = || Invocation { source: Some("arn:aws:execute-api:r:1:a/s/GET/".into()), ..invocation(json!({"do": "tell"})) };
        put(Vec::new());
        assert!(matches!(bench.host.invoke(asked()), Ok(Err(Failure::Denied(_)))));
        assert_eq!(bench.host.processes(), 0);
        put(vec![grant]);
        bench.host.invoke(asked()).unwrap().unwrap().await.unwrap().unwrap();
        bench.end().await;
    });
}

#[test]
fn garbage_on_the_runtime_api_is_refused_and_the_function_goes_on() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let told = bench.ok(json!({"do": "garbage"})).await;
        assert_eq!(told["statuses"], json!([400, 400, 404, 400, 403, 200, 200]));
        assert_eq!(bench.ok(json!({"do": "tell"})).await["count"], 2);
        bench.end().await;
    });
}

#[test]
fn an_idle_process_makes_room_for_another_function() {
    run(async {
        let bench = Bench::new(1);
        bench.put(bench.build("code"));
        bench.ok(json!({"do": "tell"})).await;
        let other = Build { function: FunctionKey { name: "other".into(), ..bench.build("code").function }, ..bench.build("code") };
        bench.put(other);
        let function = FunctionArn::parse(&ARN.replace("echo", "other")).unwrap();
        let invoked = bench.host.invoke(Invocation { function, ..invocation(json!({"do": "tell"})) }).unwrap().unwrap();
        invoked.await.unwrap().unwrap();
        assert_eq!(bench.host.processes(), 1);
        bench.end().await;
    });
}

#[test]
fn a_process_that_is_idle_for_long_is_ended() {
    run(async {
        let bench = Bench::with(4, Duration::from_millis(100));
        bench.put(bench.build("code"));
        let pid = bench.ok(json!({"do": "tell"})).await["pid"].as_u64().unwrap();
        until(|| bench.host.processes() == 0).await;
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
        assert_eq!(bench.ok(json!({"do": "tell"})).await["count"], 1);
        bench.end().await;
    });
}

#[test]
fn an_event_is_tried_three_times_and_then_written_down() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let event = |event: Value| Invocation { kind: InvocationType::Event, ..invocation(event) };
        let queued = bench.host.invoke(event(json!({"do": "error", "n": 7}))).unwrap().unwrap().await.unwrap().unwrap();
        assert_eq!((queued.status, queued.payload.len()), (202, 0));
        let letters = bench.folder.join("dead-letters/echo.jsonl");
        until(|| std::fs::read_to_string(&letters).is_ok_and(|text| text.ends_with('\n'))).await;
        let letter: Value = serde_json::from_str(&std::fs::read_to_string(&letters).unwrap()).unwrap();
        assert_eq!((&letter["function"], &letter["event"]["n"]), (&json!(ARN), &json!(7)));
        assert!(letter["why"].as_str().unwrap().contains("ValueError"));
        assert_eq!(bench.log().iter().filter(|line| line.starts_with("START ")).count(), 3);
        let too_large = Invocation { payload: vec![b' '; EVENT_BYTES_MAX + 1].into(), ..event(json!({})) };
        assert!(matches!(bench.host.invoke(too_large), Ok(Err(Failure::TooLarge(EVENT_BYTES_MAX)))));
        bench.end().await;
    });
}

#[test]
fn a_dry_run_starts_nothing() {
    run(async {
        let bench = Bench::new(1);
        bench.put(bench.build("code"));
        let dry = Invocation { kind: InvocationType::DryRun, ..invocation(json!({})) };
        assert_eq!(bench.host.invoke(dry).unwrap().unwrap().await.unwrap().unwrap().status, 204);
        assert_eq!(bench.host.processes(), 0);
        bench.end().await;
    });
}
