//! Pages of a list: `limit` asks for how many, `position` for where to go on.

use serde::{Deserialize, Serialize};

/// Items on a page when nobody says how many.
pub const LIMIT_DEFAULT: usize = 25;
/// Items on a page at most.
pub const LIMIT_MAX: usize = 500;

/// How many items a caller wants. Out of range is no error (observed on GetApiKeys): it is brought into range.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Limit(Option<i64>);

impl Limit {
    /// Items on this page.
    pub fn items(self) -> usize {
        match self.0 {
            None | Some(..=0) => LIMIT_DEFAULT,
            Some(n) => usize::try_from(n).map_or(LIMIT_MAX, |n| n.min(LIMIT_MAX)),
        }
    }
}

/// One page. `position` is there only when more is.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    /// The items, under the name the wire uses.
    pub item: Vec<T>,
    /// Where the next page begins: opaque to clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

impl<T> Page<T> {
    /// The page after `position` of a whole list that is sorted by `key`.
    pub fn of(items: Vec<T>, limit: Limit, position: Option<&str>, key: impl Fn(&T) -> String) -> Page<T> {
        let start = position.and_then(open).map_or(0, |last| items.iter().take_while(|item| key(item) <= last).count());
        let mut page: Vec<T> = items.into_iter().skip(start).take(limit.items() + 1).collect();
        let more = page.len() > limit.items();
        page.truncate(limit.items());
        let position = if more { page.last().map(|item| seal(&key(item))) } else { None };
        Page { item: page, position }
    }

    /// A page from a list that was read one item longer than the limit.
    pub fn cut(mut items: Vec<T>, limit: Limit, key: impl Fn(&T) -> String) -> Page<T> {
        let more = items.len() > limit.items();
        items.truncate(limit.items());
        let position = if more { items.last().map(|item| seal(&key(item))) } else { None };
        Page { item: items, position }
    }

    /// The same page of other things.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { item: self.item.into_iter().map(each).collect(), position: self.position }
    }
}

/// A key as a `position`.
fn seal(key: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key)
}

/// The key in a `position`; `None` for one that we never gave.
pub(super) fn open(position: &str) -> Option<String> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(position.trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok()
}

impl Page<()> {
    /// The key after which a page begins.
    pub fn after(position: Option<&str>) -> Option<String> {
        position.and_then(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_a_list_once_and_the_last_has_no_position() {
        let all: Vec<String> = (0..60).map(|n| format!("{n:03}")).collect();
        let (mut seen, mut position, mut pages) = (Vec::new(), None::<String>, 0);
        loop {
            let page = Page::of(all.clone(), Limit(Some(25)), position.as_deref(), Clone::clone);
            seen.extend(page.item);
            pages += 1;
            position = page.position;
            if position.is_none() {
                break;
            }
        }
        assert_eq!((seen, pages), (all, 3));
    }

    #[test]
    fn an_odd_limit_gives_an_ordinary_page() {
        assert_eq!(Limit(Some(-1)).items(), LIMIT_DEFAULT);
        assert_eq!(Limit(Some(0)).items(), LIMIT_DEFAULT);
        assert_eq!(Limit(Some(100_000)).items(), LIMIT_MAX);
    }
}
