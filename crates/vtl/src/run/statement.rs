//! Directives.

use super::variables::{Frame, Given, set_local};
use super::{At, Halt, Render, Rendered};
use crate::error::{Cause, Fault};
use crate::tree::{Argument, Expr, Foreach, If, MacroCall, Node, Offset, Set, Slot};
use crate::value::{Block, Loop, LoopCell, Value};
use crate::watch::Event;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What a loop goes over.
enum Items {
    List(crate::value::List),
    /// The values of a map, with the map: it must not grow or shrink meanwhile.
    Values(Vec<Value>, crate::map::Map),
}

impl Items {
    fn length_now(&self) -> usize {
        match self {
            Self::List(list) => list.length_behind(),
            Self::Values(_, map) => map.len(),
        }
    }

    fn item(&self, index: usize) -> Value {
        match self {
            Self::List(list) => list.item(index).unwrap_or_default(),
            Self::Values(values, _) => values.get(index).cloned().unwrap_or_default(),
        }
    }
}

impl<'t> Render<'t, '_> {
    pub(super) fn body(&mut self, nodes: &'t [Node]) -> Rendered<()> {
        let Some(first) = nodes.first() else { return Ok(()) };
        self.fuel.enter().at(first.at().unwrap_or(self.here))?;
        let result = nodes.iter().try_for_each(|node| self.node(node));
        self.fuel.leave();
        result
    }

    fn node(&mut self, node: &'t Node) -> Rendered<()> {
        self.here = node.at().unwrap_or(self.here);
        match node {
            Node::Text(span) => self.write_span(*span, self.place_of_text(*span)),
            Node::Print(reference) => self.print(reference),
            Node::Set(set) => self.set(set),
            Node::If(choice) => self.choose(choice),
            Node::Foreach(each) => self.foreach(each),
            Node::Call(call) => self.call_macro(call),
            Node::Define(at, slot, block) => {
                self.tell(*at, |_| Event::Directive { name: "#define" });
                self.set_variable(*slot, Value::Block(Block(*block)));
                Ok(())
            }
            Node::Stop(at) => {
                self.tell(*at, |_| Event::Directive { name: "#stop" });
                Err(Halt::Stop)
            }
            Node::Break(at, scope) => self.leave_scope(*at, scope.as_deref()),
            Node::Unavailable(at, name) => {
                let message = format!("#{name} is not available in API Gateway");
                Err(Halt::new(*at, Fault { cause: Cause::Unavailable, message }))
            }
        }
    }

    fn set(&mut self, set: &'t Set) -> Rendered<()> {
        self.fuel.spend(1).at(set.at)?;
        let value = self.value(&set.value)?;
        self.tell(set.at, |program| Event::Set { source: program.text(set.target.source), value: &value });
        if !matches!(value, Value::Null) {
            self.assign(&set.target, value)?;
        }
        Ok(())
    }

    fn choose(&mut self, choice: &'t If) -> Rendered<()> {
        for (place, (at, condition, body)) in choice.arms.iter().enumerate() {
            self.fuel.spend(1).at(*at)?;
            let holds = self.truth(condition)?;
            self.tell(*at, |_| Event::Condition { directive: if place == 0 { "#if" } else { "#elseif" }, holds });
            if holds {
                return self.body(body);
            }
        }
        choice.otherwise.as_ref().map_or(Ok(()), |body| self.body(body))
    }

    fn leave_scope(&mut self, at: Offset, scope: Option<&'t Expr>) -> Rendered<()> {
        self.tell(at, |_| Event::Directive { name: "#break" });
        match scope {
            None => Err(Halt::Break),
            Some(scope) => match self.value(scope)? {
                Value::Loop(this) => Err(Halt::BreakOf(this.0.depth)),
                other => Err(Halt::new(at, Fault::call(format!("#break takes a loop such as $foreach, and this is a {}", other.kind())))),
            },
        }
    }

    fn foreach(&mut self, each: &'t Foreach) -> Rendered<()> {
        self.fuel.spend(1).at(each.at)?;
        let value = match &each.items {
            Some(items) => self.value(items)?.plain(each.at)?,
            None => Value::Null,
        };
        let items = match &value {
            Value::List(list) => Items::List(list.clone()),
            Value::Map(map) => {
                self.fuel.spend_items(map.len()).at(each.at)?;
                Items::Values(map.entries().iter().map(|(_, value)| value.clone()).collect(), map.clone())
            }
            _ => {
                self.tell(each.at, |_| Event::NoLoop { value: &value });
                return Ok(());
            }
        };
        let known = self.program.slots;
        let saved = self.variable(each.variable)?;
        let saved_count = known.count.map(|slot| self.variable(slot)).transpose()?;
        let saved_has_next = known.has_next.map(|slot| self.variable(slot)).transpose()?;
        let saved_loop = known.foreach.map(|slot| self.variable(slot)).transpose()?;

        self.loops += 1;
        let depth = self.loops;
        let this = known.foreach.map(|slot| {
            let parent = saved_loop.clone().unwrap_or_default();
            let parent = if matches!(parent, Value::Loop(_)) { parent } else { Value::Null };
            let cell = LoopCell { index: Cell::new(0), has_next: Cell::new(false), depth, parent, own: RefCell::new(None) };
            let this = Loop(Rc::new(cell));
            self.set_variable(slot, Value::Loop(this.clone()));
            this
        });
        let result = self.turns(each, &items, this.as_ref(), depth);
        self.loops -= 1;

        self.restore_variable(each.variable, saved);
        for (slot, saved) in [(known.count, saved_count), (known.has_next, saved_has_next), (known.foreach, saved_loop)] {
            if let (Some(slot), Some(saved)) = (slot, saved) {
                self.restore_variable(slot, saved);
            }
        }
        result
    }

    fn turns(&mut self, each: &'t Foreach, items: &Items, this: Option<&Loop>, depth: u32) -> Rendered<()> {
        let known = self.program.slots;
        let length = items.length_now();
        let turns_max = self.limits.loop_turns_max as usize;
        for index in 0..length.saturating_add(1).min(turns_max) {
            let now = items.length_now();
            if index == now {
                break;
            }
            if now != length {
                return Err(Halt::new(each.at, Fault::call("the list was changed while #foreach went over it")));
            }
            self.fuel.spend(1).at(each.at)?;
            let (value, has_next) = (items.item(index), index + 1 < length);
            let count = index as u32 + 1;
            self.tell(each.at, |program| Event::Turn { variable: program.name(each.variable), count, value: &value });
            if let Some(slot) = known.count {
                self.set_variable(slot, Value::Int(i64::from(count)));
            }
            if let Some(slot) = known.has_next {
                self.set_variable(slot, Value::Bool(has_next));
            }
            if let Some(this) = this {
                this.0.index.set(index as u32);
                this.0.has_next.set(has_next);
            }
            let is_null = matches!(value, Value::Null);
            self.set_variable(each.variable, value);
            let result = if is_null { self.with_hidden(each.variable, &each.body) } else { self.body(&each.body) };
            match result {
                Ok(()) => {}
                Err(Halt::Break) => break,
                Err(Halt::BreakOf(broken)) if broken == depth => break,
                Err(halt) => return Err(halt),
            }
        }
        Ok(())
    }

    /// A turn over null: whatever the body sets the variable to, it stays null.
    fn with_hidden(&mut self, slot: Slot, body: &'t [Node]) -> Rendered<()> {
        let here = self.frame;
        self.frames.push(Frame { caller: here, arguments: Vec::new(), locals: Vec::new(), hidden: Some(slot) });
        self.frame = Some(self.frames.len() - 1);
        let result = self.body(body);
        self.frames.pop();
        self.frame = here;
        result
    }

    /// Renders a `#define`d block; false when it is too deep within itself, and so prints nothing.
    pub(super) fn block(&mut self, number: u32) -> Rendered<bool> {
        let depth = &mut self.block_depths[number as usize];
        if *depth >= self.limits.block_depth_max {
            return Ok(false);
        }
        *depth += 1;
        let program = self.program;
        let result = self.body(&program.blocks[number as usize]);
        self.block_depths[number as usize] -= 1;
        match result {
            Ok(()) | Err(Halt::Break) => Ok(true),
            Err(halt) => Err(halt),
        }
    }

    fn call_macro(&mut self, call: &'t MacroCall) -> Rendered<()> {
        self.fuel.spend(1).at(call.at)?;
        let program = self.program;
        let name = &program.macro_names[call.name as usize];
        let Some(called) = &program.macros[call.name as usize] else { return self.write_span(call.source, call.at) };
        self.tell(call.at, |_| Event::Macro { name });
        if self.macros >= self.limits.macro_depth_max {
            return Err(Halt::new(call.at, Fault::limit("macro_depth_max", self.limits.macro_depth_max)));
        }
        let mut arguments = Vec::with_capacity(called.parameters.len());
        for (place, argument) in call.arguments.iter().enumerate() {
            if argument.is_word {
                let wrong = format!("{:?} is no argument of the macro #{name}", program.text(argument.source));
                return Err(Halt::new(call.at, Fault::call(wrong)));
            }
            if let Some(parameter) = called.parameters.get(place) {
                arguments.push((*parameter, self.given(argument)?));
            }
        }
        self.in_frame(
            Frame { caller: self.frame, arguments, locals: Vec::new(), hidden: None },
            program.slots.body_content.zip(call.block),
            &called.body,
        )
    }

    fn given(&mut self, argument: &'t Argument) -> Rendered<Given<'t>> {
        Ok(match &argument.value {
            Expr::Constant(_) if !self.program.text(argument.source).starts_with(['"', '\'']) => Given::Value(self.value(&argument.value)?),
            expression => Given::Expression(expression, argument.source),
        })
    }

    fn in_frame(&mut self, mut frame: Frame<'t>, content: Option<(Slot, u32)>, body: &'t [Node]) -> Rendered<()> {
        if let Some((slot, block)) = content {
            set_local(&mut frame.locals, slot, Value::Block(Block(block)));
        }
        let here = self.frame;
        self.frames.push(frame);
        self.frame = Some(self.frames.len() - 1);
        self.macros += 1;
        let result = self.body(body);
        self.macros -= 1;
        self.frames.pop();
        self.frame = here;
        match result {
            Err(Halt::Break) => Ok(()),
            result => result,
        }
    }
}

impl Node {
    /// Where it stands; literal text may stand nowhere.
    fn at(&self) -> Option<Offset> {
        match self {
            Self::Text(_) => None,
            Self::Print(reference) => Some(reference.at),
            Self::Set(set) => Some(set.at),
            Self::If(choice) => choice.arms.first().map(|(at, ..)| *at),
            Self::Foreach(each) => Some(each.at),
            Self::Call(call) => Some(call.at),
            Self::Define(at, ..) | Self::Stop(at) | Self::Break(at, _) | Self::Unavailable(at, _) => Some(*at),
        }
    }
}
