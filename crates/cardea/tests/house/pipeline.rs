//! The order of the pipeline: for every pair of steps that would both refuse, the earlier one does. And what a refusal costs.

use super::given::Ground;
use super::world::{Told, World, run};
use base::tally::Rate;

/// A step that can refuse, in the pipeline's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Stage,
    Endpoint,
    Route,
    Policy,
    Authorizer,
    ApiKey,
    Quota,
    PlanThrottle,
    StageThrottle,
    AccountThrottle,
    /// The method's integration, found flawed when the stage was compiled.
    Flaw,
}

use Step::{AccountThrottle, ApiKey, Authorizer, Endpoint, Flaw, PlanThrottle, Policy, Quota, Route, StageThrottle};

const ORDER: [Step; 11] =
    [Step::Stage, Endpoint, Route, Policy, Authorizer, ApiKey, Quota, PlanThrottle, StageThrottle, AccountThrottle, Flaw];

impl Step {
    /// How its refusal is known: status, and what the operator is told (its beginning).
    fn refusal(self) -> (u16, &'static str) {
        match self {
            Step::Stage => (403, "the API has no such stage"),
            Endpoint => (403, "the API's default endpoint is disabled"),
            Route => (403, "no resource has this path and verb"),
            Policy => (403, "statement 1 of the resource policy denies it"),
            Authorizer => (500, "the method asks for an authorizer"),
            ApiKey => (403, "the API key is disabled"),
            Quota => (429, "the key has used up its quota"),
            PlanThrottle => (429, "the key is over the usage plan's rate"),
            StageThrottle => (429, "the method is over the stage's rate"),
            AccountThrottle => (429, "the account is over its rate"),
            Flaw => (500, "the request template for application/json: line 1"),
        }
    }
}

/// A world in which exactly these steps refuse a request with a key, and the request.
async fn world(refusing: &[Step]) -> (Ground, String) {
    let has = |step| refusing.contains(&step);
    let account = has(AccountThrottle).then(|| Rate::new(0.001, 0));
    let mut ground = Ground::on(World::with(account).await).await;
    let mut given = String::new();
    let mut line = |text: &str| {
        given.push_str(text);
        given.push('\n');
    };
    if has(Endpoint) {
        line("api pets: endpoint disabled");
    }
    if has(Policy) {
        line("api pets");
        line(r#"    policy {"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}"#);
    }
    line("GET /dogs: key");
    if has(Authorizer) {
        line("    authorization CUSTOM");
    }
    if has(Flaw) {
        line("    request application/json #if(");
        line("    answer 200");
    }
    line("plan gold");
    line("    stage pets/prod");
    if has(Quota) {
        line("    quota 0 per DAY");
    }
    if has(PlanThrottle) {
        line("    throttle 1/s burst 0");
    }
    line("key k: plan gold");
    if has(ApiKey) {
        line("key k: disabled");
    }
    if has(StageThrottle) {
        line("stage prod: throttle 1/s burst 0");
    }
    ground.given(&given).await;
    let stage = if has(Step::Stage) { "nosuch" } else { "prod" };
    let path = if has(Route) { "cats" } else { "dogs" };
    let request = format!("GET /{stage}/{path} HTTP/1.1\nHost: {}\nx-api-key: {}\n\n", ground.host("pets"), ground.key_value("k"));
    (ground, request)
}

fn is_by(told: &Told, step: Step) -> bool {
    let (status, because) = step.refusal();
    told.status == status && told.because.as_deref().is_some_and(|why| why.starts_with(because))
}

#[test]
fn a_request_that_no_step_refuses_is_answered() {
    run(async {
        let (ground, request) = world(&[]).await;
        let told = ground.world.send(&request).await;
        assert_eq!((told.status, told.body.as_str(), told.because), (200, "GET /dogs", None));
    });
}

#[test]
fn each_step_refuses_alone() {
    for step in ORDER {
        run(async {
            let (ground, request) = world(&[step]).await;
            let told = ground.world.send(&request).await;
            assert!(is_by(&told, step), "{step:?}: {told:?}");
        });
    }
}

#[test]
fn of_two_steps_that_refuse_the_earlier_wins() {
    for (n, first) in ORDER.into_iter().enumerate() {
        for second in &ORDER[n + 1..] {
            run(async {
                let (ground, request) = world(&[first, *second]).await;
                let told = ground.world.send(&request).await;
                assert!(is_by(&told, first), "{first:?} before {second:?}: {told:?}");
            });
        }
    }
}

/// The units that a key has used today, as `GetUsage` tells them.
async fn used(ground: &Ground) -> u64 {
    let plans = ground.world.ok("GET", "/usageplans", serde_json::Value::Null).await;
    let plan = plans["item"][0]["id"].as_str().unwrap();
    let usage =
        ground.world.ok("GET", &format!("/usageplans/{plan}/usage?startDate=2026-11-22&endDate=2026-11-22"), serde_json::Value::Null).await;
    let days = usage["values"].as_object().unwrap().values().next();
    days.map_or(0, |days| days[0][0].as_u64().unwrap())
}

#[test]
fn what_is_refused_before_the_quota_or_by_a_throttle_is_charged_nothing() {
    for step in ORDER {
        run(async {
            let refusing: &[Step] = if step == Quota { &[] } else { &[step] };
            let (mut ground, request) = world(refusing).await;
            ground.then("plan gold: quota 5 per DAY").await;
            for _ in 0..3 {
                ground.world.send(&request).await;
            }
            let wanted = match step {
                // Nothing refuses here; a flaw is met after the quota.
                Quota | Flaw => 3,
                _ => 0,
            };
            assert_eq!(used(&ground).await, wanted, "{step:?}");
        });
    }
}

/// A wider bucket that refuses gives the narrower ones their token back: lifted, it lets just as many through as before.
#[test]
fn a_wider_throttle_that_refuses_makes_the_narrower_ones_whole() {
    run(async {
        let (mut ground, request) = world(&[StageThrottle]).await;
        ground.then("plan gold: throttle 0.001/s burst 2, quota 4 per DAY").await;
        for _ in 0..10 {
            assert!(is_by(&ground.world.send(&request).await, StageThrottle));
        }
        ground.then("stage prod: throttle 1000/s burst 1000").await;
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(ground.world.send(&request).await.status);
        }
        assert_eq!(statuses, [200, 200, 429, 429]);
        assert_eq!(used(&ground).await, 2);
    });
}

