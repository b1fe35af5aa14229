//! The life of a request to a REST API, in one function. The order of its lines is the product's contract (rest-api-lifecycle.md §2.1,
//! architecture §4); `?` is the refusal, and [`super::Desk::answer`] is the one place that renders it.

use super::compile::CompiledMethod;
use super::keys::KeyInPlan;
use super::long_work::{self, LONG_BYTES};
use super::router::Verb;
use super::view::{PlanView, StageView, Variant};
use super::{Desk, admission, caching};
use admit::request_validator::check_body;
use base::gate::{Buffer, Exchange, Refusal, RefusalKind, Reply, ReplyBody, RequestBody, Short, Stage, Story, Verdict, media_type};
use base::tally::{Bucket, Quota, Rate, Taken, Ticket};
use define::rest_api::record::ApiKeySource;
use deliver::integration::Backend;
use deliver::mapping::coding::{self, Coding};
use deliver::mapping::read_whole;
use jsonkit::Schema;
use std::sync::Arc;

/// Answers a request to a stage, or refuses it.
pub(super) async fn run(desk: &Desk, view: &StageView, variant: &Variant, ex: &mut Exchange) -> Result<Reply, Refusal> {
    ex.notes.mark(Stage::Waf, Verdict::Absent);
    let (number, method) = route(variant, ex)?;
    if let Some(log) = variant.execution(number) {
        ex.story = Some(Story::begin(log.clone(), ex));
    }
    admission::admit(desk, &variant.deployment, method, ex).await?;
    let pass = identify(desk, view, variant, number, ex)?;
    let charge = meter(desk, &pass, ex).await?;
    throttle(desk, view, variant, number, &pass, charge, ex)?;
    let bytes_max = desk.gateway.settings.payload_bytes_max;
    unpack(bytes_max, ex).await?;
    validate(method, bytes_max, ex).await?;
    let work = method.work.as_ref().map_err(|flaws| Refusal::of(RefusalKind::ApiConfigurationError, flaws.join("; ")))?;
    if matches!(work.backend, Backend::Mock(_)) && !work.request.needs_body() {
        // AWS takes the whole request before it answers, also where nobody reads it.
        ex.request.body.discard(bytes_max).await?;
    }
    let reply = match (variant.caching(number), &work.cache_key) {
        // A call of gRPC is in its messages, which no key tells, and its answer's end is in trailers, which nobody keeps.
        (Some(caching), Some(key)) if !desk.upstreams.passes_grpc(ex) => {
            // What is said through a tunnel cannot be kept.
            ex.request.may_switch = false;
            caching::answer(desk, &variant.deployment, caching, key, work, ex).await?
        }
        _ => {
            ex.notes.mark(Stage::Cache, Verdict::Absent);
            match ex.story.is_some() {
                false => work.answer(&desk.upstreams, ex, bytes_max).await?,
                true => work.answer_told(&desk.upstreams, ex, bytes_max).await?,
            }
        }
    };
    match variant.deployment.packs_from_bytes.filter(|_| !work.streams && !desk.upstreams.passes_grpc(ex)) {
        None => Ok(reply),
        Some(minimum_bytes) => pack(reply, minimum_bytes, bytes_max, ex).await,
    }
}

/// The resource and the method. A pair that nobody owns is told like a missing credential: AWS's most misleading answer, kept to the
/// letter; `explain` names the routes that came near.
fn route<'v>(variant: &'v Variant, ex: &mut Exchange) -> Result<(usize, &'v CompiledMethod), Refusal> {
    let from = ex.place.rest_from;
    let mut values = std::mem::take(&mut ex.place.values);
    let verb = Verb::named(ex.request.head.method_text()).filter(|verb| *verb != Verb::Any);
    let found = verb.and_then(|verb| variant.deployment.router.find(ex.request.head.path(), from, verb, &mut values)).copied();
    if variant.deployment.takes_paths_whole
        && let Some(last) = values.last_mut()
    {
        last.1 = ex.path().len() as u32;
    }
    ex.place.values = values;
    let outcome = match found {
        Some(number) => {
            let method = &variant.deployment.methods[number as usize];
            ex.place.route = Some(method.facts.clone());
            ex.place.series = variant.series_of(number as usize);
            Ok((number as usize, method))
        }
        None => Err(not_found(ex)),
    };
    ex.notes.outcome(Stage::Route, outcome)
}

fn not_found(ex: &Exchange) -> Refusal {
    const BECAUSE: &str = "no resource has this path and verb";
    let head = &ex.request.head;
    if head.fields().has(h1::Known::Authorization) {
        // Seen: a header that is no whole signature is complained about first, also on unknown routes.
        let request = sigv4::Request {
            method: head.method_text(),
            path: head.path().as_bytes(),
            query: head.query().unwrap_or("").as_bytes(),
            headers: head.fields().iter().map(|field| (field.name, field.value)),
            payload: sigv4::Payload::Bytes(b""),
        };
        if let Err(why) = sigv4::parse(&request)
            && why.exception() == sigv4::Exception::IncompleteSignature
        {
            return Refusal::saying(RefusalKind::IncompleteSignature, why.to_string(), BECAUSE);
        }
    }
    Refusal::of(RefusalKind::MissingAuthenticationToken, BECAUSE)
}

