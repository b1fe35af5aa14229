//! The small part of the calendar a signature needs: whole seconds, UTC, years 1970 to 9999.

use std::fmt;

const DAY_SECONDS: i64 = 86_400;
/// 9999-12-31T23:59:59Z: the last second whose year has four digits.
const SECONDS_MAX: i64 = 253_402_300_799;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A second of a signature; prints as ISO-8601 basic, `20150830T123600Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(i64);

impl Stamp {
    /// `seconds` since the epoch, brought within what four digits of a year can say.
    pub fn at(seconds: i64) -> Self {
        Self(seconds.clamp(0, SECONDS_MAX))
    }

    /// Seconds since the epoch.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// The day as a credential scope writes it, `20150830`.
    pub fn day(self) -> String {
        let (year, month, day) = civil(self.0.div_euclid(DAY_SECONDS));
        format!("{year:04}{month:02}{day:02}")
    }

    pub(crate) fn plus(self, seconds: i64) -> Self {
        Self::at(self.0.saturating_add(seconds))
    }

    /// `20150830T123600Z` and nothing else.
    #[must_use]
    pub fn parse_basic(text: &str) -> Option<Self> {
        let bytes: &[u8; 16] = text.as_bytes().try_into().ok()?;
        if bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        let [year, month, day] = [number(&bytes[..4])?, number(&bytes[4..6])?, number(&bytes[6..8])?];
        moment(year, month, day, [number(&bytes[9..11])?, number(&bytes[11..13])?, number(&bytes[13..15])?])
    }

    /// The forms a `Date` header comes in: ISO basic, ISO extended (`2015-08-30T12:36:00Z`), RFC 1123 (`Sun, 30 Aug 2015 12:36:00 GMT`).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::parse_basic(text).or_else(|| Self::parse_extended(text)).or_else(|| Self::parse_rfc1123(text))
    }

    fn parse_extended(text: &str) -> Option<Self> {
        let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
        let date = date.as_bytes();
        if date.len() != 10 || date[4] != b'-' || date[7] != b'-' {
            return None;
        }
        moment(number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?, parse_clock(clock)?)
    }

    fn parse_rfc1123(text: &str) -> Option<Self> {
        let (weekday, rest) = text.split_once(", ")?;
        let mut words = rest.split(' ');
        let day = number(words.next()?.as_bytes())?;
        let name = words.next()?;
        let month = MONTHS.iter().position(|month| *month == name)?;
        let year = words.next().filter(|year| year.len() == 4)?;
        let clock = parse_clock(words.next()?)?;
        let ended = words.next() == Some("GMT") && words.next().is_none();
        // The name of the day says nothing that the date does not; that it is there is the form.
        (ended && weekday.len() == 3).then_some(())?;
        moment(number(year.as_bytes())?, i64::try_from(month).ok()? + 1, day, clock)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0.rem_euclid(DAY_SECONDS);
        write!(f, "{}T{:02}{:02}{:02}Z", self.day(), second / 3600, second / 60 % 60, second % 60)
    }
}

fn parse_clock(text: &str) -> Option<[i64; 3]> {
    let bytes: &[u8; 8] = text.as_bytes().try_into().ok()?;
    (bytes[2] == b':' && bytes[5] == b':').then_some(())?;
    Some([number(&bytes[..2])?, number(&bytes[3..5])?, number(&bytes[6..])?])
}

/// Digits only: `i64::from_str` would take a sign.
fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

fn moment(year: i64, month: i64, day: i64, [hour, minute, second]: [i64; 3]) -> Option<Stamp> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days(year, month, day);
    // A day that the month does not have (or day 0) comes back as another date.
    (civil(days) == (year, month, day)).then(|| Stamp(days * DAY_SECONDS + hour * 3600 + minute * 60 + second))
}

/// Days since the epoch of a date in the Gregorian calendar. Years begin in March here, so that the leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

/// The date of a day counted from the epoch: the way back of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_eight_thousand_years_is_one_after_the_day_before() {
        let last = SECONDS_MAX / DAY_SECONDS;
        let mut before = civil(-1);
        for day in 0..=last {
            let (year, month, date) = civil(day);
            let next_date = (year, month, date) == (before.0, before.1, before.2 + 1);
            let next_month = date == 1 && (year, month) == (before.0, before.1 + 1);
            let next_year = (month, date) == (1, 1) && (year, 12, 31) == (before.0 + 1, before.1, before.2);
            assert!(next_date || next_month || next_year, "{day} is {year}-{month}-{date}");
            assert_eq!(days(year, month, date), day);
            before = (year, month, date);
        }
        assert_eq!(before, (9999, 12, 31));
    }

    #[test]
    fn the_three_forms_of_a_date_are_one_second() {
        let second = Stamp::at(1_440_938_160);
        assert_eq!(second.to_string(), "20150830T123600Z");
        for form in ["20150830T123600Z", "2015-08-30T12:36:00Z", "Sun, 30 Aug 2015 12:36:00 GMT"] {
            assert_eq!(Stamp::parse(form), Some(second), "{form}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "20150830",
            "20150830T123600",
            "20150830t123600Z",
            "20150230T123600Z",
            "20150800T123600Z",
            "20151301T123600Z",
            "20150830T243600Z",
            "20150830T126000Z",
            "20150830T123660Z",
            "2015083OT123600Z",
            "+0150830T123600Z",
            "19690830T123600Z",
            "2015-08-30 12:36:00Z",
            "2015-08-30T12:36:00",
            "Sun, 30 Foo 2015 12:36:00 GMT",
            "Sun, 30 Aug 2015 12:36:00 CET",
            "Sunday, 30-Aug-15 12:36:00 GMT",
            "20150830T1236é0Z",
        ] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
        assert!(Stamp::parse("20160229T000000Z").is_some());
        assert!(Stamp::parse("21000229T000000Z").is_none());
    }
}
