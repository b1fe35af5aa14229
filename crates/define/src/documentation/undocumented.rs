//! What of an API nothing is written about.

use super::record::{DocumentationPart, Location};
use crate::tree::ApiTree;
use std::collections::{BTreeMap, BTreeSet};

/// All entities of an API that no part is about, with their defaults, in order.
pub(super) fn undocumented(tree: &ApiTree, parts: &[DocumentationPart]) -> BTreeSet<Location> {
    let mut all = entities(tree);
    for part in parts {
        all.remove(&part.location.whole());
    }
    all
}

fn entities(tree: &ApiTree) -> BTreeSet<Location> {
    let of = |kind: &str| Location { kind: kind.to_owned(), ..Location::default() };
    let named = |kind: &str, name: &str| Location { name: Some(name.to_owned()), ..of(kind) };
    let mut all = BTreeSet::from([of("API")]);
    all.extend(tree.authorizers.iter().map(|authorizer| named("AUTHORIZER", &authorizer.name)));
    all.extend(tree.models.iter().map(|model| named("MODEL", &model.name)));
    all.extend(tree.resources.iter().map(|resource| Location { path: Some(resource.path.clone()), ..of("RESOURCE") }));
    let paths: BTreeMap<&str, &str> = tree.resources.iter().map(|resource| (resource.id.as_str(), resource.path.as_str())).collect();
    for method in &tree.methods {
        let Some(path) = paths.get(method.resource.as_str()) else { continue };
        // A method for any verb is written about under `*`.
        let verb = if method.verb == "ANY" { "*" } else { &method.verb };
        let here = |kind: &str| Location { path: Some((*path).to_owned()), method: Some(verb.to_owned()), ..of(kind) };
        all.insert(here("METHOD"));
        for parameter in method.request_parameters.iter().flat_map(|map| map.keys()) {
            let places = [("path.", "PATH_PARAMETER"), ("querystring.", "QUERY_PARAMETER"), ("header.", "REQUEST_HEADER")].into_iter();
            let place = places.filter_map(|(place, kind)| Some((parameter.strip_prefix("method.request.")?.strip_prefix(place)?, kind)));
            all.extend(place.map(|(name, kind)| Location { name: Some(name.to_owned()), ..here(kind) }));
        }
        if method.request_models.as_ref().is_some_and(|models| !models.is_empty()) {
            all.insert(here("REQUEST_BODY"));
        }
        for (code, response) in &method.responses {
            let here = |kind: &str| Location { status_code: Some(code.clone()), ..here(kind) };
            all.insert(here("RESPONSE"));
            if response.response_models.as_ref().is_some_and(|models| !models.is_empty()) {
                all.insert(here("RESPONSE_BODY"));
            }
            let headers = response.response_parameters.iter().flat_map(|map| map.keys());
            let names = headers.filter_map(|header| header.strip_prefix("method.response.header."));
            all.extend(names.map(|name| Location { name: Some(name.to_owned()), ..here("RESPONSE_HEADER") }));
        }
    }
    all
}
