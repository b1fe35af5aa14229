//! Connections that go on in another protocol: bytes both ways, and no framing of ours.

use std::io;
use std::task::{Context, Poll};

/// One end of a tunnel: whatever lies beyond it, bytes come and go, and each way ends by itself. Dropping it closes the connection.
pub trait TunnelEnd {
    /// Ready once there may be something to receive, so that who waits need not hold a buffer.
    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Appends what has come to `into`, which must have room; 0 is the end.
    fn poll_receive(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<io::Result<usize>>;

    /// Sends some of these bytes.
    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Sees to it that what was sent goes out.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Says that nothing more will be sent.
    fn poll_shut(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}
