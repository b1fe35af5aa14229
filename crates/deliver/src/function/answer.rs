//! What a function answers to a proxy integration, and what becomes of it.
//!
//! Five members are known, all of them optional, and nothing else may be there. What is odd: a scalar stands for its text, a number that
//! is a text for a status; a body that says it is base64 is taken at its word only if the caller wants a binary media type. Recorded:
//! observed/lambda.json; the atlas, integrations §3.7.

use crate::integration::trace;
use crate::mapping::{BinaryTypes, REMAPPED, is_renamed};
use base::gate::{Buffer, Exchange, Refusal, RefusalKind, Reply, ReplyBody, take_fields};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use h1::{Fields, Known};
use serde::Deserialize;
use serde::de::{self, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// What the operator is told of each malformed answer.
const MALFORMED: &str = "Malformed Lambda proxy response";

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) status_code: Option<Scalar<'a>>,
    #[serde(borrow)]
    pub(super) headers: Option<Pairs<'a, Option<Scalar<'a>>>>,
    #[serde(borrow)]
    pub(super) multi_value_headers: Option<Pairs<'a, Option<Vec<Scalar<'a>>>>>,
    #[serde(borrow)]
    pub(super) body: Option<Scalar<'a>>,
    pub(super) is_base64_encoded: Option<Flag>,
}

/// A string, a number or a boolean, as text.
pub(super) struct Scalar<'a>(pub(super) Cow<'a, str>);

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or a boolean")
    }
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Cow::Borrowed(text)))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Cow::Owned(text.to_owned())))
    }
    fn visit_string<E: de::Error>(self, text: String) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Cow::Owned(text)))
    }
    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Cow::Borrowed(if flag { "true" } else { "false" })))
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Cow::Owned(number.to_string())))
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Cow::Owned(number.to_string())))
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Scalar<'de>, E> {
        // As Java prints it: `200.0`.
        Ok(Scalar(Cow::Owned(if number.fract() == 0.0 { format!("{number:.1}") } else { number.to_string() })))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// A boolean, or its text.
pub(super) struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Scalar(text) = deserializer.deserialize_any(ScalarVisitor)?;
        match &*text {
            "true" => Ok(Flag(true)),
            "false" => Ok(Flag(false)),
            _ => Err(de::Error::custom("isBase64Encoded is no boolean")),
        }
    }
}

/// A map in the order in which it came.
pub(super) struct Pairs<'a, V>(pub(super) Vec<(Cow<'a, str>, V)>);

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Pairs<'a, V> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
            type Value = Pairs<'de, V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de, V>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Scalar(name), value)) = map.next_entry()? {
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor(std::marker::PhantomData))
    }
}

pub(super) fn malformed(why: impl fmt::Display) -> Refusal {
    Refusal::of(RefusalKind::BadGateway, format!("{MALFORMED}: {why}"))
}

/// The method's answer.
pub(crate) fn read_answer(payload: &[u8], ex: &Exchange, binary: &BinaryTypes) -> Result<Reply, Refusal> {
    // A derived reader takes a list for a map's values in their order; AWS does not.
    if payload.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed("it is no JSON object"));
    }
    let answer: Answer<'_> = serde_json::from_slice(payload).map_err(malformed)?;
    let status = match &answer.status_code {
        None => 200,
        Some(Scalar(text)) => status(text).ok_or_else(|| malformed(format!("its statusCode is {text}")))?,
    };
    let mut fields = take_fields();
    merge_headers(&answer, &mut fields)?;
    if !fields.has(Known::ContentType) {
        fields.push("Content-Type", b"application/json").map_err(|why| malformed(why.because))?;
    }
    let mut value = Buffer::take();
    trace::write_for_caller(ex, &mut value);
    fields.set("X-Amzn-Trace-Id", &value).map_err(|why| malformed(why.because))?;
    let body = answer.body.map_or(Cow::Borrowed(""), |Scalar(text)| text);
    let is_encoded = answer.is_base64_encoded.is_some_and(|Flag(flag)| flag);
    let body = body_bytes(&body, is_encoded && binary.are_wanted(ex))?;
    Ok(Reply { status, fields, body })
}

pub(super) fn status(text: &str) -> Option<u16> {
    let whole = text.trim().strip_suffix(".0").unwrap_or(text.trim());
    whole.parse().ok().filter(|status| (100..600).contains(status))
}

fn body_bytes(body: &str, is_encoded: bool) -> Result<ReplyBody, Refusal> {
    if body.is_empty() {
        return Ok(ReplyBody::Empty);
    }
    let mut bytes = Buffer::take();
    if is_encoded {
        let unreadable = |_| Refusal::of(RefusalKind::ApiConfigurationError, "Unable to base64 decode the body.");
        STANDARD.decode_vec(body, &mut bytes).map_err(unreadable)?;
    } else {
        bytes.extend_from_slice(body.as_bytes());
    }
    Ok(ReplyBody::Whole(bytes))
}

/// Both maps as one: a name's values are those of the list, then the single one, under the spelling of the list. Values of one name are
/// one line, but for cookies.
pub(super) fn merge_headers(answer: &Answer<'_>, fields: &mut Fields) -> Result<(), Refusal> {
    let single: Vec<(&str, &str)> = match &answer.headers {
        Some(Pairs(pairs)) => pairs.iter().filter_map(|(name, value)| Some((&**name, &*value.as_ref()?.0))).collect(),
        None => Vec::new(),
    };
    let multi = answer.multi_value_headers.as_ref().map_or(&[][..], |Pairs(pairs)| pairs);
    let mut joined = Vec::new();
    for (name, values) in multi {
        let values = values.iter().flatten().map(|Scalar(value)| &**value);
        let also = single.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        let all: Vec<&str> = values.chain(also).collect();
        if name.eq_ignore_ascii_case("Set-Cookie") {
            all.iter().try_for_each(|value| put(fields, name, value.as_bytes()))?;
        } else if !all.is_empty() {
            joined.clear();
            for (n, value) in all.iter().enumerate() {
                joined.extend_from_slice(if n == 0 { b"" } else { b", " });
                joined.extend_from_slice(value.as_bytes());
            }
            put(fields, name, &joined)?;
        }
    }
    for (name, value) in single {
        if !multi.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            put(fields, name, value.as_bytes())?;
        }
    }
    Ok(())
}

fn put(fields: &mut Fields, name: &str, value: &[u8]) -> Result<(), Refusal> {
    let unwritable = |why: h1::Unwritable| malformed(format!("its header {name} cannot be sent: {}", why.because));
    let known = Known::of(name.as_bytes());
    match known {
        Known::TransferEncoding | Known::KeepAlive | Known::ProxyConnection | Known::Upgrade | Known::Te | Known::Trailer => Ok(()),
        _ if is_renamed(known) => fields.push(&format!("{REMAPPED}{name}"), value).map_err(unwritable),
        _ => fields.push(name, value.trim_ascii()).map_err(unwritable),
    }
}
