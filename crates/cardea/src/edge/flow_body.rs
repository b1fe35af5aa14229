//! What is made while it is sent, as the body of an answer of the control port.

use base::api::Flow;
use bytes::Bytes;
use hyper::body::{Body, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What is still to come.
pub(super) struct FlowBody(pub(super) Flow);

impl Body for FlowBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_piece(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes.into()))))
    }
}
