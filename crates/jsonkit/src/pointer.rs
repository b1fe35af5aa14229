//! JSON Pointer (RFC 6901).

use crate::Value;
use std::borrow::Cow;

/// What a pointer points to. An array's `-` and indices with leading zeros point nowhere.
#[must_use]
pub fn find<'v>(document: &'v Value, pointer: &str) -> Option<&'v Value> {
    tokens(pointer)?.try_fold(document, |value, token| step(value, &token))
}

/// The parts of a pointer, unescaped; `None` if it begins with anything but a slash.
pub(crate) fn tokens(pointer: &str) -> Option<impl Iterator<Item = Cow<'_, str>>> {
    let rest = if pointer.is_empty() { None } else { Some(pointer.strip_prefix('/')?) };
    Some(rest.into_iter().flat_map(|rest| rest.split('/')).map(|token| match token.contains('~') {
        true => Cow::Owned(token.replace("~1", "/").replace("~0", "~")),
        false => Cow::Borrowed(token),
    }))
}

pub(crate) fn step<'v>(value: &'v Value, token: &str) -> Option<&'v Value> {
    match value {
        Value::Object(object) => object.find(token),
        Value::Array(items) => {
            let is_index =
                token == "0" || (!token.starts_with('0') && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()));
            if is_index { items.get(token.parse::<usize>().ok()?) } else { None }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn a_pointer_finds_members_items_and_what_is_escaped() {
        let document = parse(br#"{"a":[10,{"b":true}],"":1,"x/y":2,"m~n":3,"~1":4}"#).unwrap();
        let text = |pointer| find(&document, pointer).map(ToString::to_string);
        for (pointer, want) in [("/a/0", "10"), ("/a/1/b", "true"), ("/", "1"), ("/x~1y", "2"), ("/m~0n", "3"), ("/~01", "4")] {
            assert_eq!(text(pointer).as_deref(), Some(want), "{pointer}");
        }
        assert_eq!(find(&document, ""), Some(&document));
        for nowhere in ["a", "/b", "/a/2", "/a/00", "/a/-", "/a/+1", "/a/", "/a/0/x", "/a/99999999999999999999999"] {
            assert_eq!(text(nowhere), None, "{nowhere}");
        }
    }
}
