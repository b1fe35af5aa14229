//! The rings, and what stands in them. The ring of recent requests is written with each request and read by nearly none, so what counts
//! is how few lines of memory a request takes there: it is packed, in place, over the oldest.

use super::Kept;
use base::gate::{Among, Exchange, Notes, RefusalKind, RequestId, RouteFacts, Short, Stage, StageFacts, Upstream, Verdict};
use base::world::{Moment, Timestamp};
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// Bytes of a path, and of a host, that are kept.
const PATH_BYTES_MAX: usize = 160;
/// Notable requests kept of one API and one sort.
const NOTABLE_PER_SORT_MAX: usize = 64;
/// Pairs of API and sort that are kept.
const NOTABLE_SORTS_MAX: usize = 256;
/// Bytes of a request's texts that are kept in place. More go to a box.
const TEXT_BYTES: usize = 128;

/// One thread's memory of requests.
pub(in crate::runtime) struct Rings {
    recent: Vec<Packed>,
    recent_max: usize,
    /// Where the next goes, once the ring is full.
    next: usize,
    notable: HashMap<(Arc<str>, u16, &'static str), VecDeque<Packed>>,
    slow_ms: u64,
}

impl Rings {
    /// Rings for `recent_max` requests; those that took `slow_ms` or longer are notable.
    pub(in crate::runtime) fn new(recent_max: usize, slow_ms: u64) -> Rings {
        Rings { recent: Vec::new(), recent_max, next: 0, notable: HashMap::new(), slow_ms }
    }

    /// Keeps what was noted of a request. What is large of it is taken out of it.
    pub(in crate::runtime) fn keep(&mut self, ex: &mut Exchange) {
        let notes = &ex.notes;
        let slow = notes.done.since(notes.head).as_millis() as u64 >= self.slow_ms;
        let sort = match &notes.refused {
            Some((kind, _)) => Some(kind.word().unwrap_or("FRONT")),
            None if notes.status >= 500 => Some("BACKEND_5XX"),
            None if slow => Some("SLOW"),
            None => None,
        };
        if let Some(sort) = sort {
            let mut packed = Packed::default();
            packed.fill(ex);
            if self.recent_max > 0 {
                self.place().clone_from(&packed);
            }
            self.keep_notable(sort, packed);
        } else if self.recent_max > 0 {
            self.place().fill(ex);
        }
    }

    /// Where the next request goes: over the oldest.
    fn place(&mut self) -> &mut Packed {
        let at = if self.recent.len() < self.recent_max {
            self.recent.push(Packed::default());
            self.recent.len() - 1
        } else {
            let oldest = self.next;
            self.next = (oldest + 1) % self.recent_max;
            oldest
        };
        &mut self.recent[at]
    }

    fn keep_notable(&mut self, sort: &'static str, packed: Packed) {
        let api = packed.stage.as_ref().map_or_else(|| Arc::from(""), |stage| stage.api.clone());
        let key = (api, packed.status, sort);
        if !self.notable.contains_key(&key) && self.notable.len() >= NOTABLE_SORTS_MAX {
            let oldest = self.notable.iter().min_by_key(|(_, ring)| ring.back().map(|packed| packed.received)).map(|(key, _)| key.clone());
            oldest.map(|key| self.notable.remove(&key));
        }
        let ring = self.notable.entry(key).or_default();
        if ring.len() >= NOTABLE_PER_SORT_MAX {
            ring.pop_front();
        }
        ring.push_back(packed);
    }

