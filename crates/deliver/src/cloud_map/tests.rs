//! The story of Cloud Map.

use crate::CLOUD_MAP_OPERATIONS;
use base::testing::Bench;
use serde_json::{Value, json};

fn ok(bench: &Bench, operation: &str, body: Value) -> Value {
    bench.ok("POST", &format!("/{operation}"), body)
}

fn no(bench: &Bench, operation: &str, body: Value) -> String {
    let (status, message) = bench.no("POST", &format!("/{operation}"), body);
    assert_eq!(status, 400);
    message
}

/// A namespace `here` and a service `orders` in it, whose id is told.
fn service(bench: &Bench, more: Value) -> String {
    let operation = ok(bench, "CreateHttpNamespace", json!({"Name": "here"}))["OperationId"].clone();
    let done = ok(bench, "GetOperation", json!({ "OperationId": operation }));
    assert_eq!((&done["Operation"]["Status"], &done["Operation"]["Type"]), (&json!("SUCCESS"), &json!("CREATE_NAMESPACE")));
    let namespace = &done["Operation"]["Targets"]["NAMESPACE"];
    let mut asked = json!({"Name": "orders", "NamespaceId": namespace});
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ok(bench, "CreateService", asked)["Service"]["Id"].as_str().unwrap().to_owned()
}

fn register(bench: &Bench, service: &str, id: &str, attributes: Value) {
    ok(bench, "RegisterInstance", json!({"ServiceId": service, "InstanceId": id, "Attributes": attributes}));
}

