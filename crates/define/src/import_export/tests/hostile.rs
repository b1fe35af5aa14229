//! Texts that are small or look harmless, and mean to cost much.

use super::*;
use crate::import_export::check;
use crate::import_export::document::{DEPTH_MAX, DOCUMENT_BYTES_MAX, read};
use crate::import_export::problem::Severity;
use serde_json::json;

fn why(text: &str) -> String {
    read(text).unwrap_err().cause
}

#[test]
fn depth_size_and_number_are_bounded_in_both_languages() {
    let deep = "values are nested more than 100 deep";
    assert_eq!(why(&"[".repeat(100_000)), deep);
    assert_eq!(why(&"{\"a\":".repeat(100_000)), deep);
    assert_eq!(why(&"- ".repeat(100_000)), deep);
    let nested: String = (0..150).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert_eq!(why(&nested), deep);
    assert!(read(&format!("{}1{}", "[".repeat(DEPTH_MAX - 1), "]".repeat(DEPTH_MAX - 1))).is_ok());
    let many = "there are more than 500000 values";
    assert_eq!(why(&format!("[{}1]", "1,".repeat(500_000))), many);
    assert!(why(&"- 1\n".repeat(500_001)).starts_with(many));
    assert_eq!(why(&" ".repeat(DOCUMENT_BYTES_MAX + 1)), "the definition is larger than 6291456 bytes");
}

#[test]
fn a_bomb_of_aliases_goes_off_at_its_budget() {
    let lists: String = (1..30).map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(9))).collect();
    assert!(why(&format!("a0: &a0 [1]\n{lists}")).starts_with("there are more than 500000 values, aliases included"));
    let texts = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(1_000_000), "*a,".repeat(100));
    assert_eq!(why(&texts), "aliases stand for more than 25165824 bytes");
    let merges: String = (1..40).map(|n| format!("m{n}: &m{n} {{<<: [*m{0}, *m{0}], k{n}: &k{n} {{x: *m{0}}}}}\n", n - 1)).collect();
    assert!(read(&format!("m0: &m0 {{k: 1}}\n{merges}")).is_err());
}

fn minimal(rest: Value) -> String {
    let mut document = json!({"swagger": "2.0", "info": {"title": "t"}});
    document.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    document.to_string()
}

fn errors(text: &str) -> Vec<String> {
    check(text).into_iter().filter(|problem| problem.severity == Severity::Error).map(|problem| problem.text).collect()
}

#[test]
fn references_in_circles_are_told_and_not_followed_for_ever() {
    let document = json!({
        "swagger": "2.0", "info": {"title": "t"},
        "parameters": {"a": {"$ref": "#/parameters/b"}, "b": {"$ref": "#/parameters/a"}},
        "paths": {"/": {"get": {"parameters": [
            {"$ref": "#/parameters/a"}, {"$ref": "#/parameters/missing"}, {"$ref": "https://example.com/p"}, {"$ref": "other.yaml#/p"},
        ], "responses": {}}}},
    });
    let told: Vec<String> = check(&document.to_string()).into_iter().map(|problem| problem.text).collect();
    assert_eq!(
        told,
        [
            "References lead in a circle, or over more than 32 steps",
            "Unable to resolve reference '#/parameters/missing'",
            "Unsupported reference 'https://example.com/p': only references within the document are followed",
            "Unsupported reference 'other.yaml#/p': only references within the document are followed",
        ]
    );
}

/// 9,000 methods that each refer to one response of 900 headers.
#[test]
fn what_references_unfold_to_is_bounded() {
    let headers: serde_json::Map<String, Value> = (0..900).map(|n| (format!("X-Header-{n}"), json!({}))).collect();
    let operation = json!({"responses": {"200": {"$ref": "#/responses/big"}}});
    let paths: serde_json::Map<String, Value> = (0..9_000).map(|n| (format!("/p{n}"), json!({"get": operation}))).collect();
    let text = minimal(json!({"responses": {"big": {"headers": headers}}, "paths": paths}));
    assert_eq!(errors(&text), ["The definition unfolds to more than 67108864 bytes"]);
}

#[test]
fn root_members_that_each_method_repeats_are_bounded_too() {
    let media: Vec<String> = (0..900).map(|n| format!("application/x-{n}")).collect();
    let operation = json!({"responses": {"200": {"schema": {"type": "object"}}}});
    let paths: serde_json::Map<String, Value> = (0..9_000).map(|n| (format!("/p{n}"), json!({"get": operation}))).collect();
    assert_eq!(errors(&minimal(json!({"produces": media, "paths": paths}))), ["The definition unfolds to more than 67108864 bytes"]);
}

#[test]
fn paths_are_bounded_in_length_and_number() {
    let long = format!("/{}", "a/".repeat(6_000));
    let told = errors(&minimal(json!({"paths": {long: {"get": {}}}})));
    assert!(told[0].ends_with("…"), "{told:?}");
    let paths: serde_json::Map<String, Value> = (0..10_001).map(|n| (format!("/p{n}"), json!({}))).collect();
    let told = errors(&minimal(json!({"paths": paths})));
    assert_eq!(told[0], "Unable to create resource at path '/p9999': Maximum number of resources for this API has been reached.");
    assert_eq!(told.len(), 2);
}

#[test]
fn a_flood_of_problems_is_counted_and_not_kept() {
    let paths: serde_json::Map<String, Value> = (0..1_000).map(|n| (format!("/a b{n}"), json!({}))).collect();
    let told = errors(&minimal(json!({"paths": paths})));
    assert_eq!((told.len(), told[200].as_str()), (201, "… and 800 more"));
}

#[test]
fn planning_is_pure() {
    let text = minimal(json!({"paths": {"/a": {"get": {"responses": {"200": {"schema": {"type": "object"}}}}}}}));
    let once = || serde_json::to_string(&planned(&text, false).unwrap().tree).unwrap();
    assert_eq!(once(), once());
}
