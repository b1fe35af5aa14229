//! A function in Rust, speaking the Runtime API with its bare hands.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

struct Runtime {
    address: String,
    stream: BufReader<TcpStream>,
}

struct Answer {
    status: u16,
    fields: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn connect(address: &str) -> BufReader<TcpStream> {
    BufReader::new(TcpStream::connect(address).unwrap())
}

fn answer(stream: &mut BufReader<TcpStream>) -> Answer {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let mut fields = BTreeMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        fields.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = fields.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    Answer { status, fields, body }
}

impl Runtime {
    fn call(&mut self, method: &str, path: &str, body: &[u8]) -> Answer {
        let head = format!("{method} /2018-06-01{path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n", self.address, body.len());
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes()).unwrap();
        // What is refused early is not read to its end.
        let _refused = stream.write_all(body);
        answer(&mut self.stream)
    }

    /// Answers in pieces: after the first it waits until there is a file at `gate`, if that is given.
    fn stream(&mut self, path: &str, event: &Value) -> Option<u16> {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let media = "Content-Type: application/vnd.awslambda.http-integration-response\r\nTrailer: Lambda-Runtime-Function-Error-Type";
        let framing = match event["length"].as_u64() {
            Some(length) => format!("Content-Length: {length}"),
            None => "Transfer-Encoding: chunked".to_owned(),
        };
        let mode = "Lambda-Runtime-Function-Response-Mode: streaming";
        let head = format!("POST /2018-06-01{path} HTTP/1.1\r\nHost: {}\r\n{mode}\r\n{media}\r\n{framing}\r\n\r\n", self.address);
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes()).unwrap();
        if event["length"].is_u64() {
            return Some(answer(&mut self.stream).status);
        }
        let mut chunk = |bytes: &[u8]| stream.write_all(&[format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()).unwrap();
        chunk(text("first").as_bytes());
        let gate = text("gate");
        while !gate.is_empty() && !std::path::Path::new(&gate).exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let megabyte = vec![b'x'; 1024 * 1024];
        for _ in 0..event["megabytes"].as_u64().unwrap_or_default() {
            chunk(&megabyte);
        }
        println!("the gate is open");
        match event["then"].as_str().unwrap_or_default() {
            "exit" => exit(7),
            "hang" => std::thread::sleep(Duration::from_secs(600)),
            "close" => {
                self.stream = connect(&self.address);
                std::thread::sleep(Duration::from_secs(600));
                return None;
            }
            _ => {}
        }
        if event["last"].is_string() {
            chunk(text("last").as_bytes());
        }
        let stream = self.stream.get_mut();
        match event["fault"].as_str() {
            Some(fault) => {
                let trailer = format!("0\r\nLambda-Runtime-Function-Error-Type: X\r\nLambda-Runtime-Function-Error-Body: {fault}\r\n\r\n");
                stream.write_all(trailer.as_bytes()).unwrap();
            }
            None => stream.write_all(b"0\r\n\r\n").unwrap(),
        }
        Some(answer(&mut self.stream).status)
    }

    fn chunked(&mut self, path: &str, bytes: usize) -> Answer {
        let head = format!("POST /2018-06-01{path} HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n{bytes:x}\r\n", self.address);
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes()).unwrap();
        let _refused = stream.write_all(&vec![b' '; bytes]);
        let _refused = stream.write_all(b"\r\n0\r\n\r\n");
        answer(&mut self.stream)
    }
}

