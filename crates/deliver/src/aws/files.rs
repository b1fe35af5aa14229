//! `~/.aws/credentials` and `~/.aws/config`, with their profiles.

use super::credentials::{Environment, Keys};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Bytes of a file that are read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// What a profile may ask for that we do not do.
const UNSUPPORTED: [&str; 4] = ["role_arn", "credential_process", "sso_session", "sso_start_url"];

/// The keys of the chosen profile, from the credentials file or the config file. `None` where nobody wrote any down.
pub(super) fn keys(environment: &Environment) -> Result<Option<Keys>, String> {
    let home = environment.text("HOME").map(PathBuf::from);
    let path = |variable: &str, name: &str| match environment.text(variable) {
        Some(path) => Some(PathBuf::from(path)),
        None => home.as_ref().map(|home| home.join(".aws").join(name)),
    };
    let chosen = environment.text("AWS_PROFILE").or_else(|| environment.text("AWS_DEFAULT_PROFILE"));
    let profile = chosen.as_deref().unwrap_or("default");
    let in_config = if profile == "default" { "default".to_owned() } else { format!("profile {profile}") };
    let mut seen = false;
    for (path, section) in
        [(path("AWS_SHARED_CREDENTIALS_FILE", "credentials"), profile), (path("AWS_CONFIG_FILE", "config"), in_config.as_str())]
    {
        let Some(mut found) = path.and_then(|path| read(&path)).and_then(|text| section_of(&text, section)) else { continue };
        seen = true;
        if let (Some(access_key), Some(secret)) = (found.remove("aws_access_key_id"), found.remove("aws_secret_access_key")) {
            let session_token = found.remove("aws_session_token").map(Into::into);
            return Ok(Some(Keys { access_key: access_key.into(), secret: secret.into(), session_token, expires: None }));
        }
        if let Some(asked) = UNSUPPORTED.iter().find(|name| found.contains_key(**name)) {
            return Err(format!("the AWS profile {profile} asks for {asked}, which is not supported: give it keys"));
        }
    }
    match chosen {
        Some(profile) if !seen => Err(format!("the AWS profile {profile} is not in the shared files")),
        _ => Ok(None),
    }
}

fn read(path: &Path) -> Option<String> {
    let is_small = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= FILE_BYTES_MAX);
    if is_small { std::fs::read_to_string(path).ok() } else { None }
}

/// The plain values of one section.
fn section_of(text: &str, wanted: &str) -> Option<BTreeMap<String, String>> {
    let mut found: Option<BTreeMap<String, String>> = None;
    let mut is_ours = false;
    for line in text.lines() {
        // Values of nested sections are indented.
        if line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            is_ours = name.split_whitespace().eq(wanted.split_whitespace());
            if is_ours {
                found.get_or_insert_default();
            }
        } else if let Some((name, value)) = line.split_once('=').filter(|_| is_ours) {
            found.get_or_insert_default().insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let text =
            "[default]\naws_access_key_id = A\n# x\n[profile  two]\nAws_Access_Key_Id=B\ns3 =\n  aws_access_key_id = no\n[other]\na=b";
        let of = |name: &str| section_of(text, name).and_then(|mut found| found.remove("aws_access_key_id"));
        assert_eq!(of("default").as_deref(), Some("A"));
        assert_eq!(of("profile two").as_deref(), Some("B"));
        assert_eq!(of("three"), None);
    }
}
