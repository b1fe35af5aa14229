//! Runs a fuzz target: builds libFuzzer's program with what coverage needs, and gives it the target's seeds, dictionary and bounds. What
//! it grows stays below the target directory; what it finds goes to `fuzz/found`, where the ordinary tests replay it.

use crate::failure::{Outcome, fail};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What makes a stable compiler count the edges and comparisons that an input reaches, for libFuzzer to see.
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// As `cardea_fuzz::INPUT_BYTES_MAX`.
const INPUT_BYTES_MAX: usize = 4_096;
/// An input that takes longer is a finding.
const INPUT_SECONDS_MAX: u32 = 10;
/// A process that holds more is a finding.
const MEMORY_MEGABYTES_MAX: u32 = 1_024;

#[derive(Args)]
pub(crate) struct Options {
    /// Which; without one they are listed
    target: Option<String>,
    /// How long to go on
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// More for libFuzzer, behind `--`
    #[arg(last = true)]
    more: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Outcome<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").canonicalize()?;
    let mut targets = Vec::new();
    for entry in fs::read_dir(home.join("corpus"))? {
        targets.push(entry?.file_name().to_string_lossy().into_owned());
    }
    targets.sort();
    let Some(target) = &options.target else {
        println!("{}", targets.join("\n"));
        return Ok(());
    };
    if !targets.contains(target) {
        return Err(fail(format!("{target} is no target; there are {}", targets.join(", "))));
    }
    let program = build()?;
    let grown = program.with_file_name("corpus").join(target);
    let found = home.join("found").join(target);
    fs::create_dir_all(&grown)?;
    fs::create_dir_all(&found)?;
    let mut line = Command::new(&program);
    line.env("CARDEA_FUZZ_TARGET", target)
        .arg(format!("-max_total_time={}", options.seconds))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MEGABYTES_MAX}"))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg(format!("-dict={}", home.join("dictionaries").join(dictionary(target)).display()))
        .arg("-print_final_stats=1")
        .args(&options.more)
        .args([&grown, &home.join("corpus").join(target), &found]);
    let status = line.status()?;
    // An empty folder says that something was found, and nothing was.
    let _kept = fs::remove_dir(&found);
    if status.success() { Ok(()) } else { Err(fail(format!("{target} found something: see fuzz/found/{target}"))) }
}

/// The words of the target's language.
fn dictionary(target: &str) -> &'static str {
    match target {
        "http2_head" => "http2.dict",
        "openapi_import" => "openapi.dict",
        "jsonpath" | "json_schema" => "json.dict",
        "member" | "patch" | "signature" => "control.dict",
        "policy" => "policy.dict",
        "template" => "template.dict",
        _ => "http.dict",
    }
}

/// Builds the program; where it is.
fn build() -> Outcome<PathBuf> {
    let told = Command::new("rustc").arg("-vV").output()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let host = told.lines().find_map(|line| line.strip_prefix("host: ")).ok_or_else(|| fail("rustc does not tell its host"))?;
    // With a target named, build scripts and macros stay as they are: they run on their own, without libFuzzer.
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--locked", "--profile", "fuzz", "--package", "cardea-fuzz", "--bin", "cardea-fuzz", "--features", "libfuzzer"])
        .args(["--target", host])
        .env("RUSTFLAGS", COVERAGE.join(" "))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status()?;
    if !built.success() {
        return Err(fail("the targets do not build; libFuzzer needs a C++ compiler (Debian: apt-get install g++)"));
    }
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    Ok(folder.join(host).join("fuzz").join("cardea-fuzz").canonicalize()?)
}
