//! The work: routes, keys and requests, the same for everybody.

use std::fmt::Write;

/// Routes of the API under test.
pub(crate) const ROUTES: usize = 100;
/// API keys of which each request has one.
pub(crate) const KEYS: usize = 10_000;

/// A key's value: 36 characters, as AWS's are 30 or more.
pub(crate) fn key(number: usize) -> String {
    format!("key-{number:05}-abcdefghijklmnopqrstuvwxyz")
}

/// A route's fixed first segment; `items` and a parameter follow.
pub(crate) fn route(number: usize) -> String {
    format!("svc{number:02}")
}

/// Requests with every key once, to routes and items in scattered order. Seven header fields each.
pub(crate) fn requests(host: &str, before: &str) -> Vec<Vec<u8>> {
    // The same dice for everybody.
    let mut dice = fastrand::Rng::with_seed(22);
    let mut keys: Vec<usize> = (0..KEYS).collect();
    dice.shuffle(&mut keys);
    keys.into_iter().map(|key| request(host, before, dice.usize(..ROUTES), key)).collect()
}

fn request(host: &str, before: &str, to: usize, with: usize) -> Vec<u8> {
    with_key(host, before, to, with, &format!("x-api-key: {}\r\n", key(with)))
}

/// A request without a key, which everybody must refuse.
pub(crate) fn keyless(host: &str, before: &str) -> Vec<u8> {
    with_key(host, before, 1, 1, "")
}

fn with_key(host: &str, before: &str, to: usize, item: usize, field: &str) -> Vec<u8> {
    let mut text = String::with_capacity(400);
    write!(
        text,
        "GET {before}/{}/items/it{item:05} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: cardea-bench/1\r\nAccept: application/json\r\n\
         Accept-Encoding: gzip, deflate\r\nAccept-Language: en\r\n{field}X-Trace: 1-67891233-abcdef012345678912345678\r\n\r\n",
        route(to)
    )
    .expect("a string takes what is written to it");
    text.into_bytes()
}
