//! Making an API: pure steps that creation and import share.

use super::record::{ApiKeySource, RestApi};
use crate::limits::{self, DESCRIPTION_BYTES_MAX, NAME_BYTES_MAX, TEXT_BYTES_MAX};
use crate::model::record::Model;
use crate::resource::record::Resource;
use base::api::ApiError;
use base::store::{Realm, Txn, kind};
use base::world::{Ids, Timestamp};

/// The endpoint types in AWS's printed order.
pub const ENDPOINT_TYPES: &[&str] = &["PRIVATE", "EDGE", "REGIONAL"];
/// The address types in AWS's printed order.
pub const IP_ADDRESS_TYPES: &[&str] = &["ipv4", "dualstack"];
/// The largest size below which answers are not compressed, in bytes.
pub const COMPRESSION_BYTES_MAX: i64 = 10_485_760;
/// The tag that pins an API's id.
pub const CUSTOM_ID_TAG: &str = "_custom_id_";
/// Characters of a pinned id.
pub const CUSTOM_ID_CHARS_MAX: usize = 64;
/// How many ids are tried before giving up.
const ID_TRIES: usize = 4;

/// An API with every default: an edge API without anything in it.
pub fn fresh(id: String, name: String, created: Timestamp, root_resource_id: String) -> RestApi {
    RestApi {
        id,
        name,
        description: None,
        version: None,
        created,
        binary_media_types: Vec::new(),
        minimum_compression_size: None,
        api_key_source: ApiKeySource::Header,
        endpoint_type: "EDGE".into(),
        ip_address_type: "ipv4".into(),
        vpc_endpoint_ids: Vec::new(),
        policy: None,
        disable_execute_api_endpoint: false,
        security_policy: None,
        endpoint_access_mode: None,
        root_resource_id,
        warnings: Vec::new(),
        tags: Default::default(),
    }
}

/// The root of an API's tree of paths.
pub fn root(api: &RestApi) -> Resource {
    Resource { api: api.id.clone(), id: api.root_resource_id.clone(), parent: None, path_part: String::new(), path: "/".into() }
}

/// The two models that an API has from its creation on; imported APIs have not. (observed/validators-and-models.json)
pub fn default_models(api: &str, ids: [String; 2]) -> [Model; 2] {
    let model = |id, name: &str, schema: &str| Model {
        api: api.to_owned(),
        id,
        name: name.to_owned(),
        content_type: "application/json".into(),
        description: Some(format!("This is a default {} schema model", name.to_lowercase())),
        schema: Some(schema.to_owned()),
    };
    let [empty, error] = ids;
    let draft_4 = "http://json-schema.org/draft-04/schema#";
    let empty_schema = format!("{{\n  \"$schema\": \"{draft_4}\",\n  \"title\" : \"Empty Schema\",\n  \"type\" : \"object\"\n}}");
    let error_schema = format!(
        "{{\n  \"$schema\" : \"{draft_4}\",\n  \"title\" : \"Error Schema\",\n  \"type\" : \"object\",\n  \"properties\" : {{\n    \
         \"message\" : {{ \"type\" : \"string\" }}\n  }}\n}}"
    );
    [model(empty, "Empty", &empty_schema), model(error, "Error", &error_schema)]
}

/// Ids to choose from for one new thing. Taken before the transaction, which may run more than once.
#[derive(Clone, Debug)]
pub struct Candidates(Vec<String>);

impl Candidates {
    /// Ids of `length` lower-case characters and digits.
    pub fn new(ids: &Ids, length: usize) -> Candidates {
        Candidates((0..ID_TRIES).map(|_| ids.lower(length)).collect())
    }

    /// The first that nobody has.
    pub fn free(&self, mut taken: impl FnMut(&str) -> Result<bool, ApiError>) -> Result<String, ApiError> {
        for id in &self.0 {
            if !taken(id)? {
                return Ok(id.clone());
            }
        }
        Err(ApiError::Internal("every new id is taken".into()))
    }
}

/// Where a new API's id comes from.
#[derive(Clone, Debug)]
pub enum NewId {
    /// Chance.
    Any(Candidates),
    /// The caller, by tag.
    Pinned(String),
}

