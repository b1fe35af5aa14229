//! The URI of an HTTP endpoint, with its placeholders: cut to pieces once, put together for each request.
//!
//! `{name}` is filled by the mapping `integration.request.path.name`, wherever in the URI it stands; without one it stays. Then
//! `${stageVariables.name}` is filled, and what is not set is empty.

use crate::Flaw;
use crate::mapping::{Place, Seen, Source, push_encoded, stage_variable};
use crate::upstream::{Target, Trust, Upstreams};
use base::gate::{Refusal, RefusalKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Pieces of one URI.
const PIECES_MAX: usize = 256;
const STAGE_VARIABLE: &str = "${stageVariables.";

/// A URI, cut to pieces.
#[derive(Debug)]
pub(super) struct Uri {
    /// Where it goes, if that is the same for every request. Then the pieces begin with the path.
    target: Option<Arc<Target>>,
    pieces: Pieces,
    trust: Trust,
}

/// Text with placeholders and stage variables in it.
#[derive(Debug)]
pub(super) struct Pieces(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    /// As it goes out.
    Text(Box<str>),
    Placeholder {
        name: Box<str>,
        source: Option<Source>,
    },
    StageVariable(Box<str>),
}

/// A rendered URI.
pub(super) struct Rendered {
    pub(super) target: Arc<Target>,
    /// It has a query of its own.
    pub(super) has_query: bool,
}

impl Uri {
    /// Cuts a URI. `sources` fill its placeholders.
    pub(super) fn compile(text: &str, trust: Trust, sources: BTreeMap<String, Source>) -> Result<Uri, Flaw> {
        let text = text.split('#').next().unwrap_or_default();
        let is_fixed = |part: &str| !part.contains(['{', '}']);
        let split = text.split_once("://").map(|(scheme, rest)| {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            (scheme, &rest[..end], &rest[end..])
        });
        let (target, rest) = match split {
            Some((scheme, authority, rest)) if is_fixed(scheme) && is_fixed(authority) => {
                (Target::parse(scheme, authority, trust).map(Arc::new), rest)
            }
            _ => (None, text),
        };
        // An address that is none is found when a request comes, as on AWS: until then it may stay.
        let rest = if target.is_some() { rest } else { text };
        let pieces = Pieces::cut(rest, &sources)?;
        Ok(Uri { target, pieces, trust })
    }

    /// Whether all of it up to its path is the same for every request.
    pub(super) fn is_fixed(&self) -> bool {
        self.target.is_some()
    }

    /// Puts it together: the path and query of the request's target go to `out`.
    pub(super) fn render(
        &self,
        upstreams: &Upstreams,
        seen: &Seen<'_>,
        given: &[(Arc<str>, String)],
        out: &mut Vec<u8>,
    ) -> Result<Rendered, Refusal> {
        let begin = out.len();
        if self.target.is_some() && !self.pieces.is_rooted() {
            out.push(b'/');
        }
        let place = if self.target.is_some() { Place::Path } else { Place::Host };
        self.pieces.write(place, seen, given, out)?;
        match &self.target {
            Some(target) => Ok(Rendered { target: target.clone(), has_query: out[begin..].contains(&b'?') }),
            None => self.split(upstreams, begin, out),
        }
    }

    /// Parts the target from a URI that was put together as a whole.
    fn split(&self, upstreams: &Upstreams, begin: usize, out: &mut Vec<u8>) -> Result<Rendered, Refusal> {
        let invalid = || Refusal::of(RefusalKind::ApiConfigurationError, "Invalid endpoint address");
        let text = std::str::from_utf8(&out[begin..]).map_err(|_| invalid())?;
        let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let target = upstreams.target(scheme, &rest[..end], self.trust).ok_or_else(invalid)?;
        let path_from = begin + scheme.len() + "://".len() + end;
        let has_query = rest[end..].contains('?');
        out.drain(begin..path_from);
        if out.get(begin) != Some(&b'/') {
            out.insert(begin, b'/');
        }
        Ok(Rendered { target, has_query })
    }
}

impl Pieces {
    /// Cuts a text. `sources` fill its placeholders.
    pub(super) fn cut(text: &str, sources: &BTreeMap<String, Source>) -> Result<Pieces, Flaw> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if pieces.len() == PIECES_MAX {
                return Err(Flaw::new("the URI has too many placeholders"));
            }
            let is_name = |name: &str| !name.is_empty() && !name.contains(['{', '}', '/']);
            if let Some((name, after)) = rest.strip_prefix(STAGE_VARIABLE).and_then(|rest| rest.split_once('}'))
                && is_name(name)
            {
                pieces.push(Piece::StageVariable(name.into()));
                rest = after;
            } else if let Some((name, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'))
                && is_name(name)
            {
                pieces.push(Piece::Placeholder { name: name.into(), source: sources.get(name).cloned() });
                rest = after;
            } else {
                let first = rest.chars().next().map_or(1, char::len_utf8);
                let next = |found: &str| rest[first..].find(found).map(|at| at + first);
                let end = [next(STAGE_VARIABLE), next("{")].into_iter().flatten().min().unwrap_or(rest.len());
                // `${…}` begins at its dollar sign.
                let (text, after) = rest.split_at(end);
                let mut encoded = Vec::new();
                push_encoded(&mut encoded, text.as_bytes(), Place::Verbatim);
                let text = String::from_utf8(encoded).expect("what is encoded is ASCII");
                match pieces.last_mut() {
                    Some(Piece::Text(before)) => *before = format!("{before}{text}").into(),
                    _ => pieces.push(Piece::Text(text.into())),
                }
                rest = after;
            }
        }
        Ok(Pieces(pieces))
    }

    /// Whether the text begins with a slash.
    pub(super) fn is_rooted(&self) -> bool {
        matches!(self.0.first(), Some(Piece::Text(text)) if text.starts_with('/'))
    }

    /// Appends the text as it is for this request, its beginning at this place of a URL.
    pub(super) fn write(&self, mut place: Place, seen: &Seen<'_>, given: &[(Arc<str>, String)], out: &mut Vec<u8>) -> Result<(), Refusal> {
        let begin = out.len();
        for piece in &self.0 {
            let from = out.len();
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::StageVariable(name) => {
                    push_encoded(out, stage_variable(seen.ex, name).as_bytes(), Place::Verbatim);
                }
                Piece::Placeholder { name, source } => {
                    fill(name, source.as_ref(), seen, given, place, out)?;
                    continue;
                }
            }
            place = after(place, &out[begin..], from - begin);
        }
        Ok(())
    }
}

/// Where in the URI the text after `written[from..]` stands.
fn after(place: Place, written: &[u8], from: usize) -> Place {
    let fresh = &written[from..];
    match place {
        Place::Host => {
            let Some(host) = memchr::memmem::find(written, b"://").map(|at| at + 3) else { return Place::Host };
            let rest = &written[host..];
            match rest.iter().position(|byte| matches!(byte, b'/' | b'?')) {
                None => Place::Host,
                Some(_) if rest.contains(&b'?') => Place::Query,
                Some(_) => Place::Path,
            }
        }
        Place::Path if fresh.contains(&b'?') => Place::Query,
        place => place,
    }
}

fn fill(
    name: &str,
    source: Option<&Source>,
    seen: &Seen<'_>,
    given: &[(Arc<str>, String)],
    place: Place,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    if let Some((_, value)) = given.iter().find(|(key, _)| **key == *name) {
        push_encoded(out, value.as_bytes(), place);
        return Ok(());
    }
    let Some(source) = source else {
        for part in ["{", name, "}"] {
            push_encoded(out, part.as_bytes(), Place::Verbatim);
        }
        return Ok(());
    };
    source.write_encoded(seen, place, out)
}
