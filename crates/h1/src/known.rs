//! The field names that Cardea asks for, as one byte each: comparing names happens once, when a head is read.

use crate::check;

macro_rules! known {
    ($($name:ident = $text:literal,)*) => {
        /// A field name that somebody asks for. All others are `Other`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        #[repr(u8)]
        pub enum Known {
            $(#[doc = $text] $name,)*
            /// A name that nobody asks for by id.
            #[default]
            Other,
        }

        const ALL: &[(Known, &str)] = &[$((Known::$name, $text),)*];
    };
}

known! {
    Accept = "Accept",
    AcceptCharset = "Accept-Charset",
    AcceptEncoding = "Accept-Encoding",
    AcceptLanguage = "Accept-Language",
    Age = "Age",
    Allow = "Allow",
    Authorization = "Authorization",
    CacheControl = "Cache-Control",
    Connection = "Connection",
    ContentDisposition = "Content-Disposition",
    ContentEncoding = "Content-Encoding",
    ContentLanguage = "Content-Language",
    ContentLength = "Content-Length",
    ContentMd5 = "Content-MD5",
    ContentType = "Content-Type",
    Cookie = "Cookie",
    Date = "Date",
    Etag = "ETag",
    Expect = "Expect",
    Forwarded = "Forwarded",
    Host = "Host",
    IfMatch = "If-Match",
    IfModifiedSince = "If-Modified-Since",
    IfNoneMatch = "If-None-Match",
    KeepAlive = "Keep-Alive",
    LastModified = "Last-Modified",
    Location = "Location",
    MaxForwards = "Max-Forwards",
    Origin = "Origin",
    Pragma = "Pragma",
    ProxyAuthenticate = "Proxy-Authenticate",
    ProxyAuthorization = "Proxy-Authorization",
    ProxyConnection = "Proxy-Connection",
    Range = "Range",
    Referer = "Referer",
    RetryAfter = "Retry-After",
    SecWebSocketAccept = "Sec-WebSocket-Accept",
    SecWebSocketExtensions = "Sec-WebSocket-Extensions",
    SecWebSocketKey = "Sec-WebSocket-Key",
    SecWebSocketProtocol = "Sec-WebSocket-Protocol",
    SecWebSocketVersion = "Sec-WebSocket-Version",
    Server = "Server",
    SetCookie = "Set-Cookie",
    Te = "TE",
    Trailer = "Trailer",
    TransferEncoding = "Transfer-Encoding",
    Upgrade = "Upgrade",
    UserAgent = "User-Agent",
    Vary = "Vary",
    Via = "Via",
    Warn = "Warn",
    WwwAuthenticate = "WWW-Authenticate",
    XAmzApigwId = "X-Amz-Apigw-Id",
    XAmzCfId = "X-Amz-Cf-Id",
    XAmzContentSha256 = "X-Amz-Content-Sha256",
    XAmzDate = "X-Amz-Date",
    XAmzSecurityToken = "X-Amz-Security-Token",
    XAmznApigatewayApiId = "X-Amzn-Apigateway-Api-Id",
    XAmznErrorType = "X-Amzn-ErrorType",
    XAmznRequestId = "X-Amzn-RequestId",
    XAmznTraceId = "X-Amzn-Trace-Id",
    XApiKey = "X-Api-Key",
    XApigwApiId = "X-Apigw-Api-Id",
    XForwardedFor = "X-Forwarded-For",
    XForwardedHost = "X-Forwarded-Host",
    XForwardedPort = "X-Forwarded-Port",
    XForwardedProto = "X-Forwarded-Proto",
    XHttpMethodOverride = "X-HTTP-Method-Override",
    XRequestId = "X-Request-Id",
}

/// The name of a field that we write ourselves. That it is a name, and none of framing, was seen to when the program was compiled.
#[derive(Debug, Clone, Copy)]
pub struct OwnField {
    pub(crate) text: &'static str,
    pub(crate) known: Known,
}

impl OwnField {
    /// To be called for constants: it panics over what is no name, or one of framing.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        let known = Known::of(text.as_bytes());
        assert!(check::is_token_const(text.as_bytes()), "a field name is a token");
        assert!(!known.is_framing() && !known.is_hop_by_hop(), "framing is the writers' own");
        Self { text, known }
    }
}

impl Known {
    /// The id of this name, in any spelling.
    #[must_use]
    pub const fn of(name: &[u8]) -> Self {
        let mut at = slot(name);
        while let Some((known, text)) = TABLE[at] {
            if is_same(text.as_bytes(), name) {
                return known;
            }
            at = (at + 1) % SLOTS;
        }
        Self::Other
    }

