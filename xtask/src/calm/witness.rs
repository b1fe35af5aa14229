//! Who made a request wait? On a machine that others use, too, a data thread may have to wait for a core, and so may the load. What they
//! waited is written down by the scheduler, and is taken off: what is left is the gateway's.
//!
//! A data thread that waits for a core because another thread of the same process runs on it waits for the gateway, though; so of its
//! waiting only what is more than the processor time of its siblings in that span counts as somebody else's.

use super::Ground;
use super::herd::{Herd, LATE, Pace, Toll};
use crate::failure::Outcome;
use crate::node::Node;
use base::world::Moment;
use std::fs;
use std::time::Duration;

/// How often the scheduler's figures are read.
const EVERY: Duration = Duration::from_millis(10);
/// Samples that are kept.
const SAMPLES_MAX: usize = 100_000;

/// The scheduler's figures of one process, over time.
pub(crate) struct Witness {
    pid: u32,
    samples: Vec<Sample>,
}

#[derive(Clone, Copy)]
struct Sample {
    at: Moment,
    /// How long data threads have waited for a core.
    waited_ns: u64,
    /// How long the other threads have run.
    siblings_ran_ns: u64,
}

impl Witness {
    pub(crate) fn of(pid: u32) -> Witness {
        Witness { pid, samples: Vec::new() }
    }

    /// Looks, if it is time to.
    pub(crate) fn look(&mut self, now: Moment) {
        let due = self.samples.last().is_none_or(|last| now.since(last.at) >= EVERY);
        if !due || self.samples.len() >= SAMPLES_MAX {
            return;
        }
        let (mut waited_ns, mut siblings_ran_ns) = (0, 0);
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", self.pid)) else { return };
        for thread in threads.flatten() {
            let read = |name: &str| fs::read_to_string(thread.path().join(name)).unwrap_or_default();
            let figures = read("schedstat");
            let mut figures = figures.split_whitespace().filter_map(|number| number.parse::<u64>().ok());
            let (ran, waited) = (figures.next().unwrap_or(0), figures.next().unwrap_or(0));
            if read("comm").starts_with("data-") {
                waited_ns += waited;
            } else {
                siblings_ran_ns += ran;
            }
        }
        self.samples.push(Sample { at: now, waited_ns, siblings_ran_ns });
    }

    /// How much of a wait neither the load's own gaps nor other programs on this machine explain.
    pub(crate) fn unexplained(&self, asked: Moment, seen: Moment, gaps: &[(Moment, Moment)]) -> Duration {
        let whole = seen.since(asked);
        let overlap = |(from, to): &(Moment, Moment)| (*to).min(seen).since((*from).max(asked));
        let ours: Duration = gaps.iter().map(overlap).sum();
        let before = self.samples.iter().rev().find(|sample| sample.at <= asked).or(self.samples.first());
        let after = self.samples.iter().find(|sample| sample.at >= seen).or(self.samples.last());
        let others = before.zip(after).map_or(0, |(before, after)| {
            let waited = after.waited_ns.saturating_sub(before.waited_ns);
            waited.saturating_sub(after.siblings_ran_ns.saturating_sub(before.siblings_ran_ns))
        });
        whole.saturating_sub(ours).saturating_sub(Duration::from_nanos(others))
    }
}

/// What a run of ordinary requests saw.
pub(crate) struct Watched {
    pub(crate) toll: Toll,
    /// Requests over [`LATE`], those of them that are so by the gateway's share alone, and the longest such share.
    pub(crate) late: usize,
    pub(crate) late_by_gateway: usize,
    pub(crate) longest_by_gateway: Duration,
    pub(crate) seconds: f64,
}

/// Asks a node as [`Herd::run`] does, and looks at who was late and why.
pub(super) fn watch(
    ground: &Ground,
    herd: &mut Herd,
    node: &Node,
    pace: Pace,
    ask: impl FnMut(u64, &mut Vec<u8>),
    enough: impl Fn(Moment) -> bool,
) -> Outcome<Watched> {
    let (mut toll, mut witness, begun) = (Toll::default(), Witness::of(node.process.pid), ground.clock.now());
    herd.gaps.clear();
    let turn = |now| {
        witness.look(now);
        enough(now)
    };
    herd.run(pace, ask, |heard| toll.hear(&heard), turn)?;
    let ended = ground.clock.now();
    witness.look(ended.after(EVERY));
    let alone: Vec<Duration> = toll.late.iter().map(|(asked, seen)| witness.unexplained(*asked, *seen, &herd.gaps)).collect();
    Ok(Watched {
        late: toll.late.len(),
        late_by_gateway: alone.iter().filter(|share| **share > LATE).count(),
        longest_by_gateway: alone.into_iter().max().unwrap_or_default(),
        seconds: ended.since(begun).as_secs_f64(),
        toll,
    })
}

impl Watched {
    /// In words.
    pub(crate) fn words(&self) -> String {
        format!(
            "{} answers, {} failed, p50 {:.2} p99 {:.2} most {:.1} ms, {} over {} ms of which {} the gateway's (longest share {:.1} ms)",
            self.toll.answers,
            self.toll.failed(),
            self.toll.quantile_ms(0.5),
            self.toll.quantile_ms(0.99),
            self.toll.quantile_ms(1.0),
            self.late,
            LATE.as_millis(),
            self.late_by_gateway,
            super::ms(self.longest_by_gateway),
        )
    }

    /// In figures.
    pub(crate) fn figures(&self) -> serde_json::Value {
        serde_json::json!({"answers": self.toll.answers, "failed": self.toll.failed(), "p50Ms": self.toll.quantile_ms(0.5),
            "p99Ms": self.toll.quantile_ms(0.99), "mostMs": self.toll.quantile_ms(1.0), "late": self.late,
            "lateByGateway": self.late_by_gateway})
    }

    /// The promises that hold whatever is done: nobody fails, and nobody waits for the gateway.
    pub(crate) fn promised(&self, broken: &mut Vec<String>, when: &str) {
        let first = self.toll.first_wrong.as_deref().unwrap_or("-");
        super::promise(broken, self.toll.failed() == 0, format!("{} requests failed {when}: {first}", self.toll.failed()));
        let words =
            format!("{} requests took over {} ms {when} that nobody but the gateway explains", self.late_by_gateway, LATE.as_millis());
        super::promise(broken, self.late_by_gateway == 0, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_took_is_taken_off_and_what_siblings_took_is_not() {
        let at = |ms: u64| Moment(ms * 1_000_000);
        let sample = |ms, waited_ms: u64, siblings_ms: u64| Sample {
            at: at(ms),
            waited_ns: waited_ms * 1_000_000,
            siblings_ran_ns: siblings_ms * 1_000_000,
        };
        let witness = Witness { pid: 0, samples: vec![sample(0, 0, 0), sample(100, 0, 0), sample(200, 40, 10), sample(300, 90, 10)] };
        let unexplained = |from, to, gaps: &[(Moment, Moment)]| witness.unexplained(at(from), at(to), gaps).as_millis();
        assert_eq!(unexplained(10, 90, &[]), 80);
        assert_eq!(unexplained(110, 190, &[]), 50, "of 40 ms of waiting, 10 may have been for siblings");
        assert_eq!(unexplained(10, 90, &[(at(0), at(30)), (at(80), at(95))]), 50);
        assert_eq!(unexplained(110, 290, &[]), 100);
    }
}
