//! Every operation's input from the wire. An input is requests, one after the other on the same control plane: a line `VERB target`,
//! the body in the lines below it, and a line of `---` before the next.

use crate::control::World;

/// Requests of one input.
const REQUESTS_MAX: usize = 16;

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let world = World::new();
    for request in text.split("\n---\n").take(REQUESTS_MAX) {
        let (line, body) = request.split_once('\n').unwrap_or((request, ""));
        let (verb, target) = line.split_once(' ').unwrap_or((line, ""));
        let _answer = world.ask(verb, target, body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A target whose seeds are all refused would find nothing behind the checks.
    #[test]
    fn the_seeds_name_what_is_there() {
        let world = World::new();
        let status = |verb, target: &str, body| world.ask(verb, target, body).map(|answer| answer.status);
        assert_eq!(status("GET", "/restapis/@api/resources/@pets/methods/GET/integration", ""), Some(200));
        assert_eq!(status("GET", "/usageplans/@plan/usage?startDate=2026-11-01&endDate=2026-11-30&keyId=@key", ""), Some(200));
        assert_eq!(status("POST", "/restapis/@api/stages", r#"{"stageName":"beta","deploymentId":"@deployment"}"#), Some(201));
        assert_eq!(status("GET", "/restapis/@nothing", ""), Some(404));
        assert_eq!(status("GET", "/nowhere", ""), None);
    }
}
