//! Where services are, if not at AWS.

use super::credentials::Environment;
use crate::upstream::{Target, Trust};
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::sync::Arc;

/// Services whose endpoints are remembered: APIs name them, and their names may be put together for each request.
const SERVICES_MAX: usize = 256;
const ALL: &str = "AWS_ENDPOINT_URL";

/// A place that stands for a service, or for all of AWS.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) target: Arc<Target>,
    /// Without a slash at its end.
    pub(crate) path: Box<str>,
}

impl Endpoint {
    fn parse(name: &str, url: &str) -> Result<Endpoint, String> {
        let read = || {
            let (scheme, rest) = url.trim().split_once("://")?;
            let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"' | b'<' | b'>' | b'\\');
            let target = Target::parse(scheme, authority, Trust::Authorities)?;
            path.bytes().all(plain).then(|| Endpoint { target: Arc::new(target), path: path.trim_end_matches('/').into() })
        };
        read().ok_or_else(|| format!("{name} is {url:?}: it must be a URL, as in http://127.0.0.1:4566"))
    }
}

/// The endpoints that the environment names.
pub(super) struct Endpoints {
    environment: Environment,
    all: Option<Endpoint>,
    /// What was looked up, by service: who asks again reads no environment, and takes no lock.
    known: ArcSwap<HashMap<Box<str>, Option<Endpoint>>>,
}

impl Endpoints {
    /// What can be read now is read now: a mistake in the one for all, or in one of those that most people name, ends the start.
    pub(super) fn new(environment: Environment) -> Result<Endpoints, String> {
        let all = environment.text(ALL).map(|url| Endpoint::parse(ALL, &url)).transpose()?;
        let mut known = HashMap::new();
        for id in ["LAMBDA", "STS", "S3", "SQS", "SNS", "DYNAMODB", "KINESIS", "FIREHOSE", "SFN", "EVENTBRIDGE", "SSM"] {
            known.insert(id.into(), named(&environment, id).transpose()?.or_else(|| all.clone()));
        }
        Ok(Endpoints { environment, all, known: ArcSwap::from_pointee(known) })
    }

    /// The endpoint of a service. What cannot be read is told, and stands for nothing.
    pub(super) fn of(&self, id: &str) -> Option<Endpoint> {
        if let Some(known) = self.known.load().get(id) {
            return known.clone();
        }
        let endpoint = match named(&self.environment, id) {
            Some(Ok(endpoint)) => Some(endpoint),
            Some(Err(why)) => {
                tracing::warn!(%why, "an endpoint is passed over");
                self.all.clone()
            }
            None => self.all.clone(),
        };
        if self.known.load().len() < SERVICES_MAX {
            self.known.rcu(|known| {
                let mut known = HashMap::clone(known);
                known.insert(id.into(), endpoint.clone());
                known
            });
        }
        endpoint
    }
}

impl std::fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoints({:?})", self.known.load())
    }
}

fn named(environment: &Environment, id: &str) -> Option<Result<Endpoint, String>> {
    let name = format!("{ALL}_{id}");
    environment.text(&name).map(|url| Endpoint::parse(&name, &url))
}

/// How the names of AWS's hosts end in a partition.
pub(crate) fn suffix(partition: &str) -> &'static str {
    if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}
