//! A domain name as it is sent.

use super::operations::arn;
use super::record::{DomainName, MutualTls};
use base::api::Tags;
use base::store::Realm;
use define::rest_api::policy;
use serde::Serialize;

/// The hosted zone of every CloudFront distribution.
const DISTRIBUTION_ZONE: &str = "Z2FDTNDATAQYW2";
/// The hosted zone of regional names in `us-east-1`. There is no Route 53 here to tell the other regions' apart.
const REGIONAL_ZONE: &str = "Z1UJRXOUMOOFQ8";

/// What is absent is not sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reply {
    domain_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain_name_id: Option<String>,
    domain_name_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_upload_date: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regional_domain_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regional_hosted_zone_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regional_certificate_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regional_certificate_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distribution_domain_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distribution_hosted_zone_id: Option<&'static str>,
    endpoint_configuration: Endpoint,
    domain_name_status: &'static str,
    security_policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint_access_mode: Option<String>,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutual_tls_authentication: Option<WireMutualTls>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ownership_verification_certificate_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    management_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    routing_mode: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    types: Vec<String>,
    ip_address_type: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vpc_endpoint_ids: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireMutualTls {
    #[serde(skip_serializing_if = "Option::is_none")]
    truststore_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truststore_version: Option<String>,
}

impl Reply {
    /// A name of a realm, as AWS shows it.
    pub(super) fn of(domain: DomainName, realm: &Realm, partition: &str) -> Reply {
        let is = |kind: &str| domain.types.iter().any(|held| held == kind);
        let (is_edge, is_regional) = (is("EDGE"), is("REGIONAL"));
        Reply {
            domain_name_arn: arn(&domain, realm, partition),
            domain_name: domain.name,
            domain_name_id: domain.private_id,
            certificate_name: domain.certificate.name,
            certificate_arn: domain.certificate.arn,
            certificate_upload_date: domain.certificate.set.map(|set| set.seconds()),
            regional_domain_name: is_regional.then_some(domain.regional_host),
            regional_hosted_zone_id: is_regional.then_some(REGIONAL_ZONE),
            regional_certificate_name: domain.regional_certificate.name,
            regional_certificate_arn: domain.regional_certificate.arn,
            distribution_domain_name: is_edge.then_some(domain.distribution_host),
            distribution_hosted_zone_id: is_edge.then_some(DISTRIBUTION_ZONE),
            endpoint_configuration: Endpoint {
                types: domain.types,
                ip_address_type: domain.ip_address_type,
                vpc_endpoint_ids: domain.vpc_endpoint_ids,
            },
            // A name is ready as soon as it is wanted.
            domain_name_status: "AVAILABLE",
            security_policy: domain.security_policy,
            endpoint_access_mode: domain.endpoint_access_mode,
            tags: domain.tags,
            mutual_tls_authentication: domain
                .mutual_tls
                .map(|MutualTls { truststore_uri, truststore_version }| WireMutualTls { truststore_uri, truststore_version }),
            ownership_verification_certificate_arn: domain.ownership_certificate_arn,
            management_policy: domain.management_policy.as_deref().map(policy::sent),
            policy: domain.policy.as_deref().map(policy::sent),
            routing_mode: domain.routing_mode,
        }
    }
}
