//! Reading texts, JSON and YAML.

use crate::import_export::document::{Document, Place, read};
use proptest::prelude::*;
use serde_json::{Value, json};

fn value(document: &Document) -> Value {
    serde_json::from_str(&document.root.json(&|_| None)).unwrap()
}

fn yaml(text: &str) -> Value {
    value(&read(text).unwrap_or_else(|why| panic!("{why}")))
}

fn why(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn json_keeps_its_order_its_numbers_and_its_places() {
    let document = read("{\n  \"b\": [1.50, -0, 1e3],\n  \"ä\": {\"ü\": \"\\ud83d\\ude00\\n/\", \"x\": null}, \"a\": true}").unwrap();
    let keys: Vec<&str> = document.root.entries().iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ["b", "ä", "a"]);
    assert_eq!(document.root.json(&|_| None), r#"{"b":[1.50,-0,1e3],"ä":{"ü":"😀\n/","x":null},"a":true}"#);
    let outer = document.root.find("ä").unwrap();
    assert_eq!(outer.at, Place { line: 3, column: 8 });
    assert_eq!(outer.entries()[1].at, Place { line: 3, column: 33 });
    assert_eq!(document.root.entries()[2].value.at, Place { line: 3, column: 50 });
}

#[test]
fn json_is_strict_and_says_where_it_is_not() {
    for (text, says) in [
        ("{\"a\": 01}", "line 1, column 9: a number may not begin with a zero"),
        ("{\n\"a\": 1,\n}", "line 3, column 1: expected a key in double quotes, found '}'"),
        ("{'a': 1}", "line 1, column 2: expected a key in double quotes, found '\\''"),
        ("{\"a\" 1}", "line 1, column 6: expected a colon, found '1'"),
        ("[1 2]", "line 1, column 4: expected a comma or a closing bracket, found '2'"),
        ("[1, 2", "line 1, column 6: expected a comma or a closing bracket, but the text ends"),
        ("{} x", "line 1, column 4: there is more after the end of the value"),
        ("[\"a\nb\"]", "line 1, column 4: a control character within a text must be escaped"),
        ("[\"ä\\q\"]", "line 1, column 5: expected an escape, found 'q'"),
        ("[\"\\ud800\"]", "line 1, column 9: half of a surrogate pair"),
        ("[1., 2]", "line 1, column 4: expected a digit, found ','"),
        ("[tru]", "line 1, column 2: expected a value, found 't'"),
        ("", "line 1, column 1: the definition is empty"),
    ] {
        assert_eq!(why(text), says, "{text}");
    }
}

#[test]
fn of_a_key_that_comes_again_the_last_value_counts_and_the_place_is_told() {
    for text in ["{\"a\": 1, \"b\": 2,\n\"a\": 3}", "a: 1\nb: 2\na: 3\n"] {
        let document = read(text).unwrap();
        assert_eq!(document.root.json(&|_| None), r#"{"b":2,"a":3}"#);
        let line = if text.starts_with('{') { 2 } else { 3 };
        assert_eq!(document.duplicates, [(Place { line, column: 1 }, "a".to_owned())]);
    }
}

#[test]
fn yaml_follows_the_core_schema_and_its_keys_are_texts() {
    let text = "200: a\nyes: on\nflag: True\nnone: ~\nempty:\ntext: !!str 12\nhex: 0x1F\noctal: 0o17\nplus: +1\nhalf: .5\n\
                zeros: 007\nversion: 1.10\ndate: 2022-04-12T15:36:55Z\nquoted: '12'\ninf: .inf\nfolded: >\n  a\n  b\nlist:\n- 1\n- [x, {y: z}]\n";
    let wanted = json!({
        "200": "a", "yes": "on", "flag": true, "none": null, "empty": null, "text": "12", "hex": 31, "octal": 15, "plus": 1,
        "half": 0.5, "zeros": 7, "version": 1.10, "date": "2022-04-12T15:36:55Z", "quoted": "12", "inf": ".inf", "folded": "a b\n",
        "list": [1, ["x", {"y": "z"}]],
    });
    assert_eq!(yaml(text), wanted);
    assert_eq!(read(text).unwrap().root.find("version").unwrap().scalar(), Some("1.10"));
    assert_eq!(read(text).unwrap().root.find("quoted").unwrap().at, Place { line: 14, column: 9 });
}

#[test]
fn aliases_are_copies_and_merged_keys_give_way_to_a_maps_own() {
    let text = "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\none:\n  <<: *base\n  b: own\nboth:\n  <<: [*base, *more]\n\
                copy: *more\n'<<': plain\n? &key k\n: *key\n";
    let wanted = json!({
        "base": {"a": 1, "b": 2}, "more": {"b": 3, "c": 4}, "one": {"a": 1, "b": "own"}, "both": {"b": 2, "c": 4, "a": 1},
        "copy": {"b": 3, "c": 4}, "<<": "plain", "k": "k",
    });
    assert_eq!(yaml(text), wanted);
    assert!(why("a:\n  <<: 1\n").contains("only maps can be merged"));
}

#[test]
fn yaml_that_means_nothing_here_is_refused_with_its_place() {
    for (text, says) in [
        ("a: !Sub x\n", "line 1, column 4: the tag !Sub has no meaning here; resolve it before the import"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: there is more than one document"),
        ("? [a]\n: b\n", "line 1, column 3: a list or a map cannot be a key"),
        ("a: *b\n", "line 1, column 4: while parsing node, found unknown anchor"),
        ("a: &a [*a]\n", "line 1, column 8: an alias within what it stands for"),
    ] {
        assert_eq!(why(text), says, "{text}");
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e9..1.0e9).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[ \"':,#&*!|>%@`\\[\\]{}\\\\\n\ta-c0-9.~<-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("[ \"':#&*!?|>a-c0-9~<-]{0,6}", inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_json_says_is_what_is_read(wanted in anything()) {
        let wrapped = json!({ "value": wanted });
        for text in [wrapped.to_string(), serde_json::to_string_pretty(&wrapped).unwrap()] {
            prop_assert_eq!(value(&read(&text).unwrap()), serde_json::from_str::<Value>(&text).unwrap());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_and_never_more(text in "[ \"':,#&*!|>%?@`\\[\\]{}\\\\\n\ta-c0-9.~<-]{0,80}", head in "(|\\{|\\[|a: |- |\\? |%|---\n)") {
        let text = format!("{head}{text}");
        if let Ok(document) = read(&text) {
            prop_assert!(serde_json::from_str::<Value>(&document.root.json(&|_| None)).is_ok(), "{}", text);
        }
    }

    #[test]
    fn a_json_cut_anywhere_is_refused(wanted in anything(), cut in 0.0..1.0f64) {
        let text = json!({ "value": wanted }).to_string();
        let cut = text.floor_char_boundary((text.len() as f64 * cut) as usize);
        prop_assert!(read(&text[..cut]).is_err());
    }
}
