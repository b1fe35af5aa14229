//! The image and the unit: linted by systemd where it is there, and by ourselves everywhere.

use crate::house::Scratch;
use cardea::config::{Config, Values};
use cardea::machine::Descriptors;
use std::path::{Path, PathBuf};
use std::process::Command;

/// systemd's measure of what a service could do, times ten: 0 is nothing, 100 everything.
const EXPOSURE_TENTHS_MAX: u32 = 15;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// The instructions, with continued lines joined and without comments.
fn instructions(text: &str) -> Vec<String> {
    let plain: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let joined = plain.join("\n").replace("\\\n", " ");
    joined.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|line| !line.is_empty()).collect()
}

/// Reads the settings among these words as the program would.
fn settings<'a>(words: impl Iterator<Item = &'a str>) -> Config {
    let pairs: Vec<(String, String)> =
        words.filter_map(|word| word.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert!(pairs.len() > 1);
    Config::read(&Values::join(&[], pairs.into_iter(), &[]).unwrap(), |_| None).unwrap()
}

#[test]
fn the_image_runs_as_nobody_and_holds_the_program_alone() {
    let text = read("packaging/Dockerfile");
    let lines = instructions(&text);
    let last = lines.iter().rposition(|line| line.starts_with("FROM ")).unwrap();
    let (build, image) = lines.split_at(last);
    let rust = read("Cargo.toml").lines().find_map(|line| line.strip_prefix("rust-version = ").map(|v| v.trim_matches('"').to_owned()));
    assert!(build[0].starts_with(&format!("FROM rust:{}-", rust.unwrap())), "the compiler that the workspace names: {}", build[0]);
    assert!(build.iter().any(|line| line.starts_with("RUN cargo build --locked --release ")));
    for copied in build.iter().filter_map(|line| line.strip_prefix("COPY ")).flat_map(|words| words.split(' ')) {
        assert!(copied == "./" || root().join(copied).exists(), "{copied}");
    }
    let workspace = read("Cargo.toml");
    let members = workspace.lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
    for member in members.split('"').skip(1).step_by(2) {
        let folder = member.trim_end_matches("/*");
        assert!(build.contains(&format!("COPY {folder} {folder}")), "cargo wants every member of the workspace: {folder}");
    }
    assert_eq!(image[0], "FROM scratch");
    assert!(!image.iter().any(|line| line.starts_with("RUN ") || line.starts_with("ADD ")), "there is no shell");
    assert!(image.iter().filter(|line| line.starts_with("COPY ")).all(|line| line.starts_with("COPY --from=build ")));
    let user = image.iter().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(user.split(':').all(|id| id.parse::<u32>().unwrap() > 0), "a number, so that it can be seen not to be root: {user}");
    assert!(image.iter().any(|line| line == "ENTRYPOINT [\"/usr/bin/cardea\"]"), "no shell between a signal and the program");
    assert!(
        image.iter().any(|line| line.starts_with("HEALTHCHECK ") && line.ends_with("CMD [\"/usr/bin/cardea\", \"health\"]")),
        "nor between a probe and it"
    );
    let env = image.iter().find_map(|line| line.strip_prefix("ENV ")).unwrap();
    let config = settings(env.split(' '));
    assert!(!config.listen.ip().is_loopback() && config.control.ip().is_loopback());
    assert!(image.contains(&format!("VOLUME [\"{}\"]", config.data_dir.display())));
    assert!(image.contains(&format!("EXPOSE {}", config.listen.port())));
}

#[test]
fn the_context_of_the_image_has_nothing_that_is_not_copied() {
    let allowed = read("packaging/Dockerfile.dockerignore");
    let mut lines = allowed.lines();
    assert_eq!(lines.next(), Some("*"));
    let text = read("packaging/Dockerfile");
    for line in lines {
        let name = line.strip_prefix('!').unwrap();
        assert!(root().join(name).exists() && text.contains(name), "{name}");
    }
}

#[test]
fn the_unit_is_hardened_and_its_settings_are_ours() {
    let lines = instructions(&read("packaging/cardea.service"));
    for needed in [
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "MemoryDenyWriteExecute=yes",
        "RestrictNamespaces=yes",
        "SystemCallFilter=@system-service",
        "UMask=0077",
        "ExecReload=/bin/kill -HUP $MAINPID",
    ] {
        assert!(lines.iter().any(|line| line == needed), "{needed}");
    }
    let value = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).unwrap();
    let config = settings(value("Environment=").split(' '));
    assert_eq!(config.data_dir, Path::new("/var/lib").join(value("StateDirectory=")));
    assert!(value("TimeoutStopSec=").parse::<u64>().unwrap() > config.drain_seconds, "the drain comes to its end");
    let shared = Descriptors::of(value("LimitNOFILE=").parse().unwrap());
    assert!(shared.clients_max >= config.connections_max, "a client and its back end: {shared:?}");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("systemd is not here: its lint was left out");
        return;
    }
    let scratch = Scratch::new();
    let unit = scratch.0.join("cardea.service");
    std::fs::write(&unit, read("packaging/cardea.service").replace("/usr/bin/cardea", env!("CARGO_BIN_EXE_cardea"))).unwrap();
    let lint = |arguments: &[&str]| {
        let done = Command::new("systemd-analyze").args(arguments).arg(&unit).output().unwrap();
        (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
    };
    let (good, said) = lint(&["verify"]);
    assert!(good && !said.contains("cardea.service:"), "{said}");
    let (good, said) = lint(&["security", "--offline=true", &format!("--threshold={EXPOSURE_TENTHS_MAX}")]);
    // Releases before 250 measure only what is installed.
    assert!(good || said.contains("unrecognized option"), "{said}");
}
