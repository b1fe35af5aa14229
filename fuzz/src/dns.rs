//! Answers of DNS servers. An input is a message: whatever it is, it is an answer or none, and what is found in it can be asked for.

use deliver::upstream::dns::{Data, Sort, answer, question};

/// The id and the name that the seeds answer.
const ID: u16 = 7;
const NAME: &str = "a.test";
/// The longest name there is.
const NAME_BYTES_MAX: usize = 255;

pub(crate) fn run(bytes: &[u8]) {
    for sort in [Sort::A, Sort::Aaaa, Sort::Srv] {
        let Ok(found) = answer(bytes, ID, NAME, sort) else { continue };
        assert_eq!(found.ttl_seconds.is_some(), !found.found.is_empty());
        for data in found.found {
            match data {
                Data::Address(ip) => assert_eq!((sort == Sort::A, sort == Sort::Aaaa), (ip.is_ipv4(), ip.is_ipv6())),
                // A name may be written so that it cannot be asked for; then asking says so.
                Data::Service { host, .. } => {
                    assert!(sort == Sort::Srv && host.len() <= NAME_BYTES_MAX);
                    let _question = question(ID, &host, Sort::A);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_answers() {
        for (seed, sort) in [("address", Sort::A), ("alias", Sort::A), ("service", Sort::Srv)] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/dns").join(seed);
            let found = answer(&std::fs::read(path).unwrap(), ID, NAME, sort).unwrap();
            assert!(!found.found.is_empty(), "{seed}");
        }
    }
}
