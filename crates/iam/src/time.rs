//! Dates as policies write them: the profile of ISO 8601 of the W3C, or seconds since the epoch.

use std::fmt::{self, Write};

const DAY_SECONDS: i64 = 86_400;
/// The years 0000 to 9999, which four digits can say.
const SECONDS: (i64, i64) = (-62_167_219_200, 253_402_300_799);

/// Milliseconds since the epoch of `2026`, `2026-11`, `2026-11-22`, `2026-11-22T12:00Z`, `2026-11-22T12:00:00.5+01:00` or `1795348800`.
///
/// Four digits are a year. (assumed: the epoch's first hour and a half is in no policy)
pub(crate) fn parse(text: &str) -> Option<i64> {
    let is_epoch = text.len() != 4 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_epoch {
        return text.parse::<i64>().ok()?.checked_mul(1_000);
    }
    let (date, clock) = match text.split_once('T') {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let days = days_of(date)?;
    let Some(clock) = clock else { return Some(days * DAY_SECONDS * 1_000) };
    // The time of a day belongs to a whole date.
    (date.len() == 10).then_some(())?;
    let (clock, offset_minutes) = match clock.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let (clock, offset) = clock.split_at_checked(clock.len().checked_sub(6)?)?;
            let (sign, offset) = match offset.as_bytes()[0] {
                b'+' => (1, &offset[1..]),
                b'-' => (-1, &offset[1..]),
                _ => return None,
            };
            (clock, sign * hours_and_minutes(offset)?)
        }
    };
    let minutes = hours_and_minutes(clock.get(..5)?)?;
    let ms = match clock.get(5..)? {
        "" => 0,
        rest => milliseconds(rest.strip_prefix(':')?)?,
    };
    Some((days * DAY_SECONDS + (minutes - offset_minutes) * 60) * 1_000 + ms)
}

/// Days since the epoch of a date, of the first of a month, or of a year.
fn days_of(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |month| digits(month, 2))?;
    let day = parts.next().map_or(Some(1), |day| digits(day, 2))?;
    let is_date = parts.next().is_none() && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    is_date.then(|| days(year, month, day))
}

/// `12:30` in minutes.
fn hours_and_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// `30` or `30.25` seconds; what is finer than a millisecond is cut off.
fn milliseconds(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds = digits(seconds, 2).filter(|seconds| *seconds < 60)?;
    let is_fraction = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let places = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    is_fraction.then(|| seconds * 1_000 + places.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

fn days_in(year: i64, month: i64) -> i64 {
    let leaps = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leaps => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the epoch. Years begin in March here, so that the leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

/// Writes a time as `aws:CurrentTime` is: whole seconds, UTC.
pub(crate) fn write(ms: i64, out: &mut impl Write) -> fmt::Result {
    let seconds = ms.div_euclid(1_000).clamp(SECONDS.0, SECONDS.1);
    let (of_epoch, second) = (seconds.div_euclid(DAY_SECONDS), seconds.rem_euclid(DAY_SECONDS));
    // The year that begins at or before that day: a guess that is never too late, then a few steps.
    let mut year = 1970 + of_epoch.div_euclid(if of_epoch < 0 { 365 } else { 366 });
    while days(year + 1, 1, 1) <= of_epoch {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days(year, *month, 1) <= of_epoch).unwrap_or(1);
    let day = of_epoch - days(year, month, 1) + 1;
    write!(out, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_date_are_one_moment() {
        let noon = 1_795_348_800_000;
        for text in
            ["2026-11-22T12:00:00Z", "2026-11-22T12:00Z", "2026-11-22T13:00:00+01:00", "2026-11-22T06:30:00.000-05:30", "1795348800"]
        {
            assert_eq!(parse(text), Some(noon), "{text}");
        }
        assert_eq!(parse("2026-11-22T12:00:00.25Z"), Some(noon + 250));
        assert_eq!(parse("2026-11-22"), Some(noon - 43_200_000));
        assert_eq!((parse("1970"), parse("1970-02"), parse("0")), (Some(0), Some(31 * 86_400_000), Some(0)));
        assert_eq!(parse("1969-12-31T23:59:59Z"), Some(-1_000));
        assert_eq!(parse("2024-02-29"), Some(1_709_164_800_000));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "T",
            "noon",
            "2026-13-01",
            "2026-00-01",
            "2026-11-31",
            "2023-02-29",
            "1900-02-29",
            "2026-11-22T",
            "2026-11-22T12Z",
            "2026-11-22T24:00Z",
            "2026-11-22T12:00",
            "2026-11-22T12:00:60Z",
            "2026-11T12:00Z",
            "2026-11-22T12:00:00.Z",
            "2026-11-22T12:00:00é",
            "+2026",
            "-1",
            "2026-1-1",
            "2026-11-22T12:00:00*01:00",
            "99999999999999999999",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for day in (-300_000..300_000).step_by(97) {
            let ms = day * 86_400_000 + 3_723_000;
            let mut text = String::new();
            write(ms, &mut text).unwrap();
            assert_eq!(parse(&text), Some(ms), "{text}");
        }
    }
}
