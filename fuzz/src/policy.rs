//! Policy documents. An input is a document, a blank line, then the request: a line `principal action resource`, and a line `key value`
//! for each key of the conditions. What compiles decides alike however its statements are put together.

use iam::{Context, Decision, Form, Policy, Principal, Request, Value};
use serde_json::{Value as Json, json};

/// Keys of a request by their lines: the first of a name counts.
struct Keys<'t>(Vec<(String, &'t [u8])>);

impl Context for Keys<'_> {
    fn value(&self, key: &str) -> Option<Value<'_>> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| Value::Text(value))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Deny,
    Allow,
    Silence,
}

fn answer(policy: &Policy, request: &Request<'_>) -> Answer {
    let once = policy.evaluate(request);
    assert_eq!(once, policy.evaluate(request), "asked twice, answered twice alike");
    match once {
        Decision::ExplicitDeny(cause) | Decision::Allow(cause) => {
            assert!((1..=policy.len()).contains(&cause.number));
            if matches!(once, Decision::Allow(_)) { Answer::Allow } else { Answer::Deny }
        }
        Decision::ImplicitDeny => Answer::Silence,
    }
}

/// What several policies say together.
fn joined(answers: impl Iterator<Item = Answer>) -> Answer {
    answers.fold(Answer::Silence, |sum, one| match (sum, one) {
        (Answer::Deny, _) | (_, Answer::Deny) => Answer::Deny,
        (Answer::Allow, _) | (_, Answer::Allow) => Answer::Allow,
        _ => Answer::Silence,
    })
}

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (document, asked) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = asked.lines();
    let mut words = lines.next().unwrap_or_default().splitn(3, ' ');
    let [who, action, resource] = [words.next(), words.next(), words.next()].map(Option::unwrap_or_default);
    let keys = lines.filter_map(|line| line.split_once(' ')).map(|(key, value)| (key.to_ascii_lowercase(), value.as_bytes()));
    let keys = Keys(keys.collect());
    let principal = match who.split(':').nth(4) {
        Some(account) => Principal::Aws { account, arn: who, role_arn: None },
        None => Principal::Anonymous,
    };
    let request = Request { principal, action, resource, context: &keys };
    for (form, all) in [
        (Form::Identity, json!({"Effect": "Deny", "Action": "*", "Resource": "*"})),
        (Form::Resource, json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"})),
        (Form::Trust, json!({"Effect": "Deny", "Principal": "*", "Action": "*"})),
    ] {
        let policy = match Policy::parse(document, form) {
            Ok(policy) => policy,
            Err(flaws) => {
                assert!(!flaws.is_empty(), "what is refused is told why");
                continue;
            }
        };
        let whole = answer(&policy, &request);
        let json: Json = serde_json::from_str(document).expect("it was read before");
        let statements = match &json["Statement"] {
            Json::Array(statements) => statements.clone(),
            one => vec![one.clone()],
        };
        let with = |statements: Vec<Json>| {
            let mut other = json.clone();
            other["Statement"] = statements.into();
            Policy::compile(&other, form).expect("the same statements in another order are a policy")
        };
        let alone = statements.iter().map(|statement| answer(&with(vec![statement.clone()]), &request));
        assert_eq!(joined(alone), whole, "statement by statement");
        assert_eq!(answer(&with(statements.iter().rev().cloned().collect()), &request), whole, "backwards");
        assert_eq!(answer(&with(statements.into_iter().chain([all]).collect()), &request), Answer::Deny, "with everything denied");
    }
}
