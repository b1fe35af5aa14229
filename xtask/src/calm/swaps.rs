//! Changes of configuration, through the real control port, while every connection asks as fast as it is answered.

use super::herd::{Herd, Pace, nonce};
use super::witness::{Watched, watch};
use super::{Ground, Part, mb, progress, promise};
use crate::catalogue::{key, route};
use crate::failure::{Outcome, fail};
use crate::node::{Node, STAGE, host, id};
use base::world::Moment;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const ROUTES: usize = 50;
const KEYS: usize = 200;
const CONNECTIONS: usize = 32;
/// Deployments and added keys that are kept; older ones are deleted.
const KEPT: usize = 3;
/// Resident memory may grow by so much between the tenth part of the swaps and the last.
const GROWTH_BYTES_MAX: u64 = 8_000_000;

pub(super) fn run(ground: &Ground) -> Outcome<Part> {
    let mut herd = Herd::new(&ground.clock)?;
    let node = ground.node("swaps", 1, &[])?;
    let api = set_up(&node, herd.port())?;
    let quiet = AtomicBool::new(false);
    let begun = ground.clock.now();
    let span = Duration::from_secs(if ground.quick { 3 } else { 15 });
    progress("swaps: the control run, without any");
    let control = ask(ground, &mut herd, &node, &api, |now| now.since(begun) >= span || quiet.load(Ordering::Relaxed))?;

    let (done, turn) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (swapped, run) = std::thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            let swapped = swap_all(ground, &node, &api, &turn);
            done.store(true, Ordering::Relaxed);
            swapped
        });
        let run = ask(ground, &mut herd, &node, &api, |_| done.load(Ordering::Relaxed));
        let swapped = swapper.join().map_err(|_| fail("the swapper panicked"));
        Ok::<_, crate::failure::Failure>((swapped??, run?))
    })?;
    let mut broken = Vec::new();
    control.promised(&mut broken, "without swaps");
    run.promised(&mut broken, "during swaps");
    let (early, late) = swapped;
    promise(&mut broken, late.saturating_sub(early) < GROWTH_BYTES_MAX, format!("memory grew from {:.1} to {:.1} MB", mb(early), mb(late)));
    let rate = ground.swaps as f64 / run.seconds;
    let line = format!(
        "{} swaps at {rate:.0}/s: {}; without: {}; resident {:.1} MB after a tenth, {:.1} MB at the end",
        ground.swaps,
        run.words(),
        control.words(),
        mb(early),
        mb(late)
    );
    let figures = json!({"swaps": ground.swaps, "perSecond": rate, "with": run.figures(), "without": control.figures(), "residentBytes": [early, late]});
    Ok(Part { line, figures, broken })
}

fn set_up(node: &Node, back_end: u16) -> Outcome<String> {
    let api = node.import(ROUTES, |path| {
        json!({
            "type": "http_proxy", "httpMethod": "GET", "uri": format!("http://127.0.0.1:{back_end}{path}"),
            "requestParameters": {"integration.request.path.id": "method.request.path.id"},
            "responses": {"default": {"statusCode": "200"}},
        })
    })?;
    node.deploy(&api)?;
    let plan = node.plan(&api)?;
    let rows = (0..KEYS).map(|number| format!("id{number},{},{plan}\n", key(number)));
    let file: String = std::iter::once("Name,Key,UsagePlanIds\n".to_owned()).chain(rows).collect();
    node.client.call("apigateway", "POST", "/apikeys?mode=import&format=csv&failonwarnings=true", file.as_bytes())?;
    Ok(api)
}

fn ask(ground: &Ground, herd: &mut Herd, node: &Node, api: &str, enough: impl Fn(Moment) -> bool) -> Outcome<Watched> {
    let host = host(api);
    let pace = Pace { port: node.run.data.port(), connections: CONNECTIONS, rest: Duration::ZERO };
    let question = |number: u64, request: &mut Vec<u8>| {
        let (to, with) = (route(number as usize * 7 % ROUTES), key(number as usize * 31 % KEYS));
        let head = format!("GET /{STAGE}/{to}/items/{} HTTP/1.1\r\nHost: {host}\r\nx-api-key: {with}\r\n\r\n", nonce(number));
        request.write_all(head.as_bytes()).expect("a vector takes what is written to it");
    };
    watch(ground, herd, node, pace, question, enough)
}

