//! `cargo xtask messages`: what it costs to make something of a message, beside what it costs to pass it on.

use crate::failure::{Outcome, fail};
use crate::load::{ITEMS, Load, Pace, Protocol, Questions};
use crate::node::{self, Node, STAGE, host, id};
use crate::place::{LOAD_CORE, MEASURED_CORE, Priority, Scratch, move_to, raise_descriptors};
use crate::report::{Round, Row, print};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
    /// Rounds
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each round
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Priority of everybody, as nice(1) counts; below 0 needs root
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    nice: i32,
}

const ROUNDS_MAX: usize = 100;
const SECONDS_MAX: f64 = 60.0;
const CONNECTIONS: usize = 64;

/// Thirty lines, as authors write them: a loop over ten items, parameters, context, escapes.
const TEMPLATE: &str = r##"#set($inputRoot = $input.path('$'))
#set($page = $input.params('page'))
#if($page == "")
  #set($page = "1")
#end
{
  "requestId": "$context.requestId",
  "stage": "$context.stage",
  "caller": "$context.identity.sourceIp",
  "page": $page,
  "total": $inputRoot.items.size(),
  "source": "$stageVariables.source",
  "items": [
#foreach($item in $inputRoot.items)
    {
      "id": "$item.id",
      "name": "$util.escapeJavaScript($item.name)",
      "price": $item.price,
#if($item.price > 50)
      "class": "dear",
#else
      "class": "cheap",
#end
      "tags": "$item.tags[0]"
    }#if($foreach.hasNext),#end

#end
  ],
  "first": $input.json('$.items[0]'),
  "done": true
}
"##;

/// What is measured, and its path.
const CASES: [(&str, &str); 5] =
    [("mock", "/mock"), ("proxied", "/proxied"), ("mapped", "/mapped"), ("template", "/template"), ("cache hit", "/cached")];

/// Measures, and prints what came of it.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    let program = node::build("release")?;
    raise_descriptors()?;
    let _priority = Priority::take(options.nice);
    move_to(&[LOAD_CORE])?;
    let scratch = Scratch::new()?;
    let mut load = Load::new()?;
    let node = Node::start(&program, &scratch.0, "messages", 1, &[])?;
    let api = set_up(&node, load.port())?;
    println!("{} rounds, {CONNECTIONS} connections; measured on core {MEASURED_CORE}, load on core {LOAD_CORE}", options.rounds);
    let seconds = options.seconds.clamp(0.1, SECONDS_MAX);
    let pace = Pace {
        connections: CONNECTIONS,
        warm: Duration::from_millis(400),
        length: Duration::from_secs_f64(seconds),
        body_bytes: ITEMS.len(),
        protocol: Protocol::Http1,
        at_once: 1,
    };
    let mut rows: Vec<Row> = CASES.iter().map(|(name, _)| Row { name, rounds: Vec::new() }).collect();
    for number in 0..options.rounds.clamp(1, ROUNDS_MAX) {
        for (row, (name, path)) in rows.iter_mut().zip(CASES) {
            let request =
                format!("GET /{STAGE}{path} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\nUser-Agent: bench/1\r\n\r\n", host(&api));
            let questions = Questions { port: node.run.data.port(), tls_port: 0, requests: vec![request.into_bytes()] };
            let counted = load.run(&questions, pace, || node.process.cpu_ns())?;
            if counted.answers == 0 || counted.bad > 0 {
                return Err(fail(format!("{name}: {} answers, {} of them bad", counted.answers, counted.bad)));
            }
            row.rounds.push(Round { number, counted, resident_bytes: node.process.resident_bytes(), body_bytes: ITEMS.len() });
        }
    }
    print(&format!("Answers of {} bytes from the back end, {CONNECTIONS} connections, one core", ITEMS.len()), &rows);
    if options.json {
        let told: Map<String, Value> = rows.iter().map(|row| (row.name.to_owned(), row.json())).collect();
        println!("{}", Value::Object(told));
    }
    Ok(())
}

/// An API with a path for each case. Says its id.
fn set_up(node: &Node, back_end: u16) -> Outcome<String> {
    let uri = format!("http://127.0.0.1:{back_end}/items");
    let answers = |templates: Value| json!({"default": {"statusCode": "200", "responseTemplates": templates}});
    let mock = json!({
        "type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": answers(json!({"application/json": ITEMS})),
    });
    let integrations = [
        ("/mock", mock),
        ("/proxied", json!({"type": "http_proxy", "httpMethod": "GET", "uri": uri})),
        ("/mapped", json!({"type": "http", "httpMethod": "GET", "uri": uri, "responses": answers(json!({}))})),
        (
            "/template",
            json!({"type": "http", "httpMethod": "GET", "uri": uri, "responses": answers(json!({"application/json": TEMPLATE}))}),
        ),
        ("/cached", json!({"type": "http_proxy", "httpMethod": "GET", "uri": uri})),
    ];
    let paths: Map<String, Value> = integrations
        .into_iter()
        .map(|(path, integration)| {
            let get = json!({"responses": {"200": {"description": "so"}}, "x-amazon-apigateway-integration": integration});
            (path.to_owned(), json!({"get": get}))
        })
        .collect();
    let definition = json!({"openapi": "3.0.1", "info": {"title": "messages", "version": "1"}, "paths": paths});
    let api = id(&node.call("POST", "/restapis?mode=import", &definition)?)?;
    node.deploy(&api)?;
    let replace = |path: &str, value: &str| json!({"op": "replace", "path": path, "value": value});
    let patches =
        [replace("/cacheClusterEnabled", "true"), replace("/cacheClusterSize", "0.5"), replace("/~1cached/GET/caching/enabled", "true")];
    node.call("PATCH", &format!("/restapis/{api}/stages/{STAGE}"), &json!({"patchOperations": patches}))?;
    Ok(api)
}
