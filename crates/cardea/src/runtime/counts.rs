//! What is counted of requests, for `/metrics`: AWS's Count, 4XXError, 5XXError, CacheHitCount, CacheMissCount, Latency and
//! IntegrationLatency.
//!
//! Each data thread counts for itself, without locks, in series that it knows by number. A stage brings the numbers of its series
//! along, so a request finds them without looking anything up by name. Sums are made when somebody asks.
//!
//! What AWS promises: metrics by API and stage, always; by resource and method only where the stage's `metricsEnabled` is on. What is
//! odd: a series stays until the process ends, also when its API is gone, for numbers that are given twice would mix two histories.
//! Beyond [`SERIES_MAX`], everything new counts as one more series, "other".

use base::gate::{Cached, Notes, Series};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Series of a node. A thread spends some 300 bytes on each that it has met.
pub const SERIES_MAX: usize = 10_000;

/// The upper bounds of the histograms' buckets, in milliseconds. The last is AWS's longest wait for an integration.
pub const BUCKETS_MS: [u64; 14] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 29_000];

/// The series of what no API claims.
const UNCLAIMED: u32 = 0;
/// The series of what came after the last series had been given out.
const OTHER: u32 = 1;

/// What a series is of. Neither an id nor a name is ever blank, so a blank one means none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Of {
    pub api: Arc<str>,
    pub stage: Arc<str>,
    /// Path and verb, for the series of a method.
    pub method: Option<(Arc<str>, Arc<str>)>,
}

/// The numbers of all series. Asked when a stage is bound, never for a request.
pub struct SeriesNames {
    known: Mutex<Known>,
    series_max: usize,
}

struct Known {
    numbers: HashMap<Of, u32>,
    names: Vec<Of>,
}

impl Default for SeriesNames {
    fn default() -> Self {
        SeriesNames::with(SERIES_MAX)
    }
}

impl SeriesNames {
    fn with(series_max: usize) -> SeriesNames {
        let fixed = |api: &str| Of { api: api.into(), stage: "".into(), method: None };
        let names = vec![fixed(""), fixed("other")];
        SeriesNames { known: Mutex::new(Known { numbers: HashMap::new(), names }), series_max }
    }

    /// The number of a stage's series: the same each time.
    pub fn stage(&self, api: &str, stage: &str) -> u32 {
        self.number(Of { api: api.into(), stage: stage.into(), method: None })
    }

    /// The number of a method's series; 0, for none, when all numbers are given out: its stage counts it all the same.
    pub fn method(&self, api: &str, stage: &str, path: &str, verb: &str) -> u32 {
        let number = self.number(Of { api: api.into(), stage: stage.into(), method: Some((path.into(), verb.into())) });
        if number == OTHER { UNCLAIMED } else { number }
    }

    /// What the series are of, by number.
    pub fn names(&self) -> Vec<Of> {
        self.known().names.clone()
    }

    fn number(&self, of: Of) -> u32 {
        let mut known = self.known();
        if let Some(number) = known.numbers.get(&of) {
            return *number;
        }
        if known.names.len() >= self.series_max {
            return OTHER;
        }
        let number = known.names.len() as u32;
        known.names.push(of.clone());
        known.numbers.insert(of, number);
        number
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long things took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many took at most so long, and longer than the bound before; the last: longer than all bounds.
    pub counts: [u64; BUCKETS_MS.len() + 1],
    pub nanoseconds: u64,
}

impl Histogram {
    fn add(&mut self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        // At most 14 comparisons, and for a quick request one.
        let bucket = BUCKETS_MS.iter().position(|bound| nanoseconds <= bound * 1_000_000).unwrap_or(BUCKETS_MS.len());
        self.counts[bucket] += 1;
        self.nanoseconds = self.nanoseconds.saturating_add(nanoseconds);
    }

    fn join(&mut self, other: &Histogram) {
        self.counts.iter_mut().zip(other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.nanoseconds = self.nanoseconds.saturating_add(other.nanoseconds);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// One series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub client_errors: u64,
    pub server_errors: u64,
    pub cache_hits: u64,
    pub cache_misses: u64,
    /// Of every request, so its count is AWS's Count.
    pub latency: Histogram,
    /// Of those for which a back end was asked.
    pub integration_latency: Histogram,
}

impl Counted {
    fn add(&mut self, notes: &Notes) {
        match notes.status {
            400..500 => self.client_errors += 1,
            500.. => self.server_errors += 1,
            _ => {}
        }
        match notes.cached {
            Cached::Unasked => {}
            Cached::Hit => self.cache_hits += 1,
            Cached::Miss => self.cache_misses += 1,
        }
        let upstream = &notes.upstream;
        // The answer is the 101: what is spoken after it may take hours.
        let answered = if notes.status == 101 { upstream.answered } else { notes.done };
        self.latency.add(answered.since(notes.head));
        if upstream.attempts > 0 {
            // One that never answered took until we gave up.
            let until = if upstream.status == 0 { notes.done } else { upstream.answered };
            self.integration_latency.add(until.since(upstream.began));
        }
    }

    fn join(&mut self, other: &Counted) {
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.cache_hits += other.cache_hits;
        self.cache_misses += other.cache_misses;
        self.latency.join(&other.latency);
        self.integration_latency.join(&other.integration_latency);
    }
}

/// What one thread counts, by the numbers of series. Room is made for a series when it is first met.
#[derive(Default)]
pub(super) struct Counts(Vec<Option<Box<Counted>>>);

impl Counts {
    /// Counts a request that is over.
    pub(super) fn add(&mut self, series: Series, notes: &Notes) {
        self.of(series.stage).add(notes);
        if series.method != UNCLAIMED {
            self.of(series.method).add(notes);
        }
    }

    fn of(&mut self, number: u32) -> &mut Counted {
        let at = number as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, None);
        }
        self.0[at].get_or_insert_default()
    }

