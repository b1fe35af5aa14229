//! Bytes of a TCP connection, by the shortest way there is: one look at what the event loop knows, one system call.
//!
//! The system calls are made without the C library, whose wrappers make each a point where a thread could be cancelled: two atomic
//! exchanges for a call, four calls for a request, and nobody here cancels threads. A read or a write that was shorter than it could have
//! been has emptied or filled the socket: the event loop is told so, and the next one waits for its word instead of asking in vain.

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Bytes of room that are made where there is none: to read nothing would look like the end.
const ROOM_BYTES: usize = 64;

/// Appends what has come to `into`, as far as it has room. 0 is the end.
pub fn poll_receive(stream: &TcpStream, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<io::Result<usize>> {
    if into.len() == into.capacity() {
        into.reserve(ROOM_BYTES);
    }
    let room = into.capacity() - into.len();
    loop {
        ready!(stream.poll_read_ready(cx))?;
        let got = once(stream, Interest::READABLE, room, || recv(stream, spare_capacity(into), RecvFlags::empty()).map(|(got, _)| got));
        match got {
            Err(why) if why.kind() == ErrorKind::WouldBlock => {}
            told => return Poll::Ready(told),
        }
    }
}

/// Sends some of these bytes.
pub fn poll_send(stream: &TcpStream, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_write_ready(cx))?;
        match once(stream, Interest::WRITABLE, bytes.len(), || send(stream, bytes, SendFlags::NOSIGNAL)) {
            Err(why) if why.kind() == ErrorKind::WouldBlock => {}
            told => return Poll::Ready(told),
        }
    }
}

/// Calls the system, and tells the event loop that the socket is not ready any more if that has shown.
fn once(stream: &TcpStream, interest: Interest, most: usize, mut call: impl FnMut() -> Result<usize, Errno>) -> io::Result<usize> {
    let mut moved = 0;
    let tried = stream.try_io(interest, || {
        moved = loop {
            match call() {
                Err(Errno::INTR) => {}
                told => break told?,
            }
        };
        // Said to the event loop, not to our caller.
        if 0 < moved && moved < most { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    match tried {
        Err(why) if moved == 0 => Err(why),
        _ => Ok(moved),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::task::Waker;

    fn inside(test: impl AsyncFnOnce(TcpStream, std::net::TcpStream)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let other = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (mine, _) = listener.accept().unwrap();
            mine.set_nonblocking(true).unwrap();
            test(TcpStream::from_std(mine).unwrap(), other).await;
        });
    }

    #[test]
    fn what_comes_is_received_in_order_and_then_the_end() {
        inside(async |mine, mut other| {
            let mut into = Vec::with_capacity(8);
            into.extend_from_slice(b"a");
            other.write_all(b"bcdefghijkl").unwrap();
            assert_eq!(poll_fn(|cx| poll_receive(&mine, cx, &mut into)).await.unwrap(), 7);
            assert_eq!(into, b"abcdefgh");
            into.clear();
            assert_eq!(poll_fn(|cx| poll_receive(&mine, cx, &mut into)).await.unwrap(), 4);
            let mut cx = Context::from_waker(Waker::noop());
            into.clear();
            assert!(poll_receive(&mine, &mut cx, &mut into).is_pending(), "nothing came");
            other.write_all(b"more").unwrap();
            assert_eq!(poll_fn(|cx| poll_receive(&mine, cx, &mut into)).await.unwrap(), 4);
            drop(other);
            into.clear();
            assert_eq!(poll_fn(|cx| poll_receive(&mine, cx, &mut into)).await.unwrap(), 0);
        });
    }

    #[test]
    fn a_full_socket_waits_until_somebody_reads() {
        inside(async |mine, mut other| {
            let bytes = vec![7; 1 << 20];
            let mut sent = 0;
            let mut cx = Context::from_waker(Waker::noop());
            // Until its end is full; the event loop may have to tell first that it is not.
            poll_fn(|cx| mine.poll_write_ready(cx)).await.unwrap();
            while let Poll::Ready(more) = poll_send(&mine, &mut cx, &bytes) {
                sent += more.unwrap();
            }
            let reader = std::thread::spawn(move || {
                let mut all = Vec::new();
                other.read_to_end(&mut all).unwrap();
                all.len()
            });
            sent += poll_fn(|cx| poll_send(&mine, cx, b"the last")).await.unwrap();
            drop(mine);
            assert_eq!(reader.join().unwrap(), sent);
        });
    }
}
