//! Policy documents: who may do what to which resource, and when.
//!
//! A document is compiled once and asked often. It says of a [`Request`] one of three things: a statement denies it, a statement allows
//! it, or nobody says anything, which is a no as well. A denial always wins, wherever it stands.
//!
//! ```text
//! text ─► Policy::parse (bounded; all flaws at once) ─► evaluate(request, context) ─► ExplicitDeny | Allow | ImplicitDeny
//! ```
//!
//! This crate has no clock and no I/O, and does not know what a request of a gateway is: keys of conditions come from a [`Context`]. To
//! evaluate allocates nothing. How the decisions of several policies are put together (of an identity and of a resource) is for those
//! who have them: it differs between services.
//!
//! What is odd, and where we know it from (`documented`) or only believe it (`assumed`):
//!
//! * `*` spans everything, slashes and colons too; an ARN of fewer than six fields is one with `*` for the rest. (documented)
//! * `ArnLike` and `ArnEquals` are the same, and compare field by field: there a `*` ends at its colon. (documented)
//! * A key that a request does not have fails positive operators and passes negated ones; with `IfExists` it passes all. (documented)
//! * `ForAllValues` of no values passes. (documented)
//! * `${…}` is a variable under version 2012-10-17 alone, and in texts and ARNs alone. One without a value and a default equals
//!   nothing. A value is never read as a wildcard. (the first two documented, the third assumed)
//! * A principal that is a whole account hands the decision to that account: its own policies must allow as well. [`Cause`] tells.
//!   (documented)
//! * Names of operators are taken in any case, those of elements are not. (assumed)

mod compile;
mod condition;
mod flaw;
mod pattern;
mod principal;
mod statement;
mod time;
mod value;

pub use compile::{DOCUMENT_BYTES_MAX, Form, STATEMENTS_MAX};
pub use flaw::Flaw;
pub use principal::Principal;
pub use value::{Context, Nothing, Value};

use statement::{Effect, Statement};
use std::fmt;

/// A policy document, ready to be asked.
#[derive(Clone, Debug)]
pub struct Policy {
    statements: Box<[Statement]>,
}

/// What somebody wants.
#[derive(Clone, Copy)]
pub struct Request<'r> {
    pub principal: Principal<'r>,
    /// `execute-api:Invoke`.
    pub action: &'r str,
    /// A whole ARN.
    pub resource: &'r str,
    /// What conditions and variables ask for.
    pub context: &'r dyn Context,
}

/// What a policy says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'p> {
    /// A statement denies it.
    ExplicitDeny(Cause<'p>),
    /// A statement allows it, and none denies it.
    Allow(Cause<'p>),
    /// No statement is about it.
    ImplicitDeny,
}

/// The statement that decided. Prints as `statement 2 (OfficeOnly)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause<'p> {
    /// Its place in the document, from 1.
    pub number: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<&'p str>,
    /// It names the caller's account, not the caller: that account's own policies must allow as well.
    pub delegates: bool,
}

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {}", self.number)?;
        match self.sid {
            Some(sid) => write!(f, " ({sid})"),
            None => Ok(()),
        }
    }
}

impl Policy {
    /// Reads a document. Of one that is no policy of this form, all that is wrong is told.
    pub fn parse(text: &str, form: Form) -> Result<Policy, Vec<Flaw>> {
        compile::parse(text, form)
    }

    /// Compiles a document that was read before, and bounded by who read it.
    pub fn compile(document: &serde_json::Value, form: Form) -> Result<Policy, Vec<Flaw>> {
        compile::compile(document, form)
    }

    /// What the policy says of a request. Among statements that allow, the first that names the caller itself is told, else the first.
    pub fn evaluate(&self, request: &Request<'_>) -> Decision<'_> {
        let mut decision = Decision::ImplicitDeny;
        for (at, statement) in self.statements.iter().enumerate() {
            let is_better = match (statement.effect, decision) {
                (Effect::Deny, _) | (_, Decision::ImplicitDeny) => true,
                (Effect::Allow, Decision::Allow(cause)) => cause.delegates,
                (Effect::Allow, Decision::ExplicitDeny(_)) => false,
            };
            let Some(named) = is_better.then(|| statement.applies(request)).flatten() else { continue };
            let cause = Cause { number: at + 1, sid: statement.sid.as_deref(), delegates: named.delegates() };
            match statement.effect {
                Effect::Deny => return Decision::ExplicitDeny(cause),
                Effect::Allow => decision = Decision::Allow(cause),
            }
        }
        decision
    }

    /// How many statements there are.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there is no statement at all.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}
