//! The machine towards back ends, driven by a script and held to what a naive reader sees in the same bytes.

use crate::connection::{PIECES, Script, Wire};
use crate::naive::{self, Found, Framing};
use h1::{BodyLength, Client, ClientNext, Limits, Method, ResponseHead, RetryVerdict, Reuse};

/// What a naive reader takes for the answer at the front, behind interim ones.
struct Meant {
    status: u16,
    body: naive::Payload,
    framing: Framing,
    closes: bool,
}

fn meant(wire: &[u8], by_head: bool) -> Option<Meant> {
    let mut at = 0;
    loop {
        let Found::Whole(head) = naive::answer_head(&wire[at..], by_head) else { return None };
        at += head.bytes;
        let status = head.status();
        if status >= 200 || status == 101 {
            let body = naive::body(&wire[at..], head.framing);
            let closes = head.connection_says("close") || (head.words[0] == "HTTP/1.0" && !head.connection_says("keep-alive"));
            return Some(Meant { status, body, framing: head.framing, closes });
        }
    }
}

struct Driver<'a> {
    client: Client,
    limits: Limits,
    head: ResponseHead,
    buf: Vec<u8>,
    whole: &'a [u8],
    wire: Wire<'a>,
    meant: Option<Meant>,
    payload: Vec<u8>,
    ended: bool,
    has_answer: bool,
    is_bad: bool,
}

pub(crate) fn run(asked: u8, mut script: Script<'_>, wire: &[u8]) {
    let mut driver = Driver {
        client: Client::new(),
        limits: Limits { body_bytes_max: 300, interim_answers_max: 3, ..Limits::for_upstreams() },
        head: ResponseHead::default(),
        buf: Vec::new(),
        whole: wire,
        wire: Wire::new(wire),
        meant: None,
        payload: Vec::new(),
        ended: false,
        has_answer: false,
        is_bad: false,
    };
    // One after the other on the same connection, as long as it may be used again.
    for turn in 0..4u8 {
        if !driver.exchange(asked.wrapping_add(turn), &mut script) {
            return;
        }
    }
}

impl Driver<'_> {
    /// One request and its answer. May the connection be used again?
    fn exchange(&mut self, asked: u8, script: &mut Script<'_>) -> bool {
        let method = [Method::Get, Method::Head, Method::Post, Method::Put][usize::from(asked % 4)];
        let wants_websocket = asked & 4 != 0;
        let length = [BodyLength::None, BodyLength::Exact(3), BodyLength::Chunked, BodyLength::UntilClose][usize::from(asked >> 3 & 3)];
        assert!(self.client.begin(method, wants_websocket, length), "a free connection takes a request");
        assert!(!self.client.begin(method, wants_websocket, length), "and not a second one");
        assert!(self.buf.is_empty(), "nothing is left over from the answer before");
        let from = self.whole.len() - self.wire.left();
        self.meant = meant(&self.whole[from..], method == Method::Head);
        (self.has_answer, self.is_bad) = (false, false);
        self.payload.clear();
        let mut sent = Vec::new();
        while let Some(step) = script.next() {
            match step % 16 {
                piece @ 0..=5 => self.read(PIECES[usize::from(piece)]),
                6 => self.next(),
                7 => self.body(),
                8 => self.client.mark_sent(),
                9 => {
                    let _over = self.client.frame(usize::from(script.number() % 5), &mut sent);
                }
                10 => drop(self.client.finish_request(&mut sent)),
                11 => {
                    self.ended = true;
                    self.end_of_input();
                }
                12 => drop(self.client.may_retry()),
                13 => self.client.body_is_held(),
                14 => break,
                _ => {
                    let _deadlines = (self.client.read_deadline(&self.limits), self.client.write_deadline(&self.limits));
                }
            }
        }
        // The honest end: all of the request, all of the answer.
        self.client.mark_sent();
        let _length = self.client.frame(if length == BodyLength::Exact(3) { 3 } else { 0 }, &mut sent);
        let _sent = self.client.finish_request(&mut sent);
        for _ in 0..self.wire.left() + 4 {
            self.next();
            self.body();
            if self.client.body_is_ended() && self.has_answer || self.is_bad {
                break;
            }
            if self.wire.is_empty() && !self.ended {
                self.ended = true;
                self.end_of_input();
            }
            self.read(7);
        }
        self.verdict()
    }

    fn verdict(&mut self) -> bool {
        if self.has_answer {
            assert_ne!(self.client.may_retry(), RetryVerdict::Once, "the upstream began to answer");
        }
        let (was_whole, is_answered) = (self.client.body_is_ended(), self.has_answer);
        match self.client.finish() {
            Reuse::Pool => {
                assert!(is_answered && was_whole && !self.is_bad && !self.ended, "half an exchange leaves no good connection");
                let meant = self.meant.as_ref().expect("an answer was taken, so a naive reader saw it");
                assert!(meant.body.is_whole && meant.body.bytes == self.payload && !meant.closes);
                assert!(meant.framing != Framing::UntilClose);
                true
            }
            Reuse::Close => {
                assert!(!self.client.begin(Method::Get, false, BodyLength::None), "a closed connection takes nothing");
                false
            }
        }
    }

    fn read(&mut self, count: usize) {
        if !self.ended {
            self.buf.extend_from_slice(self.wire.take(count));
        }
    }

    fn next(&mut self) {
        match self.client.next(&mut self.buf, &mut self.head, &self.limits) {
            ClientNext::Answer => {
                assert!(!self.has_answer && !self.is_bad, "one answer, and none after a bad one");
                let Some(meant) = &self.meant else { panic!("a naive reader sees no answer {}", self.head.status()) };
                assert_eq!(self.head.status(), meant.status);
                self.has_answer = true;
            }
            ClientNext::Bad(rejection) => {
                assert!(!self.has_answer && rejection.status == 502);
                self.is_bad = true;
            }
            ClientNext::Read | ClientNext::Nothing => {}
        }
    }

    fn body(&mut self) {
        if !self.has_answer || self.head.status() == 101 || self.is_bad {
            return;
        }
        let mut piece = std::mem::take(&mut self.buf);
        match self.client.body(&mut piece, 0) {
            Ok(decoded) => {
                piece.truncate(piece.len() - decoded.surplus);
                self.payload.extend_from_slice(&piece);
                let meant = self.meant.as_ref().expect("an answer was taken, so a naive reader saw it");
                assert!(meant.body.bytes.starts_with(&self.payload), "a naive reader sees another body");
                if decoded.end && meant.framing != Framing::UntilClose {
                    assert!(meant.body.is_whole && meant.body.bytes == self.payload, "a naive reader sees another end");
                }
            }
            Err(_) => self.is_bad = true,
        }
    }

    fn end_of_input(&mut self) {
        if self.client.end_of_input().is_err() {
            self.is_bad = true;
        }
    }
}
