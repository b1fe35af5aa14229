//! Byte buffers, borrowed from the thread. A warm thread serves requests without allocating, and an idle connection holds none.

use super::refusal::{Refusal, RefusalKind};
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes a buffer has room for when it is new: a usual head with its body, twice over.
const BUFFER_BYTES: usize = 16 * 1024;
/// Larger buffers are freed when they are given back.
const KEPT_BUFFER_BYTES_MAX: usize = 256 * 1024;
/// Buffers a thread keeps for the next request.
const KEPT_BUFFERS_MAX: usize = 256;

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Bytes of bodies that all requests of the process may hold whole at once, unless [`limit_buffered_bytes`] says less. Past it requests
/// that need their body are refused.
pub const BUFFERED_BYTES_MAX: usize = 1 << 30;

static BUFFERED_BYTES: AtomicUsize = AtomicUsize::new(0);
static BUFFERED_BYTES_LIMIT: AtomicUsize = AtomicUsize::new(BUFFERED_BYTES_MAX);

/// Sets what all requests of the process may hold at once, at most [`BUFFERED_BYTES_MAX`]: for machines with less memory.
pub fn limit_buffered_bytes(bytes: usize) {
    BUFFERED_BYTES_LIMIT.store(bytes.min(BUFFERED_BYTES_MAX), Ordering::Relaxed);
}

/// Bytes of bodies that requests hold whole now.
pub fn buffered_bytes() -> usize {
    BUFFERED_BYTES.load(Ordering::Relaxed)
}

/// A byte buffer that goes back to its thread when it is dropped. Empty, it holds no memory.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// What of the process-wide budget it holds.
    charged: usize,
}

impl Buffer {
    /// An empty buffer with room in it.
    pub fn take() -> Buffer {
        let kept = KEPT.try_with(|kept| kept.borrow_mut().pop()).ok().flatten();
        Buffer::from(kept.unwrap_or_else(|| Vec::with_capacity(BUFFER_BYTES)))
    }

    /// An empty buffer without memory.
    pub const fn none() -> Buffer {
        Buffer { bytes: Vec::new(), charged: 0 }
    }

    /// Draws what the buffer has grown to from the process-wide budget, until it is dropped. Small buffers are free: their number is
    /// bounded by that of connections. Answers whether there was enough.
    pub fn charge(&mut self) -> bool {
        let (held, wanted) = (self.charged, self.bytes.capacity());
        if wanted <= KEPT_BUFFER_BYTES_MAX || wanted <= held {
            return true;
        }
        let before = BUFFERED_BYTES.fetch_add(wanted - held, Ordering::Relaxed);
        self.charged = wanted;
        before + wanted - held <= BUFFERED_BYTES_LIMIT.load(Ordering::Relaxed)
    }

    /// The buffer, charged with what it has grown to; a 503 where the budget is spent.
    pub fn charged(mut self) -> Result<Buffer, Refusal> {
        const BECAUSE: &str = "the process-wide budget of buffered bodies is spent";
        if self.charge() { Ok(self) } else { Err(Refusal::of(RefusalKind::Front(503), BECAUSE)) }
    }

    /// Keeps the bytes.
    pub fn into_vec(mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Buffer { bytes, charged: 0 }
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;
    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.charged > 0 {
            BUFFERED_BYTES.fetch_sub(self.charged, Ordering::Relaxed);
        }
        let mut bytes = std::mem::take(&mut self.bytes);
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
    fn large_buffers_draw_on_the_budget_of_the_process_until_they_are_dropped() {
        let mut large = Buffer::take();
        large.reserve(BUFFERED_BYTES_MAX / 2);
        assert!(large.charge() && large.charge());
        let mut other = Buffer::take();
        other.reserve(BUFFERED_BYTES_MAX / 2 + 1);
        assert!(!other.charge());
        drop((large, other));
        let mut third = Buffer::take();
        third.reserve(BUFFERED_BYTES_MAX / 2);
        assert!(third.charge());
    }

    #[test]
    fn a_huge_buffer_is_not_kept() {
        let mut huge = Buffer::take();
        huge.reserve(KEPT_BUFFER_BYTES_MAX * 2);
        drop(huge);
        assert!(Buffer::take().capacity() <= KEPT_BUFFER_BYTES_MAX);
    }
}
