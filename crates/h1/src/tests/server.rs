use super::text;
use crate::{AnswerPlan, BodyError, BodyLength, Connection, EncodeError, Limits, Next, RequestHead, ResponseWriter, Server, Wait};

/// A connection with all that a driver has.
struct Bench {
    server: Server,
    buf: Vec<u8>,
    head: RequestHead,
    limits: Limits,
    out: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        Self { server: Server::new(), buf: Vec::new(), head: RequestHead::default(), limits: Limits::default(), out: Vec::new() }
    }
    fn after(bytes: &str) -> Self {
        let mut bench = Self::new();
        assert_eq!(bench.comes(bytes), Next::Request);
        bench
    }
    fn comes(&mut self, bytes: &str) -> Next {
        self.buf.extend_from_slice(bytes.as_bytes());
        self.next()
    }
    fn next(&mut self) -> Next {
        self.server.next(&mut self.buf, &mut self.head, &self.limits)
    }
    fn plan(&mut self, status: u16, body: BodyLength) -> AnswerPlan {
        self.server.answer(status, body, &self.limits).unwrap()
    }
    fn wait(&self) -> Option<Wait> {
        self.server.read_deadline(&self.limits).map(|deadline| deadline.wait)
    }
    /// A whole answer with this body; what the connection does then.
    fn answer(&mut self, status: u16, body: &str) -> Next {
        let plan = self.plan(status, BodyLength::Exact(body.len() as u64));
        ResponseWriter::start(&mut self.out, status).finish(plan.framing, plan.connection);
        let frame = self.server.frame(body.len(), &mut self.out).unwrap();
        if frame.payload {
            self.out.extend_from_slice(body.as_bytes());
        }
        self.server.finish_answer(&mut self.out).unwrap();
        self.next()
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

fn post(length: usize) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")
}

#[test]
fn it_is_small() {
    assert!(size_of::<Server>() <= 64, "{}", size_of::<Server>());
    assert!(size_of::<crate::Client>() <= 64, "{}", size_of::<crate::Client>());
}

