//! What must hold of a domain name, whichever way it came to be so. AWS's texts are not known here: these are assumed.

use super::record::{DomainName, MutualTls};
use base::api::{ApiError, Settings, check_tags};
use define::limits::{self, NAME_BYTES_MAX, POLICY_BYTES_MAX, TEXT_BYTES_MAX};
use serde_json::Value;

/// Public names of an account in a region.
pub(super) const PUBLIC_NAMES_MAX: usize = 120;
/// Private names of an account in a region.
pub(super) const PRIVATE_NAMES_MAX: usize = 50;
/// Bytes of a name, and of one of its labels (RFC 1035).
const DOMAIN_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;
/// Bytes of an uploaded certificate, its chain or its key.
const PEM_BYTES_MAX: usize = 65_536;

/// The policies of a listener. Their printed order is assumed.
pub(super) const SECURITY_POLICIES: &[&str] = &[
    "TLS_1_0",
    "TLS_1_2",
    "SecurityPolicy_TLS13_1_3_2025_09",
    "SecurityPolicy_TLS13_1_3_FIPS_2025_09",
    "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_Ext2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_Ext2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_2021_06",
    "SecurityPolicy_TLS13_2025_EDGE",
    "SecurityPolicy_TLS12_PFS_2025_EDGE",
    "SecurityPolicy_TLS12_2018_EDGE",
];
/// Whether a request must come in by the name's own way. Their printed order is assumed.
pub(super) const ACCESS_MODES: &[&str] = &["STRICT", "BASIC"];
/// How a request finds its API. Their printed order is assumed.
pub(super) const ROUTING_MODES: &[&str] = &["BASE_PATH_MAPPING_ONLY", "ROUTING_RULE_ONLY", "ROUTING_RULE_THEN_BASE_PATH_MAPPING"];

fn refuse<T>(text: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::bad_request(text))
}

/// Whether a domain name may be stored.
pub(super) fn check(domain: &DomainName, settings: &Settings) -> Result<(), ApiError> {
    check_name(domain)?;
    check_types(&domain.types)?;
    check_lengths(domain)?;
    check_tags(&domain.tags)?;
    if domain.security_policy.starts_with("SecurityPolicy_") != domain.endpoint_access_mode.is_some() {
        return refuse("Endpoint access mode must be specified with an enhanced security policy, and with no other.");
    }
    if domain.is_private() {
        check_private(domain)?;
    } else if domain.policy.is_some() || domain.management_policy.is_some() {
        return refuse("Policies are only supported for private custom domain names.");
    }
    check_mutual_tls(domain)?;
    check_certificates(domain, settings)
}

fn check_name(domain: &DomainName) -> Result<(), ApiError> {
    let name = &domain.name;
    let host = name.strip_prefix("*.").filter(|_| !domain.is_private()).unwrap_or(name);
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len()) && label.bytes().all(fits) && !label.starts_with('-') && !label.ends_with('-')
    };
    if name.len() <= DOMAIN_BYTES_MAX && host.contains('.') && host.split('.').all(label) {
        return Ok(());
    }
    refuse(format!("Invalid domain name specified: {name}"))
}

fn check_types(types: &[String]) -> Result<(), ApiError> {
    let is_private = types.iter().any(|kind| kind == "PRIVATE");
    match types {
        [] => refuse("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED."),
        [one, other] if one == other || is_private => refuse("Cannot create a domain name with multiple Endpoint Types."),
        [_] | [_, _] => Ok(()),
        _ => refuse("Cannot create a domain name with multiple Endpoint Types."),
    }
}

fn check_private(domain: &DomainName) -> Result<(), ApiError> {
    if domain.ip_address_type != "dualstack" {
        return refuse("Only dualstack ipAddressType is supported for Private domain names.");
    }
    if domain.security_policy == "TLS_1_0" {
        return refuse("Only TLS_1_2 is supported for Private domain names.");
    }
    if domain.mutual_tls.is_some() {
        return refuse("Mutual TLS authentication is not supported for Private domain names.");
    }
    [&domain.policy, &domain.management_policy].into_iter().flatten().try_for_each(|text| check_policy(text))
}

fn check_policy(text: &str) -> Result<(), ApiError> {
    limits::text("The policy", text, POLICY_BYTES_MAX)?;
    match serde_json::from_str(text) {
        Ok(Value::Object(document)) if document.contains_key("Statement") => Ok(()),
        _ => refuse("Invalid policy document. Please check the policy syntax and ensure that Principals are valid."),
    }
}

fn check_mutual_tls(domain: &DomainName) -> Result<(), ApiError> {
    let Some(MutualTls { truststore_uri, .. }) = &domain.mutual_tls else { return Ok(()) };
    if domain.types.iter().any(|kind| kind != "REGIONAL") {
        return refuse("Mutual TLS authentication is only supported for Regional domain names.");
    }
    let parts = truststore_uri.as_deref().and_then(|uri| uri.strip_prefix("s3://")?.split_once('/'));
    if parts.is_some_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty()) {
        return Ok(());
    }
    refuse(format!("Invalid truststore URI specified: {}. It must be s3://bucket/key.", truststore_uri.as_deref().unwrap_or("null")))
}

fn check_certificates(domain: &DomainName, settings: &Settings) -> Result<(), ApiError> {
    let lacks = |kind: &str| match kind {
        "REGIONAL" => domain.regional_certificate.is_none(),
        _ => domain.certificate.is_none(),
    };
    match domain.types.iter().find(|kind| lacks(kind)) {
        Some(kind) if settings.aws_strict => refuse(format!("A certificate must be specified for a domain name of the type {kind}.")),
        _ => Ok(()),
    }
}

fn check_lengths(domain: &DomainName) -> Result<(), ApiError> {
    let (ours, regional) = (&domain.certificate, &domain.regional_certificate);
    limits::optional("certificateName", ours.name.as_ref(), NAME_BYTES_MAX)?;
    limits::optional("certificateArn", ours.arn.as_ref(), TEXT_BYTES_MAX)?;
    limits::optional("regionalCertificateName", regional.name.as_ref(), NAME_BYTES_MAX)?;
    limits::optional("regionalCertificateArn", regional.arn.as_ref(), TEXT_BYTES_MAX)?;
    limits::optional("ownershipVerificationCertificateArn", domain.ownership_certificate_arn.as_ref(), TEXT_BYTES_MAX)?;
    limits::entries("vpcEndpointIds", domain.vpc_endpoint_ids.len())?;
    domain.vpc_endpoint_ids.iter().try_for_each(|id| limits::text("A VPC endpoint id", id, NAME_BYTES_MAX))?;
    if let Some(MutualTls { truststore_uri, truststore_version }) = &domain.mutual_tls {
        limits::optional("truststoreUri", truststore_uri.as_ref(), TEXT_BYTES_MAX)?;
        limits::optional("truststoreVersion", truststore_version.as_ref(), NAME_BYTES_MAX)?;
    }
    Ok(())
}

/// Refuses the text of a certificate or a key that is none, or too long.
pub(super) fn check_pem(what: &str, text: &str) -> Result<(), ApiError> {
    limits::text(what, text, PEM_BYTES_MAX)?;
    if text.trim_start().starts_with("-----BEGIN ") { Ok(()) } else { refuse(format!("{what} must be PEM-encoded.")) }
}
