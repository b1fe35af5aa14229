//! The caller's query string: form encoding, `;` parts parameters as `&` does, names are told apart by case.

use super::encode::decoded;
use std::borrow::Cow;

/// Name and value of each parameter, as they were sent.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split(['&', ';']).filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The decoded values of a parameter, in order.
pub(super) fn all<'q>(query: &'q str, name: &str) -> impl Iterator<Item = Cow<'q, str>> {
    pairs(query).filter(move |(sent, _)| decoded(sent, true) == name).map(|(_, value)| decoded(value, true))
}

/// The last value of a parameter.
pub(super) fn last<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    all(query, name).last()
}

/// The last value of a parameter, decoded.
pub fn parameter(query: &str, name: &str) -> Option<String> {
    last(query, name).map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts_and_names_are_exact() {
        let query = "a=1&A=2&a=x%2By+z;b&=c&%62=3";
        assert_eq!(last(query, "a").as_deref(), Some("x+y z"));
        assert_eq!(last(query, "A").as_deref(), Some("2"));
        assert_eq!(all(query, "b").collect::<Vec<_>>(), ["", "3"]);
        assert_eq!(last(query, "c"), None);
    }
}
