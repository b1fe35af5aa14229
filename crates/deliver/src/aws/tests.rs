//! Keys: where they come from, and how long they serve.

use super::{Aws, Credentials, Environment, Roles};
use crate::bench::{World, listen, read_exactly, read_head, run};
use crate::upstream::Tls;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Environment::of(move |name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
}

#[test]
fn keys_come_from_the_chosen_profile_and_an_unknown_one_is_told() {
    run(async {
        let path = std::env::temp_dir().join(format!("cardea-credentials-{}", std::process::id()));
        std::fs::write(
            &path,
            "[default]\naws_access_key_id=A\naws_secret_access_key=B\n[two]\naws_access_key_id=C\naws_secret_access_key=D\n",
        )
        .unwrap();
        let file = path.to_string_lossy().into_owned();
        let world = World::new();
        let look = |pairs: Vec<(&'static str, String)>| {
            let environment = Environment::of(move |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()));
            Credentials::new(environment, world.clock.clone(), &tokio::runtime::Handle::current())
        };
        let of = |profile: &str| look(vec![("AWS_SHARED_CREDENTIALS_FILE", file.clone()), ("AWS_PROFILE", profile.to_owned())]);
        assert_eq!(of("two").keys().await.map(|keys| keys.access_key.to_string()), Ok("C".into()));
        assert_eq!(
            look(vec![("AWS_SHARED_CREDENTIALS_FILE", file.clone())]).keys().await.map(|keys| keys.secret.to_string()),
            Ok("B".into())
        );
        assert_eq!(of("three").keys().await.err().as_deref(), Some("the AWS profile three is not in the shared files"));
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn keys_of_an_instance_are_fetched_once_until_they_are_about_to_expire() {
    run(async {
        let world = World::new();
        let (listener, address) = listen().await;
        let endpoint = format!("http://{address}");
        let environment = environment(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &endpoint)]);
        let credentials = Credentials::new(environment, world.clock.clone(), &tokio::runtime::Handle::current());
        let serve = async |key: &str| {
            let keys = format!(r#"{{"AccessKeyId":"{key}","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-22T18:00:00Z"}}"#);
            for (asked, answer) in [("PUT /latest/api/token", "tok"), ("GET /latest/meta-data/", "role"), ("GET /latest/meta-data/", &keys)]
            {
                let (mut stream, _) = listener.accept().await.unwrap();
                let head = read_head(&mut stream).await;
                assert!(head.starts_with(asked), "{head}");
                assert!(asked.starts_with("PUT") || head.contains("X-aws-ec2-metadata-token: tok\r\n"), "{head}");
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let (keys, ()) = tokio::join!(credentials.keys(), serve("ONE"));
        assert_eq!(keys.unwrap().access_key.as_ref(), "ONE");
        assert_eq!(credentials.keys().await.unwrap().access_key.as_ref(), "ONE");
        // They are good until six, and renewed from five minutes before on; meanwhile they serve.
        world.pass(Duration::from_secs(6 * 3600 - 299));
        let (keys, ()) = tokio::join!(credentials.keys(), serve("TWO"));
        assert_eq!(keys.unwrap().access_key.as_ref(), "ONE");
        while credentials.keys().await.unwrap().access_key.as_ref() == "ONE" {
            tokio::task::yield_now().await;
        }
    });
}

const ROLE: &str = "arn:aws:iam::111111111111:role/api";

fn aws(world: &World, address: std::net::SocketAddr) -> Aws {
    let url = format!("http://{address}/base");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let environment = environment(&[keys[0], keys[1], ("AWS_ENDPOINT_URL_STS", &url), ("AWS_REGION", "eu-west-1")]);
    Aws::new(environment, "us-east-1", Roles::Assumed, world.clock.clone(), Arc::new(Tls::new(None, world.clock.clone()))).unwrap()
}

fn session(key: &str, until: &str) -> String {
    format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>2026-11-22T{until}Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
}

/// Answers one question; its head and body.
async fn serve(listener: &tokio::net::TcpListener, status: u16, text: &str) -> (String, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let head = read_head(&mut stream).await;
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok()).unwrap_or(0);
    let body = read_exactly(&mut stream, length).await;
    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}", text.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
    (head, body)
}

#[test]
fn a_role_is_assumed_once_for_all_who_want_it_and_anew_before_it_ends() {
    run(async {
        let world = World::new();
        let (listener, address) = listen().await;
        let aws = aws(&world, address);
        let one = session("ONE", "13:00:00");
        let (first, second, (head, body)) = tokio::join!(aws.keys_of(ROLE), aws.keys_of(ROLE), serve(&listener, 200, &one));
        assert_eq!((&*first.unwrap().access_key, &*second.unwrap().access_key), ("ONE", "ONE"));
        assert!(head.starts_with("POST /base/ HTTP/1.1\r\n") && head.contains("/eu-west-1/sts/aws4_request"), "{head}");
        assert_eq!(
            body,
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=BackplaneAssumeRoleSession&DurationSeconds=3600\
             &RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fapi"
        );
        world.pass(Duration::from_secs(3301));
        let two = session("TWO", "14:00:00");
        let (old, _) = tokio::join!(aws.keys_of(ROLE), serve(&listener, 200, &two));
        assert_eq!(&*old.unwrap().access_key, "ONE");
        while &*aws.keys_of(ROLE).await.unwrap().access_key == "ONE" {
            tokio::task::yield_now().await;
        }
        // One that has ended is waited for.
        world.pass(Duration::from_secs(4000));
        let three = session("THREE", "15:00:00");
        let (keys, _) = tokio::join!(aws.keys_of(ROLE), serve(&listener, 200, &three));
        assert_eq!(&*keys.unwrap().access_key, "THREE");
    });
}

#[test]
fn a_session_that_cannot_be_renewed_serves_until_it_ends() {
    run(async {
        let world = World::new();
        let (listener, address) = listen().await;
        let aws = aws(&world, address);
        let one = session("ONE", "13:00:00");
        let (first, _) = tokio::join!(aws.keys_of(ROLE), serve(&listener, 200, &one));
        assert_eq!(&*first.unwrap().access_key, "ONE");
        world.pass(Duration::from_secs(3301));
        let (old, _) = tokio::join!(aws.keys_of(ROLE), serve(&listener, 503, ""));
        assert_eq!(&*old.unwrap().access_key, "ONE");
        assert_eq!(&*aws.keys_of(ROLE).await.unwrap().access_key, "ONE");
        world.pass(Duration::from_secs(300));
        let (none, _) = tokio::join!(aws.keys_of(ROLE), serve(&listener, 503, ""));
        assert!(none.unwrap_err().ends_with("STS answered 503 : "));
    });
}

#[test]
fn a_role_that_may_not_be_taken_is_told_and_not_asked_for_again_at_once() {
    run(async {
        let world = World::new();
        let (listener, address) = listen().await;
        let aws = aws(&world, address);
        let no = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not you.</Message></Error></ErrorResponse>";
        let (refused, _) = tokio::join!(aws.keys_of(ROLE), serve(&listener, 403, no));
        let why = "API Gateway does not have permission to assume the provided role arn:aws:iam::111111111111:role/api: STS answered \
                   403 AccessDenied: Not you.";
        assert_eq!(refused.unwrap_err(), why);
        assert_eq!(aws.keys_of(ROLE).await.unwrap_err(), why);
        world.pass(Duration::from_secs(6));
        let one = session("ONE", "13:00:00");
        let (keys, _) = tokio::join!(aws.keys_of(ROLE), serve(&listener, 200, &one));
        assert_eq!(&*keys.unwrap().access_key, "ONE");
    });
}

#[test]
fn the_callers_own_keys_are_nobodys_to_use() {
    run(async {
        let world = World::new();
        let (_listener, address) = listen().await;
        let why = aws(&world, address).keys_of("arn:aws:iam::*:user/*").await.unwrap_err();
        assert!(why.contains("the caller's own credentials"), "{why}");
    });
}

#[test]
fn an_endpoint_that_is_no_url_ends_the_start_and_the_particular_one_wins() {
    run(async {
        let world = World::new();
        let make = |pairs: &[(&str, &str)]| {
            Aws::new(environment(pairs), "us-east-1", Roles::Assumed, world.clock.clone(), Arc::new(Tls::new(None, world.clock.clone())))
        };
        let why = make(&[("AWS_ENDPOINT_URL", "localhost:4566")]).unwrap_err();
        assert_eq!(why, "AWS_ENDPOINT_URL is \"localhost:4566\": it must be a URL, as in http://127.0.0.1:4566");
        assert!(make(&[("AWS_ENDPOINT_URL_SQS", "http://a b")]).is_err());
        let aws = make(&[
            ("AWS_ENDPOINT_URL", "http://all:1/"),
            ("AWS_ENDPOINT_URL_SQS", "http://sqs:2"),
            ("AWS_ENDPOINT_URL_NEW", "http://new:3"),
        ]);
        let aws = aws.unwrap();
        let place = |id| aws.endpoint(id).map(|endpoint| endpoint.target.authority().to_owned());
        for (id, want) in [("SQS", "sqs:2"), ("SNS", "all:1"), ("NEW", "new:3"), ("OTHER", "all:1"), ("NEW", "new:3")] {
            assert_eq!(place(id).as_deref(), Some(want), "{id}");
        }
        assert!(make(&[]).unwrap().endpoint("SQS").is_none());
    });
}

#[test]
fn where_roles_need_not_be_assumed_the_own_keys_serve_until_an_sts_is_named() {
    run(async {
        let world = World::new();
        let (listener, address) = listen().await;
        let url = format!("http://{address}");
        let make = |sts: &[(&str, &str)]| {
            let own = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
            let environment = environment(&[&own[..], sts].concat());
            let tls = Arc::new(Tls::new(None, world.clock.clone()));
            Aws::new(environment, "us-east-1", Roles::AssumedWhereStsIsNamed, world.clock.clone(), tls).unwrap()
        };
        assert_eq!(&*make(&[("AWS_ENDPOINT_URL_DYNAMODB", &url)]).keys_of(ROLE).await.unwrap().access_key, "AKIDEXAMPLE");
        let named = make(&[("AWS_ENDPOINT_URL", &url)]);
        let one = session("ONE", "13:00:00");
        let (keys, _) = tokio::join!(named.keys_of(ROLE), serve(&listener, 200, &one));
        assert_eq!(&*keys.unwrap().access_key, "ONE");
    });
}

/// A certificate for `localhost` by itself, and the file that makes it trusted.
fn localhost() -> (rustls::ServerConfig, std::path::PathBuf) {
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2040, 1, 1));
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let file = std::env::temp_dir().join(format!("cardea-{}-sts.pem", std::process::id()));
    std::fs::write(&file, certificate.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into());
    (config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap(), file)
}

