//! What may be patched of a REST API (rest-api-control-plane.md §1.7).

use super::build;
use super::policy::{self, Place};
use super::record::{ApiKeySource, RestApi};
use base::api::ApiError;
use base::api::patch::{Arg, Op, Row, Table, Words, add, remove, replace};
use base::store::Realm;
use std::sync::Arc;

/// An API in the middle of a patch. The endpoint types are a list meanwhile: one may be added before the other goes.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) api: RestApi,
    types: Vec<String>,
    /// The address type, when the patch sets it.
    ip_address_type: Option<String>,
    partition: Arc<str>,
    realm: Realm,
    strict: bool,
}

impl Draft {
    pub(super) fn new(api: RestApi, partition: Arc<str>, realm: Realm, strict: bool) -> Draft {
        Draft { types: vec![api.endpoint_type.clone()], ip_address_type: None, api, partition, realm, strict }
    }

    /// The API as patched, if its parts fit together.
    pub(super) fn finish(self) -> Result<RestApi, ApiError> {
        let mut api = self.api;
        let endpoint_type = build::endpoint_type(&self.types)?;
        let kept = (endpoint_type == api.endpoint_type).then(|| api.ip_address_type.clone());
        api.ip_address_type = build::ip_address_type(&endpoint_type, self.ip_address_type.or(kept))?;
        api.endpoint_type = endpoint_type;
        build::check(&api)?;
        Ok(api)
    }
}

pub(super) const PATCHES: Table<Draft> = Table {
    words: Words::Old,
    rows: &[
        replace("/name", |draft, arg| {
            draft.api.name = arg.text();
            Ok(())
        }),
        replace("/description", describe),
        add("/description", describe),
        remove("/description", |draft, _| {
            draft.api.description = None;
            Ok(())
        }),
        replace("/version", |draft, arg| {
            draft.api.version = arg.optional();
            Ok(())
        }),
        replace("/apiKeySource", |draft, arg| {
            draft.api.api_key_source = match arg.text().as_str() {
                "HEADER" => ApiKeySource::Header,
                "AUTHORIZER" => ApiKeySource::Authorizer,
                _ => return Err(ApiError::bad_request("Invalid apiKeySource specified. Valid options are HEADER,AUTHORIZER")),
            };
            Ok(())
        }),
        replace("/disableExecuteApiEndpoint", |draft, arg| {
            draft.api.disable_execute_api_endpoint = arg.flag();
            Ok(())
        }),
        replace("/policy", |draft, arg| {
            let Draft { partition, realm, strict, .. } = &*draft;
            let place = Place { partition, realm, api: &draft.api.id, strict: *strict };
            draft.api.policy = policy::read(&arg.text(), &place)?;
            Ok(())
        }),
        replace("/minimumCompressionSize", |draft, arg| {
            draft.api.minimum_compression_size = match arg.optional() {
                None => None,
                Some(text) => Some(build::compression_size(text.parse().map_err(|_| build::bad_compression_size())?)?),
            };
            Ok(())
        }),
        replace("/securityPolicy", |draft, arg| {
            draft.api.security_policy = arg.optional();
            Ok(())
        }),
        replace("/endpointAccessMode", |draft, arg| {
            draft.api.endpoint_access_mode = match arg.optional() {
                Some(mode) if mode != "BASIC" && mode != "STRICT" => {
                    return Err(ApiError::bad_request("endpointAccessMode must be either BASIC or STRICT."));
                }
                mode => mode,
            };
            Ok(())
        }),
        replace("/endpointConfiguration/ipAddressType", |draft, arg| {
            let asked = arg.text();
            if !build::IP_ADDRESS_TYPES.contains(&asked.as_str()) {
                return Err(ApiError::bad_request("ipAddressType must be either ipv4 or dualstack."));
            }
            draft.ip_address_type = Some(asked);
            Ok(())
        }),
        replace("/endpointConfiguration/types/{type}", |draft, arg| {
            let wanted = known_type(&arg.text())?;
            let place = draft.types.iter_mut().find(|held| **held == arg.key()).ok_or_else(bad_type)?;
            *place = wanted;
            Ok(())
        }),
        add("/endpointConfiguration/types/{type}", |draft, arg| {
            let wanted = known_type(arg.key())?;
            if !draft.types.contains(&wanted) {
                draft.types.push(wanted);
            }
            Ok(())
        }),
        remove("/endpointConfiguration/types/{type}", |draft, arg| {
            let place = draft.types.iter().position(|held| held == arg.key()).ok_or_else(bad_type)?;
            draft.types.remove(place);
            Ok(())
        }),
        Row { op: Op::Copy, path: "/endpointConfiguration/types/{type}", apply: bad_type_op },
        Row { op: Op::Move, path: "/endpointConfiguration/types/{type}", apply: bad_type_op },
        Row { op: Op::Test, path: "/endpointConfiguration/types/{type}", apply: bad_type_op },
        add("/endpointConfiguration/vpcEndpointIds", |draft, arg| {
            let id = arg.text();
            if !draft.api.vpc_endpoint_ids.contains(&id) {
                draft.api.vpc_endpoint_ids.push(id);
            }
            Ok(())
        }),
        remove("/endpointConfiguration/vpcEndpointIds", |draft, arg| {
            let id = arg.text();
            draft.api.vpc_endpoint_ids.retain(|held| *held != id);
            Ok(())
        }),
        add("/binaryMediaTypes/{type}", |draft, arg| {
            let types = &mut draft.api.binary_media_types;
            if !types.iter().any(|held| held == arg.key()) {
                types.push(arg.key().to_owned());
            }
            Ok(())
        }),
        // The new one goes to the end of the list. (observed/rest-apis.json)
        replace("/binaryMediaTypes/{type}", |draft, arg| {
            let (old, new) = (arg.key(), arg.text());
            draft.api.binary_media_types.retain(|held| held != old && *held != new);
            draft.api.binary_media_types.push(new);
            Ok(())
        }),
        remove("/binaryMediaTypes/{type}", |draft, arg| {
            draft.api.binary_media_types.retain(|held| held != arg.key());
            Ok(())
        }),
    ],
};

fn describe(draft: &mut Draft, arg: &Arg<'_>) -> Result<(), ApiError> {
    draft.api.description = arg.optional();
    Ok(())
}

fn known_type(name: &str) -> Result<String, ApiError> {
    if build::ENDPOINT_TYPES.contains(&name) { Ok(name.to_owned()) } else { Err(bad_type()) }
}

fn bad_type() -> ApiError {
    ApiError::bad_request("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE")
}

fn bad_type_op(_draft: &mut Draft, _arg: &Arg<'_>) -> Result<(), ApiError> {
    Err(ApiError::bad_request("Invalid patch operation specified. Must be 'add'|'remove'|'replace'"))
}
