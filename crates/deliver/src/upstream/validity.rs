//! From when and until when a certificate is good: the only thing that is read here of its DER, since the library tells it only together
//! with a judgement of the issuer.

use base::world::Day;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Seconds since 1970 of a certificate's first and last moment; `None` if it is no certificate.
pub(super) fn dates(certificate: &[u8]) -> Option<(u64, u64)> {
    let (_, certificate, _) = element(certificate).filter(|(tag, _, _)| *tag == SEQUENCE)?;
    let (_, mut body, _) = element(certificate).filter(|(tag, _, _)| *tag == SEQUENCE)?;
    if let Some((VERSION, _, rest)) = element(body) {
        body = rest;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        (_, _, body) = element(body)?;
    }
    let (_, validity, _) = element(body).filter(|(tag, _, _)| *tag == SEQUENCE)?;
    let (tag, from, rest) = element(validity)?;
    let from = seconds(tag, from)?;
    let (tag, to, _) = element(rest)?;
    Some((from, seconds(tag, to)?))
}

/// The first element: its tag, its content, and what follows it. Lengths of up to four bytes.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` (of 1950 to 2049) or `YYYYMMDDHHMMSSZ`. What lies before 1970 is 0.
fn seconds(tag: u8, text: &[u8]) -> Option<u64> {
    let digits = text.strip_suffix(b"Z")?;
    let number =
        |digits: &[u8]| std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?.parse::<u32>().ok();
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let year = number(&digits[..2])?;
            (if year < 50 { 2000 + year } else { 1900 + year }, &digits[2..])
        }
        (GENERALIZED_TIME, 14) => (number(&digits[..4])?, &digits[4..]),
        _ => return None,
    };
    let part = |n: usize| number(&rest[2 * n..2 * n + 2]);
    let (hour, minute, second) = (part(2)?, part(3)?, part(4)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    if year < 1970 {
        return Some(0);
    }
    let day = Day::of(i64::from(year), part(0)?, part(1)?)?;
    Some(day.start().seconds() + u64::from(hour * 3600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_dates_of_a_certificate_are_read() {
        let mut params = rcgen::CertificateParams::new(vec!["a.test".into()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 11, 22);
        params.not_after = rcgen::date_time_ymd(2051, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        assert_eq!(dates(certificate.der()), Some((1_795_305_600, 2_556_144_000)));
    }

    #[test]
    fn both_forms_of_a_date_are_read_and_nothing_else() {
        assert_eq!(seconds(UTC_TIME, b"700101000000Z"), Some(0));
        assert_eq!(seconds(UTC_TIME, b"491231235959Z"), Some(2_524_607_999));
        assert_eq!(seconds(UTC_TIME, b"500101000000Z"), Some(0));
        assert_eq!(seconds(GENERALIZED_TIME, b"20261122000001Z"), Some(1_795_305_601));
        for text in
            ["", "Z", "20261122000001", "2026112200000Z", "20261322000000Z", "20261122240000Z", "2026112200000xZ", "+0261122000000Z"]
        {
            assert_eq!(seconds(GENERALIZED_TIME, text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_dates_or_none(bytes: Vec<u8>) {
            let _dates = dates(&bytes);
        }
    }
}
