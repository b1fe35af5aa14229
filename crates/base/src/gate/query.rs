//! What callers encode: percent-encoding, and the query string: form encoding, `;` parts parameters as `&` does, names are told apart by case.

use std::borrow::Cow;

/// Name and value of each parameter, as they were sent.
pub fn query_pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split(['&', ';']).filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The decoded values of a parameter, in order.
pub fn query_values<'q>(query: &'q str, name: &str) -> impl Iterator<Item = Cow<'q, str>> {
    query_pairs(query).filter(move |(sent, _)| decoded(sent, true) == name).map(|(_, value)| decoded(value, true))
}

/// The last value of a parameter.
pub fn last_query_value<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    query_values(query, name).last()
}

/// Decoded text. A percent sign that begins no escape stays; bytes that are no UTF-8 become U+FFFD.
pub fn decoded(text: &str, plus_is_space: bool) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let special = |byte: &u8| *byte == b'%' || plus_is_space && *byte == b'+';
    if !bytes.iter().any(special) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digit = |n: usize| bytes.get(at + n).and_then(|digit| (*digit as char).to_digit(16));
        match (byte, digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 2;
            }
            (b'+', ..) if plus_is_space => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    Cow::Owned(match String::from_utf8(out) {
        Ok(text) => text,
        Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts_and_names_are_exact() {
        let query = "a=1&A=2&a=x%2By+z;b&=c&%62=3";
        assert_eq!(last_query_value(query, "a").as_deref(), Some("x+y z"));
        assert_eq!(last_query_value(query, "A").as_deref(), Some("2"));
        assert_eq!(query_values(query, "b").collect::<Vec<_>>(), ["", "3"]);
        assert_eq!(last_query_value(query, "c"), None);
    }

    #[test]
    fn decoding_takes_escapes_off_once() {
        assert_eq!(decoded("a%2Bb+c%252F", true), "a+b c%2F");
        assert_eq!(decoded("a+b%", false), "a+b%");
        assert_eq!(decoded("%zz%4", true), "%zz%4");
        assert_eq!(decoded("%C3%A9%FF", false), "é\u{fffd}");
        assert!(matches!(decoded("plain", true), Cow::Borrowed(_)));
    }
}
