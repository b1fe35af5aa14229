//! Emptying what a stage remembers: the answers it keeps. What authorizers decided is not remembered yet, so for those there is nothing to
//! do but to see that the stage is there.

use super::checks::known_stage;
use base::api::{self, ApiError, Control, Member, Operation, Route, known_api};
use serde::Deserialize;

const API: Member = api::text("restapi_id").in_path("restApiId");
const STAGE: Member = api::text("stage_name").in_path("stageName");

/// Forgets the answers that a stage remembers.
#[derive(Deserialize)]
pub(super) struct FlushStageCache {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "stage_name")]
    stage: String,
}

/// Forgets what authorizers decided for a stage.
#[derive(Deserialize)]
pub(super) struct FlushStageAuthorizersCache {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "stage_name")]
    stage: String,
}

impl Operation for FlushStageCache {
    const ROUTE: Route = api::delete("FlushStageCache", "/restapis/{restapi_id}/stages/{stage_name}/cache/data");
    const MEMBERS: &'static [Member] = &[API, STAGE];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { api, stage } = self;
        seen(cx, api.clone(), stage.clone()).await?;
        cx.running.flush_cache(&api, &stage);
        Ok(())
    }
}

impl Operation for FlushStageAuthorizersCache {
    const ROUTE: Route = api::delete("FlushStageAuthorizersCache", "/restapis/{restapi_id}/stages/{stage_name}/cache/authorizers");
    const MEMBERS: &'static [Member] = &[API, STAGE];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { api, stage } = self;
        seen(cx, api, stage).await
    }
}

async fn seen(cx: &Control, api: String, stage: String) -> Result<(), ApiError> {
    let realm = cx.realm().clone();
    cx.read(move |view| {
        known_api(view, &realm, &api)?;
        known_stage(view, &realm, &api, &stage).map(drop)
    })
    .await
}
