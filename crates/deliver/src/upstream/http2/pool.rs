//! The connections of HTTP/2 of one data thread, by target.

use super::super::connection::Open;
use super::super::dial::{Protocol, within};
use super::super::failure::Failure;
use super::super::pool::Upstreams;
use super::super::target::{ByTarget, Target};
use super::failure;
use super::link::{Link, Slot};
use base::world::Moment;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// A data thread's connections of HTTP/2.
#[derive(Default)]
pub(in crate::upstream) struct Pool {
    places: RefCell<HashMap<Arc<Target>, Rc<Place>, ByTarget>>,
}

/// The connections to one target.
#[derive(Default)]
struct Place {
    links: RefCell<Vec<Rc<Link>>>,
    /// One call dials, the others wait for what comes of it.
    dialing: tokio::sync::Mutex<()>,
    /// The last attempt that failed, and when.
    failed: RefCell<Option<(Moment, Failure)>>,
}

impl Place {
    /// A connection with room. Those that take no more calls are forgotten on the way, and close when their last call ends.
    fn room(&self) -> Option<Slot> {
        let mut links = self.links.borrow_mut();
        links.retain(|link| link.is_open());
        links.iter().find_map(Link::slot)
    }

    /// What became of the attempt that was waited for.
    fn failed_since(&self, moment: Moment) -> Option<Failure> {
        self.failed.borrow().as_ref().filter(|(at, _)| *at > moment).map(|(_, failure)| failure.clone())
    }
}

impl Pool {
    /// Closes what has been idle for so long, and forgets targets without connections.
    pub(in crate::upstream) fn sweep(&self, now: Moment, idle: Duration) {
        let mut places = self.places.borrow_mut();
        for place in places.values() {
            place.links.borrow_mut().retain(|link| link.is_open() && !link.is_idle_for(now, idle));
        }
        // Who dials or waits holds its place, too.
        places.retain(|_, place| Rc::strong_count(place) > 1 || !place.links.borrow().is_empty());
    }

    /// Whether a connection to the target takes calls now.
    #[cfg(test)]
    pub(super) fn is_open_to(&self, target: &Arc<Target>) -> bool {
        self.place(target).links.borrow().iter().any(|link| link.is_open())
    }

    fn place(&self, target: &Arc<Target>) -> Rc<Place> {
        self.places.borrow_mut().entry(target.clone()).or_default().clone()
    }
}

impl Upstreams {
    /// A place for a call on a connection to the target, and whether that served others before. To be there by `by`.
    pub(super) async fn slot(&self, target: &Arc<Target>, by: Moment) -> Result<(Slot, bool), Failure> {
        let lane = &self.0.lane;
        let place = self.0.http2.place(target);
        if let Some(slot) = place.room() {
            return Ok((slot, true));
        }
        let began = lane.clock.now();
        let watch = lane.deadlines.watch();
        watch.set(by.since(lane.deadlines.now()));
        let _turn = within(&watch, place.dialing.lock()).await.ok_or(Failure::TimedOut)?;
        if let Some(slot) = place.room() {
            return Ok((slot, true));
        }
        if let Some(failure) = place.failed_since(began) {
            return Err(failure);
        }
        let dialled = self.dial_http2(target, by).await;
        match dialled {
            Ok(link) => {
                let slot = link.hold();
                place.links.borrow_mut().push(link);
                Ok((slot, false))
            }
            Err(failure) => {
                // That one had no time left says nothing to the others.
                if failure != Failure::TimedOut {
                    *place.failed.borrow_mut() = Some((lane.clock.now(), failure.clone()));
                }
                Err(failure)
            }
        }
    }

    async fn dial_http2(&self, target: &Arc<Target>, by: Moment) -> Result<Rc<Link>, Failure> {
        let (stream, address, watch) = self.reach(target, Protocol::Http2, by).await?;
        let open = Open::one(&self.0.open);
        watch.set(by.since(self.0.lane.deadlines.now()));
        let begun = within(&watch, Link::begin(&self.0.lane, &self.0.settings, stream, address, open)).await;
        begun.ok_or(Failure::TimedOut)?.map_err(|error| failure(&error, false))
    }
}
