//! What a request meets: records compiled into a table that is swapped whole, and the pipeline over it.
//!
//! ```text
//! records ─ change ─► model ─► compile (a frozen tree, shared) ─► bind (with what is live) ─► table ─ load ─► rest::run
//! ```
//!
//! Counters, pools and keys live in registries beside the table, by identity: a deployment refills no bucket.

mod admission;
pub mod caches;
mod caching;
pub mod compile;
pub mod counts;
pub mod domains;
mod explain;
pub mod functions;
pub mod gateway;
pub mod hash;
mod keys;
pub mod logs;
mod long_work;
mod model;
mod networks;
mod rest;
pub mod router;
pub mod table;
mod trial;
mod trial_authorizer;
mod view;

pub use explain::Kept;
pub use gateway::{Gateway, GatewaySettings};
pub use trial::{Prepared, prepare};

use arc_swap::{ArcSwap, Cache};
use base::gate::{AccessFormat, AccessLog, Exchange, Refusal, RefusalKind, Reply, RequestId, Stage, StageFacts, Verdict};
use counts::{Counts, SeriesNames, Sum};
use deliver::gateway_response::{GatewayResponses, put_standard_fields};
use deliver::upstream::Upstreams;
use explain::Rings;
use logs::Lines;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use table::{Located, StageSlot, Table};
use view::{StageView, Variant};

/// What one data thread needs to answer requests. Made on its thread, and stays there.
pub struct Desk {
    gateway: Arc<Gateway>,
    upstreams: Rc<Upstreams>,
    table: RefCell<Cache<Arc<ArcSwap<Table>>, Arc<Table>>>,
    rings: RefCell<Rings>,
    lines: RefCell<Lines>,
    counts: RefCell<Counts>,
    /// What refusals look like before any API is known.
    plain: GatewayResponses,
    all_requests: Option<AccessLog>,
}

/// The format of the node's own access log.
const ALL_REQUESTS_FORMAT: &str = concat!(
    r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","requestTime":"$context.requestTime","#,
    r#""httpMethod":"$context.httpMethod","path":"$context.path","apiId":"$context.apiId","stage":"$context.stage","#,
    r#""resourcePath":"$context.resourcePath","status":"$context.status","protocol":"$context.protocol","#,
    r#""responseLength":"$context.responseLength","apiKeyId":"$context.identity.apiKeyId","#,
    r#""integrationLatency":"$context.integrationLatency","responseLatency":"$context.responseLatency"}"#
);

impl Desk {
    /// The desk of one data thread.
    pub fn new(gateway: Arc<Gateway>, upstreams: Rc<Upstreams>) -> Desk {
        let settings = &gateway.settings;
        let rings = Rings::new(settings.explain_requests_per_thread, settings.slow_ms);
        let all_requests = settings.access_log.clone().map(|name| AccessLog { name, format: AccessFormat::parse(ALL_REQUESTS_FORMAT) });
        Desk {
            table: RefCell::new(Cache::new(gateway.table.clone())),
            rings: RefCell::new(rings),
            lines: RefCell::default(),
            counts: RefCell::default(),
            plain: GatewayResponses::default(),
            all_requests,
            upstreams,
            gateway,
        }
    }

    /// Answers a request. Whatever happens on the way, there is a reply.
    pub async fn answer(&self, ex: &mut Exchange) -> Reply {
        ex.arrive();
        if let Err(refusal) = front(ex) {
            return self.plain.render(&refusal, ex);
        }
        let view = match self.stage_of(ex).await {
            Ok(view) => view,
            Err(refusal) => {
                ex.notes.mark(Stage::Host, Verdict::Refused);
                return self.plain.render(&refusal, ex);
            }
        };
        ex.notes.mark(Stage::Host, Verdict::Passed);
        let variant = draw(&view, ex);
        ex.place.stage = Some(variant.facts.clone());
        ex.place.series.stage = variant.series;
        match rest::run(self, &view, variant, ex).await {
            Ok(mut reply) => {
                if let Some(story) = &ex.story {
                    story.completed(&mut reply);
                }
                put_standard_fields(&mut reply, ex, None);
                reply
            }
            Err(refusal) => {
                let mut reply = variant.deployment.responses.render(&refusal, ex);
                if let Some(story) = &ex.story {
                    story.failed(&refusal, ex);
                    story.refused(refusal.kind, &mut reply);
                }
                reply
            }
        }
    }

