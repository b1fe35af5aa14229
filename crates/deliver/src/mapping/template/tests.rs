use super::*;
use jsonkit::Value as Json;

/// Cases whose answers were recorded from Velocity 1.7 with the functions of mapping templates.
const RECORDED: &[u8] = include_bytes!("../../../../../tests/golden/vtl/apigw.json");

#[test]
fn what_velocity_made_of_an_event_is_made_here() {
    let file = jsonkit::parse(RECORDED).unwrap();
    let event = Event::of(file.member("event").unwrap()).unwrap();
    let mut wrong = Vec::new();
    let Some(Json::Array(cases)) = file.member("cases") else { panic!("there are cases") };
    for case in cases.iter() {
        let template = case.member("template").and_then(Json::as_str).unwrap();
        let expected = case.member("expect").and_then(Json::as_str);
        let made = MappingTemplate::compile(template).and_then(|template| template.render_event(event.clone(), None));
        let made = made.map(|rendered| rendered.text);
        if made.as_ref().ok().map(String::as_str) != expected {
            wrong.push(format!("{template}\n  want {expected:?}\n  got  {made:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
