//! `arn:{partition}:apigateway:{region}:{[subdomain.]service}:{path|action}/{what}`: cut once, put together for each request.

use super::super::uri::Pieces;
use super::services::Named;
use crate::Flaw;
use crate::aws::{Aws, suffix};
use crate::mapping::{Place, Seen, Source, push_encoded};
use crate::upstream::{Target, Trust, Upstreams};
use base::gate::{Refusal, RefusalKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A URI, cut to pieces.
#[derive(Debug)]
pub(super) struct ServiceUri {
    partition: Box<str>,
    region: Pieces,
    service: Pieces,
    form: Form,
    what: Pieces,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Path,
    Action,
}

/// The URI of one request.
pub(super) struct Asked {
    pub(super) region: String,
    /// With its subdomain.
    pub(super) service: String,
    /// What is asked for: `None` for a path.
    pub(super) action: Option<String>,
    /// Path and query as far as the URI tells them.
    pub(super) path: Vec<u8>,
}

/// Where it goes.
pub(super) struct Destination {
    pub(super) target: Arc<Target>,
    /// What `Host` says.
    pub(super) host: Box<str>,
    /// The region that is signed for.
    pub(super) region: Box<str>,
    /// What the path begins with there.
    pub(super) prefix: String,
}

/// A path in which a slash is a slash and all else is encoded: S3 takes a plus for a blank, and signs what it has decoded.
fn strictly_encoded(path: &[u8]) -> Vec<u8> {
    let end = path.iter().position(|byte| *byte == b'?').unwrap_or(path.len());
    let (mut rest, query) = path.split_at(end);
    let mut out = Vec::with_capacity(path.len() + 16);
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'%' if after.get(..2).is_some_and(|digits| digits.eq_ignore_ascii_case(b"2f")) => {
                out.push(b'/');
                rest = &after[2..];
            }
            b'/' | b'%' => out.push(*byte),
            byte => push_encoded(&mut out, &[*byte], Place::Parameter),
        }
    }
    out.extend_from_slice(query);
    out
}

impl ServiceUri {
    /// Cuts a URI. `sources` fill its placeholders.
    pub(super) fn compile(text: &str, sources: &BTreeMap<String, Source>) -> Result<ServiceUri, Flaw> {
        let flaw = || Flaw::new(format!("{text} names no service of AWS"));
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "apigateway", region, service, what] = parts[..] else { return Err(flaw()) };
        let (form, what) = match what.split_once('/').ok_or_else(flaw)? {
            ("path", path) => (Form::Path, path),
            ("action", action) => (Form::Action, action),
            _ => return Err(flaw()),
        };
        Ok(ServiceUri {
            partition: partition.into(),
            region: Pieces::cut(region, sources)?,
            service: Pieces::cut(service, sources)?,
            form,
            // Seen: a path may begin with a second slash (observed/lambda.json).
            what: Pieces::cut(what.trim_start_matches('/'), sources)?,
        })
    }

    /// What is asked for, with the values of a request.
    pub(super) fn render(&self, seen: &Seen<'_>, given: &[(Arc<str>, String)]) -> Result<Asked, Refusal> {
        let text = |pieces: &Pieces, place| {
            let mut out = Vec::new();
            pieces.write(place, seen, given, &mut out)?;
            Ok(String::from_utf8_lossy(&out).into_owned())
        };
        let (mut path, mut action) = (b"/".to_vec(), None);
        match self.form {
            Form::Path => self.what.write(Place::Path, seen, given, &mut path)?,
            Form::Action => action = Some(text(&self.what, Place::Parameter)?),
        }
        let service = text(&self.service, Place::Host)?;
        if Named::of(&service).is_s3() {
            path = strictly_encoded(&path);
        }
        Ok(Asked { region: text(&self.region, Place::Host)?, service, action, path })
    }

    /// Where a service is: at AWS, or where the environment says.
    pub(super) fn destination(&self, aws: &Aws, upstreams: &Upstreams, asked: &Asked, named: &Named<'_>) -> Result<Destination, Refusal> {
        let region = named.facts.home.unwrap_or(&asked.region);
        let ending = suffix(&self.partition);
        let own = match named.facts.home {
            Some(_) => format!("{}.{ending}", asked.service),
            None => format!("{}.{region}.{ending}", asked.service),
        };
        let invalid = || Refusal::of(RefusalKind::ApiConfigurationError, format!("Invalid endpoint address: {own}"));
        // Whatever the URI was filled with: it is one host of AWS's, wherever the request goes.
        let target =
            upstreams.target("https", &own, Trust::Authorities).filter(|target| !own.contains(':') && !target.host().contains(".."));
        let target = target.ok_or_else(invalid)?;
        let Some(endpoint) = aws.endpoint(&named.id()) else {
            return Ok(Destination { target, host: own.into(), region: region.into(), prefix: String::new() });
        };
        // A name below the endpoint's may not exist: a bucket goes to the path, all else is told by AWS's name for it.
        let bucket = named.subdomain.filter(|_| named.is_s3());
        let prefix = bucket.map_or_else(|| endpoint.path.to_string(), |bucket| format!("{}/{bucket}", endpoint.path));
        let host = match named.subdomain {
            Some(_) if !named.is_s3() => own.into(),
            _ => endpoint.target.authority().into(),
        };
        Ok(Destination { target: endpoint.target, host, region: region.into(), prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objects_path_is_written_in_one_way() {
        let written = |path: &str| String::from_utf8(strictly_encoded(path.as_bytes())).unwrap();
        assert_eq!(written("/bucket/a+b/(c)%20d%2Fe%2f%"), "/bucket/a%2Bb/%28c%29%20d/e/%");
        assert_eq!(written("/k?versions=a+b"), "/k?versions=a+b");
    }
}
