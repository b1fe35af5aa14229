//! What goes out for each form of a URI, and what comes back.

use crate::aws::{Aws, Environment, Roles};
use crate::bench::{NOON, World, body_of, listen, map, read_exactly, read_head, record, run, templates};
use crate::function::Functions;
use crate::function::remote::Lambda;
use crate::integration::record::{Integration, IntegrationType};
use crate::integration::{MethodFacts, compile_integration};
use crate::upstream::{Settings, Tls, Upstreams};
use base::gate::{Exchange, Refusal, RefusalKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

const ROLE: &str = "arn:aws:iam::111111111111:role/api";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/x-amz-json-1.0\r\n\r\n{}";

/// What a service was asked.
struct Got {
    /// `POST /?Action=x`.
    line: String,
    fields: Vec<(String, String)>,
    body: String,
}

impl Got {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Holds its signature against the key of the session, and answers what was signed for.
    fn scope(&self) -> String {
        let (method, target) = self.line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let sha256 = self.field("x-amz-content-sha256").unwrap();
        let request = sigv4::Request {
            method,
            path: path.as_bytes(),
            query: query.as_bytes(),
            headers: self.fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())),
            payload: sigv4::Payload::hashed(self.body.as_bytes()),
        };
        let claim = sigv4::parse(&request).unwrap();
        assert_eq!((&*claim.access_key, self.field("x-amz-security-token")), ("ASIASESSION", Some("token")));
        assert_eq!(sha256.len(), 64);
        let dialect = if &*claim.service == "s3" { sigv4::Dialect::S3 } else { sigv4::Dialect::Standard };
        let rules = sigv4::Rules { dialect, ..sigv4::Rules::default() };
        sigv4::verify(&claim, "session-secret", &request, NOON.seconds() as i64, &rules).unwrap();
        format!("{}/{}", claim.region, claim.service)
    }
}

/// Answers one request.
async fn one(listener: &TcpListener, answer: &str) -> Got {
    let (mut stream, _) = listener.accept().await.unwrap();
    let head = read_head(&mut stream).await;
    let mut lines = head.lines();
    let line = lines.next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let fields: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let got = Got { line, fields, body: String::new() };
    let length = got.field("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let body = read_exactly(&mut stream, length).await;
    stream.write_all(answer.as_bytes()).await.unwrap();
    Got { body, ..got }
}

async fn sts(listener: &TcpListener) -> Got {
    let text = "<R><Credentials><AccessKeyId>ASIASESSION</AccessKeyId><SecretAccessKey>session-secret</SecretAccessKey><SessionToken>token\
                </SessionToken><Expiration>2026-11-22T13:00:00Z</Expiration></Credentials></R>";
    one(listener, &format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())).await
}

/// A thread whose AWS is at this address.
fn world(address: std::net::SocketAddr) -> (World, Upstreams) {
    let world = World::new();
    let url = format!("http://{address}");
    let environment = Environment::of(move |name| match name {
        "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some("secret".to_owned()),
        "AWS_ENDPOINT_URL" => Some(url.clone()),
        _ => None,
    });
    let tls = Arc::new(Tls::new(None, world.clock.clone()));
    let aws = Aws::new(environment, "us-east-1", Roles::Assumed, world.clock.clone(), tls.clone()).unwrap();
    let upstreams =
        Upstreams::with_functions(world.lane.clone(), tls, Settings::default(), Arc::new(Functions::elsewhere(Lambda::new(Arc::new(aws)))));
    (world, upstreams)
}

fn service(uri: &str, parameters: &[(&str, &str)], template: &str) -> Integration {
    let mut made = record(IntegrationType::Aws, &format!("arn:aws:apigateway:eu-west-1:{uri}"));
    made.http_method = Some("POST".into());
    made.credentials = Some(ROLE.into());
    made.request_parameters = Some(map(parameters));
    made.request_templates = (!template.is_empty()).then(|| templates(&[("application/json", template)]));
    made
}

