//! Talks to the control port of a running node, as an AWS client would: signed, over a plain connection on this machine.

use super::{Failure, fail};
use crate::config::Config;
use crate::credentials::{RootKey, RunFile};
use base::world::Clock;
use h1::{Asked, BodyLength, Connection, Decoder, HeadLimits, Parsed, RequestWriter, ResponseHead};
use serde_json::Value;
use sigv4::{Dialect, Payload, PayloadHeader, Signing, TokenPlace};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Bytes of an answer that are taken.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long each piece of an answer may take; the first of a large backup takes longest.
const ANSWER_SECONDS_MAX: u64 = 60;
/// Bytes of a piece.
const PIECE_BYTES: usize = 16 * 1024;

/// A client of one node.
pub struct Client {
    control: SocketAddr,
    key: RootKey,
    region: String,
}

/// What came back.
pub(super) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Client {
    /// A client for the node that serves the configured data directory.
    pub fn of(config: &Config) -> Result<Client, Failure> {
        let key = match &config.root_key {
            Some((id, secret)) => RootKey { id: id.clone(), secret: secret.clone() },
            None => RootKey::read(&config.data_dir).map_err(|why| {
                fail(format!("no root key in {}: {why}; start `cardea serve` with this data directory first", config.data_dir.display()))
            })?,
        };
        let running = RunFile::read(&config.data_dir);
        let control = running.as_ref().map_or(config.control, |run| run.control);
        let region = running.filter(|_| !config.region_is_set).map_or_else(|| config.region.clone(), |run| run.region);
        Ok(Client { control, key, region })
    }

    /// A client for a known port and key.
    pub fn at(control: SocketAddr, key: RootKey, region: &str) -> Client {
        Client { control, key, region: region.to_owned() }
    }

    /// `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.control)
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    pub fn access_key_id(&self) -> &str {
        &self.key.id
    }

    pub fn secret(&self) -> &str {
        &self.key.secret
    }

    /// A signed call; its JSON, or the error's text.
    pub fn call(&self, service: &str, method: &str, target: &str, body: &[u8]) -> Result<Value, Failure> {
        let answer = self.send(service, method, target, body)?;
        let text = String::from_utf8_lossy(&answer.body);
        let value = if text.trim().is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::Null) };
        if answer.status < 300 {
            return Ok(value);
        }
        let said = value["message"].as_str().map_or_else(|| text.into_owned(), str::to_owned);
        Err(fail(format!("{method} {target} was answered with {}: {said}", answer.status)))
    }

    /// A signed call whose answer goes into a file.
    pub(super) fn download(&self, service: &str, method: &str, target: &str, file: &mut File) -> Result<(), Failure> {
        let reply = self.ask(service, method, target, b"")?;
        if reply.head.status() < 300 {
            return reply.read(u64::MAX, |bytes| file.write_all(bytes));
        }
        let Answer { status, body } = reply.collect()?;
        Err(fail(format!("{method} {target} was answered with {status}: {}", String::from_utf8_lossy(&body))))
    }

    fn send(&self, service: &str, method: &str, target: &str, body: &[u8]) -> Result<Answer, Failure> {
        self.ask(service, method, target, body)?.collect()
    }

    fn ask(&self, service: &str, method: &str, target: &str, body: &[u8]) -> Result<Reply, Failure> {
        let host = self.control.to_string();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let signing = Signing {
            access_key: &self.key.id,
            secret: &self.key.secret,
            session_token: None,
            token_place: TokenPlace::Signed,
            region: &self.region,
            service,
            now: i64::try_from(Clock::system().wall().seconds()).unwrap_or(i64::MAX),
            dialect: Dialect::Standard,
            payload_header: PayloadHeader::Absent,
        };
        let headers = [("host", host.as_bytes()), ("content-type", b"application/json".as_slice())];
        let request = sigv4::Request { method, path: path.as_bytes(), query: query.as_bytes(), headers, payload: Payload::Bytes(body) };
        let signed = sigv4::sign(&signing, &request);
        let mut headers: Vec<(&str, &str)> = vec![("Content-Type", "application/json")];
        headers.extend(signed.headers.iter().map(|(name, value)| (*name, value.as_str())));
        ask(self.control, &host, method, target, &headers, body)
    }
}

