//! What comes from outside: objects that answer for themselves, nothing that prints nothing, and lists that came from JSON.

use std::cell::RefCell;
use std::rc::Rc;
use vtl::{Error, Fault, Host, Limits, List, Map, Style, Template, Value, print_java, print_json};

/// A host that knows a little, and writes down what it is asked.
#[derive(Clone, Default)]
struct Desk {
    asked: Rc<RefCell<Vec<String>>>,
}

impl Host for Desk {
    fn kind(&self) -> &'static str {
        "$desk"
    }

    fn member(&self, name: &str) -> Result<Value, Fault> {
        self.asked.borrow_mut().push(name.to_owned());
        Ok(match name {
            "name" => Value::from("front"),
            "nothing" => Value::Absent,
            "lazy" => Value::host(Lazy),
            _ => Value::Null,
        })
    }

    fn call(&self, method: &str, arguments: &[Value]) -> Result<Value, Fault> {
        match (method, arguments) {
            ("echo", [value]) => Ok(value.clone()),
            ("fail", _) => Err(Fault::call("the desk is closed")),
            _ => Ok(Value::Null),
        }
    }

    fn set(&self, name: &str, value: Value) -> Result<bool, Fault> {
        self.asked.borrow_mut().push(format!("{name}={value:?}"));
        Ok(name == "bell")
    }
}

/// A host that stands for a list of JSON.
struct Lazy;

impl Host for Lazy {
    fn kind(&self) -> &'static str {
        "lazy"
    }

    fn member(&self, _: &str) -> Result<Value, Fault> {
        Ok(Value::Null)
    }

    fn call(&self, _: &str, _: &[Value]) -> Result<Value, Fault> {
        Ok(Value::Null)
    }

    fn expand(&self) -> Result<Option<Value>, Fault> {
        Ok(Some(List::new(Style::Json, vec![Value::from("a/\"é"), Value::Null, Value::Double(1.5)]).into()))
    }
}

fn render_at(desk: &Desk, template: &str) -> Result<String, Error> {
    let globals = |name: &str| if name == "desk" { Value::host(desk.clone()) } else { Value::Null };
    Template::compile(template, &Limits::DEFAULT)?.render(&globals, &Limits::DEFAULT, None)
}

fn at_desk(template: &str) -> String {
    render_at(&Desk::default(), template).expect("the template renders")
}

#[test]
fn a_host_answers_for_its_members_and_methods() {
    assert_eq!(at_desk("$desk.name $desk['name'] $desk.echo('x').toUpperCase()"), "front front X");
    assert_eq!(at_desk("$desk.none $!desk.none $desk.none() $desk"), "$desk.none  $desk.none() $desk");
    let error = render_at(&Desk::default(), "\n$desk.fail()").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 7: the desk is closed");
}

#[test]
fn a_host_is_asked_for_nothing_that_is_not_reached() {
    let desk = Desk::default();
    render_at(&desk, "#if($x)$desk.name#end#set($desk.bell = 1)#set($desk['bell']='b')#set($desk.other=2)").unwrap();
    assert_eq!(*desk.asked.borrow(), ["bell=1", "bell=\"b\"", "other=2"]);
}

#[test]
fn the_nothing_of_a_host_prints_nothing_and_equals_both_null_and_the_empty_string() {
    assert_eq!(at_desk("[$desk.nothing][$!desk.nothing][${desk.nothing}]"), "[][][]");
    assert_eq!(at_desk("#set($x=$desk.nothing)[$x]#if($x == $null)n#end#if($x == '')e#end#if($x)t#end#if($x != 'a')d#end"), "[]ned");
    assert_eq!(at_desk("[$desk.nothing.more.of().it[3]]#foreach($i in $desk.nothing)x#end"), "[]");
    // So does what nobody has set (seen: observed/aws-integrations.json, records put to a stream); all else is as in Velocity.
    assert_eq!(at_desk("#if($none == '')e#end#if($none.of.it != '')d#end#if('' == $none)e#end#if($none != ' ')d#end"), "eed");
}

#[test]
fn a_host_can_stand_for_a_value() {
    assert_eq!(
        at_desk("$desk.lazy.size() $desk.lazy[2] $desk.lazy.get(0) #foreach($i in $desk.lazy)<$!i>#end"),
        "3 1.5 a/\"é <a/\"é><><1.5>"
    );
    assert_eq!(at_desk("$desk.lazy"), "[\"a/\\\"é\",null,1.5]");
}

#[test]
fn lists_of_json_print_as_json_and_all_others_as_java_does() {
    let item = Map::from_iter([("nested", Value::from("bar"))]);
    let json: Value = List::new(Style::Json, vec![item.clone().into()]).into();
    let map: Value = Map::from_iter([("foo", json.clone())]).into();
    let globals = |name: &str| match name {
        "json" => json.clone(),
        "map" => map.clone(),
        _ => Value::Null,
    };
    let template = Template::compile("$json|$map|$json.toString()|#set($x = [$map])$x|$map.keySet()", &Limits::DEFAULT).unwrap();
    let output = template.render(&globals, &Limits::DEFAULT, None).unwrap();
    assert_eq!(output, r#"[{"nested":"bar"}]|{foo=[{"nested":"bar"}]}|[{"nested":"bar"}]|[{foo=[{"nested":"bar"}]}]|[foo]"#);
    assert_eq!(print_json(&map).unwrap(), r#"{"foo":[{"nested":"bar"}]}"#);
    assert_eq!(print_java(&item.into()).unwrap(), "{nested=bar}");
}

#[test]
fn a_map_that_is_handed_out_can_be_read_afterwards() {
    let overrides = Map::new();
    let globals = |name: &str| if name == "override" { overrides.clone().into() } else { Value::Null };
    let template =
        Template::compile("#set($override.status = 404)#set($override.header = {'X': 'y'})$override.put('z', [1])", &Limits::DEFAULT)
            .unwrap();
    template.render(&globals, &Limits::DEFAULT, None).unwrap();
    assert_eq!(print_json(&overrides.clone().into()).unwrap(), r#"{"status":404,"header":{"X":"y"},"z":[1]}"#);
}

#[test]
fn in_silence_what_a_known_variable_has_not_prints_nothing() {
    let template = |text: &str| Template::compile(text, &Limits::DEFAULT).expect("it compiles").silent();
    let globals = |name: &str| if name == "m" { Map::from_iter([("a", Value::from("b")), ("n", Value::Null)]).into() } else { Value::Null };
    let said = |text: &str| template(text).render(&globals, &Limits::DEFAULT, None).expect("it renders");
    assert_eq!(
        said("[$m.a][$m.none][$m.none.more][$m.n][$m.put('x', 1)][$m.get('y')][$none][$none.more]"),
        "[b][][][][][][$none][$none.more]"
    );
    assert_eq!(said("#macro(p $a)[$a.none][$a.a]#end#p($m)#set($x = $m.none)[$x]#if($x == $null && $x == '')e#end"), "[][b][]e");
}
