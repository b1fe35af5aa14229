//! Who may invoke a function, beside its own account.

use super::wire::arn;
use super::{NAME, QUALIFIER, check_revision, conflict, find, invalid, named, no_function, not_found, revision, version};
use crate::function::record::{Function, Statement};
use base::api::{self, ApiError, Control, Member, Operation, Route};
use base::store::Realm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Bytes of a function's policy (AWS: 20 KB).
const POLICY_BYTES_MAX: usize = 20 * 1024;
const SID_PATTERN: &str = r"([a-zA-Z0-9-_]+)";

fn is_sid(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl Statement {
    /// As a policy has it.
    fn shown(&self, realm: &Realm, function: &str) -> Value {
        let bare = arn(realm, function);
        let principal = match self.principal.as_str() {
            "*" => json!("*"),
            service if service.contains('.') => json!({ "Service": service }),
            account if account.bytes().all(|byte| byte.is_ascii_digit()) => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
            other => json!({ "AWS": other }),
        };
        let mut condition = Map::new();
        if let Some(account) = &self.source_account {
            condition.insert("StringEquals".into(), json!({ "AWS:SourceAccount": account }));
        }
        if let Some(source) = &self.source_arn {
            condition.insert("ArnLike".into(), json!({ "AWS:SourceArn": source }));
        }
        let mut shown = json!({
            "Sid": self.id,
            "Effect": "Allow",
            "Principal": principal,
            "Action": self.action,
            "Resource": self.qualifier.as_ref().map_or(bare.clone(), |qualifier| format!("{bare}:{qualifier}")),
        });
        if !condition.is_empty() {
            shown["Condition"] = Value::Object(condition);
        }
        shown
    }
}

fn policy(realm: &Realm, function: &Function, qualifier: Option<&str>) -> Option<String> {
    let own = function.statements.iter().filter(|statement| statement.qualifier.as_deref() == qualifier);
    let shown: Vec<Value> = own.map(|statement| statement.shown(realm, &function.name)).collect();
    (!shown.is_empty()).then(|| json!({"Version": "2012-10-17", "Id": "default", "Statement": shown}).to_string())
}

/// Lets somebody invoke a function.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddPermission {
    function_name: String,
    statement_id: Option<String>,
    action: Option<String>,
    principal: Option<String>,
    source_arn: Option<String>,
    source_account: Option<String>,
    qualifier: Option<String>,
    revision_id: Option<String>,
}

/// The statement, as JSON text.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatementReply {
    statement: String,
}

impl Operation for AddPermission {
    const ROUTE: Route = api::post("AddPermission", "/2015-03-31/functions/{FunctionName}/policy");
    const MEMBERS: &'static [Member] = &[
        NAME,
        api::text("StatementId").like(SID_PATTERN, is_sid),
        api::text("Action").like(r"(lambda:[*]|lambda:[a-zA-Z]+|[*])", |text| text == "*" || text.starts_with("lambda:")),
        api::text("Principal"),
        api::text("SourceArn")
            .like(r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)", |text| {
                text.starts_with("arn:") && text.split(':').count() >= 6
            }),
        api::text("SourceAccount").like(r"\d{12}", |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())),
        api::text("RevisionId"),
        QUALIFIER,
    ];
    type Reply = StatementReply;

    async fn run(self, cx: &Control) -> Result<StatementReply, ApiError> {
        let Self { function_name, statement_id, action, principal, source_arn, source_account, qualifier, revision_id } = self;
        let target = named(cx, &function_name, qualifier.as_deref())?;
        let missing = |name: &str| invalid(format!("{name} is missing"));
        let statement = Statement {
            id: statement_id.ok_or_else(|| missing("StatementId"))?,
            action: action.ok_or_else(|| missing("Action"))?,
            principal: principal.filter(|principal| !principal.is_empty()).ok_or_else(|| missing("Principal"))?,
            qualifier: target.qualifier.as_deref().map(str::to_owned),
            source_arn,
            source_account,
        };
        if statement.qualifier.as_deref() == Some(crate::function::arn::LATEST) {
            return Err(invalid("We currently do not support adding policies for $LATEST."));
        }
        let (realm, fresh) = (cx.realm().clone(), revision(cx));
        let shown = cx.write(move |txn| {
            let mut function = find(txn.view(), &realm, &target)?;
            version(txn.view(), &realm, &function, &target)?;
            check_revision(revision_id.as_deref(), &function.latest.revision)?;
            let is_same = |other: &Statement| other.id == statement.id && other.qualifier == statement.qualifier;
            if function.statements.iter().any(is_same) {
                return Err(conflict(format!(
                    "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
                    statement.id
                )));
            }
            function.statements.push(statement.clone());
            if policy(&realm, &function, target.qualifier.as_deref()).is_some_and(|text| text.len() > POLICY_BYTES_MAX) {
                return Err(ApiError::exception(
                    400,
                    "PolicyLengthExceededException",
                    format!("The final policy size is bigger than the limit ({POLICY_BYTES_MAX})."),
                ));
            }
            function.latest.revision = fresh.clone();
            txn.save(&realm, &function)?;
            Ok(statement.shown(&realm, &function.name).to_string())
        });
        Ok(StatementReply { statement: shown.await? })
    }
}

/// Takes a permission back.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemovePermission {
    function_name: String,
    statement_id: String,
    qualifier: Option<String>,
    revision_id: Option<String>,
}

impl Operation for RemovePermission {
    const ROUTE: Route = api::delete("RemovePermission", "/2015-03-31/functions/{FunctionName}/policy/{StatementId}").status(204);
    const MEMBERS: &'static [Member] =
        &[NAME, api::text("StatementId").in_path("statementId"), QUALIFIER, api::text("RevisionId").in_query()];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { function_name, statement_id, qualifier, revision_id } = self;
        let target = named(cx, &function_name, qualifier.as_deref())?;
        let (realm, fresh) = (cx.realm().clone(), revision(cx));
        cx.write(move |txn| {
            let found: Option<Function> = txn.view().find(&realm.top(), &target.name)?;
            let mut function = found.ok_or_else(|| no_function(&target))?;
            check_revision(revision_id.as_deref(), &function.latest.revision)?;
            let before = function.statements.len();
            function.statements.retain(|other| other.id != statement_id || other.qualifier.as_deref() != target.qualifier.as_deref());
            if function.statements.len() == before {
                return Err(not_found(format!("Statement {statement_id} is not found in resource policy.")));
            }
            function.latest.revision = fresh.clone();
            txn.save(&realm, &function)?;
            Ok(())
        })
        .await
    }
}

/// The policy of a function.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetPolicy {
    function_name: String,
    qualifier: Option<String>,
}

/// The policy, as JSON text.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyReply {
    policy: String,
    revision_id: String,
}

impl Operation for GetPolicy {
    const ROUTE: Route = api::get("GetPolicy", "/2015-03-31/functions/{FunctionName}/policy");
    const MEMBERS: &'static [Member] = &[NAME, QUALIFIER];
    type Reply = PolicyReply;

    async fn run(self, cx: &Control) -> Result<PolicyReply, ApiError> {
        let Self { function_name, qualifier } = self;
        let (target, realm) = (named(cx, &function_name, qualifier.as_deref())?, cx.realm().clone());
        cx.read(move |view| {
            let function = find(view, &realm, &target)?;
            let policy = policy(&realm, &function, target.qualifier.as_deref());
            let policy = policy.ok_or_else(|| not_found("The resource you requested does not exist."))?;
            Ok(PolicyReply { policy, revision_id: function.latest.revision })
        })
        .await
    }
}
