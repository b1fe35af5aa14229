//! Invocations that nobody waits for: tried again as AWS does, and written down when nothing helps.

use super::{Host, Shared};
use crate::function::call::{Failure, Invocation, InvocationType, Invoked};
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// Events that may wait at once.
pub(super) const EVENTS_MAX: usize = 1_000;
/// How long to wait for a place, and how often.
const THROTTLED_WAIT: Duration = Duration::from_secs(5);
const THROTTLED_TIMES_MAX: u32 = 720;
/// Bytes of a function's file of dead letters; beyond it they are lost, and counted in the log.
const DEAD_LETTERS_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Queues an event.
pub(super) fn queue(host: &Host, invocation: Invocation) -> Result<(), Failure> {
    let shared = host.0.clone();
    let place = shared.events.clone().try_acquire_owned().map_err(|_| Failure::Throttled("too many events wait"))?;
    let host = host.clone();
    shared.background.spawn(async move {
        deliver(&host, invocation).await;
        drop(place);
    });
    Ok(())
}

async fn deliver(host: &Host, invocation: Invocation) {
    let mut waits = host.0.settings.event_waits.iter();
    let mut throttled = 0;
    loop {
        let why = match attempt(host, &invocation).await {
            Ok(Invoked { error: None, .. }) => return,
            Ok(failed) => String::from_utf8_lossy(&failed.payload).into_owned(),
            Err(Failure::Throttled(_)) if throttled < THROTTLED_TIMES_MAX => {
                throttled += 1;
                tokio::time::sleep(THROTTLED_WAIT).await;
                continue;
            }
            Err(failure) => failure.because().into_owned(),
        };
        match waits.next() {
            Some(wait) => tokio::time::sleep(*wait).await,
            None => return bury(&host.0, &invocation, why).await,
        }
    }
}

async fn attempt(host: &Host, invocation: &Invocation) -> Result<Invoked, Failure> {
    let again = Invocation {
        function: invocation.function.clone(),
        kind: InvocationType::RequestResponse,
        payload: invocation.payload.to_vec().into(),
        wants_log: false,
        wants_stream: false,
        client_context: invocation.client_context.clone(),
        trace: invocation.trace.clone(),
        source: None,
        role: None,
    };
    let gone = || Failure::NotFound(invocation.function.to_string());
    let answered = host.invoke(again).map_err(|_| gone())??;
    answered.await.unwrap_or_else(|_| Err(gone()))
}

/// Writes an event down that could not be delivered.
async fn bury(shared: &Arc<Shared>, invocation: &Invocation, why: String) {
    let event: serde_json::Value = serde_json::from_slice(&invocation.payload).unwrap_or_default();
    let line = serde_json::json!({
        "time": shared.clock.wall().iso(),
        "function": invocation.function.to_string(),
        "why": why,
        "event": event,
    });
    let path = shared.settings.dead_letters.join(format!("{}.jsonl", invocation.function.name));
    let function = invocation.function.to_string();
    let work = move || {
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
        match file.metadata()?.len() {
            ..DEAD_LETTERS_BYTES_MAX => writeln!(file, "{line}"),
            _ => Err(std::io::Error::other("the file of dead letters is full")),
        }
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(())) => tracing::warn!(function, "an event could not be delivered, and is among the dead letters"),
        Ok(Err(why)) => tracing::error!(function, %why, "an event could not be delivered, and is lost"),
        Err(why) => tracing::error!(function, %why, "an event could not be delivered, and is lost"),
    }
}
