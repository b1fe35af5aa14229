//! The response cache's place in a request's life: before the integration, after everybody who may say no.

use super::compile::CompiledDeployment;
use super::view::{Caching, Unauthorized};
use super::{Desk, admission};
use base::gate::{Cached, Exchange, Refusal, RefusalKind, Reply, Stage, Verdict};
use deliver::integration::CompiledIntegration;
use deliver::response_cache::{CacheKey, Flight, Found, keep};
use h1::Known;

/// What AWS tells callers whose wish for a new answer was ignored.
const WARNING: &[u8] = b"199 Cache-control headers were ignored because the caller was unauthorized";

/// What comes of asking the cache.
enum Answered {
    /// Its answer.
    Hit(Reply),
    /// The back end is to be asked, and its answer kept for those who wait.
    Lead(Flight),
    /// The back end is to be asked.
    Alone,
}

/// A caller's wish for a new answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// It has none, or none that anybody heeds.
    None,
    Granted,
    /// It is served, and told that its wish was not heeded.
    Ignored,
}

/// The cache's answer, or the back end's, which is then kept.
pub(super) async fn answer(
    desk: &Desk,
    deployment: &CompiledDeployment,
    caching: &Caching,
    key: &CacheKey,
    work: &CompiledIntegration,
    ex: &mut Exchange,
) -> Result<Reply, Refusal> {
    let bytes_max = desk.gateway.settings.payload_bytes_max;
    let wish = if wants_new(ex) { wish(desk, deployment, caching, ex)? } else { Wish::None };
    let mut reply = match ask(caching, key, bytes_max, wish, ex).await? {
        Answered::Hit(reply) => reply,
        Answered::Alone => work.answer_told(&desk.upstreams, ex, bytes_max).await?,
        Answered::Lead(flight) => match work.answer_told(&desk.upstreams, ex, bytes_max).await {
            Ok(reply) => land(desk, caching, flight, reply, ex).await?,
            // The gateway's own errors are nobody else's answer: those who wait ask for themselves.
            Err(refusal) => {
                flight.land(None);
                return Err(refusal);
            }
        },
    };
    if wish == Wish::Ignored {
        warn(&mut reply);
    }
    Ok(reply)
}

/// Whether the caller wants a new answer.
fn wants_new(ex: &Exchange) -> bool {
    let Some(wish) = ex.request.head.field(Known::CacheControl).and_then(|wish| std::str::from_utf8(wish).ok()) else { return false };
    wish.split(',').map(str::trim).any(|wish| wish.eq_ignore_ascii_case("max-age=0") || wish.eq_ignore_ascii_case("no-cache"))
}

/// What becomes of a caller's wish for a new answer: where it takes a right, `execute-api:InvalidateCache` is that.
fn wish(desk: &Desk, deployment: &CompiledDeployment, caching: &Caching, ex: &mut Exchange) -> Result<Wish, Refusal> {
    match caching.unauthorized {
        None => Ok(Wish::Granted),
        Some(_) if admission::may_invalidate(desk, deployment, ex) => Ok(Wish::Granted),
        Some(Unauthorized::Warned) => Ok(Wish::Ignored),
        Some(Unauthorized::Served) => Ok(Wish::None),
        Some(Unauthorized::Refused) => {
            let because = "the caller wants a new answer with Cache-Control, and may not invalidate the cache";
            ex.notes.outcome(Stage::Cache, Err(Refusal::of(RefusalKind::AccessDenied, because)))
        }
    }
}

/// Asks the cache. Waits where another asks the back end for the same.
async fn ask(caching: &Caching, key: &CacheKey, bytes_max: u64, wish: Wish, ex: &mut Exchange) -> Result<Answered, Refusal> {
    // Whole, whoever reads it: a slow upload must not keep those waiting who ask for the same.
    ex.request.body.whole(bytes_max).await?;
    let made = key.of(ex);
    let key = ex.notes.outcome(Stage::Cache, made)?;
    let clock = ex.lane.clock.clone();
    let found = caching.cache.find(key, || clock.now(), wish == Wish::Granted).await;
    ex.notes.mark(Stage::Cache, Verdict::Passed);
    Ok(match found {
        Found::Hit(kept) => {
            ex.notes.cached = Cached::Hit;
            Answered::Hit(kept.reply(ex)?)
        }
        Found::Lead(flight) => {
            ex.notes.cached = Cached::Miss;
            Answered::Lead(flight)
        }
        Found::Alone => {
            ex.notes.cached = Cached::Miss;
            Answered::Alone
        }
    })
}

/// Keeps an answer, if it may be kept, for those who wait and those who come.
async fn land(desk: &Desk, caching: &Caching, flight: Flight, reply: Reply, ex: &Exchange) -> Result<Reply, Refusal> {
    let clock = ex.lane.clock.clone();
    let heeds_privacy = !desk.gateway.settings.aws_strict;
    let (reply, kept) = keep(reply, caching.time, || clock.now(), heeds_privacy, &desk.gateway.caches.total).await?;
    flight.land(kept);
    Ok(reply)
}

/// Tells a caller that its wish was ignored.
fn warn(reply: &mut Reply) {
    // An answer whose fields are full goes without.
    let _full = reply.fields.push("Warning", WARNING);
}
