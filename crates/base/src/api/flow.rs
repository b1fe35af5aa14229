//! A body that is sent while it is made.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

/// What makes a body, piece by piece. What is not asked for waits.
pub trait Pieces: Send {
    /// The next piece, or `None` at the end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Vec<u8>>>;
}

/// A body that is still being made. Clones are the same: each piece goes to one of them.
#[derive(Clone)]
pub struct Flow(Arc<Mutex<dyn Pieces>>);

impl Flow {
    /// The body that these pieces make.
    pub fn of(pieces: impl Pieces + 'static) -> Flow {
        Flow(Arc::new(Mutex::new(pieces)))
    }

    /// The next piece, or `None` at the end.
    pub fn poll_piece(&self, cx: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_piece(cx)
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flow")
    }
}

impl PartialEq for Flow {
    fn eq(&self, other: &Flow) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Flow {}
