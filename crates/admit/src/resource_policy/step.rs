//! What a request meets of a resource policy.

use crate::identity::{Identity, Kind};
use base::gate::{Exchange, Refusal, RefusalKind, Scheme};
use h1::Known;
use iam::{Context, Decision, Form, Policy, Principal, Value};
use std::borrow::Cow;

/// Bytes of a method's ARN where a policy is asked (documented).
pub const METHOD_ARN_BYTES_MAX: usize = 1_600;

/// An API's policy, ready.
#[derive(Debug)]
pub struct ResourcePolicy {
    /// Or all that is wrong with it: then nobody may call.
    policy: Result<Policy, String>,
    reach: Reach,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Public,
    /// Callers come from a network of one's own, and their address is one of that.
    Private,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A call.
    Invoke,
    /// A new answer in place of one that is kept.
    InvalidateCache,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Action::Invoke => "execute-api:Invoke",
            Action::InvalidateCache => "execute-api:InvalidateCache",
        }
    }
}

impl ResourcePolicy {
    /// The policy of an API, from its text. A public API without one has none; a private one then has one that allows nothing.
    pub fn of(text: Option<&str>, is_private: bool) -> Option<ResourcePolicy> {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        let policy = match text {
            None if !is_private => return None,
            None => Policy::parse(r#"{"Statement":[]}"#, Form::Resource),
            Some(text) => Policy::parse(text, Form::Resource),
        };
        let policy = policy.map_err(|flaws| flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
        Some(ResourcePolicy { policy, reach: if is_private { Reach::Private } else { Reach::Public } })
    }

    /// What is wrong with it, if something is.
    pub fn flaw(&self) -> Option<&str> {
        self.policy.as_ref().err().map(String::as_str)
    }

    fn ready(&self) -> Result<&Policy, Refusal> {
        let broken = |flaw: &String| format!("the API's resource policy cannot be evaluated: {flaw}");
        self.policy.as_ref().map_err(|flaw| Refusal::of(RefusalKind::AuthorizerConfigurationError, broken(flaw)))
    }
}

/// Where nobody else decides: the policy must allow the call.
pub fn check_open(policy: &ResourcePolicy, ex: &Exchange) -> Result<(), Refusal> {
    let asked = Asked::new(ex, None, Action::Invoke, Some(policy))?;
    match policy.ready()?.evaluate(&asked.request()) {
        Decision::Allow(_) => Ok(()),
        Decision::ExplicitDeny(cause) => Err(asked.refusal(How::Explicitly, format!("{cause} of the resource policy denies it"))),
        Decision::ImplicitDeny => Err(asked.refusal(How::Implicitly, "no statement of the resource policy allows it")),
    }
}

/// Where somebody else will decide: the policy must not deny the call.
pub fn check_denied(policy: &ResourcePolicy, ex: &Exchange) -> Result<(), Refusal> {
    let asked = Asked::new(ex, None, Action::Invoke, Some(policy))?;
    match policy.ready()?.evaluate(&asked.request()) {
        Decision::ExplicitDeny(cause) => Err(asked.refusal(How::Explicitly, format!("{cause} of the resource policy denies it"))),
        Decision::Allow(_) | Decision::ImplicitDeny => Ok(()),
    }
}

/// What one side says.
enum Side {
    Denies(String),
    Allows,
    /// The resource policy names the account, which must then allow as well.
    LeavesItToTheAccount,
    IsSilent,
}

/// Where the caller has signed: what its own policies and the API's say together.
pub fn check_signed(policy: Option<&ResourcePolicy>, identity: &Identity, action: Action, ex: &Exchange) -> Result<(), Refusal> {
    let asked = Asked::new(ex, Some(identity), action, policy)?;
    let request = asked.request();
    let own = match identity.decide(&request) {
        None | Some(Decision::Allow(_)) => Side::Allows,
        Some(Decision::ExplicitDeny(cause)) => Side::Denies(format!("{cause} of a policy of the identity denies it")),
        Some(Decision::ImplicitDeny) => Side::IsSilent,
    };
    let of_resource = match policy.map(ResourcePolicy::ready).transpose()?.map(|policy| policy.evaluate(&request)) {
        Some(Decision::Allow(cause)) if cause.delegates => Side::LeavesItToTheAccount,
        Some(Decision::Allow(_)) => Side::Allows,
        Some(Decision::ExplicitDeny(cause)) => Side::Denies(format!("{cause} of the resource policy denies it")),
        Some(Decision::ImplicitDeny) | None => Side::IsSilent,
    };
    let is_ours = identity.signer.account == ex.stage().account;
    match (own, of_resource, is_ours) {
        (Side::Denies(because), _, _) | (_, Side::Denies(because), _) => Err(asked.refusal(How::Explicitly, because)),
        (Side::Allows, _, true) | (_, Side::Allows, true) | (Side::Allows, Side::Allows | Side::LeavesItToTheAccount, false) => Ok(()),
        (_, _, true) => Err(asked.refusal(How::Implicitly, "neither a policy of the identity nor the resource policy allows it")),
        (_, _, false) => {
            let because = "the identity is of another account: its policies and the resource policy must both allow it, and do not";
            Err(asked.refusal(How::Implicitly, because))
        }
    }
}

/// How a call is denied.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Explicitly,
    Implicitly,
}

/// A call as policies see it.
struct Asked<'e> {
    ex: &'e Exchange,
    identity: Option<&'e Identity>,
    action: Action,
    reach: Reach,
    arn: String,
    /// Where in the ARN the account is.
    account: std::ops::Range<usize>,
}

