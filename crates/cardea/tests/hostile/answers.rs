//! Attacks by the back end: answers that are none, that are two, that come early, that end elsewhere than they say.

use crate::backend::Script;
use crate::house::{Client, House};

/// What the client must get for what the back end says.
#[derive(Clone, Copy, Debug)]
enum Gets {
    /// This body, with this status.
    Answer(u16, &'static str),
    /// AWS's 5xx.
    Failure,
    /// A head, and then an end that nobody takes for the end of the answer; or a 5xx.
    CutOff,
}

use Gets::{Answer, CutOff, Failure};

const SMUGGLED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled";

/// What is said, and what the client gets. `$` is an answer that must not be taken for one.
const KEPT: &[(&str, Gets)] = &[
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Answer(200, "hello")),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello$", Answer(200, "hello")),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Answer(200, "hello")),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n$", Answer(200, "hello")),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX: y\r\n\r\n", Answer(200, "hello")),
    ("HTTP/1.1 204 No Content\r\n\r\n$", Answer(204, "")),
    ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", Answer(204, "")),
    ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n$", Answer(304, "")),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Answer(200, "hello")),
    ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Answer(200, "hello")),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x-own\r\nX-Own: 1\r\n\r\nhello", Answer(200, "hello")),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$", Failure),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n$", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n$", Failure),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n$", Failure),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$", Failure),
    ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$", Failure),
    ("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nConnection: Content-Length\r\nContent-Length: 5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 200 OK\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$", Failure),
    ("HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello$", Failure),
    ("HTTP/1.2 200 OK\r\nContent-Length: 5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 99 Low\r\nContent-Length: 5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 2000 High\r\nContent-Length: 5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 700 High\r\nContent-Length: 5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 -20 Low\r\nContent-Length: 5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 OK\r\nContent-Length: 5\r\n\r\nhello$", Failure),
    ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n$", Failure),
    ("SSH-2.0-OpenSSH_9.2\r\n\r\n$", Failure),
    ("\0\0\0\0\0\0\0\0\r\n\r\n$", Failure),
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n$", Failure),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n$", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n$", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n$", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n$", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n$", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n$", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000005\r\nhello\r\n0\r\n\r\n$", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n$", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: \0\r\n\r\n$", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\n\r\n$", CutOff),
];

/// The same, and then the back end closes.
const CLOSED: &[(&str, Gets)] = &[
    ("HTTP/1.1 200 OK\r\n\r\nhello", Answer(200, "hello")),
    ("HTTP/1.0 200 OK\r\n\r\nhello", Answer(200, "hello")),
    ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello$", Answer(200, "hello")),
    ("", Failure),
    ("HTTP/1.1 200", Failure),
    ("HTTP/1.1 200 OK\r\n", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", Failure),
    ("HTTP/1.1 100 Continue\r\n\r\n", Failure),
    ("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello", CutOff),
    ("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n$", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", CutOff),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", CutOff),
];

/// What is no grant of a wish for WebSocket, whose key is the RFC's. The connection to the back end goes; the client's never switches.
const NOT_GRANTED: &[(&str, Gets)] = &[
    ("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n$", Failure),
    ("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: \r\n\r\n$", Failure),
    ("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n$", Failure),
    ("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n$", Failure),
    ("Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n$", Failure),
    ("Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n$", Failure),
    ("Connection: Upgrade\r\nUpgrade: h2c\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n$", Failure),
    (
        "Connection: Upgrade, Sec-WebSocket-Accept\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n$",
        Failure,
    ),
];

struct Attack {
    said: String,
    wish: &'static str,
    gets: Gets,
    closes: bool,
    is_early: bool,
}

fn attacks() -> Vec<Attack> {
    let filled = |said: &str| said.replace('$', SMUGGLED);
    let mut attacks = Vec::new();
    for (all, closes) in [(KEPT, false), (CLOSED, true)] {
        for (said, gets) in all {
            for is_early in [false, true] {
                attacks.push(Attack { wish: "", said: filled(said), gets: *gets, closes, is_early });
            }
        }
    }
    for (said, gets) in KEPT {
        // What lies behind an answer that is to be kept whole must not matter, whether the connection stays or goes.
        attacks.push(Attack { wish: "", said: filled(said), gets: *gets, closes: true, is_early: false });
    }
    for (said, gets) in NOT_GRANTED {
        let wish =
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let said = filled(&format!("HTTP/1.1 101 Switching Protocols\r\n{said}"));
        attacks.push(Attack { wish, said, gets: *gets, closes: false, is_early: false });
    }
    let many = "HTTP/1.1 100 Continue\r\n\r\n".repeat(50);
    attacks.push(Attack { wish: "", said: format!("{many}{SMUGGLED}"), gets: Failure, closes: false, is_early: false });
    let large = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 5\r\n\r\nhello", "x".repeat(200_000));
    attacks.push(Attack { wish: "", said: large, gets: Failure, closes: false, is_early: false });
    attacks
}

pub(crate) fn prove() {
    let house = House::new();
    let mut flaws = Vec::new();
    let attacks = attacks();
    for (number, attack) in attacks.iter().enumerate() {
        let target = format!("/back/{number}");
        let script = Script { bytes: attack.said.clone().into_bytes(), closes: attack.closes, is_early: attack.is_early };
        house.back_end.script(target, script);
        if let Err(why) = run(&house, number, attack) {
            let early = if attack.is_early { ", said early" } else { "" };
            flaws.push(format!("{:?} (closes: {}{early}): {why}", &attack.said[..attack.said.len().min(300)], attack.closes));
        }
    }
    let seen = house.end();
    for number in 0..attacks.len() {
        let times = seen.count_of(&format!("/back/{number}"));
        // Once more on a fresh connection, where a pooled one was closed without an answer.
        if times > 2 {
            flaws.push(format!("attack {number} was sent {times} times"));
        }
    }
    flaws.extend(seen.strange());
    println!("answers: {} attacks, {} requests reached the back end, {} flaws", attacks.len(), seen.count(), flaws.len());
    assert!(flaws.is_empty(), "{} flaws:\n{}", flaws.len(), flaws.join("\n"));
}

/// One attack among good requests: on its connection, and after it on the next.
fn run(house: &House, number: usize, attack: &Attack) -> Result<(), String> {
    let good = |client: &mut Client, what: &str| {
        let target = format!("/good/{number}/{what}");
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        client.expect(&target)
    };
    let mut client = house.client();
    good(&mut client, "before")?;
    let body = if attack.is_early { "POST" } else { "GET" };
    let framing = if attack.is_early { "Content-Length: 5\r\n" } else { "" };
    client.send(format!("{body} /back/{number} HTTP/1.1\r\nHost: a\r\n{}{framing}\r\n", attack.wish).as_bytes());
    if attack.is_early {
        client.send(b"hello");
    }
    let answer = client.answer()?;
    let closed = match (attack.gets, &answer) {
        (Answer(status, body), Some(answer)) if answer.status() == status && answer.body == body.as_bytes() => {
            if answer.field("x-own").is_some() {
                return Err("a field of the hop came through".into());
            }
            answer.field("connection") == Some("close")
        }
        (Failure | CutOff, Some(answer)) if answer.status() >= 500 => answer.field("connection") == Some("close"),
        (CutOff, None) => true,
        (gets, answer) => return Err(format!("the client should get {gets:?}, and got {answer:?}")),
    };
    if !closed {
        good(&mut client, "behind")?;
    }
    good(&mut house.client(), "after")
}