#[test]
fn sts_is_asked_over_tls_and_only_one_that_is_known() {
    run(async {
        let world = World::new();
        let (config, file) = localhost();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let (listener, address) = listen().await;
        let url = format!("https://localhost:{}", address.port());
        let make = |ca| {
            let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_ENDPOINT_URL_STS", url.as_str())];
            let tls = Arc::new(Tls::new(ca, world.clock.clone()));
            Aws::new(environment(&keys), "us-east-1", Roles::Assumed, world.clock.clone(), tls).unwrap()
        };
        let answer = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await?;
            read_head(&mut stream).await;
            let text = session("ONE", "13:00:00");
            stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()).as_bytes()).await
        };
        let known = make(Some(file.clone()));
        let (keys, served) = tokio::join!(known.keys_of(ROLE), answer);
        assert_eq!((&*keys.unwrap().access_key, served.is_ok()), ("ONE", true));
        let unknown = make(None);
        let refuse = async {
            let (stream, _) = listener.accept().await.unwrap();
            acceptor.accept(stream).await.is_err()
        };
        let (keys, refused) = tokio::join!(unknown.keys_of(ROLE), refuse);
        assert!(refused && keys.unwrap_err().contains("TLS: "));
        std::fs::remove_file(file).unwrap();
    });
}
