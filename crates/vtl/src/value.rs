//! Values: what a variable can hold.
//!
//! Lists and maps are shared and can be changed by all who hold them, as Java's references can. Nothing holds itself: what would close a
//! ring is refused when it is put (see `Fuel::knots`), so a rendering leaves no memory behind.

use crate::host::Host;
use crate::map::Map;
use crate::source::ListSource;
use crate::text::Text;
use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::rc::Rc;

/// What a reference or an expression comes to.
#[derive(Clone, Default)]
pub enum Value {
    /// Nothing there: a reference to it prints its own source, `#set` does not set it.
    #[default]
    Null,
    /// Nothing there, of a host whose nothing prints nothing: as `Null` it is false and equals null, but it can be set, equals `""`, and
    /// whatever is asked of it is absent again. (AWS: an absent `$input.path`, an unknown `$context` member)
    Absent,
    Bool(bool),
    /// Java's `Integer` and `Long`.
    Int(i64),
    /// An integer beyond `Long`: Java's `BigInteger`, here of 128 bits.
    Big(Box<i128>),
    Double(f64),
    Str(Text),
    List(List),
    Map(Map),
    /// Of `entrySet()`.
    Entry(Rc<(Value, Value)>),
    /// Something from outside.
    Host(Rc<dyn Host>),
    /// What `#define` made.
    Block(Block),
    /// `$foreach` and its parents.
    Loop(Loop),
}

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Absent)
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A host's object as a value.
    pub fn host(host: impl Host + 'static) -> Self {
        Self::Host(Rc::new(host))
    }

    /// What Java would call it, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null | Self::Absent => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::Big(_) => "integer",
            Self::Double(_) => "number",
            Self::Str(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Entry(_) => "entry",
            Self::Host(host) => host.kind(),
            Self::Block(_) => "block",
            Self::Loop(_) => "loop",
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Big(_) | Self::Double(_))
    }

    pub(crate) fn holds_values(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_) | Self::Entry(_))
    }

    /// What a host's object stands for, where it stands for a list, a map or a scalar; all else as it is.
    pub(crate) fn unfolded(self) -> Result<Self, crate::Fault> {
        match &self {
            Self::Host(host) => match host.expand()? {
                Some(value) => Ok(value),
                None => Ok(self),
            },
            _ => Ok(self),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<List> for Value {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Absent => f.write_str("absent"),
            Self::Bool(truth) => truth.fmt(f),
            Self::Int(number) => number.fmt(f),
            Self::Big(number) => number.fmt(f),
            Self::Double(number) => number.fmt(f),
            Self::Str(text) => text.fmt(f),
            Self::List(list) => write!(f, "list of {}", list.len()),
            Self::Map(map) => write!(f, "map of {}", map.len()),
            Self::Entry(_) | Self::Host(_) | Self::Block(_) | Self::Loop(_) => f.write_str(self.kind()),
        }
    }
}

/// How a list prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As Java's collections: `[a, b]`.
    Java,
    /// As compact JSON, and all within it too: what came from JSON. (seen: a list of `$input.path`)
    Json,
}

/// A list; clones are the same list.
#[derive(Clone)]
pub struct List(Rc<ListCell>);

struct ListCell {
    style: Style,
    /// A Java array: it has a list's methods, but a fixed length.
    is_array: bool,
    /// The map whose keys, values or entries these are. Such a list is what was there when it was asked for; it has no places, and a loop
    /// over it notices when the map grows or shrinks.
    of: Option<Map>,
    items: RefCell<Items>,
}

/// The items of a list: made, or still in the document. Lists and maps among them are made once, for they can be changed.
#[derive(Default)]
struct Items {
    made: Vec<Value>,
    source: Option<Box<dyn ListSource>>,
}

impl Items {
    fn make(&mut self) {
        if let Some(source) = self.source.take() {
            self.made = (0..source.len()).map(|at| source.item(at)).collect();
        }
    }
}

impl From<Vec<Value>> for Items {
    fn from(made: Vec<Value>) -> Self {
        Self { made, source: None }
    }
}

impl List {
    pub fn new(style: Style, items: Vec<Value>) -> Self {
        Self::cell(style, false, None, items.into())
    }

    /// A list of a document.
    pub fn of(style: Style, source: Box<dyn ListSource>) -> Self {
        Self::cell(style, false, None, Items { made: Vec::new(), source: Some(source) })
    }

