//! What the machine allows this process: descriptors and memory. Both are asked once, at the start, so that refusals come in order
//! (a 503 for one client) before the machine itself refuses (an error for whoever happens to ask next).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::Path;

/// Descriptors for what is neither a client nor a back end: files, listeners, the control port.
const DESCRIPTORS_RESERVED: u64 = 100;
/// Of the others, one in so many is for idle connections to back ends.
const IDLE_SHARE: u64 = 16;
/// Of the memory that there is, one in so many parts is for bodies that must be held whole.
const BODIES_SHARE: u64 = 4;
/// And one for response caches.
const CACHES_SHARE: u64 = 4;

/// What descriptors may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptors {
    /// Client connections: each may need one to a back end.
    pub clients_max: usize,
    /// Idle connections to back ends.
    pub idle_max: usize,
}

impl Descriptors {
    /// Raises the limit of this process as far as the system lets it, and shares it out.
    pub fn take() -> Descriptors {
        let limit = getrlimit(Resource::Nofile);
        let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
        let now = if raised.is_ok() { limit.maximum } else { limit.current };
        Descriptors::of(now.unwrap_or(u64::from(u32::MAX)))
    }

    /// Shares out so many.
    pub fn of(all: u64) -> Descriptors {
        let free = all.saturating_sub(DESCRIPTORS_RESERVED).max(all / 4).max(4);
        let idle = free / IDLE_SHARE;
        let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Descriptors { clients_max: whole((free - idle) / 2).max(1), idle_max: whole(idle).max(1) }
    }
}

/// Bytes of bodies that may be held whole.
pub fn bodies_bytes_max() -> Option<u64> {
    Some(memory_bytes()? / BODIES_SHARE)
}

/// Bytes that response caches may hold where nobody says.
pub fn caches_bytes_max() -> u64 {
    memory_bytes().unwrap_or(1 << 30) / CACHES_SHARE
}

/// The memory that this process may have: its own limit, its group's, the machine's.
fn memory_bytes() -> Option<u64> {
    let own = getrlimit(Resource::As).current;
    let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].map(|path| number(Path::new(path)));
    group.into_iter().chain([own, of_the_machine()]).flatten().min()
}

/// Unlimited is a word, or a number beyond all memory.
fn number(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn of_the_machine() -> Option<u64> {
    let all = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kibibytes: u64 = all.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_a_descriptor_for_its_back_end() {
        for all in [16, 64, 256, 1_024, 20_000, 1 << 40] {
            let shared = Descriptors::of(all);
            assert!(shared.clients_max >= 1 && shared.idle_max >= 1);
            assert!((2 * shared.clients_max + shared.idle_max) as u64 <= all, "{all}: {shared:?}");
        }
        assert_eq!(Descriptors::of(20_000), Descriptors { clients_max: 9_328, idle_max: 1_243 });
    }

    #[test]
    fn bodies_get_a_part_of_the_memory_there_is() {
        let (bodies, machine) = (bodies_bytes_max().unwrap(), of_the_machine().unwrap());
        assert!(bodies > 0 && bodies <= machine / 4);
    }
}
