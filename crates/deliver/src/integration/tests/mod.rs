mod answers;
mod cost;
mod fields;
mod mock;
mod uris;

use super::record::Integration;
use super::{CompiledIntegration, MethodFacts, compile_integration};
use crate::bench::{World, body_of, listen, read_head};
use base::gate::{Exchange, Refusal};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

/// What a caller gets.
#[derive(Debug, PartialEq, Eq)]
struct Got {
    status: u16,
    /// Sorted.
    fields: Vec<String>,
    body: String,
}

fn compiled(record: &Integration) -> CompiledIntegration {
    let facts = MethodFacts { response_statuses: &["200", "404", "500"], ..MethodFacts::default() };
    compile_integration(&facts, record).unwrap()
}

fn flaws(record: &Integration) -> Vec<String> {
    let facts = MethodFacts { response_statuses: &["200"], ..MethodFacts::default() };
    compile_integration(&facts, record).unwrap_err().iter().map(ToString::to_string).collect()
}

/// A back end for one request, with this answer. It tells what it got: head and body.
async fn back_end(answer: &'static str) -> (SocketAddr, JoinHandle<(String, String)>) {
    let (listener, address) = listen().await;
    let got = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        read_head(&mut stream).await;
        (head, String::from_utf8(body).unwrap())
    });
    (address, got)
}

async fn answered(world: &World, integration: &CompiledIntegration, ex: &mut Exchange) -> Result<Got, Refusal> {
    let reply = integration.answer(&world.upstreams, ex, 1 << 20).await?;
    Ok(Got { status: reply.status, fields: crate::bench::lines(&reply.fields), body: body_of(reply.body).await.unwrap() })
}

const NO_BODY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