/// What an API key opens: the key, and the plan that covers this stage.
struct Pass<'v> {
    key: KeyInPlan,
    plan: &'v PlanView,
    /// The plan's own limit for this method, with its name.
    method: Option<(Rate, &'v str)>,
}

/// The API key, where the method asks for one. Missing, unknown, disabled and in no plan of this stage look alike to the caller (seen);
/// the operator is told which.
fn identify<'v>(
    desk: &Desk,
    view: &'v StageView,
    variant: &'v Variant,
    number: usize,
    ex: &mut Exchange,
) -> Result<Option<Pass<'v>>, Refusal> {
    if !variant.deployment.methods[number].api_key_required {
        for absent in [Stage::ApiKey, Stage::Quota, Stage::PlanThrottle] {
            ex.notes.mark(absent, Verdict::Absent);
        }
        return Ok(None);
    }
    let found = find_pass(desk, view, variant, number, ex);
    let pass = ex.notes.outcome(Stage::ApiKey, found)?;
    ex.notes.plan = Short::of(&pass.plan.id);
    ex.caller.api_key_id = ex.notes.key;
    Ok(Some(pass))
}

fn find_pass<'v>(desk: &Desk, view: &'v StageView, variant: &'v Variant, number: usize, ex: &mut Exchange) -> Result<Pass<'v>, Refusal> {
    let no = |because: &'static str| Refusal::of(RefusalKind::InvalidApiKey, because);
    if variant.deployment.key_source == ApiKeySource::Authorizer {
        return Err(no("the API takes keys from an authorizer, and there is none"));
    }
    let sent = ex.request.head.field(h1::Known::XApiKey).ok_or_else(|| no("no API key was sent in x-api-key"))?;
    let key = desk.gateway.keys.find(view.realm, sent).ok_or_else(|| no("no API key has the value that was sent"))?;
    ex.notes.key = Short::of(key.id());
    if !key.is_enabled() {
        return Err(no("the API key is disabled"));
    }
    let covering = key.in_plan(|id| view.plans.iter().find(|plan| plan.id == *id));
    let (key, plan) = covering.ok_or_else(|| no("the API key is in no usage plan of this stage"))?;
    let name = variant.method_names[number].as_str();
    let method = plan.methods.get(name).map(|rate| (*rate, name));
    Ok(Pass { key, plan, method })
}

/// A unit of the quota that was taken, and can be given back.
struct Charge {
    quota: Arc<Quota>,
    ticket: Ticket,
}

/// The quota. One unit per request, also for those that fail later; given back when a throttle refuses.
async fn meter(desk: &Desk, pass: &Option<Pass<'_>>, ex: &mut Exchange) -> Result<Option<Charge>, Refusal> {
    let Some(pass) = pass.as_ref().filter(|pass| pass.plan.has_quota()) else {
        ex.notes.mark(Stage::Quota, Verdict::Absent);
        return Ok(None);
    };
    let quota = pass.key.quota(&desk.gateway.quotas);
    let terms = |day| pass.plan.terms(day).expect("a plan with a quota has terms");
    let outcome = match desk.gateway.quotas.take(quota, pass.plan.mark, terms).await {
        Taken::Some { ticket, left } => {
            ex.notes.quota_left = Some(left);
            Ok(Some(Charge { quota: quota.clone(), ticket }))
        }
        Taken::None => {
            ex.notes.quota_left = Some(0);
            Err(Refusal::of(RefusalKind::QuotaExceeded, "the key has used up its quota of the usage plan"))
        }
        // Blind, the gateway refuses: a quota is a promise about never going over.
        Taken::Unreachable => Err(Refusal::of(RefusalKind::Front(503), "the ledger of quotas is away, so nobody knows what is left")),
    };
    ex.notes.outcome(Stage::Quota, outcome)
}

/// A step, the bucket that it asks, and why the bucket would refuse.
type Asked<'a> = (Stage, Option<(&'a Arc<Bucket>, Rate)>, &'static str);

