//! Making a connection: addresses of a name, TCP, TLS; all within one deadline.

use super::connection::{Connection, Open, Stream};
use super::failure::Failure;
use super::pool::{Known, Upstreams};
use super::target::{Target, Transport};
use base::world::{Moment, Watch};
use h1::Client;
use rustls::ClientConfig;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// HTTP/2 as ALPN has it.
const HTTP_2: &[u8] = b"h2";

/// What is to be spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Waits for something until a watch says no.
pub(super) async fn within<F: Future>(watch: &Watch, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => watch.poll_passed(cx).map(|()| None),
    })
    .await
}

impl Upstreams {
    /// A new connection. The call as a whole must be done by `by`.
    pub(super) async fn dial(&self, target: &Arc<Target>, by: Moment) -> Result<Box<Connection>, Failure> {
        let (stream, address, watch) = self.reach(target, Protocol::Http1, by).await?;
        Ok(Box::new(Connection {
            stream,
            client: Client::new(),
            watch,
            address,
            reused: false,
            idle_since: self.0.lane.deadlines.now(),
            in_use: None,
            _open: Open::one(&self.0.open),
        }))
    }

    /// A stream to the target that this protocol may be spoken on, the address it leads to, and the watch that was used.
    pub(super) async fn reach(&self, target: &Arc<Target>, protocol: Protocol, by: Moment) -> Result<(Stream, SocketAddr, Watch), Failure> {
        let lane = &self.0.lane;
        let limit = Duration::from_millis(u64::from(self.0.settings.connect_ms));
        let left = by.since(lane.deadlines.now());
        let watch = lane.deadlines.watch();
        watch.set(left.min(limit));
        match within(&watch, self.try_addresses(target, protocol)).await {
            Some(Ok((stream, address))) => Ok((stream, address, watch)),
            Some(Err(failure)) => Err(failure),
            None if left <= limit => Err(Failure::TimedOut),
            None => Err(Failure::Unreachable("connecting took too long".into())),
        }
    }

    /// One address after the other. Each gets an equal share of the time, so that one which swallows packets does not hide the next.
    async fn try_addresses(&self, target: &Arc<Target>, protocol: Protocol) -> Result<(Stream, SocketAddr), Failure> {
        let addresses = self.addresses(target).await?;
        let share = Duration::from_millis(u64::from(self.0.settings.connect_ms)) / addresses.len().max(1) as u32;
        let watch = self.0.lane.deadlines.watch();
        let mut last = Failure::Unreachable("the name has no address".into());
        for address in addresses.iter() {
            watch.set(share);
            match within(&watch, self.try_address(target, protocol, *address)).await {
                Some(Ok(stream)) => return Ok((stream, *address)),
                Some(Err(because)) => last = Failure::Unreachable(format!("{address}: {because}").into()),
                None => last = Failure::Unreachable(format!("{address}: connecting took too long").into()),
            }
        }
        Err(last)
    }

    async fn try_address(&self, target: &Target, protocol: Protocol, address: SocketAddr) -> Result<Stream, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let Transport::Tls(trust) = target.transport() else { return Ok(Stream::Plain(stream)) };
        let mut config = self.0.tls.config(trust).await?;
        if protocol == Protocol::Http2 {
            // Terms are shared, and small beside a handshake.
            let mut alike = ClientConfig::clone(&config);
            alike.alpn_protocols = vec![HTTP_2.to_vec()];
            config = Arc::new(alike);
        }
        let name = target.server_name().ok_or("no certificate can be for this name")?;
        let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| format!("TLS: {error}"))?;
        if protocol == Protocol::Http2 && stream.get_ref().1.alpn_protocol() != Some(HTTP_2) {
            return Err("TLS: the endpoint did not choose h2, so it speaks no HTTP/2".to_owned());
        }
        Ok(Stream::Tls(Box::new(stream)))
    }

    /// The addresses of a target, looked up at most once for all who ask at the same time.
    async fn addresses(&self, target: &Arc<Target>) -> Result<Rc<[SocketAddr]>, Failure> {
        let names = self.names(target);
        if let Some(address) = target.address() {
            return Ok(Rc::new([address]));
        }
        let known = |now| names.known.borrow().clone().filter(|known: &Known| known.until > now);
        let now = || self.0.lane.deadlines.now();
        let unreachable = |because: Rc<str>| Failure::Unreachable(because.to_string().into());
        if let Some(known) = known(now()) {
            return known.addresses.map_err(unreachable);
        }
        let _turn = names.asking.lock().await;
        if let Some(known) = known(now()) {
            return known.addresses.map_err(unreachable);
        }
        let found = tokio::net::lookup_host((target.host(), target.port())).await;
        let addresses: Result<Rc<[SocketAddr]>, Rc<str>> = match found {
            Ok(found) => match found.take(ADDRESSES_MAX).collect::<Rc<[SocketAddr]>>() {
                none if none.is_empty() => Err("the name has no address".into()),
                some => Ok(some),
            },
            Err(error) => Err(format!("looking {} up: {error}", target.host()).into()),
        };
        let settings = &self.0.settings;
        let believed_ms = if addresses.is_ok() { settings.addresses_ms } else { settings.addresses_missing_ms };
        let until = now().after(Duration::from_millis(u64::from(believed_ms)));
        *names.known.borrow_mut() = Some(Known { until, addresses: addresses.clone() });
        addresses.map_err(unreachable)
    }
}