impl NewId {
    /// The id that the tags pin, or ids to choose from.
    pub fn of(tags: &std::collections::BTreeMap<String, String>, ids: &Ids) -> Result<NewId, ApiError> {
        let Some(id) = tags.get(CUSTOM_ID_TAG) else { return Ok(NewId::Any(Candidates::new(ids, 10))) };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if id.is_empty() || id.len() > CUSTOM_ID_CHARS_MAX || !id.bytes().all(fits) {
            return Err(ApiError::bad_request(format!(
                "The tag {CUSTOM_ID_TAG} must be 1 to {CUSTOM_ID_CHARS_MAX} characters of a-zA-Z0-9_-"
            )));
        }
        Ok(NewId::Pinned(id.clone()))
    }

    /// An id that no API has. Ids are unique across accounts and regions, since hosts are: a pinned one is looked for everywhere, a
    /// random one only here (elsewhere, chance takes care: one in 10^15).
    pub fn claim(&self, txn: &dyn Txn, realm: &Realm) -> Result<String, ApiError> {
        match self {
            NewId::Any(candidates) => candidates.free(|id| Ok(txn.view().has(kind::REST_API, &realm.top(), id)?)),
            NewId::Pinned(wanted) => {
                let mut taken = false;
                txn.every(kind::REST_API, &mut |row| {
                    taken |= *row.address.id == **wanted;
                    Ok(())
                })?;
                if taken { Err(ApiError::conflict(format!("An API with the id {wanted} already exists"))) } else { Ok(wanted.clone()) }
            }
        }
    }
}

/// What must hold of every API that is stored, whichever way it came.
pub fn check(api: &RestApi) -> Result<(), ApiError> {
    if api.name.trim().is_empty() {
        return Err(ApiError::bad_request("API name must not be blank"));
    }
    limits::text("API name", &api.name, NAME_BYTES_MAX)?;
    limits::optional("Description", api.description.as_ref(), DESCRIPTION_BYTES_MAX)?;
    limits::optional("Version", api.version.as_ref(), NAME_BYTES_MAX)?;
    limits::optional("securityPolicy", api.security_policy.as_ref(), NAME_BYTES_MAX)?;
    limits::entries("binaryMediaTypes", api.binary_media_types.len())?;
    limits::entries("vpcEndpointIds", api.vpc_endpoint_ids.len())?;
    api.binary_media_types.iter().try_for_each(|media| limits::text("A binary media type", media, NAME_BYTES_MAX))?;
    api.vpc_endpoint_ids.iter().try_for_each(|id| limits::text("A VPC endpoint id", id, TEXT_BYTES_MAX))
}

/// The compression size that was asked for.
pub fn compression_size(asked: i64) -> Result<u32, ApiError> {
    let within = u32::try_from(asked).ok().filter(|size| i64::from(*size) <= COMPRESSION_BYTES_MAX);
    within.ok_or_else(bad_compression_size)
}

/// What is said of any other. (observed in rest-api-control-plane.md §1.7)
pub fn bad_compression_size() -> ApiError {
    ApiError::bad_request("Invalid minimum compression size, must be between 0 and 10485760")
}

/// The one endpoint type of a list.
pub fn endpoint_type(types: &[String]) -> Result<String, ApiError> {
    match types {
        [one] => Ok(one.clone()),
        [] => Err(ApiError::bad_request("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")),
        _ => Err(ApiError::bad_request("Cannot create an api with multiple Endpoint Types.")),
    }
}

/// The address type for an endpoint type; what was asked for must be possible.
pub fn ip_address_type(endpoint_type: &str, asked: Option<String>) -> Result<String, ApiError> {
    match (endpoint_type, asked) {
        ("PRIVATE", Some(asked)) if asked != "dualstack" => {
            Err(ApiError::bad_request("Only dualstack ipAddressType is supported for Private APIs."))
        }
        ("PRIVATE", _) => Ok("dualstack".into()),
        (_, asked) => Ok(asked.unwrap_or_else(|| "ipv4".into())),
    }
}
