//! `Date`, as HTTP writes it.

use base::world::Timestamp;

/// `Sun, 06 Nov 1994 08:49:37 GMT`: always so long.
pub(super) const DATE_BYTES: usize = 29;

const DAYS: &[u8; 21] = b"SunMonTueWedThuFriSat";
const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// The date of this moment.
pub(super) fn date(at: Timestamp) -> [u8; DATE_BYTES] {
    let mut text = *b"Day, dd Mon yyyy hh:mm:ss GMT";
    let (year, month, day) = at.day().civil();
    // 1970-01-01 was a Thursday, four days after a Sunday.
    let weekday = (at.day().0 as usize + 4) % 7;
    let month = month as usize - 1;
    let year = year.clamp(0, 9_999) as u64;
    let second = at.seconds() % 86_400;
    text[..3].copy_from_slice(&DAYS[3 * weekday..][..3]);
    two(&mut text[5..], u64::from(day));
    text[8..11].copy_from_slice(&MONTHS[3 * month..][..3]);
    two(&mut text[12..], year / 100);
    two(&mut text[14..], year % 100);
    two(&mut text[17..], second / 3_600);
    two(&mut text[20..], second / 60 % 60);
    two(&mut text[23..], second % 60);
    text
}

fn two(place: &mut [u8], number: u64) {
    place[0] = b'0' + (number / 10 % 10) as u8;
    place[1] = b'0' + (number % 10) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_http_wants_it() {
        let told = |ms| String::from_utf8(date(Timestamp(ms)).to_vec()).unwrap();
        assert_eq!(told(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(told(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(told(951_782_399_999), "Mon, 28 Feb 2000 23:59:59 GMT");
        assert_eq!(told(951_782_400_000), "Tue, 29 Feb 2000 00:00:00 GMT");
    }
}
