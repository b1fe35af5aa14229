//! The story of groups of targets, over real sockets: what a private integration asks for is found, shared out, tried again, left out.

use super::{Balance, Check, Endpoint, HashBy, Health, HttpCheck, Link, Plan, Registry, Terms};
use crate::bench::{Pipe, World, body_of, listen, record, run, until};
use crate::integration::record::{Integration, IntegrationType};
use crate::integration::{CompiledIntegration, MethodFacts, compile_integration};
use base::gate::{Exchange, Refusal, RefusalKind, Reply, RequestBody};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ARN: &str = "arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/net/orders/0f0f";

/// A world with one link, `link`, that leads to one group.
struct House {
    world: World,
    registry: Arc<Registry>,
}

impl House {
    fn of(terms: Terms, targets: &[SocketAddr]) -> House {
        let mut world = World::new();
        let registry = Arc::new(Registry::new(world.clock.clone()));
        world.upstreams = world.upstreams.balancing(registry.clone());
        registry.change(|directory| {
            directory.set_link(&"".into(), &"".into(), "link", Some(Link { target: Some(ARN.into()) }));
        });
        let house = House { world, registry };
        house.list(terms, targets);
        house
    }

    fn list(&self, terms: Terms, targets: &[SocketAddr]) {
        let endpoints = targets.iter().map(|target| Endpoint::new(&target.ip().to_string(), target.port())).collect();
        self.registry.change(|directory| directory.set_group(ARN, Some(Plan { terms, endpoints })));
    }

    async fn ask_as(&self, integration: &CompiledIntegration, ex: &mut Exchange) -> Result<String, Refusal> {
        let Reply { body, .. } = integration.answer(&self.world.upstreams, ex, 1 << 20).await?;
        Ok(body_of(body).await.unwrap())
    }

