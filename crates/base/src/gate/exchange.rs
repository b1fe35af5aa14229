//! One request on its way through, owned by one task.

use super::access_format::AccessLog;
use super::body::RequestBody;
use super::lane::Lane;
use super::notes::{Notes, Short};
use super::overrides::Overrides;
use super::request_id::{ExtendedRequestId, RequestId};
use super::story::Story;
use super::tls::Tls;
use crate::world::{Moment, Timestamp};
use h1::RequestHead;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

/// One request on its way through.
pub struct Exchange {
    /// Its ids.
    pub id: RequestId,
    pub extended_id: ExtendedRequestId,
    /// When it came, for people and calendars.
    pub received: Timestamp,
    /// The head as it was checked, and the body.
    pub request: Request,
    /// Where it goes: set by the host table and the router.
    pub place: Place,
    /// Who sent it: set by authorisation.
    pub caller: Caller,
    /// What its templates have overridden; mostly nothing.
    pub overrides: Option<Box<Overrides>>,
    /// What happened to it.
    pub notes: Notes,
    /// What is told of it line by line, where its method logs its executions.
    pub story: Option<Rc<Story>>,
    /// Its thread.
    pub lane: Rc<Lane>,
}

/// What came.
pub struct Request {
    /// The head.
    pub head: RequestHead,
    /// The body.
    pub body: RequestBody,
    /// The other end of the socket, or whom a trusted proxy named.
    pub peer: SocketAddr,
    /// How it came.
    pub scheme: Scheme,
    /// The port it came to.
    pub port: u16,
    /// Its connection could go on in another protocol, and nobody on the way has ruled it out: never over HTTP/2.
    pub may_switch: bool,
    /// Its caller speaks HTTP/2, and takes trailers.
    pub over_http2: bool,
}

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https(Tls),
}

impl Scheme {
    /// As in a URL.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https(_) => "https",
        }
    }
}

/// Where a request goes.
#[derive(Clone, Default)]
pub struct Place {
    /// The stage; `None` until the host is known.
    pub stage: Option<Arc<StageFacts>>,
    /// The method; `None` until it is routed.
    pub route: Option<Arc<RouteFacts>>,
    /// Where the part of the path begins that resources are matched against: after the stage or the base path.
    pub rest_from: usize,
    /// The base path of the custom domain name that led here, empty for the empty one; `None` where none did.
    pub base_path: Option<Arc<str>>,
    /// Where the values of the route's path parameters are in the path, in the order of their names; percent-encoded as they came.
    pub values: Vec<(u32, u32)>,
    /// Whether the canary answers; `None` when the stage has none.
    pub canary: Option<bool>,
    /// Where it is counted.
    pub series: Series,
}

/// Where a request is counted: numbers that the stage brought along, so that nobody has to find them by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// The series of its API and stage; 0 while no API claims it.
    pub stage: u32,
    /// The series of its method; 0 for none.
    pub method: u32,
}

/// What is known of a stage, for `$context` and `$stageVariables`.
#[derive(Debug, Default)]
pub struct StageFacts {
    pub account: Arc<str>,
    pub region: Arc<str>,
    pub api: Arc<str>,
    pub api_name: String,
    pub stage: Arc<str>,
    pub deployment: Arc<str>,
    /// With a canary's overrides, where it is one.
    pub variables: BTreeMap<String, String>,
    /// `REGIONAL`, `EDGE` or `PRIVATE`; empty where nobody said.
    pub endpoint_type: Arc<str>,
    /// Where the stage writes its requests down.
    pub access_log: Option<AccessLog>,
}

/// What is known of a method, for `$context` and mappings.
#[derive(Debug, Default)]
pub struct RouteFacts {
    pub resource_id: Arc<str>,
    /// `/pets/{petId}`.
    pub resource_path: Arc<str>,
    /// The verb it is configured for; `ANY` for all.
    pub verb: Arc<str>,
    /// The names of the path's parameters, from left to right.
    pub parameters: Vec<Arc<str>>,
    pub operation_name: Option<String>,
}

