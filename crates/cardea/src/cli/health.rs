//! `cardea health`: is a node there, and does it take requests? For the probes of containers and supervisors: it answers by its exit.

use super::{Failure, Outcome, fail, print, settings};
use crate::credentials::RunFile;
use clap::ArgMatches;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

/// How long connecting, and each piece of the answer, may take.
const WAIT: Duration = Duration::from_secs(3);
/// `HTTP/1.1 200`.
const STATUS_BYTES: usize = 12;

pub(super) fn run(args: &ArgMatches) -> Outcome {
    let url = match args.get_one::<String>("url") {
        Some(url) => url.clone(),
        None => {
            let config = settings(args)?;
            let control = RunFile::read(&config.data_dir).map_or(config.control, |run| run.control);
            format!("http://{control}/readyz")
        }
    };
    match status(&url)? {
        200 => {
            print("ok\n");
            Ok(ExitCode::SUCCESS)
        }
        status => Err(fail(format!("{url} answered {status}"))),
    }
}

/// The status of a plain GET.
fn status(url: &str) -> Result<u16, Failure> {
    let rest = url.strip_prefix("http://").ok_or_else(|| fail(format!("{url}: it must begin with http://")))?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/readyz" } else { path };
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let away = |why: std::io::Error| fail(format!("{url}: {why}"));
    let address = address.to_socket_addrs().map_err(away)?.next().ok_or_else(|| fail(format!("{url}: the name has no address")))?;
    let mut stream = TcpStream::connect_timeout(&address, WAIT).map_err(away)?;
    stream.set_read_timeout(Some(WAIT)).map_err(away)?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).map_err(away)?;
    let mut said = [0; STATUS_BYTES];
    stream.read_exact(&mut said).map_err(away)?;
    let status = std::str::from_utf8(&said).ok().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.parse().ok());
    status.ok_or_else(|| fail(format!("{url}: what answers there does not speak HTTP")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// What is thought of a node that says this.
    fn asked(answer: &'static str, path: &str) -> (Result<u16, Failure>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        let node = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut heard = [0; 1024];
            let bytes = stream.read(&mut heard).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&heard[..bytes]).into_owned()
        });
        (status(&url), node.join().unwrap())
    }

    #[test]
    fn a_node_is_asked_for_its_readiness_unless_a_path_is_named() {
        let (status, heard) = asked("HTTP/1.1 200 OK\r\n\r\n", "");
        assert_eq!((status.unwrap(), heard.lines().next()), (200, Some("GET /readyz HTTP/1.1")));
        let (status, heard) = asked("HTTP/1.1 503 Service Unavailable\r\n\r\n", "/livez");
        assert_eq!((status.unwrap(), heard.lines().next()), (503, Some("GET /livez HTTP/1.1")));
    }

    #[test]
    fn whatever_else_is_there_is_not_healthy_and_words_say_why() {
        assert!(asked("SSH-2.0-OpenSSH", "").0.unwrap_err().0.contains("does not speak HTTP"));
        assert!(status("https://a").unwrap_err().0.contains("http://"));
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(status(&format!("http://{free}/readyz")).unwrap_err().0.contains("refused"));
    }
}
