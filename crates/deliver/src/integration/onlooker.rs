//! Who looks on while a method is carried out: execution logs, and `TestInvokeMethod`. Where nobody looks, nothing is done for it.

use base::gate::{Reply, RequestBody, Story};
use std::rc::Rc;

/// Somebody who is told what goes to a back end, and what comes back.
pub trait Onlooker {
    /// Whether anybody looks.
    const LOOKS: bool;

    /// A request goes out: its URL up to the path, its head as it is written, its body.
    fn asked(&mut self, origin: &str, head: &[u8], body: &RequestBody);

    /// The head of an answer is here, after so many milliseconds. Its body may still be on its way: who wants to see it looks at it as it
    /// passes.
    fn answered(&mut self, latency_ms: u64, reply: &mut Reply);

    /// Something is worth a line of its own.
    fn noted(&mut self, line: &str);
}

/// Nobody.
impl Onlooker for () {
    const LOOKS: bool = false;
    fn asked(&mut self, _: &str, _: &[u8], _: &RequestBody) {}
    fn answered(&mut self, _: u64, _: &mut Reply) {}
    fn noted(&mut self, _: &str) {}
}

impl Onlooker for Rc<Story> {
    const LOOKS: bool = true;

    fn asked(&mut self, origin: &str, head: &[u8], body: &RequestBody) {
        Story::asked(self, origin, head, body);
    }

    fn answered(&mut self, latency_ms: u64, reply: &mut Reply) {
        Story::answered(self, latency_ms, reply);
    }

    fn noted(&mut self, line: &str) {
        self.note(line);
    }
}
