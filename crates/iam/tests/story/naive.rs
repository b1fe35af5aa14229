//! A second evaluator, written from IAM's reference alone: it reads the document anew for every question, copies everything, and is as
//! slow as it likes. It shares no code with the crate.

use serde_json::Value as Json;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `None` for anonymous: account, ARN, ARN of the role.
    pub(crate) who: Option<(String, String, Option<String>)>,
    pub(crate) action: String,
    pub(crate) resource: String,
    /// By key in lower case.
    pub(crate) keys: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Deny,
    Allow,
    Silence,
}

pub(crate) fn evaluate(document: &Json, asked: &Asked) -> Answer {
    let variables = document["Version"] == "2012-10-17";
    let mut answer = Answer::Silence;
    for statement in list(&document["Statement"]) {
        if about(&statement, asked, variables) {
            if statement["Effect"] == "Deny" {
                return Answer::Deny;
            }
            answer = Answer::Allow;
        }
    }
    answer
}

fn list(json: &Json) -> Vec<Json> {
    match json {
        Json::Array(all) => all.clone(),
        Json::Null => vec![],
        one => vec![one.clone()],
    }
}

fn texts(json: &Json) -> Vec<String> {
    list(json).iter().map(|json| json.as_str().map_or_else(|| json.to_string(), str::to_owned)).collect()
}

fn about(statement: &Json, asked: &Asked, variables: bool) -> bool {
    let action = |json: &Json| texts(json).iter().any(|wanted| like(&wanted.to_lowercase(), &asked.action.to_lowercase()));
    let action_fits = if statement["Action"].is_null() { !action(&statement["NotAction"]) } else { action(&statement["Action"]) };

    let resource =
        |json: &Json| texts(json).iter().any(|wanted| expanded(wanted, asked, variables).is_some_and(|w| like(&w, &asked.resource)));
    let unknown = |json: &Json| texts(json).iter().any(|wanted| expanded(wanted, asked, variables).is_none());
    let resource_fits = if statement["Resource"].is_null() {
        let opens_unknown = statement["Effect"] == "Allow" && unknown(&statement["NotResource"]);
        !(opens_unknown || resource(&statement["NotResource"]))
    } else {
        resource(&statement["Resource"])
    };

    let principal_fits = match (&statement["Principal"], &statement["NotPrincipal"]) {
        (Json::Null, Json::Null) => true,
        (Json::Null, others) => !names(others, asked),
        (those, _) => names(those, asked),
    };
    action_fits && resource_fits && principal_fits && conditions(&statement["Condition"], asked, variables)
}

fn names(json: &Json, asked: &Asked) -> bool {
    if json == "*" {
        return true;
    }
    texts(&json["AWS"]).iter().any(|wanted| match &asked.who {
        _ if wanted == "*" => true,
        None => false,
        Some((account, arn, role)) => {
            wanted == account || wanted == arn || Some(wanted) == role.as_ref() || *wanted == format!("arn:aws:iam::{account}:root")
        }
    })
}

/// Variables replaced, wildcards of their values hidden behind characters of the private use area.
fn expanded(text: &str, asked: &Asked, variables: bool) -> Option<String> {
    if !variables {
        return Some(text.to_owned());
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let end = at + rest[at..].find('}')?;
        let name = &rest[at + 2..end];
        let value = match name {
            "*" | "?" | "$" => name.to_owned(),
            _ => match asked.keys.get(&name.to_lowercase()).map(Vec::as_slice) {
                Some([one]) => one.clone(),
                _ => return None,
            },
        };
        out.push_str(&value.replace('*', "\u{e000}").replace('?', "\u{e001}"));
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Some(out)
}

fn plain(text: &str) -> String {
    text.replace('\u{e000}', "*").replace('\u{e001}', "?")
}

/// Wildcards, by recursion. A hidden one is itself.
fn like(pattern: &str, text: &str) -> bool {
    let mut wanted = pattern.chars();
    match wanted.next() {
        None => text.is_empty(),
        Some('*') => (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| like(wanted.as_str(), &text[at..])),
        Some(one) => {
            let mut found = text.chars();
            let same = match (one, found.next()) {
                (_, None) => false,
                ('?', Some(_)) => true,
                ('\u{e000}', Some(found)) => found == '*',
                ('\u{e001}', Some(found)) => found == '?',
                (one, Some(found)) => one == found,
            };
            same && like(wanted.as_str(), found.as_str())
        }
    }
}

fn conditions(json: &Json, asked: &Asked, variables: bool) -> bool {
    let Json::Object(operators) = json else { return true };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| condition(operator, key, &texts(values), asked, variables))
    })
}

