//! Documents to the table of nodes: references first, then what each keyword asks.

use super::format::Format;
use super::meta::META_SCHEMA;
use super::reference::{self, decoded, split};
use super::{DOCUMENTS_MAX, Dependency, Items, Keyword, META_SCHEMA_URL, NODES_MAX, Node, SCHEMA_BYTES_MAX, Schema, SchemaError};
use crate::pattern::{Flavour, Pattern};
use crate::{Number, Object, Value, parse, pointer};
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of a URL; an `id` that would make a longer one is overlooked.
const URL_BYTES_MAX: usize = 2_048;
/// Bytes of the place that a complaint names.
const AT_BYTES_MAX: usize = 256;

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

pub(super) fn compile(root: &Value, base: &str, resolve: &mut dyn FnMut(&str) -> Option<Value>) -> Result<Schema, SchemaError> {
    let mut compiler =
        Compiler { resolve, places: HashMap::new(), documents: 0, known: HashMap::new(), nodes: Vec::new(), open: Vec::new() };
    let (base, _) = split(base);
    let place = compiler.document(base, root.clone())?;
    let root = compiler.node(place)?;
    while let Some((at, place)) = compiler.open.pop() {
        compiler.nodes[at] = compiler.compiled(&place)?;
    }
    let nodes = shortened(compiler.nodes, root)?;
    Ok(Schema { nodes: nodes.into(), root })
}

/// References lead to what is no reference.
fn shortened(mut nodes: Vec<Node>, root: usize) -> Result<Vec<Node>, SchemaError> {
    for at in 0..nodes.len() {
        let (mut target, mut hops) = (nodes[at].reference, 0);
        while let Some(next) = target.and_then(|target| nodes[target].reference) {
            hops += 1;
            if hops > nodes.len() {
                let what = if at == root { "the root" } else { "a schema within" };
                return Err(SchemaError::Circle(what.to_owned()));
            }
            target = Some(next);
        }
        nodes[at].reference = target;
    }
    Ok(nodes)
}

/// A schema and where it is.
#[derive(Clone)]
struct Place {
    value: Value,
    /// The base URL around it: its own `id` has not been applied.
    base: Arc<str>,
    /// For complaints.
    at: String,
}

impl Place {
    /// The base URL within it.
    fn inner_base(&self) -> Arc<str> {
        let inner = own_id(&self.value).filter(|id| id.len() <= URL_BYTES_MAX).map(|id| reference::resolve(&self.base, id));
        inner.filter(|url| url.len() <= URL_BYTES_MAX).map_or_else(|| self.base.clone(), Arc::from)
    }

    fn child(&self, value: &Value, base: &Arc<str>, step: &str) -> Self {
        let has_room = self.at.len() + step.len() < AT_BYTES_MAX;
        let at = if has_room { format!("{}/{step}", self.at) } else { self.at.clone() };
        Self { value: value.clone(), base: base.clone(), at }
    }
}

/// A schema's `id`; beside a reference it is none.
fn own_id(value: &Value) -> Option<&str> {
    match value.member("$ref") {
        Some(Value::String(_)) => None,
        _ => value.member("id")?.as_str(),
    }
}

struct Compiler<'r> {
    resolve: &'r mut dyn FnMut(&str) -> Option<Value>,
    /// Documents and schemas with an `id`, by their absolute URLs.
    places: HashMap<String, Place>,
    documents: usize,
    /// Nodes by the identity of their object and its base.
    known: HashMap<(*const Object, Arc<str>), usize>,
    nodes: Vec<Node>,
    /// Nodes that are yet to be compiled.
    open: Vec<(usize, Place)>,
}

