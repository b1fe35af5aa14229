//! Signing: outgoing calls to AWS, and tests.

use crate::canonical::{self, Fields, Parts};
use crate::{ALGORITHM, Dialect, Request, SigningKey, Stamp, UNSIGNED_PAYLOAD, encode};

/// What a signature is made with.
#[derive(Clone, Copy)]
pub struct Signing<'s> {
    pub access_key: &'s str,
    pub secret: &'s str,
    pub session_token: Option<&'s str>,
    pub token_place: TokenPlace,
    pub region: &'s str,
    pub service: &'s str,
    /// Seconds since the epoch.
    pub now: i64,
    pub dialect: Dialect,
    pub payload_header: PayloadHeader,
}

/// Whether the session token is covered by the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPlace {
    Signed,
    /// Added when all is signed; a few old services want it so.
    AddedAfter,
}

/// Whether the body's hash travels in `x-amz-content-sha256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadHeader {
    Absent,
    Hash,
    /// `UNSIGNED-PAYLOAD`: S3 alone takes it.
    Unsigned,
}

/// A signature in headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// To be *set* on the request, in place of any of the same name. `authorization` is the last.
    pub headers: Vec<(&'static str, String)>,
    pub canonical_request: String,
    pub string_to_sign: String,
    pub signature: String,
}

/// A signature in the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presigned {
    /// The whole query, without `?`.
    pub query: String,
    pub canonical_request: String,
    pub string_to_sign: String,
    pub signature: String,
}

/// Signs a request. All its headers are covered but those that a hop on the way may change; `host` must be among them.
///
/// Headers that this function sets itself are ignored in `request`.
pub fn sign<'a, H>(signing: &Signing<'_>, request: &Request<'a, H>) -> Signed
where
    H: IntoIterator<Item = (&'a str, &'a [u8])> + Clone,
{
    let at = Stamp::at(signing.now);
    let mut headers = vec![("x-amz-date", at.to_string())];
    let payload_line = match signing.payload_header {
        PayloadHeader::Unsigned => UNSIGNED_PAYLOAD.to_owned(),
        PayloadHeader::Absent | PayloadHeader::Hash => request.payload.sha256_hex(),
    };
    if signing.payload_header != PayloadHeader::Absent {
        headers.push(("x-amz-content-sha256", payload_line.clone()));
    }
    let mut token = signing.session_token.map(|token| ("x-amz-security-token", token.to_owned()));
    if signing.token_place == TokenPlace::Signed {
        headers.extend(token.take());
    }
    let mut fields = Fields::of(request.headers.clone().into_iter());
    fields.retain(|name| !is_unsigned(name));
    for (name, value) in &headers {
        fields.insert(name, value.as_bytes());
    }
    let signed_headers = signed_names(&fields);
    let parts = Parts {
        method: request.method,
        query: canonical::query(request.query, None),
        fields: &fields,
        signed_headers: &signed_headers,
        payload_line: &payload_line,
    };
    let proof = prove(signing, at, &parts, request.path);
    let authorization = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={}",
        signing.access_key,
        scope(signing, at),
        signed_headers.join(";"),
        proof.signature
    );
    headers.extend(token);
    headers.push(("authorization", authorization));
    let Proof { canonical_request, string_to_sign, signature } = proof;
    Signed { headers, canonical_request, string_to_sign, signature }
}

/// Presigns a request that must be sent within `expires_seconds`. Give it `host` and whatever else the sender will surely send.
///
/// For S3 the body is not covered; elsewhere it is, and is mostly empty. A session token is always covered.
pub fn presign<'a, H>(signing: &Signing<'_>, request: &Request<'a, H>, expires_seconds: u32) -> Presigned
where
    H: IntoIterator<Item = (&'a str, &'a [u8])> + Clone,
{
    let at = Stamp::at(signing.now);
    let mut fields = Fields::of(request.headers.clone().into_iter());
    fields.retain(|name| !is_unsigned(name));
    let signed_headers = signed_names(&fields);
    let credential = format!("{}/{}", signing.access_key, scope(signing, at));
    let mut query = request.query.to_vec();
    push_parameter(&mut query, "X-Amz-Algorithm", ALGORITHM);
    push_parameter(&mut query, "X-Amz-Credential", &credential);
    push_parameter(&mut query, "X-Amz-Date", &at.to_string());
    push_parameter(&mut query, "X-Amz-Expires", &expires_seconds.to_string());
    push_parameter(&mut query, "X-Amz-SignedHeaders", &signed_headers.join(";"));
    if let Some(token) = signing.session_token {
        push_parameter(&mut query, "X-Amz-Security-Token", token);
    }
    let payload_line = match signing.dialect {
        Dialect::S3 => UNSIGNED_PAYLOAD.to_owned(),
        Dialect::Standard | Dialect::Unfolded => request.payload.sha256_hex(),
    };
    let parts = Parts {
        method: request.method,
        query: canonical::query(&query, None),
        fields: &fields,
        signed_headers: &signed_headers,
        payload_line: &payload_line,
    };
    let Proof { canonical_request, string_to_sign, signature } = prove(signing, at, &parts, request.path);
    push_parameter(&mut query, "X-Amz-Signature", &signature);
    Presigned { query: String::from_utf8_lossy(&query).into_owned(), canonical_request, string_to_sign, signature }
}

struct Proof {
    canonical_request: String,
    string_to_sign: String,
    signature: String,
}

fn prove(signing: &Signing<'_>, at: Stamp, parts: &Parts<'_>, path: &[u8]) -> Proof {
    let canonical_request = parts.request(&canonical::path(path, signing.dialect));
    let string_to_sign = canonical::string_to_sign(at, &scope(signing, at), &canonical_request);
    let key = SigningKey::derive(signing.secret, &at.day(), signing.region, signing.service);
    let signature = key.signature(&string_to_sign);
    Proof { canonical_request: String::from_utf8_lossy(&canonical_request).into_owned(), string_to_sign, signature }
}

fn scope(signing: &Signing<'_>, at: Stamp) -> String {
    format!("{}/{}/{}/aws4_request", at.day(), signing.region, signing.service)
}

/// Set by this module, or changed by hops on the way.
fn is_unsigned(name: &str) -> bool {
    const NAMES: [&str; 15] = [
        "authorization",
        "connection",
        "date",
        "expect",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
        "x-amzn-trace-id",
    ];
    NAMES.binary_search(&name).is_ok()
}

fn signed_names(fields: &Fields<'_>) -> Vec<String> {
    let mut names: Vec<String> = fields.names().map(str::to_owned).collect();
    names.dedup();
    names
}

fn push_parameter(query: &mut Vec<u8>, name: &str, value: &str) {
    if !query.is_empty() {
        query.push(b'&');
    }
    query.extend(name.bytes());
    query.push(b'=');
    value.bytes().for_each(|byte| encode::push_encoded(query, byte));
}
