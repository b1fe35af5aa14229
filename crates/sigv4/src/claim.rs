//! What a request says of itself: who signed it, when, for where, over which headers. Nothing here is proved.

use crate::canonical::{self, Fields};
use crate::failure::{Failure, Part};
use crate::{ALGORITHM, Request, Stamp, encode, key};

/// The most headers a signature may name. Real clients name under twenty.
pub const SIGNED_HEADERS_MAX: usize = 256;

/// The longest life of a presigned request, in seconds: a week.
pub const EXPIRES_SECONDS_MAX: u32 = 604_800;

/// A signature with its circumstances, as claimed. Words and numbers only; [`crate::verify`] tells whether they are true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub form: Form,
    pub access_key: String,
    /// From the credential scope, where it should read `20150830`. It is compared with `signed_at`, not parsed.
    pub day: String,
    pub region: String,
    pub service: String,
    /// Should be `aws4_request`.
    pub terminator: String,
    /// Lower-case, sorted, each once.
    pub signed_headers: Vec<String>,
    /// Should be 64 hexadecimal digits.
    pub signature: String,
    pub signed_at: Stamp,
    /// `X-Amz-Security-Token`. Whether it belongs to the access key is for the owner of the keys to say.
    pub session_token: Option<String>,
}

/// Where the signature was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Header,
    /// Presigned. Without `X-Amz-Expires` it lives as long as a signature in a header. (assumed)
    Query {
        expires_seconds: Option<u32>,
    },
}

/// Reads the claim of a request. A header wins over a presigned query. (assumed)
pub fn parse<'a, H>(request: &Request<'a, H>) -> Result<Claim, Failure>
where
    H: IntoIterator<Item = (&'a str, &'a [u8])> + Clone,
{
    let fields = Fields::of(request.headers.clone().into_iter());
    match fields.first("authorization").map(<[u8]>::trim_ascii) {
        Some(authorization) if !authorization.is_empty() => header_claim(authorization, &fields),
        _ => query_claim(request.query),
    }
}

fn header_claim(authorization: &[u8], fields: &Fields<'_>) -> Result<Claim, Failure> {
    let authorization_sha256 = || key::sha256_base64(authorization);
    // No name or value of ours holds bytes that are not UTF-8; the replacement for them matches nothing either.
    let text = String::from_utf8_lossy(authorization);
    let (algorithm, pairs) = text.split_once(' ').unwrap_or(("", &text));
    let mut found: [Option<&str>; 3] = [None; 3];
    for pair in pairs.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| Failure::NotKeyValue { authorization_sha256: authorization_sha256() })?;
        let place = match name {
            "Credential" => 0,
            "Signature" => 1,
            "SignedHeaders" => 2,
            _ => continue,
        };
        found[place].get_or_insert(value);
    }
    let date = fields.first("x-amz-date").or_else(|| fields.first("date"));
    let (Some(credential), Some(signature), Some(signed_headers), Some(date)) = (found[0], found[1], found[2], date) else {
        let [credential, signature, signed_headers] = found.map(|part| part.is_none());
        let missing = [
            (credential, Part::Credential),
            (signature, Part::Signature),
            (signed_headers, Part::SignedHeaders),
            (date.is_none(), Part::Date),
        ];
        let missing = missing.into_iter().filter_map(|(is_missing, part)| is_missing.then_some(part)).collect();
        return Err(Failure::IncompleteHeader { missing, authorization_sha256: authorization_sha256() });
    };
    if algorithm != ALGORITHM {
        return Err(Failure::UnsupportedAlgorithm(algorithm.to_owned()));
    }
    let date = String::from_utf8_lossy(date.trim_ascii());
    let signed_at = Stamp::parse(&date).ok_or_else(|| Failure::MalformedDate(date.into_owned()))?;
    let session_token = fields.first("x-amz-security-token").map(|token| String::from_utf8_lossy(token.trim_ascii()).into_owned());
    claim(Form::Header, credential, signed_headers, signature, signed_at, session_token)
}

/// The parameters of a presigned query. The first five must be there.
const PARAMETERS: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
];

fn query_claim(query: &[u8]) -> Result<Claim, Failure> {
    let mut found: [Option<String>; 7] = Default::default();
    for (name, value) in canonical::parameters(query) {
        let Some(place) = PARAMETERS.iter().position(|parameter| encode::decoded_query(name).eq(parameter.bytes())) else {
            continue;
        };
        found[place].get_or_insert_with(|| String::from_utf8_lossy(&encode::decoded_query(value).collect::<Vec<u8>>()).into_owned());
    }
    // A date or a token alone is some API's own parameter; these three mean a signature.
    if found[..3].iter().all(Option::is_none) {
        return Err(Failure::MissingToken);
    }
    let missing = || found[..5].iter().zip(PARAMETERS).filter_map(|(value, name)| value.is_none().then_some(name)).collect();
    let [Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(date), expires, session_token] = &found else {
        return Err(Failure::IncompleteQuery { missing: missing() });
    };
    if algorithm != ALGORITHM {
        return Err(Failure::UnsupportedAlgorithm(algorithm.clone()));
    }
    let signed_at = Stamp::parse_basic(date).ok_or_else(|| Failure::MalformedDate(date.clone()))?;
    let expires_seconds = match expires {
        None => None,
        Some(text) => Some(expiry(text).ok_or_else(|| Failure::MalformedExpiry(text.clone()))?),
    };
    claim(Form::Query { expires_seconds }, credential, signed_headers, signature, signed_at, session_token.clone())
}

fn expiry(text: &str) -> Option<u32> {
    let digits = text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = digits.then(|| text.parse::<u32>().ok())??;
    (1..=EXPIRES_SECONDS_MAX).contains(&seconds).then_some(seconds)
}

fn claim(
    form: Form,
    credential: &str,
    signed_headers: &str,
    signature: &str,
    signed_at: Stamp,
    session_token: Option<String>,
) -> Result<Claim, Failure> {
    let mut elements = credential.split('/');
    let (Some(access_key), Some(day), Some(region), Some(service), Some(terminator), None) =
        (elements.next(), elements.next(), elements.next(), elements.next(), elements.next(), elements.next())
    else {
        return Err(Failure::MalformedCredential(credential.to_owned()));
    };
    let mut signed_headers: Vec<String> =
        signed_headers.split(';').filter(|name| !name.is_empty()).take(SIGNED_HEADERS_MAX + 1).map(str::to_ascii_lowercase).collect();
    if signed_headers.len() > SIGNED_HEADERS_MAX {
        return Err(Failure::TooManySignedHeaders);
    }
    signed_headers.sort_unstable();
    signed_headers.dedup();
    Ok(Claim {
        form,
        access_key: access_key.to_owned(),
        day: day.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        terminator: terminator.to_owned(),
        signed_headers,
        signature: signature.to_owned(),
        signed_at,
        session_token,
    })
}
