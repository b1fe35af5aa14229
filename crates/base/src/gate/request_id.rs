//! The two ids of a request. The request id is a UUID that tells node and thread, so that `explain` knows where to ask.

use super::Lane;
use std::fmt;

/// `x-amzn-RequestId` and `$context.requestId`: a UUID in lower-case text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId {
    bytes: [u8; 16],
    text: [u8; 36],
}

/// `x-amz-apigw-id` and `$context.extendedRequestId`: fifteen characters of base64 and an `=` (observed).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ExtendedRequestId([u8; 16]);

/// The two digits of each byte.
static DIGITS: [[u8; 2]; 256] = digits();

const fn digits() -> [[u8; 2]; 256] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] = [HEX[byte >> 4], HEX[byte & 15]];
        byte += 1;
    }
    digits
}

impl RequestId {
    /// A new id. Its last two bytes are node and thread.
    pub fn new(lane: &Lane) -> RequestId {
        let mut dice = lane.dice.borrow_mut();
        let mut bytes = [0u8; 16];
        bytes[..8].copy_from_slice(&dice.roll().to_be_bytes());
        bytes[8..].copy_from_slice(&dice.roll().to_be_bytes());
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        bytes[14] = lane.node;
        bytes[15] = lane.thread;
        RequestId::of(bytes)
    }

    /// The id of these bytes.
    pub fn of(bytes: [u8; 16]) -> RequestId {
        // Where each byte's two digits stand.
        const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
        let mut text = [b'-'; 36];
        for (byte, at) in bytes.into_iter().zip(PLACES) {
            text[at..at + 2].copy_from_slice(&DIGITS[usize::from(byte)]);
        }
        RequestId { bytes, text }
    }

    /// Reads an id, in either case of letters.
    pub fn parse(text: &[u8]) -> Option<RequestId> {
        let text: [u8; 36] = text.try_into().ok()?;
        let fits = |(n, byte): (usize, &u8)| if matches!(n, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() };
        if !text.iter().enumerate().all(fits) {
            return None;
        }
        let digits = text.iter().filter(|byte| **byte != b'-').map(|byte| char::from(*byte).to_digit(16).unwrap_or(0));
        let whole = digits.fold(0u128, |whole, digit| whole << 4 | u128::from(digit));
        Some(RequestId::of(whole.to_be_bytes()))
    }

    /// The UUID.
    pub fn bytes(&self) -> [u8; 16] {
        self.bytes
    }

    /// As text, in bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).expect("hex digits and dashes are ASCII")
    }
}

impl ExtendedRequestId {
    /// A new id.
    pub fn new(lane: &Lane) -> ExtendedRequestId {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut dice = lane.dice.borrow_mut();
        let mut text = [b'='; 16];
        let (mut bits, mut left) = (dice.roll(), 10);
        for place in &mut text[..15] {
            if left == 0 {
                (bits, left) = (dice.roll(), 10);
            }
            *place = DIGITS[(bits & 63) as usize];
            bits >>= 6;
            left -= 1;
        }
        ExtendedRequestId(text)
    }

    /// As text, in bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("base64 is ASCII")
    }
}

impl Default for RequestId {
    fn default() -> Self {
        RequestId::of([0; 16])
    }
}

impl Default for ExtendedRequestId {
    fn default() -> Self {
        ExtendedRequestId([b'='; 16])
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ExtendedRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Clock, Dice, Timestamp};

    #[test]
    fn an_id_is_a_uuid_that_tells_its_thread_and_reads_back() {
        let lane = Lane::new(2, 7, Clock::manual(Timestamp(0)), Dice::seeded(1));
        let id = RequestId::new(&lane);
        assert_eq!(RequestId::parse(id.as_str().as_bytes()), Some(id));
        assert_eq!(RequestId::parse(id.as_str().to_uppercase().as_bytes()), Some(id));
        assert!(id.as_str().ends_with("0207"));
        assert_eq!(id.as_str().as_bytes()[14], b'4');
        assert_ne!(id, RequestId::new(&lane));
        assert_eq!(RequestId::parse(b"no"), None);
        assert_eq!(RequestId::parse(&[b'a'; 36]), None);
    }

    #[test]
    fn an_extended_id_looks_like_awss() {
        let lane = Lane::new(0, 0, Clock::manual(Timestamp(0)), Dice::seeded(1));
        let text = ExtendedRequestId::new(&lane).as_str().to_owned();
        assert!(text.len() == 16 && text.ends_with('='));
    }
}
