//! Who is calling the control API: a signature, a known key, and the realm that both tell.

use super::ApiError;
use super::dispatch::Ask;
use crate::store::Realm;
use crate::world::Timestamp;
use sigv4::{Exception, Failure, Payload, Rules};
use std::sync::Arc;

/// The caller of an operation.
#[derive(Clone, Debug)]
pub struct Caller {
    /// For the log of changes: an access key id, or `dev`.
    pub name: Arc<str>,
    /// The account, and the region of the signature's credential scope.
    pub realm: Realm,
}

/// Somebody who may call.
#[derive(Clone)]
pub struct Identity {
    /// The secret that signatures are made with.
    pub secret: Arc<str>,
    /// The account it belongs to.
    pub account: Arc<str>,
}

/// Knows access keys.
pub trait Credentials: Send + Sync + 'static {
    /// Whose key this is.
    fn identity(&self, access_key_id: &str) -> Option<Identity>;
}

/// Takes a call for what it says it is, where nobody checks (`--dev`): root of the home realm, in the region the signature names.
pub fn trusted(ask: &Ask, home: &Realm) -> Caller {
    let request = request(ask);
    let region = sigv4::parse(&request).ok().map(|claim| claim.region).filter(|region| is_region(region));
    let region = region.map_or_else(|| home.region.clone(), Into::into);
    Caller { name: "dev".into(), realm: Realm { account: home.account.clone(), region } }
}

/// Verifies a call's signature for one of our services and answers who made it.
pub fn verified(ask: &Ask, services: &[&str], credentials: &dyn Credentials, now: Timestamp) -> Result<Caller, ApiError> {
    let request = request(ask);
    let claim = sigv4::parse(&request).map_err(told)?;
    let service = services.iter().copied().find(|service| *service == claim.service).or(services.first().copied());
    let rules = Rules { service, ..Rules::default() };
    let seconds = i64::try_from(now.seconds()).unwrap_or(i64::MAX);
    sigv4::check(&claim, &request, seconds, &rules).map_err(told)?;
    let identity = credentials.identity(&claim.access_key).ok_or(ApiError::UnrecognizedClient)?;
    sigv4::verify(&claim, &identity.secret, &request, seconds, &rules).map_err(told)?;
    if !is_region(&claim.region) {
        return Err(ApiError::InvalidSignature("Credential should be scoped to a valid region.".into()));
    }
    Ok(Caller { name: claim.access_key.into(), realm: Realm { account: identity.account, region: claim.region.into() } })
}

fn request(ask: &Ask) -> sigv4::Request<'_, impl IntoIterator<Item = (&str, &[u8])> + Clone> {
    sigv4::Request {
        method: &ask.method,
        path: ask.path.as_bytes(),
        query: ask.query.as_bytes(),
        headers: ask.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())),
        payload: Payload::Bytes(&ask.body),
    }
}

fn told(why: Failure) -> ApiError {
    match why.exception() {
        Exception::MissingAuthenticationToken => ApiError::MissingAuthenticationToken,
        Exception::IncompleteSignature => ApiError::IncompleteSignature(why.to_string()),
        Exception::InvalidSignature => ApiError::InvalidSignature(why.to_string()),
    }
}

/// Longest name of a region that is taken.
const REGION_BYTES_MAX: usize = 40;

fn is_region(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= REGION_BYTES_MAX && text.bytes().all(fits)
}
