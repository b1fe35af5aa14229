//! Chance: ids for things, and dice for draws. Both are seeded by the operating system unless a test says otherwise.

use std::sync::{Arc, Mutex, PoisonError};

const LOWER: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const MIXED: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Fast dice for one thread: request ids, canary draws, jitter. Seeded by the operating system; never used for secrets.
#[derive(Debug)]
pub struct Dice(fastrand::Rng);

impl Dice {
    /// Dice seeded by the operating system.
    pub fn new() -> Dice {
        let mut seed = [0u8; 8];
        fill(&mut seed);
        Dice(fastrand::Rng::with_seed(u64::from_le_bytes(seed)))
    }

    /// Dice that fall the same way each time.
    pub fn seeded(seed: u64) -> Dice {
        Dice(fastrand::Rng::with_seed(seed))
    }

    /// 64 random bits.
    pub fn roll(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// A number from 0.0 up to, but not including, 1.0.
    pub fn fraction(&mut self) -> f64 {
        self.0.f64()
    }
}

impl Default for Dice {
    fn default() -> Self {
        Dice::new()
    }
}

/// Names for new things, in AWS's shapes. Secret-grade unless seeded.
#[derive(Clone, Debug)]
pub struct Ids(Option<Arc<Mutex<fastrand::Rng>>>);

impl Ids {
    /// Ids from the operating system's generator.
    pub fn system() -> Ids {
        Ids(None)
    }

    /// The same ids in the same order, for tests.
    pub fn seeded(seed: u64) -> Ids {
        Ids(Some(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)))))
    }

    /// `[a-z0-9]{length}`: API, key, resource and deployment ids.
    pub fn lower(&self, length: usize) -> String {
        self.text(LOWER, length)
    }

    /// `[A-Za-z0-9]{length}`: generated API key values and secrets.
    pub fn mixed(&self, length: usize) -> String {
        self.text(MIXED, length)
    }

    /// Like [`Ids::lower`] with ten characters, but an id made later sorts before one made earlier (to the millisecond): for lists that
    /// show the newest first.
    pub fn newest_first(&self, now: super::Timestamp) -> String {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        const STAMP_LENGTH: u32 = 8;
        let mut left = 36u64.pow(STAMP_LENGTH) - 1 - now.0 % 36u64.pow(STAMP_LENGTH);
        let mut id = vec![0u8; STAMP_LENGTH as usize];
        for place in id.iter_mut().rev() {
            *place = DIGITS[(left % 36) as usize];
            left /= 36;
        }
        String::from_utf8(id).expect("digits are ASCII") + &self.lower(2)
    }

    fn text(&self, alphabet: &[u8], length: usize) -> String {
        let mut out = String::with_capacity(length);
        // Bytes past the last whole multiple of the alphabet are thrown away, so that every letter is as likely.
        let fair = 256 - 256 % alphabet.len();
        let mut bytes = [0u8; 64];
        while out.len() < length {
            self.bytes(&mut bytes);
            for byte in bytes {
                if out.len() < length && usize::from(byte) < fair {
                    out.push(char::from(alphabet[usize::from(byte) % alphabet.len()]));
                }
            }
        }
        out
    }

    /// Fills `out` with random bytes.
    pub fn bytes(&self, out: &mut [u8]) {
        match &self.0 {
            None => fill(out),
            Some(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill(out),
        }
    }
}

fn fill(out: &mut [u8]) {
    aws_lc_rs::rand::fill(out).expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shape_that_was_asked_for() {
        let ids = Ids::system();
        let id = ids.lower(10);
        assert_eq!(id.len(), 10);
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        assert_ne!(id, ids.lower(10));
        assert_eq!(ids.mixed(40).len(), 40);
    }

    #[test]
    fn a_later_id_sorts_before_an_earlier_one() {
        let ids = Ids::system();
        let at = |ms| ids.newest_first(super::super::Timestamp(ms));
        assert!(at(1_795_348_800_001) < at(1_795_348_800_000));
        assert!(at(1_895_348_800_000) < at(1_795_348_800_000));
        assert_eq!(at(1_795_348_800_000).len(), 10);
    }

    #[test]
    fn seeded_ids_repeat() {
        assert_eq!(Ids::seeded(7).lower(10), Ids::seeded(7).lower(10));
        assert_ne!(Ids::seeded(7).lower(10), Ids::seeded(8).lower(10));
    }
}
