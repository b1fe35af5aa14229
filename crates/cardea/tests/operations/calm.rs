//! Harm on a small scale, over real sockets: what `cargo xtask calm` does for minutes, without a clock.

use crate::house::{House, Scratch, exchange};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// A back end, and a node in front of it.
fn proxied(scratch: &Scratch, more: &[(&str, &str)]) -> (House, TcpListener) {
    let back_end = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("/=http://{}", back_end.local_addr().unwrap());
    let flags: Vec<(&str, &str)> = more.iter().copied().chain([("proxy", proxy.as_str())]).collect();
    (House::with(&scratch.0, &flags), back_end)
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads a head, and says its target. Nothing once the other side has gone.
fn target(stream: &mut TcpStream) -> Option<String> {
    let mut held = Vec::new();
    while !held.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1..) => held.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8(held).unwrap().split(' ').nth(1).unwrap().to_owned())
}

fn good(target: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{target}", target.len())
}

#[test]
fn a_client_that_hangs_up_frees_its_back_end_at_once() {
    let scratch = Scratch::new();
    let (house, back_end) = proxied(&scratch, &[]);
    for ask in ["GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"] {
        let mut client = connect(house.data());
        client.write_all(ask.as_bytes()).unwrap();
        let (mut asked, _) = back_end.accept().unwrap();
        asked.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(target(&mut asked).as_deref(), Some("/a"));
        drop(client);
        // The integration's time is 29 s, and its patience is ours no longer.
        let ended = loop {
            match asked.read(&mut [0; 16]) {
                Ok(1..) => {}
                ended => break ended,
            }
        };
        assert!(matches!(&ended, Ok(0)) || ended.as_ref().is_err_and(|why| why.kind() == ErrorKind::ConnectionReset), "{ended:?}");
    }
    // The next has a connection of its own: the one that was given up is not used again.
    let answered = std::thread::spawn(move || {
        let (mut stream, _) = back_end.accept().unwrap();
        let asked = target(&mut stream).unwrap();
        stream.write_all(good(&asked).as_bytes()).unwrap();
    });
    assert_eq!(house.get("/b"), 200);
    answered.join().unwrap();
    house.stop();
}

#[test]
fn answers_of_back_ends_that_end_as_they_like_are_never_mixed_up() {
    const CLIENTS: usize = 4;
    const REQUESTS: usize = 100;
    let scratch = Scratch::new();
    let (house, back_end) = proxied(&scratch, &[]);
    let (data, over) = (house.data(), AtomicBool::new(false));
    let address = back_end.local_addr().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for mut stream in back_end.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                scope.spawn(move || {
                    while let Some(target) = target(&mut stream) {
                        // Those whose number ends so are answered, and then the connection ends without a word; others get no answer.
                        let fault = target.as_bytes()[target.len() - 1];
                        if fault == b'7' {
                            return;
                        }
                        stream.write_all(good(&target).as_bytes()).unwrap();
                        if matches!(fault, b'3' | b'5') {
                            return;
                        }
                    }
                });
            }
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn(move || {
                    for number in 0..REQUESTS {
                        let path = format!("/c{client}/{number}");
                        let (status, answer) = exchange(data, &path);
                        let body = answer.split_once("\r\n\r\n").unwrap().1;
                        let expected = if number % 10 == 7 {
                            (504, r#"{"message":"Network error communicating with endpoint"}"#)
                        } else {
                            (200, path.as_str())
                        };
                        assert_eq!((status, body), expected);
                    }
                })
            })
            .collect();
        let ended: Vec<_> = clients.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(address));
        // The node lets go of the connections that are left, and so do the threads.
        house.stop();
        assert!(ended.iter().all(Result::is_ok));
    });
}

#[test]
fn changes_through_the_control_port_fail_no_request() {
    const CHANGES: usize = 40;
    let scratch = Scratch::new();
    let house = House::open(&scratch.0);
    let api = house.api("changing");
    let path = format!("/restapis/{api}/prod/_user_request_/");
    let (data, over, asked) = (house.data(), AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = connect(data);
                    while !over.load(Ordering::Relaxed) {
                        client.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
                        assert!(head(&mut client).starts_with("HTTP/1.1 200 "), "a request failed");
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let stage = format!("/restapis/{api}/stages/prod");
        for turn in 0..CHANGES {
            let seen = asked.load(Ordering::Relaxed);
            match turn % 2 {
                0 => drop(house.aws("POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "prod"}))),
                _ => {
                    let patch = json!({"patchOperations": [{"op": "replace", "path": "/variables/turn", "value": turn.to_string()}]});
                    house.aws("PATCH", &stage, &patch);
                }
            }
            while asked.load(Ordering::Relaxed) == seen && askers.iter().all(|asker| !asker.is_finished()) {
                std::thread::yield_now();
            }
        }
        over.store(true, Ordering::Relaxed);
        askers.into_iter().for_each(|asker| asker.join().unwrap());
    });
    assert_eq!(house.aws("GET", &format!("/restapis/{api}/stages/prod"), &Value::Null)["variables"]["turn"], "39");
    house.stop();
}

/// The next head, of an answer without a body.
fn head(stream: &mut TcpStream) -> String {
    let mut held = Vec::new();
    while !held.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        held.push(byte[0]);
    }
    let head = String::from_utf8(held).unwrap();
    assert!(head.contains("\r\nContent-Length: 0\r\n"), "{head}");
    head
}

#[test]
fn the_last_access_lines_are_written_before_the_end() {
    let scratch = Scratch::new();
    let house = House::with(&scratch.0, &[("access-log", "all")]);
    for number in 0..10 {
        assert_eq!(house.get(&format!("/nobody/{number}")), 403);
    }
    house.stop();
    let log = std::fs::read_to_string(scratch.0.join("logs/all.log")).unwrap();
    assert_eq!(log.lines().count(), 10, "{log}");
}

#[test]
fn a_probe_is_told_by_the_exit_whether_a_node_serves() {
    let scratch = Scratch::new();
    let house = House::open(&scratch.0);
    let probe = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cardea")).arg("health").args(arguments).current_dir(&scratch.0).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (folder, url) = (scratch.0.display().to_string(), format!("http://{}/livez", house.control()));
    assert_eq!(probe(&["--data-dir", &folder]), (Some(0), String::new()));
    assert_eq!(probe(&["--url", &url]), (Some(0), String::new()));
    let (code, said) = probe(&["--url", &format!("http://{}/", house.data())]);
    assert_eq!((code, said.trim_end().ends_with("answered 403")), (Some(1), true), "{said}");
    house.stop();
    let (code, said) = probe(&["--url", &url]);
    assert!(code == Some(1) && said.contains("refused"), "{said}");
}

#[test]
fn a_second_node_on_the_same_port_is_refused_in_words() {
    let (first, second) = (Scratch::new(), Scratch::new());
    let house = House::open(&first.0);
    let output = Command::new(env!("CARGO_BIN_EXE_cardea"))
        .args(["serve", "--control", "127.0.0.1:0", "--listen", &house.data().to_string(), "--data-dir"])
        .arg(&second.0)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains(&format!("{} is already in use", house.data())), "{said}");
    house.stop();
}
