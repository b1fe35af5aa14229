//! TLS in front of it all: real clients, an authority of our own.

use crate::house::{Client, Ending, House, connect, is_refused, wait};
use base::world::{Clock, Ids};
use cardea::edge::{Certificates, LeastVersion, Limits, Pair, Plan, PolicyPlan, TlsPlan};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned, SupportedProtocolVersion, version};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(crate) type Secured = Client<StreamOwned<ClientConnection, TcpStream>>;

/// An authority, and the folder where it leaves certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    dir: PathBuf,
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.dir);
    }
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        let dir = std::env::temp_dir().join(format!("cardea-tls-{}", Ids::system().lower(12)));
        std::fs::create_dir(&dir).unwrap();
        Authority { issuer: Issuer::new(params, key), root, dir }
    }

    /// Writes a new certificate for these names into the files of this name.
    fn issue(&self, file: &str, names: &[&str]) -> Pair {
        let params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        let key = KeyPair::generate().unwrap();
        let pair = Pair { certificate: self.dir.join(format!("{file}.pem")), key: self.dir.join(format!("{file}.key")) };
        std::fs::write(&pair.certificate, params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        std::fs::write(&pair.key, key.serialize_pem()).unwrap();
        pair
    }

    fn client_config(&self, versions: &[&'static SupportedProtocolVersion], protocols: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

/// A house with a certificate for `a.test` and one for `*.b.test`.
pub(crate) struct Secure {
    pub(crate) house: House,
    authority: Authority,
    certificates: Arc<Certificates>,
    config: Arc<ClientConfig>,
}

pub(crate) fn secure() -> Secure {
    secure_with(1, Limits::default())
}

fn secure_with(threads: usize, limits: Limits) -> Secure {
    secure_planned(threads, limits, |_| ())
}

pub(crate) fn secure_planned(threads: usize, limits: Limits, change: impl FnOnce(&mut Plan)) -> Secure {
    let authority = Authority::new();
    let pairs = vec![authority.issue("a", &["a.test"]), authority.issue("b", &["*.b.test"])];
    secure_under(authority, vec![PolicyPlan { pairs, ..PolicyPlan::default() }], threads, limits, change)
}

/// A house where `*.b.test` has terms of its own: TLS 1.3.
pub(crate) fn walled() -> Secure {
    let authority = Authority::new();
    let everybody = PolicyPlan { pairs: vec![authority.issue("a", &["a.test"])], ..PolicyPlan::default() };
    let pairs = vec![authority.issue("b", &["*.b.test"])];
    let strict = PolicyPlan { names: vec!["*.b.test".into()], pairs, least_version: LeastVersion::Tls13 };
    secure_under(authority, vec![everybody, strict], 1, Limits::default(), |_| ())
}

fn secure_under(authority: Authority, plans: Vec<PolicyPlan>, threads: usize, limits: Limits, change: impl FnOnce(&mut Plan)) -> Secure {
    let mut certificates = None;
    let tls = |clock: &Clock| {
        let read = Arc::new(Certificates::with(plans, clock.clone()).unwrap());
        certificates = Some(read.clone());
        Some(TlsPlan { address: SocketAddr::from(([127, 0, 0, 1], 0)), certificates: read })
    };
    let house = House::built(threads, limits, tls, change);
    let config = authority.client_config(&[&version::TLS13, &version::TLS12], &["http/1.1"]);
    Secure { house, authority, certificates: certificates.unwrap(), config }
}

impl Secure {
    /// Terms of a client that speaks these protocols.
    pub(crate) fn speaking(&self, protocols: &[&str]) -> Arc<ClientConfig> {
        self.authority.client_config(&[&version::TLS13], protocols)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.house.lanes.tls_address().unwrap()
    }

    pub(crate) fn client(&self) -> Secured {
        self.client_for("a.test", &self.config).unwrap()
    }

    /// A client that has shaken hands.
    pub(crate) fn client_for(&self, name: &'static str, config: &Arc<ClientConfig>) -> std::io::Result<Secured> {
        Secure::shake_hands(connect(self.address()), name, config)
    }

    /// Shakes hands on this connection.
    pub(crate) fn shake_hands(mut socket: TcpStream, name: &'static str, config: &Arc<ClientConfig>) -> std::io::Result<Secured> {
        let mut tls = ClientConnection::new(config.clone(), ServerName::try_from(name).unwrap()).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        Ok(Client::over(StreamOwned::new(tls, socket)))
    }
}

fn shown(client: &Secured) -> CertificateDer<'static> {
    client.socket.conn.peer_certificates().unwrap()[0].clone().into_owned()
}

#[test]
fn both_versions_of_tls_carry_requests_one_after_the_other() {
    let secure = secure();
    for version in [&version::TLS13, &version::TLS12] {
        let config = secure.authority.client_config(&[version], &["h3", "http/1.1"]);
        let mut client = secure.client_for("a.test", &config).unwrap();
        assert_eq!(client.socket.conn.protocol_version(), Some(version.version));
        assert_eq!(client.socket.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        let who = format!("{} {} https", client.socket.sock.local_addr().unwrap(), secure.address().port());
        assert_eq!(client.get("/who").text(), who);
        // In AWS's words, which are OpenSSL's.
        let terms = if version.version == rustls::ProtocolVersion::TLSv1_3 { "TLSv1.3 TLS_AES_" } else { "TLSv1.2 ECDHE-" };
        assert!(client.get("/terms").text().starts_with(terms), "{}", client.get("/terms").text());
        assert_eq!(client.get("/hello").text(), "hello");
        assert_eq!(client.post("/echo", b"abc").body, b"abc");
    }
    assert_eq!(secure.house.client().get("/terms").text(), "- -");
    assert_eq!(secure.house.client().get("/hello").text(), "hello", "and plain HTTP has its own port");
}

#[test]
fn a_protocol_we_do_not_speak_is_refused_and_none_is_http_1() {
    let secure = secure();
    let only = |protocols: &[&str]| secure.authority.client_config(&[&version::TLS13], protocols);
    let error = secure.client_for("a.test", &only(&["h3"])).err().unwrap();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
    assert_eq!(secure.client_for("a.test", &only(&[])).unwrap().get("/hello").text(), "hello");
}

#[test]
fn a_client_is_shown_the_certificate_of_the_name_it_asks_for_else_the_first() {
    let secure = secure();
    let a = shown(&secure.client());
    let b = shown(&secure.client_for("x.b.test", &secure.config).unwrap());
    assert_ne!(a, b);
    assert_eq!(shown(&secure.client_for("y.b.test", &secure.config).unwrap()), b);
    for stranger in ["z.y.b.test", "c.test", "127.0.0.1"] {
        let error = secure.client_for(stranger, &secure.config).err().unwrap();
        assert!(error.to_string().ends_with(r#"only valid for DnsName("a.test")"#), "the first is not for {stranger}: {error}");
    }
}

#[test]
fn what_is_no_tls_ends_without_an_answer() {
    let secure = secure();
    let mut client = Client::over(connect(secure.address()));
    client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    let (said, _) = client.rest();
    assert!(said.len() <= 7 && said.first().is_none_or(|byte| *byte == 21), "an alert at most: {said:?}");
    assert!(secure.house.has_open(0, 0) && secure.house.told_nothing());
}

#[test]
fn a_handshake_that_takes_too_long_is_cut_wherever_it_stopped() {
    let secure = secure();
    let mut hello = Vec::new();
    ClientConnection::new(secure.config.clone(), ServerName::try_from("a.test").unwrap()).unwrap().write_tls(&mut hello).unwrap();
    let mut slow: Vec<_> = [0, 1, hello.len() - 1, hello.len()]
        .map(|bytes| {
            let mut client = Client::over(connect(secure.address()));
            client.send(&hello[..bytes]);
            client
        })
        .into();
    assert!(secure.house.has_open(0, 4));
    secure.house.advance(9);
    secure.house.settle();
    assert!(secure.house.has_open(0, 4), "nine seconds are not ten");
    let mut quick = secure.client();
    secure.house.advance(2);
    secure.house.settle();
    for client in &mut slow {
        client.rest();
    }
    assert_eq!(quick.get("/hello").text(), "hello");
    assert!(secure.house.has_open(0, 1));
}

#[test]
fn new_certificates_are_for_new_connections_and_bad_ones_change_nothing() {
    let secure = secure();
    let mut before = secure.client();
    assert_eq!(before.get("/hello").text(), "hello");
    secure.authority.issue("a", &["a.test"]);
    assert_eq!(shown(&secure.client_for("a.test", &fresh(&secure)).unwrap()), shown(&before), "not before it is asked for");
    secure.certificates.reload().unwrap();
    let after = shown(&secure.client_for("a.test", &fresh(&secure)).unwrap());
    assert_ne!(after, shown(&before));
    assert_eq!(before.get("/hello").text(), "hello");

    let key = secure.authority.dir.join("b.key");
    for (bad, word) in [(&b"no key"[..], "b.key"), (KeyPair::generate().unwrap().serialize_pem().as_bytes(), "b.pem")] {
        std::fs::write(&key, bad).unwrap();
        let error = secure.certificates.reload().unwrap_err().to_string();
        assert!(error.contains("b.key") && error.contains(word), "{error}");
    }
    std::fs::write(secure.authority.dir.join("a.pem"), "").unwrap();
    assert!(secure.certificates.reload().unwrap_err().to_string().contains("a.pem: it has no certificate"));
    assert_eq!(shown(&secure.client_for("a.test", &fresh(&secure)).unwrap()), after);
    assert_eq!(before.get("/hello").text(), "hello");
}

#[test]
fn requests_and_handshakes_go_on_while_certificates_are_read_anew() {
    let secure = secure();
    let (over, mut kept) = (AtomicBool::new(false), secure.client());
    std::thread::scope(|scope| {
        let keeping = scope.spawn(|| (0..2_000).for_each(|_| assert_eq!(kept.get("/lean").text(), "hello")));
        let coming = scope.spawn(|| (0..40).for_each(|_| assert_eq!(secure.client().get("/lean").text(), "hello")));
        let reloading = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                secure.certificates.reload().unwrap();
            }
        });
        let ended = [keeping.join(), coming.join()];
        over.store(true, Ordering::Relaxed);
        reloading.join().unwrap();
        assert!(ended.iter().all(Result::is_ok));
    });
}

/// A client without tickets.
fn fresh(secure: &Secure) -> Arc<ClientConfig> {
    secure.authority.client_config(&[&version::TLS13], &["http/1.1"])
}

#[test]
fn a_session_is_resumed_also_over_a_reload() {
    let secure = secure();
    for version in [&version::TLS13, &version::TLS12] {
        let config = secure.authority.client_config(&[version], &["http/1.1"]);
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let mut client = secure.client_for("a.test", &config).unwrap();
            assert_eq!(client.get("/hello").text(), "hello");
            kinds.push(client.socket.conn.handshake_kind().unwrap());
            secure.certificates.reload().unwrap();
        }
        assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed]);
    }
}

