//! Templates of gateway responses: text with variables, no language.

use crate::mapping::{Seen, Source, request_source};
use base::gate::Variable;

/// Pieces of one template.
const PIECES_MAX: usize = 1024;

/// A template, cut to pieces.
#[derive(Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(Box<str>),
    Value(Source),
}

impl Template {
    /// Cuts a text at its variables. What names none stays as it is.
    pub(super) fn compile(text: &str) -> Template {
        let mut pieces = Vec::new();
        let (mut from, mut at) = (0, 0);
        while let Some(dollar) = text[at..].find('$').map(|found| at + found) {
            at = dollar + 1;
            let Some((source, len)) = variable(&text[at..]).filter(|_| pieces.len() < PIECES_MAX) else { continue };
            if from < dollar {
                pieces.push(Piece::Text(text[from..dollar].into()));
            }
            pieces.push(Piece::Value(source));
            at += len;
            from = at;
        }
        if from < text.len() {
            pieces.push(Piece::Text(text[from..].into()));
        }
        Template(pieces)
    }

    /// Appends the text with its values. What has none is empty.
    pub(super) fn write(&self, seen: &Seen<'_>, out: &mut Vec<u8>) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Value(source) => {
                    let before = out.len();
                    if source.write(seen, out).is_err() {
                        out.truncate(before);
                    }
                }
            }
        }
    }
}

/// The variable that a text begins with (after its `$`), and how long its name is.
fn variable(text: &str) -> Option<(Source, usize)> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let end = text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len());
    // A full stop at the end of a sentence is no part of a name.
    let name = text[..end].trim_end_matches('.');
    if let Some(context) = name.strip_prefix("context.") {
        // The longest name that is known; what follows it is text.
        let mut known = context;
        loop {
            if let Some(variable) = Variable::named(known) {
                return Some((Source::Context(variable), "context.".len() + known.len()));
            }
            match known.rfind(['.', '-']) {
                Some(shorter) => known = &known[..shorter],
                None => return Some((Source::Nothing, name.len())),
            }
        }
    }
    if let Some(variable) = name.strip_prefix("stageVariables.") {
        let len = variable.find(['.', '-']).unwrap_or(variable.len());
        return (len > 0).then(|| (Source::StageVariable(variable[..len].into()), "stageVariables.".len() + len));
    }
    name.starts_with("method.request.").then(|| request_source(name).ok()).flatten().map(|source| (source, name.len()))
}
