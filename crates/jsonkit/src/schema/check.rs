//! Judging a value.

use super::{CHECK_DEPTH_MAX, CHECK_STEPS_MAX, Dependency, ERRORS_MAX, Items, Keyword, Node, Schema, SchemaError, words};
use crate::{Object, Value};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn check(schema: &Schema, value: &Value) -> Result<Vec<String>, SchemaError> {
    let mut check = Check { nodes: &schema.nodes, steps_left: CHECK_STEPS_MAX, depth: 0 };
    let mut report = Report::Told(Vec::new());
    check.apply(schema.root, value, &mut report)?;
    Ok(match report {
        Report::Told(errors) => errors,
        Report::Counted { .. } => Vec::new(),
    })
}

/// What is kept of faults: for the caller their texts, for schemas that are tried only whether there is one.
enum Report {
    Told(Vec<String>),
    Counted { failed: bool },
}

impl Report {
    fn failed(&self) -> bool {
        match self {
            Self::Told(errors) => !errors.is_empty(),
            Self::Counted { failed } => *failed,
        }
    }

    /// Whether nothing that follows can change it.
    fn is_settled(&self) -> bool {
        match self {
            Self::Told(errors) => errors.len() >= ERRORS_MAX,
            Self::Counted { failed } => *failed,
        }
    }

    fn add(&mut self, text: impl FnOnce() -> String) {
        match self {
            Self::Told(errors) if errors.len() < ERRORS_MAX => errors.push(words::cut(text())),
            Self::Told(_) => {}
            Self::Counted { failed } => *failed = true,
        }
    }
}

struct Check<'s> {
    nodes: &'s [Node],
    steps_left: usize,
    depth: usize,
}

impl<'s> Check<'s> {
    fn step(&mut self, count: usize) -> Result<(), SchemaError> {
        self.steps_left = self.steps_left.checked_sub(count).ok_or(SchemaError::TooMuch("4,000,000 steps of validation"))?;
        Ok(())
    }

