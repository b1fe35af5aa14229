//! Attacks by the back end on a client of HTTP/2: bodies where none may be, answers that are none, that are two, that end elsewhere.

use super::case::field;
use super::frames::{END_HEADERS, END_STREAM, HEADERS, block, frame};
use super::{Client, Fate};
use crate::backend::Script;
use crate::house::House;

/// What the client must get for what the back end says.
#[derive(Clone, Copy, Debug)]
enum Gets {
    Answer(u16, &'static str),
    /// AWS's 5xx.
    Failure,
    /// The stream is reset, so that nobody takes it for whole; or a 5xx.
    CutOff,
}

use Gets::{Answer, CutOff, Failure};

const SMUGGLED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled";

/// Method, what is said, whether the back end closes then, and what the client gets. `$` is an answer that must not be taken for one.
const SAID: &[(&str, &str, bool, Gets)] = &[
    ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello$", false, Answer(200, "hello")),
    ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX: y\r\n\r\n$", false, Answer(200, "hello")),
    ("GET", "HTTP/1.1 200 OK\r\n\r\nhello", true, Answer(200, "hello")),
    ("GET", "HTTP/1.0 200 OK\r\n\r\nhello", true, Answer(200, "hello")),
    ("GET", "HTTP/1.1 204 No Content\r\n\r\n$", false, Answer(204, "")),
    ("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", false, Answer(204, "")),
    ("GET", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", false, Answer(204, "")),
    ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", false, Answer(304, "")),
    ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, Answer(200, "")),
    ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n$", false, Answer(200, "")),
    ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", false, Answer(200, "")),
    ("GET", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, Answer(200, "hello")),
    (
        "GET",
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello",
        false,
        Answer(200, "hello"),
    ),
    ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$", false, Failure),
    ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello$", false, Failure),
    ("GET", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello$", false, Failure),
    ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n$", false, Failure),
    ("GET", "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 5\r\n\r\nhello$", false, Failure),
    ("GET", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 5\r\n\r\nhello$", false, Failure),
    ("GET", "HTTP/1.1 200 OK\r\n:status: 404\r\nContent-Length: 5\r\n\r\nhello$", false, Failure),
    ("GET", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n$", false, Failure),
    ("GET", "HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello$", false, Failure),
    ("GET", "", true, Failure),
    ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello", true, CutOff),
    ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n$", true, CutOff),
    ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true, CutOff),
    ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n$", false, CutOff),
    ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n$", false, CutOff),
    ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n$", false, CutOff),
];

pub(crate) fn prove() {
    let house = House::secured();
    let mut flaws = Vec::new();
    for (number, (method, said, closes, gets)) in SAID.iter().enumerate() {
        let bytes = said.replace('$', SMUGGLED).into_bytes();
        house.back_end.script(format!("/back/{number}"), Script { bytes, closes: *closes, is_early: false });
        if let Err(why) = run(&house, number, method, *gets) {
            flaws.push(format!("{method} {said:?}: {why}"));
        }
    }
    let seen = house.end();
    flaws.extend(seen.strange());
    println!("http2 answers: {} attacks, {} requests reached the back end, {} flaws", SAID.len(), seen.count(), flaws.len());
    assert!(flaws.is_empty(), "{} flaws:\n{}", flaws.len(), flaws.join("\n"));
}

/// One attack between good streams of its connection.
fn run(house: &House, number: usize, method: &str, gets: Gets) -> Result<(), String> {
    let mut client = Client::new(house);
    client.good(1, &format!("/good/{number}/before"))?;
    let target = format!("/back/{number}");
    let fields = [(":method", method), (":scheme", "https"), (":authority", "a.test"), (":path", &target)];
    let fields = fields.map(|(name, value)| field(name, value));
    client.connection.send(&frame(HEADERS, END_HEADERS | END_STREAM, 3, &block(&fields)));
    client.until(|client| client.fates.contains_key(&3))?;
    match (gets, client.fates.get(&3)) {
        (Answer(status, body), Some(Fate::Answered(got, bytes))) if *got == status && bytes == body.as_bytes() => {}
        (Failure | CutOff, Some(Fate::Answered(500.., _))) | (CutOff, Some(Fate::Reset(_))) => {}
        (gets, got) => return Err(format!("the client should get {gets:?}, and got {got:?}; ended: {:?}", client.ended)),
    }
    client.good(5, &format!("/good/{number}/behind"))
}
