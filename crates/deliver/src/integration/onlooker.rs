//! Who looks on while a method is tried out: the execution log of `TestInvokeMethod`. Where nobody looks, nothing is done for it.

/// Somebody who is told what goes to a back end, and what comes back.
pub trait Onlooker {
    /// Whether anybody looks. Answers are then read whole before they are mapped.
    const LOOKS: bool;

    /// A request goes out: its URL up to the path, its head as it is written, its body where it is here.
    fn asked(&mut self, origin: &str, head: &[u8], body: &[u8]);

    /// An answer is here, whole; its head came after so many milliseconds.
    fn answered(&mut self, status: u16, latency_ms: u64, fields: &h1::Fields, body: &[u8]);

    /// Something is worth a line of its own.
    fn noted(&mut self, line: &str);
}

/// Nobody.
impl Onlooker for () {
    const LOOKS: bool = false;
    fn asked(&mut self, _: &str, _: &[u8], _: &[u8]) {}
    fn answered(&mut self, _: u16, _: u64, _: &h1::Fields, _: &[u8]) {}
    fn noted(&mut self, _: &str) {}
}
