//! What is wrong with a definition, or odd: with its place for the operator, and in AWS's words for the caller where we know them.

use super::document::Place;
use std::fmt;

/// One thing to say of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    /// Where in the text.
    pub at: Place,
    /// The caller's text, without the place.
    pub text: String,
}

/// What a problem does to an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For the operator only: something has no effect here.
    Remark,
    /// Part of the reply; it stops the import if the caller wants that.
    Warning,
    /// It stops the import.
    Error,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Remark => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{}: {word}: {}", self.at, self.text)
    }
}

/// Problems that are kept of one definition. More are counted.
const PROBLEMS_MAX: usize = 200;
/// Bytes of one problem's text.
const PROBLEM_BYTES_MAX: usize = 2_000;
/// Bytes of names and values that a definition may unfold to: references let a small text say one thing very often.
const UNFOLDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Problems as they are found.
pub(crate) struct Notes {
    /// Whether what AWS refuses is refused here.
    strict: bool,
    problems: Vec<Problem>,
    more: [usize; 3],
    unfolded_bytes: usize,
}

impl Notes {
    pub(crate) fn new(strict: bool) -> Notes {
        Notes { strict, problems: Vec::new(), more: [0; 3], unfolded_bytes: 0 }
    }

    pub(crate) fn error(&mut self, at: Place, text: impl Into<String>) {
        self.push(Severity::Error, at, text.into());
    }

    pub(crate) fn warning(&mut self, at: Place, text: impl Into<String>) {
        self.push(Severity::Warning, at, text.into());
    }

    pub(crate) fn remark(&mut self, at: Place, text: impl Into<String>) {
        self.push(Severity::Remark, at, text.into());
    }

    /// AWS refuses this; `extended` takes it and says so.
    pub(crate) fn refused_by_aws(&mut self, at: Place, text: impl Into<String>) {
        self.push(if self.strict { Severity::Error } else { Severity::Warning }, at, text.into());
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    fn push(&mut self, severity: Severity, at: Place, mut text: String) {
        if self.problems.len() >= PROBLEMS_MAX {
            self.more[severity as usize] += 1;
            return;
        }
        if text.len() > PROBLEM_BYTES_MAX {
            text.truncate(text.floor_char_boundary(PROBLEM_BYTES_MAX));
            text.push('…');
        }
        self.problems.push(Problem { severity, at, text });
    }

    /// Counts what a definition unfolds to; false when it is too much, which is then an error.
    pub(crate) fn unfold(&mut self, at: Place, bytes: usize) -> bool {
        let before = self.unfolded_bytes;
        self.unfolded_bytes = before.saturating_add(bytes);
        if before <= UNFOLDED_BYTES_MAX && self.unfolded_bytes > UNFOLDED_BYTES_MAX {
            self.error(at, format!("The definition unfolds to more than {UNFOLDED_BYTES_MAX} bytes"));
        }
        self.unfolded_bytes <= UNFOLDED_BYTES_MAX
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.unfolded_bytes > UNFOLDED_BYTES_MAX
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.more[Severity::Error as usize] > 0 || self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// All of them, in the order in which they were found.
    pub(crate) fn told(self) -> Vec<Problem> {
        let mut problems = self.problems;
        for severity in [Severity::Remark, Severity::Warning, Severity::Error] {
            let more = self.more[severity as usize];
            if more > 0 {
                problems.push(Problem { severity, at: Place::START, text: format!("… and {more} more") });
            }
        }
        problems
    }
}

/// The caller's text for a refused definition: every error in a line of its own, and the warnings after them.
pub(crate) fn refusal(problems: &[Problem]) -> String {
    let lines = |severity: Severity| -> String {
        problems.iter().filter(|problem| problem.severity == severity).map(|problem| format!("\n\t{}", problem.text)).collect()
    };
    let (errors, warnings) = (lines(Severity::Error), lines(Severity::Warning));
    match (errors.is_empty(), warnings.is_empty()) {
        (true, _) => format!("Warnings found during import:{warnings}"),
        (false, true) => format!("Errors found during import:{errors}"),
        (false, false) => format!("Errors found during import:{errors}\nAdditionally, these warnings were found:{warnings}"),
    }
}