/// Not a test, but what functions of the others run: with no Runtime API about, it does nothing.
#[test]
fn as_a_function() {
    let Ok(address) = std::env::var("AWS_LAMBDA_RUNTIME_API") else { return };
    let mut runtime = Runtime { stream: connect(&address), address };
    if std::env::var("INIT").is_ok() {
        let body = json!({"errorType": "Runtime.ImportModuleError", "errorMessage": "no module"});
        assert_eq!(runtime.call("POST", "/runtime/init/error", body.to_string().as_bytes()).status, 202);
        std::process::abort();
    }
    let mut count = 0;
    loop {
        let next = runtime.call("GET", "/runtime/invocation/next", b"");
        assert_eq!(next.status, 200);
        count += 1;
        let event: Value = serde_json::from_slice(&next.body).unwrap();
        let path = |what: &str| format!("/runtime/invocation/{}/{what}", next.fields["lambda-runtime-aws-request-id"]);
        assert!(next.fields["lambda-runtime-deadline-ms"].parse::<u64>().unwrap() > 0);
        if let Some(ms) = event["ms"].as_u64().filter(|_| event["do"] == "tell") {
            std::thread::sleep(Duration::from_millis(ms));
        }
        let bytes = event["bytes"].as_u64().unwrap_or_default() as usize;
        let result = match event["do"].as_str().unwrap_or_default() {
            "tell" => json!({"event": event, "count": count, "pid": std::process::id()}),
            "error" => {
                let body = json!({"errorType": "ValueError", "errorMessage": "told"});
                assert_eq!(runtime.call("POST", &path("error"), body.to_string().as_bytes()).status, 202);
                continue;
            }
            "exit" => {
                let code = event["code"].as_u64().unwrap_or_default();
                std::process::Command::new("/bin/sh").args(["-c", "exit 0"]).status().unwrap();
                exit(code as i32)
            }
            "kill" => {
                let pid = rustix::process::getpid();
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
                json!(null)
            }
            "fork" => {
                let told = std::process::Command::new("/bin/sh").args(["-c", "sleep 600 >/dev/null 2>&1 & echo $!"]).output().unwrap();
                json!({"child": String::from_utf8_lossy(&told.stdout).trim().parse::<u32>().unwrap()})
            }
            "answer and sleep" => {
                runtime.call("POST", &path("response"), b"\"said\"");
                std::thread::sleep(Duration::from_secs(600));
                continue;
            }
            "stream" => {
                match runtime.stream(&path("response"), &event) {
                    Some(413) => runtime.stream = connect(&runtime.address),
                    status => assert!(status.is_none_or(|status| status == 202)),
                }
                continue;
            }
            "large" => {
                let status = runtime.call("POST", &path("response"), &vec![b' '; bytes]).status;
                if status == 413 {
                    runtime.stream = connect(&runtime.address);
                }
                continue;
            }
            "large chunked" => {
                assert_eq!(runtime.chunked(&path("response"), bytes).status, 413);
                runtime.stream = connect(&runtime.address);
                continue;
            }
            "print" => {
                let mut out = std::io::stdout().lock();
                let line = [b"x".repeat(99), b"\n".to_vec()].concat();
                for _ in 0..bytes / 100 {
                    out.write_all(&line).unwrap();
                }
                json!(null)
            }
            "environment" => environment(&next.fields),
            "fill" => {
                let scratch = std::env::temp_dir();
                for n in 0..event["files"].as_u64().unwrap() {
                    std::fs::write(scratch.join(n.to_string()), vec![0; 1024 * 1024]).unwrap();
                }
                std::thread::sleep(Duration::from_millis(event["ms"].as_u64().unwrap()));
                json!(null)
            }
            "allocate" => {
                let mut room: Vec<u8> = Vec::new();
                json!(room.try_reserve_exact(event["mb"].as_u64().unwrap() as usize * 1024 * 1024).is_ok())
            }
            "garbage" => garbage(&mut runtime, &path("response")),
            other => json!(other),
        };
        assert_eq!(runtime.call("POST", &path("response"), result.to_string().as_bytes()).status, 202);
    }
}

/// Ends at once: the harness would call a panic a failure, which is another status.
fn exit(code: i32) -> ! {
    use std::os::unix::process::CommandExt;
    let why = std::process::Command::new("/bin/sh").args(["-c", &format!("exit {code}")]).exec();
    panic!("{why}");
}

fn environment(fields: &BTreeMap<String, String>) -> Value {
    let scratch = std::env::temp_dir();
    std::fs::write(scratch.join("mark"), "x").unwrap();
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let open = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok()).map(|link| link.to_string_lossy().into_owned());
    json!({
        "variables": std::env::vars().collect::<BTreeMap<_, _>>(),
        "descriptors": open.collect::<Vec<_>>(),
        "context": {"arn": fields["lambda-runtime-invoked-function-arn"], "trace": fields["lambda-runtime-trace-id"]},
    })
}

/// Statuses of calls that are none.
fn garbage(runtime: &mut Runtime, own: &str) -> Value {
    let mut statuses = vec![
        runtime.call("POST", "/runtime/invocation/other/response", b"{}").status,
        runtime.call("POST", "/runtime/invocation/other/error", b"{}").status,
        runtime.call("GET", "/runtime/nothing", b"").status,
    ];
    let raw = |bytes: &[u8]| {
        let mut stream = connect(&runtime.address);
        stream.get_mut().write_all(bytes).unwrap();
        answer(&mut stream).status
    };
    statuses.push(raw(b"\x00\x01\x02 garbage\r\n\r\n"));
    statuses.push(raw(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: a\r\n\r\n"));
    statuses.push(raw(b"GET /2018-06-01/ping HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert!(own.ends_with("/response"));
    statuses.push(runtime.call("GET", "/ping", b"").status);
    json!({ "statuses": statuses })
}