fn condition(operator: &str, key: &str, wanted: &[String], asked: &Asked, variables: bool) -> bool {
    let values = asked.keys.get(&key.to_lowercase()).cloned().unwrap_or_default();
    if operator == "Null" {
        return wanted.contains(&values.is_empty().to_string());
    }
    let (set, operator) = operator.split_once(':').unwrap_or(("", operator));
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let is_negated = operator.contains("Not");
    let operator = operator.replace("Not", "");
    if values.is_empty() {
        return if_exists || set == "ForAllValues" || (set.is_empty() && is_negated);
    }
    let one = |value: &String| wanted.iter().any(|wanted| holds(&operator, wanted, value, asked, variables)) != is_negated;
    if set == "ForAnyValue" { values.iter().any(one) } else { values.iter().all(one) }
}

fn holds(operator: &str, wanted: &str, value: &str, asked: &Asked, variables: bool) -> bool {
    let text = || expanded(wanted, asked, variables);
    match operator {
        "StringEquals" => text().is_some_and(|wanted| plain(&wanted) == value),
        "StringEqualsIgnoreCase" => text().is_some_and(|wanted| plain(&wanted).eq_ignore_ascii_case(value)),
        "StringLike" => text().is_some_and(|wanted| like(&wanted, value)),
        "ArnEquals" | "ArnLike" => text().is_some_and(|wanted| {
            let (mut w, v): (Vec<&str>, Vec<&str>) = (wanted.splitn(6, ':').collect(), value.splitn(6, ':').collect());
            w.resize(6, "*");
            v.len() == 6 && w.iter().zip(v).all(|(wanted, value)| like(wanted, value))
        }),
        "Bool" => wanted.eq_ignore_ascii_case(value),
        "IpAddress" => network(wanted, value),
        _ => match (operator.strip_prefix("Numeric"), operator.strip_prefix("Date")) {
            (Some(order), _) => ordered(order, value.parse::<f64>(), wanted.parse::<f64>()),
            (_, Some(order)) => ordered(order, day(value), day(wanted)),
            _ => panic!("{operator} is no operator"),
        },
    }
}

/// Dates of the table are all `YYYY-MM-DDThh:mm:ssZ`, whose texts are in the order of time, or a few seconds since the epoch.
fn day(text: &str) -> Result<String, ()> {
    match text.parse::<u32>() {
        Ok(seconds) if seconds < 60 => Ok(format!("1970-01-01T00:00:{seconds:02}Z")),
        _ if text.len() == 20 && text.ends_with('Z') => Ok(text.to_owned()),
        _ => Err(()),
    }
}

fn ordered<T: PartialOrd, E>(order: &str, value: Result<T, E>, wanted: Result<T, E>) -> bool {
    let (Ok(value), Ok(wanted)) = (value, wanted) else { return false };
    match order {
        "Equals" => value == wanted,
        "LessThan" => value < wanted,
        "LessThanEquals" => value <= wanted,
        "GreaterThan" => value > wanted,
        "GreaterThanEquals" => value >= wanted,
        other => panic!("{other} is no order"),
    }
}

/// Bit by bit, for version 4 and 6 alike.
fn network(wanted: &str, value: &str) -> bool {
    let bits = |text: &str| -> Option<String> {
        match text.parse().ok()? {
            std::net::IpAddr::V4(ip) => Some(ip.octets().iter().map(|byte| format!("{byte:08b}")).collect()),
            std::net::IpAddr::V6(ip) => Some(ip.octets().iter().map(|byte| format!("{byte:08b}")).collect()),
        }
    };
    let (base, length) = wanted.split_once('/').map_or((wanted, None), |(base, length)| (base, Some(length.parse::<usize>().unwrap())));
    let (Some(base), Some(value)) = (bits(base), bits(value)) else { return false };
    base.len() == value.len() && base[..length.unwrap_or(base.len())] == value[..length.unwrap_or(base.len())]
}