    /// The usual spelling; nothing for `Other`.
    #[must_use]
    pub fn name(self) -> &'static str {
        ALL.get(self as usize).map_or("", |(_, text)| text)
    }

    pub(crate) const fn bit(self) -> u128 {
        1 << (self as u8)
    }

    /// Fields that belong to one connection, not to the message: never passed on. `Expect` is here as AWS drops it, too.
    pub(crate) const fn is_hop_by_hop(self) -> bool {
        const SET: u128 = set(&[
            Known::Connection,
            Known::KeepAlive,
            Known::ProxyConnection,
            Known::ProxyAuthenticate,
            Known::ProxyAuthorization,
            Known::Te,
            Known::Trailer,
            Known::TransferEncoding,
            Known::Upgrade,
            Known::Expect,
        ]);
        SET & self.bit() != 0
    }

    /// Fields that the writers alone emit.
    pub const fn is_framing(self) -> bool {
        const SET: u128 =
            set(&[Known::Connection, Known::ContentLength, Known::Host, Known::KeepAlive, Known::ProxyConnection, Known::TransferEncoding]);
        SET & self.bit() != 0
    }

    /// Fields that tell who asks, for whom, or where a message ends: neither a `Connection` token may strip them nor a trailer bring
    /// them. (Whole families are added by prefix in [`is_guarded`].)
    fn is_guarded(self) -> bool {
        const SET: u128 = set(&[
            Known::Authorization,
            Known::ContentEncoding,
            Known::ContentLength,
            Known::ContentType,
            Known::Cookie,
            Known::Forwarded,
            Known::Host,
            Known::SetCookie,
            Known::TransferEncoding,
            Known::XApiKey,
        ]);
        SET & self.bit() != 0
    }
}

/// May this name be named by `Connection` or come in a trailer? Not if it is framing, routing, identity or the gateway's own.
pub(crate) fn is_guarded(name: &[u8]) -> bool {
    const FAMILIES: &[&str] = &["x-amz-", "x-amzn-", "x-apigw-", "x-forwarded-"];
    let of_family = |family: &&str| name.get(..family.len()).is_some_and(|start| start.eq_ignore_ascii_case(family.as_bytes()));
    Known::of(name).is_guarded() || FAMILIES.iter().any(of_family)
}

/// A name that is taken for framing where `_` is taken for `-`, as CGI's heirs do.
pub(crate) fn is_framing_twin(name: &[u8]) -> bool {
    const TWINNED: [&str; 2] = ["content-length", "transfer-encoding"];
    let is_twin = |framing: &str| {
        let same = |(have, want): (&u8, u8)| have.eq_ignore_ascii_case(&want) || (*have == b'_' && want == b'-');
        framing.len() == name.len() && name.iter().zip(framing.bytes()).all(same)
    };
    // Nearly every name has another length, so this is two comparisons for each field.
    TWINNED.into_iter().any(is_twin)
}

const fn set(members: &[Known]) -> u128 {
    let mut bits = 0;
    let mut at = 0;
    while at < members.len() {
        bits |= 1 << (members[at] as u8);
        at += 1;
    }
    bits
}

/// An open-addressed table, made by the compiler: usually the first slot tells.
const SLOTS: usize = 512;
static TABLE: [Option<(Known, &str)>; SLOTS] = table();

const fn table() -> [Option<(Known, &'static str)>; SLOTS] {
    assert!(ALL.len() < 127, "a set of names fits into 128 bits");
    let mut table = [None; SLOTS];
    let mut at = 0;
    while at < ALL.len() {
        let mut free = slot(ALL[at].1.as_bytes());
        while table[free].is_some() {
            free = (free + 1) % SLOTS;
        }
        table[free] = Some(ALL[at]);
        at += 1;
    }
    table
}

/// Whether `name` is `text` in some spelling. `text` has letters, digits and dashes: of those, letters alone have the bit above that of
/// case. So eight bytes are looked at at once.
const fn is_same(text: &[u8], name: &[u8]) -> bool {
    if text.len() != name.len() {
        return false;
    }
    let mut at = 0;
    if text.len() >= 8 {
        while at + 8 < text.len() {
            if differ(word(text, at), word(name, at)) {
                return false;
            }
            at += 8;
        }
        // The last word may look at some bytes for a second time.
        return !differ(word(text, text.len() - 8), word(name, name.len() - 8));
    }
    while at < text.len() {
        if differ(text[at] as u64, name[at] as u64) {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether eight bytes differ, in more than the case of letters.
const fn differ(text: u64, name: u64) -> bool {
    let case = (text & 0x4040_4040_4040_4040) >> 1;
    (text ^ name) & !case != 0
}

const fn word(bytes: &[u8], at: usize) -> u64 {
    let (_, from) = bytes.split_at(at);
    match from.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => 0,
    }
}

/// Length, first, middle and last byte, letters in one case.
const fn slot(name: &[u8]) -> usize {
    if name.is_empty() {
        return 0;
    }
    let first = (name[0] | 0x20) as usize;
    let middle = (name[name.len() / 2] | 0x20) as usize;
    let last = (name[name.len() - 1] | 0x20) as usize;
    (name.len() * 31 + first * 7 + middle * 13 + last * 67) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_any_spelling_and_nothing_else_passes_for_it() {
        for (known, text) in ALL {
            assert_eq!(Known::of(text.to_ascii_uppercase().as_bytes()), *known);
            for at in 0..text.len() {
                for byte in 0..=255 {
                    let mut name = text.as_bytes().to_vec();
                    name[at] = byte;
                    assert_eq!(Known::of(&name) == *known, name.eq_ignore_ascii_case(text.as_bytes()), "{text} {at} {byte}");
                }
            }
        }
        assert_eq!(Known::of(b""), Known::Other);
    }
}
