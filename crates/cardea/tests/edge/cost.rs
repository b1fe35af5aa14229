//! What a request and an idle connection cost, counted by the allocator of this test program.

use crate::house::{Client, Desk, House};
use cardea::edge::Connection;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what each thread allocates.
struct Counting;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

fn count(calls: u64, bytes: i64) {
    // A thread that ends counts no more.
    let _ended = CALLS.try_with(|all| all.set(all.get() + calls));
    let _ended = BYTES.try_with(|all| all.set(all.get() + bytes));
}

#[expect(unsafe_code, reason = "an allocator can be counted in no other way; it is the system's, and these are the tests")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(0, -(layout.size() as i64));
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size as i64 - layout.size() as i64);
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

impl House {
    /// Allocations of the first data thread so far, and the bytes it holds.
    fn spent(&self) -> (u64, i64) {
        self.on(0, |_| (CALLS.get(), BYTES.get()))
    }

    /// Allocations for each of many requests like this, once everything is warm.
    fn allocations(&self, mut ask: impl FnMut(&mut Client)) -> f64 {
        const REQUESTS: u32 = 1_000;
        let mut client = self.client();
        for _ in 0..100 {
            ask(&mut client);
        }
        let before = self.spent().0;
        for _ in 0..REQUESTS {
            ask(&mut client);
        }
        (self.spent().0 - before) as f64 / f64::from(REQUESTS)
    }
}

#[test]
fn a_warm_request_without_a_body_allocates_once_for_what_the_desk_itself_does() {
    let house = House::new();
    let each = house.allocations(|client| assert_eq!(client.get("/lean").text(), "hello"));
    // The one is this desk's copy of the path. The edge allocates nothing; the hundredth part is for the wheel and the questions.
    assert!(each <= 1.01, "{each}");
}

#[test]
fn a_warm_request_with_a_body_allocates_once_more_for_the_way_to_its_body() {
    let house = House::new();
    let each = house.allocations(|client| {
        client.send("POST /lean HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(client.answer().text(), "hello");
    });
    assert!(each <= 2.01, "{each}");
}

#[test]
fn the_future_of_an_idle_connection_is_under_a_tenth_of_a_kilobyte() {
    let bytes = size_of::<Connection<tokio::net::TcpStream, Desk>>();
    assert!(bytes <= 100, "{bytes}");
}

#[test]
fn an_idle_connection_costs_less_than_two_kilobytes() {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let descriptors = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse::<usize>().ok());
    // Both ends are in this process, and the other tests have some.
    let count = descriptors.map_or(2_000, |max| max.saturating_sub(400) / 2).min(2_000);
    let house = House::new();
    let mut warm: Vec<Client> = (0..10).map(|_| house.client()).collect();
    warm.iter_mut().for_each(|client| assert_eq!(client.get("/lean").status, 200));
    let before = house.spent().1;
    let mut clients: Vec<Client> = (0..count).map(|_| house.client()).collect();
    clients.iter_mut().for_each(|client| assert_eq!(client.get("/lean").status, 200));
    let each = (house.spent().1 - before) / count as i64;
    println!("{each} bytes for each of {count} idle connections");
    assert!(each > 100 && each < 2_048, "{each} bytes");
}
