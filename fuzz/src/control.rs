//! A control plane in memory with one of everything on it, and what must hold for each of its answers.

use base::api::dispatch::{Answer, Ask};
use base::testing::Bench;
use cardea::node::operations;
use serde_json::{Value, json};

/// A bench, and what the ids on it are: an input says `@api` where it means the API's.
pub(crate) struct World {
    pub(crate) bench: Bench,
    names: Vec<(&'static str, String)>,
}

impl World {
    pub(crate) fn new() -> World {
        let mut world = World { bench: Bench::new(&operations()), names: Vec::new() };
        let api = world.make("@api", "/restapis", json!({"name": "pets", "description": "d", "tags": {"a": "b"}}));
        let root = api["rootResourceId"].as_str().expect("an API has a root").to_owned();
        world.names.push(("@root", root));
        world.make("@pets", "/restapis/@api/resources/@root", json!({"pathPart": "{pet}"}));
        let method = "/restapis/@api/resources/@pets/methods/GET";
        let parameters = json!({"method.request.path.pet": true});
        world.put(method, json!({"authorizationType": "NONE", "requestParameters": parameters, "apiKeyRequired": true}));
        world.put(&format!("{method}/responses/200"), json!({"responseModels": {"application/json": "Empty"}}));
        let templates = json!({"application/json": "{\"statusCode\": 200}"});
        world.put(&format!("{method}/integration"), json!({"type": "MOCK", "requestTemplates": templates}));
        world.put(&format!("{method}/integration/responses/200"), json!({"selectionPattern": ""}));
        world.make("@deployment", "/restapis/@api/deployments", json!({"stageName": "prod", "variables": {"a": "b"}}));
        // Models go by their names.
        world.ok("POST", "/restapis/@api/models", &json!({"name": "Pet", "contentType": "application/json", "schema": "{}"}));
        world.make("@validator", "/restapis/@api/requestvalidators", json!({"name": "v", "validateRequestBody": true}));
        let uri =
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:111111111111:function:f/invocations";
        let authorizer = json!({"name": "z", "type": "TOKEN", "authorizerUri": uri, "identitySource": "method.request.header.A"});
        world.make("@authorizer", "/restapis/@api/authorizers", authorizer);
        world.put("/restapis/@api/gatewayresponses/THROTTLED", json!({"statusCode": "429"}));
        world.make("@key", "/apikeys", json!({"name": "k", "enabled": true}));
        let stages = json!([{"apiId": "@api", "stage": "prod"}]);
        let quota = json!({"limit": 10, "period": "DAY"});
        world.make("@plan", "/usageplans", json!({"name": "gold", "apiStages": stages, "quota": quota, "throttle": {"rateLimit": 1.5}}));
        world.make("@member", "/usageplans/@plan/keys", json!({"keyId": "@key", "keyType": "API_KEY"}));
        world
    }

    /// The text with the ids in their places.
    pub(crate) fn named(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, id)| if text.contains('@') { text.replace(name, id) } else { text })
    }

    fn make(&mut self, name: &'static str, path: &str, body: Value) -> Value {
        let made = self.ok("POST", path, &body);
        let id = made["id"].as_str().or(made["name"].as_str()).expect("what is made has an id").to_owned();
        self.names.push((name, id));
        made
    }

    fn put(&self, path: &str, body: Value) {
        self.ok("PUT", path, &body);
    }

    fn ok(&self, verb: &str, path: &str, body: &Value) -> Value {
        let answer = self.ask(verb, path, &body.to_string()).unwrap_or_else(|| panic!("no operation answers {verb} {path}"));
        assert!(answer.status < 300, "{verb} {path}: {}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
    }

    /// Sends a request, names put in their places, and looks at its answer. Nothing, if no operation is at that place.
    pub(crate) fn ask(&self, verb: &str, target: &str, body: &str) -> Option<Answer> {
        let target = self.named(target);
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let body = self.named(body).into_bytes();
        let ask = Ask { method: verb.into(), path: path.into(), query: query.into(), headers: Vec::new(), body };
        let answer = self.bench.try_ask(ask)?;
        has_aws_shape(&answer);
        Some(answer)
    }
}

/// Success with JSON or nothing, or a refusal by name with a message in words; never a failure of ours.
pub(crate) fn has_aws_shape(answer: &Answer) {
    let said = || String::from_utf8_lossy(&answer.body).into_owned();
    match (answer.status, answer.error_type) {
        (200..300, None) => {
            assert!(answer.body.is_empty() || serde_json::from_slice::<Value>(&answer.body).is_ok(), "no JSON: {}", said());
        }
        (400..500, Some(name)) => {
            assert!(name.ends_with("Exception"), "{name}");
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            assert!(body["message"].is_string() && body.as_object().is_some_and(|members| members.len() == 1), "{}", said());
        }
        other => panic!("{other:?} {}", said()),
    }
}
