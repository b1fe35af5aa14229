//! What the control API does with types of SDKs.

use super::types::{SdkType, TYPES};
use base::api::{self, ApiError, Control, Entry, Member, Operation, Page, Route, op};
use serde::Deserialize;

/// What the control API can do with types of SDKs.
pub const OPERATIONS: &[Entry] = &[op::<GetSdkTypes>(), op::<GetSdkType>()];

/// Lists the types. There are no pages: `position` and `limit` are taken, without effect.
#[derive(Deserialize)]
struct GetSdkTypes {}

impl Operation for GetSdkTypes {
    const ROUTE: Route = api::get("GetSdkTypes", "/sdktypes");
    const MEMBERS: &'static [Member] = &[api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = Page<SdkType>;

    async fn run(self, _: &Control) -> Result<Page<SdkType>, ApiError> {
        Ok(Page { item: TYPES.to_vec(), position: None })
    }
}

/// Shows a type.
#[derive(Deserialize)]
struct GetSdkType {
    #[serde(rename = "sdktype_id")]
    id: String,
}

impl Operation for GetSdkType {
    const ROUTE: Route = api::get("GetSdkType", "/sdktypes/{sdktype_id}");
    const MEMBERS: &'static [Member] = &[api::text("sdktype_id").in_path("id")];
    type Reply = SdkType;

    async fn run(self, _: &Control) -> Result<SdkType, ApiError> {
        let Self { id } = self;
        let found = TYPES.iter().find(|known| known.id == id).copied();
        // The text is assumed.
        found.ok_or_else(|| ApiError::not_found("Invalid SDK type identifier specified"))
    }
}
