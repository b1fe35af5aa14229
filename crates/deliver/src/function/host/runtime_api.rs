//! The Lambda Runtime API, as the official clients speak it: one listener for each process, HTTP/1.1 by our own machine.
//!
//! Rules taken from the atlas (lambda §2). What is odd: `next` has no end, the Python client wants 202 and this very body for a report of a
//! failed start, headers of an error may be a megabyte, and curl waits for `100 Continue` before it sends much.

use super::job::told;
use super::process::{Event, No, Process};
use crate::function::call::{PAYLOAD_BYTES_MAX, STREAM_BYTES_MAX};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use h1::{BodyError, BodyLength, HeadLimits, Known, Limits, Next, RequestHead, ResponseWriter, Server};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// Bytes of an answer of a function (AWS: 6 MB and 100 bytes).
pub(super) const RESPONSE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 100;
/// Bytes of a head: errors carry their trace in one.
const HEAD_BYTES_MAX: u32 = 2 * 1024 * 1024;
/// How long, and how much, is read of what was refused, so that the refusal arrives.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long what a client has begun to send may take.
const STALL: Duration = Duration::from_secs(60);
/// How long it is waited whether a process that broke off has died.
const EXIT_WAIT: Duration = Duration::from_millis(100);
/// Room for each read of an answer that streams.
const PIECE_BYTES: usize = 64 * 1024;
/// Payloads up to this size leave in one write with their head.
const ONE_WRITE_BYTES_MAX: usize = 16 * 1024;

const OK: &[u8] = b"{\"status\":\"OK\"}\n";
const VERSION: &str = "/2018-06-01";

fn limits() -> Limits {
    Limits {
        head: HeadLimits { fields_bytes_max: HEAD_BYTES_MAX, ..HeadLimits::default() },
        // Of what streams; what is taken whole is bounded where it is read.
        body_bytes_max: STREAM_BYTES_MAX,
        ..Limits::default()
    }
}

struct Connection {
    stream: TcpStream,
    server: Server,
    bytes: Vec<u8>,
    limits: Limits,
}

/// Speaks with a function's runtime for as long as the connection lasts.
pub(super) async fn serve(stream: TcpStream, process: Arc<Process>) {
    // Without it answers only come later.
    let _slower = stream.set_nodelay(true);
    let mut connection = Connection { stream, server: Server::new(), bytes: Vec::with_capacity(8 * 1024), limits: limits() };
    // A connection that breaks is the runtime's loss: it makes another.
    let _broken = connection.serve(&process).await;
}

impl Connection {
    async fn serve(&mut self, process: &Arc<Process>) -> io::Result<()> {
        let mut head = RequestHead::default();
        loop {
            match self.server.next(&mut self.bytes, &mut head, &self.limits) {
                Next::Read => {
                    if self.stream.read_buf(&mut self.bytes).await? == 0 && self.server.end_of_input().is_err() {
                        return Ok(());
                    }
                }
                Next::Request => self.request(&head, process).await?,
                Next::Refuse(rejection) => {
                    if rejection.status == 413 && head.path().ends_with("/response") {
                        process.answer_too_large(STREAM_BYTES_MAX);
                    }
                    self.refuse(rejection.status, rejection.because).await?;
                }
                Next::Linger => return self.linger().await,
                Next::Exchange | Next::Upgraded | Next::Close | Next::Abort => return Ok(()),
            }
        }
    }

