//! The head that a function writes before an answer that streams: status, headers, cookies, all of them optional, and nothing else.

use super::answer::{Answer, Pairs, Scalar, malformed, merge_headers, status};
use crate::integration::trace;
use base::gate::{Buffer, Exchange, Refusal, RefusalKind, take_fields};
use h1::{Fields, Known};
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Prelude<'a> {
    #[serde(borrow)]
    status_code: Option<Scalar<'a>>,
    #[serde(borrow)]
    headers: Option<Pairs<'a, Option<Scalar<'a>>>>,
    #[serde(borrow)]
    multi_value_headers: Option<Pairs<'a, Option<Vec<Scalar<'a>>>>>,
    #[serde(borrow)]
    cookies: Option<Vec<Scalar<'a>>>,
}

/// What an answer begins with.
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) fields: Fields,
    /// Bytes of the body, where the function says so.
    pub(crate) length: Option<u64>,
}

/// Reads the head of an answer. What is wrong with it is the API's fault: 500 (atlas, integrations §3.8).
pub(crate) fn read_prelude(text: &[u8], ex: &Exchange) -> Result<Head, Refusal> {
    read(text, ex).map_err(|refusal| Refusal { kind: RefusalKind::ApiConfigurationError, ..refusal })
}

fn read(text: &[u8], ex: &Exchange) -> Result<Head, Refusal> {
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed("what stands before its body is no JSON object"));
    }
    let prelude: Prelude<'_> = serde_json::from_slice(text).map_err(malformed)?;
    let code = match &prelude.status_code {
        None => 200,
        Some(Scalar(text)) => status(text).ok_or_else(|| malformed(format!("its statusCode is {text}")))?,
    };
    let Prelude { headers, multi_value_headers, cookies, .. } = prelude;
    let length = headers.iter().flat_map(|Pairs(pairs)| pairs).find(|(name, _)| name.eq_ignore_ascii_case("Content-Length"));
    let length = length.and_then(|(_, value)| value.as_ref()?.0.trim().parse().ok());
    // Of a name in both maps the list alone counts.
    let is_in_list =
        |name: &str| multi_value_headers.iter().flat_map(|Pairs(pairs)| pairs).any(|(other, _)| other.eq_ignore_ascii_case(name));
    let is_framing = |name: &str| name.eq_ignore_ascii_case("Content-Length");
    let headers = headers.map(|Pairs(mut pairs)| {
        pairs.retain(|(name, _)| !is_in_list(name) && !is_framing(name));
        Pairs(pairs)
    });
    let mut fields = take_fields();
    let unwritable = |why: h1::Unwritable| malformed(why.because);
    merge_headers(&Answer { headers, multi_value_headers, ..Answer::default() }, &mut fields)?;
    for Scalar(cookie) in cookies.iter().flatten() {
        fields.push("Set-Cookie", cookie.trim().as_bytes()).map_err(unwritable)?;
    }
    if !fields.has(Known::ContentType) {
        fields.push("Content-Type", b"application/json").map_err(unwritable)?;
    }
    let mut value = Buffer::take();
    trace::write_for_caller(ex, &mut value);
    fields.set("X-Amzn-Trace-Id", &value).map_err(unwritable)?;
    Ok(Head { status: code, fields, length })
}
