//! What a connection needs of its socket beyond reading and writing.

use socket2::SockRef;
use std::mem::MaybeUninit;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A byte stream with a socket under it: plain TCP, or TLS over it.
pub trait Socket: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Makes closing it a reset, which nobody takes for the end of an answer.
    fn reset_on_close(&self);

    /// Has something arrived that was not read, whatever the event loop knows of yet?
    fn has_arrivals(&self) -> bool;
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
}
