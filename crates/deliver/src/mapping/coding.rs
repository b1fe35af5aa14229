//! Content codings: what callers packed is unpacked before anything looks at it, and answers are packed for callers who take it so.
//!
//! What is odd: a coding that is not known is a 415 even where nobody would read the body; an answer is packed only if the API says from
//! how many bytes on (`minimumCompressionSize`), only if the caller's *first* wish is a coding that we have, and never if the back end
//! has packed it already. Documented; lifecycle §2.8.

use base::gate::{Buffer, Exchange, Refusal, RefusalKind, Reply, ReplyBody, is_of_events};
use flate2::Compression;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use h1::{Known, RequestHead};
use std::io::{Read, Write};

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    /// The zlib format; what lacks its header is taken as bare, since half the world sends it so.
    Deflate,
}

impl Coding {
    fn named(name: &str) -> Option<Coding> {
        match name {
            name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => Some(Coding::Gzip),
            name if name.eq_ignore_ascii_case("deflate") => Some(Coding::Deflate),
            _ => None,
        }
    }

    fn name(self) -> &'static [u8] {
        match self {
            Coding::Gzip => b"gzip",
            Coding::Deflate => b"deflate",
        }
    }

    /// How a request's body is packed; nothing for one that is not. Codings that are not known, or several, are a 415.
    pub fn of_request(head: &RequestHead) -> Result<Option<Coding>, Refusal> {
        let Some(said) = head.field(Known::ContentEncoding) else { return Ok(None) };
        let said = std::str::from_utf8(said).unwrap_or("?").trim();
        if said.is_empty() || said.eq_ignore_ascii_case("identity") {
            return Ok(None);
        }
        let unknown =
            || Refusal::of(RefusalKind::UnsupportedMediaType, "the body's Content-Encoding is neither gzip, deflate nor identity");
        Coding::named(said).map(Some).ok_or_else(unknown)
    }

    /// Unpacks a body. One that is broken is a 415, one that grows over `bytes_max` a 413.
    pub fn unpack(self, packed: &[u8], bytes_max: u64) -> Result<Buffer, Refusal> {
        let mut plain = Buffer::take();
        let read: &mut dyn Read = match self {
            Coding::Gzip => &mut MultiGzDecoder::new(packed),
            Coding::Deflate if has_zlib_header(packed) => &mut ZlibDecoder::new(packed),
            Coding::Deflate => &mut DeflateDecoder::new(packed),
        };
        read.take(bytes_max + 1).read_to_end(&mut plain).map_err(|error| {
            Refusal::of(RefusalKind::UnsupportedMediaType, format!("the body is not what its Content-Encoding says: {error}"))
        })?;
        if plain.len() as u64 > bytes_max {
            return Err(Refusal::of(RefusalKind::RequestTooLarge, "the unpacked body is over the limit"));
        }
        plain.charged()
    }

    /// Packs a body. A 503 where there is no memory for it.
    pub fn pack(self, plain: &[u8]) -> Result<Buffer, Refusal> {
        const INFALLIBLE: &str = "a vector takes what is written to it";
        let packed = Buffer::take().into_vec();
        let packed = match self {
            Coding::Gzip => {
                let mut encoder = GzEncoder::new(packed, Compression::fast());
                encoder.write_all(plain).expect(INFALLIBLE);
                encoder.finish().expect(INFALLIBLE)
            }
            Coding::Deflate => {
                let mut encoder = ZlibEncoder::new(packed, Compression::fast());
                encoder.write_all(plain).expect(INFALLIBLE);
                encoder.finish().expect(INFALLIBLE)
            }
        };
        Buffer::from(packed).charged()
    }
}

fn has_zlib_header(packed: &[u8]) -> bool {
    matches!(packed, [method, flags, ..] if method & 15 == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0)
}

/// The coding that a caller wishes for most, if we have it.
fn wished(ex: &Exchange) -> Option<Coding> {
    let said = std::str::from_utf8(ex.request.head.field(Known::AcceptEncoding)?).ok()?;
    let wish = |entry: &str| {
        let (name, rest) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = rest.split(';').find_map(|part| part.trim().strip_prefix("q=")?.trim().parse::<f32>().ok());
        (name.trim().to_owned(), weight.unwrap_or(1.0))
    };
    let (mut first, mut weight) = (None, 0.0);
    for (name, its) in said.split(',').map(wish) {
        if its > weight {
            (first, weight) = (Some(name), its);
        }
    }
    first.as_deref().map(|name| if name == "*" { "gzip" } else { name }).and_then(Coding::named)
}

