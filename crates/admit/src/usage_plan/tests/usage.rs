//! What keys have used. The bench's clock starts at noon of Sunday, 2026-11-22.

use super::*;
use crate::usage_plan::record::{Period, Quota, Throttle, UsagePlan};
use base::tally::Terms;
use base::world::{Day, Timestamp};
use std::collections::BTreeMap;

fn terms(limit: i64, offset: i64, period: Period, created: Timestamp) -> impl Fn(Day) -> Terms + Copy {
    move |day| {
        let quota = Some(Quota { limit, offset, period });
        let plan = UsagePlan {
            id: String::new(),
            name: String::new(),
            description: None,
            product_code: None,
            stages: Vec::new(),
            throttle: None::<Throttle>,
            quota,
            created,
            tags: BTreeMap::new(),
        };
        plan.terms(day).unwrap()
    }
}

fn days(bench: &Bench, n: u32) {
    bench.clock.advance(Duration::from_millis(u64::from(n) * Day::MS));
}

fn usage(bench: &Bench, plan: &str, query: &str) -> Value {
    bench.ok("GET", &format!("/usageplans/{plan}/usage?{query}"), Value::Null)
}

#[test]
fn each_day_tells_what_was_used_and_what_was_left() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold", "quota": {"limit": 10, "period": "DAY"}}));
    let (busy, idle) = (key(&bench, "busy"), key(&bench, "idle"));
    join(&bench, &plan, &busy);
    join(&bench, &plan, &idle);
    let terms = terms(10, 0, Period::Day, bench.clock.wall());
    assert_eq!(bench.take(&plan, &busy, 3, 1, terms), 3);
    days(&bench, 1);
    assert_eq!(bench.take(&plan, &busy, 25, 1, terms), 10);
    let seen = usage(&bench, &plan, "startDate=2026-11-21&endDate=2026-11-24");
    let expected = json!({
        "usagePlanId": plan, "startDate": "2026-11-21", "endDate": "2026-11-24",
        "values": {
            busy.as_str(): [[0, 10], [3, 7], [10, 0], [0, 10]],
            idle.as_str(): [[0, 10], [0, 10], [0, 10], [0, 10]],
        },
    });
    assert_eq!(seen, expected);
    let one = usage(&bench, &plan, &format!("startDate=2026-11-22&endDate=2026-11-22&keyId={busy}"));
    assert_eq!(one["values"], json!({busy.as_str(): [[3, 7]]}));
    assert_eq!(usage(&bench, &plan, "startDate=2026-11-22&endDate=2026-11-22&keyId=nosuchkey0")["values"], json!({}));
}

#[test]
fn a_week_counts_down_from_sunday_and_its_first_one_is_shorter_by_the_offset() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold", "quota": {"limit": 10, "offset": 4, "period": "WEEK"}}));
    let key = key(&bench, "k");
    join(&bench, &plan, &key);
    let terms = terms(10, 4, Period::Week, bench.clock.wall());
    bench.take(&plan, &key, 2, 1, terms);
    days(&bench, 2);
    bench.take(&plan, &key, 9, 1, terms);
    days(&bench, 5);
    bench.take(&plan, &key, 1, 1, terms);
    // From Tuesday on, so that Sunday's use is not in the answer but counts in what is left.
    let seen = usage(&bench, &plan, "startDate=2026-11-24&endDate=2026-11-29");
    assert_eq!(seen["values"][&key], json!([[4, 0], [0, 0], [0, 0], [0, 0], [0, 0], [1, 9]]));
}

#[test]
fn a_plan_without_a_quota_counts_nothing() {
    let bench = bench();
    let (plan, key) = (plan(&bench, json!({"name": "gold"})), key(&bench, "k"));
    join(&bench, &plan, &key);
    assert_eq!(usage(&bench, &plan, "startDate=2026-11-22&endDate=2026-11-22")["values"], json!({}));
    let body = json!({"patchOperations": [{"op": "replace", "path": "/remaining", "value": "1"}]});
    assert_eq!(bench.no("PATCH", &format!("/usageplans/{plan}/keys/{key}/usage"), body).0, 400);
}

#[test]
fn usage_is_paged_by_key() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold", "quota": {"limit": 1, "period": "MONTH"}}));
    let mut keys: Vec<String> = (0..3).map(|n| key(&bench, &format!("k{n}"))).collect();
    keys.iter().for_each(|key| drop(join(&bench, &plan, key)));
    keys.reverse();
    let dates = "startDate=2026-11-01&endDate=2026-11-01&limit=2";
    let ids = |page: &Value| page["values"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let first = usage(&bench, &plan, dates);
    let second = usage(&bench, &plan, &format!("{dates}&position={}", first["position"].as_str().unwrap()));
    assert_eq!([ids(&first), ids(&second)].concat(), keys);
    assert!(second.get("position").is_none());
}

