//! Why did that request get that answer? Each data thread keeps what it noted of recent requests in a ring, and, apart from it so that
//! a flood does not wash them away, of refusals, errors and slow requests, with a share for each API and sort. Words are made when
//! somebody asks.

mod ring;

pub(super) use ring::Rings;

use super::compile::routes;
use super::table::Table;
use base::gate::{Among, Notes, RequestId, RouteFacts, Stage, StageFacts, Verdict};
use base::world::Timestamp;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::sync::Arc;

/// Routes named when a path matched none.
const NEAREST_MAX: usize = 5;

/// What is kept of one request.
#[derive(Clone)]
pub struct Kept {
    id: RequestId,
    received: Timestamp,
    peer: SocketAddr,
    verb: String,
    host: String,
    path: String,
    rest_from: usize,
    stage: Option<Arc<StageFacts>>,
    route: Option<Arc<RouteFacts>>,
    canary: Option<bool>,
    notes: Notes,
}

impl Kept {
    /// The whole story as JSON. `table` tells the routes that came near.
    pub fn story(&self, table: &Table) -> Value {
        let notes = &self.notes;
        let mut story = Map::new();
        story.insert("requestId".into(), json!(self.id.as_str()));
        story.insert("received".into(), json!(self.received.iso()));
        let request = json!({"method": self.verb.as_str(), "host": self.host, "path": self.path, "from": self.peer.to_string()});
        story.insert("request".into(), request);
        story.insert(
            "answer".into(),
            json!({
                "status": notes.status,
                "bodyBytes": notes.sent_bytes,
                "milliseconds": ms(notes.done.since(notes.head)),
            }),
        );
        if let Some(stage) = &self.stage {
            story.insert(
                "stage".into(),
                json!({
                    "apiId": &*stage.api, "apiName": stage.api_name, "stage": &*stage.stage,
                    "deploymentId": &*stage.deployment, "canary": self.canary,
                }),
            );
        }
        if let Some(route) = &self.route {
            story.insert(
                "method".into(),
                json!({
                    "resourceId": &*route.resource_id, "resourcePath": &*route.resource_path, "httpMethod": &*route.verb,
                }),
            );
        }
        story.insert("steps".into(), Stage::ALL.into_iter().map(|stage| self.step(stage)).collect());
        if notes.upstream.attempts > 0 {
            story.insert("backEnd".into(), self.back_end());
        }
        if let Some(Among { group, targets, well, retries }) = notes.among.as_deref() {
            let told = json!({"arn": &**group, "targets": targets, "wellTargets": well, "retries": retries});
            story.insert("chosenAmong".into(), told);
        }
        if let Some(function) = &notes.function {
            let told = json!({"arn": &**function, "hosted": notes.upstream.address.is_none(), "error": notes.function_error});
            story.insert("function".into(), told);
        }
        if let Some((kind, because)) = &notes.refused {
            story.insert("refused".into(), json!({"type": kind.word().unwrap_or("FRONT"), "because": because}));
        }
        if self.route.is_none() {
            story.insert("nearest".into(), self.nearest(table));
        } else if let Some(lost) = self.runner_up(table) {
            story.insert("nearestThatLost".into(), lost);
        }
        Value::Object(story)
    }

    fn step(&self, stage: Stage) -> Value {
        let verdict = match self.notes.verdict(stage) {
            Verdict::NotReached => "not reached",
            Verdict::Absent => "nothing configured",
            Verdict::Passed => "passed",
            Verdict::Refused => "refused",
        };
        let mut step = json!({"step": stage.name(), "verdict": verdict});
        let notes = &self.notes;
        match stage {
            Stage::ApiKey if !notes.key.as_str().is_empty() => step["apiKeyId"] = json!(notes.key.as_str()),
            Stage::Quota if !notes.plan.as_str().is_empty() => {
                step["usagePlanId"] = json!(notes.plan.as_str());
                step["left"] = json!(notes.quota_left);
            }
            Stage::PlanThrottle | Stage::StageThrottle | Stage::AccountThrottle
                if matches!(self.notes.verdict(stage), Verdict::Passed | Verdict::Refused) && self.narrowest() == Some(stage) =>
            {
                step["tokensLeft"] = json!(notes.tokens_left);
                if stage == Stage::PlanThrottle {
                    step["usagePlanId"] = json!(notes.plan.as_str());
                }
            }
            _ => {}
        }
        step
    }

    /// The throttle whose tokens were noted: the refusing one, else the narrowest.
    fn narrowest(&self) -> Option<Stage> {
        let throttles = [Stage::PlanThrottle, Stage::StageThrottle, Stage::AccountThrottle];
        let with = |verdict| throttles.into_iter().find(|stage| self.notes.verdict(*stage) == verdict);
        with(Verdict::Refused).or_else(|| with(Verdict::Passed))
    }

