//! TestInvokeMethod: a method is tried out as it stands, without a deployment.
//!
//! The API is read here, and run where requests run. What AWS promises, and what is odd: `cardea::runtime::trial`.

use super::spot::{API, RESOURCE, Spot, VERB};
use crate::tree::ApiTree;
use admit::client_certificate::known_certificate;
use base::api::{self, ApiError, Control, Member, Operation, Route, Shape, Trial, Tried};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tries a method out.
#[derive(Deserialize)]
pub struct TestInvokeMethod {
    restapi_id: String,
    resource_id: String,
    http_method: String,
    #[serde(rename = "pathWithQueryString")]
    target: Option<String>,
    body: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(rename = "multiValueHeaders", default)]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    #[serde(rename = "clientCertificateId")]
    client_certificate: Option<String>,
    #[serde(rename = "stageVariables", default)]
    stage_variables: BTreeMap<String, String>,
}

/// How it went.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    status: u16,
    body: String,
    headers: BTreeMap<String, String>,
    multi_value_headers: BTreeMap<String, Vec<String>>,
    log: String,
    latency: u64,
}

impl Reply {
    fn of(Tried { status, headers, body, log, latency_ms }: Tried) -> Reply {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            all.entry(name).or_default().push(value);
        }
        let last = |values: &Vec<String>| values.last().cloned().unwrap_or_default();
        let headers = all.iter().map(|(name, values)| (name.clone(), last(values))).collect();
        Reply { status, body, headers, multi_value_headers: all, log, latency: latency_ms }
    }
}

impl Operation for TestInvokeMethod {
    const ROUTE: Route = api::post("TestInvokeMethod", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}").status(200);
    const MEMBERS: &'static [Member] = &[
        api::text("pathWithQueryString"),
        api::text("body"),
        api::map("headers", &Shape::Text),
        api::map("multiValueHeaders", &Shape::List(&api::text(""))),
        api::text("clientCertificateId"),
        api::map("stageVariables", &Shape::Text),
        API,
        RESOURCE,
        VERB,
    ];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, resource_id, http_method, target, body, headers, multi_value_headers, client_certificate, stage_variables } =
            self;
        let spot = Spot::new(cx, &restapi_id, resource_id, http_method);
        let several = multi_value_headers.into_iter().flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
        let several: Vec<(String, String)> = several.collect();
        let single = headers.into_iter().filter(|(name, _)| several.iter().all(|(other, _)| !other.eq_ignore_ascii_case(name)));
        let headers = single.chain(several.iter().cloned()).collect();
        let trial = cx.read(move |view| {
            spot.resource(view)?;
            let any = Spot { verb: "ANY".into(), ..spot.clone() };
            let method = match spot.any_method(view)? {
                None => any.method(view)?,
                Some(method) => method,
            };
            if method.integration.is_none() {
                return Err(ApiError::bad_request("No integration defined for method"));
            }
            if let Some(id) = client_certificate.filter(|id| !id.is_empty()) {
                known_certificate(view, &spot.realm, &id)?;
            }
            let tree = ApiTree::read(view, &spot.realm, &restapi_id)?.ok_or_else(|| ApiError::no_api(&spot.realm, &restapi_id))?;
            let tree = serde_json::to_string(&tree).map_err(|cause| ApiError::Internal(cause.to_string()))?;
            let target = target.filter(|target| !target.is_empty());
            let Spot { realm, resource, verb, .. } = spot;
            Ok(Trial { realm, tree, resource, verb, target, headers, body: body.unwrap_or_default(), variables: stage_variables })
        });
        let trial = trial.await?;
        cx.running.try_out(trial).await.map(Reply::of)
    }
}
