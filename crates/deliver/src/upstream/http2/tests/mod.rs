mod calls;
mod failures;
mod sharing;

use super::super::{Answered, Call, Failure, Http2, Settings, Target, body_length};
use super::Manner;
use crate::bench::World;
use base::gate::{BodyFault, BodySource, Buffer, Fill, ReplyBody, RequestBody, Upstream};
use bytes::Bytes;
use h1::{Connection, Method, RequestWriter};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

/// Runs a test on a thread like a data thread's.
fn run<F: Future>(test: F) -> F::Output {
    crate::bench::run(LocalSet::new().run_until(test))
}

fn world() -> World {
    World::with(Settings { http2: Some(Http2::default()), ..Settings::default() }, None)
}

fn world_of_streams(streams_max: u32) -> World {
    World::with(Settings { http2: Some(Http2 { streams_max, ..Http2::default() }), ..Settings::default() }, None)
}

fn call(target: &Arc<Target>, method: &str, body: RequestBody) -> Call {
    let mut head = Buffer::take();
    let mut writer = RequestWriter::start(&mut head, method, "/a.B/C", target.authority()).unwrap();
    writer.field("Grpc-Timeout", b"1S").unwrap();
    writer.finish(body_length(&body), Connection::Unsaid);
    Call { target: target.clone(), method: Method::of(method.as_bytes()), head, body, timeout: Duration::from_secs(29) }
}

async fn ask(world: &World, call: Call, manner: Manner) -> (Result<Answered, Failure>, Upstream) {
    let mut notes = Upstream::default();
    let answered = world.upstreams.ask_over_http2(call, manner, false, &mut notes).await;
    (answered, notes)
}

/// The answer to a gRPC call whose body is here.
async fn grpc(world: &World, target: &Arc<Target>, body: &str) -> (Result<Answered, Failure>, Upstream) {
    ask(world, call(target, "POST", RequestBody::Whole(body.as_bytes().to_vec().into())), Manner::Grpc).await
}

fn source(answered: Result<Answered, Failure>) -> Box<dyn BodySource> {
    match answered.unwrap().body {
        ReplyBody::Stream(source) => source,
        ReplyBody::Empty | ReplyBody::Whole(_) | ReplyBody::Length(_) | ReplyBody::Tunnel(_) => panic!("it streams"),
    }
}

async fn piece(source: &mut Box<dyn BodySource>) -> Result<(String, Fill), BodyFault> {
    let mut bytes = Vec::new();
    let fill = poll_fn(|cx| source.poll_fill(cx, &mut bytes)).await?;
    Ok((String::from_utf8(bytes).unwrap(), fill))
}

/// All of a body, and its trailers as lines.
async fn whole(mut source: Box<dyn BodySource>) -> Result<(String, Vec<String>), BodyFault> {
    let mut all = Vec::new();
    while poll_fn(|cx| source.poll_fill(cx, &mut all)).await? == Fill::More {}
    Ok((String::from_utf8(all).unwrap(), source.trailers().map_or_else(Vec::new, |fields| crate::bench::lines(&fields))))
}

type Asked = (Request<RecvStream>, SendResponse<Bytes>);

/// A back end's side of one connection: what is asked comes out one by one, while the connection is driven.
struct Server {
    asked: tokio::sync::mpsc::Receiver<Asked>,
    control: tokio::sync::mpsc::Sender<Control>,
}

enum Control {
    /// GOAWAY, and what runs may end.
    Leave,
    /// The socket is closed, whatever runs.
    Die,
}

impl Server {
    async fn accept(listener: &TcpListener) -> Server {
        Server::on(listener.accept().await.unwrap().0, None)
    }

    fn on(stream: TcpStream, streams_max: Option<u32>) -> Server {
        let (asks, asked) = tokio::sync::mpsc::channel(16);
        let (control, mut told) = tokio::sync::mpsc::channel(16);
        tokio::spawn(async move {
            let mut builder = h2::server::Builder::new();
            if let Some(most) = streams_max {
                builder.max_concurrent_streams(most);
            }
            let mut connection = builder.handshake::<_, Bytes>(stream).await.unwrap();
            loop {
                tokio::select! {
                    accepted = connection.accept() => match accepted {
                        Some(Ok(asked)) => assert!(asks.try_send(asked).is_ok()),
                        Some(Err(_)) | None => return,
                    },
                    said = told.recv() => match said {
                        Some(Control::Leave) => connection.graceful_shutdown(),
                        Some(Control::Die) => return,
                        None => std::future::pending().await,
                    },
                }
            }
        });
        Server { asked, control }
    }

    async fn next(&mut self) -> Asked {
        self.asked.recv().await.unwrap()
    }

    fn tell(&self, control: Control) {
        assert!(self.control.try_send(control).is_ok());
    }
}

fn begin(respond: &mut SendResponse<Bytes>) -> SendStream<Bytes> {
    respond.send_response(Response::new(()), false).unwrap()
}

/// Answers with a body and a status in trailers.
fn answer(respond: &mut SendResponse<Bytes>, body: &'static str) {
    let mut stream = begin(respond);
    stream.send_data(Bytes::from_static(body.as_bytes()), false).unwrap();
    stream.send_trailers(status("0")).unwrap();
}

fn status(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([("grpc-status".parse().unwrap(), code.parse().unwrap())])
}

async fn read(body: &mut RecvStream) -> Option<String> {
    let bytes = body.data().await?.unwrap();
    body.flow_control().release_capacity(bytes.len()).unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}