async fn answer(record: &Integration, upstreams: &Upstreams, ex: &mut Exchange) -> Result<(u16, String), Refusal> {
    let facts = MethodFacts { response_statuses: &["200", "404"], ..MethodFacts::default() };
    let compiled = compile_integration(&facts, record).unwrap();
    let reply = compiled.answer(upstreams, ex, 1 << 20).await?;
    Ok((reply.status, body_of(reply.body).await.unwrap()))
}

/// What a service gets.
async fn asked(record: Integration, request: &str, parameters: &[(&str, &str)]) -> Got {
    let (listener, address) = listen().await;
    let (world, upstreams) = world(address);
    let mut ex = world.routed(request, parameters);
    let serve = async {
        sts(&listener).await;
        one(&listener, OK).await
    };
    let (got, told) = tokio::join!(serve, answer(&record, &upstreams, &mut ex));
    assert_eq!(told.unwrap(), (200, "{}".to_owned()));
    got
}

const POST: &str = "POST /x?q=1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nX-Secret: 1\r\nContent-Length: 7\r\n\r\n{\"a\":1}";

#[test]
fn an_action_of_a_json_service_is_a_target_and_a_parameter() {
    run(async {
        let record = service("dynamodb:action/PutItem", &[], "{\"id\":$input.json('$.a')}");
        let got = asked(record, POST, &[]).await;
        assert_eq!((got.line.as_str(), got.body.as_str()), ("POST /?Action=PutItem", "{\"id\":1}"));
        assert_eq!(got.field("X-Amz-Target"), Some("DynamoDB_20120810.PutItem"));
        assert_eq!(got.field("Content-Type"), Some("application/x-amz-json-1.0"));
        assert_eq!((got.field("Accept"), got.field("User-Agent")), (Some("application/json"), Some("AmazonAPIGateway_api1234567")));
        assert_eq!((got.field("X-Secret"), got.scope().as_str()), (None, "eu-west-1/dynamodb"));
    });
}

#[test]
fn what_the_author_maps_is_said_instead() {
    run(async {
        let parameters = [
            ("integration.request.header.X-Amz-Target", "'AWSEvents.PutEvents'"),
            ("integration.request.header.Content-Type", "'application/x-amz-json-1.1'"),
            ("integration.request.header.Authorization", "'mine'"),
            ("integration.request.header.X-Amz-Date", "'never'"),
            ("integration.request.header.Host", "'elsewhere'"),
        ];
        let got = asked(service("events:action/PutEvents", &parameters, ""), POST, &[]).await;
        assert_eq!(
            (got.field("X-Amz-Target"), got.field("Content-Type")),
            (Some("AWSEvents.PutEvents"), Some("application/x-amz-json-1.1"))
        );
        assert_eq!((got.body.as_str(), got.scope().as_str()), ("{\"a\":1}", "eu-west-1/events"));
        assert!(got.field("Host").unwrap().starts_with("127.0.0.1:"));
        // Nobody knows better than the author what EventBridge is asked.
        let got = asked(service("events:action/PutEvents", &[], ""), POST, &[]).await;
        assert_eq!((got.field("X-Amz-Target"), got.field("Content-Type")), (None, Some("application/json")));
    });
}

#[test]
fn an_action_of_a_query_service_takes_its_parameters_in_the_query() {
    run(async {
        let parameters = [
            ("integration.request.querystring.TopicArn", "'arn:aws:sns:eu-west-1:111111111111:t'"),
            ("integration.request.querystring.Message", "method.request.body.a"),
        ];
        let mut record = service("sns:action/Publish", &parameters, "");
        record.http_method = Some("GET".into());
        let got = asked(record, POST, &[]).await;
        let line = "GET /?Action=Publish&Message=1&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A111111111111%3At";
        assert_eq!((got.line.as_str(), got.body.as_str(), got.field("X-Amz-Target")), (line, "", None));
        assert_eq!(got.scope(), "eu-west-1/sns");
    });
}

