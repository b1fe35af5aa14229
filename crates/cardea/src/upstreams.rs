//! Targets from `cardea.toml`: listed there, or in files that are watched.

use crate::config::upstreams::{TargetSource, UpstreamPlan, targets_of};
use crate::node::NodeError;
use deliver::upstream::balance::{Endpoint, Plan, Registry};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often watched files are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// Bytes of a file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Puts what configuration says into the registry, and keeps it true. A file that cannot be read at the start is an error.
pub(crate) fn start(plans: &[UpstreamPlan], registry: &Arc<Registry>) -> Result<(), NodeError> {
    for plan in plans {
        let endpoints = match &plan.source {
            TargetSource::Listed(endpoints) => endpoints.clone(),
            TargetSource::File(path) => {
                let text = text(path).and_then(|text| read(&text));
                let endpoints = text.map_err(|why| NodeError(format!("upstream {}: {}: {why}", plan.name, path.display())))?;
                tokio::spawn(watch(plan.clone(), endpoints.clone(), Arc::downgrade(registry)));
                endpoints
            }
            TargetSource::Addresses(..) | TargetSource::Services(_) => {
                return Err(NodeError(format!("upstream {}: targets from DNS come with the next release", plan.name)));
            }
        };
        set(plan, endpoints, registry);
    }
    Ok(())
}

fn set(plan: &UpstreamPlan, endpoints: Vec<Endpoint>, registry: &Registry) {
    registry.change(|directory| {
        directory.set_group(&plan.name, Some(Plan { terms: plan.terms.clone(), endpoints }));
        for arn in &plan.arns {
            directory.set_alias(arn, Some(&plan.name));
        }
    });
}

/// Follows a file for as long as the registry lives. One that makes no sense changes nothing.
async fn watch(plan: UpstreamPlan, mut known: Vec<Endpoint>, registry: Weak<Registry>) {
    let TargetSource::File(path) = plan.source.clone() else { return };
    let mut ticks = tokio::time::interval(LOOK);
    let mut flaw = String::new();
    loop {
        ticks.tick().await;
        let from = path.clone();
        let text = tokio::task::spawn_blocking(move || text(&from)).await.unwrap_or_else(|why| Err(why.to_string()));
        let Some(registry) = registry.upgrade() else { return };
        match text.and_then(|text| read(&text)) {
            Ok(endpoints) => {
                flaw.clear();
                if endpoints != known {
                    tracing::info!(upstream = plan.name, targets = endpoints.len(), "the file of targets has changed");
                    known.clone_from(&endpoints);
                    set(&plan, endpoints, &registry);
                }
            }
            Err(why) if why != flaw => {
                tracing::error!(upstream = plan.name, file = %path.display(), why, "the file of targets cannot be used; what it said before stays");
                flaw = why;
            }
            Err(_) => {}
        }
    }
}

fn text(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|why| why.to_string())?;
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(|why| why.to_string())?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("it is larger than {FILE_BYTES_MAX} bytes"));
    }
    Ok(text)
}

/// One target a line; what follows a `#` does not count.
fn read(text: &str) -> Result<Vec<Endpoint>, String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|line| !line.is_empty());
    targets_of(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_target_a_line_and_remarks() {
        let heavy = Endpoint { weight: 2, ..Endpoint::new("b", 2) };
        assert_eq!(read("# all of them\n\na:1\n b:2 weight=2 # the large one\n"), Ok(vec![Endpoint::new("a", 1), heavy]));
        assert_eq!(read(""), Ok(Vec::new()));
        assert!(read("a:1\nb").unwrap_err().contains("b: it must be HOST:PORT"));
    }
}
