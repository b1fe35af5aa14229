//! Variables: one scope for all, and within macros a shadow of it.
//!
//! A macro's argument is no value but what the caller wrote, looked at each time that it is used, in the caller's own scope. What a macro
//! sets, it sets for all scopes around it too.

use super::{Render, Rendered};
use crate::tree::{Expr, Slot, Span};
use crate::value::Value;

/// A macro that is rendered, or a turn of a loop over null.
pub(super) struct Frame<'t> {
    /// The scope of the caller.
    pub(super) caller: Option<usize>,
    pub(super) arguments: Vec<(Slot, Given<'t>)>,
    pub(super) locals: Vec<(Slot, Value)>,
    /// The variable that is null here, whatever it is set to. Such a frame has nothing of its own.
    pub(super) hidden: Option<Slot>,
}

pub(super) enum Given<'t> {
    Value(Value),
    /// What the caller wrote, and how.
    Expression(&'t Expr, Span),
}

impl<'t> Render<'t, '_> {
    pub(super) fn variable(&mut self, slot: Slot) -> Rendered<Value> {
        let mut scope = self.frame;
        while let Some(index) = scope {
            let frame = &self.frames[index];
            if frame.hidden == Some(slot) {
                return Ok(Value::Null);
            }
            if let Some((_, value)) = frame.locals.iter().find(|(local, value)| *local == slot && !matches!(value, Value::Null)) {
                return Ok(value.clone());
            }
            match frame.arguments.iter().find(|(parameter, _)| *parameter == slot) {
                Some((_, Given::Value(value))) => return Ok(value.clone()),
                Some((_, Given::Expression(expression, _))) => {
                    let (expression, here) = (*expression, self.frame);
                    self.frame = frame.caller;
                    let value = self.value(expression);
                    self.frame = here;
                    return value;
                }
                None => scope = frame.caller,
            }
        }
        Ok(self.global(slot))
    }

    /// A variable outside of all macros; those that the template did not set are asked for once.
    fn global(&mut self, slot: Slot) -> Value {
        match &self.slots[slot as usize] {
            Some(value) => value.clone(),
            None => {
                let value = (self.globals)(self.program.name(slot));
                self.slots[slot as usize] = Some(value.clone());
                value
            }
        }
    }

    pub(super) fn set_variable(&mut self, slot: Slot, value: Value) {
        let mut scope = self.frame;
        while let Some(index) = scope {
            let frame = &mut self.frames[index];
            if frame.hidden.is_none() {
                set_local(&mut frame.locals, slot, value.clone());
            }
            scope = frame.caller;
        }
        self.slots[slot as usize] = Some(value);
    }

    /// Sets a variable to what it was: nothing, if it was nothing.
    pub(super) fn restore_variable(&mut self, slot: Slot, value: Value) {
        if !matches!(value, Value::Null) {
            return self.set_variable(slot, value);
        }
        let mut scope = self.frame;
        while let Some(index) = scope {
            let frame = &mut self.frames[index];
            frame.locals.retain(|(local, _)| *local != slot);
            frame.arguments.retain(|(parameter, _)| *parameter != slot);
            scope = frame.caller;
        }
        self.slots[slot as usize] = Some(Value::Null);
    }

    /// How the caller of a macro wrote the argument that a variable stands for.
    pub(super) fn source_of(&self, slot: Slot) -> Option<Span> {
        let mut scope = self.frame;
        while let Some(index) = scope {
            let frame = &self.frames[index];
            for (parameter, given) in &frame.arguments {
                if let (true, Given::Expression(_, source)) = (*parameter == slot, given) {
                    return Some(*source);
                }
            }
            scope = frame.caller;
        }
        None
    }
}

pub(super) fn set_local(locals: &mut Vec<(Slot, Value)>, slot: Slot, value: Value) {
    match locals.iter_mut().find(|(local, _)| *local == slot) {
        Some((_, there)) => *there = value,
        None => locals.push((slot, value)),
    }
}
