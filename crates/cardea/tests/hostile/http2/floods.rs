//! Floods: each ends its own connection or is served within its bounds, and a connection beside it notices nothing.

use super::case::{field, request, with};
use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, block, frame, setting,
};
use super::{Client, Fate};
use crate::house::House;

/// Why a connection is ended that costs too much (RFC 9113, 7).
const ENHANCE_YOUR_CALM: u32 = 11;
const PROTOCOL_ERROR: u32 = 1;

/// What a flood comes to.
#[derive(Clone, Copy, Debug)]
enum Gets {
    /// Its connection ends for one of these reasons.
    End(&'static [u32]),
    /// Its connection goes on: the frames cost nothing that is kept.
    GoesOn,
}

struct Flood {
    name: &'static str,
    bytes: Vec<u8>,
    gets: Gets,
    /// Requests of it that may reach the back end.
    requests_max: usize,
}

/// A request that is whole.
fn asked(number: usize) -> Vec<u8> {
    let fields = super::case::but(request("GET"), ":path", &format!("/flood/{number}"));
    block(&fields)
}

/// A request whose body does not come.
fn posted() -> Vec<u8> {
    block(&super::case::but(request("POST"), ":path", "/flood/body"))
}

/// The frames of many streams, from 3 on.
fn streams(count: u32, each: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    (0..count).flat_map(|n| each(2 * n + 3)).collect()
}

fn times(count: usize, bytes: &[u8]) -> Vec<u8> {
    bytes.repeat(count)
}

/// None is larger than what is heard out after an end (256 KiB): beyond that the reason may be lost to a reset.
fn floods() -> Vec<Flood> {
    const CALM: Gets = Gets::End(&[ENHANCE_YOUR_CALM]);
    let flood = |name, gets, bytes: Vec<u8>| Flood { name, bytes, gets, requests_max: 0 };
    let reset = |stream| frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
    let get = |number| move |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, &asked(number));
    let open = |stream| frame(HEADERS, END_HEADERS, stream, &posted());
    let update = |stream, by: u32| frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes());
    let begun = frame(HEADERS, END_STREAM, 3, &block(&request("GET")));
    let field_of = |name: &str, bytes| frame(CONTINUATION, 0, 3, &block(&[field(name, &"y".repeat(bytes))]));
    vec![
        // CVE-2023-44487: what is reset at once has been begun all the same.
        Flood {
            requests_max: 200,
            ..flood("requests that are reset", CALM, streams(2_000, |stream| [get(0)(stream), reset(stream)].concat()))
        },
        flood("bodies that are reset", CALM, streams(2_000, |stream| [open(stream), reset(stream)].concat())),
        // CVE-2025-8671: the client's fault makes us reset, and it asks again.
        Flood {
            requests_max: 200,
            ..flood(
                "requests that we must reset",
                Gets::End(&[ENHANCE_YOUR_CALM, PROTOCOL_ERROR]),
                streams(2_000, |stream| [get(2)(stream), update(stream, 0)].concat()),
            )
        },
        flood(
            "malformed requests",
            CALM,
            streams(2_000, |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(&with("GET", &[("connection", "close")])))),
        ),
        // CVE-2024-27316 and its like: a head that never ends.
        flood(
            "a head in 2,000 pieces",
            Gets::End(&[ENHANCE_YOUR_CALM, PROTOCOL_ERROR]),
            [begun.clone(), times(2_000, &field_of("x-own", 100))].concat(),
        ),
        flood(
            "a head in large pieces",
            Gets::End(&[ENHANCE_YOUR_CALM, PROTOCOL_ERROR]),
            [begun.clone(), times(14, &field_of("x-own", 16_000))].concat(),
        ),
        flood(
            "trailers in 2,000 pieces",
            Gets::End(&[ENHANCE_YOUR_CALM, PROTOCOL_ERROR]),
            [open(3), frame(HEADERS, END_STREAM, 3, &block(&[field("x-own", "y")])), times(2_000, &field_of("x-own", 100))].concat(),
        ),
        // CVE-2019-9518: pieces without anything in them.
        flood("a head in empty pieces", CALM, [begun, times(20_000, &frame(CONTINUATION, 0, 3, b""))].concat()),
        flood("a body in empty pieces", CALM, [open(3), times(20_000, &frame(DATA, 0, 3, b"")), reset(3)].concat()),
        // CVE-2019-9512 and -9515: questions whose answers nobody reads.
        flood("pings", Gets::GoesOn, times(20_000, &frame(PING, 0, 0, &[7; 8]))),
        flood("settings", Gets::GoesOn, times(20_000, &frame(SETTINGS, 0, 0, &setting(3, 100)))),
        flood("empty settings", Gets::GoesOn, times(20_000, &frame(SETTINGS, 0, 0, b""))),
        flood(
            "settings that change every window",
            Gets::GoesOn,
            (0..5_000).flat_map(|n| frame(SETTINGS, 0, 0, &setting(4, 65_535 + n % 2))).collect(),
        ),
        // CVE-2019-9513: work without a request.
        flood("priorities", Gets::GoesOn, times(20_000, &frame(PRIORITY, 0, 3, &[0, 0, 0, 0, 16]))),
        flood("windows", Gets::GoesOn, times(10_000, &update(0, 1))),
        flood("frames that nobody knows", Gets::GoesOn, times(20_000, &frame(0xbb, 0, 0, &[0; 30]))),
        flood("thanks for nothing", Gets::End(&[PROTOCOL_ERROR]), times(20_000, &frame(SETTINGS, 1, 0, b""))),
    ]
}

