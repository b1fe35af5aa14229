//! The story of the tree of paths.

use base::testing::Bench;
use serde_json::{Value, json};

/// An API to plant resources in.
struct Grove {
    bench: Bench,
    api: String,
    root: String,
}

impl Grove {
    fn new() -> Grove {
        Grove::on(Bench::new(crate::OPERATIONS))
    }

    fn on(bench: Bench) -> Grove {
        let api = bench.ok("POST", "/restapis", json!({"name": "grove"}));
        let text = |name: &str| api[name].as_str().unwrap().to_owned();
        Grove { api: text("id"), root: text("rootResourceId"), bench }
    }

    fn path(&self, id: &str) -> String {
        format!("/restapis/{}/resources/{id}", self.api)
    }

    fn add(&self, parent: &str, part: &str) -> String {
        let made = self.bench.ok("POST", &self.path(parent), json!({ "pathPart": part }));
        made["id"].as_str().unwrap().to_owned()
    }

    fn no(&self, parent: &str, part: &str) -> (u16, String) {
        self.bench.no("POST", &self.path(parent), json!({ "pathPart": part }))
    }

    fn paths(&self) -> Vec<String> {
        let list = self.bench.ok("GET", &format!("/restapis/{}/resources", self.api), Value::Null);
        list["item"].as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap().to_owned()).collect()
    }

    fn patch(&self, id: &str, op: &str, path: &str, value: &str) -> (u16, Value) {
        self.bench.call("PATCH", &self.path(id), json!({"patchOperations": [{"op": op, "path": path, "value": value}]}))
    }

    fn unpatched(&self, id: &str, op: &str, path: &str, value: &str) -> String {
        let (status, answer) = self.patch(id, op, path, value);
        assert_eq!(status, 400, "{answer}");
        answer["message"].as_str().unwrap().to_owned()
    }
}

/// Seen: observed/resources.json.
#[test]
fn a_resource_lives_is_renamed_with_its_children_and_takes_them_away() {
    let grove = Grove::new();
    let pets = grove.bench.ok("POST", &grove.path(&grove.root), json!({"pathPart": "pets"}));
    let id = pets["id"].as_str().unwrap();
    assert_eq!(id.len(), 6);
    assert_eq!(pets, json!({"id": id, "parentId": grove.root, "path": "/pets", "pathPart": "pets"}));
    grove.add(id, "subpets");
    assert_eq!(grove.paths(), ["/", "/pets", "/pets/subpets"]);
    let (status, renamed) = grove.patch(id, "replace", "/pathPart", "dogs");
    assert_eq!((status, &renamed["path"], &renamed["pathPart"]), (200, &json!("/dogs"), &json!("dogs")));
    assert_eq!(grove.paths(), ["/", "/dogs", "/dogs/subpets"]);
    assert_eq!(grove.bench.ok("GET", &grove.path(id), Value::Null), renamed);
    assert_eq!(grove.bench.call("DELETE", &grove.path(id), Value::Null), (202, Value::Null));
    assert_eq!(grove.paths(), ["/"]);
    assert_eq!(grove.bench.ok("GET", &grove.path(&grove.root), Value::Null), json!({"id": grove.root, "path": "/"}));
}

/// Seen: observed/resources.json.
#[test]
fn proxies_stand_beside_fixed_names_and_lists_are_sorted_by_path() {
    let grove = Grove::new();
    grove.add(&grove.root, "{proxy+}");
    let parent = grove.add(&grove.root, "parent");
    let proxy = grove.add(&parent, "{proxy+}");
    let child = grove.add(&parent, "child");
    grove.add(&child, "{proxy+}");
    assert_eq!(grove.paths(), ["/", "/parent", "/parent/child", "/parent/child/{proxy+}", "/parent/{proxy+}", "/{proxy+}"]);
    let second = "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed";
    assert_eq!(grove.no(&parent, "{child}"), (400, second.into()));
    grove.bench.ok("DELETE", &grove.path(&proxy), Value::Null);
    let variable = grove.add(&parent, "{child}");
    grove.add(&variable, "{proxy+}");
    assert_eq!(
        grove.paths(),
        ["/", "/parent", "/parent/child", "/parent/child/{proxy+}", "/parent/{child}", "/parent/{child}/{proxy+}", "/{proxy+}"]
    );
}

/// Seen: observed/resources.json and rest-api-control-plane.md §1.8.
#[test]
fn a_part_that_may_not_be_there_is_refused() {
    let grove = Grove::new();
    let unknown = (404, "Invalid Resource identifier specified".to_owned());
    assert_eq!(grove.no("fake-resource-id", "pets"), unknown);
    let pets = grove.add(&grove.root, "pets");
    let taken = "Another resource with the same parent already has this name: pets";
    assert_eq!(grove.no(&grove.root, "pets"), (409, taken.into()));
    let proxy = grove.add(&pets, "{proxy+}");
    assert_eq!(grove.no(&proxy, "x"), (400, "Cannot create a child of a resource with a greedy path variable: {proxy+}".into()));
    for part in ["", "a{b}", "a/b", "{}", "{+}", "{a", "a}", "a b", "{a+b+}", "é", "a%20b"] {
        assert_eq!(grove.no(&grove.root, part).0, 400, "{part}");
    }
    for part in ["a.b_c-d:e", "$batch", "v1,v2", "me@home", "{id}"] {
        grove.add(&grove.root, part);
    }
    let (status, text) = grove.bench.no("POST", "/restapis/nobody/resources/x", json!({"pathPart": "a"}));
    assert_eq!((status, text.as_str()), (404, "Invalid API identifier specified 111111111111:nobody"));
    for (verb, body) in [("GET", Value::Null), ("DELETE", Value::Null), ("PATCH", json!({}))] {
        assert_eq!(grove.bench.no(verb, &grove.path("nobody"), body), unknown);
    }
}

