//! The small language in which a case builds its world: see tests/golden/README.md.

use super::backend::{Act, Backend};
use super::method::{Method, resource};
use super::world::World;
use serde_json::{Map, Value, json};
use socket2::{Domain, Socket, Type};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// A world with names for what is in it.
pub(crate) struct Ground {
    pub(crate) world: World,
    pub(crate) backend: Backend,
    /// Holds a port at which nobody listens.
    closed: (Socket, SocketAddr),
    /// Ids by name.
    apis: BTreeMap<String, String>,
    plans: BTreeMap<String, String>,
    keys: BTreeMap<String, String>,
    /// The API that statements are about.
    here: String,
}

const VERBS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"];
/// Where things stand: deployed before stages and plans are told of it.
const STAGE: &str = "prod";

/// A statement: its words, and the lines below it.
#[derive(Debug)]
struct Statement {
    head: String,
    lines: Vec<String>,
}

impl Statement {
    fn all(text: &str) -> Vec<Statement> {
        let mut all: Vec<Statement> = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if line.starts_with(' ') {
                all.last_mut().expect("a statement comes before its lines").lines.push(line.trim().to_owned());
                continue;
            }
            let (head, items) = line.split_once(": ").unwrap_or((line, ""));
            let lines = items.split(", ").filter(|item| !item.is_empty()).map(|item| item.trim().to_owned()).collect();
            all.push(Statement { head: head.trim_end_matches(':').to_owned(), lines });
        }
        all
    }

    fn word(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.head.split_once(' ').map_or("", |(_, name)| name)
    }

    /// What an API consists of, rather than where it is and who may call it.
    fn is_definition(&self) -> bool {
        VERBS.contains(&self.word()) || matches!(self.word(), "api" | "refusal" | "resource" | "backend")
    }
}

impl Ground {
    pub(crate) async fn new() -> Ground {
        Ground::on(World::new().await).await
    }

    pub(crate) async fn on(world: World) -> Ground {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let empty = BTreeMap::new;
        let mut ground = Ground {
            world,
            backend: Backend::start().await,
            closed: (socket, address),
            apis: empty(),
            plans: empty(),
            keys: empty(),
            here: String::new(),
        };
        ground.api("pets", &[]).await;
        ground
    }

    /// What stands before the first request: definitions, a deployment of every API to `prod`, then what is live.
    pub(crate) async fn given(&mut self, text: &str) {
        let text = self.fill(text);
        let (definitions, live): (Vec<_>, Vec<_>) = Statement::all(&text).into_iter().partition(Statement::is_definition);
        for statement in definitions {
            self.apply(statement).await;
        }
        for (name, id) in &self.apis {
            let resources = self.world.ok("GET", &format!("/restapis/{id}/resources?embed=methods&limit=500"), Value::Null).await;
            let has_methods = resources["item"].as_array().unwrap().iter().any(|item| item.get("resourceMethods").is_some());
            if has_methods && name != "undeployed" {
                self.world.ok("POST", &format!("/restapis/{id}/deployments"), json!({"stageName": STAGE})).await;
            }
        }
        self.here = self.apis["pets"].clone();
        for statement in live {
            self.apply(statement).await;
        }
    }

    /// What happens between two requests, in the order in which it is told.
    pub(crate) async fn then(&mut self, text: &str) {
        for statement in Statement::all(&self.fill(text)) {
            self.apply(statement).await;
        }
    }

