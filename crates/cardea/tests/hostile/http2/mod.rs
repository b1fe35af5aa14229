//! The same worth, proved through HTTP/2: frames by hand over TLS, and the back end of HTTP/1.1 behind it that writes down every byte.
//!
//! Each attack is a stream between two good ones of its connection, with a second connection beside it that must notice nothing. What is
//! odd: hyper's h2 answers most of what breaks RFC 9113 by itself, with a reset of the stream or the end of the connection; our own rules
//! (those of HTTP/1.1) come after it. Here only the sum counts.

mod answers;
mod bodies;
mod case;
mod floods;
mod frames;
mod heads;
mod protocol;

use crate::case::{Case, End};
use crate::house::{House, Seen};
use case::{Attack, Gets, STREAM, Sees, field};
use frames::{Connection, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, PING, RST_STREAM, block, frame, status};
use std::collections::BTreeMap;

pub(crate) use answers::prove as prove_answers;
pub(crate) use floods::prove as prove_floods;

/// What became of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered(u16, Vec<u8>),
    Reset(u32),
}

/// A client that knows what became of its streams.
pub(crate) struct Client {
    pub(crate) connection: Connection,
    /// Answers on their way: status and body so far.
    coming: BTreeMap<u32, (u16, Vec<u8>)>,
    pub(crate) fates: BTreeMap<u32, Fate>,
    /// The reason of its GOAWAY, or that the connection ended without one.
    pub(crate) ended: Option<u32>,
    pongs: usize,
}

impl Client {
    pub(crate) fn new(house: &House) -> Client {
        let (address, config) = house.secure();
        Client::over(Connection::greeted(address, config))
    }

    pub(crate) fn over(connection: Connection) -> Client {
        Client { connection, coming: BTreeMap::new(), fates: BTreeMap::new(), ended: None, pongs: 0 }
    }

