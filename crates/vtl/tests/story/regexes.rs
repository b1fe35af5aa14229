//! Regular expressions: Java's, as far as they go.

use crate::bench::{render, render_with};
use serde_json::json;
use vtl::Limits;

fn said(call: &str, text: &str) -> String {
    render_with(&format!("$s.{call}"), &json!({"s": text}), &Limits::DEFAULT).expect("the call is right")
}

#[test]
fn classes_are_those_of_ascii_as_in_java() {
    assert_eq!(said(r"replaceAll('\w','.')", "aé_1-"), ".é..-");
    assert_eq!(said(r"replaceAll('[\W\d]','.')", "aé_1-"), "a._..");
    assert_eq!(said(r"replaceAll('\p{Alpha}+','.')", "abé"), ".é");
    assert_eq!(said(r"replaceAll('\P{Alpha}','.')", "abé"), "ab.");
    assert_eq!(said(r"replaceAll('\p{L}+','.')", "abé1"), ".1");
    assert_eq!(said(r"replaceAll('\Q.*\E','x')", "a.*b"), "axb");
    assert_eq!(said(r"matches('a.b')", "a\rb"), "false");
    assert_eq!(said(r"matches('(?s)a.b')", "a\nb"), "true");
    assert_eq!(said(r"replaceAll('\<(\w)\>','$1')", "<b>"), "b");
}

#[test]
fn replacements_are_javas() {
    assert_eq!(said(r"replaceAll('(a)(b)?','[$2$1$0]')", "ab-a"), "[baab]-[aa]");
    assert_eq!(said(r"replaceAll('(?<x>a)','<${x}>')", "a"), "<a>");
    assert_eq!(said(r"replaceAll('(a)','$11')", "a"), "a1");
    assert_eq!(said(r"replaceAll('a','\$\\')", "a"), r"$\");
    assert_eq!(said(r"replaceFirst('a','$0$0')", "aa"), "aaa");
    for wrong in [r"replaceAll('a','$1')", r"replaceAll('a','$')", r"replaceAll('a','\')", r"replaceAll('(a','x')", r"matches('(?=a)')"] {
        assert!(render(&format!("#set($s='a')$s.{wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn splits_drop_what_is_empty_at_the_end() {
    assert_eq!(said("split(',')", ",a,,b,,"), "[, a, , b]");
    assert_eq!(said("split(',', -1)", "a,,"), "[a, , ]");
    assert_eq!(said("split(',', 2)", "a,b,c"), "[a, b,c]");
    assert_eq!(said("split('')", "abc"), "[a, b, c]");
    assert_eq!(said("split('x')", ""), "[]");
    assert_eq!(said("split('x').size()", ""), "1");
    assert_eq!(said(r"split('\s*;\s*')", "a ; b;c"), "[a, b, c]");
}

#[test]
fn format_is_javas() {
    assert_eq!(
        said("format('%5d|%-5s|%05.1f|%x|%b|%%|%,d', 42, 'a', 3.14159, 255, true, 1234567)", ""),
        "   42|a    |003.1|ff|true|%|1,234,567"
    );
    assert!(render("#set($s='')$s.format('%d','x')").is_err());
    assert!(render("#set($s='')$s.format('%999999999d',1)").is_err());
}
