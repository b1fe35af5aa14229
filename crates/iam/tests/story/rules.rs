//! Rules of documents, one by one.

use iam::{Decision, Form, Nothing, Policy, Principal, Request};
use serde_json::{Value as Json, json};

const ARN: &str = "arn:aws:execute-api:us-east-1:111111111111:a1/prod/GET/pets";

fn policy(statements: Json) -> Policy {
    Policy::compile(&json!({"Version": "2012-10-17", "Statement": statements}), Form::Resource).unwrap()
}

fn asked(principal: Principal<'_>) -> Request<'_> {
    Request { principal, action: "execute-api:Invoke", resource: ARN, context: &Nothing }
}

fn told(policy: &Policy, principal: Principal<'_>) -> String {
    match policy.evaluate(&asked(principal)) {
        Decision::ExplicitDeny(cause) => format!("deny by {cause}"),
        Decision::Allow(cause) if cause.delegates => format!("allow to the account by {cause}"),
        Decision::Allow(cause) => format!("allow by {cause}"),
        Decision::ImplicitDeny => "silence".into(),
    }
}

const ANN: Principal<'static> = Principal::Aws { account: "111111111111", arn: "arn:aws:iam::111111111111:user/ann", role_arn: None };

#[test]
fn the_statement_that_decided_is_named() {
    let policy = policy(json!([
        {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"},
        {"Sid": "NotPets", "Effect": "Deny", "Principal": "*", "Action": "execute-api:*", "Resource": "*/pets"}
    ]));
    assert_eq!(told(&policy, Principal::Anonymous), "deny by statement 2 (NotPets)");
    let cats = Request { resource: "arn:aws:execute-api:us-east-1:111111111111:a1/prod/GET/cats", ..asked(Principal::Anonymous) };
    assert!(matches!(policy.evaluate(&cats), Decision::Allow(cause) if cause.number == 1 && cause.sid.is_none()));
    let other = Request { action: "execute-api:ManageConnections", ..cats };
    assert_eq!(policy.evaluate(&other), Decision::ImplicitDeny);
    assert_eq!((policy.len(), policy.is_empty()), (2, false));
}

#[test]
fn an_account_that_is_named_hands_the_decision_on() {
    let account = json!({"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "*", "Resource": "*"});
    let root = json!({"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111111111111:root"]}, "Action": "*", "Resource": "*"});
    let ann = json!({"Sid": "Ann", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:user/ann"}, "Action": "*", "Resource": "*"});
    assert_eq!(told(&policy(account.clone()), ANN), "allow to the account by statement 1");
    assert_eq!(told(&policy(root.clone()), ANN), "allow to the account by statement 1");
    assert_eq!(told(&policy(json!([account, ann, root])), ANN), "allow by statement 2 (Ann)");
    let deny = json!({"Effect": "Deny", "Principal": {"AWS": "111111111111"}, "Action": "*", "Resource": "*"});
    assert_eq!(told(&policy(json!([ann, deny])), ANN), "deny by statement 2");
    assert_eq!(told(&policy(json!([ann, deny])), Principal::Anonymous), "silence");
}

#[test]
fn principals_are_told_apart_by_their_sort() {
    let of = |principal: Json| policy(json!({"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"}));
    let session = Principal::Aws {
        account: "111111111111",
        arn: "arn:aws:sts::111111111111:assumed-role/R/me",
        role_arn: Some("arn:aws:iam::111111111111:role/R"),
    };
    let role = of(json!({"AWS": "arn:aws:iam::111111111111:role/R"}));
    assert_eq!((told(&role, session), told(&role, ANN)), ("allow by statement 1".into(), "silence".into()));
    assert_eq!(told(&of(json!({"AWS": "arn:aws:sts::111111111111:assumed-role/R/me"})), session), "allow by statement 1");
    let both = of(json!({"Service": "events.amazonaws.com", "Federated": ["accounts.google.com"]}));
    assert_eq!(told(&both, Principal::Service("events.amazonaws.com")), "allow by statement 1");
    assert_eq!(told(&both, Principal::Federated("accounts.google.com")), "allow by statement 1");
    assert_eq!(told(&both, Principal::Service("accounts.google.com")), "silence");
    assert_eq!(told(&of(json!({"CanonicalUser": "79a5", "AWS": "AIDAEXAMPLEEXAMPLE123"})), ANN), "silence");
    let others =
        policy(json!({"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111111111111:user/ann"}, "Action": "*", "Resource": "*"}));
    assert_eq!((told(&others, ANN), told(&others, Principal::Anonymous)), ("silence".into(), "deny by statement 1".into()));
}

#[test]
fn each_form_has_its_elements() {
    let identity = json!({"Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*"}});
    let resource = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "a:b", "Resource": "*"}});
    let trust = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}});
    for (form, fits) in
        [(Form::Identity, [true, false, false]), (Form::Resource, [false, true, false]), (Form::Trust, [false, false, true])]
    {
        let found = [&identity, &resource, &trust].map(|document| Policy::compile(document, form).is_ok());
        assert_eq!(found, fits, "{form:?}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let document = json!({"Version": "2026-01-01", "Statment": [], "Statement": [
        {"Effect": "allow", "Principal": "ann", "Action": "Invoke", "Resource": 1, "Conditon": {}},
        {"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::1:user/*"}, "Action": "a:b", "NotAction": "a:c", "Resource": "*",
         "Condition": {"StringEqual": {"a": "b"}, "IpAddress": {"aws:SourceIp": "home"}}}
    ]});
    let flaws: Vec<String> = Policy::compile(&document, Form::Resource).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        flaws,
        [
            "\"Statment\" is no element here",
            "Version is 2012-10-17 or 2008-10-17",
            "statement 1: \"Conditon\" is no element here",
            "statement 1: Effect is Allow or Deny",
            "statement 1: a principal is \"*\" or an object that says of which sort it is",
            "statement 1: \"Invoke\" is no action: it is service:Action",
            "statement 1: 1 is no Resource",
            "statement 2: there are both Action and NotAction",
            "statement 2: \"arn:aws:iam::1:user/*\" is no principal of the sort AWS",
            "statement 2: \"StringEqual\" is no operator of conditions",
            "statement 2: IpAddress of aws:SourceIp: \"home\" is no address or network",
        ]
    );
}

#[test]
fn documents_have_bounds() {
    let long = format!("{}{}", r#"{"Statement":[]}"#, " ".repeat(iam::DOCUMENT_BYTES_MAX));
    assert!(Policy::parse(&long, Form::Resource).unwrap_err()[0].to_string().contains("bytes"));
    let one = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    let many = json!({"Statement": vec![one; iam::STATEMENTS_MAX + 1]});
    assert!(Policy::compile(&many, Form::Resource).is_err());
    assert!(Policy::parse(&"[".repeat(100_000), Form::Resource).is_err());
    assert!(Policy::parse(r#"{"Statement":[]}"#, Form::Resource).unwrap().is_empty());
    for text in ["", "[]", "null", "{}", r#"{"Statement":[1]}"#] {
        assert!(Policy::parse(text, Form::Resource).is_err(), "{text}");
    }
}

#[test]
fn an_allowance_by_leaving_out_needs_to_know_what_is_left_out() {
    let of = |effect: &str| {
        let statement =
            json!({"Effect": effect, "Principal": "*", "Action": "*", "NotResource": "arn:aws:execute-api:*:*:${aws:username}"});
        told(&policy(statement), Principal::Anonymous)
    };
    assert_eq!((of("Allow"), of("Deny")), ("silence".into(), "deny by statement 1".into()));
}
