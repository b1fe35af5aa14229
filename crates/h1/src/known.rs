//! The field names that Cardea asks for, as one byte each: comparing names happens once, when a head is read.

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

impl Known {
    /// The id of this name, in any spelling.
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        let mut at = slot(name);
        while let Some((known, text)) = TABLE[at] {
            if text.as_bytes() == name || text.as_bytes().eq_ignore_ascii_case(name) {
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

    pub(crate) fn bit(self) -> u128 {
        1 << (self as u8)
    }

    /// Fields that belong to one connection, not to the message: never passed on. `Expect` is here as AWS drops it, too.
    pub(crate) fn is_hop_by_hop(self) -> bool {
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
    pub fn is_framing(self) -> bool {
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
