//! Every input that was kept: the seeds, and what was found before. Their targets must have nothing to say about them.

use cardea_fuzz::{INPUT_BYTES_MAX, TARGETS, target};
use std::path::{Path, PathBuf};

/// Bytes of all seeds together.
const CORPUS_BYTES_MAX: u64 = 400 * 1024;

/// The inputs of a target, seeds and findings.
fn inputs(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<PathBuf> = ["corpus", "found"]
        .into_iter()
        .filter_map(|folder| std::fs::read_dir(root.join(folder).join(name)).ok())
        .flatten()
        .map(|entry| entry.expect("a folder of the tree can be read").path())
        .collect();
    found.sort();
    found
}

fn replay(name: &str) {
    let (target, inputs) = (target(name).expect("a target has this name"), inputs(name));
    assert!(!inputs.is_empty(), "{name} has no seeds");
    for path in &inputs {
        let bytes = std::fs::read(path).expect("a file of the tree can be read");
        // Said before, as a finding is a panic.
        eprintln!("{}", path.display());
        (target.run)(&bytes);
    }
}

#[test]
fn request_heads_have_one_meaning() {
    replay("request_head");
}

#[test]
fn templates_end_well() {
    replay("template");
}

#[test]
fn mappings_make_what_can_be_written() {
    replay("mapping");
}

#[test]
fn event_streams_have_one_meaning() {
    replay("event_stream");
}

#[test]
fn answer_heads_have_one_meaning() {
    replay("answer_head");
}

#[test]
fn chunked_bodies_have_one_meaning() {
    replay("chunked");
}

#[test]
fn connections_end_as_they_should() {
    replay("connection");
}

#[test]
fn heads_of_http_2_can_be_sent_on() {
    replay("http2_head");
}

#[test]
fn definitions_are_imported_or_refused() {
    replay("openapi_import");
}

#[test]
fn operations_answer_or_refuse_in_aws_shape() {
    replay("member");
}

#[test]
fn archives_are_taken_whole_or_refused() {
    replay("archive");
}

#[test]
fn patches_are_all_or_nothing() {
    replay("patch");
}

#[test]
fn signatures_hold_for_what_was_signed() {
    replay("signature");
}

#[test]
fn json_is_read_as_others_read_it_and_paths_keep_their_word() {
    replay("jsonpath");
}

#[test]
fn schemas_do_not_contradict_themselves() {
    replay("json_schema");
}

#[test]
fn policies_decide_alike_however_they_are_put_together() {
    replay("policy");
}

#[test]
fn wire_dialects_are_read_or_refused() {
    replay("dialect");
}

#[test]
fn answers_about_names_are_read_or_are_none() {
    replay("dns");
}

#[test]
fn each_target_is_replayed_and_has_a_sane_bound() {
    let text = include_str!("replay.rs");
    for target in TARGETS {
        assert!(text.contains(&format!("replay(\"{}\")", target.name)), "{} is not replayed", target.name);
        for path in inputs(target.name) {
            let bytes = std::fs::metadata(&path).expect("a file of the tree is there").len();
            assert!(bytes <= INPUT_BYTES_MAX as u64, "{} has more bytes than an input", path.display());
        }
    }
}

#[test]
fn the_seeds_stay_few() {
    let sizes = TARGETS.iter().flat_map(|target| inputs(target.name)).map(|path| std::fs::metadata(path).map_or(0, |meta| meta.len()));
    let bytes: u64 = sizes.sum();
    assert!(bytes <= CORPUS_BYTES_MAX, "{bytes} bytes of seeds");
}
