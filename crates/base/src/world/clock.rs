//! The clock: a monotonic [`Moment`] for durations and deadlines, a [`Timestamp`] for people and calendars.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since this clock was made. Never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
    /// How long ago `earlier` was; zero when it lies ahead.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment `wait` from here.
    pub fn after(self, wait: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Whole seconds since the epoch, as the control API writes dates.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// The UTC day this moment falls on.
    pub fn day(self) -> Day {
        Day(u32::try_from(self.0 / Day::MS).unwrap_or(u32::MAX))
    }

    /// `2026-11-22T17:00:00Z`.
    pub fn iso(self) -> String {
        let (y, m, d) = self.day().civil();
        let s = self.seconds() % 86_400;
        format!("{y:04}-{m:02}-{d:02}T{:02}:{:02}:{:02}Z", s / 3600, s / 60 % 60, s % 60)
    }

    /// `22/Nov/2026:17:00:00 +0000`, the form of `$context.requestTime`.
    pub fn common_log(self) -> String {
        let mut out = Vec::with_capacity(26);
        self.write_common_log(&mut out);
        String::from_utf8(out).expect("digits and names of months are ASCII")
    }

    /// Appends the same, without allocating where there is room.
    pub fn write_common_log(self, out: &mut Vec<u8>) {
        const MONTHS: [&[u8; 3]; 12] = [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
        let (y, m, d) = self.day().civil();
        let s = (self.seconds() % 86_400) as u32;
        let two = |n: u32| [b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8];
        let year = y as u32;
        let ([c, e], [g, h]) = (two(year / 100), two(year));
        let ([d1, d2], [h1, h2], [m1, m2], [s1, s2]) = (two(d), two(s / 3600), two(s / 60 % 60), two(s % 60));
        let [a, b, z] = *MONTHS[m as usize - 1];
        out.extend_from_slice(&[
            d1, d2, b'/', a, b, z, b'/', c, e, g, h, b':', h1, h2, b':', m1, m2, b':', s1, s2, b' ', b'+', b'0', b'0', b'0', b'0',
        ]);
    }
}

/// A day of the UTC calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Day(pub u32);

impl Day {
    /// Milliseconds in a day.
    pub const MS: u64 = 86_400_000;

    /// When this day begins.
    pub fn start(self) -> Timestamp {
        Timestamp(u64::from(self.0) * Self::MS)
    }

    /// The day `n` later.
    pub fn plus(self, n: u32) -> Day {
        Day(self.0.saturating_add(n))
    }

    /// Year, month (1 to 12) and day of month.
    pub fn civil(self) -> (i64, u32, u32) {
        // Days are counted in eras of 400 years that begin on 1 March, so that a leap day ends its year.
        let z = i64::from(self.0) + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let d = (doy - (153 * mp + 2) / 5 + 1) as u32;
        let m = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
        (yoe + era * 400 + i64::from(m <= 2), m, d)
    }

    /// The day of a calendar date; `None` when there is no such date (or it lies before 1970).
    pub fn of(year: i64, month: u32, day: u32) -> Option<Day> {
        if !(1..=12).contains(&month) || day == 0 || day > 31 || !(1970..=9999).contains(&year) {
            return None;
        }
        let y = if month <= 2 { year - 1 } else { year };
        let era = y.div_euclid(400);
        let yoe = y.rem_euclid(400);
        let mp = i64::from(if month > 2 { month - 3 } else { month + 9 });
        let doy = (153 * mp + 2) / 5 + i64::from(day) - 1;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        let found = Day(u32::try_from(era * 146_097 + doe - 719_468).ok()?);
        (found.civil() == (year, month, day)).then_some(found)
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Day> {
        let mut parts = text.splitn(3, '-');
        let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
        if y.len() != 4 || m.len() != 2 || d.len() != 2 {
            return None;
        }
        Day::of(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?)
    }

    /// The Sunday on or before this day: where an AWS week begins.
    pub fn start_of_week(self) -> Day {
        // 1970-01-01 was a Thursday, four days after a Sunday.
        Day(self.0 - (self.0 + 4) % 7)
    }

    /// The first of this day's month.
    pub fn start_of_month(self) -> Day {
        let (_, _, d) = self.civil();
        Day(self.0 - (d - 1))
    }

    /// The first of the month after this day's.
    pub fn start_of_next_month(self) -> Day {
        self.start_of_month().plus(31).start_of_month()
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (y, m, d) = self.civil();
        write!(f, "{y:04}-{m:02}-{d:02}")
    }
}

/// Where time comes from. Cheap to clone; all clones tell the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { origin: Instant },
    Manual(Arc<Hands>),
}

#[derive(Debug)]
struct Hands {
    elapsed_ns: AtomicU64,
    wall_ms_at_origin: u64,
}

impl Clock {
    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "this is the door to time")]
    pub fn system() -> Clock {
        Clock(Source::System { origin: Instant::now() })
    }

    /// A clock that stands still until [`Clock::advance`] is called. It starts at `wall`.
    pub fn manual(wall: Timestamp) -> Clock {
        Clock(Source::Manual(Arc::new(Hands { elapsed_ns: AtomicU64::new(0), wall_ms_at_origin: wall.0 })))
    }

    /// Monotonic time.
    #[expect(clippy::disallowed_methods, reason = "this is the door to time")]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Source::System { origin } => {
                let passed = Instant::now().duration_since(*origin);
                Moment(passed.as_secs() * 1_000_000_000 + u64::from(passed.subsec_nanos()))
            }
            Source::Manual(hands) => Moment(hands.elapsed_ns.load(Ordering::SeqCst)),
        }
    }

    /// Calendar time.
    #[expect(clippy::disallowed_methods, reason = "this is the door to time")]
    pub fn wall(&self) -> Timestamp {
        match &self.0 {
            Source::System { .. } => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
            }
            Source::Manual(hands) => Timestamp(hands.wall_ms_at_origin + hands.elapsed_ns.load(Ordering::SeqCst) / 1_000_000),
        }
    }

    /// Moves a manual clock on. The machine's clock does not listen.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(hands) = &self.0 {
            hands.elapsed_ns.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_the_same_thing_told_twice() {
        for n in (0..60_000).step_by(7) {
            let (y, m, d) = Day(n).civil();
            assert_eq!(Day::of(y, m, d), Some(Day(n)));
        }
        assert_eq!(Day::parse("2026-11-22").map(|d| d.to_string()).as_deref(), Some("2026-11-22"));
        assert_eq!(Day::parse("2026-02-29"), None);
        assert_eq!(Day::parse("2026-2-9"), None);
    }

    #[test]
    fn weeks_begin_on_sunday_and_months_on_the_first() {
        let sunday = Day::of(2026, 11, 22).unwrap();
        assert_eq!(sunday.start_of_week(), sunday);
        assert_eq!(sunday.plus(6).start_of_week(), sunday);
        assert_eq!(sunday.plus(7).start_of_week(), sunday.plus(7));
        assert_eq!(sunday.start_of_month(), Day::of(2026, 11, 1).unwrap());
        assert_eq!(sunday.start_of_next_month(), Day::of(2026, 12, 1).unwrap());
        assert_eq!(Day::of(2024, 1, 31).unwrap().start_of_next_month(), Day::of(2024, 2, 1).unwrap());
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(Timestamp(1_000));
        let first = clock.now();
        assert_eq!(clock.now(), first);
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now().since(first), Duration::from_secs(2));
        assert_eq!(clock.wall(), Timestamp(3_000));
    }

    #[test]
    fn dates_print_as_aws_prints_them() {
        let t = Timestamp(1_428_582_896_000);
        assert_eq!(t.common_log(), "09/Apr/2015:12:34:56 +0000");
        assert_eq!(t.iso(), "2015-04-09T12:34:56Z");
    }
}
