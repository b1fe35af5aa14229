//! Every operation's input from the wire. An input is requests, one after the other on the same control plane: a line `VERB target`,
//! the body in the lines below it, and a line of `---` before the next.

use crate::control::World;

/// Requests of one input.
const REQUESTS_MAX: usize = 16;

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let world = World::new();
    for request in text.split("\n---\n").take(REQUESTS_MAX) {
        let (line, body) = request.split_once('\n').unwrap_or((request, ""));
        let (verb, target) = line.split_once(' ').unwrap_or((line, ""));
        let _answer = world.ask(verb, target, body);
    }
}
