//! Lines on their way to files and collectors.

use super::*;
use base::world::Ids;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

fn logs(folder: &Path, access: &str) -> Logs {
    let clock = Clock::system();
    let tls = Arc::new(Tls::new(None, clock.clone()));
    let access = Destinations::parse(access).unwrap();
    Logs::start(LogSettings { folder: folder.to_owned(), access, execution: Destinations::default(), tls, clock }).unwrap()
}

fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("cardea-logs-{}", Ids::system().lower(10)))
}

fn batch(kind: Kind, name: &str, text: &str) -> Batch {
    Batch { kind, name: name.into(), bytes: text.as_bytes().to_vec() }
}

/// Reads one request; its head and its body.
fn request(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse::<usize>().unwrap();
            if body.len() >= length {
                return (head.to_owned(), body.to_owned());
            }
        }
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "the request ended in its middle: {text}");
        bytes.extend_from_slice(&piece[..count]);
    }
}

#[test]
fn each_log_has_a_file_and_goes_on_in_a_new_one_after_a_rotation() {
    let folder = folder();
    let logs = logs(&folder, "");
    logs.send(batch(Kind::Access, "orders", "one\n"));
    logs.send(batch(Kind::Execution, &execution_log_name("a1", "prod"), "(id) text\n"));
    logs.finish();
    let (path, old) = (folder.join("orders.log"), folder.join("orders.log.1"));
    std::fs::rename(&path, &old).unwrap();
    logs.reopen();
    logs.send(batch(Kind::Access, "orders", "two\n"));
    logs.finish();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    assert_eq!([read(&old), read(&path)], ["one\n", "two\n"]);
    assert_eq!(read(&folder.join("API-Gateway-Execution-Logs_a1/prod.log")), "(id) text\n");
    assert_eq!((logs.dropped(Kind::Access), logs.dropped(Kind::Execution)), (0, 0));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_cannot_be_written_is_counted() {
    let folder = folder();
    std::fs::write(&folder, "no folder").unwrap();
    let logs = logs(&folder, "");
    logs.send(batch(Kind::Execution, "a/b", "one\ntwo\n"));
    logs.finish();
    assert_eq!((logs.dropped(Kind::Access), logs.dropped(Kind::Execution)), (0, 2));
    std::fs::remove_file(&folder).unwrap();
}

#[test]
fn a_collector_is_asked_again_when_it_is_busy_and_not_when_it_refuses() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let logs = logs(&folder(), &format!("http://{}/in?k=v", collector.local_addr().unwrap()));
    logs.send(batch(Kind::Access, "orders", "one\ntwo\n"));
    let (mut stream, _) = collector.accept().unwrap();
    let (head, first) = request(&mut stream);
    assert!(head.starts_with("POST /in?k=v HTTP/1.1\r\n") && head.contains("X-Cardea-Log: orders"), "{head}");
    stream.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").unwrap();
    let (_, second) = request(&mut stream);
    stream.write_all(b"HTTP/1.1 204 Taken\r\n\r\n").unwrap();
    assert_eq!([first, second], ["one\ntwo\n"; 2]);
    logs.finish();
    assert_eq!(logs.dropped(Kind::Access), 0);

    logs.send(batch(Kind::Access, "orders", "three\n"));
    request(&mut stream);
    stream.write_all(b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n").unwrap();
    logs.finish();
    assert_eq!(logs.dropped(Kind::Access), 1);
}

#[test]
fn a_flood_for_a_collector_that_takes_nothing_drops_and_counts_and_waits_for_nobody() {
    // It is connected to, and never answers.
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let logs = logs(&folder(), &format!("http://{}/", collector.local_addr().unwrap()));
    let megabyte = "x".repeat((1 << 20) - 1) + "\n";
    (0..40).for_each(|_| logs.send(batch(Kind::Access, "orders", &megabyte)));
    let dropped = logs.dropped(Kind::Access);
    assert!((20..40).contains(&dropped), "{dropped}");
}
