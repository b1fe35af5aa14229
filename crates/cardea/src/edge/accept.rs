//! Taking connections in: as many as there is room for, whatever goes wrong, until the thread drains.

use super::Answers;
use super::crew::Crew;
use super::dock::{Dock, Seat, Ticket, Which};
use super::front;
use super::http1::Connection;
use super::lanes::Mail;
use super::line::Line;
use super::listener::BACKLOG;
use super::losses::Loss;
use super::proxy_protocol;
use super::secure::Secure;
use base::gate::Scheme;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// How long to let be, when the machine has no descriptors or memory for another connection.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// Which of a thread's two listeners a connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Plain,
    Tls,
}

/// One thread's door.
pub(super) struct Door<A: Answers> {
    pub(super) dock: Rc<Dock>,
    pub(super) crew: Rc<Crew<TcpStream, A>>,
    /// The port that clients come to.
    pub(super) port: u16,
    /// What is behind the door for TLS, if there is one.
    pub(super) secure: Option<Rc<Secure<A>>>,
    /// Whether each connection must say first whom it comes from.
    pub(super) proxy_protocol: bool,
    /// The mailboxes of all threads, for connections that are better off there.
    pub(super) threads: Rc<[mpsc::Sender<Mail<A>>]>,
}

impl<A: Answers> Door<A> {
    /// Accepts until told to drain; then empties the kernel's queue, so that nobody who was let in is turned away, and closes.
    pub(super) async fn keep<D>(self: &Rc<Self>, entry: Entry, listener: TcpListener, mut drain: watch::Receiver<Option<D>>) {
        let pause = self.dock.lane.deadlines.watch();
        let mut exhausted = false;
        loop {
            tokio::select! {
                biased;
                // A sender that is gone asks for the same.
                _ = drain.changed() => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        if std::mem::take(&mut exhausted) {
                            tracing::info!("connections are accepted again");
                        }
                        self.place(entry, stream, peer);
                    }
                    Err(error) if is_of_one_connection(&error) => {}
                    Err(error) => {
                        // Once for each time that it happens, however long it lasts.
                        if !std::mem::replace(&mut exhausted, true) {
                            tracing::warn!(%error, "no connection can be accepted for the moment; trying on");
                        }
                        self.dock.losses.pause();
                        pause.set(EXHAUSTED_PAUSE);
                        poll_fn(|cx| pause.poll_passed(cx)).await;
                    }
                },
            }
        }
        // The event loop may not have told yet what the kernel has.
        let Ok(listener) = listener.into_std() else { return };
        // Not more than were there when the drain began: whoever keeps coming must not keep us.
        for _ in 0..=BACKLOG {
            match listener.accept() {
                Ok((stream, peer)) => self.admit_std(entry, stream, peer, self.dock.ticket(Which::Own)),
                Err(error) if is_of_one_connection(&error) => {}
                Err(_) => break,
            }
        }
    }

    /// Serves a connection here, or passes it to a thread that has far fewer.
    fn place(self: &Rc<Self>, entry: Entry, stream: TcpStream, peer: SocketAddr) {
        let ticket = self.dock.ticket(Which::Lightest);
        if ticket.thread() == usize::from(self.dock.lane.thread) {
            return self.admit(entry, stream, peer, ticket);
        }
        match self.threads[ticket.thread()].try_reserve() {
            Ok(permit) => {
                // A stream that cannot leave the event loop is closed, as if it had not been accepted.
                if let Ok(stream) = stream.into_std() {
                    permit.send(Mail::Connection(entry, stream, peer, ticket));
                }
            }
            Err(_) => self.admit(entry, stream, peer, self.dock.ticket(Which::Own)),
        }
    }

    /// As [`Self::admit`], from outside this thread's event loop.
    pub(super) fn admit_std(self: &Rc<Self>, entry: Entry, stream: std::net::TcpStream, peer: SocketAddr, ticket: Ticket) {
        let ours = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        match ours {
            Ok(stream) => self.admit(entry, stream, peer, ticket),
            Err(error) => tracing::warn!(%error, "a connection could not be taken over"),
        }
    }

    /// Serves a connection, if there is room for it.
    fn admit(self: &Rc<Self>, entry: Entry, stream: TcpStream, peer: SocketAddr, ticket: Ticket) {
        let secure = self.secure.as_ref().filter(|_| entry == Entry::Tls);
        let Some(seat) = self.dock.seat(ticket) else {
            self.dock.losses.count(Loss::NoRoom);
            // What would be said in the clear is no answer to a TLS client: its connection is closed.
            return if secure.is_none() { self.turn_away(stream) } else { drop(stream) };
        };
        // It fails on a connection that is gone, which the first read finds out.
        let _gone = stream.set_nodelay(true);
        if self.proxy_protocol { self.announced(entry, stream, peer, seat) } else { self.serve(entry, stream, peer, seat) }
    }

    fn serve(&self, entry: Entry, stream: TcpStream, peer: SocketAddr, seat: Seat) {
        if let Some(secure) = self.secure.as_ref().filter(|_| entry == Entry::Tls) {
            return secure.admit(stream, peer, seat);
        }
        let line = Line::new(stream, self.dock.clone(), peer, self.port, Scheme::Http);
        tokio::task::spawn_local(Connection::new(line, self.crew.clone(), seat));
    }

    /// Serves a connection once it has said whom it comes from. Where there are trusted proxies, nobody else may say so.
    fn announced(self: &Rc<Self>, entry: Entry, mut stream: TcpStream, peer: SocketAddr, seat: Seat) {
        if !self.dock.trusted.is_empty() && !self.dock.trusted.trusts(peer.ip()) {
            tracing::debug!(%peer, "a connection came from no trusted proxy, where each must");
            return;
        }
        let this = self.clone();
        tokio::task::spawn_local(async move {
            match seat.in_time(this.dock.limits.proxy_header_ms, proxy_protocol::read(&mut stream)).await {
                Some(Ok(said)) => this.serve(entry, stream, said.unwrap_or(peer), seat),
                Some(Err(error)) => tracing::debug!(%peer, %error, "a connection did not begin as it must"),
                None => {
                    this.dock.losses.count(Loss::SlowStart);
                    tracing::debug!(%peer, "a connection took too long to say whom it comes from");
                }
            }
        });
    }

    /// There is no room: says so, at the price of two system calls.
    fn turn_away(&self, stream: TcpStream) {
        const REQUEST_BYTES: usize = 4_096;
        if let Ok(mut stream) = stream.into_std() {
            // Closing with bytes unread would reset the connection, and the answer would be lost with it. Who is too slow for this
            // sees a reset instead.
            let _asked = stream.read(&mut [0; REQUEST_BYTES]);
            let _told = stream.write(&front::no_room(&self.dock.date()));
        }
    }
}

/// Is it this one connection that failed, rather than the machine?
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, TimedOut};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_descriptors_or_memory_is_let_be_and_a_connection_that_failed_is_skipped() {
        for exhausted in [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOBUFS] {
            assert!(!is_of_one_connection(&io::Error::from_raw_os_error(exhausted)));
        }
        for failed in [libc::ECONNABORTED, libc::EINTR, libc::ECONNRESET] {
            assert!(is_of_one_connection(&io::Error::from_raw_os_error(failed)));
        }
    }
}