    /// The stage that a request is for, by host, header or path.
    async fn stage_of(&self, ex: &mut Exchange) -> Result<Arc<StageView>, Refusal> {
        let (slot, rest_from) = {
            let mut cache = self.table.borrow_mut();
            let table = cache.load();
            locate(table, ex)?
        };
        ex.place.rest_from = rest_from;
        let made = match slot.ready() {
            Some(made) => made,
            None => slot.get(|recipe| self.gateway.clone().make(recipe)).await,
        };
        let view = match made {
            Ok(view) => view.clone(),
            Err(why) => return Err(Refusal::of(RefusalKind::Front(500), format!("the stage does not compile: {why}"))),
        };
        if view.endpoint_disabled && ex.place.base_path.is_none() {
            ex.place.stage = Some(view.base.facts.clone());
            ex.place.series.stage = view.base.series;
            return Err(Refusal::of(RefusalKind::Front(403), "the API's default endpoint is disabled (disableExecuteApiEndpoint)"));
        }
        Ok(view)
    }

    /// Writes a request down once the last byte of its answer has gone, or its client has. `ex.notes` holds status, bytes and times.
    pub fn record(&self, ex: &mut Exchange) {
        ex.notes.done = ex.lane.clock.now();
        self.counts.borrow_mut().add(ex.place.series, &ex.notes);
        let of_stage = ex.place.stage.as_ref().and_then(|stage| stage.access_log.as_ref());
        for log in self.all_requests.iter().chain(of_stage) {
            self.lines.borrow_mut().add(log, ex, &self.gateway.logs);
        }
        if let Some(story) = ex.story.take() {
            self.lines.borrow_mut().tell(&story, ex, &self.gateway.logs);
        }
        self.rings.borrow_mut().keep(ex);
    }

    /// Hands lines of logs over to be written, and lets idle connections go: called about once a second.
    pub fn tick(&self) {
        self.lines.borrow_mut().flush(&self.gateway.logs);
        self.upstreams.tick();
    }

    /// What this thread has counted since it started.
    pub fn counted(&self) -> Sum {
        self.counts.borrow().sum()
    }

    /// What this thread remembers of a request.
    pub fn explain(&self, id: RequestId) -> Option<Kept> {
        self.rings.borrow().find(id)
    }

    /// A request's story, as JSON.
    pub fn story(&self, kept: &Kept) -> serde_json::Value {
        let mut cache = self.table.borrow_mut();
        kept.story(cache.load())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // What the last second brought.
        self.lines.borrow_mut().flush_last(&self.gateway.logs);
    }
}

/// What holds before any API is known: the verb that a caller may name in `X-HTTP-Method-Override` in place of its own (documented; the
/// field is used up by it).
fn front(ex: &mut Exchange) -> Result<(), Refusal> {
    let head = &ex.request.head;
    let Some(named) = head.field(h1::Known::XHttpMethodOverride).and_then(|verb| std::str::from_utf8(verb).ok()) else { return Ok(()) };
    if named == head.method_text() || router::Verb::named(named).is_none_or(|verb| verb == router::Verb::Any) {
        return Ok(());
    }
    let mut other = h1::RequestHead::build(named, head.target(), head.version());
    // What `Connection` named stays behind with it, or the new head would take it for the caller's.
    for field in head.fields().iter().filter(|field| field.known != h1::Known::XHttpMethodOverride && field.is_end_to_end()) {
        other = other.push(field.name, field.value);
    }
    let other = other.push("Host", head.host().as_bytes()).body(head.body()).finish();
    ex.request.head = other.map_err(|why| Refusal::of(RefusalKind::Front(why.status), why.because))?;
    Ok(())
}

