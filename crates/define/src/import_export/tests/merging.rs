//! How a definition meets an API that is there.

use super::*;
use serde_json::json;

fn first() -> Value {
    json!({
        "swagger": "2.0", "info": {"title": "First", "version": "1", "description": "one"},
        "x-amazon-apigateway-binary-media-types": ["a/a"], "x-amazon-apigateway-minimum-compression-size": 5,
        "x-amazon-apigateway-request-validators": {"v": {"validateRequestBody": true}},
        "x-amazon-apigateway-gateway-responses": {"THROTTLED": {"statusCode": 420}},
        "x-amazon-apigateway-policy": {"Statement": []},
        "securityDefinitions": {"auth": {"type": "apiKey", "name": "A", "in": "header", "x-amazon-apigateway-authorizer": {"type": "token"}}},
        "definitions": {"A": {"type": "object"}},
        "paths": {"/a": {"get": {"operationId": "old", "security": [{"auth": []}]}, "put": {}}, "/b": {"get": {}}},
    })
}

fn second() -> Value {
    json!({
        "swagger": "2.0", "info": {"title": "Second", "version": "2"},
        "x-amazon-apigateway-binary-media-types": ["b/b", "a/a"],
        "definitions": {"B": {"type": "object"}},
        "paths": {"/a": {"get": {"operationId": "new"}}, "/c/d": {"get": {}}},
    })
}

#[test]
fn merging_replaces_what_is_named_and_keeps_the_rest() {
    let world = World::new();
    let before = world.import(first());
    // To merge is what happens if nobody says.
    for query in ["", "?mode=merge"] {
        let after = world.put(before.id(), query, second());
        assert_eq!(after.paths(), ["/", "/a", "/b", "/c", "/c/d"]);
        assert_eq!(after.tree.methods.len(), 4);
        let method = after.method("GET /a");
        assert_eq!((method.operation_name.as_deref(), method.authorizer.as_ref()), (Some("new"), None));
        assert_eq!(after.resource("/a").id, before.resource("/a").id);
        assert_eq!(after.tree.models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(after.tree.authorizers[0].id, before.tree.authorizers[0].id);
        assert_eq!((after.tree.validators.len(), after.tree.gateway_responses.len()), (1, 1));
        let api = &after.tree.api;
        assert_eq!(api.binary_media_types, ["a/a", "b/b"]);
        assert_eq!((api.version.as_deref(), api.description.as_deref()), (Some("2"), Some("one")));
        assert_eq!((api.minimum_compression_size, api.policy.is_some()), (Some(5), true));
    }
}

/// Seen for the name and the tags: observed/import.json.
#[test]
fn overwriting_leaves_nothing_but_the_definition_and_what_is_no_part_of_one() {
    let world = World::new();
    let before = world.import_with("&endpointConfigurationTypes=REGIONAL", first());
    let after = world.put(before.id(), "?mode=overwrite", second());
    assert_eq!(after.paths(), ["/", "/a", "/c", "/c/d"]);
    assert_eq!((after.tree.methods.len(), after.tree.models.len()), (2, 1));
    assert_eq!((after.tree.authorizers.len(), after.tree.validators.len(), after.tree.gateway_responses.len()), (0, 0, 0));
    let (old, new) = (&before.tree.api, &after.tree.api);
    assert_eq!((new.name.as_str(), new.version.as_deref(), new.description.as_deref()), ("First", Some("2"), None));
    assert_eq!(new.binary_media_types, ["b/b", "a/a"]);
    assert_eq!((new.minimum_compression_size, new.policy.as_deref()), (None, None));
    assert_eq!(
        (&new.id, &new.root_resource_id, new.created, new.endpoint_type.as_str()),
        (&old.id, &old.root_resource_id, old.created, "REGIONAL")
    );
    assert_eq!(after.resource("/a").id, before.resource("/a").id);
    assert_eq!(after.reply["tags"], json!({}));
}

#[test]
fn the_same_definition_again_changes_nothing() {
    let world = World::new();
    let before = world.import(first());
    let after = world.put(before.id(), "", first());
    assert_eq!(serde_json::to_value(&after.tree).unwrap(), serde_json::to_value(&before.tree).unwrap());
}

#[test]
fn merged_resources_must_fit_those_that_are_there() {
    let world = World::new();
    let paths = |path: &str| json!({"openapi": "3.0.1", "info": {"title": "t"}, "paths": {path: {"get": {}}}}).to_string();
    let before = world.import(paths("/{a}"));
    let target = format!("/restapis/{}", before.id());
    let (status, reply) = world.send("PUT", &target, &paths("/{b}"));
    let says = "A sibling ({a}) of this resource already has a variable path part -- only one is allowed";
    assert_eq!((status, reply["message"].as_str().unwrap().rsplit("': ").next()), (400, Some(says)));
    assert_eq!(world.put(before.id(), "?mode=overwrite", paths("/{b}")).paths(), ["/", "/{b}"]);
}
