use crate::{BodyError, BodyLength, Client, ClientNext, EncodeError, Limits, Method, ResponseHead, RetryVerdict, Reuse, Wait};

struct Bench {
    client: Client,
    buf: Vec<u8>,
    head: ResponseHead,
    limits: Limits,
    out: Vec<u8>,
}

impl Bench {
    /// A fresh connection on which this was asked, to its end.
    fn asked(method: Method) -> Self {
        let mut bench = Self {
            client: Client::new(),
            buf: Vec::new(),
            head: ResponseHead::default(),
            limits: Limits::for_upstreams(),
            out: Vec::new(),
        };
        bench.ask(method, BodyLength::None);
        bench.client.finish_request(&mut bench.out).unwrap();
        bench
    }
    /// A connection out of the pool, on which this was begun.
    fn pooled(method: Method, body: BodyLength) -> Self {
        let mut bench = Self::asked(Method::Get);
        assert_eq!(bench.comes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ClientNext::Answer);
        assert_eq!(bench.client.finish(), Reuse::Pool);
        bench.ask(method, body);
        bench
    }
    fn ask(&mut self, method: Method, body: BodyLength) {
        assert!(self.client.begin(method, false, body));
    }
    fn comes(&mut self, bytes: &str) -> ClientNext {
        self.buf.extend_from_slice(bytes.as_bytes());
        self.client.next(&mut self.buf, &mut self.head, &self.limits)
    }
    /// What becomes of the connection after this came and the body was read.
    fn after(method: Method, bytes: &str) -> Reuse {
        let mut bench = Self::asked(method);
        assert_eq!(bench.comes(bytes), ClientNext::Answer);
        let _ = bench.client.body(&mut bench.buf, 0);
        bench.client.finish()
    }
    fn wait(&self) -> Option<Wait> {
        self.client.read_deadline(&self.limits).map(|deadline| deadline.wait)
    }
}

