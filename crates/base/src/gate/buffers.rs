//! Byte buffers, borrowed from the thread. A warm thread serves requests without allocating, and an idle connection holds none.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Bytes a buffer has room for when it is new: a usual head with its body, twice over.
const BUFFER_BYTES: usize = 16 * 1024;
/// Larger buffers are freed when they are given back.
const KEPT_BUFFER_BYTES_MAX: usize = 256 * 1024;
/// Buffers a thread keeps for the next request.
const KEPT_BUFFERS_MAX: usize = 256;

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A byte buffer that goes back to its thread when it is dropped. Empty, it holds no memory.
#[derive(Debug, Default)]
pub struct Buffer(Vec<u8>);

impl Buffer {
    /// An empty buffer with room in it.
    pub fn take() -> Buffer {
        let kept = KEPT.try_with(|kept| kept.borrow_mut().pop()).ok().flatten();
        Buffer(kept.unwrap_or_else(|| Vec::with_capacity(BUFFER_BYTES)))
    }

    /// An empty buffer without memory.
    pub const fn none() -> Buffer {
        Buffer(Vec::new())
    }

    /// Keeps the bytes.
    pub fn into_vec(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Buffer(bytes)
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;
    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0);
        if !(BUFFER_BYTES..=KEPT_BUFFER_BYTES_MAX).contains(&bytes.capacity()) {
            return;
        }
        bytes.clear();
        // A thread that is ending keeps nothing.
        let _ending = KEPT.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < KEPT_BUFFERS_MAX {
                kept.push(bytes);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_given_back_is_used_again_and_comes_empty() {
        let mut first = Buffer::take();
        first.extend_from_slice(b"secret");
        let place = first.as_ptr();
        drop(first);
        let again = Buffer::take();
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[test]
    fn a_huge_buffer_is_not_kept() {
        let mut huge = Buffer::take();
        huge.reserve(KEPT_BUFFER_BYTES_MAX * 2);
        drop(huge);
        assert!(Buffer::take().capacity() <= KEPT_BUFFER_BYTES_MAX);
    }
}
