use super::Lambda;
use crate::aws::{Aws, Environment, Roles};
use crate::bench::{NOON, World, listen, read_exactly, read_head, run};
use crate::function::Functions;
use crate::function::arn::FunctionArn;
use crate::function::call::{Failure, Invocation, InvocationType, Invoked};
use crate::upstream::{Settings, Tls, Upstreams};
use base::gate::Upstream;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

const ARN: &str = "arn:aws:lambda:eu-west-1:111111111111:function:hello:live";

fn environment(pairs: &[(&str, &str)]) -> Environment {
    let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Environment::of(move |name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
}

fn upstreams(world: &World, environment: &Environment) -> Upstreams {
    let tls = Arc::new(Tls::new(None, world.clock.clone()));
    let aws = Aws::new(environment.clone(), "eu-west-1", Roles::Assumed, world.clock.clone(), tls.clone()).unwrap();
    Upstreams::with_functions(world.lane.clone(), tls, Settings::default(), Arc::new(Functions::elsewhere(Lambda::new(Arc::new(aws)))))
}

fn invocation(payload: &str) -> Invocation {
    Invocation {
        function: FunctionArn::parse(ARN).unwrap(),
        kind: InvocationType::RequestResponse,
        payload: payload.as_bytes().to_vec().into(),
        wants_log: true,
        wants_stream: false,
        client_context: None,
        trace: Some("Root=1-a".into()),
        source: None,
        role: None,
    }
}

/// Invokes once at a back end that answers so; its request's head and body, and what came of it.
async fn invoke(answer: &str, keys: &[(&str, &str)]) -> (String, String, Result<Invoked, Failure>) {
    let world = World::new();
    let (listener, address) = listen().await;
    let url = format!("http://{address}/base/");
    let mut pairs = vec![("AWS_ENDPOINT_URL_LAMBDA", url.as_str()), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
    pairs.extend(keys);
    let upstreams = upstreams(&world, &environment(&pairs));
    let mut notes = Upstream::default();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        let body = read_exactly(&mut stream, 2).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        (head, body)
    };
    let call = upstreams.functions().invoke(&upstreams, invocation("{}"), Duration::from_secs(3), &mut notes);
    let ((head, body), invoked) = tokio::join!(serve, call);
    (head, body, invoked)
}

const KEYS: &[(&str, &str)] = &[("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_SESSION_TOKEN", "token")];

#[test]
fn an_invocation_is_signed_and_names_the_function_by_its_arn() {
    run(async {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nx-amzn-RequestId: r-1\r\nX-Amz-Executed-Version: 7\r\n\
                      X-Amz-Log-Result: bG9n\r\n\r\ntrue";
        let (head, body, invoked) = invoke(answer, KEYS).await;
        let invoked = invoked.unwrap();
        assert_eq!((invoked.status, &**invoked.payload, invoked.error), (200, &b"true"[..], None));
        assert_eq!((&*invoked.version, &*invoked.request_id, invoked.log.as_deref()), ("7", "r-1", Some(&b"log"[..])));
        assert_eq!(body, "{}");
        let path = "/base/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A111111111111%3Afunction%3Ahello%3Alive/invocations";
        assert!(head.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{head}");
        let headers: Vec<(&str, &str)> = head.lines().filter_map(|line| line.split_once(": ")).collect();
        let field = |name: &str| headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        assert_eq!((field("X-Amz-Invocation-Type"), field("X-Amz-Log-Type")), (Some("RequestResponse"), Some("Tail")));
        assert_eq!((field("X-Amz-Security-Token"), field("X-Amzn-Trace-Id")), (Some("token"), Some("Root=1-a")));
        let request = sigv4::Request {
            method: "POST",
            path: path.as_bytes(),
            query: b"",
            headers: headers.iter().map(|(name, value)| (*name, value.as_bytes())),
            payload: sigv4::Payload::Bytes(b"{}"),
        };
        let claim = sigv4::parse(&request).unwrap();
        assert_eq!((&*claim.access_key, &*claim.region, &*claim.service), ("AKIDEXAMPLE", "eu-west-1", "lambda"));
        sigv4::verify(&claim, "secret", &request, NOON.seconds() as i64, &sigv4::Rules::default()).unwrap();
    });
}

#[test]
fn a_functions_error_is_an_answer_and_lambdas_own_is_a_failure() {
    run(async {
        let (_, _, invoked) = invoke("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amz-Function-Error: Unhandled\r\n\r\n{}", KEYS).await;
        assert_eq!(invoked.unwrap().error.as_deref(), Some("Unhandled"));
        let body = r#"{"Type":"User","Message":"Function not found: x"}"#;
        let answer = format!(
            "HTTP/1.1 404 N\r\nContent-Length: {}\r\nx-amzn-ErrorType: ResourceNotFoundException:http://x\r\n\r\n{body}",
            body.len()
        );
        let (_, _, invoked) = invoke(&answer, KEYS).await;
        let said = Failure::Said { status: 404, name: "ResourceNotFoundException".into(), message: "Function not found: x".into() };
        assert_eq!(invoked.err(), Some(said));
    });
}

#[test]
fn without_keys_nothing_is_asked_and_the_operator_is_told() {
    run(async {
        let world = World::new();
        let upstreams = upstreams(&world, &environment(&[("AWS_EC2_METADATA_DISABLED", "true")]));
        let invoked = upstreams.functions().invoke(&upstreams, invocation("{}"), Duration::from_secs(3), &mut Upstream::default()).await;
        assert!(matches!(invoked.err(), Some(Failure::Unable(why)) if why.contains("no AWS credentials were found")));
    });
}