    /// Applies a schema: first to the value itself, then, if there was no fault so far, to what is in it.
    fn apply(&mut self, at: usize, value: &Value, report: &mut Report) -> Result<(), SchemaError> {
        self.depth += 1;
        if self.depth > CHECK_DEPTH_MAX {
            return Err(SchemaError::TooMuch("400 schemas within each other"));
        }
        self.step(1)?;
        let nodes = self.nodes;
        let node = &nodes[nodes[at].reference.unwrap_or(at)];
        for keyword in &node.keywords {
            self.step(1)?;
            self.keyword(node, keyword, value, report)?;
            if report.is_settled() {
                break;
            }
        }
        if !report.failed() {
            match value {
                Value::Array(items) => self.items(node, items, report)?,
                Value::Object(object) => self.members(node, object, report)?,
                _ => {}
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn items(&mut self, node: &'s Node, items: &[Value], report: &mut Report) -> Result<(), SchemaError> {
        for (at, item) in items.iter().enumerate() {
            let schema = match &node.items {
                Items::Any => return Ok(()),
                Items::Each(schema) => Some(*schema),
                Items::Listed(listed, others) => listed.get(at).copied().or(*others),
            };
            if let Some(schema) = schema {
                self.apply(schema, item, report)?;
            }
            if report.is_settled() {
                break;
            }
        }
        Ok(())
    }

    fn members(&mut self, node: &'s Node, object: &Object, report: &mut Report) -> Result<(), SchemaError> {
        if node.properties.is_empty() && node.pattern_properties.is_empty() && node.additional_properties.is_none() {
            return Ok(());
        }
        let mut members: Vec<(&Arc<str>, &Value)> = object.iter().collect();
        if let Report::Told(_) = report {
            members.sort_unstable_by_key(|(name, _)| *name);
        }
        for (name, value) in members {
            self.step(1)?;
            let own = node.properties.get(name).copied();
            let mut is_known = own.is_some();
            if let Some(schema) = own {
                self.apply(schema, value, report)?;
            }
            for (pattern, schema) in &node.pattern_properties {
                self.step(pattern.steps(name))?;
                if pattern.is_match(name) {
                    is_known = true;
                    self.apply(*schema, value, report)?;
                }
            }
            if let (false, Some(schema)) = (is_known, node.additional_properties) {
                self.apply(schema, value, report)?;
            }
            if report.is_settled() {
                break;
            }
        }
        Ok(())
    }

    /// Whether a value satisfies a schema, without words.
    fn satisfies(&mut self, schema: usize, value: &Value) -> Result<bool, SchemaError> {
        let mut report = Report::Counted { failed: false };
        self.apply(schema, value, &mut report)?;
        Ok(!report.failed())
    }

    fn matched(&mut self, schemas: &[usize], value: &Value) -> Result<usize, SchemaError> {
        let mut matched = 0;
        for schema in schemas {
            matched += usize::from(self.satisfies(*schema, value)?);
        }
        Ok(matched)
    }

    fn keyword(&mut self, node: &Node, keyword: &Keyword, value: &Value, report: &mut Report) -> Result<(), SchemaError> {
        match keyword {
            Keyword::AllOf(schemas) => {
                let matched = self.matched(schemas, value)?;
                if matched != schemas.len() {
                    report.add(|| words::all_of(matched, schemas.len()));
                }
            }
            Keyword::AnyOf(schemas) => {
                for schema in schemas {
                    if self.satisfies(*schema, value)? {
                        return Ok(());
                    }
                }
                report.add(|| words::any_of(schemas.len()));
            }
            Keyword::OneOf(schemas) => {
                let matched = self.matched(schemas, value)?;
                if matched != 1 {
                    report.add(|| words::one_of(matched, schemas.len()));
                }
            }
            Keyword::Not(schema) => {
                if self.satisfies(*schema, value)? {
                    report.add(words::not);
                }
            }
            Keyword::Enum(possible) => {
                self.step(possible.len())?;
                if !possible.contains(value) {
                    report.add(|| words::not_in_enum(value, possible));
                }
            }
            Keyword::Type(allowed) => {
                if !allowed.contains(&value.kind()) {
                    report.add(|| words::wrong_type(value.kind(), allowed));
                }
            }
            other => match value {
                Value::Number(number) => numeric(other, number, report),
                Value::String(text) => self.textual(other, text, report)?,
                Value::Array(items) => self.of_array(other, items, report)?,
                Value::Object(object) => self.of_object(node, other, value, object, report)?,
                Value::Null | Value::Bool(_) => {}
            },
        }
        Ok(())
    }

    fn textual(&mut self, keyword: &Keyword, text: &str, report: &mut Report) -> Result<(), SchemaError> {
        self.step(text.len() / 64)?;
        match keyword {
            Keyword::MaxLength(limit) => {
                let length = text.chars().count();
                if exceeds(length, *limit) {
                    report.add(|| words::too_long(text, length, *limit));
                }
            }
            Keyword::MinLength(limit) => {
                let length = text.chars().count();
                if falls_short(length, *limit) {
                    report.add(|| words::too_short(text, length, *limit));
                }
            }
            Keyword::Pattern(source, pattern) => {
                self.step(pattern.steps(text))?;
                if !pattern.is_match(text) {
                    report.add(|| words::no_match(source, text));
                }
            }
            Keyword::Format(format) if !format.fits(text) => report.add(|| words::wrong_format(text, format.complaint())),
            _ => {}
        }
        Ok(())
    }

    fn of_array(&mut self, keyword: &Keyword, items: &[Value], report: &mut Report) -> Result<(), SchemaError> {
        let found = items.len();
        match keyword {
            Keyword::AdditionalItems(allowed) if found > *allowed => report.add(|| words::additional_items(*allowed, found)),
            Keyword::MaxItems(limit) if exceeds(found, *limit) => report.add(|| words::too_many_items(*limit, found)),
            Keyword::MinItems(limit) if falls_short(found, *limit) => report.add(|| words::too_few_items(*limit, found)),
            Keyword::UniqueItems if self.has_duplicates(items)? => report.add(words::duplicates),
            _ => {}
        }
        Ok(())
    }

    /// By digests, so that it takes no longer than reading.
    fn has_duplicates(&mut self, items: &[Value]) -> Result<bool, SchemaError> {
        let mut seen: HashMap<u64, Vec<&Value>> = HashMap::with_capacity(items.len());
        for item in items {
            self.step(weight(item))?;
            let same = seen.entry(item.digest()).or_default();
            if same.contains(&item) {
                return Ok(true);
            }
            same.push(item);
        }
        Ok(false)
    }

    fn of_object(
        &mut self,
        node: &Node,
        keyword: &Keyword,
        value: &Value,
        object: &Object,
        report: &mut Report,
    ) -> Result<(), SchemaError> {
        let found = object.len();
        match keyword {
            Keyword::AdditionalProperties => {
                let mut extra = Vec::new();
                for (name, _) in object.iter() {
                    self.step(1 + node.pattern_properties.iter().map(|(pattern, _)| pattern.steps(name)).sum::<usize>())?;
                    let is_known =
                        node.properties.contains_key(name) || node.pattern_properties.iter().any(|(pattern, _)| pattern.is_match(name));
                    if !is_known {
                        extra.push(name.clone());
                    }
                }
                if !extra.is_empty() {
                    extra.sort_unstable();
                    report.add(|| words::additional_properties(&extra));
                }
            }
            Keyword::Dependencies(dependencies) => {
                for (name, dependency) in dependencies {
                    self.step(1)?;
                    if object.find(name).is_none() {
                        continue;
                    }
                    match dependency {
                        Dependency::Schema(schema) => self.apply(*schema, value, report)?,
                        Dependency::Names(names) => {
                            let missing = lacking(object, names);
                            if !missing.is_empty() {
                                report.add(|| words::dependencies(name, names, &missing));
                            }
                        }
                    }
                }
            }
            Keyword::Required(names) => {
                let missing = lacking(object, names);
                if !missing.is_empty() {
                    report.add(|| words::missing(&missing));
                }
            }
            Keyword::MaxProperties(limit) if exceeds(found, *limit) => report.add(|| words::too_many_properties(found, *limit)),
            Keyword::MinProperties(limit) if falls_short(found, *limit) => report.add(|| words::too_few_properties(found, *limit)),
            _ => {}
        }
        Ok(())
    }
}

fn numeric(keyword: &Keyword, number: &crate::Number, report: &mut Report) {
    match keyword {
        Keyword::Maximum { limit, exclusive: true } if number == limit => report.add(|| words::not_below(limit)),
        Keyword::Maximum { limit, .. } if number > limit => report.add(|| words::too_large(limit, number)),
        Keyword::Minimum { limit, exclusive: true } if number == limit => report.add(|| words::not_above(limit)),
        Keyword::Minimum { limit, .. } if number < limit => report.add(|| words::too_small(limit, number)),
        Keyword::MultipleOf(divisor) if !number.is_multiple_of(divisor) => report.add(|| words::not_a_multiple(number, divisor)),
        _ => {}
    }
}

fn lacking(object: &Object, names: &[Arc<str>]) -> Vec<Arc<str>> {
    names.iter().filter(|name| object.find(name).is_none()).cloned().collect()
}

fn exceeds(found: usize, limit: u64) -> bool {
    u64::try_from(found).is_ok_and(|found| found > limit)
}

fn falls_short(found: usize, limit: u64) -> bool {
    u64::try_from(found).is_ok_and(|found| found < limit)
}

/// Values within a value, itself included.
fn weight(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Object(object) => 1 + object.iter().map(|(_, value)| weight(value)).sum::<usize>(),
        Value::String(text) => 1 + text.len() / 64,
        _ => 1,
    }
}
