//! Whether a claim is true.

use aws_lc_rs::constant_time;

use crate::canonical::{self, Fields, Parts};
use crate::failure::{Failure, Mismatch, ScopeFault};
use crate::{Claim, Dialect, Form, Request, SKEW_SECONDS, SigningKey, Stamp, UNSIGNED_PAYLOAD};

/// What the one who verifies demands.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'r> {
    /// `None` takes any: the control port serves every region.
    pub region: Option<&'r str>,
    /// `None` takes any: the control port finds its service by the claim.
    pub service: Option<&'r str>,
    /// How far the signature's time may be from ours, either way.
    pub skew_seconds: u32,
    pub dialect: Dialect,
}

impl Default for Rules<'_> {
    fn default() -> Self {
        Self { region: None, service: None, skew_seconds: SKEW_SECONDS, dialect: Dialect::Standard }
    }
}

/// A claim that was found true; made by [`verify`] alone.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'c>(&'c Claim);

impl<'c> Verified<'c> {
    pub fn claim(self) -> &'c Claim {
        self.0
    }
}

/// All that can be said against a claim without the secret: its scope, what it leaves uncovered, its time. In that order.
///
/// [`verify`] asks the same again; call this before the secret is looked up, where a bad scope should be told before an unknown key.
pub fn check<'a, H>(claim: &Claim, request: &Request<'a, H>, now: i64, rules: &Rules<'_>) -> Result<(), Failure>
where
    H: IntoIterator<Item = (&'a str, &'a [u8])> + Clone,
{
    check_fields(claim, &Fields::of(request.headers.clone().into_iter()), now, rules)
}

/// Verifies `claim`, which must be [`crate::parse`]'d from the same `request`. `now` in seconds since the epoch.
pub fn verify<'c, 'a, H>(
    claim: &'c Claim,
    secret: &str,
    request: &Request<'a, H>,
    now: i64,
    rules: &Rules<'_>,
) -> Result<Verified<'c>, Failure>
where
    H: IntoIterator<Item = (&'a str, &'a [u8])> + Clone,
{
    verify_with_key(claim, &SigningKey::derive(secret, &claim.day, &claim.region, &claim.service), request, now, rules)
}

/// As [`verify`], with a signing key that was derived from the claim's day, region and service before.
pub fn verify_with_key<'c, 'a, H>(
    claim: &'c Claim,
    key: &SigningKey,
    request: &Request<'a, H>,
    now: i64,
    rules: &Rules<'_>,
) -> Result<Verified<'c>, Failure>
where
    H: IntoIterator<Item = (&'a str, &'a [u8])> + Clone,
{
    let fields = Fields::of(request.headers.clone().into_iter());
    check_fields(claim, &fields, now, rules)?;
    let declared = fields.first("x-amz-content-sha256").map(<[u8]>::trim_ascii);
    let unsigned =
        rules.dialect == Dialect::S3 && declared.map_or(claim.form != Form::Header, |declared| declared == UNSIGNED_PAYLOAD.as_bytes());
    let payload_line = if unsigned { UNSIGNED_PAYLOAD.to_owned() } else { request.payload.sha256_hex() };
    let payload_holds = declared.is_none_or(|declared| declared == payload_line.as_bytes());
    let without = match claim.form {
        Form::Header => None,
        Form::Query { .. } => Some("X-Amz-Signature"),
    };
    let parts = Parts {
        method: request.method,
        query: canonical::query(request.query, without),
        fields: &fields,
        signed_headers: &claim.signed_headers,
        payload_line: &payload_line,
    };
    let scope = format!("{}/{}/{}/{}", claim.day, claim.region, claim.service, claim.terminator);
    let attempt = |path: &[u8]| {
        let canonical_request = parts.request(path);
        let string_to_sign = canonical::string_to_sign(claim.signed_at, &scope, &canonical_request);
        let expected = key.signature(&string_to_sign);
        match constant_time::verify_slices_are_equal(expected.as_bytes(), claim.signature.as_bytes()) {
            Ok(()) if payload_holds => Ok(Verified(claim)),
            _ => {
                let canonical_request = String::from_utf8_lossy(&canonical_request).into_owned();
                Err(Failure::Mismatch(Box::new(Mismatch { canonical_request, string_to_sign })))
            }
        }
    };
    let path = canonical::path(request.path, rules.dialect);
    let verdict = attempt(&path);
    if verdict.is_ok() || rules.dialect != Dialect::Standard {
        return verdict;
    }
    // Some signers do not fold the path. What is tried is the path that came, so nothing else becomes valid by it.
    let unfolded = canonical::path(request.path, Dialect::Unfolded);
    if unfolded == path { verdict } else { attempt(&unfolded).or(verdict) }
}

fn check_fields(claim: &Claim, fields: &Fields<'_>, now: i64, rules: &Rules<'_>) -> Result<(), Failure> {
    check_scope(claim, rules)?;
    check_cover(claim, fields)?;
    check_time(claim, Stamp::at(now), rules)
}

fn check_scope(claim: &Claim, rules: &Rules<'_>) -> Result<(), Failure> {
    let mut faults = Vec::new();
    if claim.region.is_empty() || rules.region.is_some_and(|region| region != claim.region) {
        faults.push(ScopeFault::Region);
    }
    if let Some(expected) = rules.service.filter(|service| *service != claim.service) {
        faults.push(ScopeFault::Service { expected: expected.to_owned() });
    }
    if claim.terminator != "aws4_request" {
        faults.push(ScopeFault::Terminator { found: claim.terminator.clone() });
    }
    if claim.day != claim.signed_at.day() {
        faults.push(ScopeFault::Day { found: claim.day.clone(), signed: claim.signed_at });
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::WrongScope(faults)) }
}

/// `host`, the date and every `x-amz-*` header must be covered by the signature, or somebody on the way could change them.
fn check_cover(claim: &Claim, fields: &Fields<'_>) -> Result<(), Failure> {
    let covered = |name: &str| claim.signed_headers.binary_search_by(|signed| signed.as_str().cmp(name)).is_ok();
    let uncovered = |name: &str| Err(Failure::Uncovered(name.to_owned()));
    if !covered("host") || fields.first("host").is_none() {
        return uncovered("host");
    }
    if let Some(name) = fields.names().find(|name| name.starts_with("x-amz-") && *name != "x-amz-security-token" && !covered(name)) {
        return uncovered(name);
    }
    let dated = claim.form != Form::Header || fields.first("x-amz-date").is_some() || covered("date");
    if dated { Ok(()) } else { uncovered("date") }
}

fn check_time(claim: &Claim, now: Stamp, rules: &Rules<'_>) -> Result<(), Failure> {
    let signed = claim.signed_at;
    let allowed_seconds = rules.skew_seconds;
    let latest = now.plus(i64::from(allowed_seconds));
    if signed > latest {
        return Err(Failure::NotYetCurrent { signed, latest, now, allowed_seconds });
    }
    let allowed_seconds = match claim.form {
        Form::Query { expires_seconds: Some(seconds) } => seconds,
        Form::Query { expires_seconds: None } | Form::Header => allowed_seconds,
    };
    let earliest = now.plus(-i64::from(allowed_seconds));
    if signed < earliest { Err(Failure::Expired { signed, earliest, now, allowed_seconds }) } else { Ok(()) }
}
