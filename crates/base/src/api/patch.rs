//! PATCH: a table per noun that reads like AWS's own, row for row. The engine clones, applies all or none, and words the errors.
//!
//! Values are always strings. There are two generations of nouns with two families of error texts; a table says which is its.

use super::ApiError;
use serde::Deserialize;

/// What to do at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Adds.
    Add,
    /// Removes.
    Remove,
    /// Sets.
    Replace,
    /// Copies from another path: only stages know it.
    Copy,
    /// In the enum, done nowhere.
    Move,
    /// In the enum, done nowhere.
    Test,
}

impl Op {
    /// As on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Op::Add => "add",
            Op::Remove => "remove",
            Op::Replace => "replace",
            Op::Copy => "copy",
            Op::Move => "move",
            Op::Test => "test",
        }
    }
}

/// The values of `op` in the order in which AWS prints them.
pub const OPS: &[&str] = &["add", "remove", "move", "test", "replace", "copy"];

/// One operation of a patch.
#[derive(Clone, Debug, Deserialize)]
pub struct PatchOp {
    /// What to do.
    pub op: Op,
    /// Where: a JSON pointer, `~1` for a slash in a name.
    pub path: Option<String>,
    /// With what.
    pub value: Option<String>,
    /// Copied from where.
    pub from: Option<String>,
}

/// The member `patchOperations` for constraint tables.
pub const MEMBER: super::Member = super::list(
    "patchOperations",
    &super::structure("", &[super::text("op").one_of(OPS), super::text("path"), super::text("value"), super::text("from")]),
);

/// What a row's function gets.
pub struct Arg<'a> {
    /// What to do.
    pub op: Op,
    /// The whole path as sent.
    pub path: &'a str,
    /// The value as sent.
    pub value: Option<&'a str>,
    /// Where to copy from.
    pub from: Option<&'a str>,
    /// What the placeholders of the row's path stand for, unescaped.
    pub captured: Vec<String>,
}

