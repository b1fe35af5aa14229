//! The machine towards clients, driven by a script and held to what a naive reader sees in the same bytes.

use crate::connection::{PIECES, Script, Wire};
use crate::naive::{self, Found, Framing};
use h1::{AnswerPlan, BodyLength, Connection, Limits, Method, Next, RequestHead, ResponseWriter, Server};

/// What a naive reader finds in the bytes: requests with their bodies, up to the first flaw.
struct Talk {
    method: String,
    target: String,
    body: naive::Payload,
}

fn conversation(wire: &[u8]) -> Vec<Talk> {
    let (mut talks, mut at) = (Vec::new(), 0);
    while let Found::Whole(head) = naive::request_head(&wire[at..]) {
        let body = naive::body(&wire[at + head.bytes..], head.framing);
        at += head.bytes + body.used;
        let [method, target, _] = head.words;
        let goes_on = body.is_whole;
        talks.push(Talk { method, target, body });
        if !goes_on {
            break;
        }
    }
    talks
}

/// An answer on its way.
struct Begun {
    plan: AnswerPlan,
    /// Where it begins in what was sent.
    from: usize,
    payload: Vec<u8>,
    is_bare: bool,
}

struct Driver<'a> {
    server: Server,
    limits: Limits,
    head: RequestHead,
    buf: Vec<u8>,
    wire: Wire<'a>,
    talks: Vec<Talk>,
    sent: Vec<u8>,
    requests: usize,
    answers: usize,
    refused: bool,
    /// Payload of the request in hand, as we decoded it.
    payload: Vec<u8>,
    /// Its body broke a rule, or was left to the machine.
    body_is_over: bool,
    by_head: bool,
    answer: Option<Begun>,
    is_in_hand: bool,
    continues: usize,
}

pub(crate) fn run(mut script: Script<'_>, wire: &[u8]) {
    let mut driver = Driver {
        server: Server::new(),
        limits: Limits { surplus_bytes_max: 16, linger_bytes_max: 64, body_bytes_max: 200, ..Limits::default() },
        head: RequestHead::default(),
        buf: Vec::new(),
        wire: Wire::new(wire),
        talks: conversation(wire),
        sent: Vec::new(),
        requests: 0,
        answers: 0,
        refused: false,
        payload: Vec::new(),
        body_is_over: false,
        by_head: false,
        answer: None,
        is_in_hand: false,
        continues: 0,
    };
    while let Some(step) = script.next() {
        if driver.look() {
            return;
        }
        driver.step(step, &mut script);
    }
    // Each read is a step, each answer is a few more.
    for _ in 0..8 * wire.len() + 100 {
        if driver.look() {
            return;
        }
        driver.go_on();
    }
    panic!("the connection never ended");
}