/// Whether an answer is to be packed, and how: once its body is whole, and if it then has `minimum_bytes`.
pub fn of_answer(reply: &Reply, ex: &Exchange, minimum_bytes: u64) -> Option<Coding> {
    let known = match &reply.body {
        ReplyBody::Empty | ReplyBody::Length(_) | ReplyBody::Tunnel(_) => return None,
        ReplyBody::Whole(bytes) => Some(bytes.len() as u64),
        // Packed whole, events would come when the last was made.
        ReplyBody::Stream(_) if is_of_events(&reply.fields) => return None,
        ReplyBody::Stream(source) => source.left(),
    };
    if known.is_some_and(|bytes| bytes < minimum_bytes) || reply.fields.has(Known::ContentEncoding) {
        return None;
    }
    wished(ex)
}

/// Gives an answer its packed body.
pub fn set_packed(reply: &mut Reply, coding: Coding, packed: Buffer) {
    reply.body = ReplyBody::Whole(packed);
    reply.fields.push("Content-Encoding", coding.name()).expect("the name of a coding is a token");
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::gate::Lane;
    use base::world::{Clock, Dice, Timestamp};
    use std::rc::Rc;

    const LIMIT: u64 = 1 << 20;

    fn exchange(accepts: &str) -> Exchange {
        let lane = Rc::new(Lane::new(0, 0, Clock::manual(Timestamp(0)), Dice::seeded(1)));
        let mut ex = Exchange::new(lane);
        let head = RequestHead::build("GET", "/", h1::Version::Http11).push("Host", b"a").push("Accept-Encoding", accepts.as_bytes());
        ex.request.head = head.finish().unwrap();
        ex
    }

    fn packed_as(name: &str) -> Result<Option<Coding>, Refusal> {
        let head = RequestHead::build("GET", "/", h1::Version::Http11).push("Host", b"a").push("Content-Encoding", name.as_bytes());
        Coding::of_request(&head.finish().unwrap())
    }

    #[test]
    fn what_was_packed_unpacks() {
        for coding in [Coding::Gzip, Coding::Deflate] {
            let packed = coding.pack(b"many words, many words, many words").unwrap();
            assert_eq!(&**coding.unpack(&packed, LIMIT).unwrap(), b"many words, many words, many words");
        }
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), Compression::fast());
        bare.write_all(b"bare").unwrap();
        assert_eq!(&**Coding::Deflate.unpack(&bare.finish().unwrap(), LIMIT).unwrap(), b"bare");
    }

    #[test]
    fn a_bomb_is_too_large_and_garbage_is_no_known_coding() {
        let bomb = Coding::Gzip.pack(&vec![0; 2 << 20]).unwrap();
        assert!(bomb.len() < 16 << 10);
        assert_eq!(Coding::Gzip.unpack(&bomb, LIMIT).unwrap_err().kind, RefusalKind::RequestTooLarge);
        let kind = |bytes: &[u8]| Coding::Gzip.unpack(bytes, LIMIT).unwrap_err().kind;
        assert_eq!(kind(b"plain text"), RefusalKind::UnsupportedMediaType);
        assert_eq!(kind(&bomb[..bomb.len() / 2]), RefusalKind::UnsupportedMediaType);
    }

    #[test]
    fn codings_are_known_by_name() {
        assert_eq!(packed_as("GZip"), Ok(Some(Coding::Gzip)));
        assert_eq!(packed_as("deflate"), Ok(Some(Coding::Deflate)));
        assert_eq!(packed_as("identity"), Ok(None));
        assert!(packed_as("br").is_err() && packed_as("gzip, deflate").is_err());
    }

    #[test]
    fn only_the_first_wish_counts() {
        assert_eq!(wished(&exchange("gzip, deflate")), Some(Coding::Gzip));
        assert_eq!(wished(&exchange("deflate;q=0.9, gzip;q=0.5")), Some(Coding::Deflate));
        assert_eq!(wished(&exchange("br, gzip")), None);
        assert_eq!(wished(&exchange("gzip;q=0")), None);
        assert_eq!(wished(&exchange("*")), Some(Coding::Gzip));
        assert_eq!(wished(&exchange("")), None);
    }

    #[test]
    fn short_and_packed_answers_stay_as_they_are() {
        let ex = exchange("gzip");
        let answer = |bytes: &[u8]| Reply::new(200, ReplyBody::Whole(Buffer::from(bytes.to_vec())));
        assert_eq!(of_answer(&answer(b"1234"), &ex, 5), None);
        assert_eq!(of_answer(&answer(b"12345"), &ex, 5), Some(Coding::Gzip));
        let mut packed = answer(b"12345");
        packed.fields.push("Content-Encoding", b"br").unwrap();
        assert_eq!(of_answer(&packed, &ex, 0), None);
        let mut reply = answer(b"12345");
        set_packed(&mut reply, Coding::Gzip, Coding::Gzip.pack(b"12345").unwrap());
        assert_eq!(reply.fields.first(Known::ContentEncoding), Some(&b"gzip"[..]));
        let ReplyBody::Whole(bytes) = &reply.body else { panic!("it was whole") };
        assert_eq!(&**Coding::Gzip.unpack(bytes, LIMIT).unwrap(), b"12345");
    }
}
