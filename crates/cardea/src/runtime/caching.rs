//! The response cache's place in a request's life: before the integration, after everybody who may say no.

use super::Desk;
use super::view::{Caching, Unauthorized};
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

/// The cache's answer, or the back end's, which is then kept.
pub(super) async fn answer(
    desk: &Desk,
    caching: &Caching,
    key: &CacheKey,
    work: &CompiledIntegration,
    ex: &mut Exchange,
) -> Result<Reply, Refusal> {
    let bytes_max = desk.gateway.settings.payload_bytes_max;
    let mut warns = false;
    let mut reply = match ask(caching, key, bytes_max, &mut warns, ex).await? {
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
    if warns {
        warn(&mut reply);
    }
    Ok(reply)
}

/// Whether the caller wants a new answer.
fn wants_new(ex: &Exchange) -> bool {
    let Some(wish) = ex.request.head.field(Known::CacheControl).and_then(|wish| std::str::from_utf8(wish).ok()) else { return false };
    wish.split(',').map(str::trim).any(|wish| wish.eq_ignore_ascii_case("max-age=0") || wish.eq_ignore_ascii_case("no-cache"))
}

/// Asks the cache. Waits where another asks the back end for the same.
async fn ask(caching: &Caching, key: &CacheKey, bytes_max: u64, warns: &mut bool, ex: &mut Exchange) -> Result<Answered, Refusal> {
    let mut renews = wants_new(ex);
    if renews && let Some(unauthorized) = caching.unauthorized {
        // Nobody can be authorised for execute-api:InvalidateCache yet.
        renews = false;
        *warns = unauthorized == Unauthorized::Warned;
        if unauthorized == Unauthorized::Refused {
            let because = "the caller wants a new answer with Cache-Control, and may not invalidate the cache";
            return ex.notes.outcome(Stage::Cache, Err(Refusal::of(RefusalKind::AccessDenied, because)));
        }
    }
    if key.needs_body() {
        ex.request.body.whole(bytes_max).await?;
    }
    let made = key.of(ex);
    let key = ex.notes.outcome(Stage::Cache, made)?;
    let clock = ex.lane.clock.clone();
    let found = caching.cache.find(key, || clock.now(), renews).await;
    ex.notes.mark(Stage::Cache, Verdict::Passed);
    Ok(match found {
        Found::Hit(kept) => {
            ex.notes.cached = Cached::Hit;
            Answered::Hit(kept.reply(ex))
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
