//! The handshake of WebSocket (RFC 6455, section 4), as one who passes it on: who asks for it in full, and whether the back end has
//! really understood. A 101 from one who has not would make a hole of the connection, through which anything could be said.

use aws_lc_rs::digest;
use base::gate::{Ask, Exchange};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use h1::{Fields, Known};

/// What is put behind the key, for the answer to show that it was read.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The one version there is.
const VERSION: &[u8] = b"13";
/// A key: 16 bytes in base64.
const KEY_BYTES: usize = 16;
const KEY_LEN: usize = 24;

/// The key that a caller sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key([u8; KEY_LEN]);

/// The key of a request that asks for WebSocket as the protocol wants it, if its connection may switch, and nothing that is mapped takes
/// part in the handshake. Who asks otherwise is answered as if he had not.
pub(super) fn asked(ask: &Ask, ex: &Exchange) -> Option<Key> {
    let head = &ex.request.head;
    if !ex.request.may_switch || !head.wants_websocket() {
        return None;
    }
    let of_handshake = [Known::Upgrade, Known::SecWebSocketKey, Known::SecWebSocketVersion];
    if of_handshake.iter().any(|known| ask.fields.has(*known)) {
        return None;
    }
    let key = only(head.fields(), Known::SecWebSocketKey)?;
    let is_key = STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == KEY_BYTES);
    (is_key && only(head.fields(), Known::SecWebSocketVersion)? == VERSION).then_some(Key(key.try_into().ok()?))
}

/// Whether an answer proves that its sender has read the key.
pub(super) fn is_proven(key: &Key, fields: &Fields) -> bool {
    only(fields, Known::SecWebSocketAccept).is_some_and(|proof| proof == proof_of(key).as_bytes())
}

/// What RFC 6455 wants in `Sec-WebSocket-Accept`. It proves no more than that: the hash need not be a strong one.
fn proof_of(Key(key): &Key) -> String {
    let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(key);
    hash.update(GUID);
    STANDARD.encode(hash.finish())
}

/// The value of a field that is there once, and passes on.
fn only(fields: &Fields, known: Known) -> Option<&[u8]> {
    let mut all = fields.named(known.name());
    let first = all.next().filter(|field| field.is_end_to_end())?;
    all.next().is_none().then_some(first.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::World;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn wish(fields: &[(&str, &str)]) -> Exchange {
        let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut ex = World::new().exchange(&format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n"));
        ex.request.may_switch = true;
        ex
    }

    fn whole() -> Vec<(&'static str, &'static str)> {
        vec![("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", KEY)]
    }

    #[test]
    fn the_example_of_the_rfc_is_proven_and_nothing_else() {
        let key = Key(KEY.as_bytes().try_into().unwrap());
        let fields = |values: &[&str]| {
            let mut fields = Fields::new();
            values.iter().for_each(|value| fields.push("Sec-WebSocket-Accept", value.as_bytes()).unwrap());
            fields
        };
        let right = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        assert!(is_proven(&key, &fields(&[right])));
        for wrong in [&[][..], &[""], &["s3pPLMBiTxaQ9kYGzzhZRbK+xOo"], &["S3pPLMBiTxaQ9kYGzzhZRbK+xOo="], &[right, right], &[KEY]] {
            assert!(!is_proven(&key, &fields(wrong)), "{wrong:?}");
        }
    }

    #[test]
    fn a_wish_is_whole_or_none() {
        let asks = |fields: &[(&str, &str)]| asked(&Ask::default(), &wish(fields)).is_some();
        assert!(asks(&whole()));
        for n in 0..whole().len() {
            let mut fields = whole();
            fields.remove(n);
            assert!(!asks(&fields), "without {}", whole()[n].0);
        }
        for (name, value) in [
            ("Sec-WebSocket-Version", "8"),
            ("Sec-WebSocket-Version", "13, 8"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=?"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZSE="),
            ("Sec-WebSocket-Key", "AAAA"),
            ("Connection", "Upgrade, Sec-WebSocket-Key"),
            ("Upgrade", "h2c"),
        ] {
            let with: Vec<_> = whole().into_iter().map(|(had, was)| (had, if had == name { value } else { was })).collect();
            assert!(!asks(&with), "{name}: {value}");
        }
        for twice in ["Sec-WebSocket-Key", "Sec-WebSocket-Version"] {
            let mut fields = whole();
            fields.extend(whole().into_iter().filter(|(name, _)| *name == twice));
            assert!(!asks(&fields), "{twice} twice");
        }
    }

    #[test]
    fn a_connection_that_cannot_switch_and_a_mapped_handshake_are_no_wish() {
        let mut ex = wish(&whole());
        let mut ask = Ask::default();
        ask.fields.push("Sec-WebSocket-Key", KEY.as_bytes()).unwrap();
        assert_eq!(asked(&ask, &ex), None);
        assert!(asked(&Ask::default(), &ex).is_some());
        ex.request.may_switch = false;
        assert_eq!(asked(&Ask::default(), &ex), None);
    }
}