/// The buckets, from narrow to wide: plan and key (or plan, key and method), stage and method, account. A wider one that refuses makes
/// the narrower ones whole again: a throttled request is charged nothing.
fn throttle(
    desk: &Desk,
    view: &StageView,
    variant: &Variant,
    number: usize,
    pass: &Option<Pass<'_>>,
    charge: Option<Charge>,
    ex: &mut Exchange,
) -> Result<(), Refusal> {
    let buckets = &desk.gateway.buckets;
    let now = ex.notes.head;
    let method_bucket = pass.as_ref().and_then(|pass| {
        let (rate, name) = pass.method?;
        Some((pass.key.method_bucket(buckets, &format!("{}/{} {name}", ex.stage().api, ex.stage().stage)), rate))
    });
    let plan_bucket = match (&method_bucket, pass) {
        (Some((bucket, rate)), _) => Some((bucket, *rate)),
        (None, Some(pass)) => pass.plan.throttle.map(|rate| (pass.key.bucket(buckets), rate)),
        (None, None) => None,
    };
    let stage_bucket = variant.throttle(number).map(|(bucket, rate)| (bucket, *rate));
    let account_bucket = view.account.as_ref().map(|(bucket, rate)| (bucket, *rate));
    let asked: [Asked<'_>; 3] = [
        (Stage::PlanThrottle, plan_bucket, "the key is over the usage plan's rate"),
        (Stage::StageThrottle, stage_bucket, "the method is over the stage's rate"),
        (Stage::AccountThrottle, account_bucket, "the account is over its rate in this region"),
    ];
    for (n, (stage, bucket, because)) in asked.iter().enumerate() {
        let Some((bucket, rate)) = bucket else {
            ex.notes.mark(*stage, Verdict::Absent);
            continue;
        };
        if bucket.take(*rate, now) {
            ex.notes.mark(*stage, Verdict::Passed);
            if ex.notes.tokens_left.is_none() {
                ex.notes.tokens_left = u32::try_from(bucket.left(*rate, now)).ok();
            }
            continue;
        }
        for (_, narrower, _) in &asked[..n] {
            if let Some((bucket, rate)) = narrower {
                bucket.refund(*rate);
            }
        }
        if let Some(Charge { quota, ticket }) = charge {
            quota.refund(ticket);
            ex.notes.quota_left = ex.notes.quota_left.map(|left| left + 1);
        }
        ex.notes.tokens_left = Some(0);
        return ex.notes.outcome(*stage, Err(Refusal::of(RefusalKind::Throttled, *because)));
    }
    Ok(())
}

/// Takes a body out of its content coding, before anything looks at it.
async fn unpack(bytes_max: u64, ex: &mut Exchange) -> Result<(), Refusal> {
    if !ex.request.head.fields().has(h1::Known::ContentEncoding) {
        ex.notes.mark(Stage::Decompression, Verdict::Absent);
        return Ok(());
    }
    let unpacked = match Coding::of_request(&ex.request.head) {
        Ok(Some(coding)) if !matches!(ex.request.body, RequestBody::None) => {
            unpacked(coding, bytes_max, ex).await.map(|plain| ex.request.body = RequestBody::Whole(plain))
        }
        known => known.map(drop),
    };
    ex.notes.outcome(Stage::Decompression, unpacked)
}

async fn unpacked(coding: Coding, bytes_max: u64, ex: &mut Exchange) -> Result<Buffer, Refusal> {
    let packed = ex.request.body.whole(bytes_max).await?;
    if packed.is_empty() {
        // Nothing is packed as nothing.
        return Ok(Buffer::none());
    }
    // What is short may become long: only so much is tried here.
    match coding.unpack(packed, bytes_max.min(LONG_BYTES as u64)) {
        Err(long) if long.kind == RefusalKind::RequestTooLarge && bytes_max > LONG_BYTES as u64 => {
            long_work::elsewhere(packed, move |packed| coding.unpack(packed, bytes_max)).await?
        }
        done => done,
    }
}

/// Looks for the parameters that the method asks for, then holds the body against its model.
async fn validate(method: &CompiledMethod, bytes_max: u64, ex: &mut Exchange) -> Result<(), Refusal> {
    let Some(validation) = &method.validation else {
        ex.notes.mark(Stage::Validation, Verdict::Absent);
        return Ok(());
    };
    let outcome = match (validation.check_parameters(ex), validation.model(ex)) {
        (Ok(()), Some(schema)) => fits(schema, bytes_max, ex).await,
        (parameters, _) => parameters,
    };
    ex.notes.outcome(Stage::Validation, outcome)
}

async fn fits(schema: &Arc<Schema>, bytes_max: u64, ex: &mut Exchange) -> Result<(), Refusal> {
    let media = media_type(&ex.request.head).into_owned();
    let body = ex.request.body.whole(bytes_max).await?;
    let schema = schema.clone();
    long_work::over(body, move |body| check_body(&schema, body, &media)).await?
}

/// Packs an answer for a caller who takes it so.
async fn pack(mut reply: Reply, minimum_bytes: u64, bytes_max: u64, ex: &Exchange) -> Result<Reply, Refusal> {
    if let Some(coding) = coding::of_answer(&reply, ex, minimum_bytes) {
        read_whole(&mut reply, bytes_max).await?;
        if let ReplyBody::Whole(plain) = &mut reply.body
            && plain.len() as u64 >= minimum_bytes
        {
            let packed = long_work::over(plain, move |plain| coding.pack(plain)).await??;
            coding::set_packed(&mut reply, coding, packed);
        }
    }
    Ok(reply)
}
