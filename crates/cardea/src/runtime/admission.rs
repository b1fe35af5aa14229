//! Who may pass: the API's resource policy and the method's authorization, put together as AWS does for each sort (rest-api-auth.md §5.2).

use super::compile::{Authorization, CompiledDeployment, CompiledMethod};
use super::{Desk, long_work};
use admit::identity::{Claimed, Identity};
use admit::resource_policy::{Action, ResourcePolicy, check_denied, check_open, check_signed};
use base::gate::{Exchange, Refusal, RefusalKind, Stage, Verdict};
use sigv4::Payload;
use std::sync::Arc;

/// Lets a caller pass, or refuses it. A signed body is waited for, once everything else about its signature is right.
pub(super) async fn admit(desk: &Desk, deployment: &CompiledDeployment, method: &CompiledMethod, ex: &mut Exchange) -> Result<(), Refusal> {
    let policy = deployment.policy.as_ref();
    match method.authorization {
        Authorization::Open => {
            ask(policy, check_open, ex)?;
            ex.notes.mark(Stage::Authorizer, Verdict::Absent);
            Ok(())
        }
        Authorization::Signed => {
            // Who it is comes first: the policy is asked about that identity.
            let proved = authenticate(desk, ex).await;
            let identity = ex.notes.outcome(Stage::Authorizer, proved)?;
            ex.caller.signer = Some(identity.signer.clone());
            let allowed = check_signed(policy, &identity, Action::Invoke, ex);
            match policy {
                Some(_) => ex.notes.outcome(Stage::ResourcePolicy, allowed),
                None => {
                    ex.notes.mark(Stage::ResourcePolicy, Verdict::Absent);
                    ex.notes.outcome(Stage::Authorizer, allowed)
                }
            }
        }
        Authorization::Undecided(because) => {
            ask(policy, check_denied, ex)?;
            ex.notes.outcome(Stage::Authorizer, Err(Refusal::of(RefusalKind::AuthorizerConfigurationError, because)))
        }
    }
}

/// Whether the caller may have a new answer in place of one that is kept: only who has signed can, and only in the API's own account.
pub(super) fn may_invalidate(desk: &Desk, deployment: &CompiledDeployment, ex: &Exchange) -> bool {
    let Some(signer) = ex.caller.signer.as_deref().filter(|signer| signer.account == ex.stage().account) else { return false };
    let Some(identity) = desk.gateway.signers.find(&signer.access_key) else { return false };
    check_signed(deployment.policy.as_ref(), &identity, Action::InvalidateCache, ex).is_ok()
}

fn ask(
    policy: Option<&ResourcePolicy>,
    check: impl FnOnce(&ResourcePolicy, &Exchange) -> Result<(), Refusal>,
    ex: &mut Exchange,
) -> Result<(), Refusal> {
    let Some(policy) = policy else {
        ex.notes.mark(Stage::ResourcePolicy, Verdict::Absent);
        return Ok(());
    };
    let outcome = check(policy, ex);
    ex.notes.outcome(Stage::ResourcePolicy, outcome)
}

async fn authenticate(desk: &Desk, ex: &mut Exchange) -> Result<Arc<Identity>, Refusal> {
    let claimed = Claimed::of(ex, &*desk.gateway.signers)?;
    let body = ex.request.body.whole(desk.gateway.settings.payload_bytes_max).await?;
    let payload = long_work::over(body, Payload::hashed).await?;
    claimed.prove(ex, payload)
}
