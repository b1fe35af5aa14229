//! DEFLATE (RFC 1951), taken apart: bytes in, bytes out, and a bound on both.
//!
//! A stranger wrote the input: every length is checked before it is believed, the output stops at its announced size, and the work is
//! bounded by input and output together.

/// Bits of the longest code.
const CODE_BITS_MAX: usize = 15;
const LENGTH_BASES: [u16; 29] =
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS: [u8; 29] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASES: [u16; 30] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385,
    24577,
];
const DISTANCE_BITS: [u8; 30] = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
/// In which order the lengths of the codes for code lengths come.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// What is wrong with compressed bytes.
pub(crate) type Broken = &'static str;

/// Takes compressed bytes apart. More than `bytes_max` is an error.
pub(crate) fn inflate(input: &[u8], bytes_max: usize) -> Result<Vec<u8>, Broken> {
    let mut bits = Bits { input, at: 0, held: 0, count: 0 };
    let mut out = Vec::with_capacity(bytes_max.min(input.len().saturating_mul(4)));
    loop {
        let is_last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => stored(&mut bits, &mut out, bytes_max)?,
            1 => {
                let mut lengths = [8u8; 288];
                lengths[144..256].fill(9);
                lengths[256..280].fill(7);
                coded(&mut bits, &mut out, bytes_max, &Codes::new(&lengths)?, &Codes::new(&[5; 30])?)?;
            }
            2 => {
                let (literals, distances) = dynamic(&mut bits)?;
                coded(&mut bits, &mut out, bytes_max, &literals, &distances)?;
            }
            _ => return Err("a block of no known kind"),
        }
        if is_last {
            return Ok(out);
        }
    }
}

struct Bits<'i> {
    input: &'i [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl Bits<'_> {
    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(&byte) = self.input.get(self.at) else { return };
            self.held |= u64::from(byte) << self.count;
            self.at += 1;
            self.count += 8;
        }
    }

    fn take(&mut self, count: u32) -> Result<u32, Broken> {
        if self.count < count {
            self.fill();
            if self.count < count {
                return Err("the compressed data is cut off");
            }
        }
        let value = (self.held & ((1 << count) - 1)) as u32;
        self.held >>= count;
        self.count -= count;
        Ok(value)
    }

    /// Drops what is left of the current byte, and gives whole bytes back to the input.
    fn align(&mut self) {
        let whole = self.count / 8;
        self.at -= whole as usize;
        (self.held, self.count) = (0, 0);
    }
}

/// Codes of one alphabet: how many there are of each length, and the symbols in the order of their codes.
struct Codes {
    counts: [u16; CODE_BITS_MAX + 1],
    symbols: Vec<u16>,
    /// Symbol and length of every code of up to nine bits, by the bits as they come.
    short: Vec<(u16, u8)>,
}

const SHORT_BITS: u32 = 9;

impl Codes {
    fn new(lengths: &[u8]) -> Result<Codes, Broken> {
        let mut counts = [0u16; CODE_BITS_MAX + 1];
        for &length in lengths {
            counts[usize::from(length)] += 1;
        }
        counts[0] = 0;
        let mut left = 1i32;
        for &count in &counts[1..] {
            left = (left << 1) - i32::from(count);
            if left < 0 {
                return Err("a code with more words than there is room for");
            }
        }
        let mut offsets = [0u16; CODE_BITS_MAX + 2];
        for length in 1..=CODE_BITS_MAX {
            offsets[length + 1] = offsets[length] + counts[length];
        }
        let mut symbols = vec![0u16; usize::from(offsets[CODE_BITS_MAX + 1])];
        let mut short = vec![(0u16, 0u8); 1 << SHORT_BITS];
        let mut next = [0u32; CODE_BITS_MAX + 1];
        let mut code = 0u32;
        for length in 1..=CODE_BITS_MAX {
            code = (code + u32::from(counts[length - 1])) << 1;
            next[length] = code;
        }
        for (symbol, &length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            let length = usize::from(length);
            symbols[usize::from(offsets[length])] = symbol as u16;
            offsets[length] += 1;
            let code = next[length];
            next[length] += 1;
            if length as u32 <= SHORT_BITS {
                let mut at = (code.reverse_bits() >> (32 - length as u32)) as usize;
                while at < short.len() {
                    short[at] = (symbol as u16, length as u8);
                    at += 1 << length;
                }
            }
        }
        Ok(Codes { counts, symbols, short })
    }

