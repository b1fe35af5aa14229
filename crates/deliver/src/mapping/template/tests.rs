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

#[test]
fn a_template_that_puts_the_context_into_itself_is_freed() {
    let put = "#set($context.requestOverride.header.a = $context)#set($context.responseOverride = $context)done";
    for (text, is_whole) in [(put.to_owned(), true), (format!("{put}#evaluate('1')"), false)] {
        let facts = Rc::new(Facts::Event(Event::default()));
        let rendered = MappingTemplate::compile(&text).unwrap().render(&facts, &"".into(), None, None);
        assert_eq!(rendered.is_ok(), is_whole, "{text}: {rendered:?}");
        assert_eq!(Rc::strong_count(&facts), 1, "{text}");
    }
}

#[test]
fn a_parameter_has_its_last_value_at_its_first_place() {
    let world = crate::bench::World::new();
    let facts = Facts::Request(world.exchange("GET /x?a=1&b=2&a=3 HTTP/1.1\r\nHost: a\r\n\r\n"));
    let pairs = facts.parameters(facts::Location::QueryString);
    assert_eq!(pairs, [("a".into(), "3".into()), ("b".into(), "2".into())]);
}
