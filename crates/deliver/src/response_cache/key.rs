//! What makes two requests equal for the cache.

use crate::Flaw;
use crate::integration::record::Integration;
use crate::mapping::{Seen, Source, path_form};
use base::gate::{Buffer, Exchange, Refusal};

/// What an answer is found by: exact bytes, no digest of them.
pub type Key = Box<[u8]>;

/// How a method's keys are made.
#[derive(Debug)]
pub struct CacheKey {
    /// The resource's id, unless the author shares entries between resources.
    namespace: Box<str>,
    /// Each with its name.
    parts: Vec<(Box<str>, Source)>,
}

impl CacheKey {
    /// Compiles the parameters of an integration; every flaw is told.
    pub fn compile(record: &Integration, flaws: &mut Vec<Flaw>) -> CacheKey {
        let mut parts = Vec::new();
        for name in &record.cache_key_parameters {
            // What is mapped is named by where it goes, too.
            let mapped = record.request_parameters.as_ref().and_then(|mapped| mapped.get(name));
            let expression = if name.starts_with("integration.request.") { mapped.map_or("", String::as_str) } else { name };
            match Source::request(expression, path_form(record.kind)) {
                Ok(source) => parts.push((name.as_str().into(), source)),
                Err(_) => flaws.push(Flaw::new(format!("the cache key parameter {name} names no parameter of the request"))),
            }
        }
        CacheKey { namespace: record.cache_namespace.as_str().into(), parts }
    }

    /// The key of a request, whose body must be whole if a part of it is there. Of equal requests to different deployments, or of different verbs, none are equal.
    pub fn of(&self, ex: &Exchange) -> Result<Key, Refusal> {
        let mut key = Buffer::take();
        let mut piece = |bytes: &[u8]| {
            key.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            key.extend_from_slice(bytes);
        };
        piece(ex.stage().deployment.as_bytes());
        piece(self.namespace.as_bytes());
        piece(ex.request.head.method_text().as_bytes());
        let seen = Seen::request(ex);
        let mut value = Buffer::take();
        for (name, source) in &self.parts {
            value.clear();
            source.write(&seen, &mut value)?;
            piece(name.as_bytes());
            piece(&value);
        }
        Ok(key.as_slice().into())
    }
}