fn discover(bench: &Bench, more: Value) -> Vec<String> {
    let mut asked = json!({"NamespaceName": "here", "ServiceName": "orders"});
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let found = ok(bench, "DiscoverInstances", asked);
    found["Instances"].as_array().unwrap().iter().map(|one| one["InstanceId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_registered_is_discovered_by_its_attributes() {
    let bench = Bench::new(CLOUD_MAP_OPERATIONS);
    let service = service(&bench, json!({}));
    for (id, stage) in [("a", "prod"), ("b", "test")] {
        register(&bench, &service, id, json!({"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "80", "stage": stage}));
    }
    assert_eq!(discover(&bench, json!({})), ["a", "b"]);
    assert_eq!(discover(&bench, json!({"QueryParameters": {"stage": "prod"}})), ["a"]);
    assert_eq!(discover(&bench, json!({"OptionalParameters": {"stage": "other"}})), ["a", "b"]);
    assert_eq!(discover(&bench, json!({"OptionalParameters": {"stage": "test"}})), ["b"]);
    assert_eq!(discover(&bench, json!({"MaxResults": 1})), ["a"]);
    let one = ok(&bench, "GetInstance", json!({"ServiceId": service, "InstanceId": "a"}));
    assert_eq!(one["Instance"]["Attributes"]["stage"], "prod");
    assert_eq!(ok(&bench, "ListInstances", json!({"ServiceId": service}))["Instances"].as_array().unwrap().len(), 2);
    assert_eq!(ok(&bench, "GetService", json!({"Id": service}))["Service"]["InstanceCount"], 2);
    ok(&bench, "DeregisterInstance", json!({"ServiceId": service, "InstanceId": "a"}));
    assert_eq!(discover(&bench, json!({})), ["b"]);
    assert!(no(&bench, "DeregisterInstance", json!({"ServiceId": service, "InstanceId": "a"})).contains("does not exist"));
    assert!(no(&bench, "DiscoverInstances", json!({"NamespaceName": "here", "ServiceName": "x"})).contains("Service x"));
    assert!(no(&bench, "DiscoverInstances", json!({"NamespaceName": "x", "ServiceName": "x"})).contains("Namespace x"));
}

#[test]
fn who_runs_instances_may_say_how_they_are() {
    let bench = Bench::new(CLOUD_MAP_OPERATIONS);
    let service = service(&bench, json!({"HealthCheckCustomConfig": {"FailureThreshold": 1}}));
    for id in ["a", "b"] {
        register(&bench, &service, id, json!({"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "80"}));
    }
    let say = |id: &str, status: &str| {
        let asked = json!({"ServiceId": service, "InstanceId": id, "Status": status});
        ok(&bench, "UpdateInstanceCustomHealthStatus", asked)
    };
    say("a", "UNHEALTHY");
    assert_eq!(discover(&bench, json!({})), ["b"]);
    assert_eq!(discover(&bench, json!({"HealthStatus": "UNHEALTHY"})), ["a"]);
    assert_eq!(discover(&bench, json!({"HealthStatus": "ALL"})), ["a", "b"]);
    // Registered again it stays as it was.
    register(&bench, &service, "a", json!({"AWS_INSTANCE_IPV4": "10.0.0.2", "AWS_INSTANCE_PORT": "80"}));
    assert_eq!(discover(&bench, json!({"HealthStatus": "HEALTHY"})), ["b"]);
    say("b", "UNHEALTHY");
    assert_eq!(discover(&bench, json!({})), ["a", "b"], "where nobody is well, all are told");
    assert!(discover(&bench, json!({"HealthStatus": "HEALTHY"})).is_empty());
    say("a", "HEALTHY");
    assert_eq!(discover(&bench, json!({})), ["a"]);
}

#[test]
fn what_is_in_use_stays_and_what_makes_no_sense_is_refused() {
    let bench = Bench::new(CLOUD_MAP_OPERATIONS);
    let service = service(&bench, json!({}));
    let namespace = ok(&bench, "GetService", json!({"Id": service}))["Service"]["NamespaceId"].clone();
    register(&bench, &service, "a", json!({"AWS_INSTANCE_IPV4": "10.0.0.1"}));
    assert!(no(&bench, "DeleteService", json!({"Id": service})).contains("still has instances"));
    assert!(no(&bench, "DeleteNamespace", json!({"Id": namespace})).contains("still has services"));
    assert!(no(&bench, "CreateHttpNamespace", json!({"Name": "here"})).contains("already exists"));
    assert!(no(&bench, "CreateService", json!({"Name": "orders", "NamespaceId": namespace})).contains("already exists"));
    assert!(no(&bench, "CreateService", json!({"Name": "x", "NamespaceId": "ns-x"})).contains("does not exist"));
    let status = json!({"ServiceId": service, "InstanceId": "a", "Status": "HEALTHY"});
    assert!(no(&bench, "UpdateInstanceCustomHealthStatus", status).contains("no custom health"));
    let with = |id: &str, attributes: Value| json!({"ServiceId": service, "InstanceId": id, "Attributes": attributes});
    for attributes in [
        json!({"AWS_INSTANCE_IPV4": "10.0.0"}),
        json!({"AWS_INSTANCE_IPV6": "10.0.0.1"}),
        json!({"AWS_INSTANCE_PORT": "0"}),
        json!({"AWS_INSTANCE_CNAME": "a b"}),
        json!({"a": "b".repeat(5_001)}),
    ] {
        no(&bench, "RegisterInstance", with("b", attributes));
    }
    no(&bench, "RegisterInstance", with("a b", json!({})));
    assert!(no(&bench, "GetOperation", json!({"OperationId": "x-y"})).contains("does not exist"));
    ok(&bench, "DeregisterInstance", json!({"ServiceId": service, "InstanceId": "a"}));
    ok(&bench, "DeleteService", json!({"Id": service}));
    assert_eq!(ok(&bench, "ListServices", json!({}))["Services"], json!([]));
    ok(&bench, "DeleteNamespace", json!({"Id": namespace}));
    assert_eq!(ok(&bench, "ListNamespaces", json!({}))["Namespaces"], json!([]));
}

#[test]
fn a_service_tells_what_it_was_made_of() {
    let bench = Bench::new(CLOUD_MAP_OPERATIONS);
    let check = json!({"Type": "HTTP", "FailureThreshold": 2, "ResourcePath": "/healthz"});
    let dns = json!({"DnsRecords": [{"Type": "SRV", "TTL": 10}]});
    let service = service(&bench, json!({"HealthCheckConfig": check, "DnsConfig": dns, "Tags": [{"Key": "a", "Value": "b"}]}));
    let told = ok(&bench, "GetService", json!({"Id": format!("arn:aws:servicediscovery:us-east-1:111111111111:service/{service}")}));
    assert_eq!((&told["Service"]["HealthCheckConfig"], &told["Service"]["DnsConfig"]), (&check, &dns));
    assert_eq!(told["Service"]["Arn"], format!("arn:aws:servicediscovery:us-east-1:111111111111:service/{service}"));
    let namespaces = ok(&bench, "ListNamespaces", json!({"Filters": [{"Name": "NAME", "Values": ["here"]}]}));
    assert_eq!(namespaces["Namespaces"][0]["ServiceCount"], 1);
    let none = ok(&bench, "ListServices", json!({"Filters": [{"Name": "NAMESPACE_ID", "Values": ["ns-x"]}]}));
    assert_eq!(none["Services"], json!([]));
}