    /// What is kept of a request.
    pub(in crate::runtime) fn find(&self, id: RequestId) -> Option<Kept> {
        let same = |packed: &&Packed| packed.id == id.bytes();
        // Who brings its own id may bring it again: the newest counts.
        let (newer, older) = self.recent.split_at(self.next.min(self.recent.len()));
        let recent = newer.iter().rev().chain(older.iter().rev());
        recent.chain(self.notable.values().flatten()).find(same).map(Packed::unpack)
    }
}

/// What is kept of one request.
#[derive(Clone, Default)]
struct Packed {
    id: [u8; 16],
    received: Timestamp,
    head: Moment,
    /// Microseconds from `head` on, and one more; 0 for what did not happen.
    done: u32,
    began: u32,
    connected: u32,
    answered: u32,
    /// Two bits for each step.
    verdicts: u32,
    status: u16,
    upstream_status: u16,
    sent_bytes: u64,
    quota_left: Option<u64>,
    tokens_left: Option<u32>,
    rest_from: u32,
    peer: Place,
    address: Place,
    attempts: u8,
    reused: bool,
    canary: Option<bool>,
    stage: Option<Arc<StageFacts>>,
    route: Option<Arc<RouteFacts>>,
    refused: Option<(RefusalKind, Cow<'static, str>)>,
    /// The function that was invoked, and what was wrong with it: a pointer where none was.
    function: Option<Box<Asked>>,
    /// Among whom the back end was chosen.
    among: Option<Box<Among>>,
    /// Verb, key, plan, host and path, one after the other.
    lengths: [u8; 5],
    text: Text,
}

/// An address and a port, without what IPv6 has beside them.
#[derive(Clone, Copy, Default)]
struct Place {
    ip: [u8; 16],
    port: u16,
}

/// Texts in place, or in a box where they are long.
#[derive(Clone)]
enum Text {
    Here([u8; TEXT_BYTES]),
    There(Box<[u8]>),
}

impl Default for Text {
    fn default() -> Text {
        Text::Here([0; TEXT_BYTES])
    }
}

/// A function by ARN, and its error.
type Asked = (Arc<str>, Option<Box<str>>);

/// Bytes of a function's error that are remembered.
const ERROR_BYTES_MAX: usize = 512;

/// The beginning of a text that may be long.
fn short(text: Box<str>) -> Box<str> {
    match text.len() {
        ..=ERROR_BYTES_MAX => text,
        _ => text[..text.floor_char_boundary(ERROR_BYTES_MAX)].into(),
    }
}

impl Packed {
    fn fill(&mut self, ex: &mut Exchange) {
        let (head, notes) = (&ex.request.head, &mut ex.notes);
        let upstream = &notes.upstream;
        self.id = ex.id.bytes();
        self.received = ex.received;
        self.head = notes.head;
        for (mine, moment) in [
            (&mut self.done, notes.done),
            (&mut self.began, upstream.began),
            (&mut self.connected, upstream.connected),
            (&mut self.answered, upstream.answered),
        ] {
            *mine = after(notes.head, moment);
        }
        self.verdicts = notes.verdicts.iter().fold(0, |bits, verdict| bits << 2 | *verdict as u32);
        self.status = notes.status;
        self.upstream_status = upstream.status;
        self.sent_bytes = notes.sent_bytes;
        self.quota_left = notes.quota_left;
        self.tokens_left = notes.tokens_left;
        self.rest_from = ex.place.rest_from as u32;
        self.peer = Place::of(ex.request.peer);
        self.address = upstream.address.map(Place::of).unwrap_or_default();
        self.attempts = upstream.attempts;
        self.reused = upstream.reused;
        self.canary = ex.place.canary;
        self.stage = ex.place.stage.take();
        self.route = ex.place.route.take();
        self.refused = notes.refused.take();
        self.function = notes.function.take().map(|function| Box::new((function, notes.function_error.take().map(short))));
        self.among = notes.among.take();
        let verb = Short::of(head.method_text());
        let texts = [verb.as_bytes(), notes.key.as_bytes(), notes.plan.as_bytes(), cut(head.host_name()), cut(head.path())];
        self.lengths = texts.map(|text| text.len() as u8);
        self.text.put(&texts);
    }

    fn unpack(&self) -> Kept {
        let mut from = 0;
        let bytes = self.text.bytes();
        let [verb, key, plan, host, path] = self.lengths.map(|length| {
            let text = &bytes[from..from + usize::from(length)];
            from += usize::from(length);
            // They were texts, cut at characters.
            String::from_utf8_lossy(text).into_owned()
        });
        let at = |offset: u32| match offset {
            0 => Moment::default(),
            some => Moment(self.head.0 + u64::from(some - 1) * 1_000),
        };
        let step = |n: usize| match self.verdicts >> (2 * (Stage::ALL.len() - 1 - n)) & 3 {
            1 => Verdict::Absent,
            2 => Verdict::Passed,
            3 => Verdict::Refused,
            _ => Verdict::NotReached,
        };
        let upstream = Upstream {
            address: (self.attempts > 0).then(|| self.address.read()).filter(|address| address.port() > 0),
            reused: self.reused,
            attempts: self.attempts,
            began: at(self.began),
            connected: at(self.connected),
            answered: at(self.answered),
            status: self.upstream_status,
        };
        let notes = Notes {
            verdicts: std::array::from_fn(step),
            key: Short::of(&key),
            plan: Short::of(&plan),
            quota_left: self.quota_left,
            tokens_left: self.tokens_left,
            upstream,
            refused: self.refused.clone(),
            among: self.among.clone(),
            function: self.function.as_ref().map(|told| told.0.clone()),
            function_error: self.function.as_ref().and_then(|told| told.1.clone()),
            status: self.status,
            sent_bytes: self.sent_bytes,
            head: self.head,
            done: at(self.done),
            ..Notes::default()
        };
        Kept {
            id: RequestId::of(self.id),
            received: self.received,
            peer: self.peer.read(),
            verb,
            host,
            path,
            rest_from: self.rest_from as usize,
            stage: self.stage.clone(),
            route: self.route.clone(),
            canary: self.canary,
            notes,
        }
    }
}

/// Microseconds from `head` to `moment`, and one more; 0 if it never was.
fn after(head: Moment, moment: Moment) -> u32 {
    if moment == Moment::default() {
        return 0;
    }
    let microseconds = moment.0.saturating_sub(head.0) / 1_000;
    u32::try_from(microseconds).unwrap_or(u32::MAX - 1).saturating_add(1)
}

fn cut(text: &str) -> &[u8] {
    // Hosts and targets are checked to be ASCII, so every byte is a character.
    &text.as_bytes()[..text.len().min(PATH_BYTES_MAX)]
}

impl Text {
    fn put(&mut self, texts: &[&[u8]]) {
        let whole: usize = texts.iter().map(|text| text.len()).sum();
        if whole > TEXT_BYTES {
            *self = Text::There(texts.concat().into());
            return;
        }
        if let Text::There(_) = self {
            *self = Text::default();
        }
        let Text::Here(bytes) = self else { return };
        let mut from = 0;
        for text in texts {
            bytes[from..from + text.len()].copy_from_slice(text);
            from += text.len();
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Text::Here(bytes) => bytes,
            Text::There(bytes) => bytes,
        }
    }
}

impl Place {
    fn of(address: SocketAddr) -> Place {
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Place { ip: ip.octets(), port: address.port() }
    }

