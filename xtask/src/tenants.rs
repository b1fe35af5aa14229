//! `cargo xtask tenants`: what a great many APIs, stages, keys and routes cost. Data directories are filled through the store itself, since
//! a million signed calls would measure signing; what is timed goes through the node as ever.

use crate::catalogue::{key, route};
use crate::failure::{Outcome, fail};
use crate::node::{self, Node, STAGE, host, id};
use crate::place::{Scratch, raise_descriptors};
use admit::api_key::record::ApiKey;
use admit::usage_plan::record::{UsagePlan, UsagePlanKey};
use backends::sqlite::{Directory, Settings, SqliteStore};
use base::store::{Actor, Realm, Record, Sealer, Store, StoreError, Txn, Verdict, digest};
use base::world::{Clock, Ids};
use cardea::credentials::sealing_key;
use cardea::runtime::compile::compile;
use cardea::runtime::router::Verb;
use define::method::record::Method;
use define::resource::record::Resource;
use define::rest_api::record::RestApi;
use define::tree::ApiTree;
use publish::deployment::record::Deployment;
use publish::stage::record::Stage;
use serde_json::{Value, json};
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How many of each.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// APIs of ten stages each
    #[arg(long, default_value_t = 1_000)]
    apis: usize,
    /// API keys
    #[arg(long, default_value_t = 100_000)]
    keys: usize,
    /// Routes of one API
    #[arg(long, default_value_t = 10_000)]
    routes: usize,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

const STAGES: usize = 10;
const METHODS: usize = 10;
/// Records of one transaction.
const BATCH: usize = 10_000;
/// Keys that are added one after another.
const ADDED: usize = 20;
/// Stages that are used, to see what that costs.
const USED: usize = 200;
const LOOKUPS: usize = 2_000_000;
/// Routes of the API that goes live, and how often it does.
const LIVE_ROUTES: usize = 1_000;
const LIVE_TURNS: usize = 20;
const PLAN: &str = "plan01";
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// Measures, and prints what came of it.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    let program = node::build("release")?;
    raise_descriptors()?;
    let scratch = Scratch::new()?;
    let clock = Clock::system();
    let routes = routes(options.routes, &clock)?;
    let live = live(&program, &scratch.0, &clock)?;
    let empty = {
        let (node, took) = timed_start(&program, &scratch.0, "empty", &clock)?;
        println!("an empty node: {:.0} ms to start, {:.1} MB", ms(took), mb(node.process.resident_bytes()));
        node.process.resident_bytes()
    };
    let stages = stages(&program, &scratch.0, options.apis, empty, &clock)?;
    let keys = keys(&program, &scratch.0, options.keys, empty, &clock)?;
    if options.json {
        println!("{}", json!({"routes": routes, "live": live, "stages": stages, "keys": keys}));
    }
    Ok(())
}

fn timed_start(program: &Path, folder: &Path, name: &str, clock: &Clock) -> Outcome<(Node, Duration)> {
    let begun = clock.now();
    let node = Node::start(program, folder, name, 2, &[])?;
    Ok((node, clock.now().since(begun)))
}

/// One API of many routes: compiling it, and finding a route.
fn routes(count: usize, clock: &Clock) -> Outcome<Value> {
    let path = |number: usize| format!("/area{:02}/thing{:03}/{{id}}", number % 100, number / 100);
    let tree = tree("api1", count, path)?;
    let begun = clock.now();
    let compiled = compile(&tree, false);
    let took = clock.now().since(begun);

    let mut dice = fastrand::Rng::with_seed(1);
    let asked: Vec<String> = (0..4096).map(|_| path(dice.usize(..count)).replace("{id}", "a1b2c3")).collect();
    let mut values = Vec::new();
    let begun = clock.now();
    let mut missed = 0;
    for path in asked.iter().cycle().take(LOOKUPS) {
        missed += usize::from(black_box(compiled.router.find(black_box(path), 0, Verb::Get, &mut values)).is_none());
    }
    let each = clock.now().since(begun).as_nanos() as f64 / LOOKUPS as f64;
    if missed > 0 {
        return Err(fail(format!("{missed} routes of {LOOKUPS} were not found")));
    }
    println!("{count} routes in one API: {:.1} ms to compile, {each:.0} ns to find one", ms(took));
    Ok(json!({"count": count, "compileMs": ms(took), "lookupNs": each}))
}

