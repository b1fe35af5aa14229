//! URLs, as far as references need them (RFC 3986, section 5).

/// A reference against its base, without an empty fragment.
pub(super) fn resolve(base: &str, reference: &str) -> String {
    let (reference, fragment) = split(reference);
    let (base, _) = split(base);
    let url = if reference.is_empty() { base.to_owned() } else { join(base, reference) };
    if fragment.is_empty() { url } else { format!("{url}#{fragment}") }
}

/// A URL and its fragment, which may be empty.
pub(super) fn split(url: &str) -> (&str, &str) {
    url.split_once('#').unwrap_or((url, ""))
}

/// What stands before the path: scheme and authority, or nothing.
fn authority_end(url: &str) -> usize {
    let scheme = scheme_end(url).unwrap_or(0);
    match url[scheme..].strip_prefix("//") {
        Some(rest) => scheme + 2 + rest.find(['/', '?']).unwrap_or(rest.len()),
        None => scheme,
    }
}

fn scheme_end(url: &str) -> Option<usize> {
    let at = url.find([':', '/', '?'])?;
    let is_scheme = url[at..].starts_with(':') && url.starts_with(|char: char| char.is_ascii_alphabetic());
    is_scheme.then_some(at + 1)
}

fn join(base: &str, reference: &str) -> String {
    if scheme_end(reference).is_some() {
        return reference.to_owned();
    }
    if reference.starts_with("//") {
        return format!("{}{reference}", &base[..scheme_end(base).unwrap_or(0)]);
    }
    let (root, path) = base.split_at(authority_end(base));
    let path = path.split('?').next().unwrap_or_default();
    if reference.starts_with('?') {
        return format!("{root}{path}{reference}");
    }
    let (bare, query) = reference.split_at(reference.find('?').unwrap_or(reference.len()));
    let merged = match bare.starts_with('/') {
        true => bare.to_owned(),
        false => {
            let folder = &path[..path.rfind('/').map_or(0, |at| at + 1)];
            let slash = if folder.is_empty() && root.contains("//") { "/" } else { "" };
            format!("{slash}{folder}{bare}")
        }
    };
    format!("{root}{}{query}", without_dots(&merged))
}

fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let count = path.split('/').count();
    for (at, segment) in path.split('/').enumerate() {
        let is_last = at + 1 == count;
        match segment {
            "." if is_last => kept.push(""),
            "." => {}
            ".." => {
                // The empty segment before a leading slash stays.
                if kept.len() > 1 || kept.first().is_some_and(|first| !first.is_empty()) {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    kept.join("/")
}

/// A fragment without its percent escapes.
pub(super) fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (*first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).expect("two digits are a byte"));
                rest = &after[2..];
            }
            (byte, ..) => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        for (base, reference, want) in [
            ("", "#/a", "#/a"),
            ("", "a.json", "a.json"),
            ("http://h/a/b", "#", "http://h/a/b"),
            ("http://h/a/b#x", "#y", "http://h/a/b#y"),
            ("http://h/a/b", "c#d", "http://h/a/c#d"),
            ("http://h/a/b/", "c/", "http://h/a/b/c/"),
            ("http://h", "c", "http://h/c"),
            ("http://h/a/b?q", "../c?r", "http://h/c?r"),
            ("http://h/a/b", "../../../c", "http://h/c"),
            ("http://h/a/b", "./", "http://h/a/"),
            ("http://h/a", "/c/./d/..", "http://h/c/"),
            ("http://h/a", "//i/c", "http://i/c"),
            ("http://h/a", "https://i/c#d", "https://i/c#d"),
            ("file:///a/b.json", "c.json", "file:///a/c.json"),
            ("urn:x", "#a", "urn:x#a"),
        ] {
            assert_eq!(resolve(base, reference), want, "{base} {reference}");
        }
        assert_eq!((decoded("/a%25b%22%zz"), decoded("%")), ("/a%b\"%zz".to_owned(), "%".to_owned()));
    }
}
