//! The page for Prometheus.

use crate::house::{House, Scratch, exchange};
use serde_json::json;

/// The value of a series on the page.
fn value(page: &str, series: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn what_all_threads_counted_is_on_the_page_unsigned() {
    let scratch = Scratch::new();
    let house = House::open(&scratch.0);
    let api = house.api("pets");
    let page = || exchange(house.control(), "/metrics").1;
    let by_stage = |name: &str, page: &str| value(page, &format!("cardea_{name}{{api=\"{api}\",stage=\"prod\"}}"));
    let by_method =
        |page: &str| value(page, &format!("cardea_method_requests_total{{api=\"{api}\",stage=\"prod\",resource=\"/\",method=\"GET\"}}"));
    assert_eq!(by_stage("requests_total", &page()), None, "nothing was asked yet");

    let root = format!("/restapis/{api}/prod/_user_request_/");
    for _ in 0..20 {
        assert_eq!(house.get(&root), 200);
    }
    assert_eq!(house.get(&format!("{root}nowhere")), 403);
    assert_eq!(house.get("/unclaimed"), 403);
    // A request is counted when its last byte has gone: the scrape is a job behind it on the same thread.
    let told = page();
    assert_eq!(by_stage("requests_total", &told), Some(21.0), "{told}");
    assert_eq!(by_stage("client_errors_total", &told), Some(1.0));
    assert_eq!(by_stage("server_errors_total", &told), Some(0.0));
    assert_eq!(by_stage("latency_seconds_count", &told), Some(21.0));
    assert_eq!(value(&told, &format!("cardea_latency_seconds_bucket{{api=\"{api}\",stage=\"prod\",le=\"+Inf\"}}")), Some(21.0));
    assert_eq!(by_stage("integration_latency_seconds_count", &told), Some(0.0), "a mock asks nobody");
    assert_eq!(value(&told, "cardea_requests_total{api=\"\",stage=\"\"}"), Some(1.0), "what no API claims");
    assert_eq!(by_method(&told), None, "methods count where the stage says so");

    let on = json!({"patchOperations": [{"op": "replace", "path": "/*/*/metrics/enabled", "value": "true"}]});
    house.aws("PATCH", &format!("/restapis/{api}/stages/prod"), &on);
    assert_eq!(house.get(&root), 200);
    let told = page();
    assert_eq!(by_stage("requests_total", &told), Some(22.0), "a change of the stage starts nothing anew");
    assert_eq!(by_method(&told), Some(1.0));
    house.stop();
}

#[test]
fn the_node_tells_of_itself() {
    let scratch = Scratch::new();
    let house = House::open(&scratch.0);
    let before = value(&exchange(house.control(), "/metrics").1, "cardea_store_revision").unwrap();
    house.api("pets");
    let (status, page) = exchange(house.control(), "/metrics");
    assert_eq!(status, 200);
    assert!(page.contains("content-type: text/plain; version=0.0.4"));
    assert!(value(&page, "cardea_store_revision").unwrap() > before);
    assert!(value(&page, "cardea_process_resident_memory_bytes").unwrap() > 1e6);
    for series in ["cardea_connections{thread=\"0\"}", "cardea_connections{thread=\"1\"}", "cardea_access_lines_dropped_total"] {
        assert_eq!(value(&page, series), Some(0.0), "{series}");
    }
    house.stop();
}

#[test]
fn every_family_is_told_once_and_every_line_has_one() {
    let scratch = Scratch::new();
    let house = House::open(&scratch.0);
    let api = house.api("pets");
    assert_eq!(house.get(&format!("/restapis/{api}/prod/_user_request_/")), 200);
    let page = exchange(house.control(), "/metrics").1;
    let body = page.split_once("\r\n\r\n").unwrap().1;
    let families: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for family in &families {
        assert_eq!(families.iter().filter(|other| *other == family).count(), 1, "{family}");
        assert!(body.contains(&format!("# HELP {family} ")), "{family}");
    }
    for line in body.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let of = |suffix: &str| name.strip_suffix(suffix).is_some_and(|family| families.contains(&family));
        assert!(families.contains(&name) || ["_bucket", "_sum", "_count"].into_iter().any(of), "{line}");
        assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
    }
    house.stop();
}