/// Which deployment answers: the canary's share is drawn for each request, without stickiness.
fn draw<'v>(view: &'v StageView, ex: &mut Exchange) -> &'v Variant {
    let Some((share, canary)) = &view.canary else { return &view.base };
    let chosen = ex.lane.dice.borrow_mut().fraction() < *share;
    ex.place.canary = Some(chosen);
    if chosen { canary } else { &view.base }
}

/// Finds the stage of a request in the table, and where in its path the rest begins.
fn locate(table: &Table, ex: &mut Exchange) -> Result<(Arc<StageSlot>, usize), Refusal> {
    let head = &ex.request.head;
    let path = head.path();
    let forbidden = |because: &'static str| Refusal::of(RefusalKind::Front(403), because);
    if !table.domains.is_empty()
        && let Some(domain) = table.domains.find(head.host_name())
    {
        if domain.is_private {
            return Err(forbidden("the domain name is private: VPC endpoints alone lead to it, and this node has none"));
        }
        let led = domain.lead(path).ok_or_else(|| forbidden("no base path mapping of the domain name is for this path"))?;
        ex.place.base_path = Some(led.base_path.clone());
        let entry = table.apis.get(led.api).ok_or_else(|| forbidden("the API of the base path mapping is gone"))?;
        let slot = entry.stages.get(led.stage).ok_or_else(|| forbidden("the API of the base path mapping has no such stage"))?;
        return Ok((slot.clone(), led.rest_from));
    }
    let by_header = head.field(h1::Known::XApigwApiId).and_then(|id| std::str::from_utf8(id).ok());
    let located = match table::api_in_host(head.host_name()).or(by_header) {
        Some(api) => Some(table::stage_in_path(api, path)),
        None => table::path_shape(path),
    };
    if let Some(Located { api, stage, rest_from }) = located {
        // Hosts have no case, ids have: AWS's are lower-case.
        let lowered = api.bytes().any(|byte| byte.is_ascii_uppercase()).then(|| api.to_ascii_lowercase());
        let found = table.apis.get_key_value(api).or_else(|| table.apis.get_key_value(lowered.as_deref()?));
        if let Some((id, entry)) = found {
            if let Some(slot) = entry.stages.get(stage) {
                return Ok((slot.clone(), rest_from));
            }
            let facts = StageFacts { api: id.clone(), stage: stage.into(), ..StageFacts::default() };
            ex.place.stage = Some(Arc::new(facts));
            return Err(forbidden("the API has no such stage"));
        }
        if table.proxies.is_empty() {
            return Err(forbidden("no API has this id"));
        }
    }
    let claimed =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'));
    let found = table.proxies.iter().find(|(prefix, _)| claimed(prefix));
    found.map(|(prefix, slot)| (slot.clone(), prefix.len())).ok_or_else(|| forbidden("the host names no API, and no path shape was used"))
}

/// A gateway stage in front of one back end, for `serve --proxy`.
pub fn proxy_slot(url: &str, series: &SeriesNames) -> Result<Arc<StageSlot>, Vec<String>> {
    let deployment = Arc::new(compile::proxy(url)?);
    let facts = StageFacts { stage: "$default".into(), ..StageFacts::default() };
    let view = StageView {
        base: Variant::bare(facts, deployment, series),
        canary: None,
        plans: Vec::new(),
        account: None,
        realm: keys::RealmNumber::default(),
        endpoint_disabled: false,
    };
    let recipe = table::Recipe { api: "".into(), stage: "$default".into() };
    Ok(Arc::new(StageSlot::made(recipe, Ok(Arc::new(view)))))
}
