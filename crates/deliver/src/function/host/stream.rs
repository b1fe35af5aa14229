//! An answer that is told while it is made: pieces, then how it ended.
//!
//! Between a function's connection and who reads are two pieces at most: who reads slowly holds the function back.

use std::task::{Context, Poll, ready};
use tokio::sync::{mpsc, oneshot};

/// Pieces on their way.
const PIECES_MAX: usize = 2;

/// How an answer that streamed has ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// The function's error, as JSON, if it broke off.
    pub error: Option<String>,
    /// The end of its log, if that was wanted.
    pub log: Option<Vec<u8>>,
}

/// What comes next of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    Bytes(Vec<u8>),
    End(Ended),
}

/// What is still to come of an answer. Dropping it leaves the function to talk to nobody.
#[derive(Debug)]
pub struct AnswerStream {
    pieces: mpsc::Receiver<Vec<u8>>,
    end: oneshot::Receiver<Ended>,
}

impl AnswerStream {
    /// The next piece. Not to be asked again after the end.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Piece> {
        if let Some(bytes) = ready!(self.pieces.poll_recv(cx)) {
            return Poll::Ready(Piece::Bytes(bytes));
        }
        // Nobody is left to tell only if the host itself has stopped.
        let ended = ready!(std::pin::Pin::new(&mut self.end).poll(cx));
        let stopped = |_| Ended { error: Some(r#"{"errorType":"Runtime.ExitError"}"#.to_owned()), log: None };
        Poll::Ready(Piece::End(ended.unwrap_or_else(stopped)))
    }
}

/// Both ends of a stream: for who reads, for who brings pieces, for who tells the end.
pub(super) fn open() -> (AnswerStream, mpsc::Sender<Vec<u8>>, oneshot::Sender<Ended>) {
    let (pieces, coming) = mpsc::channel(PIECES_MAX);
    let (end, ending) = oneshot::channel();
    (AnswerStream { pieces: coming, end: ending }, pieces, end)
}