    fn next(&self, bits: &mut Bits<'_>) -> Result<usize, Broken> {
        if bits.count < CODE_BITS_MAX as u32 {
            bits.fill();
        }
        let (symbol, length) = self.short[(bits.held & ((1 << SHORT_BITS) - 1)) as usize];
        if length > 0 && u32::from(length) <= bits.count {
            bits.held >>= length;
            bits.count -= u32::from(length);
            return Ok(usize::from(symbol));
        }
        let (mut code, mut first, mut index) = (0i32, 0i32, 0i32);
        for &count in &self.counts[1..] {
            code |= bits.take(1)? as i32;
            let count = i32::from(count);
            if code - first < count {
                return self.symbols.get((index + code - first) as usize).map(|symbol| usize::from(*symbol)).ok_or("a word of no code");
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err("a word of no code")
    }
}

fn stored(bits: &mut Bits<'_>, out: &mut Vec<u8>, bytes_max: usize) -> Result<(), Broken> {
    bits.align();
    let cut = "the compressed data is cut off";
    let head = bits.input.get(bits.at..bits.at + 4).ok_or(cut)?;
    let length = usize::from(u16::from_le_bytes([head[0], head[1]]));
    if u16::from_le_bytes([head[2], head[3]]) != !(length as u16) {
        return Err("a stored block whose length is told in two ways");
    }
    let bytes = bits.input.get(bits.at + 4..bits.at + 4 + length).ok_or(cut)?;
    if out.len() + length > bytes_max {
        return Err("it is larger than announced");
    }
    out.extend_from_slice(bytes);
    bits.at += 4 + length;
    Ok(())
}

fn dynamic(bits: &mut Bits<'_>) -> Result<(Codes, Codes), Broken> {
    let (literals, distances, words) = (bits.take(5)? as usize + 257, bits.take(5)? as usize + 1, bits.take(4)? as usize + 4);
    if literals > 286 || distances > 30 {
        return Err("an alphabet with too many symbols");
    }
    let mut lengths = [0u8; 19];
    for place in &ORDER[..words] {
        lengths[*place] = bits.take(3)? as u8;
    }
    let words = Codes::new(&lengths)?;
    let mut lengths = [0u8; 286 + 30];
    let (mut at, all) = (0, literals + distances);
    while at < all {
        let (value, times) = match words.next(bits)? {
            length @ 0..=15 => (length as u8, 1),
            16 if at == 0 => return Err("a length is repeated before there is one"),
            16 => (lengths[at - 1], 3 + bits.take(2)? as usize),
            17 => (0, 3 + bits.take(3)? as usize),
            _ => (0, 11 + bits.take(7)? as usize),
        };
        lengths.get_mut(at..at + times).filter(|_| at + times <= all).ok_or("more lengths than symbols")?.fill(value);
        at += times;
    }
    if lengths[256] == 0 {
        return Err("a block that cannot end");
    }
    Ok((Codes::new(&lengths[..literals])?, Codes::new(&lengths[literals..all])?))
}

fn coded(bits: &mut Bits<'_>, out: &mut Vec<u8>, bytes_max: usize, literals: &Codes, distances: &Codes) -> Result<(), Broken> {
    loop {
        match literals.next(bits)? {
            literal @ 0..=255 => {
                if out.len() >= bytes_max {
                    return Err("it is larger than announced");
                }
                out.push(literal as u8);
            }
            256 => return Ok(()),
            symbol => {
                let at = symbol - 257;
                let base = *LENGTH_BASES.get(at).ok_or("a length of no symbol")?;
                let length = usize::from(base) + bits.take(u32::from(LENGTH_BITS[at]))? as usize;
                let at = distances.next(bits)?;
                let base = *DISTANCE_BASES.get(at).ok_or("a distance of no symbol")?;
                let distance = usize::from(base) + bits.take(u32::from(DISTANCE_BITS[at]))? as usize;
                let from = out.len().checked_sub(distance).ok_or("a copy from before the beginning")?;
                if out.len() + length > bytes_max {
                    return Err("it is larger than announced");
                }
                for n in 0..length {
                    out.push(out[from + n]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_three_kinds_of_blocks_are_read() {
        assert_eq!(inflate(&[1, 3, 0, 0xfc, 0xff, b'a', b'b', b'c'], 3).unwrap(), b"abc");
        // `zlib.compress(b"hello hello hello hello", wbits=-15)`.
        let fixed = [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x01];
        assert_eq!(inflate(&fixed, 23).unwrap(), b"hello hello hello hello");
    }

    #[test]
    fn what_is_larger_than_announced_or_cut_off_is_an_error() {
        let fixed = [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x01];
        assert!(inflate(&fixed, 22).is_err());
        for end in 0..fixed.len() - 1 {
            assert!(inflate(&fixed[..end], 23).is_err(), "{end}");
        }
        assert!(inflate(&[7], 1).is_err());
        assert!(inflate(&[1, 3, 0, 0xfc, 0xfe, b'a', b'b', b'c'], 3).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_apart_or_refused(bytes: Vec<u8>) {
            if let Ok(out) = inflate(&bytes, 10_000) {
                prop_assert!(out.len() <= 10_000);
            }
        }
    }
}