impl Compiler<'_> {
    /// Takes a document in.
    fn document(&mut self, url: &str, value: Value) -> Result<Place, SchemaError> {
        self.documents += 1;
        if self.documents > DOCUMENTS_MAX {
            return Err(SchemaError::TooMuch("1000 documents of a schema"));
        }
        if value.to_json(SCHEMA_BYTES_MAX).is_err() {
            return Err(SchemaError::TooMuch("1 MiB of a schema"));
        }
        let place = Place { value, base: url.into(), at: format!("{url}#") };
        self.places.insert(url.to_owned(), place.clone());
        self.index(&place);
        Ok(place)
    }

    /// Notes the `id`s of a document, wherever schemas can be.
    fn index(&mut self, place: &Place) {
        let Value::Object(object) = &place.value else { return };
        let base = place.inner_base();
        if own_id(&place.value).is_some() {
            self.places.entry(base.to_string()).or_insert_with(|| place.clone());
        }
        for (name, value) in object.iter() {
            match (&**name, value) {
                ("definitions" | "properties" | "patternProperties" | "dependencies", Value::Object(schemas)) => {
                    schemas.iter().for_each(|(step, value)| self.index(&place.child(value, &base, &format!("{name}/{step}"))));
                }
                ("items" | "allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                    schemas.iter().enumerate().for_each(|(step, value)| self.index(&place.child(value, &base, &format!("{name}/{step}"))));
                }
                ("items" | "additionalItems" | "additionalProperties" | "not", Value::Object(_)) => {
                    self.index(&place.child(value, &base, name));
                }
                _ => {}
            }
        }
    }

    /// What a reference leads to.
    fn referred(&mut self, base: &str, reference: &str) -> Result<Place, SchemaError> {
        if reference.len() > URL_BYTES_MAX {
            return Err(SchemaError::TooMuch("2048 bytes of a reference"));
        }
        let url = reference::resolve(base, reference);
        if let Some(place) = self.places.get(&url) {
            return Ok(place.clone());
        }
        let nothing = || SchemaError::Unresolved(url.clone());
        let (document, fragment) = split(&url);
        if !self.places.contains_key(document) {
            let value = match document {
                META_SCHEMA_URL => parse(META_SCHEMA.as_bytes()).expect("the schema of schemas is JSON"),
                _ => (self.resolve)(document).ok_or_else(nothing)?,
            };
            self.document(document, value)?;
            if let Some(place) = self.places.get(&url) {
                return Ok(place.clone());
            }
        }
        let mut place = self.places[document].clone();
        let path = decoded(fragment);
        for token in pointer::tokens(&path).ok_or_else(nothing)? {
            let value = pointer::step(&place.value, &token).ok_or_else(nothing)?;
            place = place.child(value, &place.inner_base(), &token);
        }
        Ok(place)
    }

    /// The node of a schema; it is compiled later.
    fn node(&mut self, place: Place) -> Result<usize, SchemaError> {
        let Value::Object(object) = &place.value else { return wrong(&place, "a schema must be an object") };
        let key = (Arc::as_ptr(object), place.base.clone());
        if let Some(at) = self.known.get(&key) {
            return Ok(*at);
        }
        let at = self.nodes.len();
        if at >= NODES_MAX {
            return Err(SchemaError::TooMuch("100,000 schemas in one"));
        }
        self.known.insert(key, at);
        self.nodes.push(Node::default());
        self.open.push((at, place));
        Ok(at)
    }

    fn compiled(&mut self, place: &Place) -> Result<Node, SchemaError> {
        let object = place.value.as_object().expect("only objects are noted as open");
        if let Some(Value::String(reference)) = object.find("$ref") {
            let target = self.referred(&place.base, reference)?;
            return Ok(Node { reference: Some(self.node(target)?), ..Node::default() });
        }
        let mut within = Within { base: place.inner_base(), place, object, compiler: self };
        let mut keywords = Vec::new();
        // By name: the order of complaints.
        for keyword in [
            within.additional_items()?,
            within.additional_properties()?,
            within.several("allOf")?.map(Keyword::AllOf),
            within.several("anyOf")?.map(Keyword::AnyOf),
            within.dependencies()?,
            within.possible()?,
            within.format()?,
            within.size("maxItems")?.map(Keyword::MaxItems),
            within.size("maxLength")?.map(Keyword::MaxLength),
            within.size("maxProperties")?.map(Keyword::MaxProperties),
            within.limit("maximum", "exclusiveMaximum")?.map(|(limit, exclusive)| Keyword::Maximum { limit, exclusive }),
            within.size("minItems")?.map(Keyword::MinItems),
            within.size("minLength")?.map(Keyword::MinLength),
            within.size("minProperties")?.map(Keyword::MinProperties),
            within.limit("minimum", "exclusiveMinimum")?.map(|(limit, exclusive)| Keyword::Minimum { limit, exclusive }),
            within.multiple_of()?,
            within.schema("not")?.map(Keyword::Not),
            within.several("oneOf")?.map(Keyword::OneOf),
            within.pattern()?,
            within.required()?,
            within.types()?,
            within.flag("uniqueItems")?.then_some(Keyword::UniqueItems),
        ] {
            keywords.extend(keyword);
        }
        let properties = within.named("properties")?.into_iter().collect();
        let patterns = within.named("patternProperties")?;
        let compile = |(text, at): (Arc<str>, usize)| match Pattern::compile(&text, Flavour::Ecma) {
            Ok(pattern) => Ok((pattern, at)),
            Err(why) => wrong(place, format!("patternProperties: {why}")),
        };
        let pattern_properties = patterns.into_iter().map(compile).collect::<Result<_, _>>()?;
        let additional_properties = match object.find("additionalProperties") {
            Some(Value::Object(_)) => within.schema("additionalProperties")?,
            _ => None,
        };
        let items = within.items()?;
        Ok(Node { reference: None, keywords, properties, pattern_properties, additional_properties, items })
    }
}