    fn cell(style: Style, is_array: bool, of: Option<Map>, items: Items) -> Self {
        Self(Rc::new(ListCell { style, is_array, of, items: RefCell::new(items) }))
    }

    pub(crate) fn java(items: Vec<Value>) -> Self {
        Self::new(Style::Java, items)
    }

    pub(crate) fn array(items: Vec<Value>) -> Self {
        Self::cell(Style::Java, true, None, items.into())
    }

    pub(crate) fn view(of: &Map, items: Vec<Value>) -> Self {
        Self::cell(Style::Java, false, Some(of.clone()), items.into())
    }

    pub(crate) fn is_view(&self) -> bool {
        self.0.of.is_some()
    }

    /// What tells that it was changed: its length, or that of the map it shows.
    pub(crate) fn length_behind(&self) -> usize {
        self.0.of.as_ref().map_or_else(|| self.len(), Map::len)
    }

    pub fn style(&self) -> Style {
        self.0.style
    }

    pub(crate) fn is_array(&self) -> bool {
        self.0.is_array
    }

    pub fn len(&self) -> usize {
        let items = self.0.items.borrow();
        items.source.as_ref().map_or(items.made.len(), |source| source.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn item(&self, index: usize) -> Option<Value> {
        {
            let items = self.0.items.borrow();
            let Some(source) = &items.source else { return items.made.get(index).cloned() };
            if index >= source.len() {
                return None;
            }
            let item = source.item(index);
            if !item.holds_values() {
                return Some(item);
            }
        }
        self.items().get(index).cloned()
    }

    pub fn push(&self, value: Value) {
        self.change(|items| items.push(value));
    }

    /// All items, to look at. Nothing may be changed meanwhile.
    pub fn items(&self) -> Ref<'_, Vec<Value>> {
        let items = self.0.items.borrow();
        if items.source.is_none() {
            return Ref::map(items, |items| &items.made);
        }
        drop(items);
        self.0.items.borrow_mut().make();
        Ref::map(self.0.items.borrow(), |items| &items.made)
    }

    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Vec<Value>) -> R) -> R {
        let mut items = self.0.items.borrow_mut();
        items.make();
        change(&mut items.made)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

// A list within a list within a list … must not be let go by recursion alone: the deepest would overflow the stack.
impl Drop for ListCell {
    fn drop(&mut self) {
        if let Some(deep) = shallowly(std::mem::take(&mut self.items.get_mut().made)) {
            let_go(deep);
        }
    }
}

/// Lists and maps within each other that are let go by recursion.
const LET_GO_DEPTH_MAX: u32 = 32;

thread_local! {
    static LET_GO_DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Drops what a list or map held, or gives it back where that is too deep for recursion.
pub(crate) fn shallowly<T>(held: Vec<T>) -> Option<Vec<T>> {
    let depth = LET_GO_DEPTH.get();
    if depth == LET_GO_DEPTH_MAX {
        return Some(held);
    }
    LET_GO_DEPTH.set(depth + 1);
    drop(held);
    LET_GO_DEPTH.set(depth);
    None
}

/// Lets values go, whatever they hold, without recursion.
pub(crate) fn let_go(mut values: Vec<Value>) {
    while let Some(value) = values.pop() {
        match value {
            Value::List(mut list) => {
                if let Some(cell) = Rc::get_mut(&mut list.0) {
                    values.append(&mut cell.items.get_mut().made);
                }
            }
            Value::Map(mut map) => map.empty_into(&mut values),
            Value::Entry(mut entry) => {
                if let Some((key, value)) = Rc::get_mut(&mut entry) {
                    values.push(std::mem::take(key));
                    values.push(std::mem::take(value));
                }
            }
            _ => {}
        }
    }
}

/// A block that `#define` named: what it says is made each time that it is printed.
#[derive(Clone, Copy)]
pub struct Block(pub(crate) u32);

/// A loop that runs, as `$foreach` shows it.
#[derive(Clone)]
pub struct Loop(pub(crate) Rc<LoopCell>);

pub(crate) struct LoopCell {
    pub(crate) index: Cell<u32>,
    pub(crate) has_next: Cell<bool>,
    pub(crate) depth: u32,
    /// What `$foreach` was before: the loop around this one, if any.
    pub(crate) parent: Value,
    /// `#set($foreach.x = …)`.
    pub(crate) own: RefCell<Option<Map>>,
}
