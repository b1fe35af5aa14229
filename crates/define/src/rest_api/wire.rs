//! A REST API as AWS shows it.

use super::policy;
use super::record::{ApiKeySource, RestApi};
use serde::Serialize;
use std::collections::BTreeMap;

/// The wire form. What is absent is not sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    created_date: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    binary_media_types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_compression_size: Option<u32>,
    api_key_source: ApiKeySource,
    endpoint_configuration: Endpoint,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<BTreeMap<String, String>>,
    disable_execute_api_endpoint: bool,
    root_resource_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint_access_mode: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    types: [String; 1],
    ip_address_type: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vpc_endpoint_ids: Vec<String>,
}

impl Reply {
    /// As a creation and a list show it: without `tags` when there are none.
    pub fn terse(api: RestApi) -> Reply {
        let mut reply = Reply::full(api);
        reply.tags = reply.tags.filter(|tags| !tags.is_empty());
        reply
    }

    /// As everything else shows it: `tags` is there, if only as `{}`.
    pub fn full(api: RestApi) -> Reply {
        Reply {
            id: api.id,
            name: api.name,
            description: api.description,
            created_date: api.created.seconds(),
            version: api.version,
            warnings: api.warnings,
            binary_media_types: api.binary_media_types,
            minimum_compression_size: api.minimum_compression_size,
            api_key_source: api.api_key_source,
            endpoint_configuration: Endpoint {
                types: [api.endpoint_type],
                ip_address_type: api.ip_address_type,
                vpc_endpoint_ids: api.vpc_endpoint_ids,
            },
            policy: api.policy.as_deref().map(policy::sent),
            tags: Some(api.tags),
            disable_execute_api_endpoint: api.disable_execute_api_endpoint,
            root_resource_id: api.root_resource_id,
            security_policy: api.security_policy,
            endpoint_access_mode: api.endpoint_access_mode,
        }
    }
}
