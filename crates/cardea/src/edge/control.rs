//! The control port, on hyper: the AWS wire protocols, health, and our own small API.
//!
//! What is recognised, in order: `/livez`, `/readyz` and `/metrics` (unsigned); an operation of API Gateway by verb and path, signed;
//! one of another service, by path, form or target, signed;
//! the path shapes of deployed APIs (unsigned, handed to a data thread as data); `/_cardea/explain/ID`, `/_cardea/backup` and our own
//! operations, signed as service `cardea`. Everything else must be signed, too, before it is told that it is unknown.

use super::file_body::{FileBody, Packer};
use super::flow_body::FlowBody;
use super::metrics;
use super::{Handed, HandedAnswer, Lanes, Unserved};
use crate::runtime::table::path_shape;
use crate::runtime::{Desk, Gateway};
use base::api::dialect::Dialect;
use base::api::dispatch::{Answer, Ask, Catalogue, refuse};
use base::api::{ApiError, Caller, Credentials, House, trusted, verified};
use base::gate::{RequestId, Scheme};
use base::store::Realm;
use base::world::Clock;
use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Bytes of a control request's body: a definition to import is the largest that AWS takes (6 MB).
pub const CONTROL_BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Control connections at once; more wait to be accepted.
pub const CONTROL_CONNECTIONS_MAX: usize = 1024;
/// How long a head may take.
const HEAD_SECONDS_MAX: u64 = 10;
/// How long a body may take.
const BODY_SECONDS_MAX: u64 = 60;
/// Bytes of a head.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The body of an answer.
type Page = Either<Full<Bytes>, Either<FileBody, FlowBody>>;

/// Bodies over [`CONTROL_BODY_BYTES_MAX`] at once; more wait to be read.
const UPLOADS_MAX: usize = 4;
static UPLOADS: Semaphore = Semaphore::const_new(UPLOADS_MAX);

