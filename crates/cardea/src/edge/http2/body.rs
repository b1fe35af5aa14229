//! The body of a request on its stream. What nobody asks for fills the stream's window, and then the client waits.

use super::super::dock::Dock;
use super::super::losses::Loss;
use super::super::pace::Pace;
use base::gate::{BodyFault, BodySource, Fill, RequestBody};
use base::world::Watch;
use h1::BodyLength;
use hyper::body::{Body, Incoming};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

struct Stream {
    body: Incoming,
    left: Option<u64>,
    taken: u64,
    bytes_max: u64,
    patience: Watch,
    pace: Pace,
    /// Nothing may come for so long, and how fast it comes in all does not matter.
    patient_ms: Option<u32>,
    dock: Rc<Dock>,
    /// What came of it, once it ended or failed.
    outcome: Option<Result<Fill, BodyFault>>,
}

/// The body of this length.
pub(super) fn source(body: Incoming, length: BodyLength, dock: &Rc<Dock>) -> RequestBody {
    let left = match length {
        BodyLength::None | BodyLength::Exact(0) => return RequestBody::None,
        BodyLength::Exact(length) => Some(length),
        BodyLength::Chunked | BodyLength::UntilClose => None,
    };
    let limits = &dock.limits.h1;
    RequestBody::Stream(Box::new(Stream {
        body,
        left,
        taken: 0,
        bytes_max: limits.body_bytes_max,
        patience: dock.lane.deadlines.watch(),
        pace: Pace::default(),
        patient_ms: None,
        dock: dock.clone(),
        outcome: None,
    }))
}

impl BodySource for Stream {
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        if let Some(outcome) = self.outcome {
            return Poll::Ready(outcome);
        }
        let filled = ready!(self.poll_payload(cx, into));
        if filled != Ok(Fill::More) {
            self.outcome = Some(filled);
        }
        Poll::Ready(filled)
    }

    fn left(&self) -> Option<u64> {
        self.left
    }

    fn be_patient(&mut self, stall_ms: u32) {
        self.patient_ms = Some(stall_ms);
    }
}

impl Stream {
    /// Reads until there is payload, or the end. Trailers are passed over.
    fn poll_payload(&mut self, cx: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<Result<Fill, BodyFault>> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                let (now, limits) = (self.dock.lane.deadlines.now(), &self.dock.limits);
                if let Some(patience) = self.pace.wait(now, self.taken, limits.h1.body_stall_ms, limits) {
                    self.patience.set(self.patient_ms.map_or(patience, |ms| Duration::from_millis(u64::from(ms))));
                }
                ready!(self.patience.poll_passed(cx));
                self.dock.losses.count(Loss::SlowBody);
                return Poll::Ready(Err(BodyFault::Stalled));
            };
            if self.pace.moved(self.dock.lane.deadlines.now()) {
                self.patience.clear();
            }
            let Some(frame) = frame else {
                // The protocol's own check found the announced length, if there was one.
                return Poll::Ready(Ok(Fill::End));
            };
            let Ok(frame) = frame else { return Poll::Ready(Err(BodyFault::Gone)) };
            let Ok(payload) = frame.into_data() else { continue };
            self.taken += payload.len() as u64;
            if self.taken > self.bytes_max {
                return Poll::Ready(Err(BodyFault::TooLarge));
            }
            self.left = self.left.map(|left| left.saturating_sub(payload.len() as u64));
            if into.try_reserve(payload.len()).is_err() {
                return Poll::Ready(Err(BodyFault::NoMemory));
            }
            into.extend_from_slice(&payload);
            if !payload.is_empty() {
                let fill = if self.body.is_end_stream() { Fill::End } else { Fill::More };
                return Poll::Ready(Ok(fill));
            }
        }
    }
}
