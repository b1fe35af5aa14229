//! The table of what is served: hosts to stages. It is swapped whole; a request loads it once and holds its stage, not the table.

use super::domains::Domains;
use super::hash::ByName;
use super::view::StageView;
use base::store::Revision;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Everything this node serves, as of a revision.
#[derive(Clone, Default)]
pub struct Table {
    pub revision: Revision,
    pub apis: HashMap<Arc<str>, Arc<ApiEntry>, ByName>,
    pub domains: Arc<Domains>,
    /// What is behind every host that nothing else claims, by path prefix, longest first: from the command line.
    pub proxies: Vec<(String, Arc<StageSlot>)>,
}

/// One API's stages.
#[derive(Clone, Default)]
pub struct ApiEntry {
    pub stages: HashMap<Arc<str>, Arc<StageSlot>, ByName>,
}

/// A stage, compiled with its first request, or before if it was changed while in use.
pub struct StageSlot {
    view: OnceCell<Result<Arc<StageView>, Arc<str>>>,
    recipe: Recipe,
}

/// How to make a stage.
#[derive(Clone)]
pub struct Recipe {
    /// The API's id; empty for a stage from the command line.
    pub api: Arc<str>,
    pub stage: Arc<str>,
}

impl StageSlot {
    /// A stage to be made later.
    pub fn later(recipe: Recipe) -> StageSlot {
        StageSlot { view: OnceCell::new(), recipe }
    }

    /// A stage that is made, or cannot be.
    pub fn made(recipe: Recipe, view: Result<Arc<StageView>, Arc<str>>) -> StageSlot {
        StageSlot { view: OnceCell::new_with(Some(view)), recipe }
    }

    /// The stage, if it was made.
    pub fn ready(&self) -> Option<&Result<Arc<StageView>, Arc<str>>> {
        self.view.get()
    }

    /// The stage, made now if it must be. Many may wait; it is made once.
    pub async fn get<F>(&self, make: impl FnOnce(Recipe) -> F) -> &Result<Arc<StageView>, Arc<str>>
    where
        F: Future<Output = Result<Arc<StageView>, Arc<str>>>,
    {
        self.view.get_or_init(|| make(self.recipe.clone())).await
    }
}

/// Where in a request its API, its stage and the rest of its path are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located<'a> {
    pub api: &'a str,
    pub stage: &'a str,
    /// Where in the path the part after the stage begins.
    pub rest_from: usize,
}

/// Reads `/{stage}/…`: slashes before the stage do not count.
pub fn stage_in_path<'a>(api: &'a str, path: &'a str) -> Located<'a> {
    let from = path.len() - path.trim_start_matches('/').len();
    let to = path[from..].bytes().position(|byte| byte == b'/').map_or(path.len(), |n| from + n);
    Located { api, stage: &path[from..to], rest_from: to }
}

/// Reads the path shapes for machines without DNS: `/restapis/{api}/{stage}/_user_request_/…` and `/_aws/execute-api/{api}/{stage}/…`.
pub fn path_shape(path: &str) -> Option<Located<'_>> {
    let (skip, marker) = if path.starts_with("/restapis/") {
        ("/restapis/".len(), "_user_request_")
    } else if path.starts_with("/_aws/execute-api/") {
        ("/_aws/execute-api/".len(), "")
    } else {
        return None;
    };
    let mut at = skip;
    let mut segment = || {
        let from = at;
        let to = path[from..].find('/').map_or(path.len(), |n| from + n);
        at = (to + 1).min(path.len());
        (from < to).then_some((&path[from..to], to))
    };
    let (api, _) = segment()?;
    let (stage, stage_end) = segment()?;
    if marker.is_empty() {
        return Some(Located { api, stage, rest_from: stage_end });
    }
    let (found, marker_end) = segment()?;
    (found == marker).then_some(Located { api, stage, rest_from: marker_end })
}

/// The API id in a host `{api}.execute-api.{anything}`, or `{api}-{vpce}.execute-api…` of a private API. An endpoint's own name,
/// `vpce-….execute-api.{region}.vpce.…`, names no API: then the header `x-apigw-api-id` does.
pub fn api_in_host(host: &str) -> Option<&str> {
    let dot = host.bytes().position(|byte| byte == b'.')?;
    let (label, rest) = (&host[..dot], &host[dot + 1..]);
    if label.starts_with("vpce-") {
        return None;
    }
    let rest = rest.get(.."execute-api".len())?;
    if !rest.eq_ignore_ascii_case("execute-api") {
        return None;
    }
    // An id has no dash, so most labels are not searched.
    let endpoint = label.contains('-').then(|| label.split_once("-vpce")).flatten();
    Some(endpoint.map_or(label, |(api, _)| api))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_names_an_api() {
        assert_eq!(api_in_host("a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"), Some("a1b2c3d4e5"));
        assert_eq!(api_in_host("a1.Execute-API.localhost"), Some("a1"));
        assert_eq!(api_in_host("a1-vpce-0123.execute-api.us-east-1.amazonaws.com"), Some("a1"));
        assert_eq!(api_in_host("vpce-0123-4567.execute-api.us-east-1.vpce.amazonaws.com"), None);
        assert_eq!(api_in_host("a1.example.com"), None);
        assert_eq!(api_in_host("localhost"), None);
        assert_eq!(api_in_host("é.é"), None);
    }

    #[test]
    fn a_stage_is_the_first_segment_and_slashes_before_it_do_not_count() {
        let found = |path| stage_in_path("a", path);
        assert_eq!(found("/prod/pets"), Located { api: "a", stage: "prod", rest_from: 5 });
        assert_eq!(found("//prod//pets"), Located { api: "a", stage: "prod", rest_from: 6 });
        assert_eq!(found("/prod"), Located { api: "a", stage: "prod", rest_from: 5 });
        assert_eq!(found("/"), Located { api: "a", stage: "", rest_from: 1 });
    }

    #[test]
    fn path_shapes_name_api_and_stage() {
        let rest = |path: &str| path_shape(path).map(|at| (at.api.to_owned(), at.stage.to_owned(), path[at.rest_from..].to_owned()));
        let told = |api: &str, stage: &str, rest: &str| Some((api.to_owned(), stage.to_owned(), rest.to_owned()));
        assert_eq!(rest("/restapis/a1/prod/_user_request_/pets/1"), told("a1", "prod", "/pets/1"));
        assert_eq!(rest("/restapis/a1/prod/_user_request_"), told("a1", "prod", ""));
        assert_eq!(rest("/_aws/execute-api/a1/prod/pets"), told("a1", "prod", "/pets"));
        assert_eq!(rest("/_aws/execute-api/a1/prod"), told("a1", "prod", ""));
        for path in ["/restapis/a1/stages/prod", "/restapis/a1", "/restapis//prod/_user_request_/x", "/_aws/execute-api/a1", "/x"] {
            assert_eq!(rest(path), None, "{path}");
        }
    }
}
