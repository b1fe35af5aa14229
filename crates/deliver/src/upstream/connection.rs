//! One connection to a back end: a stream, the protocol's state, a deadline.

use super::balance::InUse;
use base::gate::tcp;
use base::world::{Moment, Watch};
use h1::Client;
use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Bytes, plain or through TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection. Dropping it closes it.
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) client: Client,
    /// One for the connection's life: setting it is a store.
    pub(super) watch: Watch,
    pub(super) address: SocketAddr,
    /// It has served a request before.
    pub(super) reused: bool,
    pub(super) idle_since: Moment,
    /// That its target serves a request, where targets are counted on.
    pub(super) in_use: Option<InUse>,
    pub(super) _open: Open,
}

/// Counts the connections that are open.
pub(super) struct Open(Rc<Cell<usize>>);

impl Open {
    pub(super) fn one(count: &Rc<Cell<usize>>) -> Open {
        count.set(count.get() + 1);
        Open(count.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Connection {
    /// Whether an idle connection is as it should be: nothing to read, not even its end. It costs a system call only when the socket was
    /// reported readable.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        match &mut self.stream {
            Stream::Plain(stream) => matches!(stream.try_read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock),
            Stream::Tls(stream) => {
                // Without a budget: a poll that only says "not now" must not pass for silence.
                let mut into = ReadBuf::new(&mut byte);
                let read = pin!(tokio::task::unconstrained(poll_fn(|cx| Pin::new(stream.as_mut()).poll_read(cx, &mut into))));
                read.poll(&mut Context::from_waker(Waker::noop())).is_pending()
            }
        }
    }
}

impl Stream {
    /// Ready once there may be something to read, so that who waits need not hold a buffer.
    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Stream::Plain(stream) => stream.poll_read_ready(cx).map(|_| ()),
            // What was decrypted already is not to be seen from outside.
            Stream::Tls(_) => Poll::Ready(()),
        }
    }

    /// Reads what is there into the free room of `into`, which must have some. 0 is the end.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<io::Result<usize>> {
        match self {
            Stream::Plain(stream) => tcp::poll_receive(stream, cx, into),
            Stream::Tls(stream) => pin!(stream.read_buf(into)).poll(cx),
        }
    }

    /// Writes some of these bytes.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match (self, bytes) {
            (Stream::Plain(stream), [one]) => tcp::poll_send(stream, cx, one),
            (Stream::Plain(stream), many) => Pin::new(stream).poll_write_vectored(cx, many),
            (Stream::Tls(stream), many) => Pin::new(stream.as_mut()).poll_write_vectored(cx, many),
        }
    }

    /// Says that nothing more will be written.
    pub(super) fn poll_shut(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }

    /// Sees to it that what was written goes out.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Plain(_) => Poll::Ready(Ok(())),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }
}