#[test]
fn dates_must_be_dates_in_order_and_at_most_90_days_apart() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold", "quota": {"limit": 1, "period": "DAY"}}));
    for bad in ["", "startDate=2026-11-22", "startDate=2026-11-31&endDate=2026-12-01", "startDate=22.11.2026&endDate=2026-11-22"] {
        assert_eq!(bench.no("GET", &format!("/usageplans/{plan}/usage?{bad}"), Value::Null).0, 400, "{bad}");
    }
    for bad in ["startDate=2026-11-23&endDate=2026-11-22", "startDate=2026-01-01&endDate=2026-04-02"] {
        assert_eq!(bench.no("GET", &format!("/usageplans/{plan}/usage?{bad}"), Value::Null).0, 400, "{bad}");
    }
    usage(&bench, &plan, "startDate=2026-01-01&endDate=2026-04-01");
    let unknown = bench.no("GET", "/usageplans/nosuch/usage?startDate=2026-11-22&endDate=2026-11-22", Value::Null);
    assert_eq!(unknown, (404, "Invalid Usage Plan ID specified".into()));
}

#[test]
fn remaining_sets_what_is_left_of_this_window_and_of_no_other() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold", "quota": {"limit": 5, "period": "DAY"}}));
    let key = key(&bench, "k");
    join(&bench, &plan, &key);
    let terms = terms(5, 0, Period::Day, bench.clock.wall());
    assert_eq!(bench.take(&plan, &key, 9, 1, terms), 5);
    let target = format!("/usageplans/{plan}/keys/{key}/usage");
    let set =
        |value: &str| bench.call("PATCH", &target, json!({"patchOperations": [{"op": "replace", "path": "/remaining", "value": value}]}));
    let expected = json!({
        "usagePlanId": plan, "startDate": "2026-11-22", "endDate": "2026-11-22", "values": {key.as_str(): [[5, 3]]},
    });
    assert_eq!(set("3"), (200, expected));
    assert_eq!(bench.take(&plan, &key, 9, 1, terms), 3);
    // Again, also downwards.
    assert_eq!(set("100").1["values"][&key], json!([[8, 100]]));
    assert_eq!(set("2").1["values"][&key], json!([[8, 2]]));
    assert_eq!(bench.take(&plan, &key, 9, 1, terms), 2);
    days(&bench, 1);
    assert_eq!(bench.take(&plan, &key, 9, 1, terms), 5);
    let seen = usage(&bench, &plan, "startDate=2026-11-22&endDate=2026-11-23");
    assert_eq!(seen["values"][&key], json!([[10, 0], [5, 0]]));
}

#[test]
fn remaining_is_refused_where_it_makes_no_sense() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold", "quota": {"limit": 5, "period": "DAY"}}));
    let (member, stranger) = (key(&bench, "k"), key(&bench, "s"));
    join(&bench, &plan, &member);
    let no = |plan: &str, key: &str, op: &str, path: &str, value: &str| {
        let body = json!({"patchOperations": [{"op": op, "path": path, "value": value}]});
        bench.no("PATCH", &format!("/usageplans/{plan}/keys/{key}/usage"), body)
    };
    assert_eq!(no(&plan, &stranger, "replace", "/remaining", "1").0, 404);
    assert_eq!(no("nosuch", &member, "replace", "/remaining", "1"), (404, "Invalid Usage Plan ID specified".into()));
    for bad in ["-1", "many", ""] {
        assert_eq!(no(&plan, &member, "replace", "/remaining", bad).0, 400, "{bad}");
    }
    let list = "Invalid patch path  '/used' specified for op 'replace'. Must be one of: [/remaining]";
    assert_eq!(no(&plan, &member, "replace", "/used", "1"), (400, list.into()));
    assert!(no(&plan, &member, "add", "/remaining", "1").1.ends_with("Please choose supported operations"));
}

#[test]
fn a_deleted_plan_or_key_takes_its_use_with_it() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold", "quota": {"limit": 5, "period": "DAY"}}));
    let (one, two) = (key(&bench, "one"), key(&bench, "two"));
    let terms = terms(5, 0, Period::Day, bench.clock.wall());
    for key in [&one, &two] {
        join(&bench, &plan, key);
        assert_eq!(bench.take(&plan, key, 5, 1, terms), 5);
    }
    bench.ok("DELETE", &format!("/apikeys/{one}"), Value::Null);
    assert_eq!((bench.take(&plan, &one, 9, 1, terms), bench.take(&plan, &two, 9, 1, terms)), (5, 0));
    bench.ok("DELETE", &format!("/usageplans/{plan}"), Value::Null);
    assert_eq!(bench.take(&plan, &two, 9, 1, terms), 5);
}

#[test]
fn a_key_that_leaves_and_comes_back_finds_its_use_where_it_was() {
    let bench = bench();
    let plan = plan(&bench, json!({"name": "gold", "quota": {"limit": 5, "period": "DAY"}}));
    let key = key(&bench, "k");
    let terms = terms(5, 0, Period::Day, bench.clock.wall());
    join(&bench, &plan, &key);
    assert_eq!(bench.take(&plan, &key, 5, 1, terms), 5);
    bench.ok("DELETE", &format!("/usageplans/{plan}/keys/{key}"), Value::Null);
    join(&bench, &plan, &key);
    assert_eq!(bench.take(&plan, &key, 5, 1, terms), 0);
}
