//! The stream under hyper, which outlives hyper's use of it: a client that still sends when it is told to go would have the reason taken
//! from it by the reset that a socket with unread bytes ends in.

use base::world::Watch;
use h1::Limits;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are read and dropped at once.
const PIECE_BYTES: usize = 4_096;

/// A stream that is held twice, and polled by one task.
pub(super) struct Wire<S>(Rc<RefCell<S>>);

impl<S> Clone for Wire<S> {
    fn clone(&self) -> Wire<S> {
        Wire(self.0.clone())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Wire<S> {
        Wire(Rc::new(RefCell::new(stream)))
    }

    /// Ends our side, then takes and drops what still comes, until the client closes, or its time is over, or it was too much.
    pub(super) async fn linger(mut self, patience: &Watch, limits: &Limits) {
        patience.set(Duration::from_millis(u64::from(limits.linger_ms)));
        let mut room = vec![0; PIECE_BYTES];
        let (mut left, mut is_shut) = (limits.linger_bytes_max as usize, false);
        poll_fn(|cx| {
            while !is_shut {
                match Pin::new(&mut self).poll_shutdown(cx) {
                    Poll::Ready(Ok(())) => is_shut = true,
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => return patience.poll_passed(cx),
                }
            }
            loop {
                let mut piece = ReadBuf::new(&mut room);
                match Pin::new(&mut self).poll_read(cx, &mut piece) {
                    Poll::Ready(Ok(())) if piece.filled().is_empty() || piece.filled().len() > left => return Poll::Ready(()),
                    Poll::Ready(Ok(())) => left -= piece.filled().len(),
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => return patience.poll_passed(cx),
                }
            }
        })
        .await;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write(cx, from)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write_vectored(cx, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.borrow().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_shutdown(cx)
    }
}
