//! The Velocity template language, as Apache Velocity 1.7 has it and API Gateway's mapping templates use it.
//!
//! ```text
//! text ── compile ──► Template ── render (with what the caller answers for $input, $util, $context …) ──► text
//! ```
//!
//! A template is compiled once, to a tree with numbers for names, and rendered any number of times, by any thread. There is no I/O and
//! no clock. A template cannot hang, flood, overflow the stack or panic: all that it may cost is in [`Limits`].
//!
//! What is odd, all of it seen of Velocity 1.7 itself:
//!
//! * A reference to nothing prints its own source, `$!name` prints nothing; `#set` with nothing on the right sets nothing.
//! * `$n-1` is a variable whose name has a minus in it, and `$n -1` does not compile: subtraction needs blanks on both sides.
//! * A directive's `)`, `#end` and `#else` take the line break after them, and `#set` the blanks before it, if nothing else stands there.
//! * `\$name` prints `$name` if there is such a thing and `\$name` if not; backslashes before text are text.
//! * A macro's arguments are passed by name, and what a macro sets is set outside of it too.
//! * `#if(1)` does not hold: strings, numbers and lists are never true by themselves, only what references hold is.
//! * A `$` or `#` as the very last character is an error.
//!
//! AWS has neither `#include` nor `#parse` nor `#evaluate`: rendering one is an error. (believed)

mod error;
mod host;
mod limits;
mod map;
mod methods;
mod parse;
mod run;
mod source;
mod text;
mod tree;
mod value;
mod watch;

pub use error::{Cause, Error, Fault, Place};
pub use host::Host;
pub use limits::Limits;
pub use map::Map;
pub use source::{ListSource, MapSource};
pub use text::Text;
pub use value::{Block, List, Loop, Style, Value};
pub use watch::{Event, Watch};

/// A compiled template.
#[derive(Debug)]
pub struct Template {
    program: tree::Program,
}

impl Template {
    /// Compiles a text, or says where it is no template.
    pub fn compile(text: &str, limits: &Limits) -> Result<Self, Error> {
        parse::compile(text, limits).map(|program| Self { program })
    }

    /// Renders. `globals` is asked for each variable that the template reads and has not set, once for each name; `Value::Null` means that
    /// there is none. `watch` is told of each directive and reference.
    pub fn render(&self, globals: &dyn Fn(&str) -> Value, limits: &Limits, watch: Option<&mut dyn Watch>) -> Result<String, Error> {
        self.render_into(String::with_capacity(self.program.pool.len() + 256), globals, limits, watch)
    }

    /// Renders into an empty text of the caller's, which has room already.
    pub fn render_into(
        &self,
        out: String,
        globals: &dyn Fn(&str) -> Value,
        limits: &Limits,
        watch: Option<&mut dyn Watch>,
    ) -> Result<String, Error> {
        match watch {
            Some(watch) => run::render(&self.program, out, globals, limits, Some(&mut Through(watch))),
            None => run::render(&self.program, out, globals, limits, None),
        }
    }

    /// From now on a reference that begins with a known variable and leads nowhere is [`Value::Absent`], and prints nothing: as AWS has it,
    /// where Velocity prints the reference as it is written (seen: a list's `.nested`, and `put` of a new key).
    pub fn silent(mut self) -> Self {
        self.program.is_silent = true;
        self
    }

    /// Whether a variable of this name stands anywhere in the text.
    pub fn mentions(&self, name: &str) -> bool {
        self.program.names.iter().any(|known| &**known == name)
    }
}

/// Gives a borrowed watch the life of a rendering.
struct Through<'w>(&'w mut dyn Watch);

impl Watch for Through<'_> {
    fn saw(&mut self, place: Place, event: Event<'_>) {
        self.0.saw(place, event);
    }
}

/// A value as Java's `toString` writes it; null is `null`. Fails when it is nested deeper than 100 or longer than a string may be.
pub fn print_java(value: &Value) -> Result<String, Fault> {
    run::java_text(value, &Limits::DEFAULT)
}

/// A value as compact JSON. Fails as [`print_java`] does.
pub fn print_json(value: &Value) -> Result<String, Fault> {
    run::json_text(value, &Limits::DEFAULT)
}

// A template is shared between threads.
const _: fn() = || {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Template>();
};
