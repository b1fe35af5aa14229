//! Concurrency and tags.

use super::{NAME, find, invalid, named, no_function};
use crate::function::arn::FunctionArn;
use crate::function::record::Function;
use base::api::{self, ApiError, Control, Member, Operation, Route, Shape, Tags, check_tags};
use serde::{Deserialize, Serialize};

/// Invocations at once that can be set apart (AWS: an account's 1,000, but 100).
const RESERVED_MAX: i64 = 900;

/// What is set apart.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Concurrency {
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved_concurrent_executions: Option<u32>,
}

/// Changes a function's record.
async fn change<T: Send + 'static>(
    cx: &Control,
    arn: FunctionArn,
    mut work: impl FnMut(&mut Function) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let realm = cx.realm().clone();
    cx.write(move |txn| {
        let mut function = find(txn.view(), &realm, &arn)?;
        let done = work(&mut function)?;
        txn.save(&realm, &function)?;
        Ok(done)
    })
    .await
}

/// Sets apart how many invocations of a function may run at once, which is also how many may.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutFunctionConcurrency {
    function_name: String,
    reserved_concurrent_executions: Option<i64>,
}

impl Operation for PutFunctionConcurrency {
    const ROUTE: Route = api::put("PutFunctionConcurrency", "/2017-10-31/functions/{FunctionName}/concurrency").status(200);
    const MEMBERS: &'static [Member] = &[NAME, api::whole("ReservedConcurrentExecutions")];
    type Reply = Concurrency;

    async fn run(self, cx: &Control) -> Result<Concurrency, ApiError> {
        let Self { function_name, reserved_concurrent_executions } = self;
        let arn = named(cx, &function_name, None)?;
        let reserved = reserved_concurrent_executions.filter(|reserved| (0..=RESERVED_MAX).contains(reserved));
        let reserved = reserved.and_then(|reserved| u32::try_from(reserved).ok());
        let reserved = reserved.ok_or_else(|| {
            invalid(format!("ReservedConcurrentExecutions must be a whole number from 0 to {RESERVED_MAX}: 100 are left for all others."))
        })?;
        change(cx, arn, move |function| {
            function.reserved_concurrency = Some(reserved);
            Ok(())
        })
        .await?;
        Ok(Concurrency { reserved_concurrent_executions: Some(reserved) })
    }
}

/// What is set apart for a function.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetFunctionConcurrency {
    function_name: String,
}

impl Operation for GetFunctionConcurrency {
    const ROUTE: Route = api::get("GetFunctionConcurrency", "/2019-09-30/functions/{FunctionName}/concurrency");
    const MEMBERS: &'static [Member] = &[NAME];
    type Reply = Concurrency;

    async fn run(self, cx: &Control) -> Result<Concurrency, ApiError> {
        let Self { function_name } = self;
        let (arn, realm) = (named(cx, &function_name, None)?, cx.realm().clone());
        let function = cx.read(move |view| find(view, &realm, &arn)).await?;
        Ok(Concurrency { reserved_concurrent_executions: function.reserved_concurrency })
    }
}

/// Sets nothing apart any more.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteFunctionConcurrency {
    function_name: String,
}

impl Operation for DeleteFunctionConcurrency {
    const ROUTE: Route = api::delete("DeleteFunctionConcurrency", "/2017-10-31/functions/{FunctionName}/concurrency").status(204);
    const MEMBERS: &'static [Member] = &[NAME];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { function_name } = self;
        let arn = named(cx, &function_name, None)?;
        change(cx, arn, |function| {
            function.reserved_concurrency = None;
            Ok(())
        })
        .await
    }
}

const RESOURCE: Member = api::text("Resource").in_path("resource");

fn tagged(cx: &Control, resource: &str) -> Result<FunctionArn, ApiError> {
    let arn = FunctionArn::parse(resource).filter(|arn| arn.qualifier.is_none());
    let arn =
        arn.ok_or_else(|| invalid(format!("{resource} is no ARN of a function: tags belong to functions, not to versions or aliases")))?;
    if *arn.account != *cx.realm().account || *arn.region != *cx.realm().region {
        return Err(no_function(resource));
    }
    Ok(arn)
}

/// Labels a function.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagResource {
    resource: String,
    #[serde(default)]
    tags: Tags,
}

impl Operation for TagResource {
    const ROUTE: Route = api::post("TagResource", "/2017-03-31/tags/{Resource+}").status(204);
    const MEMBERS: &'static [Member] = &[RESOURCE, api::map("Tags", &Shape::Text)];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { resource, tags } = self;
        let arn = tagged(cx, &resource)?;
        change(cx, arn, move |function| {
            function.tags.extend(tags.clone());
            check_tags(&function.tags)
        })
        .await
    }
}

/// Takes labels off.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    resource: String,
    #[serde(rename = "tagKeys", default)]
    tag_keys: Vec<String>,
}

impl Operation for UntagResource {
    const ROUTE: Route = api::delete("UntagResource", "/2017-03-31/tags/{Resource+}").status(204);
    const MEMBERS: &'static [Member] = &[RESOURCE, api::text("tagKeys").in_query()];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { resource, tag_keys } = self;
        let arn = tagged(cx, &resource)?;
        change(cx, arn, move |function| {
            function.tags.retain(|key, _| !tag_keys.contains(key));
            Ok(())
        })
        .await
    }
}

/// The labels of a function.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTags {
    resource: String,
}

/// They.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagsReply {
    tags: Tags,
}

impl Operation for ListTags {
    const ROUTE: Route = api::get("ListTags", "/2017-03-31/tags/{Resource+}");
    const MEMBERS: &'static [Member] = &[RESOURCE];
    type Reply = TagsReply;

    async fn run(self, cx: &Control) -> Result<TagsReply, ApiError> {
        let Self { resource } = self;
        let (arn, realm) = (tagged(cx, &resource)?, cx.realm().clone());
        let function = cx.read(move |view| find(view, &realm, &arn)).await?;
        Ok(TagsReply { tags: function.tags })
    }
}