    /// A text with the names in braces replaced by what they are called here.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut text = text.replace("{backend}", &self.backend.address.to_string()).replace("{closed}", &self.closed.1.to_string());
        for (name, id) in &self.apis {
            text = text.replace(&format!("{{{name}}}"), id);
        }
        text
    }

    /// The value of a key of the case; any other text is itself.
    pub(crate) fn key_value(&self, name: &str) -> String {
        if self.keys.contains_key(name) { value_of(name) } else { name.to_owned() }
    }

    /// The host of an API of the case.
    pub(crate) fn host(&self, api: &str) -> String {
        format!("{}.execute-api.us-east-1.amazonaws.com", self.apis[api])
    }

    async fn apply(&mut self, statement: Statement) {
        let Statement { head, lines } = &statement;
        match statement.word() {
            "api" => self.api(statement.name(), lines).await,
            "resource" => drop(resource(&self.world, &self.here, statement.name()).await),
            "refusal" => self.refusal(statement.name(), lines).await,
            "backend" => self.script(lines),
            "deploy" => self.deploy(statement.name(), lines).await,
            "stage" => self.stage(statement.name(), lines).await,
            "plan" => self.plan(statement.name(), lines).await,
            "key" => self.key(statement.name(), lines).await,
            "clock" => self.world.pass(duration(statement.name())),
            "call" => {
                let mut words = statement.name().splitn(3, ' ');
                let (verb, path) = (words.next().unwrap(), words.next().unwrap());
                let body = words.next().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
                self.world.ok(verb, path, body).await;
            }
            verb if VERBS.contains(&verb) => {
                let mut method = Method::new(verb, statement.name());
                lines.iter().for_each(|line| method.line(line));
                method.put(&self.world, &self.here).await;
            }
            _ => panic!("a case has no statement {head:?}"),
        }
    }

    async fn api(&mut self, name: &str, lines: &[String]) {
        if !self.apis.contains_key(name) {
            let made = self.world.ok("POST", "/restapis", json!({"name": name})).await;
            self.apis.insert(name.into(), made["id"].as_str().unwrap().into());
        }
        self.here = self.apis[name].clone();
        let mut ops = Vec::new();
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            ops.push(match word {
                "endpoint" => replace("/disableExecuteApiEndpoint", if rest == "disabled" { "true" } else { "false" }),
                "policy" => replace("/policy", rest),
                "type" => replace("/endpointConfiguration/types/EDGE", rest),
                "source" => replace("/apiKeySource", rest),
                _ => panic!("an API has no line {line:?}"),
            });
        }
        self.patch(&format!("/restapis/{}", self.here), ops).await;
    }

    async fn patch(&self, target: &str, ops: Vec<Value>) {
        if !ops.is_empty() {
            self.world.ok("PATCH", target, json!({"patchOperations": ops})).await;
        }
    }

    async fn refusal(&self, kind: &str, lines: &[String]) {
        let (mut headers, mut templates, mut status) = (Map::new(), Map::new(), Value::Null);
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "status" => status = json!(rest),
                "header" => {
                    let (name, expression) = rest.split_once(" = ").unwrap();
                    headers.insert(format!("gatewayresponse.header.{name}"), json!(expression));
                }
                "template" => {
                    let (media, text) = rest.split_once(' ').unwrap();
                    templates.insert(media.into(), json!(text));
                }
                _ => panic!("a gateway response has no line {line:?}"),
            }
        }
        let mut body = json!({"responseParameters": headers, "responseTemplates": templates});
        if !status.is_null() {
            body["statusCode"] = status;
        }
        self.world.ok("PUT", &format!("/restapis/{}/gatewayresponses/{kind}", self.here), body).await;
    }

    fn script(&self, lines: &[String]) {
        let (mut status, mut fields, mut body) = ("200 OK".to_owned(), String::new(), String::new());
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "silent" => return self.backend.does(Act::Silence),
                "closes" => return self.backend.does(Act::Close),
                "raw" => return self.backend.does(Act::Answer(rest.replace("\\r", "\r").replace("\\n", "\n").into_bytes())),
                "status" => status = rest.into(),
                "header" => fields.push_str(&format!("{rest}\r\n")),
                "body" => body = rest.into(),
                _ => panic!("a back end has no line {line:?}"),
            }
        }
        if !fields.to_ascii_lowercase().contains("transfer-encoding:") {
            fields.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        self.backend.does(Act::Answer(format!("HTTP/1.1 {status}\r\n{fields}\r\n{body}").into_bytes()));
    }

    async fn deploy(&self, stage: &str, lines: &[String]) {
        let stage = if stage.is_empty() { STAGE } else { stage };
        let mut body = json!({"stageName": stage});
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "canary" => body["canarySettings"]["percentTraffic"] = rest.trim_end_matches('%').parse::<f64>().unwrap().into(),
                "override" => {
                    let (name, value) = rest.split_once(" = ").unwrap();
                    body["canarySettings"]["stageVariableOverrides"][name] = json!(value);
                }
                "variable" => {
                    let (name, value) = rest.split_once(" = ").unwrap();
                    body["variables"][name] = json!(value);
                }
                _ => panic!("a deployment has no line {line:?}"),
            }
        }
        self.world.ok("POST", &format!("/restapis/{}/deployments", self.here), body).await;
    }

    async fn stage(&self, name: &str, lines: &[String]) {
        let mut ops = Vec::new();
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "variable" => {
                    let (name, value) = rest.split_once(" = ").unwrap();
                    ops.push(replace(&format!("/variables/{name}"), value));
                }
                "throttle" => {
                    let (method, limits) = method_and_limits(rest);
                    let key = method.map_or("*/*".into(), |(path, verb)| format!("{}/{verb}", path.replace('/', "~1")));
                    let (rate, burst) = limits;
                    ops.push(replace(&format!("/{key}/throttling/rateLimit"), &rate));
                    ops.push(replace(&format!("/{key}/throttling/burstLimit"), &burst));
                }
                "canary" if rest == "removed" => ops.push(json!({"op": "remove", "path": "/canarySettings"})),
                "canary" => ops.push(replace("/canarySettings/percentTraffic", rest.trim_end_matches('%'))),
                _ => panic!("a stage has no line {line:?}"),
            }
        }
        self.patch(&format!("/restapis/{}/stages/{name}", self.here), ops).await;
    }

    async fn plan(&mut self, name: &str, lines: &[String]) {
        if !self.plans.contains_key(name) {
            let made = self.world.ok("POST", "/usageplans", json!({"name": name})).await;
            self.plans.insert(name.into(), made["id"].as_str().unwrap().into());
        }
        let mut ops = Vec::new();
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                // quota 5 per DAY [offset 2]
                "quota" if rest == "removed" => ops.push(json!({"op": "remove", "path": "/quota"})),
                "quota" => {
                    let words: Vec<&str> = rest.split(' ').collect();
                    ops.push(replace("/quota/limit", words[0]));
                    ops.push(replace("/quota/period", words[2]));
                    if let Some(offset) = words.get(4) {
                        ops.push(replace("/quota/offset", offset));
                    }
                }
                "throttle" => {
                    let (_, (rate, burst)) = method_and_limits(rest);
                    ops.push(replace("/throttle/rateLimit", &rate));
                    ops.push(replace("/throttle/burstLimit", &burst));
                }
                "stage" => {
                    let (api, stage) = rest.split_once('/').unwrap();
                    ops.push(json!({"op": "add", "path": "/apiStages", "value": format!("{}:{stage}", self.apis[api])}));
                }
                // method pets/prod GET /dogs 1/s burst 1
                "method" => {
                    let (place, rest) = rest.split_once(' ').unwrap();
                    let (api, stage) = place.split_once('/').unwrap();
                    let (method, (rate, burst)) = method_and_limits(rest);
                    let (path, verb) = method.expect("a method is named");
                    let at = format!("/apiStages/{}:{stage}/throttle/{}/{verb}", self.apis[api], path.replace('/', "~1"));
                    ops.push(replace(&format!("{at}/rateLimit"), &rate));
                    ops.push(replace(&format!("{at}/burstLimit"), &burst));
                }
                _ => panic!("a usage plan has no line {line:?}"),
            }
        }
        self.patch(&format!("/usageplans/{}", self.plans[name]), ops).await;
    }

    async fn key(&mut self, name: &str, lines: &[String]) {
        if !self.keys.contains_key(name) {
            let made = self.world.ok("POST", "/apikeys", json!({"name": name, "value": value_of(name), "enabled": true})).await;
            self.keys.insert(name.into(), made["id"].as_str().unwrap().into());
        }
        let id = self.keys[name].clone();
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "plan" => {
                    let target = format!("/usageplans/{}/keys", self.plans[rest]);
                    self.world.ok("POST", &target, json!({"keyId": id, "keyType": "API_KEY"})).await;
                }
                "out" => drop(self.world.ok("DELETE", &format!("/usageplans/{}/keys/{id}", self.plans[rest]), Value::Null).await),
                "disabled" => self.patch(&format!("/apikeys/{id}"), vec![replace("/enabled", "false")]).await,
                "enabled" => self.patch(&format!("/apikeys/{id}"), vec![replace("/enabled", "true")]).await,
                "deleted" => {
                    self.world.ok("DELETE", &format!("/apikeys/{id}"), Value::Null).await;
                }
                _ => panic!("an API key has no line {line:?}"),
            }
        }
    }
}

/// The value of a key of this name: as long as AWS asks for.
fn value_of(name: &str) -> String {
    format!("{name:-<20}")
}

fn replace(path: &str, value: &str) -> Value {
    json!({"op": "replace", "path": path, "value": value})
}

/// Reads `[GET /dogs] 1/s burst 2`.
fn method_and_limits(text: &str) -> (Option<(&str, &str)>, (String, String)) {
    let words: Vec<&str> = text.split(' ').collect();
    let (method, limits) = if VERBS.contains(&words[0]) { (Some((words[1], words[0])), &words[2..]) } else { (None, &words[..]) };
    let [rate, "burst", burst] = limits else { panic!("no throttle: {text}") };
    (method, (rate.trim_end_matches("/s").to_owned(), (*burst).to_owned()))
}

/// Reads `+5s`, `+20ms`, `+1h`, `+1d`.
fn duration(text: &str) -> Duration {
    let digits = text.trim_start_matches('+');
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let number: u64 = digits[..end].parse().unwrap();
    match &digits[end..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number * 60),
        "h" => Duration::from_secs(number * 3_600),
        "d" => Duration::from_secs(number * 86_400),
        unit => panic!("no unit of time: {unit}"),
    }
}
