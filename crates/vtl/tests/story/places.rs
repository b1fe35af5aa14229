//! Errors and traces say where.

use crate::bench::{render, rendered};
use vtl::{Cause, Event, Limits, Map, Place, Template, Value, Watch};

fn place_of(template: &str) -> (u32, u32) {
    let error = render(template).expect_err("the template is wrong");
    (error.place.line, error.place.column)
}

#[test]
fn a_flaw_of_the_text_has_its_line_and_column() {
    assert_eq!(place_of("a\nbc #end"), (2, 4));
    assert_eq!(place_of("é #if()x#end"), (1, 7));
    assert_eq!(place_of("#if($x)\n\nabc"), (3, 4));
    assert_eq!(place_of("x\n#set($x = 7*3-2)"), (2, 14));
    assert_eq!(place_of("#foreach($i)$i#end"), (1, 1));
    assert_eq!(render("#if()x#end").unwrap_err().message, "\")\" stands where a value is expected");
}

#[test]
fn a_fault_of_a_call_has_the_place_of_the_call() {
    let error = render("a\n  #set($s='x')$s.substring(99)").unwrap_err();
    assert_eq!((error.place, error.cause), (Place { line: 2, column: 18 }, Cause::Call));
    assert_eq!(error.to_string(), "line 2, column 18: begin 99, end 1, length 1");
    assert_eq!(place_of("#set($s='x')\n#set($y=\"abc $s.charAt(5)\")"), (2, 17));
}

#[test]
fn a_bound_that_is_passed_has_the_place_where_it_was() {
    assert_eq!(place_of("a\n #set($x = [1..2000000000])"), (2, 2));
    assert_eq!(place_of("a\n\n  #macro(m)#m()#end#m()"), (3, 12));
    let limits = Limits { output_bytes_max: 10, ..Limits::DEFAULT };
    let place = |text: &str| crate::bench::render_with(text, &serde_json::Value::Null, &limits).expect_err("it is too long").place;
    assert_eq!(place("1234\n12345\n$x"), Place { line: 1, column: 1 });
    assert_eq!(place("1234\n#if(true)\n1234567\n#end"), Place { line: 3, column: 1 });
    assert_eq!(place("1\n#set($y = 1)#set($x = \"12345\\u004112345$z\")"), Place { line: 2, column: 13 });
}

#[test]
fn what_aws_does_not_have_is_an_error_when_it_is_reached() {
    assert_eq!(rendered("#if($x)#include('a')#parse('b')#evaluate('c')#end."), ".");
    for template in ["#include('a')", "#parse('a')", "#evaluate('a')"] {
        assert_eq!(render(template).unwrap_err().cause, Cause::Unavailable, "{template}");
    }
}

#[test]
fn there_is_no_way_to_a_class() {
    assert_eq!(rendered("#set($s='a')$s.class|$s.getClass()|$s.class.forName('x')"), "$s.class|$s.getClass()|$s.class.forName('x')");
    let context = serde_json::json!({"m": {"class": "mine"}});
    assert_eq!(crate::bench::render_with("$m.class", &context, &Limits::DEFAULT).unwrap(), "mine");
}

#[derive(Default)]
struct Seen(Vec<String>);

impl Watch for Seen {
    fn saw(&mut self, place: Place, event: Event<'_>) {
        self.0.push(format!("{}:{} {event:?}", place.line, place.column));
    }
}

#[test]
fn a_trace_tells_each_directive_and_reference_in_order() {
    let text = "#set($n = 1 + 1)\n#if($n > 1)\n$n $!none\n#else\nx\n#end\n#foreach($i in ['a'])$i#end#m(1)#macro(m $a)#stop#end";
    let template = Template::compile(text, &Limits::DEFAULT).unwrap();
    let mut seen = Seen::default();
    template.render(&|_| Value::Null, &Limits::DEFAULT, Some(&mut seen)).unwrap();
    assert_eq!(
        seen.0,
        [
            "1:1 Set { source: \"$n\", value: 2 }",
            "2:1 Condition { directive: \"#if\", holds: true }",
            "3:1 Reference { source: \"$n\", value: 2 }",
            "3:4 Reference { source: \"$!none\", value: null }",
            "7:1 Turn { variable: \"i\", count: 1, value: \"a\" }",
            "7:22 Reference { source: \"$i\", value: \"a\" }",
            "7:28 Macro { name: \"m\" }",
            "7:45 Directive { name: \"#stop\" }",
        ]
    );
}

#[test]
fn a_variable_is_asked_for_once_and_only_when_it_is_reached() {
    let asked = std::cell::RefCell::new(Vec::new());
    let globals = |name: &str| {
        asked.borrow_mut().push(name.to_owned());
        if name == "m" { Value::from(Map::from_iter([("a", Value::Int(1))])) } else { Value::Null }
    };
    let template = Template::compile("$m.a$m.a#set($x=1)$x#if($no)$never#end", &Limits::DEFAULT).unwrap();
    assert_eq!(template.render(&globals, &Limits::DEFAULT, None).unwrap(), "111");
    assert_eq!(*asked.borrow(), ["m", "no"]);
    assert!(template.mentions("never") && !template.mentions("other"));
}
