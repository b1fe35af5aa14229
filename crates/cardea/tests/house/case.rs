//! A case file: its parts, and how a case is run. Its form is told in tests/golden/README.md.

use super::given::Ground;
use super::signers;
use super::world::Told;
use std::fmt::Write;
use std::path::Path;
use std::pin::pin;

/// Where the text of a section begins.
const INDENT: usize = 8;
const SECTIONS: [&str; 7] = ["given", "send", "expect", "asked", "then", "seen", "assumed"];

/// One case.
pub(crate) struct Case {
    /// `quota/throttled-is-free`.
    pub(crate) name: String,
    /// The first paragraph.
    pub(crate) rule: String,
    sections: Vec<(&'static str, String)>,
}

impl Case {
    /// Reads a file, or says what is wrong with it.
    pub(crate) fn read(name: &str, path: &Path) -> Result<Case, String> {
        let text = std::fs::read_to_string(path).map_err(|why| why.to_string())?;
        let (rule, rest) = text.split_once("\n\n").ok_or("there is nothing after the rule")?;
        let mut sections: Vec<(&'static str, String)> = Vec::new();
        for line in rest.lines() {
            let word = line.split(' ').next().unwrap_or_default();
            if let Some(section) = SECTIONS.into_iter().find(|section| *section == word) {
                sections.push((section, line.get(INDENT..).unwrap_or_default().to_owned()));
            } else if line.trim().is_empty() {
                continue;
            } else if let Some(text) = line.strip_prefix(&" ".repeat(INDENT)) {
                let (_, section) = sections.last_mut().ok_or("a line is in no section")?;
                section.push('\n');
                section.push_str(text);
            } else {
                return Err(format!("no section begins like this: {line}"));
            }
        }
        let case = Case { name: name.into(), rule: rule.into(), sections };
        let has = |section: &str| case.sections.iter().any(|(name, text)| *name == section && !text.trim().is_empty());
        match () {
            () if !(has("send") && has("expect")) => Err("a case sends and expects something".into()),
            () if has("seen") == has("assumed") => Err("a case says either where its rule was seen, or that it is assumed".into()),
            () => Ok(case),
        }
    }

    /// Whether its rule is assumed.
    pub(crate) fn is_assumed(&self) -> bool {
        self.sections.iter().any(|(name, _)| *name == "assumed")
    }

    /// Runs it in a world of its own. `Err` tells what is different.
    pub(crate) async fn run(&self) -> Result<(), String> {
        let mut ground = Ground::new().await;
        let mut difference = String::new();
        let mut sent: Option<&str> = None;
        let mut is_given = false;
        for (section, text) in &self.sections {
            match *section {
                "given" => {
                    is_given = true;
                    ground.given(text).await;
                }
                "then" => ground.then(text).await,
                "send" => sent = Some(text),
                "expect" => {
                    assert!(is_given, "{}: nothing is given", self.name);
                    let ask = sent.ok_or("something is expected before anything is sent")?;
                    expect(&ground, ask, text, &mut difference).await;
                }
                "asked" => asked_of_the_back_end(&ground, text, &mut difference),
                _ => {}
            }
        }
        if difference.is_empty() { Ok(()) } else { Err(difference) }
    }
}

/// A request as it goes out: the host of `pets` where none is told, values of keys in place of their names, `body` lines as the body.
fn wire(ground: &Ground, text: &str) -> String {
    let text = ground.fill(text);
    let mut lines = text.lines();
    let start = lines.next().unwrap_or_default();
    let mut head = format!("{start} HTTP/1.1\n");
    let (mut body, mut has_host, mut signer, mut from) = (Vec::new(), false, None, String::new());
    for line in lines {
        if let Some(text) = line.strip_prefix("body ") {
            body.push(text);
            continue;
        }
        if let Some(how) = line.strip_prefix("signed by ") {
            signer = Some(how.to_owned());
            continue;
        }
        if line.starts_with("from ") {
            from = format!("{line}\n");
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no header: {line}"));
        has_host |= name.eq_ignore_ascii_case("host");
        let value = if name.eq_ignore_ascii_case("x-api-key") { ground.key_value(value.trim()) } else { value.trim().to_owned() };
        writeln!(head, "{name}: {value}").unwrap();
    }
    if !has_host {
        writeln!(head, "Host: {}", ground.host("pets")).unwrap();
    }
    let body = body.join("\n");
    if let Some(how) = signer {
        signers::sign(&mut head, &body, &how, ground.world.clock.wall());
    }
    format!("{from}{head}\n{body}")
}

/// Sends a request as often as there are statuses, and compares: each status, and the last answer with the rest of what is expected.
async fn expect(ground: &Ground, ask: &str, text: &str, difference: &mut String) {
    let wanted = ground.fill(text);
    let (statuses, rest) = wanted.split_once('\n').unwrap_or((&wanted, ""));
    let wire = wire(ground, ask);
    let (mut got, mut last) = (Vec::new(), Told::default());
    for _ in statuses.split(' ') {
        last = send(ground, &wire).await;
        got.push(last.status.to_string());
    }
    let mut wrong = |what: &str, wanted: &str, got: &str| {
        writeln!(difference, "{}\n  {what}\n    expected {wanted}\n    got      {got}", ask.lines().next().unwrap_or_default()).unwrap();
    };
    if got.join(" ") != statuses {
        wrong("status", statuses, &got.join(" "));
    }
    let mut body: Option<String> = None;
    for line in rest.lines() {
        if let Some(reason) = line.strip_prefix("because ") {
            let got = last.because.as_deref().unwrap_or("nothing: it was not refused");
            if got != reason {
                wrong("because", reason, got);
            }
        } else if let Some(left) = line.strip_prefix("quota left ") {
            let got = last.quota_left.map_or("none was asked".to_owned(), |left| left.to_string());
            if got != left {
                wrong("quota left", left, &got);
            }
        } else if let Some(names) = line.strip_prefix("only ") {
            let mut got: Vec<&str> = last.fields.iter().map(|(name, _)| name.as_str()).collect();
            let mut wanted: Vec<&str> = names.split(", ").collect();
            got.sort_unstable();
            wanted.sort_unstable();
            if got != wanted {
                wrong("header names", &wanted.join(", "), &got.join(", "));
            }
        } else if line == "empty" {
            body = Some(String::new());
        } else if let Some(found) = field(&last.fields, line) {
            if let Err(got) = found {
                wrong("header", line, &got);
            }
        } else {
            let body = body.get_or_insert_default();
            if !body.is_empty() {
                body.push('\n');
            }
            body.push_str(line);
        }
    }
    if let Some(body) = body
        && body != last.body
    {
        wrong("body", &body, &last.body);
    }
}

/// Whether a line is about a header, and if so, what is there instead of what it wants.
fn field(fields: &[(String, String)], line: &str) -> Option<Result<(), String>> {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let told =
        |fields: Vec<&(String, String)>| fields.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(" | ");
    if let Some(name) = line.strip_prefix("no ").filter(|name| is_name(name)) {
        let there: Vec<_> = fields.iter().filter(|(there, _)| there.eq_ignore_ascii_case(name)).collect();
        return Some(if there.is_empty() { Ok(()) } else { Err(told(there)) });
    }
    let (name, wanted) = line.split_once(": ").filter(|(name, _)| is_name(name))?;
    let holds = fields.iter().any(|(there, value)| there == name && (wanted == "*" || value == wanted));
    let near = || told(fields.iter().filter(|(there, _)| there.eq_ignore_ascii_case(name)).collect());
    Some(if holds { Ok(()) } else { Err(Some(near()).filter(|near| !near.is_empty()).unwrap_or_else(|| told(fields.iter().collect()))) })
}

/// Sends; a back end that keeps the request waiting sees time pass.
async fn send(ground: &Ground, wire: &str) -> Told {
    let mut answer = pin!(ground.world.send(wire));
    tokio::select! {
        told = &mut answer => told,
        () = ground.backend.is_silent() => ground.world.wait_out(answer.as_mut()).await,
    }
}

/// Compares what the back end was sent last.
fn asked_of_the_back_end(ground: &Ground, text: &str, difference: &mut String) {
    let wanted = ground.fill(text);
    let last = ground.backend.last().unwrap_or_default();
    let (head, body) = last.split_once("\n\n").unwrap_or((&last, ""));
    let mut lines = head.lines();
    let start = lines.next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let fields: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut wrong = |what: &str, wanted: &str, got: &str| {
        writeln!(difference, "the back end\n  {what}\n    expected {wanted}\n    got      {got}").unwrap();
    };
    for (n, line) in wanted.lines().enumerate() {
        if n == 0 {
            if line != start && !(line == "nothing" && start.is_empty()) {
                wrong("request", line, &start);
            }
        } else if let Some(text) = line.strip_prefix("body ") {
            if text != body {
                wrong("body", text, body);
            }
        } else if line == "empty" {
            if !body.is_empty() {
                wrong("body", "nothing", body);
            }
        } else {
            match field(&fields, line) {
                Some(Ok(())) => {}
                Some(Err(got)) => wrong("header", line, &got),
                None => panic!("a back end is asked no line {line:?}"),
            }
        }
    }
}
