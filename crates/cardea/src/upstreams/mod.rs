//! Targets from `cardea.toml`: listed there, in files that are watched, or found by DNS.

mod resolver;

use crate::config::upstreams::{TARGETS_MAX, TargetSource, UpstreamPlan, targets_of};
use crate::node::NodeError;
use deliver::upstream::balance::{Endpoint, Plan, Registry};
use resolver::{Resolved, Resolver};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::oneshot;

/// How often watched files are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How long the first answers of DNS are waited for at the start.
const FIRST_ANSWERS: Duration = Duration::from_secs(3);
/// How long an answer is believed at least, and at most, whatever its records say; and until a question without an answer is asked again.
const BELIEVED_SECONDS: std::ops::RangeInclusive<u32> = 1..=300;
const ASKED_AGAIN: Duration = Duration::from_secs(5);
/// Bytes of a file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Puts what configuration says into the registry, and keeps it true. A file that cannot be read at the start is an error.
pub(crate) async fn start(plans: &[UpstreamPlan], registry: &Arc<Registry>) -> Result<(), NodeError> {
    let mut first = Vec::new();
    for plan in plans {
        let endpoints = match &plan.source {
            TargetSource::Listed(endpoints) => endpoints.clone(),
            TargetSource::File(path) => {
                let text = text(path).and_then(|text| read(&text));
                let endpoints = text.map_err(|why| NodeError(format!("upstream {}: {}: {why}", plan.name, path.display())))?;
                set(plan, endpoints.clone(), registry);
                tokio::spawn(watch(plan.clone(), endpoints, Arc::downgrade(registry)));
                continue;
            }
            TargetSource::Addresses(..) | TargetSource::Services(_) => {
                // Nothing, until there is an answer: after that nobody else says what is there.
                set(plan, Vec::new(), registry);
                let (answered, waits) = oneshot::channel();
                tokio::spawn(follow(plan.clone(), answered, Arc::downgrade(registry)));
                first.push(waits);
                continue;
            }
        };
        set(plan, endpoints, registry);
    }
    let all = async {
        for one in first {
            // Whoever has nothing to say has said why in the log.
            let _answered = one.await;
        }
    };
    // A server that is silent does not keep us from serving others.
    let _in_time = tokio::time::timeout(FIRST_ANSWERS, all).await;
    Ok(())
}

/// Asks DNS for as long as the registry lives, as often as its answers say. Where there is no answer, the last one stays.
async fn follow(plan: UpstreamPlan, answered: oneshot::Sender<()>, registry: Weak<Registry>) {
    let resolver = Resolver::new(plan.dns_server);
    let (mut answered, mut known, mut flaw) = (Some(answered), Vec::new(), String::new());
    loop {
        let asked = match &plan.source {
            TargetSource::Addresses(name, port) => resolver.addresses(name, *port).await,
            TargetSource::Services(name) => resolver.services(name).await,
            TargetSource::Listed(_) | TargetSource::File(_) => return,
        };
        let Some(registry) = registry.upgrade() else { return };
        let wait = match asked {
            Ok(Resolved { mut endpoints, ttl_seconds }) => {
                flaw.clear();
                // Servers turn the order of records; whose turn it is is decided here.
                endpoints.sort_by(|a, b| (&a.host, a.port).cmp(&(&b.host, b.port)));
                endpoints.truncate(TARGETS_MAX);
                if endpoints != known {
                    tracing::info!(upstream = plan.name, targets = endpoints.len(), "DNS tells other targets");
                    known.clone_from(&endpoints);
                    set(&plan, endpoints, &registry);
                }
                Duration::from_secs(u64::from(ttl_seconds.clamp(*BELIEVED_SECONDS.start(), *BELIEVED_SECONDS.end())))
            }
            Err(why) => {
                if why != flaw {
                    tracing::error!(upstream = plan.name, why, "DNS tells no targets; what it said before stays");
                    flaw = why;
                }
                ASKED_AGAIN
            }
        };
        drop(registry);
        if let Some(answered) = answered.take() {
            // Nobody waits any more if the first answer took too long.
            let _late = answered.send(());
        }
        tokio::time::sleep(wait).await;
    }
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
