//! A method of a case: its lines, and the control calls that make it.

use super::world::World;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// One integration response.
#[derive(Debug, Default)]
struct Response {
    status: String,
    pattern: Option<String>,
    headers: BTreeMap<String, String>,
    templates: BTreeMap<String, String>,
    undeclared: bool,
}

/// A method, as a case tells it. Without any line it is a mock that answers 200 and its own name: `GET /dogs`.
#[derive(Debug, Default)]
pub(crate) struct Method {
    verb: String,
    path: String,
    method: Map<String, Value>,
    integration: Map<String, Value>,
    mapped: BTreeMap<String, String>,
    templates: BTreeMap<String, String>,
    responses: Vec<Response>,
    mock_status: String,
    is_bare: bool,
}

impl Method {
    pub(crate) fn new(verb: &str, path: &str) -> Method {
        let method = json!({"authorizationType": "NONE"}).as_object().cloned().unwrap();
        Method { verb: verb.into(), path: path.into(), method, mock_status: "200".into(), ..Method::default() }
    }

    /// One line of it.
    pub(crate) fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut set = |key: &str, value: Value| drop(self.integration.insert(key.to_owned(), value));
        match word {
            "key" => drop(self.method.insert("apiKeyRequired".into(), json!(true))),
            "authorization" => drop(self.method.insert("authorizationType".into(), json!(rest))),
            "bare" => self.is_bare = true,
            "mock" => self.mock_status = rest.into(),
            "http" | "proxy" => {
                set("type", json!(if word == "http" { "HTTP" } else { "HTTP_PROXY" }));
                set("uri", json!(rest));
                self.integration.entry("httpMethod").or_insert_with(|| json!(self.verb));
            }
            "verb" => set("httpMethod", json!(rest)),
            "integration" => {
                for (key, value) in serde_json::from_str::<Map<String, Value>>(rest).unwrap() {
                    set(&key, value);
                }
            }
            "passthrough" => set("passthroughBehavior", json!(rest)),
            "timeout" => set("timeoutInMillis", json!(rest.trim_end_matches("ms").parse::<u32>().unwrap())),
            "request" => {
                let (media, text) = rest.split_once(' ').unwrap();
                self.templates.insert(media.into(), text.into());
            }
            "set" => {
                let (name, expression) = rest.split_once(" = ").unwrap_or_else(|| panic!("no mapping: {line}"));
                self.mapped.insert(format!("integration.request.{name}"), expression.into());
            }
            "answer" => {
                let (status, pattern) = rest.split_once(" when ").map_or((rest, None), |(status, pattern)| (status, Some(pattern.into())));
                self.responses.push(Response { status: status.into(), pattern, ..Response::default() });
            }
            "body" => drop(self.response().templates.insert("application/json".into(), rest.into())),
            "template" => {
                let (media, text) = rest.split_once(' ').unwrap();
                self.response().templates.insert(media.into(), text.into());
            }
            "header" => {
                let (name, expression) = rest.split_once(" = ").unwrap_or_else(|| panic!("no mapping: {line}"));
                self.response().headers.insert(format!("method.response.header.{name}"), expression.into());
            }
            "undeclared" => self.response().undeclared = true,
            _ => panic!("a method has no line {line:?}"),
        }
    }

    /// The response that lines are about: the last, or the one for everything.
    fn response(&mut self) -> &mut Response {
        if self.responses.is_empty() {
            let status = if self.mock_status.parse::<u16>().is_ok_and(|n| (200..600).contains(&n)) { &self.mock_status } else { "200" };
            self.responses.push(Response { status: status.to_owned(), ..Response::default() });
        }
        self.responses.last_mut().unwrap()
    }

    /// Makes it, in place of the one that is there.
    pub(crate) async fn put(mut self, world: &World, api: &str) {
        let resource = resource(world, api, &self.path).await;
        let at = format!("/restapis/{api}/resources/{resource}/methods/{}", self.verb);
        if world.call("GET", &at, Value::Null).await.0 == 200 {
            world.ok("DELETE", &at, Value::Null).await;
        }
        let reads = self.mapped.values().filter(|expression| expression.starts_with("method.request.") && !expression.contains(".body"));
        let parameters: Map<String, Value> = reads.map(|name| (name.clone(), json!(false))).collect();
        self.method.insert("requestParameters".into(), Value::Object(parameters));
        if self.method["authorizationType"] == "CUSTOM" {
            let lambda = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:111111111111:function:f/invocations";
            let authorizer =
                json!({"name": self.path, "type": "TOKEN", "authorizerUri": lambda, "identitySource": "method.request.header.A"});
            let made = world.ok("POST", &format!("/restapis/{api}/authorizers"), authorizer).await;
            self.method.insert("authorizerId".into(), made["id"].clone());
        }
        world.ok("PUT", &at, Value::Object(self.method.clone())).await;
        if self.is_bare {
            return;
        }
        let is_proxy = self.integration.get("type").is_some_and(|kind| kind.as_str().is_some_and(|kind| kind.ends_with("_PROXY")));
        let is_mock = !self.integration.contains_key("type");
        if is_mock {
            self.integration.insert("type".into(), json!("MOCK"));
            if self.templates.is_empty() {
                self.templates.insert("application/json".into(), format!("{{\"statusCode\": {}}}", self.mock_status));
            }
            if self.responses.is_empty() {
                let name = format!("{} {}", self.verb, self.path);
                self.response().templates.insert("application/json".into(), name);
            }
        }
        let templates: BTreeMap<String, String> =
            self.templates.iter().filter(|(_, text)| *text != "none").map(|(k, v)| (k.clone(), v.clone())).collect();
        self.integration.insert("requestTemplates".into(), json!(templates));
        self.integration.insert("requestParameters".into(), json!(self.mapped));
        if !is_proxy {
            self.response();
        }
        let declared: std::collections::BTreeSet<_> = self.responses.iter().map(|response| &response.status).collect();
        for status in declared {
            let headers = self.responses.iter().filter(|response| response.status == *status).flat_map(|response| response.headers.keys());
            let parameters: Map<String, Value> = headers.map(|name| (name.clone(), json!(false))).collect();
            world.ok("PUT", &format!("{at}/responses/{status}"), json!({"responseParameters": parameters})).await;
        }
        world.ok("PUT", &format!("{at}/integration"), Value::Object(self.integration)).await;
        for Response { status, pattern, headers, templates, undeclared } in self.responses {
            let body = json!({"selectionPattern": pattern, "responseParameters": headers, "responseTemplates": templates});
            world.ok("PUT", &format!("{at}/integration/responses/{status}"), body).await;
            if undeclared {
                world.ok("DELETE", &format!("{at}/responses/{status}"), Value::Null).await;
            }
        }
    }
}

/// The resource of a path, made if it is not there.
pub(crate) async fn resource(world: &World, api: &str, path: &str) -> String {
    let list = world.ok("GET", &format!("/restapis/{api}/resources?limit=500"), Value::Null).await;
    let known: BTreeMap<&str, &str> =
        list["item"].as_array().unwrap().iter().map(|item| (item["path"].as_str().unwrap(), item["id"].as_str().unwrap())).collect();
    let mut at = known["/"].to_owned();
    let mut so_far = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        so_far = format!("{so_far}/{part}");
        at = match known.get(so_far.as_str()) {
            Some(id) => (*id).to_owned(),
            None => {
                let made = world.ok("POST", &format!("/restapis/{api}/resources/{at}"), json!({"pathPart": part})).await;
                made["id"].as_str().unwrap().to_owned()
            }
        };
    }
    at
}