    pub(super) fn sum(&self) -> Sum {
        Sum(self.0.clone())
    }
}

/// What several threads have counted.
#[derive(Default)]
pub struct Sum(Vec<Option<Box<Counted>>>);

impl Sum {
    /// Adds what another thread has counted.
    pub fn join(&mut self, other: Sum) {
        if other.0.len() > self.0.len() {
            self.0.resize(other.0.len(), None);
        }
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            match (mine.as_mut(), theirs) {
                (Some(mine), Some(theirs)) => mine.join(&theirs),
                (None, theirs) => *mine = theirs,
                (Some(_), None) => {}
            }
        }
    }

    /// The series that were met, with what they are of.
    pub fn series<'a>(&'a self, names: &'a [Of]) -> impl Iterator<Item = (&'a Of, &'a Counted)> {
        names.iter().zip(&self.0).filter_map(|(of, counted)| Some((of, counted.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::gate::Upstream;
    use base::world::Moment;

    fn notes(status: u16, ms: u64) -> Notes {
        Notes { status, done: Moment(ms * 1_000_000), ..Notes::default() }
    }

    #[test]
    fn a_name_has_one_number_and_beyond_the_bound_all_are_other() {
        let names = SeriesNames::with(4);
        let (a, b) = (names.stage("a", "prod"), names.method("a", "prod", "/pets", "GET"));
        assert_eq!((a, b), (2, 3));
        assert_eq!((names.stage("a", "prod"), names.method("a", "prod", "/pets", "GET")), (2, 3));
        assert_eq!(names.stage("b", "prod"), OTHER);
        assert_eq!(names.method("b", "prod", "/", "GET"), UNCLAIMED, "its stage counts it, and twice is too often");
        assert_eq!(names.names().len(), 4);
    }

    #[test]
    fn a_request_counts_for_its_stage_and_for_its_method_if_that_is_counted() {
        let mut counts = Counts::default();
        counts.add(Series { stage: 2, method: 3 }, &notes(200, 1));
        counts.add(Series { stage: 2, method: 0 }, &notes(404, 1));
        counts.add(Series { stage: 2, method: 3 }, &notes(503, 60_000));
        counts.add(Series::default(), &notes(400, 0));
        let names: Vec<Of> = (0..4).map(|n: u32| Of { api: n.to_string().into(), stage: "".into(), method: None }).collect();
        let sum = counts.sum();
        let told: Vec<_> = sum.series(&names).map(|(of, c)| (&*of.api, c.latency.count(), c.client_errors, c.server_errors)).collect();
        assert_eq!(told, [("0", 1, 1, 0), ("2", 3, 1, 1), ("3", 2, 0, 1)]);
    }

    #[test]
    fn a_bound_is_the_last_of_its_bucket() {
        let mut histogram = Histogram::default();
        for nanoseconds in [0, 1_000_000, 1_000_001, 29_000_000_000, 29_000_000_001] {
            histogram.add(Duration::from_nanos(nanoseconds));
        }
        assert_eq!((histogram.counts[0], histogram.counts[1], histogram.counts[13], histogram.counts[14]), (2, 1, 1, 1));
        assert_eq!(histogram.count(), 5);
    }

    #[test]
    fn a_back_end_that_never_answered_took_until_the_end() {
        let mut counted = Counted::default();
        counted.add(&notes(200, 5));
        assert_eq!(counted.integration_latency.count(), 0, "nobody was asked");
        let asked = Upstream { attempts: 1, began: Moment(1_000_000), ..Upstream::default() };
        counted.add(&Notes { upstream: asked, ..notes(504, 31_001) });
        counted.add(&Notes { upstream: Upstream { status: 200, answered: Moment(3_000_000), ..asked }, ..notes(200, 31_001) });
        assert_eq!((counted.integration_latency.counts[1], counted.integration_latency.counts[14]), (1, 1));
    }

    #[test]
    fn threads_add_up_whatever_series_each_has_met() {
        let count = |series: &[u32]| {
            let mut counts = Counts::default();
            series.iter().for_each(|stage| counts.add(Series { stage: *stage, method: 0 }, &notes(200, 1)));
            counts.sum()
        };
        let names: Vec<Of> = (0..5).map(|n: u32| Of { api: n.to_string().into(), stage: "".into(), method: None }).collect();
        let mut sum = count(&[1, 1]);
        sum.join(count(&[1, 4]));
        sum.join(count(&[]));
        let told: Vec<_> = sum.series(&names).map(|(of, counted)| (&*of.api, counted.latency.count())).collect();
        assert_eq!(told, [("1", 3), ("4", 1)]);
    }
}
