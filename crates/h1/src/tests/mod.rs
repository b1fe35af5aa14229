mod answers;
mod bodies;
mod client;
mod heads;
mod random;
mod server;
mod simulator;
mod writers;

use crate::{HeadLimits, Parsed, Rejection, RequestHead};

/// The head of this request, and what was left behind it.
fn request(bytes: impl AsRef<[u8]>) -> Result<(RequestHead, Vec<u8>), Rejection> {
    let mut buf = bytes.as_ref().to_vec();
    let mut head = RequestHead::default();
    match head.parse(&mut buf, &HeadLimits::default())? {
        Parsed::Complete => Ok((head, buf)),
        Parsed::Partial => panic!("the test's request is not whole: {:?}", String::from_utf8_lossy(bytes.as_ref())),
    }
}

/// A GET with these field lines after its Host.
fn with_fields(lines: &str) -> Result<RequestHead, Rejection> {
    request(format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n")).map(|(head, _)| head)
}

fn status_of(bytes: impl AsRef<[u8]>) -> u16 {
    request(bytes).map_or_else(|rejection| rejection.status, |_| 200)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
