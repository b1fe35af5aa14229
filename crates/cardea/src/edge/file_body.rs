//! A file as the body of an answer of the control port: read as the client takes it, never held as a whole.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

/// Bytes of one piece.
const PIECE_BYTES: u64 = 64 * 1024;

/// Makes a backup: the file, from its beginning, or why there is none. It blocks.
pub type Packer = Box<dyn Fn() -> Result<std::fs::File, String> + Send + Sync>;

/// What is left of a file.
pub(super) struct FileBody {
    file: File,
    left: u64,
    piece: Vec<u8>,
}

impl FileBody {
    /// The whole of a file that is at its beginning. Blocks.
    pub(super) fn of(file: std::fs::File) -> io::Result<FileBody> {
        let left = file.metadata()?.len();
        Ok(FileBody { file: File::from_std(file), left, piece: Vec::new() })
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let FileBody { file, left, piece } = self.get_mut();
        if *left == 0 {
            return Poll::Ready(None);
        }
        piece.resize(PIECE_BYTES.min(*left) as usize, 0);
        let mut room = ReadBuf::new(piece);
        if let Err(why) = ready!(Pin::new(file).poll_read(cx, &mut room)) {
            return Poll::Ready(Some(Err(why)));
        }
        let got = room.filled().len();
        if got == 0 {
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        *left -= got as u64;
        piece.truncate(got);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(std::mem::take(piece))))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
