//! What Velocity 1.7 answered, case by case: `tests/golden/vtl` of the whole tree. Cases of the mode `apigw` need `$input` and its kin, and
//! are for those who have them.

use crate::bench::render_with;
use serde_json::Value as Json;
use std::path::Path;
use vtl::Limits;

/// AWS has no `#evaluate`, and no loop of more than a thousand turns.
const NOT_AS_AWS: [&str; 1] = ["#evaluate('$s!')"];

fn files() -> Vec<(String, Json)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/vtl");
    let folder = std::fs::read_dir(folder).expect("the golden cases are there");
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("a folder of the tree can be read").path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).expect("a file of the tree can be read");
        (path.display().to_string(), serde_json::from_str(&text).expect("golden cases are JSON"))
    };
    paths.iter().map(read).collect()
}

#[test]
fn every_recorded_template_says_what_velocity_said() {
    let (mut ran, mut wrong) = (0, Vec::new());
    for (file, content) in files() {
        for case in content["cases"].as_array().unwrap() {
            let template = case["template"].as_str().unwrap();
            if case["mode"] == "apigw" || NOT_AS_AWS.contains(&template) {
                continue;
            }
            ran += 1;
            let answer = render_with(template, &case["context"], &Limits::DEFAULT);
            let is_right = match (&answer, case["expect"].as_str()) {
                (Ok(output), Some(expected)) => output == expected,
                (Err(_), None) => !case["expect_error"].is_null(),
                _ => false,
            };
            if !is_right {
                wrong.push(format!("{file} {}: {template:?} said {answer:?}, not {}", case["id"], case["expect"]));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(ran > 500, "only {ran} cases were found");
}