/// One plain HTTP request over a connection of its own.
pub(super) fn exchange(
    to: SocketAddr,
    host: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, Failure> {
    ask(to, host, method, target, headers, body)?.collect()
}

/// An answer whose head is here, and perhaps some of its body.
struct Reply {
    from: SocketAddr,
    stream: TcpStream,
    head: ResponseHead,
    buf: Vec<u8>,
}

fn away(to: SocketAddr) -> impl Fn(std::io::Error) -> Failure {
    move |why| fail(format!("nobody answers at {to}: {why}; is `cardea serve` running?"))
}

fn broken(from: SocketAddr, because: &str) -> Failure {
    fail(format!("{from} answered strangely: {because}"))
}

fn ask(to: SocketAddr, host: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Reply, Failure> {
    let mut out = Vec::new();
    let mut writer = RequestWriter::start(&mut out, method, target, host).map_err(|why| fail(why.because))?;
    for (name, value) in headers {
        writer.field(name, value.as_bytes()).map_err(|why| fail(format!("{name}: {}", why.because)))?;
    }
    writer.finish(if body.is_empty() { BodyLength::None } else { BodyLength::Exact(body.len() as u64) }, Connection::Close);
    let mut stream = TcpStream::connect(to).map_err(away(to))?;
    stream.set_read_timeout(Some(Duration::from_secs(ANSWER_SECONDS_MAX))).map_err(away(to))?;
    stream.write_all(&out).and_then(|()| stream.write_all(body)).map_err(away(to))?;

    let (mut buf, mut head) = (Vec::new(), ResponseHead::default());
    let asked = if method == "HEAD" { Asked::ByHead } else { Asked::Plainly };
    let mut piece = [0u8; PIECE_BYTES];
    loop {
        let seen = buf.len();
        let n = stream.read(&mut piece).map_err(away(to))?;
        if n == 0 {
            return Err(broken(to, "it closed the connection in the middle of a head"));
        }
        buf.extend_from_slice(&piece[..n]);
        match head.parse(&mut buf, seen, asked, &HeadLimits::for_answers()).map_err(|why| broken(to, why.because))? {
            Parsed::Complete if head.status() >= 200 => return Ok(Reply { from: to, stream, head, buf }),
            Parsed::Complete | Parsed::Partial => {}
        }
    }
}

impl Reply {
    fn collect(self) -> Result<Answer, Failure> {
        let (status, mut body) = (self.head.status(), Vec::new());
        self.read(ANSWER_BYTES_MAX, |bytes| {
            body.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(Answer { status, body })
    }

    /// Hands the body on, as it comes.
    fn read(mut self, bytes_max: u64, mut sink: impl FnMut(&[u8]) -> std::io::Result<()>) -> Result<(), Failure> {
        let strange = |why: h1::BodyError| broken(self.from, &format!("{why:?}"));
        let mut decoder = Decoder::new(self.head.body(), bytes_max).map_err(strange)?;
        let mut piece = [0u8; PIECE_BYTES];
        loop {
            let decoded = decoder.decode(&mut self.buf, 0).map_err(strange)?;
            sink(&self.buf[..self.buf.len() - decoded.surplus]).map_err(|why| fail(format!("the answer cannot be kept: {why}")))?;
            self.buf.clear();
            if decoded.end {
                return Ok(());
            }
            match self.stream.read(&mut piece).map_err(away(self.from))? {
                0 => return decoder.end_of_input().map_err(strange),
                n => self.buf.extend_from_slice(&piece[..n]),
            }
        }
    }
}