/// Seen: rest-api-control-plane.md §1.8.
#[test]
fn moving_keeps_the_tree_a_tree() {
    let grove = Grove::new();
    let a = grove.add(&grove.root, "a");
    let b = grove.add(&a, "b");
    let c = grove.add(&grove.root, "c");
    assert_eq!(grove.unpatched(&grove.root, "replace", "/pathPart", "x"), "Root resource cannot update its pathPart.");
    assert_eq!(grove.unpatched(&grove.root, "replace", "/parentId", &a), "Root resource cannot update its parentId.");
    assert_eq!(grove.unpatched(&a, "replace", "/parentId", &b), "Resources cannot be cyclical.");
    assert_eq!(grove.unpatched(&a, "replace", "/parentId", &a), "Resources cannot be cyclical.");
    assert_eq!(grove.patch(&a, "replace", "/parentId", "nobody").0, 404);
    assert_eq!(grove.patch(&a, "replace", "/parentId", &c).1["path"], "/c/a");
    assert_eq!(grove.paths(), ["/", "/c", "/c/a", "/c/a/b"]);
    assert_eq!(grove.patch(&b, "replace", "/pathPart", "b").0, 200);
    assert_eq!(
        grove.unpatched(&c, "replace", "/pathPart", "{c+}"),
        "Cannot create a child of a resource with a greedy path variable: {c+}"
    );
    grove.add(&grove.root, "a");
    assert_eq!(grove.patch(&a, "replace", "/parentId", &grove.root).0, 409);
    assert_eq!(grove.paths(), ["/", "/a", "/c", "/c/a", "/c/a/b"]);
    assert_eq!(grove.bench.no("DELETE", &grove.path(&grove.root), Value::Null), (400, "Root resource cannot be deleted".into()));
}

/// Seen: rest-api.md §0.5.
#[test]
fn only_two_paths_can_be_patched_and_the_words_say_which() {
    let grove = Grove::new();
    let a = grove.add(&grove.root, "a");
    assert_eq!(
        grove.unpatched(&a, "replace", "/path", "x"),
        "Invalid patch path  '/path' specified for op 'replace'. Must be one of: [/parentId, /pathPart]"
    );
    assert_eq!(
        grove.unpatched(&a, "add", "/pathPart", "x"),
        "Invalid patch path  '/pathPart' specified for op 'add'. Please choose supported operations"
    );
}

/// Seen: rest-api-control-plane.md §1.8.
#[test]
fn methods_are_named_with_their_resource_and_told_in_full_when_asked() {
    let grove = Grove::new();
    let pets = grove.add(&grove.root, "pets");
    for verb in ["POST", "ANY", "GET"] {
        grove.bench.ok("PUT", &format!("{}/methods/{verb}", grove.path(&pets)), json!({"authorizationType": "NONE"}));
    }
    let one = grove.bench.ok("GET", &grove.path(&pets), Value::Null);
    assert_eq!(one["resourceMethods"].to_string(), r#"{"ANY":{},"GET":{},"POST":{}}"#);
    let list = grove.bench.ok("GET", &format!("/restapis/{}/resources?embed=methods", grove.api), Value::Null);
    assert_eq!(list["item"][0].get("resourceMethods"), None);
    let get = json!({"httpMethod": "GET", "authorizationType": "NONE", "apiKeyRequired": false});
    assert_eq!(list["item"][1]["resourceMethods"]["GET"], get);
    let one = grove.bench.ok("GET", &format!("{}?embed=methods", grove.path(&pets)), Value::Null);
    assert_eq!(one["resourceMethods"]["GET"], get);
}

#[test]
fn resources_are_listed_in_pages() {
    let grove = Grove::new();
    for n in 0..30 {
        grove.add(&grove.root, &format!("r{n:02}"));
    }
    let first = grove.bench.ok("GET", &format!("/restapis/{}/resources", grove.api), Value::Null);
    assert_eq!(first["item"].as_array().unwrap().len(), 25);
    let next = format!("/restapis/{}/resources?position={}", grove.api, first["position"].as_str().unwrap());
    let rest = grove.bench.ok("GET", &next, Value::Null);
    assert_eq!((rest["item"].as_array().unwrap().len(), rest["item"][5]["path"].clone(), rest.get("position")), (6, json!("/r29"), None));
}

#[test]
fn awss_quota_of_resources_holds_only_where_aws_is_copied() {
    let strict = Grove::on(Bench::strict(crate::OPERATIONS));
    for n in 1..crate::limits::RESOURCES_MAX {
        strict.add(&strict.root, &format!("r{n}"));
    }
    assert_eq!(strict.no(&strict.root, "more").0, 429);
    let free = Grove::new();
    for n in 0..=crate::limits::RESOURCES_MAX {
        free.add(&free.root, &format!("r{n}"));
    }
}