    pub(crate) fn get(&mut self, stream: u32, target: &str) {
        let fields = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", target)];
        let fields = fields.map(|(name, value)| field(name, value));
        self.connection.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(&fields)));
    }

    /// Asks, and gets the back end's own answer.
    pub(crate) fn good(&mut self, stream: u32, target: &str) -> Result<(), String> {
        self.get(stream, target);
        self.until(|client| client.fates.contains_key(&stream))?;
        self.expect(stream, target)
    }

    fn expect(&self, stream: u32, target: &str) -> Result<(), String> {
        match self.fates.get(&stream) {
            Some(Fate::Answered(200, body)) if body == format!("answer to {target}").as_bytes() => Ok(()),
            other => Err(format!("{target} got {other:?}; ended: {:?}", self.ended)),
        }
    }

    /// Reads until this holds, or the connection has ended.
    pub(crate) fn until(&mut self, holds: impl Fn(&Client) -> bool) -> Result<(), String> {
        while !holds(self) {
            match self.connection.next()? {
                Some(frame) => self.note(frame)?,
                None => {
                    // An end without a word counts as one for no reason.
                    self.ended.get_or_insert(0);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, frame: Frame) -> Result<(), String> {
        let Frame { kind, flags, stream, payload } = frame;
        match kind {
            HEADERS => {
                let status = status(&payload).ok_or_else(|| format!("no status in {payload:?}"))?;
                if self.coming.insert(stream, (status, Vec::new())).is_some() || self.fates.contains_key(&stream) {
                    return Err(format!("two answers on stream {stream}"));
                }
            }
            DATA => match self.coming.get_mut(&stream) {
                Some((_, body)) => body.extend_from_slice(&payload),
                None => return Err(format!("a body without an answer on stream {stream}")),
            },
            RST_STREAM => {
                self.coming.remove(&stream);
                // What was answered before it was whole is reset afterwards, without a fault (RFC 9113, 8.1).
                let code = u32::from_be_bytes(payload.try_into().unwrap());
                self.fates.entry(stream).or_insert(Fate::Reset(code));
            }
            GOAWAY => {
                let code = u32::from_be_bytes(payload[4..8].try_into().unwrap());
                self.ended = Some(code);
            }
            PING => self.pongs += 1,
            _ => {}
        }
        if matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
            let (status, body) = self.coming.remove(&stream).unwrap_or_default();
            self.fates.insert(stream, Fate::Answered(status, body));
        }
        Ok(())
    }
}

/// How often attacks came to each kind of end.
#[derive(Default)]
struct Ends(BTreeMap<&'static str, usize>);

/// Runs all attacks on one node, then holds what the back end saw against what was meant.
pub(crate) fn prove() {
    let house = House::secured();
    let groups = [("heads", heads::attacks()), ("bodies", bodies::attacks()), ("frames", protocol::attacks())];
    let (mut flaws, mut ends, mut number) = (Vec::new(), Ends::default(), 0);
    let mut beside = Client::new(&house);
    let mut sent = Vec::new();
    for (group, attacks) in groups {
        let before = flaws.len();
        for attack in &attacks {
            if let Err(why) = run(&house, &mut beside, number, attack, &mut ends) {
                flaws.push(format!("{group}: {} {:?}: {why}", attack.name, attack.gets));
            }
            number += 1;
        }
        println!("http2 {group}: {} attacks, {} flaws", attacks.len(), flaws.len() - before);
        sent.extend(attacks);
    }
    let seen = house.end();
    for (number, attack) in sent.iter().enumerate() {
        if let Err(why) = arrived(&seen, number, attack) {
            flaws.push(format!("{}: {why}", attack.name));
        }
    }
    flaws.extend(seen.strange());
    println!("http2: {number} attacks, {:?}, {} requests reached the back end, {} flaws", ends.0, seen.count(), flaws.len());
    assert!(flaws.is_empty(), "{} flaws:\n{}", flaws.len(), flaws.join("\n"));
}

/// Whether the back end saw of this attack what it may.
fn arrived(seen: &Seen, number: usize, attack: &Attack) -> Result<(), String> {
    let case = |meant, end| Case { name: attack.name.clone(), bytes: Vec::new(), meant, end };
    let meant: Vec<_> = attack.meant.iter().cloned().collect();
    match attack.sees {
        Sees::Meant => seen.holds(number, &case(meant, End::Open)),
        Sees::Piece => seen.holds(number, &case(Vec::new(), End::Cut)),
        Sees::Perhaps => {
            let whole = seen.holds(number, &case(meant, End::Cut));
            whole.or_else(|why| seen.holds(number, &case(Vec::new(), End::Cut)).map_err(|_| why))
        }
    }
}

/// One attack between two good streams, and beside a good connection.
fn run(house: &House, beside: &mut Client, number: usize, attack: &Attack, ends: &mut Ends) -> Result<(), String> {
    let mut client = Client::new(house);
    client.good(1, &format!("/good/{number}/before"))?;
    client.connection.send(&attack.numbered(number));
    let behind = format!("/good/{number}/behind");
    if attack.gets != Gets::End {
        client.get(5, &behind);
        client.connection.send(&frame(PING, 0, 0, &[7; 8]));
    }
    match attack.gets {
        Gets::End => client.until(|client| client.ended.is_some())?,
        Gets::Nothing => client.until(|client| client.ended.is_some() || (client.fates.contains_key(&5) && client.pongs > 0))?,
        _ => client.until(|client| client.ended.is_some() || (client.fates.contains_key(&5) && client.fates.contains_key(&STREAM)))?,
    }
    let fate = client.fates.get(&STREAM);
    let is_own = |body: &[u8]| body == answer(number, attack).as_bytes();
    let kind = match (attack.gets, fate, client.ended) {
        (Gets::Answer | Gets::Late, Some(Fate::Answered(200, body)), None) if is_own(body) => "answered",
        (Gets::Refusal | Gets::No | Gets::Late, Some(Fate::Answered(400..500, _)), None) => "refused",
        (Gets::Refusal | Gets::No | Gets::Late, Some(Fate::Reset(_)), None) => "reset",
        (Gets::Nothing, None, None) => "left open",
        (Gets::End | Gets::No, None | Some(Fate::Reset(_)), Some(code)) if code != 0 => "connection ended",
        (_, fate, ended) => return Err(format!("it got {fate:?}, and the connection's end is {ended:?}")),
    };
    *ends.0.entry(kind).or_default() += 1;
    if client.ended.is_none() {
        client.expect(5, &behind)?;
    }
    let stream = 2 * u32::try_from(number).unwrap() + 1;
    beside.good(stream, &format!("/good/{number}/beside"))
}

/// What the back end says to the attack with this number, if it hears of it.
fn answer(number: usize, attack: &Attack) -> String {
    if attack.is_bare() { String::new() } else { format!("answer to /case/{number}") }
}
