//! Watching a rendering: for a trace.

use crate::error::Place;
use crate::value::Value;

/// Something that a rendering did.
#[derive(Debug)]
pub enum Event<'a> {
    /// A reference in the text was printed; `source` is how it is written.
    Reference { source: &'a str, value: &'a Value },
    /// `#set` gave a value to something, or found none to give (`Null`: nothing was set).
    Set { source: &'a str, value: &'a Value },
    /// A condition of `#if` or `#elseif`.
    Condition { directive: &'static str, holds: bool },
    /// A turn of `#foreach`, counted from 1.
    Turn { variable: &'a str, count: u32, value: &'a Value },
    /// `#foreach` over something that has no items.
    NoLoop { value: &'a Value },
    /// A macro was called.
    Macro { name: &'a str },
    /// `#stop`, `#break`, `#define`.
    Directive { name: &'static str },
}

/// Is told each directive and each reference, in order, with its place and its value.
pub trait Watch {
    fn saw(&mut self, place: Place, event: Event<'_>);
}
