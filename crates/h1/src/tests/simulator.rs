//! Both machines under a driver that reads as little as it likes and breaks off where it likes.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::{BodyLength, Client, ClientNext, Limits, Method, Next, RequestHead, ResponseHead, ResponseWriter, Reuse, Server};

/// What befalls a connection at one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Expired,
    EndOfInput,
    Drain,
    AnswerFails,
    AnswerIsShort,
    BodyIsNotRead,
}

const EVENTS: [Event; 6] =
    [Event::Expired, Event::EndOfInput, Event::Drain, Event::AnswerFails, Event::AnswerIsShort, Event::BodyIsNotRead];

#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// The targets of all requests that were handed over.
    targets: Vec<String>,
    requests: usize,
    answers: usize,
    sent: Vec<u8>,
    end: Next,
}

/// Serves `input` in pieces of `cut` bytes; `event` befalls step `at`.
fn serve(input: &[u8], cut: usize, event: Option<(usize, Event)>) -> Outcome {
    let (mut server, mut buf, mut head, limits) = (Server::new(), Vec::new(), RequestHead::default(), Limits::default());
    let mut input = input.chunks(cut);
    let (mut targets, mut requests, mut answers, mut sent) = (Vec::new(), 0, 0, Vec::new());
    // Each read of a piece is a step, each answer is two or three more: an honest machine ends long before.
    for step in 0..20 * input.len() + 100 {
        let now = event.filter(|(at, _)| *at == step).map(|(_, event)| event);
        match now {
            Some(Event::Drain) => server.drain(),
            Some(Event::EndOfInput) => {
                let _ = server.end_of_input();
            }
            Some(Event::AnswerFails) => server.answer_failed(),
            _ => {}
        }
        let next = match now {
            Some(Event::Expired) => server.read_expired(),
            _ => server.next(&mut buf, &mut head, &limits),
        };
        match next {
            Next::Read | Next::Linger => {
                assert!(server.read_deadline(&limits).is_some(), "nothing is waited for without end");
                match input.next() {
                    Some(piece) => buf.extend_from_slice(piece),
                    None => server.end_of_input().unwrap(),
                }
            }
            Next::Request | Next::Refuse(_) => {
                requests += 1;
                if next == Next::Request {
                    targets.push(head.target().to_owned());
                }
                server.want_body(&mut sent);
                let mut payload = std::mem::take(&mut buf);
                while now != Some(Event::BodyIsNotRead) && matches!(next, Next::Request) {
                    let Ok(decoded) = server.body(&mut payload, 0) else { break };
                    if decoded.end {
                        buf = payload.split_off(payload.len() - decoded.surplus);
                        break;
                    }
                    let Some(piece) = input.next() else {
                        assert!(server.end_of_input().is_err());
                        break;
                    };
                    payload = piece.to_vec();
                }
                if now == Some(Event::BodyIsNotRead) {
                    buf = payload;
                }
                if let Some(plan) = server.answer(200, BodyLength::Exact(2), &limits) {
                    answers += 1;
                    ResponseWriter::start(&mut sent, 200).finish(plan.framing, plan.connection);
                    let len = if now == Some(Event::AnswerIsShort) { 1 } else { 2 };
                    if server.frame(len, &mut sent).unwrap().payload {
                        sent.extend_from_slice(&b"ok"[..len]);
                    }
                    let _ = server.finish_answer(&mut sent);
                }
            }
            // Only an event can leave the machine here: the driver above answers at once.
            Next::Exchange => server.answer_failed(),
            end @ (Next::Upgraded | Next::Close | Next::Abort) => {
                assert_eq!(server.next(&mut buf, &mut head, &limits), end, "an end is an end");
                assert!(server.answer(200, BodyLength::None, &limits).is_none());
                return Outcome { targets, requests, answers, sent, end };
            }
        }
        assert!(answers <= requests);
    }
    panic!("the connection never ended");
}

const CONVERSATION: &str = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n\
    HEAD /3 HTTP/1.1\r\nHost: a\r\n\r\nPUT /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyDELETE /5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[test]
