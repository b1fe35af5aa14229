//! Tables that are made, not written: every operator with every value, then random policies. The naive evaluator knows the answers.

use super::naive::{Answer, Asked, evaluate};
use iam::{Context, Decision, Form, Policy, Principal, Request, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

struct Keys<'a>(BTreeMap<&'a str, Vec<&'a [u8]>>);

impl Context for Keys<'_> {
    fn value(&self, key: &str) -> Option<Value<'_>> {
        self.0.get(key).map(|values| match values.as_slice() {
            [one] => Value::Text(one),
            many => Value::Texts(many),
        })
    }
}

fn ours(document: &Json, asked: &Asked) -> Answer {
    let named = ["Principal", "NotPrincipal"].iter().any(|name| document["Statement"][0].get(name).is_some());
    let policy = Policy::parse(&document.to_string(), if named { Form::Resource } else { Form::Identity });
    let policy = policy.unwrap_or_else(|flaws| panic!("{document}: {flaws:?}"));
    let keys = asked.keys.iter().map(|(key, values)| (key.as_str(), values.iter().map(|value| value.as_bytes()).collect())).collect();
    let principal = match &asked.who {
        None => Principal::Anonymous,
        Some((account, arn, role)) => Principal::Aws { account, arn, role_arn: role.as_deref() },
    };
    let request = Request { principal, action: &asked.action, resource: &asked.resource, context: &Keys(keys) };
    match policy.evaluate(&request) {
        Decision::ExplicitDeny(_) => Answer::Deny,
        Decision::Allow(_) => Answer::Allow,
        Decision::ImplicitDeny => Answer::Silence,
    }
}

const OPERATORS: [&str; 25] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Bool",
    "IpAddress",
    "NotIpAddress",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];

/// What policies say of an operator, and what requests bring: some that fit, some that almost do, some of another sort.
fn material(operator: &str) -> (&'static [&'static str], &'static [&'static str]) {
    const WORDS: &[&str] = &["ann", "Ann", "a*", "?nn", "${aws:username}", "${*}", "", "*"];
    const ARNS: &[&str] = &["arn:aws:iam::1:user/ann", "arn:aws:iam::*:user/*", "arn:aws:iam", "arn:*:user/ann", "${aws:userarn}", "*"];
    const TEXTS: &[&str] = &["ann", "ANN", "*", "a", "", "arn:aws:iam::1:user/ann", "arn:aws:iam::12:user/b:c"];
    match operator {
        _ if operator.starts_with("String") => (WORDS, TEXTS),
        _ if operator.starts_with("Arn") => (ARNS, TEXTS),
        "Bool" => (&["true", "False"], &["true", "TRUE", "false", "yes", ""]),
        "IpAddress" | "NotIpAddress" => (
            &["203.0.113.0/24", "203.0.113.7", "0.0.0.0/0", "2001:db8::/33", "::/0", "10.0.0.0/31"],
            &["203.0.113.7", "203.0.114.7", "10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8:8000::1", "ann", ""],
        ),
        _ if operator.starts_with("Numeric") => (&["5", "-1.5", "1e2"], &["5", "5.0", "100", "-2", "ann", ""]),
        _ => (
            &["2026-11-22T12:00:00Z", "2024-02-29T00:00:00Z"],
            &["2026-11-22T12:00:00Z", "2026-11-22T12:00:01Z", "2023-12-31T23:59:59Z", "ann", ""],
        ),
    }
}

fn asked(keys: BTreeMap<String, Vec<String>>) -> Asked {
    let resource = "arn:aws:execute-api:us-east-1:111111111111:a1/prod/GET/pets".to_owned();
    Asked { who: None, action: "execute-api:Invoke".into(), resource, keys }
}