/// Who sent a request.
#[derive(Clone, Default)]
pub struct Caller {
    /// The id of the API key, once that was found good; blank until then.
    pub api_key_id: Short,
    /// Who signed it, once the signature was found good.
    pub signer: Option<Arc<Signer>>,
}

/// Who signed a request, as `$context.identity` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    pub access_key: Arc<str>,
    pub account: Arc<str>,
    /// The unique id: `AIDA…`, `AROA…:session`, or the account's number for its root.
    pub id: Arc<str>,
    /// `arn:aws:iam::111111111111:user/ann`.
    pub arn: Arc<str>,
}

impl Exchange {
    /// A request that has not come yet.
    pub fn new(lane: Rc<Lane>) -> Exchange {
        let nobody = SocketAddr::from(([0, 0, 0, 0], 0));
        Exchange {
            id: RequestId::default(),
            extended_id: ExtendedRequestId::default(),
            received: Timestamp::default(),
            request: Request {
                head: RequestHead::default(),
                body: RequestBody::None,
                peer: nobody,
                scheme: Scheme::Http,
                port: 0,
                may_switch: false,
                over_http2: false,
            },
            place: Place::default(),
            caller: Caller::default(),
            overrides: None,
            notes: Notes::default(),
            story: None,
            lane,
        }
    }

    /// Gives a request that has come its ids and its time. A caller may bring a request id of its own, if it is a UUID.
    pub fn arrive(&mut self) {
        self.notes.head = if self.notes.came == Moment::default() { self.lane.clock.now() } else { self.notes.came };
        self.received = self.lane.wall_at(self.notes.head);
        let own = self.request.head.field(h1::Known::XAmznRequestId).and_then(RequestId::parse);
        self.id = own.unwrap_or_else(|| RequestId::new(&self.lane));
        self.extended_id = ExtendedRequestId::new(&self.lane);
    }

    /// Forgets the request; the memory stays for the next.
    pub fn clear(&mut self) {
        self.request.head.clear();
        self.request.body = RequestBody::None;
        self.place.stage = None;
        self.place.route = None;
        self.place.rest_from = 0;
        self.place.base_path = None;
        self.place.values.clear();
        self.place.canary = None;
        self.place.series = Series::default();
        self.caller = Caller::default();
        self.overrides = None;
        self.story = None;
        self.notes = Notes::default();
    }

    /// A copy of all but the body, for those who outlive the borrow of the request: templates.
    pub fn without_body(&self) -> Exchange {
        let Request { head, body: _, peer, scheme, port, may_switch: _, over_http2 } = &self.request;
        Exchange {
            id: self.id,
            extended_id: self.extended_id,
            received: self.received,
            request: Request {
                head: head.clone(),
                body: RequestBody::None,
                peer: *peer,
                scheme: *scheme,
                port: *port,
                may_switch: false,
                over_http2: *over_http2,
            },
            place: self.place.clone(),
            caller: self.caller.clone(),
            overrides: self.overrides.clone(),
            notes: self.notes.clone(),
            story: None,
            lane: self.lane.clone(),
        }
    }

    /// The whole path as the client sent it.
    pub fn path(&self) -> &str {
        self.request.head.path()
    }

    /// Whether it is a call of gRPC: such a call streams both ways, and its answer ends with trailers.
    pub fn is_grpc(&self) -> bool {
        const MEDIA: &[u8] = b"application/grpc";
        let is_grpc = |said: &[u8]| {
            let (media, rest) = said.split_at_checked(MEDIA.len()).unwrap_or((said, b""));
            media.eq_ignore_ascii_case(MEDIA) && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
        };
        let head = &self.request.head;
        self.request.over_http2 && head.method() == h1::Method::Post && head.field(h1::Known::ContentType).is_some_and(is_grpc)
    }

    /// The value of a path parameter, percent-encoded as it came.
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        let route = self.place.route.as_ref()?;
        let n = route.parameters.iter().position(|parameter| **parameter == *name)?;
        let (from, to) = *self.place.values.get(n)?;
        self.path().get(from as usize..to as usize)
    }

    /// The stage, which every step after the host table has.
    pub fn stage(&self) -> &Arc<StageFacts> {
        self.place.stage.as_ref().expect("the host table sets the stage before any step runs")
    }
}
