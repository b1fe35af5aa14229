//! One connection of HTTP/2, shared by the calls that go over it.

use super::super::connection::{Open, Stream};
use super::super::settings::Settings;
use super::io::Io;
use base::gate::Lane;
use base::world::Moment;
use bytes::Bytes;
use h1::HeadLimits;
use h2::client::{Builder, SendRequest};
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::task::{AbortHandle, spawn_local};

/// Streams that we have reset and that the back end may still send on; more make it a broken one.
const RESETS_KEPT_MAX: usize = 64;
/// Streams that we had to reset for the back end's faults; one more ends the connection.
const FAULT_RESETS_MAX: usize = 64;

/// One connection. Nobody uses it any more when it is dropped: then it is closed.
pub(super) struct Link {
    lane: Rc<Lane>,
    sender: SendRequest<Bytes>,
    streams: Cell<u32>,
    streams_max: u32,
    /// It takes no more calls: it has ended, or will.
    is_closing: Rc<Cell<bool>>,
    idle_since: Cell<Moment>,
    heard: Rc<Cell<Option<Moment>>>,
    /// The other end has answered in HTTP/2.
    is_known: Cell<bool>,
    address: SocketAddr,
    driver: AbortHandle,
}

impl Link {
    /// Begins to speak HTTP/2.
    pub(super) async fn begin(
        lane: &Rc<Lane>,
        settings: &Settings,
        stream: Stream,
        address: SocketAddr,
        open: Open,
    ) -> Result<Rc<Link>, h2::Error> {
        let terms = settings.http2.clone().unwrap_or_default();
        let heard = Rc::new(Cell::new(None));
        let io = Io { stream, lane: lane.clone(), heard: heard.clone() };
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_max_send_streams(terms.streams_max as usize)
            .initial_window_size(terms.stream_window_bytes)
            .initial_connection_window_size(terms.stream_window_bytes.saturating_mul(terms.streams_max).min((1 << 31) - 1))
            .max_send_buffer_size(terms.send_buffer_bytes_max)
            .max_header_list_size(list_bytes_max(&settings.limits.head))
            .header_table_size(terms.field_table_bytes_max)
            .max_concurrent_reset_streams(RESETS_KEPT_MAX)
            .max_local_error_reset_streams(Some(FAULT_RESETS_MAX));
        let (sender, connection) = builder.handshake::<_, Bytes>(io).await?;
        let is_closing = Rc::new(Cell::new(false));
        let driver = spawn_local({
            let is_closing = is_closing.clone();
            async move {
                let _open = open;
                if let Err(error) = connection.await {
                    tracing::debug!(%address, %error, "a connection of HTTP/2 to a back end broke off");
                }
                is_closing.set(true);
            }
        });
        Ok(Rc::new(Link {
            lane: lane.clone(),
            sender,
            streams: Cell::new(0),
            streams_max: terms.streams_max,
            is_closing,
            idle_since: Cell::new(lane.deadlines.now()),
            heard,
            is_known: Cell::new(false),
            address,
            driver: driver.abort_handle(),
        }))
    }

    /// Whether it takes calls at all. One whose back end has said that it leaves does not.
    pub(super) fn is_open(&self) -> bool {
        let mut sender = self.sender.clone();
        let polled = sender.poll_ready(&mut Context::from_waker(Waker::noop()));
        !self.is_closing.get() && !matches!(polled, Poll::Ready(Err(_)))
    }

    /// A place for one more call, if there is room.
    pub(super) fn slot(self: &Rc<Link>) -> Option<Slot> {
        let most = self.sender.current_max_send_streams().min(self.streams_max as usize);
        ((self.streams.get() as usize) < most).then(|| self.hold())
    }

    /// A place for one more call, room or not.
    pub(super) fn hold(self: &Rc<Link>) -> Slot {
        self.streams.set(self.streams.get() + 1);
        Slot(self.clone())
    }

    /// Whether it has nothing to do, and for that long.
    pub(super) fn is_idle_for(&self, now: Moment, time: Duration) -> bool {
        self.streams.get() == 0 && now.since(self.idle_since.get()) >= time
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A call's place on a connection, until it is dropped.
pub(super) struct Slot(Rc<Link>);

impl Slot {
    pub(super) fn sender(&self) -> SendRequest<Bytes> {
        self.0.sender.clone()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// The other end has answered in HTTP/2.
    pub(super) fn know(&self) {
        self.0.is_known.set(true);
    }

    pub(super) fn is_known(&self) -> bool {
        self.0.is_known.get()
    }

    /// Nobody else is to go this way.
    pub(super) fn shun(&self) {
        self.0.is_closing.set(true);
    }

    /// Whether anything has come on the connection since then.
    pub(super) fn has_heard_since(&self, moment: Moment) -> bool {
        self.0.heard.get().is_some_and(|heard| heard >= moment)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.streams.set(self.0.streams.get() - 1);
        self.0.idle_since.set(self.0.lane.deadlines.now());
    }
}

/// What is decoded at all. More than is taken: the library leaves fields of trailers out beyond its bound without a word, and what is over
/// ours is to be told. It counts 32 bytes more for each field, and the status as a field.
fn list_bytes_max(head: &HeadLimits) -> u32 {
    4 * (head.fields_bytes_max + 32 * u32::from(head.fields_max)) + 64
}
