//! What of a domain name can be changed, row by row (rest-api-control-plane.md §1.20).

use super::checks::{ACCESS_MODES, ROUTING_MODES, SECURITY_POLICIES};
use super::record::{Certificate, DomainName};
use base::api::ApiError;
use base::api::patch::{Arg, Op, Row, Table, Words, add, remove, replace};
use base::world::Timestamp;
use define::rest_api::build::{ENDPOINT_TYPES, IP_ADDRESS_TYPES};

/// A domain name that is being changed.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) domain: DomainName,
    /// What a certificate that is set says of when.
    pub(super) now: Timestamp,
    /// What was done to the types: one call may add or remove, not both.
    typed: Option<Op>,
}

impl Draft {
    pub(super) fn new(domain: DomainName, now: Timestamp) -> Draft {
        Draft { domain, now, typed: None }
    }
}

/// The table.
pub(super) const PATCHES: Table<Draft> = Table { words: Words::Old, rows: ROWS };

const ROWS: &[Row<Draft>] = &[
    add("/certificateName", certificate_name),
    replace("/certificateName", certificate_name),
    remove("/certificateName", certificate_name),
    add("/certificateArn", certificate_arn),
    replace("/certificateArn", certificate_arn),
    remove("/certificateArn", certificate_arn),
    add("/regionalCertificateName", regional_certificate_name),
    replace("/regionalCertificateName", regional_certificate_name),
    remove("/regionalCertificateName", regional_certificate_name),
    add("/regionalCertificateArn", regional_certificate_arn),
    replace("/regionalCertificateArn", regional_certificate_arn),
    remove("/regionalCertificateArn", regional_certificate_arn),
    add("/mutualTlsAuthentication/truststoreUri", truststore_uri),
    replace("/mutualTlsAuthentication/truststoreUri", truststore_uri),
    remove("/mutualTlsAuthentication/truststoreUri", truststore_uri),
    add("/mutualTlsAuthentication/truststoreVersion", truststore_version),
    replace("/mutualTlsAuthentication/truststoreVersion", truststore_version),
    remove("/mutualTlsAuthentication/truststoreVersion", truststore_version),
    add("/ownershipVerificationCertificateArn", ownership_certificate),
    replace("/ownershipVerificationCertificateArn", ownership_certificate),
    remove("/ownershipVerificationCertificateArn", ownership_certificate),
    add("/endpointConfiguration/types", |draft, arg| {
        let kind = endpoint_type(draft, arg, &arg.text())?;
        if !draft.domain.types.contains(&kind) {
            draft.domain.types.push(kind);
        }
        Ok(())
    }),
    remove("/endpointConfiguration/types", |draft, arg| remove_type(draft, arg, &arg.text())),
    remove("/endpointConfiguration/types/{type}", |draft, arg| remove_type(draft, arg, arg.key())),
    // Some clients name the place of the old type, some the old type itself.
    replace("/endpointConfiguration/types/{type}", |draft, arg| {
        draft.domain.types = vec![endpoint_type(draft, arg, &arg.text())?];
        Ok(())
    }),
    replace("/endpointConfiguration/ipAddressType", |draft, arg| {
        draft.domain.ip_address_type = one_of(arg, IP_ADDRESS_TYPES, "ipAddressType")?;
        Ok(())
    }),
    replace("/endpointAccessMode", |draft, arg| {
        // Leaving the enhanced policies means to unset it, with an empty value.
        draft.domain.endpoint_access_mode = match arg.optional() {
            None => None,
            Some(_) => Some(one_of(arg, ACCESS_MODES, "endpointAccessMode")?),
        };
        Ok(())
    }),
    replace("/securityPolicy", |draft, arg| {
        draft.domain.security_policy = one_of(arg, SECURITY_POLICIES, "securityPolicy")?;
        Ok(())
    }),
    replace("/routingMode", |draft, arg| {
        draft.domain.routing_mode = one_of(arg, ROUTING_MODES, "routingMode")?;
        Ok(())
    }),
    replace("/policy", |draft, arg| {
        draft.domain.policy = arg.optional();
        Ok(())
    }),
    replace("/managementPolicy", |draft, arg| {
        draft.domain.management_policy = arg.optional();
        Ok(())
    }),
];

