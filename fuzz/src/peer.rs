//! Hyper over memory: a whole server or client that is polled until nothing moves any more. No socket, no runtime, no clock.

use crate::naive::FieldList;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::http::HeaderMap;
use hyper::http::request::Parts;
use hyper::rt::{Executor, ReadBufCursor};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// How often something is polled before it counts as waiting for what never comes.
const POLLS_MAX: usize = 200;

/// The same for a connection of HTTP/2, which never ends by itself: frames are read in the first turn, and what they ask is answered
/// within the next.
const HTTP2_TURNS: usize = 6;

/// A connection that brings these bytes, and that takes whatever is sent.
struct Memory {
    bytes: Vec<u8>,
    read: usize,
    /// Nothing comes before something was sent: so a client asks first.
    is_asked: bool,
    /// Behind the bytes comes an end, or nothing.
    ends: bool,
}

impl Memory {
    fn new(bytes: &[u8], is_asked: bool) -> Memory {
        Memory { bytes: bytes.to_vec(), read: 0, is_asked, ends: true }
    }
}

impl hyper::rt::Read for Memory {
    fn poll_read(mut self: Pin<&mut Self>, _cx: &mut Context<'_>, mut into: ReadBufCursor<'_>) -> Poll<std::io::Result<()>> {
        if !self.is_asked || (!self.ends && self.read == self.bytes.len()) {
            return Poll::Pending;
        }
        let count = into.remaining().min(self.bytes.len() - self.read);
        into.put_slice(&self.bytes[self.read..self.read + count]);
        self.read += count;
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Memory {
    fn poll_write(mut self: Pin<&mut Self>, _cx: &mut Context<'_>, from: &[u8]) -> Poll<std::io::Result<usize>> {
        self.is_asked = true;
        Poll::Ready(Ok(from.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A message as hyper saw it.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Method and target; of an answer, its status and nothing.
    pub(crate) start: [String; 2],
    pub(crate) is_http_10: bool,
    /// Names in lower case, sorted; those of one name as they came.
    pub(crate) fields: FieldList,
    /// Nothing, if it broke off or never ended.
    pub(crate) body: Option<Vec<u8>>,
}

/// The list in the order in which hyper tells it.
pub(crate) fn sorted(fields: impl Iterator<Item = (String, Vec<u8>)>) -> FieldList {
    let mut fields: FieldList = fields.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    fields
}

fn told(headers: &HeaderMap) -> FieldList {
    sorted(headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())))
}

/// The first request that hyper's server takes from these bytes; nothing, if it refuses them.
pub(crate) fn serve(bytes: &[u8]) -> Option<Seen> {
    let seen = Rc::new(RefCell::new(None));
    let note = seen.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let note = note.clone();
        async move {
            let (parts, body) = request.into_parts();
            let target = parts.uri.path_and_query().map_or(String::new(), ToString::to_string);
            let mut saw = Seen {
                start: [parts.method.to_string(), target],
                is_http_10: parts.version == hyper::Version::HTTP_10,
                fields: told(&parts.headers),
                body: None,
            };
            let is_first = note.borrow().is_none();
            if is_first {
                note.replace(Some(Seen { body: None, fields: saw.fields.clone(), start: saw.start.clone(), ..saw }));
            }
            saw.body = body.collect().await.ok().map(|whole| whole.to_bytes().to_vec());
            if is_first {
                note.replace(Some(saw));
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.keep_alive(false).half_close(true).max_headers(256);
    let mut connection = pin!(builder.serve_connection(Memory::new(bytes, true), service));
    poll_out(|cx| connection.as_mut().poll(cx).is_ready());
    seen.take()
}

/// The answer that hyper's client takes from these bytes.
pub(crate) fn ask(method: &str, bytes: &[u8]) -> Option<Seen> {
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_headers(256);
    let mut handshake = pin!(builder.handshake::<_, Empty<Bytes>>(Memory::new(bytes, false)));
    let mut made = None;
    poll_out(|cx| match handshake.as_mut().poll(cx) {
        Poll::Ready(done) => {
            made = done.ok();
            true
        }
        Poll::Pending => false,
    });
    let (mut sender, connection) = made?;
    let mut request = Request::new(Empty::new());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    request.headers_mut().insert("host", "a".parse().ok()?);
    let mut answer = pin!(async move {
        let (parts, body) = sender.send_request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok().map(|whole| whole.to_bytes().to_vec());
        let start = [parts.status.as_u16().to_string(), String::new()];
        Some(Seen { start, is_http_10: parts.version == hyper::Version::HTTP_10, fields: told(&parts.headers), body })
    });
    let (mut connection, mut seen, mut is_over) = (pin!(connection), None, false);
    poll_out(|cx| {
        is_over = is_over || connection.as_mut().poll(cx).is_ready();
        match answer.as_mut().poll(cx) {
            Poll::Ready(done) => {
                seen = done;
                true
            }
            Poll::Pending => false,
        }
    });
    seen
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Tasks that are polled with their connection.
#[derive(Clone, Default)]
struct Tasks(Rc<RefCell<Vec<Task>>>);

impl<F: Future + 'static> Executor<F> for Tasks {
    fn execute(&self, work: F) {
        self.0.borrow_mut().push(Box::pin(async move {
            work.await;
        }));
    }
}

/// Gives the requests that hyper's HTTP/2 server takes from these frames to `each`, with their bodies (nothing: broken off).
pub(crate) fn serve_http2(frames: &[u8], list_bytes_max: u32, each: impl Fn(&Parts, bool, Option<Vec<u8>>) + 'static) {
    let each = Rc::new(each);
    let service = service_fn(move |request: Request<Incoming>| {
        let each = each.clone();
        async move {
            let (parts, body) = request.into_parts();
            let is_whole = hyper::body::Body::is_end_stream(&body);
            let body = body.collect().await.ok().map(|whole| whole.to_bytes().to_vec());
            each(&parts, is_whole, body);
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let tasks = Tasks::default();
    let mut builder = hyper::server::conn::http2::Builder::new(tasks.clone());
    builder.max_header_list_size(list_bytes_max);
    // An end would come with the frames before it, and take from hyper what it has not accepted yet.
    let memory = Memory { ends: false, ..Memory::new(frames, true) };
    let mut connection = pin!(builder.serve_connection(memory, service));
    let mut turns = 0;
    poll_out(|cx| {
        turns += 1;
        let is_over = connection.as_mut().poll(cx).is_ready();
        let mut running = tasks.0.take();
        running.retain_mut(|task| task.as_mut().poll(cx).is_pending());
        tasks.0.borrow_mut().append(&mut running);
        is_over || turns == HTTP2_TURNS
    });
}

/// Polls until it is done, or until it seems to wait for ever.
fn poll_out(mut once: impl FnMut(&mut Context<'_>) -> bool) {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..POLLS_MAX {
        if once(&mut cx) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn hyper_reads_what_is_good_and_nothing_else() {
        let seen = serve(b"POST /a?b HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").unwrap();
        assert_eq!((seen.start, seen.body.as_deref()), (["POST".into(), "/a?b".into()], Some(&b"abc"[..])));
        assert_eq!(seen.fields[0], ("host".into(), b"c".to_vec()));
        assert!(serve(b"POST /a HTTP/1.1\r\nHost: c\r\nContent-Length: 3\r\n\r\nab").unwrap().body.is_none(), "it broke off");
        assert!(serve(b"POST /a HTTP/1.1\r\nHo st: c\r\n\r\n").is_none());
        let seen = ask("GET", b"HTTP/1.1 203 No\r\nContent-Length: 2\r\n\r\nhi").unwrap();
        assert_eq!((seen.start[0].as_str(), seen.body.as_deref()), ("203", Some(&b"hi"[..])));
        assert!(ask("GET", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n").is_none());
    }

    #[test]
    fn a_request_of_frames_comes_with_its_body() {
        let frames = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".as_slice(),
            // POST / over https of a host `a`, by the protocol's own table, and a body.
            b"\0\0\x06\x01\x04\0\0\0\x01\x83\x87\x84\x41\x01a",
            b"\0\0\x02\0\x01\0\0\0\x01hi",
        ]
        .concat();
        let times = Rc::new(Cell::new(0));
        let count = times.clone();
        serve_http2(&frames, 1_000, move |parts, is_whole, body| {
            assert_eq!((parts.method.as_str(), is_whole, body.as_deref()), ("POST", false, Some(&b"hi"[..])));
            count.set(count.get() + 1);
        });
        assert_eq!(times.get(), 1);
    }
}
