//! TLS: who is believed.

use super::super::{Failure, Settings, Target, Trust};
use super::{ask, call};
use crate::bench::{World, body_of, listen, read_head, run};
use base::gate::RequestBody;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

/// An authority of our own, as a file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.file);
    }
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let file = std::env::temp_dir().join(format!("cardea-{}-{name}.pem", std::process::id()));
    std::fs::write(&file, certificate.pem()).unwrap();
    Authority { issuer: Issuer::new(params, key), file }
}

/// A back end with a certificate for `localhost`, good until the end of `until_year`. It answers each connection twice.
async fn back_end(authority: &Authority, until_year: i32) -> u16 {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until_year, 12, 31);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            for _ in 0..2 {
                if read_head(&mut stream).await.is_empty() {
                    break;
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret").await.unwrap();
                stream.flush().await.unwrap();
            }
        }
    });
    address.port()
}

async fn get(world: &World, host: &str, port: u16, trust: Trust) -> Result<(String, bool), String> {
    let target = Arc::new(Target::parse("https", &format!("{host}:{port}"), trust).unwrap());
    let (answered, notes) = ask(world, call(&target, "GET", RequestBody::None)).await;
    match answered {
        Ok(answered) => Ok((body_of(answered.body).await.unwrap(), notes.reused)),
        Err(Failure::Unreachable(because)) => Err(because.into_owned()),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_back_end_of_the_extra_authority_is_believed_and_its_connection_kept() {
    run(async {
        let ours = authority("ours");
        let port = back_end(&ours, 2039).await;
        let world = World::with(Settings::default(), Some(ours.file.clone()));
        assert_eq!(get(&world, "localhost", port, Trust::Authorities).await, Ok(("secret".into(), false)));
        assert_eq!(get(&world, "localhost", port, Trust::Authorities).await, Ok(("secret".into(), true)));
        assert_eq!(world.upstreams.open(), 1);
    });
}

#[test]
fn a_back_end_of_an_unknown_authority_is_believed_only_where_the_issuer_does_not_matter() {
    run(async {
        let (ours, theirs) = (authority("known"), authority("unknown"));
        let port = back_end(&theirs, 2039).await;
        let world = World::with(Settings::default(), Some(ours.file.clone()));
        let refused = get(&world, "localhost", port, Trust::Authorities).await.unwrap_err();
        assert!(refused.contains("UnknownIssuer"), "{refused}");
        assert_eq!(get(&world, "localhost", port, Trust::AnyIssuer).await, Ok(("secret".into(), false)));
    });
}

#[test]
fn names_and_dates_count_whoever_issued_the_certificate() {
    run(async {
        let ours = authority("dated");
        let (good, old) = (back_end(&ours, 2039).await, back_end(&ours, 2025).await);
        let world = World::with(Settings::default(), Some(ours.file.clone()));
        for trust in [Trust::Authorities, Trust::AnyIssuer] {
            let refused = get(&world, "127.0.0.1", good, trust).await.unwrap_err();
            assert!(refused.contains("not valid for name"), "{refused}");
            let refused = get(&world, "localhost", old, trust).await.unwrap_err();
            assert!(refused.to_lowercase().contains("expired"), "{refused}");
        }
        assert_eq!(world.upstreams.open(), 0);
    });
}

/// A private integration's targets have addresses, and certificates for the name in its URI.
#[test]
fn a_place_behind_a_name_is_asked_for_that_name_and_judged_by_it() {
    run(async {
        let ours = authority("behind");
        let port = back_end(&ours, 2039).await;
        let world = World::with(Settings::default(), Some(ours.file.clone()));
        let behind = |name: &str| Arc::new(Target::parse("https", name, Trust::Authorities).unwrap().behind("127.0.0.1", port));
        // The back end serves one connection after the other: who is refused goes first.
        let (answered, _) = ask(&world, call(&behind("other.test"), "GET", RequestBody::None)).await;
        assert!(matches!(answered, Err(Failure::Unreachable(because)) if because.contains("not valid for name")));
        let (answered, notes) = ask(&world, call(&behind("localhost:9"), "GET", RequestBody::None)).await;
        assert_eq!(answered.unwrap().head.status(), 200);
        assert_eq!(notes.address.unwrap().port(), port);
    });
}

#[test]
fn an_extra_authority_that_is_none_is_told() {
    run(async {
        let clock = base::world::Clock::manual(crate::bench::NOON);
        let missing = super::super::Tls::new(Some("/nonexistent/ca.pem".into()), clock.clone());
        assert!(missing.load().await.unwrap_err().contains("/nonexistent/ca.pem"));
        assert!(super::super::Tls::new(None, clock).load().await.is_ok());
    });
}