fn one_of(arg: &Arg<'_>, known: &[&str], what: &str) -> Result<String, ApiError> {
    let word = arg.text();
    if known.contains(&word.as_str()) {
        return Ok(word);
    }
    Err(ApiError::bad_request(format!("Invalid {what} specified. Valid options are {}", known.join(","))))
}

/// What an operation leaves at a path: a removal, or an empty value, leaves nothing.
fn wanted(arg: &Arg<'_>) -> Option<String> {
    arg.optional().filter(|_| arg.op != Op::Remove)
}

fn set(certificate: &mut Certificate, now: Timestamp, part: fn(&mut Certificate) -> &mut Option<String>, arg: &Arg<'_>) {
    *part(certificate) = wanted(arg);
    certificate.set = (!certificate.is_none()).then_some(now);
}

fn certificate_name(draft: &mut Draft, arg: &Arg<'_>) -> Result<(), ApiError> {
    set(&mut draft.domain.certificate, draft.now, |certificate| &mut certificate.name, arg);
    Ok(())
}

fn certificate_arn(draft: &mut Draft, arg: &Arg<'_>) -> Result<(), ApiError> {
    set(&mut draft.domain.certificate, draft.now, |certificate| &mut certificate.arn, arg);
    Ok(())
}

fn regional_certificate_name(draft: &mut Draft, arg: &Arg<'_>) -> Result<(), ApiError> {
    set(&mut draft.domain.regional_certificate, draft.now, |certificate| &mut certificate.name, arg);
    Ok(())
}

fn regional_certificate_arn(draft: &mut Draft, arg: &Arg<'_>) -> Result<(), ApiError> {
    set(&mut draft.domain.regional_certificate, draft.now, |certificate| &mut certificate.arn, arg);
    Ok(())
}

/// Without its truststore, mutual TLS is off.
fn truststore_uri(draft: &mut Draft, arg: &Arg<'_>) -> Result<(), ApiError> {
    match wanted(arg) {
        None => draft.domain.mutual_tls = None,
        uri => draft.domain.mutual_tls.get_or_insert_default().truststore_uri = uri,
    }
    Ok(())
}

fn truststore_version(draft: &mut Draft, arg: &Arg<'_>) -> Result<(), ApiError> {
    let version = wanted(arg);
    if version.is_some() || draft.domain.mutual_tls.is_some() {
        draft.domain.mutual_tls.get_or_insert_default().truststore_version = version;
    }
    Ok(())
}

fn ownership_certificate(draft: &mut Draft, arg: &Arg<'_>) -> Result<(), ApiError> {
    draft.domain.ownership_certificate_arn = wanted(arg);
    Ok(())
}

/// A type that a name of this sort may get: a public name never becomes private, nor the other way round.
fn endpoint_type(draft: &mut Draft, arg: &Arg<'_>, kind: &str) -> Result<String, ApiError> {
    if !ENDPOINT_TYPES.contains(&kind) {
        return Err(ApiError::bad_request("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"));
    }
    if (kind == "PRIVATE") != draft.domain.is_private() {
        return Err(ApiError::bad_request("A domain name cannot change between public and private."));
    }
    if draft.typed.is_some_and(|before| before != arg.op) {
        return Err(ApiError::bad_request("Endpoint types cannot be added and removed in one request."));
    }
    draft.typed = Some(arg.op);
    Ok(kind.to_owned())
}

fn remove_type(draft: &mut Draft, arg: &Arg<'_>, kind: &str) -> Result<(), ApiError> {
    let kind = endpoint_type(draft, arg, kind)?;
    let before = draft.domain.types.len();
    draft.domain.types.retain(|held| *held != kind);
    if draft.domain.types.len() < before {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("The domain name has no endpoint type {kind}.")))
}
