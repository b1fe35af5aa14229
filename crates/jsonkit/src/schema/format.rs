//! The formats of draft 4. Others, and above all those of numbers, are not checked.

use std::net::{Ipv4Addr, Ipv6Addr};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Format {
    DateTime,
    Email,
    Hostname,
    Ipv4,
    Ipv6,
    Uri,
}

impl Format {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "date-time" => Self::DateTime,
            "email" => Self::Email,
            "hostname" => Self::Hostname,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "uri" => Self::Uri,
            _ => return None,
        })
    }

    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::DateTime => is_date_time(text),
            Self::Email => is_email(text),
            Self::Hostname => is_hostname(text),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Uri => is_uri(text),
        }
    }

    /// What is said of a text that does not fit, behind `string "…" is`.
    pub(super) fn complaint(self) -> &'static str {
        match self {
            Self::DateTime => "invalid against requested date format(s) [yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,12}Z]",
            Self::Email => "not a valid email address",
            Self::Hostname => "not a valid hostname",
            Self::Ipv4 => "not a valid IPv4 address",
            Self::Ipv6 => "not a valid IPv6 address",
            Self::Uri => "not a valid URI",
        }
    }
}

/// RFC 3339, with up to twelve digits of a second and a zone that is `Z` or an offset.
fn is_date_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| {
        let digits = bytes.get(range)?;
        digits.iter().all(u8::is_ascii_digit).then(|| digits.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0')))
    };
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else { return false };
    let (Some(hour), Some(minute), Some(second)) = (number(11..13), number(14..16), number(17..19)) else { return false };
    let signs = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let fits = (1..=12).contains(&month) && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !fits || !signs.into_iter().all(|(at, sign)| is(at, sign)) {
        return false;
    }
    let mut rest = &text[19..];
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|char: char| char.is_ascii_digit());
        if !(1..=12).contains(&(fraction.len() - rest.len())) {
            return false;
        }
    }
    is_zone(rest)
}

fn is_zone(text: &str) -> bool {
    let digits = |text: &str, max: u32| {
        text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u32>().is_ok_and(|number| number <= max)
    };
    let Some(offset) = text.strip_prefix(['+', '-']) else { return text == "Z" };
    let (hours, minutes) = match offset.split_once(':') {
        Some(parts) => parts,
        None if offset.len() == 4 && offset.is_ascii() => offset.split_at(2),
        None => return false,
    };
    digits(hours, 23) && digits(minutes, 59)
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let is_atom = |atom: &str| {
        !atom.is_empty() && !atom.contains(|char: char| char.is_whitespace() || char.is_control() || "()<>[]:;@\\,\"".contains(char))
    };
    let is_literal = domain.starts_with('[') && domain.ends_with(']');
    (is_quoted || local.split('.').all(is_atom)) && (is_literal || domain.split('.').all(is_atom))
}

/// Labels of letters, digits and inner hyphens. Java's reader of names wants a letter first in the last one of several.
fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        let fits = |char: char| char.is_ascii_alphanumeric() || char == '-';
        (1..=63).contains(&label.len()) && label.chars().all(fits) && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 255 && text.split('.').all(is_label)
}

/// What `java.net.URI` takes, in the main: relative references, too; letters of all scripts, but no blanks and none of `"<>\^` and their like.
fn is_uri(text: &str) -> bool {
    let fits = |char: char| !char.is_control() && !char.is_whitespace() && !"\"<>\\^`{|}".contains(char);
    let is_escaped = text.split('%').skip(1).all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()));
    let scheme = match text.find([':', '/', '?', '#']) {
        Some(at) if text[at..].starts_with(':') => Some(&text[..at]),
        _ => None,
    };
    let is_scheme = |scheme: &str| {
        let fits = |char: char| char.is_ascii_alphanumeric() || "+-.".contains(char);
        scheme.starts_with(|char: char| char.is_ascii_alphabetic()) && scheme.chars().all(fits)
    };
    let something_follows = scheme.is_none_or(|scheme| text.len() > scheme.len() + 1 && !text[scheme.len() + 1..].starts_with('#'));
    text.chars().all(fits) && is_escaped && scheme.is_none_or(is_scheme) && something_follows && text.matches('#').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_take_what_they_should_and_refuse_the_rest() {
        for (format, good, bad) in [
            (
                Format::DateTime,
                &["2024-02-29T23:59:59Z", "2023-01-01T00:00:00.123+01:00", "2023-01-01T00:00:00-0800"][..],
                &[
                    "2023-02-29T00:00:00Z",
                    "2023-01-01",
                    "2023-01-01 00:00:00Z",
                    "2023-01-01T24:00:00Z",
                    "2023-01-01T00:00:00",
                    "2023-01-01T00:00:00.Z",
                    "2023-13-01T00:00:00Z",
                    "é023-01-01T00:00:00Z",
                ][..],
            ),
            (Format::Email, &["a@b.example", "a.b+c@example", "\"a b\"@x.y"], &["a", "@b", "a@", "a b@c", "a..b@c", "a@b..c"]),
            (Format::Hostname, &["a", "www.example.com", "a-1.b"], &["", "-a", "a-", "a..b", "a_b", "a."]),
            (Format::Ipv4, &["127.0.0.1"], &["127.0.0", "256.0.0.1", "127.0.0.1.1", "::1"]),
            (Format::Ipv6, &["::1", "fe80::1:2"], &["127.0.0.1", "12345::", ":::"]),
            (Format::Uri, &["http://a.b/c?d=e#f", "/a/b", "urn:x:y", "a"], &["http://a b", "a%2", "1a:b", "http:", "a#b#c", "<a>"]),
        ] {
            for text in good {
                assert!(format.fits(text), "{text}");
            }
            for text in bad {
                assert!(!format.fits(text), "{text}");
            }
        }
        assert_eq!(Format::named("int32"), None);
    }
}
