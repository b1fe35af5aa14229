use base::store::{Address, Row, kind};
use base::testing::Bench;
use serde_json::{Value, json};

const AT: &str = "/restapis/api/authorizers";
const URI: &str =
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations";

/// With an API of which only the address matters here.
fn with_api(bench: Bench) -> Bench {
    let address = Address { kind: kind::REST_API, scope: bench.realm().top(), id: "api".into() };
    bench.write(move |txn| txn.put(Row { address: address.clone(), version: 1, body: "{}".into(), claims: Vec::new() }));
    bench
}

fn bench() -> Bench {
    with_api(Bench::new(crate::OPERATIONS))
}

fn token(name: &str) -> Value {
    json!({"name": name, "type": "TOKEN", "authorizerUri": URI, "identitySource": "method.request.header.Auth"})
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

/// Seen: observed/methods.json.
#[test]
fn a_fresh_authorizer_shows_what_was_given_and_its_word() {
    let bench = bench();
    let (status, made) = bench.call("POST", AT, token("a"));
    let id = made["id"].as_str().unwrap();
    assert_eq!((status, id.len()), (201, 6));
    let shown = with(with(token("a"), "id", json!(id)), "authType", json!("custom"));
    assert_eq!(made, shown);
    assert_eq!(bench.ok("GET", &format!("{AT}/{id}"), Value::Null), shown);
    let spaced = with(token("spaced"), "authorizerUri", json!(URI.replace("path/", "path/        ")));
    assert_eq!(bench.call("POST", AT, spaced).0, 201);
    let pools = json!({"name": "p", "type": "COGNITO_USER_POOLS", "providerARNs": ["arn:aws:cognito-idp:x"], "identitySource": "method.request.header.A"});
    assert_eq!(bench.ok("POST", AT, pools)["authType"], "cognito_user_pools");
    let jwt = json!({"name": "j", "type": "JWT", "jwtConfiguration": {"issuers": [{"issuer": "https://i", "audiences": ["a"]}]}});
    assert_eq!(bench.ok("POST", AT, jwt.clone())["jwtConfiguration"], jwt["jwtConfiguration"]);
    let list = bench.ok("GET", AT, Value::Null);
    let names: Vec<&Value> = list["item"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["a", "j", "p", "spaced"]);
}

/// Seen: rest-api.md §0.2, rest-api-control-plane.md §1.13.
#[test]
fn an_authorizer_that_makes_no_sense_is_refused() {
    let bench = bench();
    let busy = (409, "Unable to complete operation due to concurrent modification. Please try again later.".to_owned());
    assert_eq!(bench.no("POST", "/restapis/nobody/authorizers", token("a")), busy);
    let api = (404, "Invalid API identifier specified 111111111111:nobody".to_owned());
    assert_eq!(bench.no("GET", "/restapis/nobody/authorizers", Value::Null), api);
    let unknown = (404, "Invalid Authorizer identifier specified".to_owned());
    assert_eq!(bench.no("GET", &format!("{AT}/x"), Value::Null), unknown);
    assert_eq!(bench.no("PATCH", &format!("{AT}/x"), json!({})), unknown);
    bench.ok("POST", AT, token("a"));
    let taken = "Authorizer name must be unique. Authorizer a already exists in this RestApi.";
    assert_eq!(bench.no("POST", AT, token("a")), (409, taken.into()));
    let request = |source: &str, ttl: Value| json!({"name": "r", "type": "REQUEST", "authorizerUri": URI, "identitySource": source, "authorizerResultTtlInSeconds": ttl});
    for bad in [
        token(""),
        with(token("b"), "type", json!("MAGIC")),
        with(token("b"), "authorizerUri", json!("arn:aws:lambda:x")),
        with(token("b"), "authorizerUri", Value::Null),
        with(token("b"), "identitySource", Value::Null),
        with(token("b"), "identitySource", json!("method.request.querystring.a")),
        with(token("b"), "authorizerResultTtlInSeconds", json!(3601)),
        with(token("b"), "authorizerResultTtlInSeconds", json!(-1)),
        json!({"name": "b", "type": "COGNITO_USER_POOLS", "identitySource": "method.request.header.A"}),
        json!({"name": "b", "type": "JWT"}),
        request("", Value::Null),
        request("", json!(1)),
        request("cookies.a", json!(1)),
    ] {
        assert_eq!(bench.no("POST", AT, bad.clone()).0, 400, "{bad}");
    }
    bench.ok("POST", AT, request("", json!(0)));
    let many = "method.request.header.a, method.request.querystring.b,context.c,stageVariables.d";
    bench.ok("POST", AT, with(request(many, json!(3600)), "name", json!("s")));
}

/// Seen: rest-api-control-plane.md §1.13.
#[test]
fn an_authorizer_is_patched_row_by_row() {
    let bench = bench();
    let id = bench.ok("POST", AT, token("a"))["id"].as_str().unwrap().to_owned();
    bench.ok("POST", AT, token("b"));
    let one = format!("{AT}/{id}");
    let patch =
        |op: &str, path: &str, value: &str| bench.ok("PATCH", &one, json!({"patchOperations": [{"op": op, "path": path, "value": value}]}));
    let set = |path: &str, value: &str| patch("replace", path, value);
    assert_eq!(set("/name", "c")["name"], "c");
    assert_eq!(set("/authType", "oauth2")["authType"], "oauth2");
    assert_eq!(set("/authType", "custom")["authType"], "custom");
    assert_eq!(set("/authorizerUri", &format!("{URI}2"))["authorizerUri"], format!("{URI}2"));
    assert_eq!(set("/authorizerCredentials", "arn:role")["authorizerCredentials"], "arn:role");
    assert_eq!(set("/authorizerResultTtlInSeconds", "60")["authorizerResultTtlInSeconds"], 60);
    assert_eq!(set("/identityValidationExpression", "^x-[a-z]+")["identityValidationExpression"], "^x-[a-z]+");
    assert_eq!(set("/identitySource", "method.request.header.B")["identitySource"], "method.request.header.B");
    assert_eq!(set("/type", "REQUEST")["type"], "REQUEST");
    let two = "method.request.header.B,context.c";
    assert_eq!(patch("add", "/identitySource", "context.c")["identitySource"], two);
    assert_eq!(patch("remove", "/identitySource", "method.request.header.B")["identitySource"], "context.c");
    let none = json!({"patchOperations": [{"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "0"}, {"op": "remove", "path": "/identitySource"}]});
    assert_eq!(bench.ok("PATCH", &one, none).get("identitySource"), None);
    let pools = json!({"patchOperations": [{"op": "replace", "path": "/type", "value": "COGNITO_USER_POOLS"},
        {"op": "add", "path": "/providerARNs", "value": "arn:1"}, {"op": "add", "path": "/providerARNs", "value": "arn:2"},
        {"op": "remove", "path": "/providerARNs", "value": "arn:1"}, {"op": "add", "path": "/identitySource", "value": "method.request.header.A"}]});
    let pools = bench.ok("PATCH", &one, pools);
    assert_eq!((&pools["providerARNs"], &pools["authType"]), (&json!(["arn:2"]), &json!("cognito_user_pools")));
    assert_eq!(set("/jwtConfiguration", "{\"issuers\":[]}")["jwtConfiguration"], json!({"issuers": []}));

    let no =
        |op: &str, path: &str, value: &str| bench.no("PATCH", &one, json!({"patchOperations": [{"op": op, "path": path, "value": value}]}));
    assert_eq!(no("replace", "/name", "b").0, 409);
    assert_eq!(no("replace", "/id", "x").1, "Invalid patch path /id");
    assert_eq!(no("add", "/name", "x").1, "Invalid patch operation specified. Must be one of: [replace]");
    assert_eq!(no("remove", "/providerARNs", "arn:2").0, 400);
    for (path, value) in [
        ("/type", "MAGIC"),
        ("/authorizerResultTtlInSeconds", "soon"),
        ("/authorizerResultTtlInSeconds", "3601"),
        ("/jwtConfiguration", "[]"),
        ("/name", ""),
    ] {
        assert_eq!(no("replace", path, value).0, 400, "{path} {value}");
    }
}

#[test]
fn awss_quota_of_authorizers_holds_only_where_aws_is_copied() {
    let strict = with_api(Bench::strict(crate::OPERATIONS));
    for n in 0..super::operations::AUTHORIZERS_MAX {
        strict.ok("POST", AT, token(&format!("a{n}")));
    }
    assert_eq!(strict.no("POST", AT, token("more")).0, 429);
    let free = bench();
    for n in 0..=super::operations::AUTHORIZERS_MAX {
        free.ok("POST", AT, token(&format!("a{n}")));
    }
}