fn wrong<T>(place: &Place, what: impl Into<String>) -> Result<T, SchemaError> {
    Err(SchemaError::Invalid { at: place.at.clone(), what: what.into() })
}

/// One schema that is being compiled.
struct Within<'c, 'r> {
    compiler: &'c mut Compiler<'r>,
    place: &'c Place,
    object: &'c Object,
    base: Arc<str>,
}

impl Within<'_, '_> {
    fn wrong<T>(&self, name: &str, must: &str) -> Result<T, SchemaError> {
        wrong(self.place, format!("{name} must be {must}"))
    }

    fn child(&mut self, value: &Value, step: &str) -> Result<usize, SchemaError> {
        let child = self.place.child(value, &self.base, step);
        self.compiler.node(child)
    }

    fn schema(&mut self, name: &str) -> Result<Option<usize>, SchemaError> {
        self.object.find(name).map(|value| self.child(value, name)).transpose()
    }

    fn several(&mut self, name: &str) -> Result<Option<Vec<usize>>, SchemaError> {
        match self.object.find(name) {
            None => Ok(None),
            Some(Value::Array(schemas)) => {
                let each = |(at, value): (usize, &Value)| self.child(value, &format!("{name}/{at}"));
                schemas.iter().enumerate().map(each).collect::<Result<_, _>>().map(Some)
            }
            Some(_) => self.wrong(name, "a list of schemas"),
        }
    }

    fn named(&mut self, name: &str) -> Result<Vec<(Arc<str>, usize)>, SchemaError> {
        match self.object.find(name) {
            None => Ok(Vec::new()),
            Some(Value::Object(schemas)) => {
                let each = |(step, value): (&Arc<str>, &Value)| Ok((step.clone(), self.child(value, &format!("{name}/{step}"))?));
                schemas.iter().map(each).collect()
            }
            Some(_) => self.wrong(name, "an object of schemas"),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, SchemaError> {
        match self.object.find(name) {
            None => Ok(false),
            Some(Value::Bool(is)) => Ok(*is),
            Some(_) => self.wrong(name, "true or false"),
        }
    }

    fn number(&self, name: &str) -> Result<Option<&Number>, SchemaError> {
        match self.object.find(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(_) => self.wrong(name, "a number"),
        }
    }

    /// A count. One beyond 64 bits is as good as the largest.
    fn size(&self, name: &str) -> Result<Option<u64>, SchemaError> {
        let Some(number) = self.number(name)? else { return Ok(None) };
        if *number < Number::Int(0) || !number.is_multiple_of(&Number::Int(1)) {
            return self.wrong(name, "an integer that is not negative");
        }
        Ok(Some(match number {
            Number::Int(int) => int.unsigned_abs(),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "casts of doubles saturate, and it is not negative"
            )]
            other => other.to_f64() as u64,
        }))
    }

    fn limit(&self, name: &str, exclusive: &str) -> Result<Option<(Number, bool)>, SchemaError> {
        let exclusive = self.flag(exclusive)?;
        Ok(self.number(name)?.map(|limit| (limit.clone(), exclusive)))
    }

    fn multiple_of(&self) -> Result<Option<Keyword>, SchemaError> {
        match self.number("multipleOf")? {
            Some(number) if *number <= Number::Int(0) => self.wrong("multipleOf", "positive"),
            number => Ok(number.cloned().map(Keyword::MultipleOf)),
        }
    }

    fn names(&self, name: &str, value: &Value) -> Result<Vec<Arc<str>>, SchemaError> {
        let texts = value.as_array().map(|items| {
            let text = |item: &Value| item.as_str().map(Arc::from);
            items.iter().map(text).collect::<Option<Vec<_>>>()
        });
        match texts.flatten() {
            Some(mut names) => {
                names.sort_unstable();
                names.dedup();
                Ok(names)
            }
            None => self.wrong(name, "a list of names"),
        }
    }

