//! Configuration that changes while requests run: no request fails for it, and a change is seen once its call has returned.

use super::given::Ground;
use super::method::Method;
use super::world::{Told, run};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::pin::pin;

/// Changes in all.
const SWAPS: usize = 200;

/// The answers of requests that are to succeed whatever is changed.
#[derive(Default)]
struct Watched {
    answers: Cell<usize>,
    failed: RefCell<Vec<String>>,
    ended: Cell<bool>,
}

impl Watched {
    fn note(&self, told: &Told) {
        self.answers.set(self.answers.get() + 1);
        if told.status != 200 {
            self.failed.borrow_mut().push(format!("{} {:?} {}", told.status, told.because, told.body));
        }
    }
}

/// What is changed, and how the change is seen.
struct Swapper<'g> {
    ground: &'g Ground,
    api: String,
    /// The key that is switched off and on.
    turning: String,
    dogs: String,
    keyed: String,
    cats: String,
}

const GIVEN: &str = r#"
GET /dogs: body "none"
GET /cats
GET /keyed: key
GET /up: proxy http://{backend}/up
plan gold: stage pets/prod
key steady: plan gold
key turning: plan gold
"#;

impl Swapper<'_> {
    async fn of(ground: &Ground) -> Swapper<'_> {
        let keys = ground.world.ok("GET", "/apikeys?name=turning", Value::Null).await;
        Swapper {
            ground,
            api: ground.fill("{pets}"),
            turning: keys["item"][0]["id"].as_str().unwrap().to_owned(),
            dogs: head(ground, "/dogs", "nobody"),
            keyed: head(ground, "/keyed", "turning"),
            cats: head(ground, "/cats", "nobody"),
        }
    }

    async fn patch(&self, target: &str, path: &str, value: &str) {
        let ops = json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]});
        self.ground.world.ok("PATCH", target, ops).await;
    }

    async fn deploy(&self, body: Value) {
        self.ground.world.ok("POST", &format!("/restapis/{}/deployments", self.api), body).await;
    }

    async fn describe(&self, body: &str) {
        let mut method = Method::new("GET", "/dogs");
        for line in ["answer 200", "header X-Turn = stageVariables.turn", &format!("body {body}")] {
            method.line(line);
        }
        method.put(&self.ground.world, &self.api).await;
    }

    /// One change, and a request that is the first after it.
    async fn swap(&self, turn: usize) {
        let world = &self.ground.world;
        let stage = format!("/restapis/{}/stages/prod", self.api);
        match turn % 8 {
            0 => {
                self.describe(&format!("deployed {turn}")).await;
                self.deploy(json!({"stageName": "prod"})).await;
                assert_eq!(world.send(&self.dogs).await.body, format!("deployed {turn}"));
            }
            1 => {
                self.patch(&stage, "/variables/turn", &turn.to_string()).await;
                let told = world.send(&self.dogs).await;
                assert!(told.fields.contains(&("X-Turn".to_owned(), turn.to_string())), "{told:?}");
            }
            2 => {
                self.patch(&format!("/apikeys/{}", self.turning), "/enabled", "false").await;
                assert_eq!(world.send(&self.keyed).await.because.as_deref(), Some("the API key is disabled"));
            }
            3 => {
                self.patch(&format!("/apikeys/{}", self.turning), "/enabled", "true").await;
                assert_eq!(world.send(&self.keyed).await.status, 200);
            }
            4 => {
                self.patch(&stage, "/~1cats/GET/throttling/burstLimit", "0").await;
                assert_eq!(world.send(&self.cats).await.status, 429);
            }
            5 => {
                self.patch(&stage, "/~1cats/GET/throttling/burstLimit", "5000").await;
                assert_eq!(world.send(&self.cats).await.status, 200);
            }
            6 => {
                self.describe(&format!("canary {turn}")).await;
                self.deploy(json!({"stageName": "prod", "canarySettings": {"percentTraffic": 100.0}})).await;
                assert_eq!(world.send(&self.dogs).await.body, format!("canary {turn}"));
            }
            _ => {
                let ops = json!({"patchOperations": [{"op": "remove", "path": "/canarySettings"}]});
                world.ok("PATCH", &stage, ops).await;
                let deployed = turn - 7;
                assert_eq!(world.send(&self.dogs).await.body, format!("deployed {deployed}"));
            }
        }
    }
}

fn head(ground: &Ground, path: &str, key: &str) -> String {
    format!("GET /prod{path} HTTP/1.1\nHost: {}\nx-api-key: {}\n\n", ground.host("pets"), ground.key_value(key))
}

#[test]
fn two_hundred_swaps_fail_no_request_and_are_seen_when_they_return() {
    run(async {
        let mut ground = Ground::new().await;
        ground.given(GIVEN).await;
        let swapper = Swapper::of(&ground).await;
        let asks = [("/dogs", "nobody"), ("/keyed", "steady"), ("/up", "nobody"), ("/up?x=1", "nobody")]
            .map(|(path, key)| head(&ground, path, key));
        let watched = Watched::default();
        let caller = async |ask: &str| {
            while !watched.ended.get() {
                watched.note(&ground.world.send(ask).await);
                tokio::task::yield_now().await;
            }
        };
        let changes = async {
            for turn in 0..SWAPS {
                swapper.swap(turn).await;
            }
            watched.ended.set(true);
        };
        tokio::join!(changes, caller(&asks[0]), caller(&asks[1]), caller(&asks[2]), caller(&asks[3]));
        let failed = watched.failed.borrow();
        assert!(failed.is_empty(), "{} of {} requests failed: {:?}", failed.len(), watched.answers.get(), failed.first());
        assert!(watched.answers.get() > SWAPS, "only {} requests ran meanwhile", watched.answers.get());
    });
}

/// What was deployed before is let go of, also what a request met.
#[test]
fn deployments_that_no_stage_has_any_more_leave_memory() {
    run(async {
        let mut ground = Ground::new().await;
        ground.given(GIVEN).await;
        let swapper = Swapper::of(&ground).await;
        for turn in (0..80).step_by(8) {
            swapper.swap(turn).await;
        }
        assert_eq!(ground.world.gateway.deployments(), 1);
    });
}

/// A request that is under way when its stage goes keeps the stage that it met.
#[test]
fn a_request_under_way_outlives_its_stage() {
    run(async {
        let mut ground = Ground::new().await;
        ground.given("backend: silent\nGET /up: proxy http://{backend}/up, timeout 1000ms").await;
        let ask = head(&ground, "/up", "nobody");
        let target = format!("/restapis/{}", ground.fill("{pets}"));
        let mut waiting = pin!(ground.world.send(&ask));
        tokio::select! {
            told = &mut waiting => panic!("it is under way: {told:?}"),
            () = ground.backend.is_silent() => {}
        }
        ground.world.ok("DELETE", &target, Value::Null).await;
        let late = tokio::select! {
            late = ground.world.send(&ask) => late,
            () = ground.backend.is_silent() => panic!("the stage still answers after it was deleted"),
        };
        assert_eq!(late.because.as_deref(), Some("no API has this id"));
        let told = ground.world.wait_out(waiting.as_mut()).await;
        assert_eq!((told.status, told.body.as_str()), (504, r#"{"message":"Endpoint request timed out"}"#));
    });
}