#[test]
fn a_connection_is_used_again_only_after_a_clean_exchange() {
    assert_eq!(Bench::after(Method::Get, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), Reuse::Pool);
    assert_eq!(Bench::after(Method::Get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"), Reuse::Pool);
    assert_eq!(Bench::after(Method::Head, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"), Reuse::Pool);
    assert_eq!(Bench::after(Method::Get, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh"), Reuse::Close, "not all came");
    assert_eq!(Bench::after(Method::Get, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!"), Reuse::Close, "a byte to spare");
    assert_eq!(Bench::after(Method::Get, "HTTP/1.1 204 No Content\r\n\r\n!"), Reuse::Close, "a byte to spare after no body");
    assert_eq!(Bench::after(Method::Head, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), Reuse::Close, "a body after HEAD");
    assert_eq!(Bench::after(Method::Get, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"), Reuse::Close);
    assert_eq!(Bench::after(Method::Get, "HTTP/1.1 200 OK\r\n\r\nhi"), Reuse::Close);
    assert_eq!(Bench::after(Method::Get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz"), Reuse::Close);
}

#[test]
fn a_byte_to_spare_counts_also_when_nobody_reads_the_missing_body() {
    let mut bench = Bench::asked(Method::Get);
    assert_eq!(bench.comes("HTTP/1.1 204 No Content\r\n\r\n!"), ClientNext::Answer);
    assert_eq!(bench.client.finish(), Reuse::Close);
}

#[test]
fn an_answer_until_close_ends_with_the_connection_and_others_are_cut() {
    let end = |bytes| {
        let mut bench = Bench::asked(Method::Get);
        assert_eq!(bench.comes(bytes), ClientNext::Answer);
        bench.client.body(&mut bench.buf, 0).unwrap();
        let end = bench.client.end_of_input();
        assert_eq!(bench.client.finish(), Reuse::Close);
        end
    };
    assert_eq!(end("HTTP/1.1 200 OK\r\n\r\nhi"), Ok(()));
    assert_eq!(end("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi"), Err(BodyError::Truncated));
    assert_eq!(end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), Ok(()));
    assert_eq!(Bench::asked(Method::Get).client.end_of_input(), Err(BodyError::Truncated));
}

#[test]
fn interim_answers_are_skipped_but_not_for_ever() {
    let mut bench = Bench::asked(Method::Get);
    assert_eq!(bench.comes("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"), ClientNext::Read);
    assert_eq!(bench.comes("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ClientNext::Answer);
    assert_eq!((bench.head.status(), bench.client.finish()), (200, Reuse::Pool));
    let mut bench = Bench::asked(Method::Get);
    assert_eq!(bench.comes("HTTP/1.1 103 Early Hints\r\nLink: a long one, so that it is longer than what follows"), ClientNext::Read);
    assert_eq!(bench.comes("\r\n\r\nHTTP/1.1 204 No\r\n\r\n"), ClientNext::Answer);
    let mut bench = Bench::asked(Method::Get);
    assert_eq!(bench.comes(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(8)), ClientNext::Read);
    assert!(matches!(bench.comes("HTTP/1.1 100 Continue\r\n\r\n"), ClientNext::Bad(_)));
    assert_eq!(bench.client.finish(), Reuse::Close);
}

#[test]
fn an_answer_may_come_before_the_request_has_ended() {
    let mut bench = Bench::pooled(Method::Post, BodyLength::Exact(4));
    assert!(bench.client.frame(2, &mut bench.out).unwrap().payload);
    assert_eq!(bench.comes("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"), ClientNext::Answer);
    assert_eq!(bench.client.finish(), Reuse::Close, "the request was not sent to its end");
    let mut bench = Bench::pooled(Method::Post, BodyLength::Exact(4));
    assert_eq!(bench.comes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ClientNext::Answer);
    assert!(bench.client.frame(4, &mut bench.out).unwrap().payload);
    bench.client.finish_request(&mut bench.out).unwrap();
    assert_eq!(bench.client.finish(), Reuse::Pool);
}

#[test]
fn a_request_body_is_as_long_as_announced_or_the_connection_is_closed() {
    let mut bench = Bench::pooled(Method::Post, BodyLength::Exact(4));
    assert!(bench.client.frame(3, &mut bench.out).unwrap().payload);
    assert_eq!(bench.client.finish_request(&mut bench.out), Err(EncodeError::Short));
    assert_eq!(bench.client.finish(), Reuse::Close);
    let mut bench = Bench::pooled(Method::Post, BodyLength::Exact(4));
    assert_eq!(bench.client.frame(5, &mut bench.out), Err(EncodeError::Overrun));
    let mut bench = Bench::pooled(Method::Post, BodyLength::UntilClose);
    assert_eq!(bench.client.frame(1, &mut bench.out).unwrap().tail, b"\r\n");
}

#[test]
fn a_retry_needs_a_pooled_connection_no_answer_and_a_request_that_may_be_repeated() {
    let never = |verdict| matches!(verdict, RetryVerdict::Never(_));
    assert!(never(Bench::asked(Method::Get).client.may_retry()), "a fresh connection");
    assert_eq!(Bench::pooled(Method::Post, BodyLength::None).client.may_retry(), RetryVerdict::Once, "nothing was sent");
    for (method, again) in [
        (Method::Get, true),
        (Method::Head, true),
        (Method::Put, true),
        (Method::Delete, true),
        (Method::Options, true),
        (Method::Post, false),
        (Method::Patch, false),
        (Method::Other, false),
    ] {
        let mut bench = Bench::pooled(method, BodyLength::None);
        bench.client.mark_sent();
        assert_eq!(bench.client.may_retry() == RetryVerdict::Once, again, "{method:?}");
    }
    let mut bench = Bench::pooled(Method::Get, BodyLength::None);
    assert_eq!(bench.comes("H"), ClientNext::Read);
    assert!(never(bench.client.may_retry()), "a byte of an answer");
    let mut bench = Bench::pooled(Method::Put, BodyLength::Exact(2));
    assert!(bench.client.frame(1, &mut bench.out).unwrap().payload);
    assert!(never(bench.client.may_retry()), "the body is gone");
    bench.client.body_is_held();
    assert_eq!(bench.client.may_retry(), RetryVerdict::Once);
}

#[test]
fn a_free_connection_that_becomes_readable_is_never_used() {
    let mut bench = Bench::asked(Method::Get);
    assert_eq!(bench.comes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ClientNext::Answer);
    assert!(!bench.client.begin(Method::Get, false, BodyLength::None), "still in use");
    assert_eq!(bench.client.finish(), Reuse::Pool);
    bench.client.became_readable_while_idle();
    assert!(!bench.client.begin(Method::Get, false, BodyLength::None));
    assert_eq!(bench.client.finish(), Reuse::Close);
}

#[test]
fn it_waits_for_the_answer_after_the_request_and_then_for_the_body() {
    let mut bench = Bench::pooled(Method::Post, BodyLength::Exact(1));
    assert_eq!((bench.wait(), bench.client.write_deadline(&bench.limits).unwrap().wait), (None, Wait::Write));
    assert!(bench.client.frame(1, &mut bench.out).unwrap().payload);
    bench.client.finish_request(&mut bench.out).unwrap();
    assert_eq!((bench.wait(), bench.client.write_deadline(&bench.limits)), (Some(Wait::Answer), None));
    assert_eq!(bench.comes("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"), ClientNext::Answer);
    assert_eq!(bench.wait(), Some(Wait::Body));
    bench.buf.push(b'x');
    bench.client.body(&mut bench.buf, 0).unwrap();
    assert_eq!(bench.wait(), None);
}

#[test]
fn an_answer_announced_too_large_is_a_bad_gateway() {
    let mut bench = Bench::asked(Method::Get);
    assert!(
        matches!(bench.comes("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), ClientNext::Bad(rejection) if rejection.status == 502)
    );
}
