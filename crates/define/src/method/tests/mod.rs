//! The story of methods, one file per noun.

mod integration_responses;
mod integrations;
mod method_responses;
mod methods;

use admit::authorizer::record::Authorizer;
use admit::request_validator::record::RequestValidator;
use base::testing::Bench;
use serde_json::{Value, json};

/// An API with nothing but its root.
struct Plot {
    bench: Bench,
    api: String,
    root: String,
}

impl Plot {
    fn new() -> Plot {
        Plot::on(Bench::new(crate::OPERATIONS))
    }

    fn on(bench: Bench) -> Plot {
        let api = bench.ok("POST", "/restapis", json!({"name": "plot"}));
        let text = |name: &str| api[name].as_str().unwrap().to_owned();
        Plot { api: text("id"), root: text("rootResourceId"), bench }
    }

    /// With a method at the root.
    fn with(verb: &str, method: Value) -> Plot {
        let plot = Plot::new();
        plot.ok("PUT", verb, method);
        plot
    }

    /// With a mock at the root's GET.
    fn mock() -> Plot {
        let plot = Plot::with("GET", json!({"authorizationType": "NONE"}));
        plot.ok("PUT", "GET/integration", json!({"type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}}));
        plot
    }

    /// Where something of the root's methods is: `GET/integration`.
    fn at(&self, rest: &str) -> String {
        format!("/restapis/{}/resources/{}/methods/{rest}", self.api, self.root)
    }

    fn ok(&self, verb: &str, rest: &str, body: Value) -> Value {
        self.bench.ok(verb, &self.at(rest), body)
    }

    fn no(&self, verb: &str, rest: &str, body: Value) -> (u16, String) {
        self.bench.no(verb, &self.at(rest), body)
    }

    fn patch(&self, rest: &str, ops: Value) -> Value {
        self.ok("PATCH", rest, json!({ "patchOperations": ops }))
    }

    fn unpatched(&self, rest: &str, op: &str, path: &str, value: &str) -> (u16, String) {
        self.no("PATCH", rest, json!({"patchOperations": [{"op": op, "path": path, "value": value}]}))
    }

    fn authorizer(&self, id: &str) {
        let authorizer = Authorizer {
            api: self.api.clone(),
            id: id.into(),
            name: format!("{id}'s name"),
            kind: "TOKEN".into(),
            provider_arns: Vec::new(),
            auth_type: None,
            uri: None,
            credentials: None,
            identity_source: None,
            identity_validation_expression: None,
            result_ttl_seconds: None,
            jwt: None,
        };
        self.bench.store(&authorizer);
    }

    fn validator(&self, id: &str) {
        let validator = RequestValidator { api: self.api.clone(), id: id.into(), name: "strict".into(), body: true, parameters: true };
        self.bench.store(&validator);
    }
}

/// Seen: observed/methods.json, integrations-crud.json. The API is never blamed.
#[test]
fn each_missing_thing_is_called_by_its_own_noun() {
    let plot = Plot::with("GET", json!({"authorizationType": "NONE"}));
    let (api, root) = (&plot.api, &plot.root);
    let resource = (404, "Invalid Resource identifier specified".to_owned());
    let method = (404, "Invalid Method identifier specified".to_owned());
    let integration = (404, "Invalid Integration identifier specified".to_owned());
    let status = (404, "Invalid Response status code specified".to_owned());
    let paths = ["", "/responses/200", "/integration", "/integration/responses/200"];
    for rest in paths {
        for verb in ["GET", "DELETE", "PATCH"] {
            let body = if verb == "PATCH" { json!({"patchOperations": []}) } else { Value::Null };
            let no = |base: String| plot.bench.no(verb, &format!("{base}{rest}"), body.clone());
            assert_eq!(no(format!("/restapis/nobody/resources/{root}/methods/GET")), resource);
            assert_eq!(no(format!("/restapis/{api}/resources/nobody/methods/GET")), resource);
            assert_eq!(no(plot.at("wrong-method")), method);
        }
    }
    for rest in ["GET/integration", "GET/integration/responses/200"] {
        assert_eq!(plot.no("GET", rest, Value::Null), integration);
        assert_eq!(plot.no("DELETE", rest, Value::Null), integration);
        assert_eq!(plot.no("PATCH", rest, json!({})), integration);
    }
    assert_eq!(plot.no("PUT", "GET/integration/responses/200", json!({})), integration);
    let put = json!({"type": "MOCK"});
    assert_eq!(plot.no("PUT", "POST/integration", put.clone()), method);
    assert_eq!(plot.bench.no("PUT", &format!("/restapis/{api}/resources/bad/methods/GET/integration"), put.clone()), resource);
    assert_eq!(plot.bench.no("PUT", &format!("/restapis/{api}/resources/bad/methods/GET/integration/responses/200"), json!({})), resource);
    plot.ok("PUT", "GET/integration", put);
    for rest in ["GET/responses/201", "GET/integration/responses/201"] {
        assert_eq!(plot.no("GET", rest, Value::Null), status);
        assert_eq!(plot.no("DELETE", rest, Value::Null), status);
        assert_eq!(plot.no("PATCH", rest, json!({})), status);
    }
}

/// Seen: observed/integrations-crud.json. The form of a status is looked at before anything is looked for.
#[test]
fn a_status_must_look_like_one() {
    let plot = Plot::new();
    let text = "1 validation error detected: Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular \
                expression pattern: [1-5]\\d\\d";
    for rest in ["GET/responses/wrong", "GET/integration/responses/wrong"] {
        assert_eq!(plot.no("GET", rest, Value::Null), (400, text.into()));
        assert_eq!(plot.no("PUT", rest, json!({"contentHandling": null})), (400, text.into()));
    }
    assert_eq!(plot.no("GET", "GET/responses/600", Value::Null).0, 400);
    assert_eq!(plot.no("GET", "GET/responses/2000", Value::Null).0, 400);
    assert_eq!(plot.no("GET", "GET/responses/599", Value::Null).0, 404);
}