#[test]
fn every_operator_with_every_set_and_value_is_as_the_naive_evaluator_says() {
    let mut rows = 0;
    for operator in OPERATORS {
        let (wanted, values) = material(operator);
        let mut lists: Vec<Vec<&str>> = wanted.iter().map(|one| vec![*one]).collect();
        lists.extend(wanted.windows(2).map(<[&str]>::to_vec));
        lists.push(vec![]);
        let mut brought: Vec<Vec<String>> = vec![vec![]];
        brought.extend(values.iter().map(|one| vec![(*one).to_owned()]));
        brought.extend(values.windows(2).map(|two| two.iter().map(|one| (*one).to_owned()).collect()));
        for set in ["", "ForAnyValue:", "ForAllValues:"] {
            for end in ["", "IfExists"] {
                for (list, version) in lists.iter().flat_map(|list| [(list, "2012-10-17"), (list, "2008-10-17")]) {
                    let document = json!({"Version": version, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*",
                        "Condition": {format!("{set}{operator}{end}"): {"aws:Key": list}}}]});
                    for value in &brought {
                        for name in [None, Some("ann")] {
                            let mut keys = BTreeMap::from([("aws:userarn".to_owned(), vec!["arn:aws:iam::1:user/ann".to_owned()])]);
                            keys.insert("aws:key".into(), value.clone());
                            keys.extend(name.map(|name| ("aws:username".to_owned(), vec![name.to_owned()])));
                            let asked = asked(keys);
                            assert_eq!(ours(&document, &asked), evaluate(&document, &asked), "{document} {asked:?}");
                            rows += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(rows > 50_000, "{rows}");
}

fn pick(all: &'static [&'static str]) -> impl Strategy<Value = Json> {
    let one = prop::sample::select(all).prop_map(Json::from);
    prop_oneof![one.clone(), prop::collection::vec(one, 1..3).prop_map(Json::from)]
}

/// An element, or its opposite.
fn element(name: &'static str, value: impl Strategy<Value = Json>) -> impl Strategy<Value = (String, Json)> {
    (any::<bool>(), value).prop_map(move |(negated, value)| (if negated { format!("Not{name}") } else { name.to_owned() }, value))
}

fn a_condition() -> impl Strategy<Value = Json> {
    let keys = ["aws:Key", "aws:username", "aws:None"];
    let one = (prop::sample::select(&OPERATORS[..]), prop::sample::select(&["", "ForAnyValue:", "ForAllValues:"][..]), any::<bool>())
        .prop_flat_map(move |(operator, set, if_exists)| {
            let operator_name = format!("{set}{operator}{}", if if_exists { "IfExists" } else { "" });
            (Just(operator_name), prop::sample::select(keys.to_vec()), pick(material(operator).0))
        })
        .prop_map(|(operator, key, values)| (operator, json!({key: values})));
    let null = (prop::sample::select(keys.to_vec()), any::<bool>()).prop_map(|(key, absent)| ("Null".to_owned(), json!({key: absent})));
    prop::collection::vec(prop_oneof![4 => one, 1 => null], 0..3)
        .prop_map(|all| Json::Object(all.into_iter().collect::<serde_json::Map<_, _>>()))
}

fn a_statement() -> impl Strategy<Value = Json> {
    let principal = prop_oneof![
        Just(json!("*")),
        pick(&[
            "*",
            "111111111111",
            "arn:aws:iam::111111111111:root",
            "arn:aws:iam::111111111111:user/ann",
            "arn:aws:iam::222222222222:role/R"
        ])
        .prop_map(|aws| json!({"AWS": aws})),
    ];
    let action = pick(&["*", "execute-api:*", "Execute-API:invoke", "execute-api:In?oke", "s3:*"]);
    let resource = pick(&[
        "*",
        "arn:aws:execute-api",
        "arn:aws:execute-api:us-east-1:111111111111:a1/*/GET/*",
        "arn:aws:execute-api:*:*:a1/prod/POST/*",
        "arn:aws:execute-api:*:*:a1/prod/GET/${aws:username}",
    ])
    .prop_map(|resource| match resource {
        // The naive evaluator does not know short ARNs here.
        Json::String(text) if text == "arn:aws:execute-api" => Json::from("arn:aws:execute-api:*:*:*"),
        Json::Array(texts) => {
            texts.into_iter().map(|text| if text == "arn:aws:execute-api" { json!("arn:aws:execute-api:*:*:*") } else { text }).collect()
        }
        other => other,
    });
    (any::<bool>(), element("Principal", principal), element("Action", action), element("Resource", resource), a_condition()).prop_map(
        |(allows, principal, action, resource, condition)| {
            let mut statement = serde_json::Map::from_iter([principal, action, resource]);
            statement.insert("Effect".into(), if allows { "Allow" } else { "Deny" }.into());
            statement.insert("Condition".into(), condition);
            Json::Object(statement)
        },
    )
}

fn a_policy() -> impl Strategy<Value = Json> {
    (prop::collection::vec(a_statement(), 1..4), any::<bool>())
        .prop_map(|(statements, new)| json!({"Version": if new { "2012-10-17" } else { "2008-10-17" }, "Statement": statements}))
}

fn a_request() -> impl Strategy<Value = Asked> {
    let session = (
        "222222222222".to_owned(),
        "arn:aws:sts::222222222222:assumed-role/R/s".into(),
        Some("arn:aws:iam::222222222222:role/R".to_owned()),
    );
    let who = prop::sample::select(vec![
        None,
        Some(("111111111111".to_owned(), "arn:aws:iam::111111111111:user/ann".to_owned(), None)),
        Some(("111111111111".to_owned(), "arn:aws:iam::111111111111:root".to_owned(), None)),
        Some(session),
    ]);
    let resource = prop::sample::select(vec!["a1/prod/GET/ann", "a1/prod/POST/pets", "a1/dev/GET/", "b2/prod/GET/ann"]);
    let value = prop::sample::select(vec!["ann", "5", "true", "203.0.113.7", "2026-11-22T12:00:00Z", "arn:aws:iam::1:user/ann", ""]);
    let values = prop::collection::vec(value.prop_map(str::to_owned), 0..3);
    (who, resource, values, prop::option::of(Just("ann".to_owned()))).prop_map(|(who, resource, values, name)| {
        let mut keys = BTreeMap::from([("aws:key".to_owned(), values)]);
        keys.extend(name.map(|name| ("aws:username".to_owned(), vec![name])));
        Asked { who, resource: format!("arn:aws:execute-api:us-east-1:111111111111:{resource}"), ..asked(keys) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn random_policies_decide_as_the_naive_evaluator_says(document in a_policy(), asked in a_request()) {
        prop_assert_eq!(ours(&document, &asked), evaluate(&document, &asked));
    }

    #[test]
    fn the_order_of_statements_is_no_matter(document in a_policy(), asked in a_request()) {
        let mut turned = document.clone();
        turned["Statement"].as_array_mut().unwrap().reverse();
        prop_assert_eq!(ours(&document, &asked), ours(&turned, &asked));
    }

    #[test]
    fn a_denial_of_everything_wins_and_what_allows_everything_opens_nothing_that_is_denied(document in a_policy(), asked in a_request()) {
        let with = |effect: &str| {
            let mut more = document.clone();
            more["Statement"].as_array_mut().unwrap().push(json!({"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*"}));
            ours(&more, &asked)
        };
        prop_assert_eq!(with("Deny"), Answer::Deny);
        let wanted = if ours(&document, &asked) == Answer::Deny { Answer::Deny } else { Answer::Allow };
        prop_assert_eq!(with("Allow"), wanted);
    }

    #[test]
    fn whatever_is_read_as_a_policy_does_not_break(text in r#"[{}\[\]":,a-zA-Z0-9*?$ ]{0,120}"#) {
        for form in [Form::Identity, Form::Resource, Form::Trust] {
            let _flaws = Policy::parse(&text, form);
        }
    }
}