#[test]
fn a_path_is_asked_for_as_it_is_mapped() {
    run(async {
        let form = [("integration.request.header.Content-Type", "'application/x-www-form-urlencoded'")];
        let record = service("sqs:path/111111111111/queue", &form, "Action=SendMessage&MessageBody=$input.body");
        let got = asked(record, POST, &[]).await;
        assert_eq!((got.line.as_str(), got.body.as_str()), ("POST /111111111111/queue", "Action=SendMessage&MessageBody={\"a\":1}"));
        assert_eq!((got.field("Content-Type"), got.scope().as_str()), (Some("application/x-www-form-urlencoded"), "eu-west-1/sqs"));
        let got = asked(service("lambda:path//2015-03-31/functions?MaxItems=1", &[], ""), POST, &[]).await;
        assert_eq!((got.line.as_str(), got.scope().as_str()), ("POST /2015-03-31/functions?MaxItems=1", "eu-west-1/lambda"));
    });
}

#[test]
fn objects_are_signed_for_by_s3s_own_rules_and_buckets_go_to_the_path_of_an_endpoint() {
    run(async {
        let parameters = [("integration.request.path.key", "method.request.path.key")];
        let request = "PUT /a%20b/c+d/%2E%2E/e HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
        let mut record = service("my.bucket.s3:path/x/{key}", &parameters, "");
        record.http_method = None;
        let got = asked(record, request, &[("key", "a%20b/c+d/%2E%2E/e")]).await;
        assert_eq!((got.line.as_str(), got.body.as_str()), ("PUT /my.bucket/x/a%20b/c%2Bd/%2E%2E/e", "hi"));
        assert_eq!(got.scope(), "eu-west-1/s3");
        let empty = "PUT /k HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut record = service("s3:path/bucket/{key}", &parameters, "");
        record.http_method = Some("ANY".into());
        let got = asked(record, empty, &[("key", "k")]).await;
        assert_eq!((got.line.as_str(), got.field("Content-Length"), got.scope().as_str()), ("PUT /bucket/k", Some("0"), "eu-west-1/s3"));
    });
}

#[test]
fn a_long_payload_is_hashed_elsewhere_and_signed_alike() {
    run(async {
        let long = "x".repeat(super::HASHED_HERE_BYTES_MAX + 1);
        let request = format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{long}", long.len());
        let got = asked(service("kinesis:path/", &[], ""), &request, &[]).await;
        assert_eq!((got.body.len(), got.scope().as_str()), (long.len(), "eu-west-1/kinesis"));
    });
}

#[test]
fn stage_variables_may_be_anywhere_and_a_subdomain_is_told_by_awss_name() {
    run(async {
        let mut record =
            service("${stageVariables.host}.execute-api:path/prod/{v}", &[("integration.request.path.v", "stageVariables.v")], "");
        record.credentials = Some("arn:aws:iam::111111111111:role/${stageVariables.host}".into());
        let (listener, address) = listen().await;
        let (world, upstreams) = world(address);
        let mut ex = world.exchange(POST);
        let serve = async { (sts(&listener).await, one(&listener, OK).await) };
        let ((sts, got), told) = tokio::join!(serve, answer(&record, &upstreams, &mut ex));
        assert_eq!(told.unwrap().0, 200);
        assert!(sts.body.ends_with("role%2F127.0.0.1"), "{}", sts.body);
        assert_eq!((got.line.as_str(), got.field("Host")), ("POST /prod/v%201", Some("127.0.0.1.execute-api.eu-west-1.amazonaws.com")));
        assert_eq!(got.scope(), "eu-west-1/execute-api");
    });
}

