//! Control calls in AWS's other dialects. An input is a call: its first line says how it is made (`query`, `json NAME`, `cbor NAME`), the
//! rest is its body. What is read of it is JSON, or it is refused; what is written back is good XML, JSON or CBOR.

use base::api::ApiError;
use base::api::dialect::Dialect;
use base::api::dispatch::{Ask, Catalogue, refuse};
use std::sync::LazyLock;

const QUERY: Dialect = Dialect::Query { version: "2015-12-01", namespace: "http://namespace/" };
const RPC: Dialect = Dialect::Rpc { target: "Naming", dates: &["CreateDate"] };

static BALANCERS: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(deliver::LOAD_BALANCER_OPERATIONS));
static NAMES: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(deliver::CLOUD_MAP_OPERATIONS));

pub(crate) fn run(bytes: &[u8]) {
    let _read = read(bytes);
}

/// Whether a call was one of ours, and could be read.
fn read(bytes: &[u8]) -> Option<bool> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, body) = (std::str::from_utf8(&bytes[..end]).ok()?, bytes[end + 1..].to_vec());
    let (form, name) = line.split_once(' ').unwrap_or((line, ""));
    let (path, header, dialect, catalogue) = match form {
        "query" => ("/".to_owned(), ("x", String::new()), QUERY, &*BALANCERS),
        "json" => ("/".to_owned(), ("x-amz-target", format!("Naming.{name}")), RPC, &*NAMES),
        "cbor" => (format!("/service/Naming/operation/{name}"), ("smithy-protocol", "rpc-v2-cbor".to_owned()), RPC, &*NAMES),
        _ => return None,
    };
    let headers = vec![(header.0.to_owned(), header.1.into_bytes())];
    let ask = Ask { method: "POST".to_owned(), path, query: String::new(), headers, body };
    let spoken = dialect.find(catalogue, &ask)?;
    let asked = spoken.read(&ask);
    let is_read = match &asked {
        // JSON comes as it is; what was turned into it is good.
        Ok(asked) if form != "json" => serde_json::from_slice::<serde_json::Value>(&asked.body).map(|_| true).expect("members are JSON"),
        asked => asked.is_ok(),
    };
    let why = String::from_utf8_lossy(&ask.body).into_owned();
    let sent = spoken.write(refuse(&ApiError::bad_request(why), "fuzz"), "id").body;
    match form {
        "query" => {
            let text = String::from_utf8(sent).expect("XML is text");
            assert!(text.starts_with("<ErrorResponse") && text.matches('<').count() == text.matches('>').count());
        }
        "json" => drop(serde_json::from_slice::<serde_json::Value>(&sent).expect("JSON is sent")),
        _ => assert!(!sent.is_empty()),
    }
    Some(is_read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_calls_of_ours() {
        for seed in ["query", "json", "cbor"] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/dialect").join(seed);
            assert_eq!(read(&std::fs::read(path).unwrap()), Some(true), "{seed}");
        }
    }
}