/// An API of many routes goes live again and again, through the control port: from the call to the first answer of what was deployed.
fn live(program: &Path, folder: &Path, clock: &Clock) -> Outcome<Value> {
    let node = Node::start(program, folder, "live", 2, &[])?;
    let begun = clock.now();
    let api = node.import(LIVE_ROUTES, |_| {
        json!({"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "responses": {"default": {"statusCode": "200"}}})
    })?;
    let imported = clock.now().since(begun);
    let path = format!("/{STAGE}/{}/items/7", route(LIVE_ROUTES / 2));
    let mut took = Vec::new();
    for number in 0..LIVE_TURNS {
        let change = json!({"patchOperations": [{"op": "replace", "path": "/description", "value": format!("turn {number}")}]});
        node.call("PATCH", &format!("/restapis/{api}"), &change)?;
        let begun = clock.now();
        node.deploy(&api)?;
        // The call's answer is the promise: no second try. Without a key the method refuses, and so it is there.
        let status = ask(&node, &api, &path, None)?;
        took.push(ms(clock.now().since(begun)));
        if status != 403 {
            return Err(fail(format!("what was deployed answered {status}, not 403")));
        }
    }
    let slowest = took.iter().copied().fold(0.0, f64::max);
    let median = crate::report::median(took);
    println!(
        "{LIVE_ROUTES} routes in one API: {:.0} ms to import; {median:.1} ms (at most {slowest:.1}) from deploying to the first answer",
        ms(imported)
    );
    Ok(json!({"count": LIVE_ROUTES, "importMs": ms(imported), "liveMs": median, "liveMsMost": slowest}))
}

/// Many APIs of ten stages each: starting with them, what they cost, and what using some of them costs.
fn stages(program: &Path, folder: &Path, apis: usize, empty: u64, clock: &Clock) -> Outcome<Value> {
    let name = |number: usize| format!("api{number:06}");
    fill(&folder.join("stages"), 0..apis, move |txn, realm, _, number| {
        let api = name(number);
        // Each differs from the others, so that no two share a tree.
        put_api(txn, realm, &api, METHODS, false, (0..STAGES).map(|stage| format!("stage{stage}")))
    })?;
    let (node, took) = timed_start(program, folder, "stages", clock)?;
    let all = apis * STAGES;
    let resident = node.process.resident_bytes();
    let each = resident.saturating_sub(empty) / all.max(1) as u64;
    println!("{apis} APIs with {STAGES} stages each: {:.0} ms to start, {each} bytes a stage ({:.1} MB)", ms(took), mb(resident));

    let mut dice = fastrand::Rng::with_seed(2);
    let mut firsts = Vec::new();
    let used = USED.min(all);
    for _ in 0..used {
        let (api, stage) = (name(dice.usize(..apis)), dice.usize(..STAGES));
        let begun = clock.now();
        let status = ask(&node, &api, &format!("/stage{stage}/area01/thing000/7"), None)?;
        firsts.push(ms(clock.now().since(begun)));
        if status != 200 {
            return Err(fail(format!("stage{stage} of {api} answered {status}")));
        }
    }
    let first = crate::report::median(firsts);
    let in_use = node.process.resident_bytes().saturating_sub(resident) / used.max(1) as u64;
    println!("  the first request to a stage: {first:.1} ms; {in_use} bytes more for a stage in use, with {METHODS} methods");
    Ok(json!({"apis": apis, "stages": all, "startMs": ms(took), "stageBytes": each, "firstRequestMs": first, "usedStageBytes": in_use}))
}

/// Many API keys: starting with them, what they cost, and how soon one more is known.
fn keys(program: &Path, folder: &Path, count: usize, empty: u64, clock: &Clock) -> Outcome<Value> {
    let api = "keyed";
    let begun = clock.now();
    fill(&folder.join("keys"), 0..count.max(1), move |txn, realm, sealer, number| {
        if number == 0 {
            put_api(txn, realm, api, 1, true, [STAGE.to_owned()])?;
            let plan = json!({"id": PLAN, "name": "bench", "created": 0, "stages": [{"api": api, "stage": STAGE}],
                "throttle": {"rate": 100_000.0, "burst": 10_000}});
            txn.save(realm, &read::<UsagePlan>(plan)?)?;
        }
        let (id, value) = (format!("k{number:09}"), key(number));
        let record = json!({"id": id, "value": sealer.seal(&value), "mark": sealer.mark(&value), "name": format!("key {number}"),
            "enabled": true, "created": 0, "updated": 0, "plans": [PLAN]});
        txn.save(realm, &read::<ApiKey>(record)?)?;
        txn.save(realm, &read::<UsagePlanKey>(json!({"plan": PLAN, "key": id}))?)
    })?;
    let filled = clock.now().since(begun);
    let (node, took) = timed_start(program, folder, "keys", clock)?;
    let resident = node.process.resident_bytes();
    let each = resident.saturating_sub(empty) / count.max(1) as u64;
    println!(
        "{count} API keys: {:.1} s to store, {:.0} ms to start, {each} bytes a key ({:.1} MB)",
        filled.as_secs_f64(),
        ms(took),
        mb(resident)
    );

    let path = format!("/{STAGE}/area00/thing000/7");
    let expect = |key: &str, wanted: u16| match ask(&node, api, &path, Some(key))? {
        status if status == wanted => Ok(()),
        status => Err(fail(format!("a request with the key {key} was answered {status}, not {wanted}"))),
    };
    expect(&key(count / 2), 200)?;
    let (mut made, mut known) = (Vec::new(), Vec::new());
    for number in 0..ADDED {
        let value = format!("added-{number:05}-abcdefghijklmnopqrstuvwxyz");
        expect(&value, 403)?;
        let begun = clock.now();
        let new = id(&node.call("POST", "/apikeys", &json!({"name": value, "value": value, "enabled": true}))?)?;
        let joining = clock.now();
        node.call("POST", &format!("/usageplans/{PLAN}/keys"), &json!({"keyId": new, "keyType": "API_KEY"}))?;
        // The call's answer is the promise: no second try.
        expect(&value, 200)?;
        let done = clock.now();
        made.push(ms(joining.since(begun)));
        known.push(ms(done.since(joining)));
    }
    let slowest = known.iter().copied().fold(0.0, f64::max);
    let (made, known) = (crate::report::median(made), crate::report::median(known));
    println!("  a key more: {made:.1} ms to make it; {known:.1} ms (at most {slowest:.1}) from joining the plan to the first 200");
    Ok(
        json!({"count": count, "storeMs": ms(filled), "startMs": ms(took), "keyBytes": each, "makeMs": made, "visibleMs": known, "visibleMsMost": slowest}),
    )
}

/// Fills a data directory, so many records to a transaction.
fn fill(
    folder: &Path,
    numbers: std::ops::Range<usize>,
    put: impl Fn(&mut dyn Txn, &Realm, &Sealer, usize) -> Result<(), StoreError> + Send + Sync + 'static,
) -> Outcome<()> {
    let directory = Arc::new(Directory::hold(folder)?);
    let sealer = Arc::new(Sealer::new(&sealing_key(folder, &Ids::system())?, Ids::system()));
    let store = SqliteStore::open(&directory, Clock::system(), Settings { log_revisions_kept: 1, ..Settings::default() })?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let put = Arc::new(put);
    for from in numbers.clone().step_by(BATCH) {
        let (put, sealer, to) = (put.clone(), sealer.clone(), (from + BATCH).min(numbers.end));
        let work = move |txn: &mut dyn Txn| {
            let realm = Realm::new("000000000000", "us-east-1");
            (from..to).try_for_each(|number| put(txn, &realm, &sealer, number))?;
            Ok(Verdict::Commit)
        };
        runtime.block_on(store.write(Actor("bench".into()), Box::new(work)))?;
    }
    runtime.block_on(store.close());
    Ok(())
}

/// Stores an API that answers by itself, deployed to stages.
fn put_api(
    txn: &mut dyn Txn,
    realm: &Realm,
    api: &str,
    methods: usize,
    keyed: bool,
    stages: impl IntoIterator<Item = String>,
) -> Result<(), StoreError> {
    let mut tree = tree(api, methods, |number| format!("/area{number:02}/thing000/{{id}}")).map_err(|why| StoreError::Refused(why.0))?;
    tree.methods.iter_mut().for_each(|method| method.api_key_required = keyed);
    txn.save(realm, &tree.api)?;
    tree.resources.iter().try_for_each(|resource| txn.save(realm, resource))?;
    tree.methods.iter().try_for_each(|method| txn.save(realm, method))?;
    let text = serde_json::to_string(&tree).map_err(|why| StoreError::Refused(why.to_string()))?;
    let frozen = digest(&text);
    txn.freeze(&frozen, &text)?;
    txn.save(realm, &read::<Deployment>(json!({"api": api, "id": "first1", "created": 0, "tree": frozen}))?)?;
    for name in stages {
        let stage = json!({"api": api, "name": name, "deployment": "first1", "cache_cluster_enabled": false, "tracing_enabled": false,
            "created": 0, "updated": 0});
        txn.save(realm, &read::<Stage>(stage)?)?;
    }
    Ok(())
}

/// An API with a mock behind each of so many paths of three segments.
fn tree(api: &str, count: usize, path: impl Fn(usize) -> String) -> Outcome<ApiTree> {
    let integration = json!({"type": "MOCK", "passthrough_behavior": "WHEN_NO_MATCH", "timeout_ms": 29_000, "cache_namespace": "root",
        "request_templates": {"application/json": "{\"statusCode\": 200}"}, "responses": {"200": {"status_code": "200"}}});
    let about = json!({"id": api, "name": api, "created": 0, "api_key_source": "HEADER", "endpoint_type": "REGIONAL",
        "ip_address_type": "ipv4", "disable_execute_api_endpoint": false, "root_resource_id": "root"});
    let mut tree = ApiTree {
        api: read::<RestApi>(about)?,
        resources: vec![read::<Resource>(json!({"api": api, "id": "root", "path_part": "", "path": "/"}))?],
        methods: Vec::new(),
        models: Vec::new(),
        authorizers: Vec::new(),
        validators: Vec::new(),
        gateway_responses: Vec::new(),
        documentation: Vec::new(),
    };
    for number in 0..count {
        let (id, path) = (format!("r{number:05}"), path(number));
        // The parents between are not there: a tree is found by its paths.
        let resource = json!({"api": api, "id": id, "parent": "root", "path_part": "{id}", "path": path});
        tree.resources.push(read::<Resource>(resource)?);
        let method = json!({"api": api, "resource": id, "verb": "GET", "authorization_type": "NONE", "api_key_required": false,
            "responses": {"200": {"status_code": "200"}}, "integration": integration});
        tree.methods.push(read::<Method>(method)?);
    }
    Ok(tree)
}

/// A record from JSON, so that a member which others add with a default changes nothing here.
fn read<R: Record>(stored: Value) -> Result<R, StoreError> {
    serde_json::from_value(stored).map_err(|why| StoreError::Refused(format!("a {} of the bench does not read: {why}", R::KIND)))
}

/// The status of an answer, on a connection of its own.
fn ask(node: &Node, api: &str, path: &str, key: Option<&str>) -> Outcome<u16> {
    let mut stream = std::net::TcpStream::connect(node.run.data)?;
    stream.set_read_timeout(Some(ANSWER_WAIT))?;
    let key = key.map(|key| format!("x-api-key: {key}\r\n")).unwrap_or_default();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{key}Connection: close\r\n\r\n", host(api)).as_bytes())?;
    let mut line = [0; 12];
    stream.read_exact(&mut line)?;
    let status = std::str::from_utf8(&line[9..]).ok().and_then(|status| status.parse().ok());
    status.ok_or_else(|| fail("the answer has no status"))
}

fn ms(span: Duration) -> f64 {
    span.as_micros() as f64 / 1000.0
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