#[test]
fn an_error_of_the_service_chooses_the_response_by_its_status() {
    run(async {
        let (listener, address) = listen().await;
        let (world, upstreams) = world(address);
        let mut record = service("s3:path/bucket/key", &[], "");
        record.responses.insert(
            "404".into(),
            crate::integration::record::IntegrationResponse {
                status_code: "404".into(),
                selection_pattern: Some("4\\d\\d".into()),
                response_templates: Some(templates(&[("application/json", "{\"gone\":true}")])),
                ..Default::default()
            },
        );
        let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n<E/>";
        let mut ex = world.exchange(POST);
        let serve = async {
            sts(&listener).await;
            one(&listener, missing).await
        };
        let (_, told) = tokio::join!(serve, answer(&record, &upstreams, &mut ex));
        assert_eq!(told.unwrap(), (404, "{\"gone\":true}".to_owned()));
        record.responses.remove("404");
        let mut ex = world.exchange(POST);
        let (_, told) = tokio::join!(one(&listener, missing), answer(&record, &upstreams, &mut ex));
        assert_eq!(told.unwrap(), (200, "<E/>".to_owned()), "the default takes all");
    });
}

#[test]
fn without_a_session_the_api_is_told_to_be_misconfigured_and_the_operator_why() {
    run(async {
        let (listener, address) = listen().await;
        let (world, upstreams) = world(address);
        let no = "<Error><Code>AccessDenied</Code><Message>Not you.</Message></Error>";
        let no = format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {}\r\n\r\n{no}", no.len());
        let mut ex = world.exchange(POST);
        let record = service("sqs:action/SendMessage", &[], "");
        let (_, told) = tokio::join!(one(&listener, &no), answer(&record, &upstreams, &mut ex));
        let refusal = told.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::ApiConfigurationError);
        assert!(refusal.because.contains("assume the provided role") && refusal.because.contains("Not you."), "{}", refusal.because);
        let mut callers = service("sqs:action/SendMessage", &[], "");
        callers.credentials = Some("arn:aws:iam::*:user/*".into());
        let refusal = answer(&callers, &upstreams, &mut world.exchange(POST)).await.unwrap_err();
        assert!(refusal.because.contains("the caller's own credentials"), "{}", refusal.because);
    });
}

#[test]
fn a_role_that_takes_too_long_is_a_timeout() {
    run(async {
        let (listener, address) = listen().await;
        let (world, upstreams) = world(address);
        let mut record = service("sqs:action/SendMessage", &[], "");
        record.timeout_ms = 50;
        let mut ex = world.exchange(POST);
        let late = async {
            let held = listener.accept().await.unwrap();
            world.pass(Duration::from_millis(60));
            held
        };
        let (_held, told) = tokio::join!(late, answer(&record, &upstreams, &mut ex));
        assert_eq!(told.unwrap_err().kind, RefusalKind::IntegrationTimeout);
    });
}

#[test]
fn what_no_host_can_be_made_of_is_an_invalid_endpoint() {
    run(async {
        let (_listener, address) = listen().await;
        let (world, upstreams) = world(address);
        for uri in ["{x}.s3:path/k", "sqs:path/k"] {
            let mut record = service(uri, &[("integration.request.path.x", "'a/b@c'")], "");
            if uri.starts_with("sqs") {
                record.uri = record.uri.map(|uri| uri.replace("eu-west-1", "${stageVariables.empty}"));
            }
            let refusal = answer(&record, &upstreams, &mut world.exchange(POST)).await.unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::ApiConfigurationError);
            assert!(refusal.because.starts_with("Invalid endpoint address"), "{}", refusal.because);
        }
    });
}

#[test]
fn a_uri_that_names_no_service_and_a_missing_role_are_flaws() {
    let flaws = |record: &Integration| -> Vec<String> {
        compile_integration(&MethodFacts::default(), record).unwrap_err().iter().map(ToString::to_string).collect()
    };
    for uri in ["arn:aws:apigateway:eu-west-1:sqs:queue/x", "arn:aws:s3:::bucket", "http://a"] {
        let record = Integration { uri: Some(uri.into()), ..service("sqs:path/", &[], "") };
        assert_eq!(flaws(&record), [format!("{uri} names no service of AWS")]);
    }
    let record = Integration { credentials: None, ..service("sqs:path/", &[], "") };
    assert_eq!(flaws(&record), ["Role ARN must be specified for AWS integrations"]);
}
