//! How fast the other side of a connection must be.
//!
//! A deadline for each piece is not enough: a byte every half minute keeps a connection, and what it holds, for days. So the time that
//! was spent waiting for one body is added up, and may be no longer than a grace and what the bytes that moved have earned. Time in
//! which nobody waited (a slow back end, a slow disk) is not the client's.

use super::limits::Limits;
use base::world::Moment;
use std::time::Duration;

/// The waits for one body, of either direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    waited: Duration,
    waits_since: Option<Moment>,
}

impl Pace {
    /// A wait begins, after so many bytes of the body have moved: how long it may be. Nothing, if it has begun before.
    pub(super) fn wait(&mut self, now: Moment, moved_bytes: u64, stall_ms: u32, limits: &Limits) -> Option<Duration> {
        if self.waits_since.is_some() {
            return None;
        }
        self.waits_since = Some(now);
        let stall = Duration::from_millis(u64::from(stall_ms));
        let rate = u64::from(limits.client_bytes_per_second_min);
        let Some(earned_ms) = moved_bytes.saturating_mul(1_000).checked_div(rate) else { return Some(stall) };
        let earned = Duration::from_millis(earned_ms.saturating_add(u64::from(limits.client_grace_ms)));
        Some(stall.min(earned.saturating_sub(self.waited)))
    }

    /// Something came, or went: the wait is over. Says whether there was one.
    pub(super) fn moved(&mut self, now: Moment) -> bool {
        let waited = self.waits_since.take().map(|since| now.since(since));
        self.waited += waited.unwrap_or_default();
        waited.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::world::{Clock, Timestamp};

    fn limits(rate: u32) -> Limits {
        Limits { client_bytes_per_second_min: rate, client_grace_ms: 10_000, ..Limits::default() }
    }

    #[test]
    fn a_crawl_uses_its_grace_up_and_bytes_earn_time() {
        let (clock, limits, mut pace) = (Clock::manual(Timestamp(0)), limits(100), Pace::default());
        let seconds = Duration::from_secs;
        assert_eq!(pace.wait(clock.now(), 0, 30_000, &limits), Some(seconds(10)));
        assert_eq!(pace.wait(clock.now(), 0, 30_000, &limits), None, "it is under way");
        clock.advance(seconds(4));
        assert!(pace.moved(clock.now()));
        clock.advance(seconds(1_000));
        assert!(!pace.moved(clock.now()), "nobody waited meanwhile");
        assert_eq!(pace.wait(clock.now(), 200, 30_000, &limits), Some(seconds(8)), "4 were used, and 2 were earned");
        clock.advance(seconds(8));
        assert!(pace.moved(clock.now()));
        assert_eq!(pace.wait(clock.now(), 200, 30_000, &limits), Some(Duration::ZERO));
        assert!(pace.moved(clock.now()));
        assert_eq!(pace.wait(clock.now(), 1 << 30, 30_000, &limits), Some(seconds(30)), "one piece has its own bound");
    }

    #[test]
    fn without_a_rate_only_the_stall_counts() {
        let (clock, limits, mut pace) = (Clock::manual(Timestamp(0)), limits(0), Pace::default());
        for moved in 0..100 {
            assert_eq!(pace.wait(clock.now(), moved, 30_000, &limits), Some(Duration::from_secs(30)));
            clock.advance(Duration::from_secs(29));
            assert!(pace.moved(clock.now()));
        }
    }
}
