//! What AWS does, case by case: the files of tests/golden, each with where its rule was seen.

use super::case::Case;
use super::world::run;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// There were more cases than this when it was last looked at: none gets lost silently.
const CASES_MIN: usize = 100;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

/// All cases by name, sorted.
fn cases() -> Vec<Case> {
    let sorted = |folder: &Path| {
        let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        found.sort();
        found
    };
    let mut cases = Vec::new();
    for feature in sorted(&folder()).iter().filter(|path| path.is_dir()) {
        for file in sorted(feature).iter().filter(|path| path.extension().is_some_and(|extension| extension == "case")) {
            let name = format!("{}/{}", feature.file_name().unwrap().display(), file.file_stem().unwrap().display());
            cases.push(Case::read(&name, file).unwrap_or_else(|why| panic!("{name}: {why}")));
        }
    }
    cases
}

#[test]
fn every_case_holds() {
    let wanted = std::env::var("CASE").ok();
    let all = cases();
    let mut failed = Vec::new();
    for case in all.iter().filter(|case| wanted.as_ref().is_none_or(|wanted| case.name.contains(wanted.as_str()))) {
        // A case that cannot be played is told by its name, and the others go on.
        let played = catch_unwind(AssertUnwindSafe(|| run(case.run()))).unwrap_or_else(|_| Err("it cannot be played, see above".into()));
        match played {
            Ok(()) => println!("ok     {}", case.name),
            Err(difference) => {
                println!("FAILED {}\n  {}\n{difference}", case.name, case.rule.replace('\n', "\n  "));
                failed.push(case.name.as_str());
            }
        }
    }
    assert!(failed.is_empty(), "{} cases fail: {}", failed.len(), failed.join(", "));
}

#[test]
fn no_case_was_lost() {
    let count = cases().len();
    assert!(count > CASES_MIN, "there are {count} cases, and there were more than {CASES_MIN}");
}

/// What is assumed, because AWS does not document it and no recording tells. A new assumption is a line in this list, so that nobody assumes in passing.
#[test]
fn what_is_assumed_is_listed() {
    const ASSUMED: &[&str] = &[
        "address/hosts-have-no-case",
        "address/known-host-beats-path-shape",
        "address/path-shapes",
        "mock/chooses-by-pattern",
        "policy/what-is-routed-counts",
        "proxy/no-body-with-get",
        "proxy/redirects-are-not-followed",
        "quota/month-is-utc",
        "quota/week-begins-on-sunday",
        "routing/encoded-literal",
        "routing/method-override-nonsense",
        "routing/path-before-verb",
        "throttle/canary-shares",
        "throttle/deployment-refills-nothing",
        "throttle/of-nothing",
    ];
    let assumed: Vec<String> = cases().into_iter().filter(Case::is_assumed).map(|case| case.name).collect();
    println!("assumed:\n  {}", assumed.join("\n  "));
    assert_eq!(assumed, ASSUMED);
}
