//! The Lambda API, as far as users of functions need it: functions and their code, versions, aliases, permissions, concurrency, tags,
//! invocation. Paths, members, texts: the atlas, lambda §5, and the service's own model.
//!
//! What is odd: the unpublished version is called `$LATEST`; a change is done when it is answered, so that `State` is always `Active`; and
//! beside an uploaded archive, a folder of this machine can be code: `S3Bucket` is `local-folder` and `S3Key` its path (not under
//! `aws-strict`).

mod aliases;
mod code;
mod functions;
mod invoke;
mod log;
mod policy;
mod settings;
#[cfg(test)]
mod tests;
mod update;
mod versions;
mod wire;

use super::arn::{FunctionArn, LATEST, is_qualifier};
use super::record::{Configuration, Function, FunctionAlias, FunctionVersion, version_id};
use base::api::{self, ApiError, Control, Entry, Member, op};
use base::store::{Realm, View};

/// What the Lambda API can do here.
pub const OPERATIONS: &[Entry] = &[
    op::<functions::CreateFunction>(),
    op::<functions::GetFunction>(),
    op::<functions::GetFunctionConfiguration>(),
    op::<functions::ListFunctions>(),
    op::<functions::DeleteFunction>(),
    op::<update::UpdateFunctionCode>(),
    op::<update::UpdateFunctionConfiguration>(),
    op::<versions::PublishVersion>(),
    op::<versions::ListVersionsByFunction>(),
    op::<aliases::CreateAlias>(),
    op::<aliases::GetAlias>(),
    op::<aliases::UpdateAlias>(),
    op::<aliases::DeleteAlias>(),
    op::<aliases::ListAliases>(),
    op::<policy::AddPermission>(),
    op::<policy::RemovePermission>(),
    op::<policy::GetPolicy>(),
    op::<settings::PutFunctionConcurrency>(),
    op::<settings::GetFunctionConcurrency>(),
    op::<settings::DeleteFunctionConcurrency>(),
    op::<settings::TagResource>(),
    op::<settings::UntagResource>(),
    op::<settings::ListTags>(),
    op::<invoke::Invoke>(),
    op::<invoke::InvokeWithResponseStream>(),
];

/// What we have beside it.
pub const OWN_OPERATIONS: &[Entry] = &[op::<log::GetFunctionLog>()];

/// As AWS prints it.
const NAME_PATTERN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
const QUALIFIER_PATTERN: &str = r"(|[a-zA-Z0-9$_-]+)";

/// A function's name in the path.
const NAME: Member = api::text("FunctionName").in_path("functionName").like(NAME_PATTERN, is_name_of_some_kind);
const QUALIFIER: Member = api::text("Qualifier").in_query().like(QUALIFIER_PATTERN, |text| text.is_empty() || is_qualifier(text));

fn is_name_of_some_kind(text: &str) -> bool {
    FunctionArn::within("000000000000", "us-east-1", text).is_some()
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::exception(400, "InvalidParameterValueException", message)
}

fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::exception(409, "ResourceConflictException", message)
}

fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::exception(404, "ResourceNotFoundException", message)
}

fn no_function(arn: impl std::fmt::Display) -> ApiError {
    not_found(format!("Function not found: {arn}"))
}

/// The function that a call names, by name and `Qualifier`, which must not contradict each other.
fn named(cx: &Control, name: &str, qualifier: Option<&str>) -> Result<FunctionArn, ApiError> {
    let realm = cx.realm();
    let mut arn = FunctionArn::within(&realm.account, &realm.region, name).ok_or_else(|| no_function(name))?;
    match (&arn.qualifier, qualifier.filter(|text| !text.is_empty())) {
        (Some(own), Some(asked)) if **own != *asked => {
            return Err(invalid("The derived qualifier from the function name does not match the specified qualifier."));
        }
        (None, Some(asked)) => arn.qualifier = Some(asked.into()),
        _ => {}
    }
    if *arn.account != *realm.account || *arn.region != *realm.region {
        return Err(no_function(arn));
    }
    Ok(arn)
}

fn find(view: &dyn View, realm: &Realm, arn: &FunctionArn) -> Result<Function, ApiError> {
    view.find(&realm.top(), &arn.name)?.ok_or_else(|| no_function(arn))
}

/// The version that a qualifier names: its number (`None` for `$LATEST`), and how it is run.
fn version(view: &dyn View, realm: &Realm, function: &Function, arn: &FunctionArn) -> Result<(Option<u64>, Configuration), ApiError> {
    let scope = realm.scope(&function.name);
    let qualifier = arn.qualifier.as_deref().unwrap_or(LATEST);
    let aliased = match qualifier.parse::<u64>() {
        Ok(_) => None,
        Err(_) => view.find::<FunctionAlias>(&scope, qualifier)?.map(|alias| alias.version),
    };
    match aliased.as_deref().unwrap_or(qualifier) {
        LATEST => Ok((None, function.latest.clone())),
        number => {
            let number: u64 = number.parse().map_err(|_| no_function(arn))?;
            let found = view.find::<FunctionVersion>(&scope, &version_id(number))?;
            found.map(|version| (Some(number), version.configuration)).ok_or_else(|| no_function(arn))
        }
    }
}

/// A new revision's id.
fn revision(cx: &Control) -> String {
    let mut bytes = [0u8; 16];
    cx.ids.bytes(&mut bytes);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

/// Refuses a change of what is another revision by now.
fn check_revision(asked: Option<&str>, stored: &str) -> Result<(), ApiError> {
    match asked {
        Some(asked) if asked != stored => Err(ApiError::exception(
            412,
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
        )),
        _ => Ok(()),
    }
}

/// Items on a page of a list.
fn page<T>(items: Vec<T>, marker: Option<&str>, most: Option<i64>, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    const ITEMS_MAX: usize = 50;
    let most = most.and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0).map_or(ITEMS_MAX, |most| most.min(10_000));
    let mut rest: Vec<T> =
        items.into_iter().filter(|item| marker.is_none_or(|marker| key(item).as_str() > marker)).take(most + 1).collect();
    let more = rest.len() > most;
    rest.truncate(most);
    let next = if more { rest.last().map(&key) } else { None };
    (rest, next)
}