impl Arg<'_> {
    /// The value as text; absent is empty.
    pub fn text(&self) -> String {
        self.value.unwrap_or_default().to_owned()
    }

    /// The value as text, or nothing when it is absent or empty: for members that an empty value clears.
    pub fn optional(&self) -> Option<String> {
        self.value.filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The value as a boolean. AWS takes everything but `true` (in any case) for false (observed).
    pub fn flag(&self) -> bool {
        self.value.is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// The value as a number of the wanted kind.
    pub fn number<N: std::str::FromStr>(&self) -> Result<N, ApiError> {
        let text = self.value.unwrap_or_default();
        text.trim().parse().map_err(|_| ApiError::bad_request(format!("Invalid patch value '{text}' specified for path {}", self.path)))
    }

    /// What the first placeholder stands for.
    pub fn key(&self) -> &str {
        self.captured.first().map_or("", String::as_str)
    }
}

/// A row of a patch table.
pub struct Row<T: 'static> {
    /// What it does.
    pub op: Op,
    /// Where, as [`capture`] reads it.
    pub path: &'static str,
    /// How.
    pub apply: fn(&mut T, &Arg<'_>) -> Result<(), ApiError>,
}

type Apply<T> = fn(&mut T, &Arg<'_>) -> Result<(), ApiError>;

/// A row that sets.
pub const fn replace<T>(path: &'static str, apply: Apply<T>) -> Row<T> {
    Row { op: Op::Replace, path, apply }
}

/// A row that adds.
pub const fn add<T>(path: &'static str, apply: Apply<T>) -> Row<T> {
    Row { op: Op::Add, path, apply }
}

/// A row that removes.
pub const fn remove<T>(path: &'static str, apply: Apply<T>) -> Row<T> {
    Row { op: Op::Remove, path, apply }
}

/// A row that copies.
pub const fn copy<T>(path: &'static str, apply: Apply<T>) -> Row<T> {
    Row { op: Op::Copy, path, apply }
}

/// How a noun words its errors.
#[derive(Clone, Copy, Debug)]
pub enum Words {
    /// Resource, Model, RequestValidator, DocumentationPart: names the paths it knows, in AWS's order.
    New(&'static [&'static str]),
    /// ApiKey, UsagePlan: the same, with a list of paths for each verb. A verb that is not named is not supported.
    NewByOp(&'static [(Op, &'static [&'static str])]),
    /// RestApi, Method, MethodResponse, GatewayResponse and the rest.
    Old,
    /// Stage: a text of its own for whatever no row is for.
    Own(fn(&PatchOp) -> ApiError),
}

/// A noun's table.
pub struct Table<T: 'static> {
    /// Its family of texts.
    pub words: Words,
    /// Its rows.
    pub rows: &'static [Row<T>],
}

impl<T: Clone> Table<T> {
    /// The record with all operations applied, in order. The record itself is untouched, whatever happens.
    pub fn apply(&self, record: &T, ops: &[PatchOp]) -> Result<T, ApiError> {
        let mut draft = record.clone();
        for op in ops {
            let path = op.path.as_deref().ok_or_else(|| self.unknown(op))?;
            let found = self.rows.iter().filter(|row| row.op == op.op).find_map(|row| Some((row, capture(row.path, path)?)));
            let Some((row, captured)) = found else { return Err(self.unknown(op)) };
            let arg = Arg { op: op.op, path, value: op.value.as_deref(), from: op.from.as_deref(), captured };
            (row.apply)(&mut draft, &arg)?;
        }
        Ok(draft)
    }

    fn unknown(&self, asked: &PatchOp) -> ApiError {
        let (op, path) = (asked.op, asked.path.as_deref());
        let printed = path.unwrap_or("null");
        let known_paths = match self.words {
            Words::New(paths) => self.rows.iter().any(|row| row.op == op).then_some(paths),
            Words::NewByOp(lists) => lists.iter().find(|(listed, _)| *listed == op).map(|(_, paths)| *paths),
            Words::Old => return self.unknown_old(op, path, printed),
            Words::Own(words) => return words(asked),
        };
        let hint =
            known_paths.map_or("Please choose supported operations".to_owned(), |paths| format!("Must be one of: [{}]", paths.join(", ")));
        ApiError::bad_request(format!("Invalid patch path  '{printed}' specified for op '{}'. {hint}", op.name()))
    }

    fn unknown_old(&self, op: Op, path: Option<&str>, printed: &str) -> ApiError {
        let mut known = self.rows.iter().filter(|row| path.is_some_and(|path| capture(row.path, path).is_some())).peekable();
        if known.peek().is_none() || matches!(op, Op::Add | Op::Remove | Op::Replace) && known.clone().count() > 1 {
            return ApiError::bad_request(format!("Invalid patch path {printed}"));
        }
        let ops: Vec<&str> = known.map(|row| row.op.name()).collect();
        ApiError::bad_request(format!("Invalid patch operation specified. Must be one of: [{}]", ops.join(", ")))
    }
}

/// What the placeholders of `template` stand for in `path`, when it fits. `{name}` stands for one segment; `{name+}`, of which there may
/// be one, for one or more: some clients leave the slashes of a resource's path unescaped.
pub fn capture(template: &str, path: &str) -> Option<Vec<String>> {
    let want: Vec<&str> = template.split('/').collect();
    let mut have = path.split('/');
    // Segments that a greedy placeholder takes beyond its first.
    let spare = path.split('/').count().checked_sub(want.len())?;
    let mut captured = Vec::new();
    let mut taken = 0;
    for part in want {
        let segment = have.next()?;
        if part.starts_with('{') && part.ends_with("+}") {
            taken = spare;
            let whole = have.by_ref().take(spare).fold(segment.to_owned(), |whole, next| whole + "/" + next);
            captured.push(unescape(&whole));
        } else if part.starts_with('{') {
            captured.push(unescape(segment));
        } else if part != segment {
            return None;
        }
    }
    (taken == spare).then_some(captured)
}

/// Undoes a JSON pointer's escapes.
pub fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Default, PartialEq)]
    struct Plan {
        name: String,
        types: Vec<String>,
    }

    const NEW: Table<Plan> = Table {
        words: Words::New(&["/name"]),
        rows: &[replace("/name", |plan, arg| {
            plan.name = arg.text();
            Ok(())
        })],
    };
    const OLD: Table<Plan> = Table {
        words: Words::Old,
        rows: &[
            replace("/name", |plan, arg| {
                plan.name = arg.text();
                Ok(())
            }),
            add("/types/{type}", |plan, arg| {
                plan.types.push(arg.key().into());
                Ok(())
            }),
        ],
    };

    const BY_OP: Table<Plan> =
        Table { words: Words::NewByOp(&[(Op::Replace, &["/name"]), (Op::Remove, &["/types", "/all"])]), rows: NEW.rows };
    const OWN: Table<Plan> =
        Table { words: Words::Own(|asked| ApiError::bad_request(format!("{} from {:?}", asked.op.name(), asked.from))), rows: NEW.rows };

    fn op(op: Op, path: &str, value: &str) -> PatchOp {
        PatchOp { op, path: Some(path.into()), value: Some(value.into()), from: None }
    }

    #[test]
    fn all_operations_apply_in_order_or_none_does() {
        let plan = Plan::default();
        let good = [op(Op::Add, "/types/image~1png", ""), op(Op::Replace, "/name", "a")];
        let done = OLD.apply(&plan, &good).unwrap();
        assert_eq!(done, Plan { name: "a".into(), types: vec!["image/png".into()] });
        let bad = [op(Op::Replace, "/name", "a"), op(Op::Replace, "/nome", "a")];
        assert_eq!(OLD.apply(&plan, &bad).unwrap_err().to_string(), "Invalid patch path /nome");
    }

    #[test]
    fn a_greedy_placeholder_takes_what_the_others_leave() {
        let found = |template, path| capture(template, path).map(|found| found.join(" "));
        let template = "/apiStages/{stage}/throttle/{method+}/rateLimit";
        assert_eq!(found(template, "/apiStages/a:b/throttle/~1pets~1{id}/GET/rateLimit").as_deref(), Some("a:b /pets/{id}/GET"));
        assert_eq!(found(template, "/apiStages/a:b/throttle//pets/{id}/GET/rateLimit").as_deref(), Some("a:b /pets/{id}/GET"));
        assert_eq!(found(template, "/apiStages/a:b/throttle/rateLimit"), None);
        assert_eq!(found(template, "/apiStages/a:b/throttle/x/burstLimit"), None);
        assert_eq!(found("/types/{type}", "/types/image/png"), None);
        assert_eq!(found("/types/{type}", "/types"), None);
        assert_eq!(found("/name", "/name").as_deref(), Some(""));
        assert_eq!(found("/name", "/name/"), None);
    }

    /// Seen: the texts recorded in rest-api.md §0.5.
    #[test]
    fn each_family_has_its_own_words() {
        let said = |table: &Table<Plan>, op| table.apply(&Plan::default(), &[op]).unwrap_err().to_string();
        assert_eq!(said(&NEW, op(Op::Replace, "/x", "")), "Invalid patch path  '/x' specified for op 'replace'. Must be one of: [/name]");
        assert_eq!(
            said(&NEW, op(Op::Add, "/x", "")),
            "Invalid patch path  '/x' specified for op 'add'. Please choose supported operations"
        );
        assert_eq!(
            said(&BY_OP, op(Op::Remove, "/x", "")),
            "Invalid patch path  '/x' specified for op 'remove'. Must be one of: [/types, /all]"
        );
        assert_eq!(
            said(&BY_OP, op(Op::Copy, "/x", "")),
            "Invalid patch path  '/x' specified for op 'copy'. Please choose supported operations"
        );
        assert_eq!(said(&OWN, op(Op::Copy, "/x", "")), "copy from None");
        assert_eq!(said(&OLD, op(Op::Add, "/name", "")), "Invalid patch operation specified. Must be one of: [replace]");
        assert_eq!(said(&OLD, op(Op::Replace, "/types/image/png", "")), "Invalid patch path /types/image/png");
        assert_eq!(said(&OLD, PatchOp { op: Op::Add, path: None, value: None, from: None }), "Invalid patch path null");
    }
}
