//! The story of load balancers.

use crate::LOAD_BALANCER_OPERATIONS;
use base::testing::Bench;
use serde_json::{Value, json};

fn bench() -> Bench {
    Bench::new(LOAD_BALANCER_OPERATIONS)
}

fn ok(bench: &Bench, operation: &str, body: Value) -> Value {
    bench.ok("POST", &format!("/{operation}"), body)
}

fn no(bench: &Bench, operation: &str, body: Value) -> String {
    let (status, message) = bench.no("POST", &format!("/{operation}"), body);
    assert_eq!(status, 400);
    message
}

fn balancer(bench: &Bench, name: &str) -> Value {
    ok(bench, "CreateLoadBalancer", json!({"Name": name, "Type": "network", "Subnets": ["subnet-1"]}))["LoadBalancers"][0].clone()
}

fn group(bench: &Bench, name: &str) -> Value {
    let asked = json!({"Name": name, "Protocol": "TCP", "Port": 8080, "TargetType": "ip", "VpcId": "vpc-1"});
    ok(bench, "CreateTargetGroup", asked)["TargetGroups"][0].clone()
}

fn forward(group: &Value) -> Value {
    json!([{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}])
}

#[test]
fn a_load_balancer_is_made_found_and_deleted_with_its_listeners() {
    let bench = bench();
    let made = balancer(&bench, "orders");
    let arn = made["LoadBalancerArn"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/net/orders/"), "{arn}");
    assert_eq!((&made["State"]["Code"], &made["Type"]), (&json!("active"), &json!("network")));
    assert_eq!(balancer(&bench, "orders")["LoadBalancerArn"], *arn, "the same again is the same");
    let other = no(&bench, "CreateLoadBalancer", json!({"Name": "orders", "Type": "application"}));
    assert_eq!(other, "A load balancer with the same name 'orders' exists, but with different settings");
    let found = ok(&bench, "DescribeLoadBalancers", json!({"Names": ["orders"]}));
    assert_eq!(found["LoadBalancers"], json!([made]));
    let group = group(&bench, "blue");
    let listener = json!({"LoadBalancerArn": arn, "Protocol": "TCP", "Port": 80, "DefaultActions": forward(&group)});
    let made = ok(&bench, "CreateListener", listener.clone())["Listeners"][0].clone();
    assert!(no(&bench, "CreateListener", listener).starts_with("A listener already exists on this port"));
    assert_eq!(ok(&bench, "DescribeListeners", json!({"LoadBalancerArn": arn}))["Listeners"], json!([made]));
    let told = ok(&bench, "DescribeTargetGroups", json!({"LoadBalancerArn": arn}));
    assert_eq!(told["TargetGroups"][0]["LoadBalancerArns"], json!([arn]));
    assert!(no(&bench, "DeleteTargetGroup", json!({"TargetGroupArn": group["TargetGroupArn"]})).contains("currently in use"));
    ok(&bench, "DeleteLoadBalancer", json!({"LoadBalancerArn": arn}));
    ok(&bench, "DeleteLoadBalancer", json!({"LoadBalancerArn": arn}));
    assert!(no(&bench, "DescribeListeners", json!({"ListenerArns": [made["ListenerArn"]]})).ends_with("not found"));
    ok(&bench, "DeleteTargetGroup", json!({"TargetGroupArn": group["TargetGroupArn"]}));
    assert_eq!(ok(&bench, "DescribeTargetGroups", json!({}))["TargetGroups"], json!([]));
}

#[test]
fn requests_are_shared_out_by_weight_and_a_listener_can_be_changed() {
    let bench = bench();
    let (balancer, blue, green) = (balancer(&bench, "orders"), group(&bench, "blue"), group(&bench, "green"));
    let tuple = |group: &Value, weight: i64| json!({"TargetGroupArn": group["TargetGroupArn"], "Weight": weight});
    let actions = json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": [tuple(&blue, 3), tuple(&green, 1)]}}]);
    let asked = json!({"LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": "TCP", "Port": 80, "DefaultActions": actions});
    let made = ok(&bench, "CreateListener", asked)["Listeners"][0].clone();
    assert_eq!(made["DefaultActions"][0]["ForwardConfig"], actions[0]["ForwardConfig"]);
    let arn = &made["ListenerArn"];
    let changed = ok(&bench, "ModifyListener", json!({"ListenerArn": arn, "Port": 81, "DefaultActions": forward(&green)}));
    assert_eq!((&changed["Listeners"][0]["Port"], &changed["Listeners"][0]["ListenerArn"]), (&json!(81), arn));
    assert_eq!(changed["Listeners"][0]["DefaultActions"][0]["TargetGroupArn"], green["TargetGroupArn"]);
    for (actions, word) in [
        (json!([]), "exactly one default action"),
        (json!([{"Type": "redirect"}]), "forward"),
        (json!([{"Type": "forward"}]), "1 to 5 target groups"),
        (json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": [tuple(&blue, 1000)]}}]), "Weight"),
        (json!([{"Type": "forward", "TargetGroupArn": "arn:x"}]), "Target group 'arn:x' not found"),
    ] {
        let said = no(&bench, "ModifyListener", json!({"ListenerArn": arn, "DefaultActions": actions}));
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn targets_come_and_go_and_what_cannot_be_reached_is_refused() {
    let bench = bench();
    let group = group(&bench, "blue");
    let arn = &group["TargetGroupArn"];
    let with = |targets: Value| json!({"TargetGroupArn": arn, "Targets": targets});
    let health = |body: Value| ok(&bench, "DescribeTargetHealth", body)["TargetHealthDescriptions"].clone();
    for _ in 0..2 {
        ok(&bench, "RegisterTargets", with(json!([{"Id": "10.0.0.1"}, {"Id": "10.0.0.1", "Port": 81}, {"Id": "a.test"}])));
    }
    let told = health(with(Value::Null));
    assert_eq!(told.as_array().unwrap().len(), 3);
    assert_eq!(told[0]["Target"], json!({"Id": "10.0.0.1", "Port": 8080, "AvailabilityZone": null}));
    assert_eq!(told[0]["TargetHealth"]["Reason"], "Target.NotInUse");
    ok(&bench, "DeregisterTargets", with(json!([{"Id": "10.0.0.1", "Port": 81}])));
    assert_eq!(health(with(Value::Null)).as_array().unwrap().len(), 2);
    ok(&bench, "DeregisterTargets", with(json!([{"Id": "10.0.0.1"}, {"Id": "unknown"}])));
    assert_eq!(health(with(json!([{"Id": "10.0.0.1"}])))[0]["TargetHealth"]["Reason"], "Target.NotRegistered");
    assert!(no(&bench, "RegisterTargets", with(json!([{"Id": "no name"}]))).contains("no address and no name"));
    assert!(no(&bench, "RegisterTargets", with(json!([{"Id": "a", "Port": 70000}]))).contains("between 1 and 65535"));
    assert!(no(&bench, "RegisterTargets", with(json!([]))).contains("At least one"));
    let many: Vec<Value> = (0..1_001).map(|n| json!({"Id": "a.test", "Port": n + 1})).collect();
    assert!(no(&bench, "RegisterTargets", with(json!(many))).contains("1000 targets"));
    let strict = Bench::strict(LOAD_BALANCER_OPERATIONS);
    let asked = json!({"Name": "a", "Protocol": "TCP", "Port": 80, "TargetType": "ip"});
    let arn = ok(&strict, "CreateTargetGroup", asked)["TargetGroups"][0]["TargetGroupArn"].clone();
    let said = no(&strict, "RegisterTargets", json!({"TargetGroupArn": arn, "Targets": [{"Id": "a.test"}]}));
    assert_eq!(said, "The IP address 'a.test' is not a valid IPv4 address");
}

#[test]
fn health_checks_have_awss_defaults_and_bounds() {
    let bench = bench();
    let made = group(&bench, "plain");
    let of = |group: &Value| json!([group["HealthCheckProtocol"], group["HealthCheckPath"], group["HealthCheckIntervalSeconds"]]);
    assert_eq!(of(&made), json!(["TCP", null, 30]));
    let arn = &made["TargetGroupArn"];
    let change = |more: Value| {
        let mut body = json!({ "TargetGroupArn": arn });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let changed = ok(&bench, "ModifyTargetGroup", change(json!({"HealthCheckProtocol": "HTTP", "HealthCheckIntervalSeconds": 5})));
    assert_eq!(of(&changed["TargetGroups"][0]), json!(["HTTP", "/", 5]));
    assert_eq!(changed["TargetGroups"][0]["Matcher"]["HttpCode"], "200-399");
    for (wrong, word) in [
        (json!({"HealthCheckIntervalSeconds": 1}), "between 5 and 300"),
        (json!({"HealthCheckPath": "x"}), "begin with '/'"),
        (json!({"HealthCheckPort": "0"}), "traffic-port"),
        (json!({"Matcher": {"HttpCode": "2xx"}}), "list or a range"),
    ] {
        let said = no(&bench, "ModifyTargetGroup", change(wrong));
        assert!(said.contains(word), "{said}");
    }
    let set = |key: &str, value: &str| change(json!({"Attributes": [{"Key": key, "Value": value}]}));
    let told = ok(&bench, "ModifyTargetGroupAttributes", set("load_balancing.algorithm.type", "least_outstanding_requests"));
    assert_eq!(told, ok(&bench, "DescribeTargetGroupAttributes", change(json!({}))));
    assert!(told["Attributes"].as_array().unwrap().contains(&json!({"Key": "slow_start.duration_seconds", "Value": "0"})));
    assert!(no(&bench, "ModifyTargetGroupAttributes", set("slow_start.duration_seconds", "5")).contains("cannot be '5'"));
    assert!(no(&bench, "ModifyTargetGroupAttributes", set("other", "5")).contains("'other'"));
}

#[test]
fn everything_has_tags_and_names_have_rules() {
    let bench = bench();
    let (balancer, group) = (balancer(&bench, "orders"), group(&bench, "blue"));
    let arns = json!([balancer["LoadBalancerArn"], group["TargetGroupArn"]]);
    ok(&bench, "AddTags", json!({"ResourceArns": arns, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}));
    ok(&bench, "RemoveTags", json!({"ResourceArns": arns, "TagKeys": ["a"]}));
    let told = ok(&bench, "DescribeTags", json!({"ResourceArns": arns}));
    assert_eq!(told["TagDescriptions"][1], json!({"ResourceArn": arns[1], "Tags": [{"Key": "b", "Value": "2"}]}));
    assert!(no(&bench, "DescribeTags", json!({"ResourceArns": ["arn:x"]})).contains("not found"));
    for name in ["", "-a", "a_b", &"a".repeat(33)] {
        assert!(no(&bench, "CreateLoadBalancer", json!({ "Name": name })).contains("name"), "{name}");
    }
    let many: Vec<Value> = (0..51).map(|n| json!({"Key": n.to_string(), "Value": ""})).collect();
    assert!(no(&bench, "AddTags", json!({"ResourceArns": arns, "Tags": many})).contains("50 tags"));
}

#[test]
fn lists_come_in_pages() {
    let bench = bench();
    for name in ["a", "b", "c"] {
        group(&bench, name);
    }
    let first = ok(&bench, "DescribeTargetGroups", json!({"PageSize": 2}));
    assert_eq!(first["TargetGroups"].as_array().unwrap().len(), 2);
    let rest = ok(&bench, "DescribeTargetGroups", json!({"Marker": first["NextMarker"]}));
    assert_eq!((&rest["TargetGroups"][0]["TargetGroupName"], &rest["NextMarker"]), (&json!("c"), &Value::Null));
}