/// Changes this and that. Says the resident memory after a tenth, and at the end.
fn swap_all(ground: &Ground, node: &Node, api: &str, turn: &AtomicUsize) -> Outcome<(u64, u64)> {
    let mut swapper = Swapper { node, api, plan: plan_of(node)?, deployments: VecDeque::new(), keys: VecDeque::new() };
    let mut early = 0;
    for number in 0..ground.swaps {
        turn.store(number, Ordering::Relaxed);
        if number % 50 == 0 {
            progress(&format!("swaps: {number} of {}", ground.swaps));
        }
        swapper.swap(number)?;
        if number == ground.swaps / 10 {
            early = node.process.resident_bytes();
        }
    }
    Ok((early, node.process.resident_bytes()))
}

fn plan_of(node: &Node) -> Outcome<String> {
    let plans = node.call("GET", "/usageplans", &Value::Null)?;
    id(&plans["item"][0])
}

struct Swapper<'n> {
    node: &'n Node,
    api: &'n str,
    plan: String,
    deployments: VecDeque<String>,
    keys: VecDeque<String>,
}

impl Swapper<'_> {
    fn replace(&self, target: &str, path: &str, value: &str) -> Outcome<()> {
        let patch = json!({"patchOperations": [{"op": "replace", "path": path, "value": value}]});
        self.node.call("PATCH", target, &patch).map(drop)
    }

    /// One change.
    fn swap(&mut self, number: usize) -> Outcome<()> {
        let stage = format!("/restapis/{}/stages/{STAGE}", self.api);
        match number % 5 {
            0 => self.deploy(number),
            1 => self.replace(&stage, "/variables/turn", &number.to_string()),
            2 => self.add_key(number),
            3 => self.replace(&stage, "/*/*/throttling/rateLimit", &(1_000_000 + number).to_string()),
            _ => self.replace(&format!("/usageplans/{}", self.plan), "/throttle/rateLimit", &(100_000 + number).to_string()),
        }
    }

    /// A method is changed and the API deployed anew; a deployment that is not used any more goes.
    fn deploy(&mut self, number: usize) -> Outcome<()> {
        let resources = self.node.call("GET", &format!("/restapis/{}/resources?limit=5", self.api), &Value::Null)?;
        let with_method = resources["item"].as_array().into_iter().flatten().find(|one| one["resourceMethods"].is_object());
        let resource = id(with_method.ok_or_else(|| fail("the API has no methods"))?)?;
        let integration = format!("/restapis/{}/resources/{resource}/methods/GET/integration", self.api);
        self.replace(&integration, "/timeoutInMillis", &(10_000 + number % 10_000).to_string())?;
        let made = self.node.call("POST", &format!("/restapis/{}/deployments", self.api), &json!({"stageName": STAGE}))?;
        self.deployments.push_back(id(&made)?);
        if self.deployments.len() > KEPT
            && let Some(old) = self.deployments.pop_front()
        {
            self.node.call("DELETE", &format!("/restapis/{}/deployments/{old}", self.api), &Value::Null)?;
        }
        Ok(())
    }

    fn add_key(&mut self, number: usize) -> Outcome<()> {
        let value = format!("swapped-{number:06}-abcdefghijklmnopqrstuvwxyz");
        let made = id(&self.node.call("POST", "/apikeys", &json!({"name": value, "value": value, "enabled": true}))?)?;
        self.node.call("POST", &format!("/usageplans/{}/keys", self.plan), &json!({"keyId": made, "keyType": "API_KEY"}))?;
        self.keys.push_back(made);
        if self.keys.len() > KEPT
            && let Some(old) = self.keys.pop_front()
        {
            self.node.call("DELETE", &format!("/apikeys/{old}"), &Value::Null)?;
        }
        Ok(())
    }
}