#[test]
fn the_account_gives_back_what_stage_plan_and_quota_had_given() {
    run(async {
        // One request for each account's second; the plan and the stage would let two through.
        let mut ground = Ground::on(World::with(Some(Rate::new(1.0, 1))).await).await;
        ground
            .given("GET /dogs: key\nplan gold: quota 2 per DAY, throttle 0.001/s burst 2, stage pets/prod\nkey k: plan gold\nstage prod: throttle 0.001/s burst 2")
            .await;
        let request = format!("GET /prod/dogs HTTP/1.1\nHost: {}\nx-api-key: {}\n\n", ground.host("pets"), ground.key_value("k"));
        let send = || ground.world.send(&request);
        assert_eq!(send().await.status, 200);
        for _ in 0..5 {
            assert!(is_by(&send().await, AccountThrottle));
        }
        ground.world.pass(std::time::Duration::from_secs(1));
        assert_eq!(send().await.status, 200);
        ground.world.pass(std::time::Duration::from_secs(1));
        assert!(is_by(&send().await, Quota));
    });
}

#[test]
fn a_deployment_refills_nothing() {
    run(async {
        let mut ground = Ground::new().await;
        ground
            .given(
                "GET /dogs: key\nGET /cats\nplan gold: quota 2 per DAY, throttle 0.001/s burst 3, stage pets/prod\nkey k: plan gold\n\
                 stage prod: throttle GET /cats 0.001/s burst 2",
            )
            .await;
        let dogs = format!("GET /prod/dogs HTTP/1.1\nHost: {}\nx-api-key: {}\n\n", ground.host("pets"), ground.key_value("k"));
        let cats = format!("GET /prod/cats HTTP/1.1\nHost: {}\n\n", ground.host("pets"));
        let mut statuses = Vec::new();
        for round in 0..3 {
            statuses.push((ground.world.send(&dogs).await.status, ground.world.send(&cats).await.status));
            ground.then(&format!("GET /birds: body \"{round}\"\ndeploy prod\ndeploy prod: canary 0%\nstage prod: canary removed")).await;
        }
        assert_eq!(statuses, [(200, 200), (200, 200), (429, 429)]);
    });
}