    fn back_end(&self) -> Value {
        let upstream = &self.notes.upstream;
        let since = |moment: base::world::Moment| (moment.0 > 0).then(|| ms(moment.since(upstream.began)));
        json!({
            "address": upstream.address.map(|address| address.to_string()),
            "reusedConnection": upstream.reused,
            "attempts": upstream.attempts,
            "status": (upstream.status > 0).then_some(upstream.status),
            "connectedAfterMs": since(upstream.connected),
            "answeredAfterMs": since(upstream.answered),
        })
    }

    fn rest(&self) -> &str {
        self.path.get(self.rest_from..).unwrap_or("")
    }

    /// What came near, for a request that matched nothing: routes of its stage, else stages of its API, else how to address an API.
    fn nearest(&self, table: &Table) -> Value {
        let Some(stage) = &self.stage else {
            let apis: Vec<&str> = table.apis.keys().take(NEAREST_MAX).map(|id| &**id).collect();
            return json!({
                "hint": "the host names no API: use {api-id}.execute-api.{anything}, the header x-apigw-api-id, or \
                         /restapis/{api-id}/{stage}/_user_request_/{path}",
                "apis": apis,
            });
        };
        let known = table.apis.get(&stage.api);
        if stage.deployment.is_empty() {
            let mut stages: Vec<&str> = known.map(|api| api.stages.keys().map(|name| &**name).collect()).unwrap_or_default();
            stages.sort_unstable();
            return json!({"hint": "the API has no such stage", "stages": stages});
        }
        let Some(Ok(view)) = known.and_then(|api| api.stages.get(&stage.stage)).and_then(|slot| slot.ready()) else { return Value::Null };
        let variant = view.canary.as_ref().filter(|_| self.canary == Some(true)).map_or(&view.base, |(_, canary)| canary);
        let mut ranked: Vec<(usize, &str, &str)> =
            routes(&variant.deployment).map(|(path, verb)| (distance(self.rest(), path, self.verb.as_str(), verb), path, verb)).collect();
        ranked.sort_unstable();
        let named: Vec<Value> = ranked.iter().take(NEAREST_MAX).map(|(_, path, verb)| json!(format!("{verb} {path}"))).collect();
        json!({"hint": "no resource of the deployment has this path and verb; these come nearest", "routes": named})
    }

    /// The best of the routes that were not chosen.
    fn runner_up(&self, table: &Table) -> Option<Value> {
        let (stage, route) = (self.stage.as_ref()?, self.route.as_ref()?);
        let view = table.apis.get(&stage.api)?.stages.get(&stage.stage)?.ready()?.as_ref().ok()?;
        let others = routes(&view.base.deployment).filter(|(path, verb)| (*path, *verb) != (&*route.resource_path, &*route.verb));
        let (_, path, verb) = others.map(|(path, verb)| (distance(self.rest(), path, self.verb.as_str(), verb), path, verb)).min()?;
        Some(json!(format!("{verb} {path}")))
    }
}

/// How far a request is from a route: segments that differ weigh more than letters, a wrong verb more than a near miss of a path.
fn distance(path: &str, pattern: &str, verb: &str, owned: &str) -> usize {
    let split = |text: &'_ str| text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (have, want) = (split(path), split(pattern));
    let mut sum = if owned == verb || owned == "ANY" { 0 } else { 3 };
    for n in 0..have.len().max(want.len()) {
        sum += match (have.get(n), want.get(n)) {
            (Some(_), Some(part)) if part.ends_with("+}") => return sum,
            (Some(_), Some(part)) if part.starts_with('{') => 1,
            (Some(have), Some(want)) => 2 * letters(have, want).min(6),
            _ => 8,
        };
    }
    sum
}

/// Letters to change to make one word of another, for short words; different lengths of long ones are told by their lengths.
fn letters(a: &str, b: &str) -> usize {
    const LETTERS_MAX: usize = 64;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(LETTERS_MAX).collect(), b.chars().take(LETTERS_MAX).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (n, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = n + 1;
        for (m, y) in b.iter().enumerate() {
            let change = corner + usize::from(!x.eq_ignore_ascii_case(y));
            corner = row[m + 1];
            row[m + 1] = change.min(row[m] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

fn ms(span: std::time::Duration) -> f64 {
    (span.as_micros() as f64) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_nearer_than_another_route() {
        let near = |path, routes: &[&str]| {
            let mut ranked: Vec<_> = routes.iter().map(|r| (distance(path, r, "GET", "GET"), (*r).to_owned())).collect();
            ranked.sort();
            ranked[0].1.clone()
        };
        assert_eq!(near("/pets/1", &["/pet/{id}", "/", "/orders/{id}"]), "/pet/{id}");
        assert_eq!(near("/Pets", &["/pets", "/pets/{id}", "/x"]), "/pets");
        assert_eq!(near("/a/b/c", &["/z", "/{proxy+}"]), "/{proxy+}");
    }

    #[test]
    fn letters_are_counted_as_changes() {
        assert_eq!(letters("pets", "pets"), 0);
        assert_eq!(letters("pets", "pet"), 1);
        assert_eq!(letters("pets", "orders"), 4);
    }
}
