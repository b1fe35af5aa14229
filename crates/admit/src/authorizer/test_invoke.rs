//! TestInvokeAuthorizer: an authorizer is asked about a caller whom nobody sent.
//!
//! It is looked up here, and asked where requests run. What AWS promises, and what is odd: `cardea::runtime::trial_authorizer`.

use super::operations::{API, ID, find};
use super::record::Authorizer;
use base::api::{self, ApiError, AuthorizerTrial, Control, Member, Operation, Route, Shape, TriedAuthorizer, known_api};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tries an authorizer out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestInvokeAuthorizer {
    #[serde(rename = "restapi_id")]
    restapi_id: String,
    #[serde(rename = "authorizer_id")]
    authorizer_id: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    path_with_query_string: Option<String>,
    body: Option<String>,
    #[serde(default)]
    stage_variables: BTreeMap<String, String>,
    #[serde(default)]
    additional_context: BTreeMap<String, String>,
}

/// What it said.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    client_status: u16,
    log: String,
    latency: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    authorization: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    claims: BTreeMap<String, String>,
}

impl Operation for TestInvokeAuthorizer {
    const ROUTE: Route = api::post("TestInvokeAuthorizer", "/restapis/{restapi_id}/authorizers/{authorizer_id}").status(200);
    const MEMBERS: &'static [Member] = &[
        api::map("headers", &Shape::Text),
        api::map("multiValueHeaders", &Shape::List(&api::text(""))),
        api::text("pathWithQueryString"),
        api::text("body"),
        api::map("stageVariables", &Shape::Text),
        api::map("additionalContext", &Shape::Text),
        API,
        ID,
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, authorizer_id, headers, multi_value_headers, path_with_query_string, body, .. } = self;
        let Self { stage_variables: variables, additional_context: context, .. } = self;
        let several = multi_value_headers.into_iter().flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
        let several: Vec<(String, String)> = several.collect();
        let single = headers.into_iter().filter(|(name, _)| several.iter().all(|(other, _)| !other.eq_ignore_ascii_case(name)));
        let headers = single.chain(several.iter().cloned()).collect();
        let (realm, api) = (cx.realm().clone(), restapi_id.clone());
        let wanted = authorizer_id.clone();
        let found: Authorizer = cx
            .read(move |view| {
                known_api(view, &realm, &api)?;
                find(view, &realm.scope(&api), &wanted)
            })
            .await?;
        let trial = AuthorizerTrial {
            realm: cx.realm().clone(),
            api: restapi_id,
            authorizer: authorizer_id,
            record: serde_json::to_string(&found).map_err(|why| ApiError::Internal(why.to_string()))?,
            target: path_with_query_string.filter(|target| !target.is_empty()).unwrap_or_else(|| "/".to_owned()),
            headers,
            body: body.unwrap_or_default(),
            variables,
            context,
        };
        let TriedAuthorizer { client_status, log, latency_ms, principal_id, policy, authorization, claims } =
            cx.running.try_authorizer(trial).await?;
        Ok(Reply { client_status, log, latency: latency_ms, principal_id, policy, authorization, claims })
    }
}
