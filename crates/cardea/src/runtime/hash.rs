//! Hashing for tables that are looked into with every request.

use std::hash::{BuildHasherDefault, Hasher};

/// Mixes bytes into a hash, eight at a time, by multiplying to 128 bits and folding: keyed by where it starts and by `seed`.
pub(super) fn fold(mut hash: u64, seed: u64, bytes: &[u8]) -> u64 {
    let mut mix = |word: u64| {
        let wide = u128::from(hash ^ word) * u128::from(seed ^ 0x9e37_79b9_7f4a_7c15);
        hash = (wide >> 64) as u64 ^ wide as u64;
    };
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        mix(u64::from_le_bytes(word.try_into().expect("eight bytes are eight bytes")));
    }
    let tail = words.remainder().iter().fold(bytes.len() as u64, |word, byte| word << 8 | u64::from(*byte));
    mix(tail);
    mix(seed);
    hash
}

/// A hasher for maps whose keys are the operator's own (ids, names of stages): strangers look things up there, and put nothing in, so
/// nobody can make keys collide.
#[derive(Clone, Copy, Default)]
pub struct Names(u64);

/// Makes [`Names`].
pub type ByName = BuildHasherDefault<Names>;

impl Hasher for Names {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = fold(self.0, 0, bytes);
    }
    fn write_u8(&mut self, _end: u8) {
        // A text hashes its end, too; its length is in already.
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    #[test]
    fn names_that_differ_a_little_hash_far_apart() {
        let hashes: HashSet<u64> = (0..10_000).map(|n| ByName::default().hash_one(format!("api{n:07}").as_str()) >> 40).collect();
        assert!(hashes.len() > 9_900, "{}", hashes.len());
        assert_ne!(ByName::default().hash_one("a"), ByName::default().hash_one("a\0"));
    }
}
