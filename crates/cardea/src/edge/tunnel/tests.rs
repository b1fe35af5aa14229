use super::*;
use base::world::{Clock, Timestamp};
use std::collections::VecDeque;
use std::task::Waker;

/// An end of a tunnel, as a script.
#[derive(Default)]
struct Scripted {
    /// What is there to receive; an empty piece is the end, nothing at all is silence.
    brings: VecDeque<Vec<u8>>,
    breaks: bool,
    took: Vec<u8>,
    /// How much more it takes.
    room: usize,
    refuses: bool,
    was_shut: bool,
}

impl TunnelEnd for Scripted {
    fn poll_arrived(&mut self, _: &mut Context<'_>) -> Poll<()> {
        if self.brings.is_empty() && !self.breaks { Poll::Pending } else { Poll::Ready(()) }
    }
    fn poll_receive(&mut self, _: &mut Context<'_>, into: &mut Vec<u8>) -> Poll<io::Result<usize>> {
        match self.brings.pop_front() {
            Some(piece) => {
                into.extend_from_slice(&piece);
                Poll::Ready(Ok(piece.len()))
            }
            None if self.breaks => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            None => Poll::Pending,
        }
    }
    fn poll_send(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.refuses {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let sent = bytes.len().min(self.room);
        if sent == 0 {
            return Poll::Pending;
        }
        self.room -= sent;
        self.took.extend_from_slice(&bytes[..sent]);
        Poll::Ready(Ok(sent))
    }
    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shut(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.was_shut = true;
        Poll::Ready(Ok(()))
    }
}

struct Bench {
    clock: Clock,
    deadlines: Deadlines,
    copying: Copying,
    client: Scripted,
    backend: Scripted,
}

const SECOND: Duration = Duration::from_secs(1);

impl Bench {
    /// A tunnel that may idle for 10 s, last 100 s, and linger for 2 s.
    fn new() -> Bench {
        let clock = Clock::manual(Timestamp(0));
        let deadlines = Deadlines::new(clock.now());
        let limits = Limits { tunnel_idle_ms: 10_000, tunnel_ms_max: 100_000, tunnel_linger_ms: 2_000, ..Limits::default() };
        let open = || Scripted { room: usize::MAX, ..Scripted::default() };
        Bench { copying: Copying::new(&deadlines, &limits), clock, deadlines, client: open(), backend: open() }
    }

    fn poll(&mut self) -> Option<End> {
        let mut cx = Context::from_waker(Waker::noop());
        match self.copying.poll(&mut cx, &mut self.client, &mut self.backend) {
            Poll::Ready(end) => Some(end),
            Poll::Pending => None,
        }
    }

