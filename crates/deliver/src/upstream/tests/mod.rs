mod answers;
mod duplex;
mod failures;
mod reuse;
mod secure;
mod streams;

use super::{Answered, Call, Failure, Target, body_length};
use crate::bench::World;
use base::gate::{Buffer, RequestBody, Upstream};
use h1::{Connection, Method, RequestWriter};
use std::sync::Arc;
use std::time::Duration;

fn call(target: &Arc<Target>, method: &str, body: RequestBody) -> Call {
    let mut head = Buffer::take();
    let writer = RequestWriter::start(&mut head, method, "/x", target.authority()).unwrap();
    writer.finish(body_length(&body), Connection::Unsaid);
    Call { target: target.clone(), method: Method::of(method.as_bytes()), head, body, timeout: Duration::from_secs(29) }
}

async fn ask(world: &World, call: Call) -> (Result<Answered, Failure>, Upstream) {
    let mut notes = Upstream::default();
    let answered = world.upstreams.ask(call, &mut notes).await;
    (answered, notes)
}

/// Asks, and reads the answer to its end.
async fn whole(world: &World, target: &Arc<Target>, method: &str, body: RequestBody) -> (u16, String, Upstream) {
    let (answered, notes) = ask(world, call(target, method, body)).await;
    let answered = answered.unwrap();
    (answered.head.status(), crate::bench::body_of(answered.body).await.unwrap(), notes)
}
