//! The door for TLS: a connection becomes a stream of plain bytes here, within its time and in its turn, or it goes.

use super::Answers;
use super::certificates::{Certificates, HTTP_2, Wall};
use super::crew::Crew;
use super::dock::{Dock, Seat};
use super::http1::Connection;
use super::http2;
use super::line::Line;
use super::losses::Loss;
use super::socket::Socket;
use base::gate::{Scheme, Tls};
use rustls::server::Acceptor;
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::{spawn_local, yield_now};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// What one thread has for TLS.
pub(super) struct Secure<A: Answers> {
    dock: Rc<Dock>,
    desk: Rc<A>,
    crew: Rc<Crew<TlsStream<TcpStream>, A>>,
    certificates: Arc<Certificates>,
    turnstile: Turnstile,
    /// The port that clients come to.
    port: u16,
}

impl<A: Answers> Secure<A> {
    pub(super) fn new(dock: Rc<Dock>, desk: Rc<A>, certificates: Arc<Certificates>, port: u16) -> Secure<A> {
        let crew = Rc::new(Crew::new(dock.clone(), desk.clone()));
        let turnstile = Turnstile::new(dock.limits.handshakes_per_turn_max.max(1));
        Secure { dock, desk, crew, certificates, turnstile, port }
    }

    /// Serves a connection once it speaks TLS.
    pub(super) fn admit(self: &Rc<Self>, stream: TcpStream, peer: SocketAddr, seat: Seat) {
        let this = self.clone();
        spawn_local(async move {
            let ms = this.dock.limits.handshake_ms;
            match seat.in_time(ms, this.handshake(stream)).await {
                // A task of its own is as small as a connection that waits; this one is as large as a handshake.
                Some(Ok((stream, wall))) if stream.get_ref().1.alpn_protocol() == Some(HTTP_2) => {
                    let origin = http2::Origin { peer, port: this.port, scheme: scheme_of(&stream), wall };
                    spawn_local(http2::serve(stream, origin, this.dock.clone(), this.desk.clone(), seat));
                }
                Some(Ok((stream, wall))) => {
                    let scheme = scheme_of(&stream);
                    let line = Line::new(stream, this.dock.clone(), peer, this.port, scheme).within(wall);
                    spawn_local(Connection::new(line, this.crew.clone(), seat));
                }
                Some(Err(error)) => tracing::debug!(%peer, %error, "a client and this node did not agree on TLS"),
                None => {
                    this.dock.losses.count(Loss::SlowStart);
                    tracing::debug!(%peer, "a TLS handshake took too long");
                }
            }
        });
    }

    async fn handshake(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, Option<Wall>)> {
        let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let (config, wall) = self.certificates.terms_for(&begun.client_hello());
        self.turnstile.pass().await;
        Ok((begun.into_stream(config).await?, wall))
    }
}

/// What was agreed on with a client that has shaken hands.
fn scheme_of(stream: &TlsStream<TcpStream>) -> Scheme {
    let session = stream.get_ref().1;
    let version = session.protocol_version().map_or(0, u16::from);
    let cipher = session.negotiated_cipher_suite().map_or(0, |agreed| agreed.suite().into());
    Scheme::Https(Tls { version, cipher })
}

/// Lets a few handshakes through in each turn of the thread, in the order in which they came: their arithmetic takes longer than many
/// requests, which must not wait behind a crowd of them.
struct Turnstile {
    places: Rc<Semaphore>,
    passed: Rc<Cell<usize>>,
}

impl Turnstile {
    fn new(per_turn_max: u32) -> Turnstile {
        Turnstile { places: Rc::new(Semaphore::new(per_turn_max as usize)), passed: Rc::default() }
    }

    async fn pass(&self) {
        let Ok(place) = self.places.acquire().await else { return };
        place.forget();
        if self.passed.replace(self.passed.get() + 1) > 0 {
            return;
        }
        let (places, passed) = (self.places.clone(), self.passed.clone());
        spawn_local(async move {
            // It goes on after the thread has looked at its sockets.
            yield_now().await;
            places.add_permits(passed.take());
        });
    }
}

impl Socket for TlsStream<TcpStream> {
    const SAYS_GOODBYE: bool = true;

    fn reset_on_close(&self) {
        self.get_ref().0.reset_on_close();
    }

    fn has_arrivals(&self) -> bool {
        self.get_ref().0.has_arrivals()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_turn_takes_so_many_handshakes_in_their_order_and_no_more() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let local = tokio::task::LocalSet::new();
        let passed = Rc::new(RefCell::new(Vec::new()));
        let turns = Rc::new(Cell::new(0));
        local.block_on(&runtime, async {
            let turnstile = Rc::new(Turnstile::new(2));
            let clock = turns.clone();
            spawn_local(async move {
                loop {
                    yield_now().await;
                    clock.set(clock.get() + 1);
                }
            });
            let waiting: Vec<_> = (0..7)
                .map(|number| {
                    let (turnstile, passed, turns) = (turnstile.clone(), passed.clone(), turns.clone());
                    spawn_local(async move {
                        turnstile.pass().await;
                        passed.borrow_mut().push((number, turns.get()));
                    })
                })
                .collect();
            for one in waiting {
                one.await.unwrap();
            }
        });
        let passed = passed.take();
        assert!(passed.iter().map(|(number, _)| *number).eq(0..7), "{passed:?}");
        let last = passed[6].1;
        assert!(last >= 3, "seven by two are four turns: {passed:?}");
        for turn in 0..=last {
            assert!(passed.iter().filter(|(_, at)| *at == turn).count() <= 2, "{passed:?}");
        }
    }
}
