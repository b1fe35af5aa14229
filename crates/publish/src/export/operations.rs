//! GetExport.

use crate::deployment::operations::{frozen_tree, known_deployment};
use crate::documentation_version::documented;
use crate::stage::checks::known_stage;
use base::api::{self, ApiError, Control, Entry, File, Member, Operation, Route, known_api, op};
use base::store::Realm;
use define::import_export::export::{Dialect, Extensions, Server, Wanted, export, yaml};
use serde::Deserialize;

/// What the control API can do with exports.
pub const OPERATIONS: &[Entry] = &[op::<GetExport>()];

/// Writes what a stage serves as a definition.
#[derive(Deserialize)]
struct GetExport {
    #[serde(rename = "restapi_id")]
    api: String,
    #[serde(rename = "stage_name")]
    stage: String,
    export_type: String,
    #[serde(default)]
    extensions: Vec<String>,
    #[serde(rename = "Accept")]
    accept: Option<String>,
}

impl Operation for GetExport {
    const ROUTE: Route = api::get("GetExport", "/restapis/{restapi_id}/stages/{stage_name}/exports/{export_type}");
    const MEMBERS: &'static [Member] = &[
        api::text("restapi_id").in_path("restApiId"),
        api::text("stage_name").in_path("stageName"),
        api::text("export_type").in_path("exportType"),
        api::list("extensions", &api::text("")).in_query(),
        api::text("Accept").in_header(),
    ];
    type Reply = File;

    async fn run(self, cx: &Control) -> Result<File, ApiError> {
        let Self { api, stage, export_type, extensions, accept } = self;
        // The two texts are assumed.
        let dialect = match export_type.as_str() {
            "oas30" => Dialect::OpenApi3,
            "swagger" => Dialect::Swagger2,
            _ => return Err(ApiError::bad_request("Invalid export type specified. Valid options are oas30,swagger")),
        };
        let extensions = Extensions::named(&extensions.join(",")).ok_or_else(|| {
            ApiError::bad_request(
                "Invalid extensions specified. Valid options are integrations,authorizers,apigateway,documentation,postman",
            )
        })?;
        let is_yaml = accept.is_some_and(|accept| accept.to_ascii_lowercase().contains("yaml"));
        let server = server(cx.settings.public_url.as_deref(), cx.realm(), &api, &stage);
        let realm = cx.realm().clone();
        let document = cx
            .read(move |view| {
                known_api(view, &realm, &api)?;
                let stage = known_stage(view, &realm, &api, &stage)?;
                let deployment = known_deployment(view, &realm, &api, &stage.deployment)?;
                let documented = match &stage.documentation_version {
                    Some(version) => documented(view, &realm, &api, version)?,
                    None => None,
                };
                let wanted = Wanted { dialect, extensions, server, version: deployment.created.iso(), documented };
                Ok(export(&frozen_tree(view, &deployment)?, &wanted))
            })
            .await?;
        let version = document["info"]["version"].as_str().unwrap_or_default();
        let name = format!("{export_type}_{version}.{}", if is_yaml { "yaml" } else { "json" });
        let text = if is_yaml { yaml::write(&document) } else { format!("{document:#}") };
        Ok(File { name, bytes: text.into_bytes() })
    }
}

/// Where a stage is reached: on AWS's host of the API, or under the path shape that needs no DNS.
pub(crate) fn server(public_url: Option<&str>, realm: &Realm, api: &str, stage: &str) -> Server {
    let stage = stage.to_owned();
    let Some(url) = public_url else {
        let host = format!("{api}.execute-api.{}.amazonaws.com", realm.region);
        return Server { scheme: "https".into(), host, path: String::new(), stage };
    };
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let (host, path) = rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    Server { scheme: scheme.into(), host: host.into(), path: format!("{path}/_aws/execute-api/{api}"), stage }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_where_the_operator_says() {
        let realm = Realm::new("111111111111", "eu-west-1");
        let shown = |url| {
            let Server { scheme, host, path, stage } = server(url, &realm, "a1", "dev");
            format!("{scheme}://{host}{path}/{stage}")
        };
        assert_eq!(shown(None), "https://a1.execute-api.eu-west-1.amazonaws.com/dev");
        assert_eq!(shown(Some("http://127.0.0.1:8080")), "http://127.0.0.1:8080/_aws/execute-api/a1/dev");
        assert_eq!(shown(Some("https://example.com/apis")), "https://example.com/apis/_aws/execute-api/a1/dev");
    }
}