#[test]
fn a_request_is_answered_and_the_connection_waits_for_the_next() {
    let mut bench = Bench::new();
    assert_eq!((bench.comes(""), bench.wait()), (Next::Read, Some(Wait::Idle)));
    assert_eq!((bench.comes("GET /"), bench.wait()), (Next::Read, Some(Wait::Head)));
    assert_eq!(bench.comes(" HTTP/1.1\r\nHost: a\r\n\r\n"), Next::Request);
    assert_eq!((bench.next(), bench.wait()), (Next::Exchange, None));
    assert_eq!((bench.answer(200, "hi"), bench.wait()), (Next::Read, Some(Wait::Idle)));
    assert_eq!(text(&bench.out), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    assert!(bench.server.is_idle());
}

#[test]
fn a_pipelined_request_is_taken_without_another_read() {
    let mut bench = Bench::after(&format!("{GET}{GET}GET /part"));
    assert_eq!(bench.answer(200, ""), Next::Request);
    assert_eq!((bench.answer(200, ""), bench.wait()), (Next::Read, Some(Wait::Head)));
}

#[test]
fn a_request_gets_one_answer() {
    let mut bench = Bench::after(GET);
    assert!(bench.server.answer(200, BodyLength::None, &bench.limits).is_some());
    assert!(bench.server.answer(200, BodyLength::None, &bench.limits).is_none());
    bench.server.finish_answer(&mut bench.out).unwrap();
    assert!(bench.server.answer(200, BodyLength::None, &bench.limits).is_none());
    assert_eq!(bench.server.frame(1, &mut bench.out), Err(EncodeError::Overrun));
}

#[test]
fn a_rejected_head_is_answered_once_and_the_connection_lingers_then_closes() {
    let mut bench = Bench::new();
    let Next::Refuse(rejection) = bench.comes("GET / HTTP/1.1\r\n\r\nleft") else { panic!("not refused") };
    assert_eq!(rejection.status, 400);
    assert_eq!(bench.answer(400, "no"), Next::Linger);
    assert!(text(&bench.out).contains("Connection: close\r\n"));
    assert_eq!((bench.comes("more"), bench.wait()), (Next::Linger, Some(Wait::Linger)));
    assert!(bench.buf.is_empty());
    bench.server.end_of_input().unwrap();
    assert_eq!(bench.next(), Next::Close);
}

#[test]
fn lingering_ends_after_its_bytes_or_its_time() {
    let lingering = || {
        let mut bench = Bench::new();
        assert!(matches!(bench.comes("\n"), Next::Refuse(_)));
        assert_eq!(bench.answer(400, ""), Next::Linger);
        bench
    };
    let mut bench = lingering();
    assert_eq!(bench.comes(&"x".repeat(256 * 1024 - 2)), Next::Linger);
    assert_eq!(bench.comes("xxx"), Next::Close);
    let mut bench = lingering();
    assert_eq!((bench.server.read_expired(), bench.next()), (Next::Close, Next::Close));
}

#[test]
fn deadlines_close_an_idle_connection_and_refuse_a_slow_head() {
    let mut bench = Bench::new();
    assert_eq!(bench.comes(""), Next::Read);
    assert_eq!((bench.server.read_expired(), bench.next()), (Next::Close, Next::Close));
    let mut bench = Bench::new();
    assert_eq!(bench.comes("GET"), Next::Read);
    assert!(matches!(bench.server.read_expired(), Next::Refuse(rejection) if rejection.status == 408));
    assert_eq!(bench.answer(408, ""), Next::Linger);
}

#[test]
fn a_refusal_is_not_shaped_by_the_request_before_it() {
    for slow in [true, false] {
        let mut bench = Bench::after("HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(bench.answer(200, "unsent"), Next::Read);
        bench.out.clear();
        let next = if slow {
            assert_eq!(bench.comes("GET"), Next::Read);
            bench.server.read_expired()
        } else {
            bench.comes("GET * HTTP/1.1\r\n\r\n")
        };
        assert!(matches!(next, Next::Refuse(_)));
        assert_eq!(bench.answer(400, "sent"), Next::Linger);
        assert!(text(&bench.out).ends_with("\r\n\r\nsent"));
    }
}

#[test]
fn a_stalled_body_can_be_answered_and_ends_the_connection() {
    let mut bench = Bench::after(&post(5));
    assert_eq!(bench.wait(), Some(Wait::Body));
    assert_eq!(bench.server.read_expired(), Next::Exchange);
    assert_eq!(bench.wait(), None);
    assert_eq!(bench.plan(408, BodyLength::None).connection, Connection::Close);
}

#[test]
fn continue_is_said_once_and_only_when_the_body_is_wanted() {
    let expecting = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let mut bench = Bench::after(expecting);
    assert!(bench.out.is_empty());
    bench.server.want_body(&mut bench.out);
    bench.server.want_body(&mut bench.out);
    assert_eq!(text(&bench.out), "HTTP/1.1 100 Continue\r\n\r\n");

    let mut bench = Bench::after(&format!("{expecting}hi"));
    bench.server.body(&mut bench.buf, 0).unwrap();
    bench.server.want_body(&mut bench.out);
    assert!(bench.out.is_empty(), "the body is here already");

    let mut bench = Bench::after(expecting);
    assert_eq!(bench.plan(403, BodyLength::None).connection, Connection::Close, "nobody knows whether the body will come");
    bench.server.want_body(&mut bench.out);
    assert!(bench.out.is_empty(), "the answer is on its way");
}

#[test]
fn a_body_is_decoded_and_its_surplus_is_the_next_request() {
    let mut bench = Bench::after(&format!("{CHUNKED}2\r\nhi\r\n0\r\n\r\n{GET}"));
    let decoded = bench.server.body(&mut bench.buf, 0).unwrap();
    assert_eq!((decoded.end, decoded.surplus), (true, GET.len()));
    assert_eq!(bench.buf.drain(..2).collect::<Vec<_>>(), b"hi");
    assert_eq!(bench.answer(200, ""), Next::Request);
}

#[test]
fn a_small_body_that_nobody_read_is_dropped_to_keep_the_connection() {
    let mut bench = Bench::after(&format!("{}ab", post(5)));
    assert_eq!((bench.answer(403, ""), bench.wait()), (Next::Read, Some(Wait::Surplus)));
    assert!(!text(&bench.out).contains("close"));
    assert_eq!(bench.comes("cd"), Next::Read);
    assert_eq!(bench.comes(&format!("e{GET}")), Next::Request);
    assert_eq!(bench.answer(200, ""), Next::Read);
}

#[test]
fn after_dropped_bytes_the_next_request_is_looked_at_from_its_start() {
    let mut bench = Bench::after(&post(100));
    assert_eq!(bench.answer(403, ""), Next::Read);
    assert_eq!(bench.comes(&format!("{}{GET}", "x".repeat(100))), Next::Request);
}

#[test]
fn a_large_or_endless_body_that_nobody_read_ends_the_connection() {
    for head in [post(64 * 1024 + 1), CHUNKED.into()] {
        let mut bench = Bench::after(&head);
        assert_eq!(bench.answer(403, ""), Next::Linger);
        assert!(text(&bench.out).contains("Connection: close"));
    }
    let mut bench = Bench::after(&post(64 * 1024));
    assert_eq!(bench.answer(403, ""), Next::Read);
}

#[test]
fn a_body_announced_too_large_is_refused_before_it_comes() {
    let mut bench = Bench::new();
    assert!(matches!(bench.comes(&post(10 * 1024 * 1024 + 1)), Next::Refuse(rejection) if rejection.status == 413));
    assert_eq!(bench.answer(413, ""), Next::Linger);
}

#[test]
fn a_malformed_body_ends_the_connection_after_the_answer() {
    let mut bench = Bench::after(&format!("{CHUNKED}zz"));
    assert!(matches!(bench.server.body(&mut bench.buf, 0), Err(BodyError::Malformed(_))));
    assert_eq!(bench.plan(400, BodyLength::None).connection, Connection::Close);
    // It may also break after the answer's head said that all was well.
    let mut bench = Bench::after(&post(5));
    assert_eq!(bench.plan(200, BodyLength::None).connection, Connection::Unsaid);
    assert_eq!(bench.server.end_of_input(), Err(BodyError::Truncated));
    bench.server.finish_answer(&mut bench.out).unwrap();
    assert_eq!(bench.next(), Next::Close);
}

#[test]
fn an_early_answer_is_delivered_while_the_body_still_comes() {
    let mut bench = Bench::after(CHUNKED);
    let plan = bench.plan(200, BodyLength::Chunked);
    assert_eq!(plan, AnswerPlan { framing: BodyLength::Chunked, connection: Connection::Close });
    bench.buf.extend_from_slice(b"1\r\na\r\n");
    assert!(!bench.server.body(&mut bench.buf, 0).unwrap().end);
    bench.buf.clear();
    assert!(bench.server.frame(1, &mut bench.out).unwrap().payload);
    bench.server.finish_answer(&mut bench.out).unwrap();
    assert_eq!(bench.next(), Next::Linger);
}

#[test]
fn a_connection_that_the_client_wants_closed_is_closed_cleanly() {
    let mut bench = Bench::after("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(bench.answer(200, ""), Next::Close);
    // With bytes unread a close would be a reset.
    let mut bench = Bench::after(&format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n{GET}"));
    assert_eq!(bench.answer(200, ""), Next::Linger);
}

#[test]
fn old_clients_get_no_chunks_and_hear_that_the_connection_stays() {
    let old = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    assert_eq!(
        Bench::after(old).plan(200, BodyLength::Exact(1)),
        AnswerPlan { framing: BodyLength::Exact(1), connection: Connection::KeepAlive }
    );
    for body in [BodyLength::Chunked, BodyLength::UntilClose] {
        assert_eq!(Bench::after(old).plan(200, body), AnswerPlan { framing: BodyLength::UntilClose, connection: Connection::Close });
    }
    assert_eq!(Bench::after("GET / HTTP/1.0\r\n\r\n").plan(200, BodyLength::Exact(1)).connection, Connection::Close);
}

#[test]
fn answers_without_a_body_send_none() {
    let head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (request, status, body, framing) in [
        (head, 200, BodyLength::Exact(5), BodyLength::Exact(5)),
        (head, 200, BodyLength::Chunked, BodyLength::None),
        (GET, 204, BodyLength::Exact(5), BodyLength::None),
        (GET, 304, BodyLength::Exact(5), BodyLength::None),
    ] {
        let mut bench = Bench::after(request);
        assert_eq!(bench.plan(status, body), AnswerPlan { framing, connection: Connection::Unsaid });
        assert!(!bench.server.frame(5, &mut bench.out).unwrap().payload);
        bench.server.finish_answer(&mut bench.out).unwrap();
        assert_eq!((bench.next(), bench.out.len()), (Next::Read, 0));
    }
    assert_eq!(Bench::after(GET).plan(200, BodyLength::None).framing, BodyLength::Exact(0));
    assert_eq!(Bench::after(GET).plan(200, BodyLength::UntilClose).framing, BodyLength::Chunked);
}

#[test]
fn an_answer_that_ends_early_or_fails_is_aborted() {
    let mut bench = Bench::after(GET);
    bench.plan(200, BodyLength::Exact(5));
    assert!(bench.server.frame(4, &mut bench.out).unwrap().payload);
    assert_eq!(bench.server.finish_answer(&mut bench.out), Err(EncodeError::Short));
    assert_eq!(bench.next(), Next::Abort);
    let mut bench = Bench::after(GET);
    bench.plan(200, BodyLength::Chunked);
    bench.server.answer_failed();
    bench.server.finish_answer(&mut bench.out).unwrap();
    assert_eq!((bench.next(), bench.out.len()), (Next::Abort, 0), "no last chunk is written");
}

#[test]
fn a_draining_process_finishes_what_it_began() {
    let mut bench = Bench::after(GET);
    bench.server.drain();
    assert_eq!(bench.plan(200, BodyLength::None).connection, Connection::Close);
    bench.server.finish_answer(&mut bench.out).unwrap();
    assert_eq!(bench.next(), Next::Close);
    let mut bench = Bench::new();
    assert_eq!(bench.comes(""), Next::Read);
    bench.server.drain();
    assert_eq!(bench.next(), Next::Close);
    let mut bench = Bench::new();
    assert_eq!(bench.comes("GET /"), Next::Read);
    bench.server.drain();
    assert_eq!(bench.comes(" HTTP/1.1\r\nHost: a\r\n\r\n"), Next::Request);
}

#[test]
fn the_end_of_input_ends_an_idle_connection_but_not_an_exchange() {
    let mut bench = Bench::new();
    assert_eq!(bench.comes("GET /"), Next::Read);
    bench.server.end_of_input().unwrap();
    assert_eq!(bench.next(), Next::Close);
    let mut bench = Bench::after(GET);
    bench.server.end_of_input().unwrap();
    assert_eq!(bench.answer(200, "still heard"), Next::Close);
}

#[test]
fn a_switch_to_websocket_leaves_the_connection_to_others() {
    let wish = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    let mut bench = Bench::after(&format!("{wish}first frame"));
    assert_eq!(bench.plan(101, BodyLength::None).connection, Connection::Websocket);
    bench.server.finish_answer(&mut bench.out).unwrap();
    assert_eq!((bench.next(), text(&bench.buf)), (Next::Upgraded, "first frame".into()));
    let mut bench = Bench::after(wish);
    assert_eq!(bench.answer(403, "no"), Next::Read);
    let mut bench = Bench::after(GET);
    assert!(bench.server.answer(101, BodyLength::None, &bench.limits).is_none());
    assert!(bench.server.answer(100, BodyLength::None, &bench.limits).is_none());
    assert!(bench.server.answer(200, BodyLength::None, &bench.limits).is_some());
}

#[test]
fn a_trailer_is_told_to_who_wants_it_and_forgotten_else() {
    const REQUEST: &str = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nWhy: not\r\nAnd: what \r\n\r\n";
    for wants in [true, false] {
        let (mut server, mut head, mut buf) = (Server::new(), RequestHead::default(), REQUEST.as_bytes().to_vec());
        assert_eq!(server.next(&mut buf, &mut head, &Limits::default()), Next::Request);
        if wants {
            server.want_trailers();
        }
        assert_eq!(server.trailers().count(), 0, "the body has not ended");
        assert!(server.body(&mut buf, 0).unwrap().end);
        let told: Vec<_> = server.trailers().collect();
        let wanted: &[(&str, &[u8])] = if wants { &[("Why", b"not"), ("And", b"what")] } else { &[] };
        assert_eq!(told, wanted);
    }
}
