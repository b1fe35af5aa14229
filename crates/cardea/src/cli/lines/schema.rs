//! `cardea lines schema`. Schemas may refer to what a case has in `documents` (by URL), and to the documents that the public suite of
//! JSON Schema expects at its own server.

use super::Answer;
use jsonkit::{Schema, Value};

/// Where the suite has its server.
const SUITE: &str = "http://localhost:1234/";

pub(super) fn answer(case: &Value) -> Answer {
    let member = |name: &str| case.member(name).ok_or_else(|| format!("{name} is missing"));
    let given = |url: &str| case.member("documents").and_then(|documents| documents.member(url)).cloned();
    let (schema, data) = (member("schema")?, member("data")?);
    let schema = Schema::compile(schema, "", &mut |url| given(url).or_else(|| of_the_suite(url)));
    let errors = schema.and_then(|schema| schema.check(data)).map_err(|why| why.to_string())?;
    let errors: Vec<Value> = errors.into_iter().map(Value::from).collect();
    Ok(vec![("valid", errors.is_empty().into()), ("errors", errors.into())])
}

fn of_the_suite(url: &str) -> Option<Value> {
    let json = match url.strip_prefix(SUITE)? {
        "integer.json" => r#"{"type":"integer"}"#,
        path if path.starts_with("baseUriChange") && path.ends_with("/folderInteger.json") => r#"{"type":"integer"}"#,
        "draft4/subSchemas.json" => r##"{"definitions":{"integer":{"type":"integer"},"refToInteger":{"$ref":"#/definitions/integer"}}}"##,
        "draft4/name.json" => r##"{"type":"string","definitions":{"orNull":{"anyOf":[{"type":"null"},{"$ref":"#"}]}}}"##,
        "draft4/locationIndependentIdentifier.json" => {
            r##"{"definitions":{"refToInteger":{"$ref":"#foo"},"A":{"id":"#foo","type":"integer"}}}"##
        }
        _ => return None,
    };
    jsonkit::parse(json.as_bytes()).ok()
}