    fn additional_items(&self) -> Result<Option<Keyword>, SchemaError> {
        match (self.object.find("additionalItems"), self.object.find("items")) {
            (Some(Value::Bool(false)), Some(Value::Array(listed))) => Ok(Some(Keyword::AdditionalItems(listed.len()))),
            (None | Some(Value::Bool(_) | Value::Object(_)), _) => Ok(None),
            _ => self.wrong("additionalItems", "a schema, true or false"),
        }
    }

    fn additional_properties(&self) -> Result<Option<Keyword>, SchemaError> {
        match self.object.find("additionalProperties") {
            Some(Value::Bool(false)) => Ok(Some(Keyword::AdditionalProperties)),
            None | Some(Value::Bool(true) | Value::Object(_)) => Ok(None),
            Some(_) => self.wrong("additionalProperties", "a schema, true or false"),
        }
    }

    fn dependencies(&mut self) -> Result<Option<Keyword>, SchemaError> {
        let Some(value) = self.object.find("dependencies") else { return Ok(None) };
        let Value::Object(all) = value else { return self.wrong("dependencies", "an object") };
        let mut dependencies = Vec::with_capacity(all.len());
        for (name, value) in all.iter() {
            let dependency = match value {
                Value::Object(_) => Dependency::Schema(self.child(value, &format!("dependencies/{name}"))?),
                other => Dependency::Names(self.names("a dependency", other)?),
            };
            dependencies.push((name.clone(), dependency));
        }
        // Names first, then schemas: so are the two kinds kept apart there.
        dependencies.sort_by(|(one, first), (other, second)| {
            let is_schema = |dependency: &Dependency| matches!(dependency, Dependency::Schema(_));
            (is_schema(first), one).cmp(&(is_schema(second), other))
        });
        Ok(Some(Keyword::Dependencies(dependencies)))
    }

    fn possible(&self) -> Result<Option<Keyword>, SchemaError> {
        match self.object.find("enum") {
            None => Ok(None),
            Some(Value::Array(values)) => Ok(Some(Keyword::Enum(values.clone()))),
            Some(_) => self.wrong("enum", "a list"),
        }
    }

    fn format(&self) -> Result<Option<Keyword>, SchemaError> {
        match self.object.find("format") {
            None => Ok(None),
            Some(Value::String(name)) => Ok(Format::named(name).map(Keyword::Format)),
            Some(_) => self.wrong("format", "a name"),
        }
    }

    fn pattern(&self) -> Result<Option<Keyword>, SchemaError> {
        match self.object.find("pattern") {
            None => Ok(None),
            Some(Value::String(text)) => match Pattern::compile(text, Flavour::Ecma) {
                Ok(pattern) => Ok(Some(Keyword::Pattern(Arc::from(&**text), pattern))),
                Err(why) => wrong(self.place, format!("pattern: {why}")),
            },
            Some(_) => self.wrong("pattern", "a regular expression"),
        }
    }

    fn required(&self) -> Result<Option<Keyword>, SchemaError> {
        let value = self.object.find("required");
        value.map(|value| self.names("required", value).map(Keyword::Required)).transpose()
    }

    fn types(&self) -> Result<Option<Keyword>, SchemaError> {
        let names = match self.object.find("type") {
            None => return Ok(None),
            Some(Value::String(name)) => vec![Arc::from(&**name)],
            Some(several) => self.names("type", several)?,
        };
        if let Some(unknown) = names.iter().find(|name| !TYPES.contains(&&***name)) {
            return wrong(self.place, format!("type: {unknown} is none"));
        }
        let is_meant = |kind: &str| names.iter().any(|name| **name == *kind || (**name == *"number" && kind == "integer"));
        Ok(Some(Keyword::Type(TYPES.into_iter().filter(|kind| is_meant(kind)).collect())))
    }

    fn items(&mut self) -> Result<Items, SchemaError> {
        match self.object.find("items") {
            None => Ok(Items::Any),
            Some(Value::Array(_)) => {
                let listed = self.several("items")?.unwrap_or_default();
                let others = match self.object.find("additionalItems") {
                    Some(Value::Object(_)) => self.schema("additionalItems")?,
                    _ => None,
                };
                Ok(Items::Listed(listed, others))
            }
            Some(value) => Ok(Items::Each(self.child(value, "items")?)),
        }
    }
}
