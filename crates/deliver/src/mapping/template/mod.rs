//! Mapping templates: Velocity with `$input`, `$util`, `$context` and `$stageVariables`.
//!
//! A template is compiled once, JSONPaths that stand in it included, and rendered over [`Facts`]: a request on its way, or an event that
//! somebody made up for trying a template out. What a template overrides comes back beside its text.
//!
//! What is odd: an undefined member of `$context` or `$stageVariables` prints nothing, while an unknown variable prints its own name; a body
//! that is empty is `{}`; what `$input.json` does not find are two quotes; and lists that JSON brought print as JSON.

mod context;
mod convert;
mod facts;
mod input;
#[cfg(test)]
mod tests;
mod util;

use facts::Facts;
pub use facts::{Event, EventError};

use super::payload::Conversion;
use base::gate::{Buffer, Exchange, Overrides, Refusal, RefusalKind};
use context::Context;
use input::Input;
use jsonkit::Path;
use std::cell::{Cell, OnceCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use util::Util;
use vtl::{Limits, Value, Watch};

/// JSONPaths of one template that are compiled with it; others are compiled when they are met.
const PATHS_MAX: usize = 256;

/// A mapping template, ready.
#[derive(Debug)]
pub struct MappingTemplate {
    template: vtl::Template,
    /// The JSONPaths that stand in it between quotes.
    paths: Arc<Paths>,
    reads_body: bool,
    limits: Limits,
}

/// JSONPaths by their text.
pub(crate) type Paths = HashMap<Box<str>, Path>;

/// What a template made.
#[derive(Debug, Default)]
pub struct Rendered {
    pub text: String,
    /// What is in force of the overrides now: what was before, and what the template changed.
    pub overrides: Overrides,
}

impl MappingTemplate {
    /// Compiles a template.
    pub fn compile(text: &str) -> Result<MappingTemplate, vtl::Error> {
        let limits = Limits::DEFAULT;
        let template = vtl::Template::compile(text, &limits)?.silent();
        let reads_body = template.mentions("input");
        Ok(MappingTemplate { template, paths: Arc::new(paths_in(text)), reads_body, limits })
    }

    /// Whether it may look at the body.
    pub fn reads_body(&self) -> bool {
        self.reads_body
    }

    /// Renders it. `before` is what is overridden already; a `watch` sees each step.
    pub(crate) fn render(
        &self,
        facts: &Rc<Facts>,
        body: &Rc<str>,
        before: Option<&Overrides>,
        watch: Option<&mut dyn Watch>,
    ) -> Result<Rendered, vtl::Error> {
        let context: OnceCell<Rc<Context>> = OnceCell::new();
        let globals = |name: &str| match name {
            "input" => Value::host(Input::new(facts.clone(), body.clone(), self.paths.clone())),
            "util" => Value::host(Util),
            "context" => Value::Host(context.get_or_init(|| Rc::new(Context::new(facts.clone(), before))).clone()),
            "stageVariables" => Value::host(context::StageVariables(facts.clone())),
            _ => Value::Null,
        };
        // A buffer of the thread's: most answers fit, and nothing grows.
        let out = String::from_utf8(Buffer::take().into_vec()).unwrap_or_default();
        let text = self.template.render_into(out, &globals, &self.limits, watch);
        let overrides = match context.get() {
            Some(context) => context.take_overrides(),
            None => before.cloned().unwrap_or_default(),
        };
        Ok(Rendered { text: text?, overrides })
    }

    /// Renders it over an event.
    pub fn render_event(&self, event: Event, watch: Option<&mut dyn Watch>) -> Result<Rendered, vtl::Error> {
        let body = event.body.as_str().into();
        self.render(&Rc::new(Facts::Event(event)), &body, None, watch)
    }
}

/// Compiles and renders a template over variables alone, as plain Velocity: without `$input` and the others, and without AWS's silence.
pub fn render_plain(text: &str, variables: &jsonkit::Value) -> Result<String, vtl::Error> {
    let globals = |name: &str| variables.member(name).map_or(Value::Null, convert::to_java);
    vtl::Template::compile(text, &Limits::DEFAULT)?.render(&globals, &Limits::DEFAULT, None)
}

/// Renders a template for a request on its way, over a payload.
pub(super) fn render(template: &MappingTemplate, payload: &Rc<str>, ex: &mut Exchange) -> Result<Rendered, Refusal> {
    let before = ex.overrides.take();
    let rendered = template.render(&Lent::of(ex).facts, payload, before.as_deref(), None);
    ex.overrides = before;
    rendered.map_err(|why| {
        let because = format!("Unable to transform request: the mapping template fails at {why}");
        Refusal::of(RefusalKind::ApiConfigurationError, because)
    })
}

/// A request that is lent to a template, whose values must own what they look at. It comes back when this is dropped.
struct Lent<'e> {
    facts: Rc<Facts>,
    place: &'e mut Exchange,
}

thread_local! {
    /// An empty exchange that stands in for the one that is lent.
    static STAND_IN: Cell<Option<Rc<Facts>>> = const { Cell::new(None) };
}

impl Lent<'_> {
    fn of(place: &mut Exchange) -> Lent<'_> {
        let mut facts = STAND_IN.take().unwrap_or_else(|| Rc::new(Facts::Request(Exchange::new(place.lane.clone()))));
        if let Some(Facts::Request(stand_in)) = Rc::get_mut(&mut facts) {
            std::mem::swap(stand_in, place);
        }
        Lent { facts, place }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(Facts::Request(ex)) = Rc::get_mut(&mut self.facts) {
            std::mem::swap(ex, self.place);
            STAND_IN.set(Some(self.facts.clone()));
        } else if let Facts::Request(ex) = &*self.facts {
            // Values outlive a rendering only if it panicked in the middle.
            *self.place = ex.without_body();
        }
    }
}

/// A payload as a template sees it.
pub(super) fn text_of(bytes: &[u8], conversion: Conversion) -> Result<Rc<str>, Refusal> {
    match std::str::from_utf8(bytes) {
        Ok(text) if conversion == Conversion::Text => Ok(text.into()),
        _ => {
            let mut converted = Buffer::from(bytes.to_vec());
            conversion.apply(&mut converted)?;
            Ok(String::from_utf8_lossy(&converted).into())
        }
    }
}

/// The quoted texts of a template that are JSONPaths.
fn paths_in(text: &str) -> Paths {
    let mut paths = Paths::new();
    for quote in ['\'', '"'] {
        for piece in text.split(quote).skip(1) {
            if piece.starts_with('$')
                && paths.len() < PATHS_MAX
                && !paths.contains_key(piece)
                && let Ok(path) = Path::compile(piece)
            {
                paths.insert(piece.into(), path);
            }
        }
    }
    paths
}
