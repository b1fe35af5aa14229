//! One request, four places (path, header, query, body), one flat set of members.

use super::ApiError;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;

/// Members by wire name. Path beats query beats body: a duplicate must not smuggle an id past the router.
#[derive(Default, Debug)]
pub struct Members(BTreeMap<String, Given>);

#[derive(Debug)]
enum Given {
    Text(Vec<String>),
    Json(Value),
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unreadable(String);

impl de::Error for Unreadable {
    fn custom<T: std::fmt::Display>(text: T) -> Self {
        Unreadable(text.to_string())
    }
}

impl Members {
    /// The members of a JSON body. An empty body has none.
    pub fn body(body: &[u8]) -> Result<Members, ApiError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Members::default());
        }
        let unreadable = |_| ApiError::Serialization("Unable to unmarshall request body".into());
        match serde_json::from_slice(body).map_err(unreadable)? {
            Value::Object(fields) => Ok(Members(fields.into_iter().map(|(name, value)| (name, Given::Json(value))).collect())),
            Value::Null => Ok(Members::default()),
            _ => Err(ApiError::Serialization("Start of list or value found where not expected.".into())),
        }
    }

    /// A body that is one payload: the member `body`.
    pub fn raw(body: Vec<u8>) -> Result<Members, ApiError> {
        let text = String::from_utf8(body).map_err(|_| ApiError::bad_request("Invalid OpenAPI input."))?;
        Ok(Members(BTreeMap::from([("body".into(), Given::Text(vec![text]))])))
    }

    /// A body that is a payload for somebody else: the member `body`. Bytes that are no UTF-8 are replaced.
    pub fn payload(body: &[u8]) -> Members {
        Members(BTreeMap::from([("body".into(), Given::Text(vec![String::from_utf8_lossy(body).into_owned()]))]))
    }

    /// Adds the members of a raw query string.
    pub fn query(mut self, query: &str) -> Result<Members, ApiError> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let malformed = || ApiError::bad_request("Malformed query string");
            let name = decode_form(name).ok_or_else(malformed)?;
            found.entry(name).or_default().push(decode_form(value).ok_or_else(malformed)?);
        }
        self.0.extend(found.into_iter().map(|(name, values)| (name, Given::Text(values))));
        Ok(self)
    }

    /// Adds the members of the path.
    pub fn path(mut self, found: Vec<(&'static str, String)>) -> Members {
        self.0.extend(found.into_iter().map(|(name, value)| (name.to_owned(), Given::Text(vec![value]))));
        self
    }

    /// Adds a member that came in a header.
    pub fn header(mut self, name: &str, value: &[u8]) -> Members {
        self.0.insert(name.to_owned(), Given::Text(vec![String::from_utf8_lossy(value).into_owned()]));
        self
    }

    /// A member that came in the body.
    pub fn json(&self, name: &str) -> Option<&Value> {
        match self.0.get(name)? {
            Given::Json(value) => Some(value),
            Given::Text(_) => None,
        }
    }

    /// The first text of a member that came in the path or the query.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.first()
    }

    /// Reads a typed request. What is wrong by now is a mistake in a constraint table, or a number out of all bounds.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        let map = de::value::MapDeserializer::<_, Unreadable>::new(self.0.into_iter());
        T::deserialize(map).map_err(|why| {
            tracing::debug!(%why, "the members of a call cannot be read");
            ApiError::Serialization("A member of the request cannot be converted to its type".into())
        })
    }
}

/// Decodes `%XX` once; `None` when it is malformed or not UTF-8.
pub fn decode_percent(text: &str) -> Option<String> {
    decode(text, false)
}

/// Decodes a part of a query string, where `+` is a space.
pub fn decode_form(text: &str) -> Option<String> {
    decode(text, true)
}

fn decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                out.push((high * 16 + low) as u8);
            }
            b'+' if plus_is_space => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8(out).ok()
}

impl<'de> IntoDeserializer<'de, Unreadable> for Given {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl Given {
    fn first(&self) -> Option<&str> {
        match self {
            Given::Text(values) => values.first().map(String::as_str),
            Given::Json(_) => None,
        }
    }
}

macro_rules! parsed {
    ($($method:ident => $visit:ident: $type:ty),+ $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            match self.first() {
                Some(text) => match text.parse::<$type>() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(de::Error::invalid_value(de::Unexpected::Str(text), &stringify!($type))),
                },
                None => self.deserialize_any(visitor),
            }
        }
    )+};
}

impl<'de> de::Deserializer<'de> for Given {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self {
            Given::Text(mut values) => visitor.visit_string(values.swap_remove(0)),
            Given::Json(value) => value.deserialize_any(visitor).map_err(de::Error::custom),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self {
            Given::Json(Value::Null) => visitor.visit_none(),
            present => visitor.visit_some(present),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self {
            Given::Text(values) => visitor.visit_seq(TextSeq(values.into_iter())),
            json => json.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        match self {
            Given::Text(values) => {
                let text = values.first().map_or("", String::as_str);
                StrDeserializer::<Unreadable>::new(text).deserialize_enum(name, variants, visitor)
            }
            Given::Json(value) => value.deserialize_enum(name, variants, visitor).map_err(de::Error::custom),
        }
    }

    parsed! {
        deserialize_bool => visit_bool: bool,
        deserialize_i32 => visit_i32: i32, deserialize_i64 => visit_i64: i64,
        deserialize_u32 => visit_u32: u32, deserialize_u64 => visit_u64: u64,
        deserialize_f64 => visit_f64: f64,
    }

    serde::forward_to_deserialize_any! {
        i8 i16 u8 u16 f32 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct TextSeq(std::vec::IntoIter<String>);

impl<'de> de::SeqAccess<'de> for TextSeq {
    type Error = Unreadable;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unreadable> {
        self.0.next().map(|value| seed.deserialize(Given::Text(vec![value]))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Input {
        restapi_id: Option<String>,
        limit: Option<u32>,
        #[serde(default)]
        embed: Vec<String>,
        enabled: Option<bool>,
    }

    #[test]
    fn the_path_beats_the_query_and_the_query_beats_the_body() {
        let members = Members::body(br#"{"restapiId":"body","limit":1,"enabled":true}"#).unwrap();
        let members = members.query("restapiId=query&limit=25&embed=methods&embed=x+y").unwrap();
        let input: Input = members.path(vec![("restapiId", "path".into())]).read().unwrap();
        let embed = vec!["methods".to_owned(), "x y".to_owned()];
        assert_eq!(input, Input { restapi_id: Some("path".into()), limit: Some(25), embed, enabled: Some(true) });
    }

    #[test]
    fn a_number_that_is_none_is_an_error_and_not_a_panic() {
        let members = Members::default().query("limit=many").unwrap();
        assert!(matches!(members.read::<Input>(), Err(ApiError::Serialization(_))));
        assert!(Members::body(b"[1]").is_err());
        assert!(Members::body(b"{").is_err());
        assert!(Members::default().query("a=%zz").is_err());
    }
}
