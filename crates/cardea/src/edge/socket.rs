//! What a connection needs of its socket beyond reading and writing.

use base::gate::tcp;
use socket2::SockRef;
use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;

/// A byte stream with a socket under it: plain TCP, or TLS over it.
pub trait Socket: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Does an end have to be said within the stream, so that the client knows it for one? TCP's own end says it all.
    const SAYS_GOODBYE: bool = false;

    /// Makes closing it a reset, which nobody takes for the end of an answer.
    fn reset_on_close(&self);

    /// Has something arrived that was not read, whatever the event loop knows of yet?
    fn has_arrivals(&self) -> bool;

    /// Ready once there may be something to receive, so that who waits need not hold a buffer.
    fn poll_arrived(&self, _cx: &mut Context<'_>) -> Poll<()> {
        // What was decrypted already is not to be seen from outside.
        Poll::Ready(())
    }

    /// Appends what has come to `into`, which should have room; 0 is the end.
    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<io::Result<usize>> {
        pin!(self.read_buf(into)).poll(cx)
    }

    /// Sends some of these bytes.
    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self).poll_write(cx, bytes)
    }
}

impl Socket for TcpStream {
    fn reset_on_close(&self) {
        // It fails only on a socket that is dead already, which is as good.
        let _dead = SockRef::from(self).set_linger(Some(Duration::ZERO));
    }

    fn has_arrivals(&self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        SockRef::from(self).peek(&mut byte).is_ok_and(|bytes| bytes > 0)
    }

    fn poll_arrived(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_read_ready(cx).map(|_| ())
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<io::Result<usize>> {
        tcp::poll_receive(self, cx, into)
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        tcp::poll_send(self, cx, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Read, Write};
    use std::net::TcpListener;

    #[test]
    fn arrivals_are_seen_before_the_event_loop_tells_and_a_reset_is_no_end() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _inside = runtime.enter();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        server.set_nonblocking(true).unwrap();
        let server = TcpStream::from_std(server).unwrap();
        assert!(!server.has_arrivals());
        client.write_all(b"GET").unwrap();
        assert!(server.has_arrivals() && server.has_arrivals(), "looking takes nothing");
        server.reset_on_close();
        drop(server);
        assert_eq!(client.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}
