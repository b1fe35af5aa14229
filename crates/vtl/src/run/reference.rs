//! References: reading, printing and setting them.

use super::{At, Halt, Render, Rendered};
use crate::error::Fault;
use crate::map::Map;
use crate::methods::{self, Call, Method};
use crate::tree::{Expr, Link, LinkKind, MethodCall, Offset, Reference};
use crate::value::{Loop, Value};
use crate::watch::Event;
use std::rc::Rc;

impl<'t> Render<'t, '_> {
    pub(super) fn reference(&mut self, reference: &'t Reference) -> Rendered<Value> {
        if reference.look.is_text {
            return Ok(Value::Null);
        }
        let (mut value, links) = match self.member_of_global(reference) {
            Some((value, _)) if value.is_null() && self.program.is_silent => return Ok(Value::Absent),
            Some(found) => found,
            None => (self.variable(reference.slot)?, &*reference.links),
        };
        for link in links {
            if value.is_null() {
                break;
            }
            value = self.follow(&value, link)?;
            if value.is_null() && self.program.is_silent {
                return Ok(Value::Absent);
            }
        }
        Ok(value)
    }

    /// The most frequent beginning of a reference, `$map.name` outside of macros, without taking hold of the map.
    fn member_of_global(&mut self, reference: &'t Reference) -> Option<(Value, &'t [Link])> {
        let ([Link { kind: LinkKind::Member(name), .. }, rest @ ..], None) = (&*reference.links, self.frame) else { return None };
        match &self.slots[reference.slot as usize] {
            Some(Value::Map(map)) => Some((map.member(name).unwrap_or_default(), rest)),
            _ => None,
        }
    }

    fn follow(&mut self, value: &Value, link: &'t Link) -> Rendered<Value> {
        self.fuel.spend(1).at(link.at)?;
        match &link.kind {
            LinkKind::Member(name) => self.member(value, name, link.at),
            LinkKind::Index(index) => self.index(value, index, link.at),
            LinkKind::Call(call) => self.call(value, call, link.at),
        }
    }

    fn member(&mut self, value: &Value, name: &str, at: Offset) -> Rendered<Value> {
        match value {
            Value::Host(host) => {
                let found = host.member(name).at(at)?;
                if !matches!(found, Value::Null) {
                    return Ok(found);
                }
                let expanded = host.expand().at(at)?;
                Ok(expanded.map_or(Value::Null, |value| methods::member(&value, name)))
            }
            Value::Loop(this) => Ok(loop_member(this, name)),
            value => Ok(methods::member(value, name)),
        }
    }

    fn index(&mut self, value: &Value, index: &'t Expr, at: Offset) -> Rendered<Value> {
        let mut index = self.value(index)?.plain(at)?;
        let expanded;
        let value = match value {
            Value::Host(host) => {
                if let Value::Str(name) = &index {
                    let found = host.member(name).at(at)?;
                    if !matches!(found, Value::Null) {
                        return Ok(found);
                    }
                }
                expanded = value.clone().plain(at)?;
                &expanded
            }
            value => value,
        };
        from_the_end(&mut index, value).at(at)?;
        let call = Call { method: Method::Get, arguments: &[index], pattern: None };
        methods::call(value, &call, &mut self.fuel).at(at)
    }

    fn call(&mut self, value: &Value, call: &'t MethodCall, at: Offset) -> Rendered<Value> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(self.value(argument)?);
        }
        let is_to_string = call.method == Method::ToString && arguments.is_empty();
        let expanded;
        let value = match value {
            Value::Host(host) => {
                let found = host.call(&call.name, &arguments).at(at)?;
                if !matches!(found, Value::Null) {
                    if let Value::Str(text) = &found {
                        self.fuel.check_string(text.len()).at(at)?;
                    }
                    return Ok(found);
                }
                expanded = if is_to_string { value.clone() } else { value.clone().plain(at)? };
                &expanded
            }
            value => value,
        };
        if is_to_string {
            return match value {
                Value::Str(_) => Ok(value.clone()),
                value => Ok(self.text_of(value, at)?.map_or(Value::Null, Value::from)),
            };
        }
        if let Value::Loop(this) = value {
            return self.call_loop(this, call.method, &arguments);
        }
        for argument in &mut arguments {
            match argument {
                Value::Host(_) => *argument = std::mem::take(argument).plain(at)?,
                Value::Block(_) => *argument = self.text_of(&argument.clone(), at)?.map_or(Value::Null, Value::from),
                _ => {}
            }
        }
        let call = Call { method: call.method, arguments: &arguments, pattern: call.pattern.as_ref() };
        methods::call(value, &call, &mut self.fuel).at(at)
    }

    fn call_loop(&mut self, this: &Loop, method: Method, arguments: &[Value]) -> Rendered<Value> {
        Ok(match (method, arguments) {
            (Method::GetIndex, []) => loop_member(this, "index"),
            (Method::GetCount, []) => loop_member(this, "count"),
            (Method::HasNext | Method::GetHasNext | Method::IsHasNext, []) => loop_member(this, "hasNext"),
            (Method::IsFirst | Method::GetFirst, []) => loop_member(this, "first"),
            (Method::IsLast | Method::GetLast, []) => loop_member(this, "last"),
            (Method::GetParent, []) => loop_member(this, "parent"),
            (Method::GetTopmost, []) => loop_member(this, "topmost"),
            (Method::GetDepth, []) => loop_member(this, "depth"),
            (Method::Stop, []) => return Err(Halt::BreakOf(this.0.depth)),
            (Method::Get, [Value::Str(name)]) => this.0.own.borrow().as_ref().and_then(|own| own.member(name)).unwrap_or_default(),
            _ => Value::Null,
        })
    }

    /// A value as text; none when it prints nothing of its own.
    pub(super) fn text_of(&mut self, value: &Value, at: Offset) -> Rendered<Option<String>> {
        match value {
            Value::Null => Ok(None),
            Value::Absent => Ok(Some(String::new())),
            Value::Block(block) => {
                let block = *block;
                let mut is_rendered = false;
                let text = self.aside(|render| {
                    is_rendered = render.block(block.0)?;
                    Ok(())
                })?;
                Ok(is_rendered.then_some(text))
            }
            Value::Host(host) => match host.print().at(at)? {
                Some(Value::Host(_) | Value::Null) | None => Ok(None),
                Some(value) => self.text_of(&value, at),
            },
            value => {
                let text = self.fuel.java_text(value).at(at)?;
                Ok(Some(text))
            }
        }
    }

    /// A reference in the text.
    pub(super) fn print(&mut self, reference: &'t Reference) -> Rendered<()> {
        let at = reference.at;
        self.fuel.spend(1).at(at)?;
        let value = self.reference(reference)?;
        self.tell(at, |program| Event::Reference { source: program.text(reference.source), value: &value });
        let look = &reference.look;
        if look.is_escaped {
            self.write_span(look.slashes, at)?;
            if matches!(value, Value::Null) {
                self.write("\\", at)?;
            }
            return self.write_span(reference.otherwise, at);
        }
        let start = self.out.len();
        self.write_span(look.slashes, at)?;
        self.write_span(look.signs, at)?;
        if self.print_value(&value, at)? {
            return Ok(());
        }
        // What comes to nothing is no reference: the backslashes before it are twice as many again.
        self.out.truncate(start);
        self.write_span(look.slashes, at)?;
        self.write_span(look.slashes, at)?;
        self.write_span(look.signs, at)?;
        let source = if look.is_bare && self.frame.is_some() { self.source_of(reference.slot) } else { None };
        self.write_span(source.unwrap_or(reference.otherwise), at)
    }

    /// Prints a value straight into the output; false when there is nothing to print.
    fn print_value(&mut self, value: &Value, at: Offset) -> Rendered<bool> {
        match value {
            Value::Null => return Ok(false),
            Value::Absent => {}
            Value::Str(text) => {
                self.fuel.spend_bytes(text.len()).at(at)?;
                self.write(text, at)?;
            }
            Value::Block(block) => return self.block(block.0),
            Value::Host(host) => {
                return match host.print().at(at)? {
                    Some(Value::Host(_)) | None => Ok(false),
                    Some(value) => self.print_value(&value, at),
                };
            }
            value => {
                super::print::write(value, &mut self.out, &mut self.fuel).at(at)?;
                self.write("", at)?;
            }
        }
        Ok(true)
    }

    /// `#set($reference = value)`: false when there is nothing that could be set.
    pub(super) fn assign(&mut self, reference: &'t Reference, value: Value) -> Rendered<bool> {
        let Some((last, before)) = reference.links.split_last() else {
            self.set_variable(reference.slot, value);
            return Ok(true);
        };
        let mut target = self.variable(reference.slot)?;
        for link in before {
            if target.is_null() {
                return Ok(false);
            }
            target = self.follow(&target, link)?;
        }
        match &last.kind {
            LinkKind::Index(index) => self.assign_index(target, index, value, last.at),
            LinkKind::Member(name) => self.assign_member(target, name, value, last.at),
            // As there: the name of a method is taken for that of a member.
            LinkKind::Call(call) => self.assign_member(target, &call.name, value, last.at),
        }
    }

    fn assign_index(&mut self, target: Value, index: &'t Expr, value: Value, at: Offset) -> Rendered<bool> {
        let mut index = self.value(index)?.plain(at)?;
        if let (Value::Host(host), Value::Str(name)) = (&target, &index)
            && host.set(name, value.clone()).at(at)?
        {
            return Ok(true);
        }
        let target = target.plain(at)?;
        from_the_end(&mut index, &target).at(at)?;
        let method = match target {
            Value::List(_) => Method::Set,
            Value::Map(_) => Method::Put,
            _ => return Ok(false),
        };
        let is_set = method == Method::Put || matches!(index, Value::Int(_));
        let call = Call { method, arguments: &[index, value], pattern: None };
        methods::call(&target, &call, &mut self.fuel).at(at)?;
        Ok(is_set)
    }

    fn assign_member(&mut self, target: Value, name: &str, value: Value, at: Offset) -> Rendered<bool> {
        if let Value::Host(host) = &target
            && host.set(name, value.clone()).at(at)?
        {
            return Ok(true);
        }
        let map = match target.plain(at)? {
            Value::Map(map) => map,
            Value::Loop(this) => this.0.own.borrow_mut().get_or_insert_with(Map::new).clone(),
            _ => return Ok(false),
        };
        let call = Call { method: Method::Put, arguments: &[Value::from(name), value], pattern: None };
        methods::call(&Value::Map(map), &call, &mut self.fuel).at(at)?;
        Ok(true)
    }
}