    async fn request(&mut self, head: &RequestHead, process: &Arc<Process>) -> io::Result<()> {
        let rest = head.path().strip_prefix(VERSION).unwrap_or_default();
        if head.method_text() == "GET" && rest == "/runtime/invocation/next" {
            return match self.next(process).await? {
                Ok(event) => self.event(event).await,
                Err(no) => self.no(no).await,
            };
        }
        let asked = match rest.strip_prefix("/runtime/invocation/").and_then(|rest| rest.split_once('/')) {
            Some((id, what @ ("response" | "error"))) if head.method_text() == "POST" => Some((id, what)),
            _ => None,
        };
        let mode = head.fields_named("Lambda-Runtime-Function-Response-Mode").next().map(|field| field.value);
        if let (Some((id, "response")), Some(mode)) = (asked, mode) {
            if !mode.eq_ignore_ascii_case(b"streaming") {
                return self.fault(400, "InvalidFunctionResponseMode", "Invalid function response mode").await;
            }
            self.server.want_trailers();
            let media = String::from_utf8_lossy(head.field(Known::ContentType).unwrap_or(b"application/octet-stream"));
            match process.stream(id, &media) {
                Ok(Some(to)) => return self.stream(id, process, to).await,
                // Who waits wants it whole.
                Ok(None) => {}
                Err(no) => return self.no(no).await,
            }
        }
        let body = match head.body() {
            BodyLength::Exact(length) if length > RESPONSE_BYTES_MAX as u64 => Err(self.too_large()),
            _ => match tokio::time::timeout(STALL, self.body()).await {
                Ok(read) => read?,
                Err(_) => return Err(io::ErrorKind::TimedOut.into()),
            },
        };
        if head.method_text() == "GET" && rest == "/ping" {
            return self.send(200, "text/plain", b"pong").await;
        }
        let body = match (body, asked) {
            (Ok(body), _) => body,
            (Err(BodyError::TooLarge), Some((_, "response"))) => {
                process.answer_too_large(RESPONSE_BYTES_MAX as u64);
                let why = format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes).");
                return self.fault(413, "RequestEntityTooLarge", &why).await;
            }
            (Err(_), _) => return self.fault(400, "TruncatedHTTPRequest", "HTTP request truncated").await,
        };
        process.settle_log().await;
        match asked {
            Some((id, "response")) => {
                let (body, error) = match self.trailed_error() {
                    Some(error) => (error, Some("Unhandled")),
                    None => (body, None),
                };
                self.answered(process.answer(id, body, error)).await
            }
            Some((id, _)) => self.answered(process.answer(id, body, Some("Unhandled"))).await,
            None if head.method_text() == "POST" && rest == "/runtime/init/error" => {
                process.init_failed(body);
                self.send(202, "application/json", OK).await
            }
            None => self.fault(404, "NotFound", "No such endpoint").await,
        }
    }

    /// Waits for work, and looks out for the runtime: one that has gone must not be given any.
    async fn next(&mut self, process: &Arc<Process>) -> io::Result<Result<Event, No>> {
        let next = process.next();
        tokio::pin!(next);
        loop {
            tokio::select! {
                event = &mut next => return Ok(event),
                read = self.stream.read_buf(&mut self.bytes) => match read? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    // More before its answer: it is kept, and there is not much of it.
                    _ if self.bytes.len() < HEAD_BYTES_MAX as usize => {}
                    _ => return Err(io::ErrorKind::InvalidData.into()),
                },
            }
        }
    }

    async fn answered(&mut self, taken: Result<(), No>) -> io::Result<()> {
        match taken {
            Ok(()) => self.send(202, "application/json", OK).await,
            Err(no) => self.no(no).await,
        }
    }

    /// Nothing after this request can be believed: it is not read to its end.
    fn too_large(&mut self) -> BodyError {
        let _answered_still = self.server.read_expired();
        BodyError::TooLarge
    }

    /// Hands an answer on while it comes. The function is held back by who reads; its own deadline bounds that.
    async fn stream(&mut self, id: &str, process: &Arc<Process>, to: mpsc::Sender<Vec<u8>>) -> io::Result<()> {
        self.go_on().await?;
        let (mut piece, mut listens) = (std::mem::take(&mut self.bytes), true);
        let broken = loop {
            let decoded = match self.server.body(&mut piece, 0) {
                Ok(decoded) => decoded,
                Err(why) => break Some(why),
            };
            if decoded.surplus > 0 {
                self.bytes = piece.split_off(piece.len() - decoded.surplus);
            }
            if !piece.is_empty() && listens {
                listens = to.send(std::mem::take(&mut piece)).await.is_ok();
            }
            if decoded.end {
                break None;
            }
            piece.clear();
            piece.reserve(PIECE_BYTES);
            if self.stream.read_buf(&mut piece).await? == 0 {
                break self.server.end_of_input().err();
            }
        };
        drop(to);
        process.settle_log().await;
        let error = match broken {
            None => self.trailed_error(),
            Some(BodyError::TooLarge) => {
                process.answer_too_large(STREAM_BYTES_MAX);
                let why = format!("Exceeded maximum allowed payload size ({STREAM_BYTES_MAX} bytes).");
                return self.fault(413, "RequestEntityTooLarge", &why).await;
            }
            Some(BodyError::Truncated) => {
                // A process that has died tells more: then this is never told.
                tokio::time::sleep(EXIT_WAIT).await;
                Some(told("Runtime.TruncatedResponse", "Error: the response broke off").into_bytes())
            }
            Some(_) => Some(told("Runtime.TruncatedResponse", "Error: the response is malformed").into_bytes()),
        };
        let kind = error.is_some().then_some("Unhandled");
        let taken = process.answer(id, error.unwrap_or_default(), kind);
        match broken {
            None => self.answered(taken).await,
            Some(_) => self.fault(400, "TruncatedHTTPRequest", "HTTP request truncated").await,
        }
    }

    /// What the trailer of an answer says went wrong in the middle of it: JSON in base64, or a type alone.
    fn trailed_error(&self) -> Option<Vec<u8>> {
        let named = |wanted: &str| self.server.trailers().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
        let kind = named("Lambda-Runtime-Function-Error-Type");
        let body = named("Lambda-Runtime-Function-Error-Body").and_then(|body| STANDARD.decode(body).ok());
        let kind_alone = || kind.map(|kind| told(&String::from_utf8_lossy(kind), "").into_bytes());
        body.or_else(kind_alone)
    }

    /// Lets a client go on that waits for `100 Continue`.
    async fn go_on(&mut self) -> io::Result<()> {
        let mut interim = Vec::new();
        self.server.want_body(&mut interim);
        if !interim.is_empty() && !self.server.body_is_ended() {
            self.stream.write_all(&interim).await?;
        }
        Ok(())
    }

    /// The whole body of a request.
    async fn body(&mut self) -> io::Result<Result<Vec<u8>, BodyError>> {
        self.go_on().await?;
        let (mut payload, mut from) = (std::mem::take(&mut self.bytes), 0);
        loop {
            match self.server.body(&mut payload, from) {
                Ok(decoded) => {
                    if decoded.surplus > 0 {
                        self.bytes = payload.split_off(payload.len() - decoded.surplus);
                    }
                    if decoded.end {
                        return Ok(if payload.len() > RESPONSE_BYTES_MAX { Err(self.too_large()) } else { Ok(payload) });
                    }
                }
                Err(error) => return Ok(Err(error)),
            }
            from = payload.len();
            if from > RESPONSE_BYTES_MAX {
                return Ok(Err(self.too_large()));
            }
            if self.stream.read_buf(&mut payload).await? == 0 {
                return Ok(self.server.end_of_input().map(|()| payload));
            }
        }
    }

    async fn event(&mut self, event: Event) -> io::Result<()> {
        let mut digits = itoa::Buffer::new();
        let mut fields: Vec<(&str, &[u8])> = vec![
            ("Content-Type", b"application/json"),
            ("Lambda-Runtime-Aws-Request-Id", event.request_id.as_bytes()),
            ("Lambda-Runtime-Deadline-Ms", digits.format(event.deadline_ms).as_bytes()),
            ("Lambda-Runtime-Invoked-Function-Arn", event.arn.as_bytes()),
        ];
        fields.extend(event.trace.as_deref().map(|trace| ("Lambda-Runtime-Trace-Id", trace.as_bytes())));
        fields.extend(event.client_context.as_deref().map(|context| ("Lambda-Runtime-Client-Context", context.as_bytes())));
        self.write(200, &fields, &event.payload).await
    }

    async fn no(&mut self, no: No) -> io::Result<()> {
        match no {
            No::WrongId => self.fault(400, "InvalidRequestID", "Invalid request ID").await,
            No::WrongState(why) => {
                let why = format!("State transition failed for runtime. Error: {why}");
                self.fault(403, "InvalidStateTransition", &why).await
            }
        }
    }

    async fn refuse(&mut self, status: u16, because: &str) -> io::Result<()> {
        let (kind, why) = match status {
            413 => ("RequestEntityTooLarge", format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes).")),
            _ => ("InvalidRequest", because.to_owned()),
        };
        self.fault(status, kind, &why).await
    }

    async fn fault(&mut self, status: u16, kind: &str, message: &str) -> io::Result<()> {
        let body = serde_json::json!({"errorMessage": message, "errorType": kind}).to_string();
        self.send(status, "application/json", body.as_bytes()).await
    }

    async fn send(&mut self, status: u16, media: &str, body: &[u8]) -> io::Result<()> {
        self.write(status, &[("Content-Type", media.as_bytes())], body).await
    }

    async fn write(&mut self, status: u16, fields: &[(&str, &[u8])], body: &[u8]) -> io::Result<()> {
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        let plan = self.server.answer(status, BodyLength::Exact(body.len() as u64), &self.limits).ok_or_else(broken)?;
        let mut out = Vec::with_capacity(512 + body.len().min(ONE_WRITE_BYTES_MAX));
        let mut writer = ResponseWriter::start(&mut out, status);
        for (name, value) in fields {
            writer.field(name, value).map_err(|_| broken())?;
        }
        writer.finish(plan.framing, plan.connection);
        // Of known length: there is nothing around it.
        let _bare = self.server.frame(body.len(), &mut out).map_err(|_| broken())?;
        if body.len() <= ONE_WRITE_BYTES_MAX {
            out.extend_from_slice(body);
            self.server.finish_answer(&mut out).map_err(|_| broken())?;
            return self.stream.write_all(&out).await;
        }
        self.stream.write_all(&out).await?;
        self.stream.write_all(body).await?;
        out.clear();
        self.server.finish_answer(&mut out).map_err(|_| broken())?;
        self.stream.write_all(&out).await
    }

    /// Reads and drops what still comes after a refusal: to close with bytes unread would reset the connection, and the refusal with it.
    async fn linger(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        let dropping = async {
            let (mut bytes, mut dropped) = (vec![0; 64 * 1024], 0);
            while dropped < LINGER_BYTES_MAX {
                match self.stream.read(&mut bytes).await {
                    Ok(count @ 1..) => dropped += count,
                    Ok(0) | Err(_) => return,
                }
            }
        };
        // It took its time: so be it.
        let _late = tokio::time::timeout(LINGER, dropping).await;
        Ok(())
    }
}
