//! A connection to a back end that goes on in another protocol. It never serves a request again.

use super::connection::Connection;
use base::gate::{Buffer, TunnelEnd};
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

/// The back end's end of a tunnel.
pub(super) struct Tunnel {
    connection: Box<Connection>,
    /// What came behind the head of its answer.
    early: Buffer,
}

impl Tunnel {
    pub(super) fn new(connection: Box<Connection>, early: Buffer) -> Tunnel {
        connection.watch.clear();
        Tunnel { connection, early }
    }
}

impl TunnelEnd for Tunnel {
    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.early.is_empty() { self.connection.stream.poll_readable(cx) } else { Poll::Ready(()) }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<io::Result<usize>> {
        if self.early.is_empty() {
            return self.connection.stream.poll_read(cx, into);
        }
        let early = std::mem::take(&mut self.early);
        into.extend_from_slice(&early);
        Poll::Ready(Ok(early.len()))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.connection.stream.poll_write(cx, &[IoSlice::new(bytes)])
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.stream.poll_flush(cx)
    }

    fn poll_shut(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(cx))?;
        self.connection.stream.poll_shut(cx)
    }
}
