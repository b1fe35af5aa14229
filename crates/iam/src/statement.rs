//! One statement, and whether it is about a request.

use crate::Request;
use crate::condition::Condition;
use crate::pattern::Pattern;
use crate::principal::{Named, Who};
use crate::value::Context;

#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    /// `None` where the policy belongs to whom it is about.
    pub(crate) principals: Option<Listed<Who>>,
    pub(crate) actions: Listed<Pattern>,
    /// `None` where the policy belongs to what it is about.
    pub(crate) resources: Option<Listed<Pattern>>,
    pub(crate) conditions: Box<[Condition]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// A list of those that are meant, or of those that are not.
#[derive(Clone, Debug)]
pub(crate) struct Listed<T> {
    pub(crate) list: Box<[T]>,
    pub(crate) meant: Meant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    Those,
    /// `NotPrincipal`, `NotAction`, `NotResource`.
    AllButThose,
}

impl<T> Listed<T> {
    fn holds(&self, matches: impl FnMut(&T) -> bool) -> bool {
        self.list.iter().any(matches) == (self.meant == Meant::Those)
    }
}

impl Listed<Pattern> {
    /// A variable without a value matches nothing. What is left out by name must have one, or all would be allowed but nothing.
    fn is_known(&self, context: &dyn Context) -> bool {
        self.meant == Meant::Those || self.list.iter().all(|pattern| pattern.is_known(context))
    }
}

impl Statement {
    /// Whether it is about a request, and how well it names who asks.
    pub(crate) fn applies(&self, request: &Request<'_>) -> Option<Named> {
        let Request { principal, action, resource, context } = request;
        if !self.actions.holds(|pattern| pattern.matches(action.as_bytes(), *context)) {
            return None;
        }
        if !self.resources.as_ref().is_none_or(|resources| resources.holds(|pattern| pattern.matches(resource.as_bytes(), *context))) {
            return None;
        }
        if self.effect == Effect::Allow && !self.resources.as_ref().is_none_or(|resources| resources.is_known(*context)) {
            return None;
        }
        let named = match &self.principals {
            None => Named::Itself,
            Some(Listed { list, meant: Meant::Those }) => list.iter().filter_map(|who| who.names(principal)).max()?,
            Some(Listed { list, meant: Meant::AllButThose }) => {
                if list.iter().any(|who| who.names(principal).is_some()) {
                    return None;
                }
                Named::Itself
            }
        };
        self.conditions.iter().all(|condition| condition.holds(*context)).then_some(named)
    }
}
