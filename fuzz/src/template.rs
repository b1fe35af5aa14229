//! Mapping templates. An input is a template; it is compiled, and rendered with variables of all kinds, watched and not. What comes out is
//! the same both times and within the bounds, and an error has a place in the text.

use std::cell::Cell;
use vtl::{Error, Event, Fault, Host, Limits, List, Map, Place, Style, Template, Value, Watch};

const LIMITS: Limits =
    Limits { steps_max: 50_000, output_bytes_max: 20_000, string_bytes_max: 20_000, items_max: 2_000, ..Limits::DEFAULT };

struct Input;

impl Host for Input {
    fn kind(&self) -> &'static str {
        "$input"
    }

    fn member(&self, name: &str) -> Result<Value, Fault> {
        Ok(if name == "body" { Value::from("{\"a\":1}") } else { Value::Absent })
    }

    fn call(&self, method: &str, arguments: &[Value]) -> Result<Value, Fault> {
        match (method, arguments) {
            ("path", [path]) if path.as_str() == Some("$") => Ok(document()),
            ("path", _) => Ok(Value::Absent),
            ("fail", _) => Err(Fault::call("it fails")),
            _ => Ok(Value::Null),
        }
    }

    fn expand(&self) -> Result<Option<Value>, Fault> {
        Ok(Some(document()))
    }
}

fn document() -> Value {
    let item = |id: i64| Map::from_iter([("id", Value::Int(id)), ("n", Value::Null)]).into();
    let list = List::new(Style::Json, vec![item(1), item(2), Value::Double(1e21)]);
    Map::from_iter([("Items", list.into()), ("Count", Value::Int(3)), ("name", Value::from("Grüße \u{1F389}"))]).into()
}

fn variable(name: &str) -> Value {
    match name {
        "input" => Value::host(Input),
        "s" => Value::from("hello world"),
        "n" => Value::Int(7),
        "d" => Value::Double(2.5),
        "t" => Value::Bool(true),
        "l" => List::new(Style::Java, vec![Value::from("x"), Value::Int(1), Value::Null]).into(),
        "m" | "p" => document(),
        _ => Value::Null,
    }
}

struct Count(Cell<usize>);

impl Watch for Count {
    fn saw(&mut self, place: Place, _: Event<'_>) {
        assert!(place.line >= 1 && place.column >= 1);
        self.0.set(self.0.get() + 1);
    }
}

fn check_place(text: &str, error: &Error) {
    let lines = text.split('\n').count() as u32;
    assert!((1..=lines).contains(&error.place.line) && error.place.column >= 1, "{error}");
    assert!(!error.message.is_empty());
}

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let template = match Template::compile(&text, &LIMITS) {
        Ok(template) => template,
        Err(error) => return check_place(&text, &error),
    };
    let mut count = Count(Cell::new(0));
    let plain = template.render(&variable, &LIMITS, None);
    let watched = template.render(&variable, &LIMITS, Some(&mut count));
    assert_eq!(plain, watched);
    assert!(count.0.get() as u64 <= 2 * LIMITS.steps_max);
    match plain {
        Ok(output) => assert!(output.len() <= LIMITS.output_bytes_max),
        Err(error) => check_place(&text, &error),
    }
}