    fn read(self) -> SocketAddr {
        SocketAddr::new(Ipv6Addr::from(self.ip).to_canonical(), self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::gate::Lane;
    use base::world::{Clock, Dice};
    use std::rc::Rc;
    use std::time::Duration;

    fn exchange(clock: &Clock, target: &str) -> Exchange {
        let lane = Rc::new(Lane::new(0, 0, clock.clone(), Dice::new()));
        let mut ex = Exchange::new(lane);
        let head = h1::RequestHead::build("GET", target, h1::Version::Http11).push("Host", b"a1.execute-api.x:80");
        ex.request.head = head.finish().unwrap();
        ex.arrive();
        ex.notes.status = 200;
        ex
    }

    #[test]
    fn a_place_in_the_ring_is_few_lines_of_memory() {
        assert!(size_of::<Packed>() <= 6 * 64, "{}", size_of::<Packed>());
    }

    #[test]
    fn what_was_packed_comes_out_as_it_went_in() {
        let clock = Clock::manual(Timestamp(1_428_582_896_000));
        clock.advance(Duration::from_secs(5));
        let mut rings = Rings::new(4, 1_000_000);
        let long = format!("/{}", "p".repeat(150));
        for target in ["/pets/1?x=1", &long] {
            let mut ex = exchange(&clock, target);
            ex.notes.mark(Stage::Host, Verdict::Passed);
            ex.notes.mark(Stage::Cache, Verdict::Absent);
            ex.notes.mark(Stage::IntegrationResponse, Verdict::Refused);
            ex.notes.key = Short::of("key1234567");
            (ex.notes.quota_left, ex.notes.tokens_left, ex.notes.sent_bytes) = (Some(7), Some(0), 1 << 40);
            ex.request.peer = "[2001:db8::1]:4711".parse().unwrap();
            ex.notes.upstream.address = Some("127.0.0.1:3000".parse().unwrap());
            (ex.notes.upstream.attempts, ex.notes.upstream.status) = (1, 201);
            ex.notes.upstream.began = clock.now();
            clock.advance(Duration::from_micros(1_234_567));
            ex.notes.done = clock.now();
            let (id, notes) = (ex.id, ex.notes.clone());
            rings.keep(&mut ex);
            let kept = rings.find(id).unwrap();
            let path = target.split('?').next().unwrap();
            assert_eq!((kept.verb.as_str(), kept.host.as_str(), kept.path.as_str()), ("GET", "a1.execute-api.x", path));
            assert_eq!((kept.id, kept.peer), (id, "[2001:db8::1]:4711".parse().unwrap()));
            assert_eq!(kept.notes.verdicts, notes.verdicts);
            assert_eq!((kept.notes.key, kept.notes.plan), (notes.key, notes.plan));
            assert_eq!((kept.notes.quota_left, kept.notes.tokens_left, kept.notes.sent_bytes), (Some(7), Some(0), 1 << 40));
            let (mine, theirs) = (kept.notes.upstream, notes.upstream);
            assert_eq!((mine.address, mine.attempts, mine.status), (theirs.address, 1, 201));
            assert_eq!((mine.began, mine.answered), (theirs.began, Moment::default()));
            assert_eq!(kept.notes.done.since(kept.notes.head), Duration::from_micros(1_234_567));
        }
    }

    #[test]
    fn the_newest_requests_are_kept_and_the_oldest_go() {
        let clock = Clock::manual(Timestamp(0));
        let mut rings = Rings::new(3, 1_000_000);
        let ids: Vec<RequestId> = (0..8)
            .map(|_| {
                let mut ex = exchange(&clock, "/");
                rings.keep(&mut ex);
                ex.id
            })
            .collect();
        let found: Vec<bool> = ids.iter().map(|id| rings.find(*id).is_some()).collect();
        assert_eq!(found, [false, false, false, false, false, true, true, true]);
    }

    #[test]
    fn a_flood_does_not_wash_a_failure_away() {
        let clock = Clock::manual(Timestamp(0));
        let mut rings = Rings::new(2, 1_000_000);
        let mut failed = exchange(&clock, "/");
        failed.notes.status = 502;
        rings.keep(&mut failed);
        (0..100).for_each(|_| rings.keep(&mut exchange(&clock, "/")));
        assert_eq!(rings.find(failed.id).map(|kept| kept.notes.status), Some(502));
    }
}