/// A service of AWS's beside API Gateway.
pub struct Service {
    /// As in a signature's credential scope.
    pub name: &'static str,
    pub catalogue: Catalogue,
    pub dialect: Dialect,
    /// Where its paths begin, and bytes of a body there at most.
    pub body_bytes_max: (&'static str, usize),
}

/// What the control port serves.
pub struct ControlPort {
    pub house: Arc<House>,
    pub catalogue: Catalogue,
    /// Other services of AWS's.
    pub services: Vec<Service>,
    /// What we have beside AWS's operations.
    pub own: Catalogue,
    pub credentials: Arc<dyn Credentials>,
    pub lanes: Arc<Lanes<Desk>>,
    pub gateway: Arc<Gateway>,
    pub clock: Clock,
    /// The realm of callers that name none.
    pub home: Realm,
    pub pack: Arc<Packer>,
    /// Whether anybody may call.
    pub dev: bool,
    /// Whether this node takes requests; not while it drains.
    pub ready: AtomicBool,
}

impl ControlPort {
    /// Serves connections until told to stop; those that are open then finish the request they are at.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(CONTROL_CONNECTIONS_MAX));
        let mut exhausted = false;
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => {
                    exhausted = false;
                    accepted
                }
                Err(why) => {
                    // Out of descriptors, as a rule: others must close before anybody can come in.
                    if !std::mem::replace(&mut exhausted, true) {
                        tracing::warn!(%why, "the control port cannot accept for the moment; trying on");
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (me, stop) = (self.clone(), stop.clone());
            tokio::spawn(async move {
                me.connection(stream, peer, stop).await;
                drop(place);
            });
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, mut stop: watch::Receiver<bool>) {
        // Without it answers only come later.
        let _slower = stream.set_nodelay(true);
        let port = stream.local_addr().map_or(0, |address| address.port());
        let service = service_fn(move |request| {
            let me = self.clone();
            async move { Ok::<_, Infallible>(me.answer(request, peer, port).await) }
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(HEAD_SECONDS_MAX)).max_buf_size(HEAD_BYTES_MAX);
        let connection = http.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        tokio::select! {
            _ended = connection.as_mut() => return,
            _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
        }
        let _ended = connection.await;
    }

    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr, port: u16) -> Response<Page> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        match path.as_str() {
            "/livez" => return plain(200, "ok"),
            "/readyz" if self.ready.load(Ordering::Relaxed) => return plain(200, "ok"),
            "/readyz" => return plain(503, "draining"),
            "/metrics" => return self.metrics().await,
            _ => {}
        }
        let id = self.request_id();
        let body_bytes_max = self.body_bytes_max(&path);
        let announced = parts.headers.get(hyper::header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > body_bytes_max as u64) {
            return told(refuse(&ApiError::RequestEntityTooLarge(body_bytes_max), &path), &id);
        }
        // A length that is not told may be a large one.
        let is_large = body_bytes_max > CONTROL_BODY_BYTES_MAX && announced.is_none_or(|length| length > CONTROL_BODY_BYTES_MAX as u64);
        let _upload = if is_large { UPLOADS.acquire().await.ok() } else { None };
        let collected = tokio::time::timeout(Duration::from_secs(BODY_SECONDS_MAX), Limited::new(body, body_bytes_max).collect());
        let body = match collected.await {
            Ok(Ok(body)) => body.to_bytes().to_vec(),
            Ok(Err(why)) if why.is::<http_body_util::LengthLimitError>() => {
                return told(refuse(&ApiError::RequestEntityTooLarge(body_bytes_max), &path), &id);
            }
            Ok(Err(_)) | Err(_) => return told(refuse(&ApiError::bad_request("The request body did not arrive"), &path), &id),
        };
        let ask = Ask {
            method: parts.method.as_str().to_owned(),
            query: parts.uri.query().unwrap_or("").to_owned(),
            headers: parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect(),
            path,
            body,
        };
        if let Some(found) = self.catalogue.find(&ask) {
            return match self.caller(&ask, &["apigateway"]) {
                Ok(caller) => told(found.run(self.house.clone(), caller, ask.clone()).await, &id),
                Err(why) => told(refuse(&why, found.entry.route.name), &id),
            };
        }
        for service in &self.services {
            if let Some(spoken) = service.dialect.find(&service.catalogue, &ask) {
                let name = spoken.found.entry.route.name;
                let answer = match (self.caller(&ask, &[service.name]), spoken.read(&ask)) {
                    (Ok(caller), Ok(asked)) => spoken.found.clone().run(self.house.clone(), caller, asked).await,
                    (Err(why), _) => refuse(&why, name),
                    (_, Err(why)) => refuse(&ApiError::Serialization(why), name),
                };
                return told(spoken.write(answer, id.as_str()), &id);
            }
            let by_path = matches!(service.dialect, Dialect::Rest).then(|| service.catalogue.find(&ask)).flatten();
            if let Some(found) = by_path {
                return match self.caller(&ask, &[service.name]) {
                    Ok(caller) => told(found.run(self.house.clone(), caller, ask.clone()).await, &id),
                    Err(why) => told(refuse(&why, found.entry.route.name), &id),
                };
            }
        }
        if path_shape(&ask.path).is_some() {
            return self.hand_over(ask, peer, port).await;
        }
        if let Some(found) = self.own.find(&ask) {
            return match self.caller(&ask, &["cardea"]) {
                Ok(caller) => told(found.run(self.house.clone(), caller, ask.clone()).await, &id),
                Err(why) => told(refuse(&why, found.entry.route.name), &id),
            };
        }
        if let Some(wanted) = ask.path.strip_prefix("/_cardea/explain/") {
            return match self.caller(&ask, &["cardea"]) {
                Ok(_) => told(self.explain(wanted).await, &id),
                Err(why) => told(refuse(&why, "explain"), &id),
            };
        }
        if ask.path == "/_cardea/backup" && ask.method == "POST" {
            return match self.caller(&ask, &["cardea"]) {
                Ok(_) => self.backup(&id).await,
                Err(why) => told(refuse(&why, "backup"), &id),
            };
        }
        let why = match self.caller(&ask, &[]) {
            Ok(_) => ApiError::UnknownOperation(format!("Cardea has no operation at {} {}", ask.method, ask.path)),
            Err(why) => why,
        };
        told(refuse(&why, "unknown"), &id)
    }

    /// Bytes of a body at this path.
    fn body_bytes_max(&self, path: &str) -> usize {
        let service = self.services.iter().find(|service| path.starts_with(service.body_bytes_max.0));
        service.map_or(CONTROL_BODY_BYTES_MAX, |service| service.body_bytes_max.1)
    }

    fn caller(&self, ask: &Ask, services: &[&str]) -> Result<Caller, ApiError> {
        if self.dev {
            return Ok(trusted(ask, &self.home));
        }
        verified(ask, services, &*self.credentials, self.clock.wall())
    }