#[test]
fn certificates_that_are_not_there_are_told_in_words() {
    let pair = Pair { certificate: "/nowhere/a.pem".into(), key: "/nowhere/a.key".into() };
    let told = |pairs| Certificates::read(pairs, Clock::system()).unwrap_err().to_string();
    assert!(told(vec![pair]).starts_with("/nowhere/a.pem: "));
    assert_eq!(told(Vec::new()), "0 certificates: there must be 1 to 64");
}

#[test]
fn large_bodies_come_and_go_whole() {
    let secure = secure();
    let mut client = secure.client();
    let body: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    assert!(client.post("/echo", &body).body == body);
    assert_eq!(client.get("/plenty").body.len(), 64 << 20);
    assert_eq!(client.get("/whole").body.len(), 64 << 20);
    assert_eq!(client.get("/plenty-in-chunks").body.len(), 3 << 20);
    client.send("POST /through HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
    assert!(client.head().starts_with("HTTP/1.1 100 "));
    client.send("3\r\nabc\r\n0\r\n\r\n");
    assert_eq!(client.answer().text(), "abc");
}

#[test]
fn an_answer_that_breaks_off_never_ends_as_if_it_were_whole() {
    let secure = secure();
    for path in ["/breaks", "/short", "/bomb"] {
        let mut client = secure.client();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let (_, ending) = client.rest();
        assert!(matches!(ending, Ending::Reset | Ending::Truncated), "{path}: {ending:?}");
    }
}

#[test]
fn every_orderly_end_is_said_within_tls() {
    let secure = secure();
    // A body without a length ends with its connection.
    let mut old = secure.client();
    old.send("GET /pieces HTTP/1.0\r\n\r\n");
    let (said, ending) = old.rest();
    assert!(said.ends_with(b"abbccc") && ending == Ending::Closed);
    let mut polite = secure.client();
    assert_eq!(polite.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").answer().text(), "hello");
    polite.is_closed();
    // A refused head, with bytes behind it that nobody reads.
    let mut rude = secure.client();
    rude.send("GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nmore");
    assert_eq!(rude.answer().status, 400);
    rude.is_closed();
    let mut idle = secure.client();
    assert_eq!(idle.get("/hello").status, 200);
    secure.house.advance(311);
    secure.house.settle();
    idle.is_closed();
}

#[test]
fn a_client_that_goes_in_the_middle_is_noticed() {
    let secure = secure();
    let mut client = secure.client();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    drop(client);
    let told = secure.house.told();
    assert_eq!(told.path, "/echo");
    assert!(secure.house.has_open(0, 0));
}

#[test]
fn connections_are_spread_over_the_threads_also_behind_tls() {
    let secure = secure_with(2, Limits::default());
    let _clients: Vec<_> = (0..32)
        .map(|_| {
            let mut client = secure.client();
            assert_eq!(client.get("/hello").status, 200);
            client
        })
        .collect();
    let counts = [secure.house.lanes.open(0), secure.house.lanes.open(1)];
    assert!(counts.iter().sum::<u32>() == 32 && counts.iter().all(|count| *count >= 12), "{counts:?}");
}

#[test]
fn a_thread_that_is_full_closes_and_takes_the_next_when_one_has_gone() {
    let secure = secure_with(1, Limits { connections_per_thread_max: 1, ..Limits::default() });
    let mut first = secure.client();
    assert_eq!(first.get("/hello").status, 200);
    assert!(secure.client_for("a.test", &secure.config).is_err());
    drop(first);
    assert!(secure.house.has_open(0, 0));
    assert_eq!(secure.client().get("/hello").status, 200);
}

#[test]
fn a_drain_lets_running_requests_end_and_waits_for_no_handshake() {
    let secure = secure();
    let (mut running, mut idle) = (secure.client(), secure.client());
    assert_eq!(idle.get("/hello").status, 200);
    running.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut silent = connect(secure.address());
    assert!(secure.house.has_open(0, 3));
    secure.house.settle();
    std::thread::scope(|scope| {
        let drained = scope.spawn(|| wait(secure.house.lanes.drain(Duration::from_secs(300_000_000))));
        while !is_refused(secure.address()) {
            std::thread::yield_now();
        }
        secure.house.on(0, |desk| desk.release());
        let answer = running.answer();
        assert_eq!((answer.text(), answer.field("Connection")), ("released", Some("close")));
        running.is_closed();
        while !drained.is_finished() {
            secure.house.clock.advance(Duration::from_millis(100));
            std::thread::yield_now();
        }
        idle.is_closed();
        assert_eq!(drained.join().unwrap(), 0);
    });
    let ended = silent.write_all(b"x").and_then(|()| silent.read(&mut [0; 1]));
    assert!(!matches!(ended, Ok(1..)), "{ended:?}");
}

#[test]
fn a_name_under_terms_of_its_own_is_spoken_to_on_those_alone() {
    let secure = walled();
    let old = secure.authority.client_config(&[&version::TLS12], &["http/1.1"]);
    assert_eq!(secure.client_for("a.test", &old).unwrap().get("/hello").status, 200);
    assert!(secure.client_for("x.b.test", &old).is_err(), "1.2 is not enough there");
    let mut strict = secure.client_for("x.b.test", &secure.config).unwrap();
    assert_ne!(shown(&strict), shown(&secure.client()));
    strict.send("GET /hello HTTP/1.1\r\nHost: Y.B.test:8443\r\n\r\n");
    assert_eq!(strict.answer().text(), "hello");
}

#[test]
fn a_host_under_other_terms_than_its_connection_is_misdirected() {
    let secure = walled();
    for (connected, host) in [("a.test", "x.b.test"), ("a.test", "x.b.test."), ("x.b.test", "a.test"), ("x.b.test", "elsewhere.test")] {
        let mut client = secure.client_for(connected, &secure.config).unwrap();
        client.send(format!("GET /hello HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let answer = client.answer();
        assert_eq!((answer.status, answer.text()), (421, r#"{"message":"Misdirected Request"}"#), "{connected} {host}");
        let told = secure.house.told();
        assert_eq!(told.refused.unwrap().1, "the host is under another TLS policy than its connection");
        client.send(format!("GET /hello HTTP/1.1\r\nHost: {connected}\r\n\r\n"));
        assert_eq!(client.answer().text(), "hello", "the connection is good for its own");
        secure.house.told();
    }
}