/// An index below zero counts from the end.
fn from_the_end(index: &mut Value, value: &Value) -> Result<(), Fault> {
    let Value::Int(number) = index else { return Ok(()) };
    if *number >= 0 {
        return Ok(());
    }
    let length = match value {
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        other => return Err(Fault::call(format!("the index {number} needs a list, and this is a {}", other.kind()))),
    };
    *number += length as i64;
    Ok(())
}

fn loop_member(this: &Loop, name: &str) -> Value {
    let cell = &this.0;
    match name {
        "index" => Value::Int(i64::from(cell.index.get())),
        "count" => Value::Int(i64::from(cell.index.get()) + 1),
        "hasNext" => Value::Bool(cell.has_next.get()),
        "first" => Value::Bool(cell.index.get() == 0),
        "last" => Value::Bool(!cell.has_next.get()),
        "parent" => cell.parent.clone(),
        "depth" => Value::Int(i64::from(cell.depth)),
        "topmost" => {
            let mut topmost = Rc::clone(cell);
            while let Value::Loop(parent) = &topmost.parent {
                let parent = Rc::clone(&parent.0);
                topmost = parent;
            }
            Value::Loop(Loop(topmost))
        }
        _ => cell.own.borrow().as_ref().and_then(|own| own.member(name)).unwrap_or_default(),
    }
}