    fn request_id(&self) -> RequestId {
        let mut bytes = [0u8; 16];
        self.house.ids.bytes(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        RequestId::of(bytes)
    }

    /// Asks every data thread for what it remembers of a request.
    async fn explain(&self, wanted: &str) -> Answer {
        let Some(id) = RequestId::parse(wanted.as_bytes()) else {
            return refuse(&ApiError::bad_request(format!("{wanted} is no request id: it is a UUID, as in x-amzn-RequestId")), "explain");
        };
        for thread in 0..self.lanes.threads() {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let job = move |desk: &std::rc::Rc<Desk>| {
                // Nobody waits any more if the caller has gone.
                let _gone = sender.send(desk.explain(id).map(|kept| desk.story(&kept)));
            };
            if self.lanes.post(thread, Box::new(job)).is_err() {
                continue;
            }
            if let Ok(Some(story)) = receiver.await {
                let body = serde_json::to_vec(&story).unwrap_or_default();
                return Answer { status: 200, error_type: None, retry_after: None, file_name: None, headers: Vec::new(), body, flow: None };
            }
        }
        refuse(&ApiError::not_found(format!("Nothing is remembered of request {id}; it may be too long ago")), "explain")
    }

    /// What all data threads have counted, as Prometheus reads it.
    async fn metrics(&self) -> Response<Page> {
        let Some(page) = metrics::page(&self.lanes, &self.gateway).await else {
            // Half of the sum would look as if the counters had gone back.
            return plain(503, "a data thread is too busy to be asked");
        };
        let response = Response::builder().status(200).header("content-type", metrics::MEDIA_TYPE);
        response.body(whole(page)).expect("the parts of an answer are our own")
    }

    /// Everything that is kept, as it is at this moment.
    async fn backup(&self, id: &RequestId) -> Response<Page> {
        let pack = self.pack.clone();
        let packed = tokio::task::spawn_blocking(move || FileBody::of(pack()?).map_err(|why| why.to_string()));
        match packed.await.unwrap_or_else(|why| Err(why.to_string())) {
            Ok(file) => {
                let response = Response::builder().status(200).header("content-type", "application/octet-stream");
                let response = response.header("x-amzn-requestid", id.as_str());
                response.body(Either::Right(Either::Left(file))).expect("the parts of an answer are our own")
            }
            Err(why) => {
                tracing::error!(%why, "no backup could be made");
                told(refuse(&ApiError::Internal(why), "backup"), id)
            }
        }
    }

    /// A request to a deployed API that came to this port: a data thread answers it.
    async fn hand_over(&self, ask: Ask, peer: SocketAddr, port: u16) -> Response<Page> {
        let target = if ask.query.is_empty() { ask.path.clone() } else { format!("{}?{}", ask.path, ask.query) };
        let length = if ask.body.is_empty() { h1::BodyLength::None } else { h1::BodyLength::Exact(ask.body.len() as u64) };
        let mut head = h1::RequestHead::build(&ask.method, &target, h1::Version::Http11);
        for (name, value) in &ask.headers {
            // The length stays: some clients sign it, and hyper has held it against the body.
            let framing = ["transfer-encoding", "connection", "expect"];
            if !framing.contains(&name.as_str()) {
                head = head.push(name, value);
            }
        }
        let head = match head.body(length).finish() {
            Ok(head) => head,
            Err(why) => return plain(why.status, why.because),
        };
        match self.lanes.serve_once(Handed { head, body: ask.body, peer, port, scheme: Scheme::Http }).await {
            Ok(answer) => passed_on(answer),
            Err(Unserved::RequestTooLarge) => plain(413, r#"{"message":"Request Too Long"}"#),
            Err(Unserved::Busy) => plain(503, r#"{"message":"Service Unavailable"}"#),
            Err(_) => plain(502, r#"{"message":"Internal server error"}"#),
        }
    }
}

fn whole(body: impl Into<Bytes>) -> Page {
    Either::Left(Full::new(body.into()))
}

fn passed_on(answer: HandedAnswer) -> Response<Page> {
    let mut response = Response::new(whole(answer.body));
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    for field in answer.fields.iter() {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(field.name.as_bytes()), HeaderValue::from_bytes(field.value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn told(answer: Answer, id: &RequestId) -> Response<Page> {
    let mut response = Response::builder().status(answer.status).header("x-amzn-requestid", id.as_str());
    match &answer.file_name {
        Some(name) => {
            let disposition = format!("attachment; filename=\"{name}\"");
            response = response.header("content-type", "application/octet-stream").header("content-disposition", disposition);
        }
        None if answer.body.is_empty() || answer.headers.iter().any(|(name, _)| *name == "content-type") => {}
        None => response = response.header("content-type", "application/json"),
    }
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    if let Some(name) = answer.error_type {
        response = response.header("x-amzn-errortype", name);
    }
    if let Some(seconds) = answer.retry_after {
        response = response.header("retry-after", seconds);
    }
    let body = answer.flow.map_or_else(|| whole(answer.body), |flow| Either::Right(Either::Right(FlowBody(flow))));
    response.body(body).expect("the parts of an answer are our own")
}

fn plain(status: u16, text: &str) -> Response<Page> {
    let kind = if text.starts_with('{') { "application/json" } else { "text/plain" };
    let response = Response::builder().status(status).header("content-type", kind);
    response.body(whole(text.to_owned())).expect("the parts of an answer are our own")
}
