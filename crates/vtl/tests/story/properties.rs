//! Whatever the text: it compiles or says where it does not, and what compiles renders within its bounds.

use crate::bench::value;
use proptest::prelude::*;
use serde_json::json;
use vtl::{Limits, Template, Value};

/// Small, so that each is met.
const LIMITS: Limits =
    Limits { steps_max: 20_000, output_bytes_max: 10_000, string_bytes_max: 10_000, items_max: 1_000, ..Limits::DEFAULT };

const PIECES: [&str; 74] = [
    "$s",
    "$!s",
    "${s}",
    "$none",
    "$!{none}",
    "$p.name",
    "$p.none.more",
    "$l[0]",
    "$l[-1]",
    "$l[9]",
    "$l.size()",
    "$l.add('x')",
    "$s.length()",
    "$s.substring(1, 3)",
    "$s.replaceAll('l+', '$0')",
    "$s.split('o')",
    "$p.put('k', $l)",
    "$l.add($p)",
    "$n",
    "$n-1",
    "$foreach",
    "$foreach.count",
    "$foreach.parent.index",
    "$i",
    "$b",
    "#define($b)",
    "#foreach($i in $l)",
    "#foreach($i in [1..9])",
    "#foreach($i in $p)",
    "#if($n > 1 && !$none)",
    "#if($s == 'x')",
    "#elseif($l)",
    "#else",
    "#{else}",
    "#end",
    "#{end}",
    "#set($x = $n * 2)",
    "#set($x = \"$x$s#if($t)y#end\")",
    "#set($p.k = [$x, {}])",
    "#set($l[0] = {'a': $l})",
    "  #set($s = \"a\"\"b\")\n",
    "#macro(m $a)",
    "#m($s)",
    "#m('q')",
    "#m($x $n)",
    "#@m(1)",
    "$bodyContent",
    "$a",
    "#stop",
    "#break",
    "#break($foreach)",
    "##",
    "#*",
    "*#",
    "#[[",
    "]]#",
    "\\",
    "\\\\",
    "$",
    "#",
    "!",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "'",
    ".",
    " ",
    "\n",
    "é🎉",
    "\\#if",
];

fn checked(text: &str) {
    let template = match Template::compile(text, &LIMITS) {
        Ok(template) => template,
        Err(error) => {
            let lines = text.split('\n').count() as u32;
            assert!((1..=lines).contains(&error.place.line) && error.place.column >= 1 && !error.message.is_empty(), "{error}");
            return;
        }
    };
    let context = json!({"s": "hello", "n": 7, "t": true, "l": ["x", 1, null], "p": {"name": "Ann", "l": [1, 2]}});
    let render = || template.render(&|name| context.get(name).map_or(Value::Null, value), &LIMITS, None);
    let (first, second) = (render(), render());
    assert_eq!(first, second);
    match first {
        Ok(output) => assert!(output.len() <= LIMITS.output_bytes_max),
        Err(error) => assert!(error.place.line >= 1 && !error.message.is_empty()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces_of_templates_end_well(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)) {
        checked(&pieces.concat());
    }

    #[test]
    fn any_text_ends_well(text in "[ -~\\n\\t$#\\\\é🎉]{0,80}") {
        checked(&text);
    }

    #[test]
    fn any_bytes_end_well(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        checked(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn text_without_signs_is_itself(text in "[^$#\\\\]{0,100}") {
        let template = Template::compile(&text, &LIMITS).unwrap();
        prop_assert_eq!(template.render(&|_| Value::Null, &LIMITS, None).unwrap(), text);
    }
}