    fn after(&mut self, wait: Duration) -> Option<End> {
        self.clock.advance(wait);
        self.deadlines.advance(self.clock.now());
        self.poll()
    }
}

#[test]
fn bytes_go_both_ways_in_their_order_and_silence_holds_no_buffer() {
    let mut bench = Bench::new();
    for piece in ["one ", "two ", "three"] {
        bench.client.brings.push_back(piece.into());
        bench.backend.brings.push_back(piece.to_uppercase().into());
    }
    assert_eq!(bench.poll(), None);
    assert_eq!((&bench.backend.took[..], &bench.client.took[..]), (&b"one two three"[..], &b"ONE TWO THREE"[..]));
    assert_eq!((bench.copying.up.bytes, bench.copying.down.bytes), (13, 13));
    assert_eq!((bench.copying.up.held.capacity(), bench.copying.down.held.capacity()), (0, 0));
}

#[test]
fn one_who_takes_nothing_holds_the_other_back_at_one_buffer_and_not_the_other_way() {
    let mut bench = Bench::new();
    bench.backend.brings = (0..100).map(|_| vec![b'x'; 1024]).collect();
    bench.client.brings.push_back(b"hello".into());
    bench.client.room = 10;
    assert_eq!(bench.poll(), None);
    assert_eq!((bench.client.took.len(), bench.backend.brings.len()), (10, 99), "the next piece waits where it is");
    assert_eq!(bench.backend.took, b"hello");
    bench.client.room = usize::MAX;
    while !bench.backend.brings.is_empty() {
        assert_eq!(bench.poll(), None);
    }
    bench.poll();
    assert_eq!(bench.client.took.len(), 100 * 1024);
}

#[test]
fn a_flood_leaves_others_their_turn() {
    let mut bench = Bench::new();
    bench.backend.brings = (0..100).map(|_| vec![b'x']).collect();
    assert_eq!(bench.poll(), None);
    assert!(bench.client.took.len() <= BUFFERS_PER_TURN_MAX, "{}", bench.client.took.len());
}

#[test]
fn an_end_is_passed_on_behind_what_came_before_it_and_the_other_way_has_its_moment() {
    let mut bench = Bench::new();
    bench.client.brings.extend([b"bye".to_vec(), Vec::new()]);
    assert_eq!(bench.poll(), None);
    assert!(bench.backend.was_shut && !bench.client.was_shut);
    assert_eq!(bench.backend.took, b"bye");
    bench.backend.brings.push_back(b"bye, too".into());
    assert_eq!(bench.after(SECOND), None);
    assert_eq!(bench.client.took, b"bye, too");
    bench.backend.brings.push_back(Vec::new());
    assert_eq!(bench.poll(), Some(End::Closed));
    assert!(bench.client.was_shut);
}

#[test]
fn an_end_that_is_never_answered_is_not_waited_for() {
    let mut bench = Bench::new();
    bench.backend.brings.push_back(Vec::new());
    assert_eq!(bench.poll(), None);
    for _ in 0..19 {
        // Talking on does not help.
        bench.client.brings.push_back(b"x".into());
        assert_eq!(bench.after(SECOND / 10), None);
    }
    assert_eq!(bench.after(SECOND), Some(End::Closed));
}

#[test]
fn an_end_that_breaks_off_is_the_end_but_a_last_word_is_heard() {
    for client_breaks in [true, false] {
        let mut bench = Bench::new();
        if client_breaks {
            bench.client.breaks = true
        } else {
            bench.backend.breaks = true
        }
        assert_eq!(bench.poll(), Some(End::Broken));
    }
    let mut bench = Bench::new();
    bench.client.refuses = true;
    bench.backend.brings.push_back(b"x".into());
    assert_eq!(bench.poll(), Some(End::Broken), "there is nobody to tell");
    let mut bench = Bench::new();
    bench.backend.refuses = true;
    bench.client.brings.push_back(b"x".into());
    assert_eq!(bench.poll(), None);
    bench.backend.brings.extend([b"going away".to_vec(), Vec::new()]);
    assert_eq!(bench.poll(), Some(End::Closed));
    assert_eq!(bench.client.took, b"going away");
}

#[test]
fn idling_is_without_traffic_either_way_and_a_life_ends_anyhow() {
    let mut bench = Bench::new();
    assert_eq!(bench.after(9 * SECOND), None);
    bench.backend.brings.push_back(b"x".into());
    assert_eq!(bench.after(SECOND / 2), None);
    assert_eq!(bench.after(9 * SECOND), None);
    bench.client.brings.push_back(b"x".into());
    assert_eq!(bench.after(SECOND / 2), None);
    assert_eq!(bench.after(9 * SECOND), None);
    assert_eq!(bench.after(2 * SECOND), Some(End::Idle));
    let mut bench = Bench::new();
    for _ in 0..99 {
        bench.client.brings.push_back(b"x".into());
        assert_eq!(bench.after(SECOND), None);
    }
    bench.client.brings.push_back(b"x".into());
    assert_eq!(bench.after(2 * SECOND), Some(End::Over));
}

#[test]
fn one_who_takes_nothing_idles() {
    let mut bench = Bench::new();
    bench.client.room = 0;
    bench.backend.brings.push_back(b"x".into());
    assert_eq!(bench.poll(), None);
    assert_eq!(bench.after(11 * SECOND), Some(End::Idle));
}

#[test]
fn a_drain_brings_the_end_near_once() {
    let mut bench = Bench::new();
    bench.copying.hurry(3 * SECOND);
    assert_eq!(bench.after(2 * SECOND), None);
    bench.copying.hurry(3 * SECOND);
    assert_eq!(bench.after(2 * SECOND), Some(End::Over));
}

#[test]
fn open_tunnels_are_counted_while_they_are() {
    let tunnels = Tunnels::default();
    let (one, two) = (tunnels.enter(), tunnels.enter());
    assert_eq!(tunnels.clone().open(), 2);
    drop((one, two));
    assert_eq!(tunnels.open(), 0);
}
