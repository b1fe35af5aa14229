//! What the control API does with SDKs and their types.

use super::types::{SdkType, TYPES};
use super::{javascript, zip};
use crate::deployment::operations::{frozen_tree, known_deployment};
use crate::export::server;
use crate::stage::checks::known_stage;
use base::api::{self, ApiError, Control, Entry, File, Member, Operation, Page, Route, known_api, op};
use serde::Deserialize;

/// What the control API can do with SDKs and their types.
pub const OPERATIONS: &[Entry] = &[op::<GetSdkTypes>(), op::<GetSdkType>(), op::<GetSdk>()];

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

/// Makes a client of what a stage serves. What a type wants to know is for those types that are not made here.
#[derive(Deserialize)]
struct GetSdk {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "stage_name")]
    stage: String,
    sdk_type: String,
}

impl Operation for GetSdk {
    const ROUTE: Route = api::get("GetSdk", "/restapis/{restapi_id}/stages/{stage_name}/sdks/{sdk_type}");
    const MEMBERS: &'static [Member] = &[
        api::text("restapi_id").in_path("restApiId"),
        api::text("stage_name").in_path("stageName"),
        api::text("sdk_type").in_path("sdkType"),
    ];
    type Reply = File;

    async fn run(self, cx: &Control) -> Result<File, ApiError> {
        let Self { api, stage, sdk_type } = self;
        let server = server(cx.settings.public_url.as_deref(), cx.realm(), &api, &stage);
        let (realm, now) = (cx.realm().clone(), cx.clock.wall());
        let bytes = cx.read(move |view| {
            known_api(view, &realm, &api)?;
            let stage = known_stage(view, &realm, &api, &stage)?;
            if sdk_type != "javascript" {
                // The text is assumed.
                return Err(ApiError::bad_request(format!("Unsupported SDK type specified: {sdk_type}. Must be one of: [javascript]")));
            }
            let deployment = known_deployment(view, &realm, &api, &stage.deployment)?;
            let files = javascript::files(&frozen_tree(view, &deployment)?, &server, &realm.region);
            Ok(zip::archive(&files, now))
        });
        Ok(File { name: format!("javascript_{}.zip", now.iso()), bytes: bytes.await? })
    }
}