fn a_conversation_is_the_same_however_it_is_cut() {
    let whole = serve(CONVERSATION.as_bytes(), CONVERSATION.len(), None);
    assert_eq!((whole.requests, whole.answers, whole.end), (5, 5, Next::Close));
    for cut in 1..CONVERSATION.len() {
        assert_eq!(serve(CONVERSATION.as_bytes(), cut, None), whole, "cut {cut}");
    }
}

#[test]
fn whatever_befalls_a_connection_at_any_step_it_ends() {
    for event in EVENTS {
        for cut in [1, 2, 7, 1000] {
            for at in 0..CONVERSATION.len() / cut + 10 {
                let outcome = serve(CONVERSATION.as_bytes(), cut, Some((at, event)));
                let honest = ["/1", "/2", "/3", "/4", "/5"];
                assert!(
                    honest.starts_with(&outcome.targets.iter().map(String::as_str).collect::<Vec<_>>()),
                    "{event:?} at {at}: {:?}",
                    outcome.targets
                );
            }
        }
    }
}

/// Asks once and reads `input` in pieces; the end of input comes after `pieces` of them.
fn ask(input: &[u8], cut: usize, pieces: usize) -> (Option<(u16, Vec<u8>)>, Reuse) {
    let (mut client, mut buf, mut head, limits) = (Client::new(), Vec::new(), ResponseHead::default(), Limits::for_upstreams());
    assert!(client.begin(Method::Get, false, BodyLength::None));
    client.finish_request(&mut Vec::new()).unwrap();
    let mut input = input.chunks(cut).take(pieces);
    loop {
        match client.next(&mut buf, &mut head, &limits) {
            ClientNext::Read => match input.next() {
                Some(piece) => buf.extend_from_slice(piece),
                None => assert!(client.end_of_input().is_err()),
            },
            ClientNext::Bad(_) | ClientNext::Nothing => return (None, client.finish()),
            ClientNext::Answer => break,
        }
    }
    let mut payload = Vec::new();
    loop {
        let Ok(decoded) = client.body(&mut buf, 0) else { return (None, client.finish()) };
        payload.extend_from_slice(&buf[..buf.len() - decoded.surplus]);
        buf.clear();
        if decoded.end {
            return (Some((head.status(), payload)), client.finish());
        }
        match input.next() {
            Some(piece) => buf.extend_from_slice(piece),
            None if client.end_of_input().is_ok() => return (Some((head.status(), payload)), client.finish()),
            None => return (None, client.finish()),
        }
    }
}

#[test]
fn an_answer_is_the_same_however_it_is_cut_and_nothing_short_of_it_is_taken_for_it() {
    let chunked = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let exact = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde";
    for bytes in [chunked, exact] {
        for cut in 1..=bytes.len() {
            let whole = (Some((200, b"abcde".to_vec())), Reuse::Pool);
            assert_eq!(ask(bytes.as_bytes(), cut, usize::MAX), whole, "cut {cut}");
        }
        for pieces in 0..bytes.len() {
            assert_eq!(ask(bytes.as_bytes(), 1, pieces), (None, Reuse::Close), "ended after {pieces}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_any_pieces_with_any_event_end(
        parts in vec(prop::sample::select(&["GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n", "HEAD / HTTP/1.0\r\n", "Transfer-Encoding: chunked\r\n",
            "Expect: 100-continue\r\n", "Connection: close\r\n", "Connection: upgrade\r\nUpgrade: websocket\r\n", "\r\n", "\r\n", "abc", "3\r\nabc\r\n", "0\r\n\r\n", "\0"][..]), 0..12),
        cut in 1..40usize,
        at in 0..40usize,
        event in prop::option::of(prop::sample::select(&EVENTS[..])),
    ) {
        serve(parts.concat().as_bytes(), cut, event.map(|event| (at, event)));
    }

    #[test]
    fn any_answer_in_any_pieces_ends(
        parts in vec(prop::sample::select(&["HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 204 No\r\n", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n",
            "Connection: close\r\n", "\r\n", "\r\n", "abc", "3\r\nabc\r\n", "0\r\n\r\n", "\0"][..]), 0..10),
        cut in 1..40usize,
        pieces in 0..40usize,
    ) {
        let (answer, reuse) = ask(parts.concat().as_bytes(), cut, pieces);
        prop_assert!(answer.is_some() || reuse == Reuse::Close);
    }
}