    /// Who answers this request line.
    async fn ask(&self, integration: &CompiledIntegration, line: &str) -> Result<String, Refusal> {
        let mut ex = self.world.exchange(&format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n"));
        self.ask_as(integration, &mut ex).await
    }

    /// Who answers so many requests, and how often.
    async fn share(&self, integration: &CompiledIntegration, requests: usize) -> BTreeMap<String, usize> {
        let mut share = BTreeMap::new();
        for _ in 0..requests {
            *share.entry(self.ask(integration, "GET /x").await.unwrap()).or_default() += 1;
        }
        share
    }
}

fn private(uri: &str) -> Integration {
    let proxy = record(IntegrationType::HttpProxy, uri);
    Integration { connection_type: Some("VPC_LINK".into()), connection_id: Some("link".into()), ..proxy }
}

fn compiled(record: &Integration) -> CompiledIntegration {
    compile_integration(&MethodFacts::default(), record).unwrap()
}

/// A back end that answers with its name, and then keeps the connection, until it is told to break off.
async fn serve(listener: TcpListener, name: &'static str, answers: Rc<Cell<bool>>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answers = answers.clone();
        tokio::task::spawn_local(async move {
            let mut came = Vec::new();
            while stream.read_buf(&mut came).await.is_ok_and(|read| read > 0) {
                if !came.windows(4).any(|four| four == b"\r\n\r\n") {
                    continue;
                }
                if !answers.get() {
                    return;
                }
                let target = String::from_utf8_lossy(&came).split(' ').nth(1).unwrap_or_default().to_owned();
                came.clear();
                let status = if target == "/broken" { "503 Broken" } else { "200 OK" };
                let body = if target.starts_with("/prod") { format!("{name} {target}") } else { name.to_owned() };
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
    }
}

/// Three of them, and the switch of the first.
async fn three() -> ([SocketAddr; 3], Rc<Cell<bool>>) {
    let switch = Rc::new(Cell::new(true));
    let mut addresses = Vec::new();
    for (name, answers) in [("a", switch.clone()), ("b", Rc::new(Cell::new(true))), ("c", Rc::new(Cell::new(true)))] {
        let (listener, address) = listen().await;
        tokio::task::spawn_local(serve(listener, name, answers));
        addresses.push(address);
    }
    (addresses.try_into().unwrap(), switch)
}

fn story(test: impl Future<Output = ()>) {
    run(tokio::task::LocalSet::new().run_until(test));
}

fn shares(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

const RETRIES: Terms = Terms {
    balance: Balance::RoundRobin,
    check: None,
    retries: 2,
    retry_percent: 20,
    back_off_ms: 25,
    eject_after: 3,
    eject_ms: 10_000,
    eject_percent_max: 50,
    slow_start_ms: 0,
    connections_max: 0,
};

#[test]
fn requests_are_shared_out_exactly_and_by_weight() {
    story(async {
        let (targets, _) = three().await;
        let house = House::of(Terms::default(), &targets);
        let integration = compiled(&private("http://orders.test/x"));
        assert_eq!(house.share(&integration, 9).await, shares(&[("a", 3), ("b", 3), ("c", 3)]));
        let weight = |n: usize, weight| Endpoint { weight, ..Endpoint::new("127.0.0.1", targets[n].port()) };
        let endpoints = vec![weight(0, 3), weight(1, 1), weight(2, 0)];
        house.registry.change(|directory| directory.set_group(ARN, Some(Plan { terms: Terms::default(), endpoints })));
        assert_eq!(house.share(&integration, 8).await, shares(&[("a", 6), ("b", 2)]));
    });
}

#[test]
fn host_is_the_uris_and_with_a_target_of_its_own_the_stage_is_in_the_path() {
    story(async {
        let (targets, _) = three().await;
        let house = House::of(Terms::default(), &targets);
        let mut record = private("http://orders.test:81/x");
        record.target = Some(ARN.into());
        assert_eq!(house.ask(&compiled(&record), "GET /x").await.unwrap(), "a /prod/x");
        let (listener, address) = listen().await;
        house.list(Terms::default(), &[address]);
        let seen = tokio::task::spawn_local(async move { crate::bench::read_head(&mut listener.accept().await.unwrap().0).await });
        let _closed = house.ask(&compiled(&private("http://orders.test:81/x")), "GET /x").await;
        assert!(seen.await.unwrap().contains("Host: orders.test:81\r\n"));
    });
}

#[test]
fn what_is_not_there_is_a_500_that_says_why_and_is_there_as_soon_as_it_comes() {
    story(async {
        let (targets, _) = three().await;
        let house = House::of(Terms::default(), &[]);
        let integration = compiled(&private("http://orders.test/x"));
        let refusal = house.ask(&integration, "GET /x").await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::ApiConfigurationError);
        assert!(refusal.because.contains("has no targets"), "{}", refusal.because);
        house.list(Terms::default(), &targets[..1]);
        assert_eq!(house.ask(&integration, "GET /x").await.unwrap(), "a");
        let mut record = private("http://orders.test/x");
        record.connection_id = Some("other".into());
        assert!(house.ask(&compiled(&record), "GET /x").await.unwrap_err().because.contains("no VPC link \"other\""));
        let world = World::new();
        let mut ex = world.exchange("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        let refusal = compiled(&private("http://orders.test/x")).answer(&world.upstreams, &mut ex, 1).await.err().unwrap();
        assert_eq!(refusal.because, "there are no private networks here");
    });
}

#[test]
fn a_stage_variable_names_the_link() {
    story(async {
        let (targets, _) = three().await;
        let house = House::of(Terms::default(), &targets[1..2]);
        let named = |id: &str| compiled(&Integration { connection_id: Some(id.into()), ..private("http://orders.test/x") });
        house.registry.change(|directory| {
            directory.set_link(&"".into(), &"".into(), "link-v 1", Some(Link { target: Some(ARN.into()) }));
        });
        assert_eq!(house.ask(&named("link-${stageVariables.v}"), "GET /x").await.unwrap(), "b");
        assert_eq!(house.ask(&named("li${stageVariables.empty}nk${stageVariables.none}"), "GET /x").await.unwrap(), "b");
        let refusal = house.ask(&named("${stageVariables.none}"), "GET /x").await.unwrap_err();
        assert!(refusal.because.contains("is not set"));
        assert!(house.ask(&named("${stageVariables.v"), "GET /x").await.unwrap_err().because.contains("${stageVariables.v"));
    });
}

#[test]
fn who_died_costs_no_get_is_left_out_and_a_post_is_not_done_twice() {
    story(async {
        let (targets, switch) = three().await;
        let house = House::of(RETRIES, &targets);
        let integration = compiled(&private("http://orders.test/x"));
        assert_eq!(house.share(&integration, 3).await.len(), 3);
        // It takes requests, and dies of them.
        switch.set(false);
        let mut post = house.world.exchange("POST /x HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut failed = Vec::new();
        for _ in 0..3 {
            failed.extend(house.ask_as(&integration, &mut post).await.err().map(|refusal| refusal.kind));
        }
        assert_eq!(failed, [RefusalKind::IntegrationFailure], "it may have been done");
        let share = house.share(&integration, 30).await;
        assert_eq!(share.keys().collect::<Vec<_>>(), ["b", "c"], "{share:?}");
        let state = house.registry.states();
        let dead = state.iter().find(|peer| peer.port == targets[0].port()).unwrap();
        assert!(dead.is_ejected && dead.counts[1] == 3 && dead.counts[2] == 1, "{dead:?}");
        assert_eq!(house.registry.tallies()[0].1, [2, 0]);
        // It comes back on trial.
        switch.set(true);
        house.world.pass(Duration::from_secs(11));
        house.registry.tick();
        assert_eq!(house.share(&integration, 30).await["a"], 10);
    });
}

#[test]
fn where_nobody_listens_every_request_goes_elsewhere_also_one_with_a_body_that_streams() {
    story(async {
        let (targets, _) = three().await;
        let (listener, gone) = listen().await;
        drop(listener);
        let house = House::of(Terms { eject_after: 0, ..RETRIES }, &[gone, targets[1]]);
        let integration = compiled(&private("http://orders.test/x"));
        for _ in 0..4 {
            let mut ex = house.world.exchange("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            let pipe = Pipe::default();
            pipe.feed("piece");
            pipe.end(Ok(()));
            ex.request.body = pipe.body();
            assert_eq!(house.ask_as(&integration, &mut ex).await.unwrap(), "b");
            let among = ex.notes.among.unwrap();
            assert_eq!((&*among.group, among.targets), (ARN, 2));
        }
        let strict = House::of(Terms::default(), &[gone, targets[1]]);
        let refusal = strict.ask(&integration_again(), "GET /x").await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::IntegrationFailure, "nothing is tried again where nobody asked for it");
    });
}

fn integration_again() -> CompiledIntegration {
    compiled(&private("http://orders.test/x"))
}

#[test]
fn retries_end_with_their_budget() {
    story(async {
        let (listener, gone) = listen().await;
        let (other, gone_too) = listen().await;
        drop((listener, other));
        let house = House::of(Terms { eject_after: 0, retries: 1, back_off_ms: 0, ..RETRIES }, &[gone, gone_too]);
        let integration = compiled(&private("http://orders.test/x"));
        for _ in 0..600 {
            assert!(house.ask(&integration, "GET /x").await.is_err());
        }
        assert_eq!(house.registry.tallies()[0].1[0], 500);
        house.registry.tick();
        for _ in 0..600 {
            assert!(house.ask(&integration, "GET /x").await.is_err());
        }
        // A choice is counted for each attempt: 1100 by then.
        assert_eq!(house.registry.tallies()[0].1[0], 500 + 1100 / 5);
    });
}

#[test]
fn a_ring_keeps_callers_with_their_target() {
    story(async {
        let (targets, _) = three().await;
        let house = House::of(Terms { balance: Balance::RingHash(HashBy::Header("x-user".into())), ..RETRIES }, &targets);
        let integration = compiled(&private("http://orders.test/x"));
        let who = async |user: usize| {
            let mut ex = house.world.exchange(&format!("GET /x HTTP/1.1\r\nHost: a\r\nX-User: {user}\r\n\r\n"));
            house.ask_as(&integration, &mut ex).await.unwrap()
        };
        let mut before = Vec::new();
        for user in 0..60 {
            before.push(who(user).await);
            assert_eq!(who(user).await, before[user]);
        }
        for name in ["a", "b", "c"] {
            assert!(before.iter().filter(|who| **who == name).count() >= 8, "{before:?}");
        }
        house.list(Terms { balance: Balance::RingHash(HashBy::Header("x-user".into())), ..RETRIES }, &targets[1..]);
        for (user, before) in before.iter().enumerate().filter(|(_, before)| *before != "a") {
            assert_eq!(who(user).await, *before);
        }
    });
}

#[test]
fn who_is_busy_is_not_asked_and_when_all_are_it_is_a_503() {
    story(async {
        let (targets, _) = three().await;
        let (slow, slow_address) = listen().await;
        let terms = Terms { balance: Balance::LeastOutstanding, connections_max: 1, ..RETRIES };
        let house = House::of(terms, &[slow_address, targets[1]]);
        let integration = compiled(&private("http://orders.test/x"));
        // One request hangs in the slow one.
        let mut first = house.world.exchange("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        let work = async {
            let mut hanging = slow.accept().await.unwrap().0;
            crate::bench::read_head(&mut hanging).await;
            for _ in 0..3 {
                assert_eq!(house.ask(&integration, "GET /x").await.unwrap(), "b");
            }
            house.list(Terms { connections_max: 1, ..RETRIES }, &[slow_address]);
            let refusal = house.ask(&integration, "GET /x").await.unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::Front(503));
            assert!(refusal.because.contains("as many requests as they may (1)"));
            // It is taken off the list, and still ends well.
            house.list(Terms { connections_max: 1, ..RETRIES }, &targets[1..2]);
            assert_eq!(house.ask(&integration, "GET /x").await.unwrap(), "b");
            hanging.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow").await.unwrap();
        };
        let (answered, ()) = tokio::join!(house.ask_as(&integration, &mut first), work);
        assert_eq!(answered.unwrap(), "slow");
        assert_eq!(house.registry.states().iter().map(|peer| peer.in_use).sum::<u32>(), 0);
    });
}

#[test]
fn an_answer_that_streams_holds_its_place_until_its_end() {
    story(async {
        let (listener, address) = listen().await;
        let house = House::of(Terms { connections_max: 1, ..Terms::default() }, &[address]);
        let integration = compiled(&private("http://orders.test/x"));
        let mut ex = house.world.exchange("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        let server = async {
            let mut stream = listener.accept().await.unwrap().0;
            crate::bench::read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf").await.unwrap();
            stream
        };
        let (reply, mut stream) = tokio::join!(integration.answer(&house.world.upstreams, &mut ex, 1 << 20), server);
        let in_use = || house.registry.states()[0].in_use;
        assert_eq!(in_use(), 1);
        let (body, _) = tokio::join!(body_of(reply.unwrap().body), stream.write_all(b"done"));
        assert_eq!((body.unwrap().as_str(), in_use()), ("halfdone", 0));
    });
}

#[test]
fn a_target_that_is_new_comes_slowly_to_its_share() {
    story(async {
        let (targets, _) = three().await;
        let house = House::of(Terms { slow_start_ms: 10_000, ..Terms::default() }, &targets[..1]);
        let integration = compiled(&private("http://orders.test/x"));
        house.world.pass(Duration::from_secs(60));
        house.registry.tick();
        house.list(Terms { slow_start_ms: 10_000, ..Terms::default() }, &targets[..2]);
        assert_eq!(house.share(&integration, 11).await, shares(&[("a", 10), ("b", 1)]));
        house.world.pass(Duration::from_secs(5));
        house.registry.tick();
        assert_eq!(house.share(&integration, 30).await, shares(&[("a", 20), ("b", 10)]));
        house.world.pass(Duration::from_secs(5));
        house.registry.tick();
        assert_eq!(house.share(&integration, 30).await, shares(&[("a", 15), ("b", 15)]));
    });
}

#[test]
fn what_health_checks_say_is_believed_and_if_nobody_is_well_all_are_asked() {
    story(async {
        let (targets, _) = three().await;
        let check = |path: &str| Check {
            http: Some(HttpCheck { path: path.into(), statuses: vec![200..=299], tls: false }),
            port: None,
            interval_ms: 1_000,
            timeout_ms: 5_000,
            healthy_after: 1,
            unhealthy_after: 1,
        };
        let terms = |path: &str| Terms { check: Some(check(path)), ..Terms::default() };
        let (gone, gone_address) = listen().await;
        drop(gone);
        let house = House::of(terms("/healthz"), &[targets[0], gone_address]);
        let integration = compiled(&private("http://orders.test/x"));
        let tls = Arc::new(crate::upstream::Tls::new(None, house.world.clock.clone()));
        let keeper = tokio::task::spawn_local(Registry::keep(Arc::downgrade(&house.registry), tls));
        let health = || house.registry.states().iter().map(|peer| (peer.port, peer.health)).collect::<BTreeMap<_, _>>();
        until_looked(|| health()[&gone_address.port()] == Health::Unhealthy && health()[&targets[0].port()] == Health::Healthy).await;
        house.registry.tick();
        assert_eq!(house.share(&integration, 6).await, shares(&[("a", 6)]));
        // Its own answer may say that it is not well, too; then nobody is, and it is asked all the same.
        house.list(terms("/broken"), &[targets[0]]);
        house.world.pass(Duration::from_secs(2));
        until_looked(|| health()[&targets[0].port()] == Health::Unhealthy).await;
        assert_eq!(&*house.registry.states()[0].because, "the health check was answered with 503");
        assert_eq!(house.share(&integration, 2).await, shares(&[("a", 2)]));
        house.list(terms("/healthz"), &[targets[0]]);
        house.world.pass(Duration::from_secs(2));
        until_looked(|| health()[&targets[0].port()] == Health::Healthy).await;
        keeper.abort();
    });
}

/// The keeper's ticks are real time: as long as they take, and no longer.
async fn until_looked(is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody looked");
}

#[test]
fn a_request_whose_body_breaks_off_is_not_held_against_the_target() {
    story(async {
        let (silent, address) = listen().await;
        let house = House::of(Terms { eject_after: 1, ..RETRIES }, &[address]);
        let integration = compiled(&private("http://orders.test/x"));
        let mut ex = house.world.exchange("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
        let pipe = Pipe::of_length(9);
        ex.request.body = RequestBody::Stream(Box::new(pipe.clone()));
        pipe.feed("half");
        let asked = house.ask_as(&integration, &mut ex);
        let (answered, ()) = tokio::join!(asked, async {
            until(|| pipe.is_drained()).await;
            pipe.end(Err(base::gate::BodyFault::Gone));
        });
        assert!(answered.is_err());
        drop(silent);
        assert!(house.registry.states().iter().all(|peer| peer.counts[1] == 0 && !peer.is_ejected));
    });
}
