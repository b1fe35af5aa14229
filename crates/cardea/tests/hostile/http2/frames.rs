//! Frames of HTTP/2 by hand, right and wrong, and a connection that carries them.

use crate::house::PATIENCE;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;
pub(crate) const WITH_PRIORITY: u8 = 32;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// One frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// One setting, as SETTINGS carries it.
pub(crate) fn setting(id: u16, value: u32) -> Vec<u8> {
    [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()
}

/// Fields as literals that no table keeps, texts as they are (RFC 7541, 6.2.3).
pub(crate) fn block(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| [&[0x10][..], &text(name), &text(value)].concat()).collect()
}

/// A text as it is, behind its length (RFC 7541, 5.2).
pub(crate) fn text(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if bytes.len() < 127 {
        out.push(bytes.len() as u8);
    } else {
        out.push(127);
        let mut rest = bytes.len() - 127;
        while rest >= 128 {
            out.push((rest % 128) as u8 | 128);
            rest /= 128;
        }
        out.push(rest as u8);
    }
    out.extend_from_slice(bytes);
    out
}

/// The status at the front of an answer's block. The encoder was told that its table has no room, so it is there as it is.
pub(crate) fn status(block: &[u8]) -> Option<u16> {
    match block {
        [0x20, rest @ ..] => status(rest),
        [indexed @ 0x88..=0x8e, ..] => Some([200, 204, 206, 304, 400, 404, 500][usize::from(indexed - 0x88)]),
        [0x08 | 0x18 | 0x48, length, rest @ ..] if length & 0x80 == 0 => std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok(),
        [0x08 | 0x18 | 0x48, length, rest @ ..] => digits(rest.get(..usize::from(length & 0x7f))?),
        _ => None,
    }
}

/// Three digits in Huffman's code (RFC 7541, appendix B).
fn digits(bytes: &[u8]) -> Option<u16> {
    let bits = bytes.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
    let mut left = 8 * bytes.len();
    let mut number = 0;
    for _ in 0..3 {
        let five = bits >> left.checked_sub(5)? & 0x1f;
        let digit = if five < 3 {
            left -= 5;
            five
        } else {
            left = left.checked_sub(6)?;
            (bits >> left & 0x3f).checked_sub(0x19)? + 3
        };
        number = number * 10 + digit;
    }
    u16::try_from(number).ok()
}

/// A frame that came.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// One connection, which has shaken hands and said nothing.
pub(crate) struct Connection {
    tls: StreamOwned<ClientConnection, TcpStream>,
    held: Vec<u8>,
    pub(crate) ended: bool,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr, config: Arc<ClientConfig>) -> Connection {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut tls = ClientConnection::new(config, "a.test".try_into().unwrap()).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut socket).unwrap();
        }
        assert_eq!(tls.alpn_protocol(), Some(&b"h2"[..]));
        Connection { tls: StreamOwned::new(tls, socket), held: Vec::new(), ended: false }
    }

    /// One that has said its preface, and that its peer's encoder may keep no table.
    pub(crate) fn greeted(address: SocketAddr, config: Arc<ClientConfig>) -> Connection {
        let mut connection = Connection::open(address, config);
        connection.send(&[PREFACE, &frame(SETTINGS, 0, 0, &setting(1, 0))].concat());
        connection
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        // A node that has ended the connection takes no more.
        let _ended = self.tls.write_all(bytes).and_then(|()| self.tls.flush());
    }

    /// The next frame; nothing if the connection ends before it.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, String> {
        loop {
            if let [a, b, c, kind, flags, rest @ ..] = &self.held[..] {
                let (length, kind, flags) = (u32::from_be_bytes([0, *a, *b, *c]) as usize, *kind, *flags);
                if rest.len() >= 4 + length {
                    let stream = u32::from_be_bytes(rest[..4].try_into().unwrap()) & 0x7fff_ffff;
                    let payload = rest[4..4 + length].to_vec();
                    self.held.drain(..9 + length);
                    return Ok(Some(Frame { kind, flags, stream, payload }));
                }
            }
            if self.ended {
                return Ok(None);
            }
            let mut piece = [0; 16 * 1024];
            match self.tls.read(&mut piece) {
                Ok(0) => self.ended = true,
                Ok(got) => self.held.extend_from_slice(&piece[..got]),
                Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err("the client waits in vain".into());
                }
                Err(_reset) => self.ended = true,
            }
        }
    }
}
