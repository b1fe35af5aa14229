//! `cardea lines vtl`. A case of mode `apigw` has an `event`, as mapping templates see it; any other has a `context` of plain variables.

use super::{Answer, text};
use deliver::mapping::{Event, MappingTemplate, render_plain};
use jsonkit::{Object, Value};

pub(super) fn answer(case: &Value) -> Answer {
    let template = text(case, "template")?;
    let empty = Value::from(Object::default());
    let output = if case.member("mode").and_then(Value::as_str) == Some("apigw") {
        let event = Event::of(case.member("event").unwrap_or(&empty)).map_err(|why| why.to_string())?;
        MappingTemplate::compile(template).and_then(|template| template.render_event(event, None)).map(|rendered| rendered.text)
    } else {
        render_plain(template, case.member("context").unwrap_or(&empty))
    };
    Ok(vec![("output", output.map_err(|why| why.to_string())?.into())])
}
