//! What the control API does with the account.

use super::record::{ACCOUNT_ID, Account, BURST_DEFAULT, RATE_PER_SECOND_DEFAULT};
use base::api::patch::{self, PatchOp, Table, Words, add, remove, replace};
use base::api::{self, ApiError, Control, Entry, Member, Operation, Route, op};
use base::store::{Realm, View};
use serde::{Deserialize, Serialize};

/// What the control API can do with the account.
pub const OPERATIONS: &[Entry] = &[op::<GetAccount>(), op::<UpdateAccount>()];

/// What every account of today has.
const FEATURES: &[&str] = &["UsagePlans"];
/// Believed.
const API_KEY_VERSION: &str = "4";

/// The account as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    #[serde(skip_serializing_if = "Option::is_none")]
    cloudwatch_role_arn: Option<String>,
    throttle_settings: ThrottleSettings,
    features: &'static [&'static str],
    api_key_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleSettings {
    burst_limit: u32,
    rate_limit: f64,
}

fn reply(account: Account) -> Reply {
    let throttle_settings = ThrottleSettings { burst_limit: BURST_DEFAULT, rate_limit: RATE_PER_SECOND_DEFAULT };
    Reply { cloudwatch_role_arn: account.cloudwatch_role_arn, throttle_settings, features: FEATURES, api_key_version: API_KEY_VERSION }
}

/// The account's settings; those of the beginning where nobody has changed them.
pub(crate) fn account(view: &dyn View, realm: &Realm) -> Result<Account, ApiError> {
    Ok(view.find(&realm.top(), ACCOUNT_ID)?.unwrap_or_default())
}

/// Shows the account.
#[derive(Deserialize)]
struct GetAccount {}

impl Operation for GetAccount {
    const ROUTE: Route = api::get("GetAccount", "/account");
    const MEMBERS: &'static [Member] = &[];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let realm = cx.realm().clone();
        cx.read(move |view| account(view, &realm)).await.map(reply)
    }
}

/// Changes the account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateAccount {
    patch_operations: Option<Vec<PatchOp>>,
}

const PATCHES: Table<Account> = Table {
    words: Words::Old,
    rows: &[
        replace("/cloudwatchRoleArn", |account, arg| {
            account.cloudwatch_role_arn = arg.optional();
            if account.cloudwatch_role_arn.as_deref().is_none_or(is_role_arn) { Ok(()) } else { Err(unusable_role()) }
        }),
        add("/features", |_, arg| match arg.value {
            Some("UsagePlans") => Ok(()),
            other => Err(unknown_feature(other)),
        }),
        remove("/features", |_, arg| match arg.value {
            Some("UsagePlans") => Err(ApiError::bad_request("Usage Plans cannot be disabled once enabled")),
            // Nothing blocks routing rules here.
            Some("BlockedForRoutingRules") => Ok(()),
            other => Err(unknown_feature(other)),
        }),
    ],
};

fn unusable_role() -> ApiError {
    ApiError::bad_request(
        "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required \
         role policy.",
    )
}

/// Assumed.
fn unknown_feature(name: Option<&str>) -> ApiError {
    ApiError::bad_request(format!("Invalid feature specified: {}", name.unwrap_or("null")))
}

/// Whether a text looks like `arn:{partition}:iam::{account}:role/{name}`.
fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, role] = parts.as_slice() else { return false };
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    !partition.is_empty() && digits && role.strip_prefix("role/").is_some_and(|name| !name.is_empty())
}

impl Operation for UpdateAccount {
    const ROUTE: Route = api::patch_route("UpdateAccount", "/account");
    const MEMBERS: &'static [Member] = &[patch::MEMBER];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { patch_operations } = self;
        let (realm, ops) = (cx.realm().clone(), patch_operations.unwrap_or_default());
        let changed = cx
            .write(move |txn| {
                let changed = PATCHES.apply(&account(txn.view(), &realm)?, &ops)?;
                txn.save(&realm, &changed)?;
                Ok(changed)
            })
            .await?;
        Ok(reply(changed))
    }
}

#[cfg(test)]
mod tests {
    use crate::OPERATIONS;
    use base::testing::Bench;
    use serde_json::{Value, json};

    const ROLE: &str = "arn:aws:iam::111111111111:role/logs";

    fn patched(bench: &Bench, op: &str, path: &str, value: &str) -> (u16, Value) {
        bench.call("PATCH", "/account", json!({"patchOperations": [{"op": op, "path": path, "value": value}]}))
    }

    #[test]
    fn an_account_is_there_from_the_beginning() {
        let bench = Bench::new(OPERATIONS);
        let fresh = json!({
            "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0}, "features": ["UsagePlans"], "apiKeyVersion": "4",
        });
        assert_eq!(bench.ok("GET", "/account", Value::Null), fresh);
    }

    #[test]
    fn a_role_for_logs_is_set_and_cleared_but_must_look_like_one() {
        let bench = Bench::new(OPERATIONS);
        assert_eq!(patched(&bench, "replace", "/cloudwatchRoleArn", ROLE).1["cloudwatchRoleArn"], ROLE);
        assert_eq!(bench.ok("GET", "/account", Value::Null)["cloudwatchRoleArn"], ROLE);
        let (status, said) = patched(&bench, "replace", "/cloudwatchRoleArn", "arn:aws:iam::1:role/x");
        let text = "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the \
                    required role policy.";
        assert_eq!((status, said["message"].as_str().unwrap()), (400, text));
        assert_eq!(patched(&bench, "replace", "/cloudwatchRoleArn", "").1.get("cloudwatchRoleArn"), None);
    }

    #[test]
    fn usage_plans_stay_enabled_and_unknown_paths_are_refused() {
        let bench = Bench::new(OPERATIONS);
        let said = |op: &str, path: &str, value: &str| patched(&bench, op, path, value).1["message"].as_str().unwrap_or("fine").to_owned();
        assert_eq!(said("add", "/features", "UsagePlans"), "fine");
        assert_eq!(said("remove", "/features", "BlockedForRoutingRules"), "fine");
        assert_eq!(said("remove", "/features", "UsagePlans"), "Usage Plans cannot be disabled once enabled");
        assert_eq!(said("add", "/features", "Wings"), "Invalid feature specified: Wings");
        assert_eq!(said("remove", "/features", "Wings"), "Invalid feature specified: Wings");
        assert_eq!(said("replace", "/throttleSettings", "1"), "Invalid patch path /throttleSettings");
        assert_eq!(said("add", "/cloudwatchRoleArn", ROLE), "Invalid patch operation specified. Must be one of: [replace]");
    }
}