impl<'e> Asked<'e> {
    fn new(
        ex: &'e Exchange,
        identity: Option<&'e Identity>,
        action: Action,
        policy: Option<&ResourcePolicy>,
    ) -> Result<Asked<'e>, Refusal> {
        let stage = ex.stage();
        let mut arn = String::with_capacity(128);
        arn.extend(["arn:aws:execute-api:", &*stage.region, ":"]);
        let account = arn.len()..arn.len() + stage.account.len();
        arn.extend([&*stage.account, ":", &*stage.api, "/", &*stage.stage, "/", ex.request.head.method_text(), "/"]);
        push_path(ex, &mut arn);
        if arn.len() > METHOD_ARN_BYTES_MAX {
            return Err(Refusal::of(RefusalKind::Front(414), "the ARN of the call is over 1,600 bytes, and a policy is to be asked"));
        }
        let reach = policy.map_or(Reach::Public, |policy| policy.reach);
        Ok(Asked { ex, identity, action, reach, arn, account })
    }

    fn request(&self) -> iam::Request<'_> {
        let principal = self.identity.map_or(Principal::Anonymous, Identity::principal);
        iam::Request { principal, action: self.action.name(), resource: &self.arn, context: self }
    }

    /// The no in AWS's words. Of the account the last four digits are told (seen).
    fn refusal(&self, how: How, because: impl Into<Cow<'static, str>>) -> Refusal {
        let user = self.identity.map_or("anonymous", |identity| &identity.signer.arn);
        let account = &self.arn[self.account.clone()];
        let hidden = account.len().saturating_sub(4);
        let (before, after) = (&self.arn[..self.account.start], &self.arn[self.account.end..]);
        let masked = format!("{before}{}{}{after}", "*".repeat(hidden), &account[hidden..]);
        let tail = if how == How::Explicitly { " with an explicit deny" } else { "" };
        let text = format!("User: {user} is not authorized to perform: {} on resource: {masked}{tail}", self.action.name());
        Refusal::saying(RefusalKind::AccessDenied, text, because)
    }
}

/// The path as it was routed, without its first slash.
fn push_path(ex: &Exchange, arn: &mut String) {
    let Some(route) = &ex.place.route else { return };
    let mut values = ex.place.values.iter();
    for (at, segment) in route.resource_path.split('/').skip(1).enumerate() {
        if at > 0 {
            arn.push('/');
        }
        if !segment.starts_with('{') {
            arn.push_str(segment);
        } else if let Some((from, to)) = values.next() {
            arn.push_str(ex.path().get(*from as usize..*to as usize).unwrap_or(""));
        }
    }
}

impl Context for Asked<'_> {
    fn value(&self, key: &str) -> Option<Value<'_>> {
        let field = |known: Known| self.ex.request.head.field(known).map(Value::Text);
        let peer = || Value::Ip(self.ex.request.peer.ip());
        match key {
            "aws:sourceip" if self.reach == Reach::Public => return Some(peer()),
            "aws:vpcsourceip" if self.reach == Reach::Private => return Some(peer()),
            "aws:useragent" => return field(Known::UserAgent),
            "aws:referer" => return field(Known::Referer),
            "aws:currenttime" => return i64::try_from(self.ex.received.0).ok().map(Value::Time),
            "aws:epochtime" => return i64::try_from(self.ex.received.seconds()).ok().map(Value::Number),
            "aws:securetransport" => return Some(Value::Bool(matches!(self.ex.request.scheme, Scheme::Https(_)))),
            "aws:requestedregion" => return Some(Value::Text(self.ex.stage().region.as_bytes())),
            _ => {}
        }
        let identity = self.identity?;
        let text = |text: &'static str| Some(Value::Text(text.as_bytes()));
        match (key, &identity.kind) {
            ("aws:principalarn", Kind::Session { role_arn, .. }) => Some(Value::Text(role_arn.as_bytes())),
            ("aws:principalarn", _) => Some(Value::Text(identity.signer.arn.as_bytes())),
            ("aws:principalaccount", _) => Some(Value::Text(identity.signer.account.as_bytes())),
            ("aws:principaltype", Kind::Root) => text("Account"),
            ("aws:principaltype", Kind::User { .. }) => text("User"),
            ("aws:principaltype", Kind::Session { .. }) => text("AssumedRole"),
            ("aws:userid", _) => Some(Value::Text(identity.signer.id.as_bytes())),
            ("aws:username", Kind::User { name }) => Some(Value::Text(name.as_bytes())),
            // Who uses a key that lives for long has never shown another factor, and the key is not there (documented).
            ("aws:multifactorauthpresent", Kind::Session { .. }) => Some(Value::Bool(false)),
            _ => None,
        }
    }
}
