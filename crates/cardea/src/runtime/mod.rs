//! What a request meets: records compiled into a table that is swapped whole, and the pipeline over it.

use base::gate::{Exchange, Reply};

/// What one data thread needs to answer requests. Made on its thread, and stays there.
pub struct Desk {}

impl Desk {
    /// Answers a request. Whatever happens on the way, there is a reply.
    pub async fn answer(&self, ex: &mut Exchange) -> Reply {
        ex.arrive();
        Reply::new(404, base::gate::ReplyBody::Empty)
    }

    /// Writes a request down once the last byte of its answer has gone, or its client has. `ex.notes` holds status, bytes and times.
    pub fn record(&self, ex: &mut Exchange) {
        ex.notes.done = ex.lane.clock.now();
    }
}
