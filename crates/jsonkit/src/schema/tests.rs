use super::*;
use crate::parse;
use proptest::prelude::*;

fn value(json: &str) -> Value {
    parse(json.as_bytes()).unwrap()
}

fn compiled(schema: &str) -> Result<Schema, SchemaError> {
    Schema::compile(&value(schema), "", &mut |_| None)
}

/// The faults of a value under a schema.
fn faults(schema: &str, json: &str) -> Vec<String> {
    compiled(schema).unwrap().check(&value(json)).unwrap()
}

#[test]
fn each_fault_has_the_librarys_words() {
    for (schema, json, want) in [
        (r#"{"required":["b","a","c"]}"#, r#"{"c":1}"#, r#"object has missing required properties (["a","b"])"#),
        (
            r#"{"type":"number"}"#,
            r#""x""#,
            r#"instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])"#,
        ),
        (
            r#"{"type":["string","null"]}"#,
            "1.0",
            r#"instance type (number) does not match any allowed primitive type (allowed: ["null","string"])"#,
        ),
        (r#"{"minLength":2}"#, r#""x""#, r#"string "x" is too short (length: 1, required minimum: 2)"#),
        (r#"{"maxLength":1}"#, r#""🎉é""#, r#"string "🎉é" is too long (length: 2, maximum allowed: 1)"#),
        (r#"{"enum":["a","b",1]}"#, r#""z""#, r#"instance value ("z") not found in enum (possible values: ["a","b",1])"#),
        (
            r#"{"properties":{"a":{}},"patternProperties":{"^p":{}},"additionalProperties":false}"#,
            r#"{"z":1,"extra":2,"a":3,"p1":4}"#,
            r#"object instance has properties which are not allowed by the schema: ["extra","z"]"#,
        ),
        (r#"{"maximum":10}"#, "11", "numeric instance is greater than the required maximum (maximum: 10, found: 11)"),
        (r#"{"minimum":1.5}"#, "1", "numeric instance is lower than the required minimum (minimum: 1.5, found: 1)"),
        (r#"{"maximum":10,"exclusiveMaximum":true}"#, "10.0", "numeric instance is not strictly lower than the required maximum 10"),
        (r#"{"minimum":0,"exclusiveMinimum":true}"#, "0", "numeric instance is not strictly greater than the required minimum 0"),
        (r#"{"pattern":"^a"}"#, r#""b""#, r#"ECMA 262 regex "^a" does not match input string "b""#),
        (
            r#"{"allOf":[{"type":"string"},{"type":"integer"}]}"#,
            "1",
            "instance failed to match all required schemas (matched only 1 out of 2)",
        ),
        (r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, "1", "instance failed to match at least one required schema among 2"),
        (r#"{"oneOf":[{"type":"integer"},{"minimum":0}]}"#, "1", "instance failed to match exactly one schema (matched 2 out of 2)"),
        (r#"{"not":{"type":"integer"}}"#, "1", "instance matched a schema which it should not have"),
        (r#"{"maxItems":1}"#, "[1,2]", "array is too long: must have at most 1 elements but instance has 2 elements"),
        (r#"{"minItems":1}"#, "[]", "array is too short: must have at least 1 elements but instance has 0 elements"),
        (r#"{"uniqueItems":true}"#, "[1,2,1.0]", "array must not contain duplicate elements"),
        (r#"{"maxProperties":1}"#, r#"{"a":1,"b":2}"#, "object has too many properties (found 2 but schema requires at most 1)"),
        (r#"{"minProperties":1}"#, "{}", "object has too few properties (found 0 but schema requires at least 1)"),
        (
            r#"{"dependencies":{"a":["c","b"]}}"#,
            r#"{"a":1,"c":2}"#,
            r#"property "a" of object has missing property dependencies (schema requires ["b","c"]; missing: ["b"])"#,
        ),
        (r#"{"format":"email"}"#, r#""x""#, r#"string "x" is not a valid email address"#),
    ] {
        assert_eq!(faults(schema, json), [want], "{schema}");
    }
    assert_eq!(faults(r#"{"multipleOf":2}"#, "3").len(), 1);
    assert_eq!(faults(r#"{"items":[{}],"additionalItems":false}"#, "[1,2]").len(), 1);
    assert_eq!(bracketed(&["a".to_owned(), "b".to_owned()]), "[a, b]");
}

#[test]
fn a_valid_value_has_no_faults() {
    let schema = r#"{
        "type": "object", "required": ["id"], "additionalProperties": false, "patternProperties": {"^x-": {"type": "string"}},
        "properties": {
            "id": {"type": "integer", "minimum": 1}, "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
            "kind": {"enum": ["a", "b"]}, "size": {"type": "number", "format": "int32", "multipleOf": 0.01}
        }
    }"#;
    assert_eq!(faults(schema, r#"{"id":7,"tags":["x","y"],"kind":"b","size":1.37,"x-1":""}"#), Vec::<String>::new());
}

#[test]
fn faults_come_by_keyword_then_by_member_and_not_from_deeper() {
    let schema = r#"{
        "type": "object",
        "properties": {
            "b": {"type": "object", "properties": {"deep": {"type": "null"}}},
            "a": {"type": "string", "minLength": 3, "enum": ["abc"]},
            "c": {"type": "array", "items": {"type": "null"}}
        }
    }"#;
    let short = r#"string "x" is too short (length: 1, required minimum: 3)"#;
    let other = r#"instance value ("x") not found in enum (possible values: ["abc"])"#;
    let wrong = r#"instance type (integer) does not match any allowed primitive type (allowed: ["array"])"#;
    assert_eq!(faults(schema, r#"{"c":1,"b":{"deep":1},"a":"x"}"#), [other, short, wrong]);
    assert_eq!(faults(schema, r#"{"b":{"deep":1},"c":[1,null,2]}"#).len(), 1, "after the first one, nothing deeper");
    let required = r#"{"required":["x"],"properties":{"a":{"type":"null"}}}"#;
    assert_eq!(faults(required, r#"{"a":1}"#), [r#"object has missing required properties (["x"])"#]);
}

#[test]
fn references_lead_to_definitions_models_and_themselves() {
    let tree = r##"{"type":"object","properties":{"next":{"$ref":"#"},"leaf":{"$ref":"#/definitions/leaf"}},"definitions":{"leaf":{"type":"null"}}}"##;
    assert!(faults(tree, r#"{"next":{"next":{"leaf":null}}}"#).is_empty());
    assert_eq!(faults(tree, r#"{"next":{"next":{"leaf":1}}}"#).len(), 1);

    // Two models of an API that refer to each other.
    let models = "https://apigateway.amazonaws.com/restapis/a1/models/";
    let pet = value(&format!(r#"{{"type":"object","required":["name"],"properties":{{"owner":{{"$ref":"{models}Owner"}}}}}}"#));
    let owner = value(&format!(r#"{{"type":"object","properties":{{"pets":{{"type":"array","items":{{"$ref":"{models}Pet"}}}}}}}}"#));
    let mut asked = Vec::new();
    let schema = Schema::compile(&pet, &format!("{models}Pet"), &mut |url| {
        asked.push(url.to_owned());
        (url == format!("{models}Owner")).then(|| owner.clone())
    });
    assert_eq!(asked, [format!("{models}Owner")]);
    let schema = schema.unwrap();
    assert!(schema.check(&value(r#"{"name":"a","owner":{"pets":[{"name":"b"}]}}"#)).unwrap().is_empty());
    assert_eq!(
        schema.check(&value(r#"{"name":"a","owner":{"pets":[{}]}}"#)).unwrap(),
        [r#"object has missing required properties (["name"])"#]
    );
}

#[test]
fn an_id_moves_the_base_and_names_a_place() {
    let schema = r##"{
        "id": "http://h/root.json",
        "properties": {"a": {"$ref": "inner/leaf.json"}, "b": {"$ref": "#named"}, "c": {"$ref": "http://json-schema.org/draft-04/schema#"}},
        "definitions": {
            "x": {"id": "inner/", "definitions": {"y": {"id": "leaf.json", "type": "null"}}},
            "z": {"id": "#named", "type": "string"}
        }
    }"##;
    assert!(faults(schema, r#"{"a":null,"b":"x","c":{"type":"string"}}"#).is_empty());
    for wrong in [r#"{"a":1}"#, r#"{"b":1}"#, r#"{"c":{"type":"text"}}"#, r#"{"c":{"minLength":-1}}"#] {
        assert_eq!(faults(schema, wrong).len(), 1, "{wrong}");
    }
}

#[test]
fn what_is_no_schema_is_refused_with_its_place() {
    let Err(SchemaError::Invalid { at, what }) = compiled(r#"{"properties":{"a":{"items":{"minLength":"x"}}}}"#) else {
        panic!("it is refused")
    };
    assert_eq!((at.as_str(), what.as_str()), ("#/properties/a/items", "minLength must be a number"));
    for schema in [
        "1",
        r#"{"type":"text"}"#,
        r#"{"type":1}"#,
        r#"{"required":true}"#,
        r#"{"properties":[]}"#,
        r#"{"items":1}"#,
        r#"{"enum":1}"#,
        r#"{"pattern":"("}"#,
        r#"{"patternProperties":{"(":{}}}"#,
        r#"{"allOf":{}}"#,
        r#"{"allOf":[1]}"#,
        r#"{"minimum":"1"}"#,
        r#"{"exclusiveMinimum":1}"#,
        r#"{"maxLength":-1}"#,
        r#"{"maxLength":1.5}"#,
        r#"{"multipleOf":0}"#,
        r#"{"uniqueItems":1}"#,
        r#"{"dependencies":{"a":1}}"#,
        r#"{"additionalProperties":1}"#,
        r#"{"additionalItems":1}"#,
        r#"{"format":1}"#,
        r#"{"not":true}"#,
    ] {
        assert!(matches!(compiled(schema), Err(SchemaError::Invalid { .. })), "{schema}");
    }
    for schema in [r##"{"$ref":"#/definitions/x"}"##, r##"{"items":{"$ref":"#x"}}"##, r#"{"$ref":"http://h/x"}"#] {
        assert!(matches!(compiled(schema), Err(SchemaError::Unresolved(_))), "{schema}");
    }
    for schema in [
        r##"{"$ref":"#"}"##,
        r##"{"items":{"$ref":"#/definitions/a"},"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}}"##,
    ] {
        assert!(matches!(compiled(schema), Err(SchemaError::Circle(_))), "{schema}");
    }
}

#[test]
fn hostile_schemas_and_bodies_meet_their_bounds() {
    let circle = compiled(r##"{"allOf":[{"$ref":"#"}]}"##).unwrap();
    assert_eq!(circle.check(&Value::Null), Err(SchemaError::TooMuch("400 schemas within each other")));

    let doubling: String = (0..40)
        .map(|at| format!(r##""d{at}":{{"anyOf":[{{"$ref":"#/definitions/d{0}"}},{{"$ref":"#/definitions/d{0}"}}]}},"##, at + 1))
        .collect();
    let doubling = format!(r##"{{"definitions":{{{doubling}"d40":{{"not":{{}}}}}},"$ref":"#/definitions/d0"}}"##);
    assert_eq!(compiled(&doubling).unwrap().check(&Value::Null), Err(SchemaError::TooMuch("4,000,000 steps of validation")));

    let long = Value::from("x".repeat(1 << 20));
    let told = compiled(r#"{"enum":[1],"type":"null","minLength":9999999,"pattern":"y"}"#).unwrap().check(&long).unwrap();
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|text| text.len() <= ERROR_BYTES_MAX));
    let many = value(&format!("[{}0]", "0,".repeat(1_000)));
    assert_eq!(compiled(r#"{"items":{"type":"null"}}"#).unwrap().check(&many).unwrap().len(), ERRORS_MAX);

    let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(SCHEMA_BYTES_MAX));
    assert!(matches!(compiled(&large), Err(SchemaError::TooMuch(_))));
    let mut made = 0;
    let endless = Schema::compile(&value(r#"{"$ref":"http://h/0"}"#), "", &mut |_| {
        made += 1;
        Some(value(&format!(r#"{{"$ref":"http://h/{made}"}}"#)))
    });
    assert!(matches!(endless, Err(SchemaError::TooMuch(_))));
}

/// Documents that the suite expects at this place.
fn remote(url: &str) -> Option<Value> {
    Some(value(match url.strip_prefix("http://localhost:1234/")? {
        "integer.json"
        | "baseUriChange/folderInteger.json"
        | "baseUriChangeFolder/folderInteger.json"
        | "baseUriChangeFolderInSubschema/folderInteger.json" => r#"{"type":"integer"}"#,
        "draft4/subSchemas.json" => r##"{"definitions":{"integer":{"type":"integer"},"refToInteger":{"$ref":"#/definitions/integer"}}}"##,
        "draft4/name.json" => r##"{"type":"string","definitions":{"orNull":{"anyOf":[{"type":"null"},{"$ref":"#"}]}}}"##,
        "draft4/locationIndependentIdentifier.json" => {
            r##"{"definitions":{"refToInteger":{"$ref":"#foo"},"A":{"id":"#foo","type":"integer"}}}"##
        }
        _ => return None,
    }))
}

/// The suite of draft 4, where `CARDEA_CORPORA` says it is.
#[test]
fn the_suite_of_draft_4_holds() {
    let Some(folder) = std::env::var_os("CARDEA_CORPORA") else { return };
    let file = std::path::Path::new(&folder).join("oracles/json-schema/draft4.json");
    let text = std::fs::read(&file).unwrap_or_else(|error| panic!("CARDEA_CORPORA is set, but {}: {error}", file.display()));
    let suite = parse(&text).unwrap();
    let (mut ran, mut wrong) = (0, Vec::new());
    for (file, groups) in suite.member("files").unwrap().as_object().unwrap().iter() {
        for group in groups.as_array().unwrap() {
            let schema = Schema::compile(group.member("schema").unwrap(), "", &mut remote);
            for test in group.member("tests").unwrap().as_array().unwrap() {
                ran += 1;
                let verdict = schema.clone().and_then(|schema| schema.check(test.member("data").unwrap()));
                if verdict.as_ref().ok().map(Vec::is_empty) != test.member("valid").unwrap().as_bool() {
                    wrong.push(format!(
                        "{file}: {}: {}: {verdict:?}",
                        group.member("description").unwrap(),
                        test.member("description").unwrap()
                    ));
                }
            }
        }
    }
    assert!(ran > 600, "the suite has shrunk to {ran}");
    assert!(wrong.is_empty(), "{} of {ran}:\n{}", wrong.len(), wrong.join("\n"));
}

proptest! {
    #[test]
    fn no_schema_panics(
        keyword in "(type|items|properties|required|enum|pattern|minimum|multipleOf|not|allOf|dependencies|additionalProperties|\\$ref|id|uniqueItems|maxLength)",
        within in "[\\[\\]{}\":,0-9a-z#/.-]{0,16}",
        json in "[\\[\\]{}\":,0-9a-z.-]{0,12}",
    ) {
        let json = parse(json.as_bytes()).unwrap_or_default();
        if let Ok(schema) = parse(format!("{{\"{keyword}\":{within}}}").as_bytes())
            && let Ok(schema) = Schema::compile(&schema, "", &mut |_| None)
        {
            let _either = schema.check(&json);
        }
    }
}