pub(crate) fn prove() {
    let house = House::secured();
    let mut flaws = Vec::new();
    let mut beside = Client::new(&house);
    let floods = floods();
    let mut turns = (0..).map(|turn| 2 * turn + 1);
    for flood in &floods {
        let mut good = |when: &str| beside.good(turns.next().unwrap(), &format!("/good/{when}"));
        if let Err(why) = good("before").and_then(|()| run(&house, flood)).and_then(|()| good("behind")) {
            flaws.push(format!("{}: {why}", flood.name));
        }
    }
    for (name, stalls) in [("answers that find no window", stall as fn(&House) -> _), ("more streams than may be", crowd)] {
        if let Err(why) = stalls(&house).and_then(|()| beside.good(turns.next().unwrap(), "/good/last")) {
            flaws.push(format!("{name}: {why}"));
        }
    }
    let seen = house.end();
    for (number, flood) in floods.iter().enumerate() {
        let reached = seen.count_of(&format!("/flood/{number}"));
        if reached > flood.requests_max {
            flaws.push(format!("{}: {reached} requests reached the back end", flood.name));
        }
    }
    flaws.extend(seen.strange());
    println!("http2 floods: {} attacks, {} requests reached the back end, {} flaws", floods.len() + 2, seen.count(), flaws.len());
    assert!(flaws.is_empty(), "{} flaws:\n{}", flaws.len(), flaws.join("\n"));
}

fn run(house: &House, flood: &Flood) -> Result<(), String> {
    let mut client = Client::new(house);
    client.good(1, "/good/within")?;
    client.connection.send(&flood.bytes);
    match flood.gets {
        Gets::End(reasons) => {
            client.until(|client| client.ended.is_some())?;
            let reason = client.ended;
            if reason.is_some_and(|reason| reasons.contains(&reason)) { Ok(()) } else { Err(format!("it ended for {reason:?}")) }
        }
        Gets::GoesOn => client.good(50_001, "/good/within"),
    }
}

/// A hundred answers for which the client has no window: they wait, and what is asked on the connection that needs none is answered.
fn stall(house: &House) -> Result<(), String> {
    let mut client = Client::new(house);
    client.connection.send(&frame(SETTINGS, 0, 0, &setting(4, 0)));
    for n in 0..100 {
        client.get(2 * n + 1, &format!("/stalled/{n}"));
    }
    let mut fields = request("HEAD");
    fields = super::case::but(fields, ":path", "/good/head");
    client.connection.send(&frame(HEADERS, END_HEADERS | END_STREAM, 301, &block(&fields)));
    client.until(|client| client.fates.contains_key(&301))?;
    let waiting = (0..100).filter(|n| !client.fates.contains_key(&(2 * n + 1))).count();
    if client.fates.get(&301) != Some(&Fate::Answered(200, Vec::new())) || waiting != 100 {
        return Err(format!("{waiting} of 100 wait; without a body: {:?}", client.fates.get(&301)));
    }
    // The window opens, and every answer comes.
    client.connection.send(&frame(SETTINGS, 0, 0, &setting(4, 65_535)));
    client.until(|client| (0..100).all(|n| client.fates.contains_key(&(2 * n + 1))))?;
    (0..100).try_for_each(|n| client.expect(2 * n + 1, &format!("/stalled/{n}")))
}

/// More streams than were allowed: those beyond are refused, and may be asked again (RFC 9113, 8.7).
fn crowd(house: &House) -> Result<(), String> {
    const REFUSED_STREAM: u32 = 7;
    let mut client = Client::new(house);
    client.good(1, "/good/within")?;
    for n in 0..160 {
        client.connection.send(&frame(HEADERS, END_HEADERS, 2 * n + 3, &posted()));
    }
    client.until(|client| client.fates.len() > 32)?;
    let refused = client.fates.values().filter(|fate| **fate == Fate::Reset(REFUSED_STREAM)).count();
    if refused == 32 { Ok(()) } else { Err(format!("{refused} streams of 32 were refused; ended: {:?}", client.ended)) }
}
