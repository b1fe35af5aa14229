//! What a signed request meets: is it signed, and by whom.

use base::gate::{Exchange, Refusal, RefusalKind, Signer};
use base::world::Timestamp;
use iam::{Decision, Policy, Principal};
use sigv4::{Claim, Exception, Failure, Payload, Rules};
use std::sync::Arc;

/// The service that calls of deployed APIs are signed for.
pub const EXECUTE_API: &str = "execute-api";

/// Somebody who signs.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The secret that signatures are made with.
    pub secret: Arc<str>,
    pub signer: Arc<Signer>,
    pub kind: Kind,
    pub powers: Powers,
}

/// What sort of identity it is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// The root of its account.
    Root,
    User {
        name: Arc<str>,
    },
    /// Somebody who has taken a role, for a while.
    Session {
        role_arn: Arc<str>,
        /// What must come along with the signature.
        token: Arc<str>,
        expires: Timestamp,
    },
}

/// What an identity's own policies say.
#[derive(Clone, Debug)]
pub enum Powers {
    /// Everything is allowed: the root's.
    Everything,
    /// What these say together.
    These(Arc<[Policy]>),
}

/// Knows access keys. Asked on data threads: an answer comes from memory.
pub trait Keys: Send + Sync + 'static {
    /// Whose key this is.
    fn find(&self, access_key: &str) -> Option<Arc<Identity>>;
}

/// Nobody is known.
impl Keys for () {
    fn find(&self, _access_key: &str) -> Option<Arc<Identity>> {
        None
    }
}

impl Identity {
    /// As policies know it.
    pub fn principal(&self) -> Principal<'_> {
        let role_arn = match &self.kind {
            Kind::Session { role_arn, .. } => Some(&**role_arn),
            Kind::Root | Kind::User { .. } => None,
        };
        Principal::Aws { account: &self.signer.account, arn: &self.signer.arn, role_arn }
    }

    /// What its own policies say of a request: of several the first denial, else the first allowance. `None` where it may do everything.
    pub fn decide(&self, request: &iam::Request<'_>) -> Option<Decision<'_>> {
        let Powers::These(policies) = &self.powers else { return None };
        let mut decision = Decision::ImplicitDeny;
        for policy in policies.iter() {
            match policy.evaluate(request) {
                denial @ Decision::ExplicitDeny(_) => return Some(denial),
                allowance @ Decision::Allow(_) if decision == Decision::ImplicitDeny => decision = allowance,
                Decision::Allow(_) | Decision::ImplicitDeny => {}
            }
        }
        Some(decision)
    }
}

/// A request that says who signed it, and may be right.
pub struct Claimed {
    claim: Claim,
    identity: Arc<Identity>,
}

impl Claimed {
    /// Everything about a signature that can be judged without the body: nobody makes us wait for a body with a key that is unknown.
    pub fn of(ex: &Exchange, keys: &dyn Keys) -> Result<Claimed, Refusal> {
        let request = request(ex, Payload::Bytes(b""));
        let claim = sigv4::parse(&request).map_err(told)?;
        sigv4::check(&claim, &request, seconds(ex), &rules(ex)).map_err(told)?;
        let unknown = |because: String| Refusal::of(RefusalKind::UnrecognizedClient, because);
        let identity = keys.find(&claim.access_key).ok_or_else(|| unknown(format!("nobody has the access key {}", claim.access_key)))?;
        match (&identity.kind, &claim.session_token) {
            (Kind::Session { token, expires, .. }, Some(sent)) if **token == **sent => {
                if ex.received >= *expires {
                    return Err(Refusal::of(RefusalKind::ExpiredToken, format!("the session of {} is over", identity.signer.arn)));
                }
            }
            (Kind::Session { .. }, _) => return Err(unknown("the key belongs to a session, and its token did not come along".into())),
            (Kind::Root | Kind::User { .. }, Some(_)) => return Err(unknown("a session token came along with a key that has none".into())),
            (Kind::Root | Kind::User { .. }, None) => {}
        }
        Ok(Claimed { claim, identity })
    }

    /// Whether the signature is that identity's, over this request and this body.
    pub fn prove(self, ex: &Exchange, payload: Payload<'_>) -> Result<Arc<Identity>, Refusal> {
        match sigv4::verify(&self.claim, &self.identity.secret, &request(ex, payload), seconds(ex), &rules(ex)) {
            Ok(_) => Ok(self.identity),
            Err(why) => Err(told(why)),
        }
    }
}

fn seconds(ex: &Exchange) -> i64 {
    i64::try_from(ex.received.seconds()).unwrap_or(i64::MAX)
}

fn rules(ex: &Exchange) -> Rules<'_> {
    Rules { region: Some(&ex.stage().region), service: Some(EXECUTE_API), ..Rules::default() }
}

fn request<'e>(ex: &'e Exchange, payload: Payload<'e>) -> sigv4::Request<'e, impl IntoIterator<Item = (&'e str, &'e [u8])> + Clone> {
    let head = &ex.request.head;
    sigv4::Request {
        method: head.method_text(),
        path: head.path().as_bytes(),
        query: head.query().unwrap_or("").as_bytes(),
        headers: head.fields().iter().map(|field| (field.name, field.value)),
        payload,
    }
}

/// AWS's words for the caller; for the operator as well, but for what a long comparison would say.
fn told(why: Failure) -> Refusal {
    let (kind, because) = match (&why, why.exception()) {
        (Failure::Mismatch(_), _) => (RefusalKind::InvalidSignature, "the signature is not that of the secret over this request".into()),
        (_, Exception::MissingAuthenticationToken) => {
            (RefusalKind::MissingAuthenticationToken, "the method asks for a signature, and none came".into())
        }
        (_, Exception::IncompleteSignature) => (RefusalKind::IncompleteSignature, why.to_string()),
        (_, Exception::InvalidSignature) => (RefusalKind::InvalidSignature, why.to_string()),
    };
    Refusal::saying(kind, why.to_string(), because)
}