impl Driver<'_> {
    /// Asks what is next. Has the connection ended?
    fn look(&mut self) -> bool {
        let next = self.server.next(&mut self.buf, &mut self.head, &self.limits);
        match next {
            Next::Request => self.begin(),
            Next::Refuse(rejection) => {
                assert!(!self.is_in_hand && !self.refused, "a refusal is the last answer, and no other is in hand");
                assert!((400..600).contains(&rejection.status));
                (self.refused, self.is_in_hand, self.body_is_over) = (true, true, true);
                self.by_head = self.head.method() == Method::Head && rejection.status == 413;
                self.requests += 1;
            }
            Next::Exchange => assert!(self.is_in_hand, "an exchange without a request"),
            Next::Read | Next::Linger => {
                assert!(!self.is_in_hand && self.server.read_deadline(&self.limits).is_some(), "nothing is waited for without end");
            }
            Next::Upgraded | Next::Close | Next::Abort => {
                let again = self.server.next(&mut self.buf, &mut self.head, &self.limits);
                assert_eq!(again, next, "an end is an end");
                assert!(self.server.answer(200, BodyLength::None, &self.limits).is_none());
                assert!(next == Next::Abort || self.answers == self.requests, "an end without its answer");
                return true;
            }
        }
        false
    }

    fn begin(&mut self) {
        assert!(!self.is_in_hand && !self.refused, "one request at a time, and none after a refusal");
        let Some(talk) = self.talks.get(self.requests) else { panic!("a naive reader sees no request {}", self.head.target()) };
        assert_eq!((self.head.method_text(), self.head.target()), (&*talk.method, &*talk.target));
        (self.is_in_hand, self.body_is_over, self.by_head) = (true, false, self.head.method() == Method::Head);
        self.requests += 1;
        self.payload.clear();
        self.continues = 0;
    }

    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        match step % 16 {
            piece @ 0..=5 => self.read(PIECES[usize::from(piece)]),
            6 | 7 => self.body(),
            8 => self.want_body(),
            9 | 10 => self.begin_answer(script.number(), script.number()),
            11 => self.frame(usize::from(script.number())),
            12 => self.finish(),
            13 if self.server.read_deadline(&self.limits).is_some() => self.expire(),
            14 => self.end_of_input(),
            15 => match script.number() % 4 {
                0 => self.server.drain(),
                1 => self.fail(),
                _ => {}
            },
            _ => {}
        }
    }

    /// What an honest driver does.
    fn go_on(&mut self) {
        if !self.is_in_hand {
            return if self.wire.is_empty() { self.end_of_input() } else { self.read(usize::MAX) };
        }
        if !self.body_is_over && !self.server.body_is_ended() {
            if self.wire.is_empty() && self.buf.is_empty() {
                self.end_of_input();
                self.body_is_over = true;
            }
            self.read(usize::MAX);
            return self.body();
        }
        if self.answer.is_none() {
            return self.begin_answer(0, 2);
        }
        if let Some(begun) = &self.answer
            && let BodyLength::Exact(length) = begun.plan.framing
            && !begun.is_bare
            && (begun.payload.len() as u64) < length
        {
            return self.frame(length as usize - begun.payload.len());
        }
        self.finish();
    }

    fn read(&mut self, count: usize) {
        self.buf.extend_from_slice(self.wire.take(count));
    }

    fn body(&mut self) {
        if !self.is_in_hand || self.body_is_over {
            return;
        }
        let mut piece = std::mem::take(&mut self.buf);
        match self.server.body(&mut piece, 0) {
            Ok(decoded) => {
                self.buf = piece.split_off(piece.len() - decoded.surplus);
                self.payload.extend_from_slice(&piece);
                let talk = &self.talks[self.requests - 1];
                assert!(talk.body.bytes.starts_with(&self.payload), "a naive reader sees another body");
                assert_eq!(decoded.end, self.server.body_is_ended());
                assert!(!decoded.end || (talk.body.is_whole && talk.body.bytes == self.payload), "a naive reader sees another end");
            }
            Err(_) => self.body_is_over = true,
        }
    }

    fn want_body(&mut self) {
        let before = self.sent.len();
        self.server.want_body(&mut self.sent);
        let said = &self.sent[before..];
        self.continues += usize::from(!said.is_empty());
        let may = self.is_in_hand && self.answer.is_none() && self.continues <= 1;
        assert!(said.is_empty() || (may && said == b"HTTP/1.1 100 Continue\r\n\r\n"));
    }

    fn begin_answer(&mut self, status: u8, length: u8) {
        let status = [200, 204, 304, 404, 500, 101, 100, 413][usize::from(status % 8)];
        let body = match length % 8 {
            0 => BodyLength::None,
            1 => BodyLength::Chunked,
            2 | 3 => BodyLength::UntilClose,
            more => BodyLength::Exact(u64::from(more - 4)),
        };
        let from = self.sent.len();
        let plan = self.server.answer(status, body, &self.limits);
        let is_due = self.is_in_hand && self.answer.is_none();
        assert!(plan.is_none() || is_due, "an answer without a request");
        let Some(plan) = plan else {
            assert!(!is_due || status < 200, "each request is due an answer");
            return;
        };
        assert!(status >= 200 || (status == 101 && plan.connection == Connection::Websocket && self.head.wants_websocket()));
        assert!(!self.refused || plan.connection == Connection::Close, "after a refusal the connection ends");
        ResponseWriter::start(&mut self.sent, status).finish(plan.framing, plan.connection);
        let is_bare = self.by_head || matches!(status, 101 | 204 | 304);
        self.answer = Some(Begun { plan, from, payload: Vec::new(), is_bare });
    }

    fn frame(&mut self, count: usize) {
        let before = self.sent.len();
        let framed = self.server.frame(count, &mut self.sent);
        let Some(begun) = &mut self.answer else {
            assert!(framed.is_err(), "a piece of no answer");
            return;
        };
        match framed {
            Ok(frame) if frame.payload => {
                assert!(!begun.is_bare, "a body where none may be");
                begun.payload.resize(begun.payload.len() + count, b'x');
                self.sent.resize(self.sent.len() + count, b'x');
                self.sent.extend_from_slice(frame.tail);
            }
            Ok(_) => assert_eq!(self.sent.len(), before),
            Err(_) => self.fail(),
        }
    }

    fn fail(&mut self) {
        self.server.answer_failed();
    }

    fn finish(&mut self) {
        let finished = self.server.finish_answer(&mut self.sent);
        let Some(begun) = self.answer.take() else { return };
        (self.answers, self.is_in_hand) = (self.answers + 1, false);
        if finished.is_err() {
            return;
        }
        let wire = &self.sent[begun.from..];
        let Found::Whole(head) = naive::answer_head(wire, self.by_head) else { panic!("no head: {wire:?}") };
        let body = naive::body(&wire[head.bytes..], head.framing);
        assert!(body.is_whole != (head.framing == Framing::UntilClose), "not whole: {wire:?}");
        assert_eq!(head.bytes + body.used, wire.len(), "more than an answer");
        assert_eq!(body.bytes, if begun.is_bare { Vec::new() } else { begun.payload });
    }

    fn expire(&mut self) {
        let next = self.server.read_expired();
        if let Next::Refuse(rejection) = next {
            assert!(!self.is_in_hand && rejection.status == 408);
            (self.refused, self.is_in_hand, self.body_is_over, self.by_head) = (true, true, true, false);
            self.requests += 1;
        }
        self.body_is_over |= self.is_in_hand;
    }

    fn end_of_input(&mut self) {
        let _broken = self.server.end_of_input();
    }
}
