//! Logs for an HTTP collector: lines in batches, newline-delimited, by POST.
//!
//! One batch has lines of one log, whose name is in `X-Cardea-Log`. Any 2xx means taken. What is refused for good (any other 3xx or 4xx)
//! is dropped and counted at once; where the collector is away, slow or busy (408, 429, 5xx), a batch is tried a few times, later and
//! later, then dropped and counted. A batch whose answer was lost is sent again: lines come at least once, unless they are counted as
//! dropped. Meanwhile new ones wait in the bounded queue.

use super::destination::Url;
use super::queue::{Queue, Work};
use super::{Batch, Drops};
use base::gate::{Buffer, Lane, Reply, RequestBody};
use base::world::{Clock, Dice};
use deliver::mapping::read_whole;
use deliver::upstream::{Call, Settings, Tls, Upstreams, body_length};
use h1::{Connection, Method, RequestWriter};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How often a batch is tried.
const ATTEMPTS_MAX: u32 = 5;
/// How long until the second attempt; each later one waits twice as long.
const BACK_OFF: Duration = Duration::from_millis(250);
/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read, so that its connection can be used again.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// How often deadlines are looked at while a batch is on its way.
const TICK: Duration = Duration::from_millis(20);

/// Why a batch was not taken.
enum Refused {
    /// It may be taken later.
    ForNow(String),
    ForGood(String),
}

/// Sends what comes to a collector, for ever.
pub(super) fn send_all(url: &Url, tls: Arc<Tls>, clock: Clock, queue: &Queue, drops: &Drops) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "no thread can be had for a collector of logs"),
    };
    let lane = Rc::new(Lane::new(0, 0, clock, Dice::new()));
    let post = Post { upstreams: Upstreams::new(lane.clone(), tls, Settings::default()), url: url.clone() };
    let local = tokio::task::LocalSet::new();
    let mut is_away = false;
    loop {
        let Work::Write(batch) = queue.next() else { continue };
        lane.tick();
        match local.block_on(&runtime, beside_ticks(&lane, post.deliver(&batch))) {
            Ok(()) if std::mem::take(&mut is_away) => tracing::info!(url = url.target.origin(), "the collector takes logs again"),
            Ok(()) => {}
            Err(why) => {
                if !std::mem::replace(&mut is_away, true) {
                    tracing::warn!(url = url.target.origin(), why, "a collector does not take logs; lines are dropped");
                }
                drops.count(&batch);
            }
        }
    }
}

/// Keeps the time for what runs.
async fn beside_ticks<F: Future>(lane: &Lane, work: F) -> F::Output {
    let mut work = pin!(work);
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => lane.tick(),
        }
    }
}

struct Post {
    upstreams: Upstreams,
    url: Url,
}

impl Post {
    /// Sends a batch until it is taken, or nobody believes any more that it will be.
    async fn deliver(&self, batch: &Batch) -> Result<(), String> {
        let mut wait = BACK_OFF;
        for attempt in 1.. {
            match self.send(batch).await {
                Ok(()) => return Ok(()),
                Err(Refused::ForGood(why)) => return Err(why),
                Err(Refused::ForNow(why)) if attempt == ATTEMPTS_MAX => return Err(why),
                Err(Refused::ForNow(_)) => tokio::time::sleep(wait).await,
            }
            wait *= 2;
        }
        unreachable!("the last attempt answers")
    }

    async fn send(&self, batch: &Batch) -> Result<(), Refused> {
        let body = RequestBody::Whole(Buffer::from(batch.bytes.clone()));
        let mut head = Buffer::take();
        let unwritable = |why: h1::Unwritable| Refused::ForGood(why.because.to_owned());
        let mut writer = RequestWriter::start(&mut head, "POST", &self.url.path, self.url.target.authority()).map_err(unwritable)?;
        for (name, value) in [("Content-Type", "text/plain; charset=utf-8"), ("User-Agent", "cardea"), ("X-Cardea-Log", &batch.name)] {
            writer.field(name, value.as_bytes()).map_err(unwritable)?;
        }
        writer.finish(body_length(&body), Connection::Unsaid);
        let call = Call { target: self.url.target.clone(), method: Method::Post, head, body, timeout: TIMEOUT };
        let answered = self.upstreams.ask(call, &mut Default::default()).await;
        let answered = answered.map_err(|failure| Refused::ForNow(failure.refusal().because.into_owned()))?;
        let status = answered.head.status();
        let mut reply = Reply::new(status, answered.body);
        // A connection whose answer is too long, or breaks off, is not used again; the status has come.
        let _not_again = read_whole(&mut reply, ANSWER_BYTES_MAX).await;
        match status {
            200..300 => Ok(()),
            408 | 429 | 500.. => Err(Refused::ForNow(format!("it answers {status}"))),
            _ => Err(Refused::ForGood(format!("it answers {status}"))),
        }
    }
}
