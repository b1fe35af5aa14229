//! Rendering: the tree, walked once, straight into the output.

mod expression;
mod fuel;
mod print;
mod reference;
mod statement;
mod variables;

pub(crate) use fuel::Fuel;
pub(crate) use print::{java_text, json_text};

use crate::error::{Error, Fault, Place};
use crate::limits::Limits;
use crate::parse::place_in;
use crate::tree::{Offset, Program, Span};
use crate::value::Value;
use crate::watch::{Event, Watch};
use variables::Frame;

/// Why rendering does not go on here.
pub(crate) enum Halt {
    Error(Box<(Offset, Fault)>),
    /// `#break`, of the loop, macro or block around it.
    Break,
    /// `#break($foreach.parent)`: of the loop with this depth.
    BreakOf(u32),
    Stop,
}

impl Halt {
    fn new(at: Offset, fault: Fault) -> Self {
        Self::Error(Box::new((at, fault)))
    }
}

type Rendered<T> = Result<T, Halt>;

/// Says where a fault happened.
trait At<T> {
    fn at(self, at: Offset) -> Rendered<T>;
}

impl<T> At<T> for Result<T, Fault> {
    fn at(self, at: Offset) -> Rendered<T> {
        self.map_err(|fault| Halt::new(at, fault))
    }
}

pub(crate) struct Render<'t, 'r> {
    program: &'t Program,
    globals: &'r dyn Fn(&str) -> Value,
    limits: &'r Limits,
    /// What each variable holds; none before it is asked for.
    slots: Vec<Option<Value>>,
    frames: Vec<Frame<'t>>,
    /// The innermost scope.
    frame: Option<usize>,
    out: String,
    /// The directive or reference that is rendered: the place of what has none of its own.
    here: Offset,
    fuel: Fuel<'r>,
    /// How many loops are around.
    loops: u32,
    /// How many macros are around.
    macros: u32,
    /// How often each block is within itself.
    block_depths: Vec<u32>,
    watch: Option<&'r mut dyn Watch>,
}

pub(crate) fn render<'r>(
    program: &Program,
    out: String,
    globals: &'r dyn Fn(&str) -> Value,
    limits: &'r Limits,
    watch: Option<&'r mut dyn Watch>,
) -> Result<String, Error> {
    let mut render = Render {
        program,
        globals,
        limits,
        slots: vec![None; program.names.len()],
        frames: Vec::new(),
        frame: None,
        out,
        here: 0,
        fuel: Fuel::new(limits),
        loops: 0,
        macros: 0,
        block_depths: vec![0; program.blocks.len()],
        watch,
    };
    match render.body(&program.body) {
        Ok(()) | Err(Halt::Break | Halt::BreakOf(_) | Halt::Stop) => Ok(render.out),
        Err(Halt::Error(error)) => {
            let (at, fault) = *error;
            Err(fault.at(render.place(at)))
        }
    }
}

impl<'t> Render<'t, '_> {
    fn place(&self, at: Offset) -> Place {
        place_in(&self.program.pool, &self.program.lines, at)
    }

    /// Tells who watches, if anybody does; the event is made only then.
    fn tell<'e>(&mut self, at: Offset, event: impl FnOnce(&'t Program) -> Event<'e>)
    where
        't: 'e,
    {
        if self.watch.is_some() {
            let place = self.place(at);
            if let Some(watch) = &mut self.watch {
                watch.saw(place, event(self.program));
            }
        }
    }

    /// Where literal text stands.
    fn place_of_text(&self, span: Span) -> Offset {
        if span.start < self.program.text_bytes { span.start } else { self.here }
    }

    fn write(&mut self, text: &str, at: Offset) -> Rendered<()> {
        if self.out.len() + text.len() > self.limits.output_bytes_max {
            return Err(Halt::new(at, Fault::limit("output_bytes_max", self.limits.output_bytes_max)));
        }
        self.out.push_str(text);
        Ok(())
    }

    fn write_span(&mut self, span: Span, at: Offset) -> Rendered<()> {
        if span.start == span.end {
            return Ok(());
        }
        let program = self.program;
        self.write(program.text(span), at)
    }

    /// Renders into a string of its own.
    fn aside(&mut self, render: impl FnOnce(&mut Self) -> Rendered<()>) -> Rendered<String> {
        let outer = std::mem::take(&mut self.out);
        let result = render(self);
        let made = std::mem::replace(&mut self.out, outer);
        result.map(|()| made)
    }
}

impl Value {
    /// A list, a map or a scalar where a host's object stands for one.
    fn plain(self, at: Offset) -> Rendered<Value> {
        self.unfolded().at(at)
    }
}
