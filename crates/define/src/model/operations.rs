//! What the control API does with models.

use super::flatten::{flattened, references};
use super::record::Model;
use super::template::template;
use crate::limits::{self, DESCRIPTION_BYTES_MAX, FLATTENED_BYTES_MAX, MODELS_MAX, NAME_BYTES_MAX, SCHEMA_BYTES_MAX};
use crate::method::first_user;
use base::api::patch::{Table, Words, replace};
use base::api::{self, ApiError, Control, Entry, Limit, Member, Operation, Page, PatchOp, Route, known_api, patch};
use base::store::{Scope, View, kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The operations of models.
pub const OPERATIONS: &[Entry] = &[
    api::op::<CreateModel>(),
    api::op::<GetModels>(),
    api::op::<GetModel>(),
    api::op::<GetModelTemplate>(),
    api::op::<UpdateModel>(),
    api::op::<DeleteModel>(),
];

/// A model as AWS shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    content_type: String,
}

impl Reply {
    fn of(model: Model) -> Reply {
        let Model { api: _, id, name, content_type, description, schema } = model;
        Reply { id, name, description, schema, content_type }
    }
}

/// Whether a model may be stored. Imports check theirs here too.
pub fn check(model: &Model) -> Result<(), ApiError> {
    let refuse = |text: &str| Err(ApiError::bad_request(text));
    if model.name.is_empty() {
        return refuse("Model name must be non-empty");
    }
    if !model.name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return refuse(&format!("Model name must be alphanumeric: {}", model.name));
    }
    limits::text("Model name", &model.name, NAME_BYTES_MAX)?;
    limits::text("Content type", &model.content_type, NAME_BYTES_MAX)?;
    limits::optional("Description", model.description.as_ref(), DESCRIPTION_BYTES_MAX)?;
    let Some(schema) = model.schema.as_ref().filter(|schema| !schema.trim().is_empty()) else {
        return refuse("Model schema must have at least 1 property or array items defined");
    };
    limits::text("Model schema", schema, SCHEMA_BYTES_MAX)?;
    // What a schema in another notation says is nobody's business here.
    let is_json = model.content_type.contains("json");
    if is_json && !matches!(serde_json::from_str(schema), Ok(Value::Object(_))) {
        return refuse("Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]");
    }
    Ok(())
}

fn find(view: &dyn View, scope: &Scope, name: &str) -> Result<Model, ApiError> {
    view.find(scope, name)?.ok_or_else(|| ApiError::NotFound(format!("Invalid model name specified: {name}")))
}

/// Adds a model to an API.
#[derive(Deserialize)]
pub struct CreateModel {
    restapi_id: String,
    name: Option<String>,
    description: Option<String>,
    schema: Option<String>,
    #[serde(rename = "contentType")]
    content_type: Option<String>,
}

const API: Member = api::text("restapi_id").in_path("restApiId");
const NAME: Member = api::text("model_name").in_path("modelName");

impl Operation for CreateModel {
    const ROUTE: Route = api::post("CreateModel", "/restapis/{restapi_id}/models");
    const MEMBERS: &'static [Member] = &[api::text("name"), api::text("description"), api::text("schema"), api::text("contentType"), API];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, name, description, schema, content_type } = self;
        let realm = cx.realm().clone();
        let model = Model {
            api: restapi_id,
            id: cx.ids.lower(6),
            name: name.unwrap_or_default(),
            content_type: content_type.filter(|word| !word.is_empty()).unwrap_or_else(|| "application/json".into()),
            description: description.filter(|text| !text.is_empty()),
            schema,
        };
        let done = cx.write(move |txn| {
            known_api(txn.view(), &realm, &model.api)?;
            check(&model)?;
            let scope = realm.scope(&model.api);
            if txn.view().has(kind::MODEL, &scope, &model.name)? {
                return Err(ApiError::conflict("Model name already exists for this REST API"));
            }
            if txn.rows(kind::MODEL, &scope, None, MODELS_MAX)?.len() >= MODELS_MAX {
                return Err(ApiError::LimitExceeded(format!("Maximum number of models for this API has been reached: {MODELS_MAX}")));
            }
            txn.save(&realm, &model)?;
            Ok(model.clone())
        });
        done.await.map(Reply::of)
    }
}

/// All models of an API, by name.
#[derive(Deserialize)]
pub struct GetModels {
    restapi_id: String,
    #[serde(default)]
    limit: Limit,
    position: Option<String>,
}

impl Operation for GetModels {
    const ROUTE: Route = api::get("GetModels", "/restapis/{restapi_id}/models");
    const MEMBERS: &'static [Member] = &[API, api::text("position").in_query(), api::whole("limit").in_query()];
    type Reply = Page<Reply>;

    async fn run(self, cx: &Control) -> Result<Page<Reply>, ApiError> {
        let Self { restapi_id, limit, position } = self;
        let realm = cx.realm().clone();
        let page = cx.read(move |view| {
            known_api(view, &realm, &restapi_id)?;
            let after = Page::after(position.as_deref());
            let models: Vec<Model> = view.some(&realm.scope(&restapi_id), after.as_deref(), limit.items() + 1)?;
            Ok(Page::cut(models, limit, |model| model.name.clone()))
        });
        page.await.map(|page| page.map(Reply::of))
    }
}

/// One model; flattened, it stands alone.
#[derive(Deserialize)]
pub struct GetModel {
    restapi_id: String,
    model_name: String,
    flatten: Option<bool>,
}

impl Operation for GetModel {
    const ROUTE: Route = api::get("GetModel", "/restapis/{restapi_id}/models/{model_name}");
    const MEMBERS: &'static [Member] = &[API, NAME, api::flag("flatten").in_query()];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, model_name, flatten } = self;
        let scope = cx.realm().scope(&restapi_id);
        let model = cx.read(move |view| {
            let mut model = find(view, &scope, &model_name)?;
            if flatten == Some(true)
                && let Some(schema) = parsed(&model)
            {
                model.schema = Some(standing_alone(view, &scope, schema)?.to_string());
            }
            Ok(model)
        });
        model.await.map(Reply::of)
    }
}

/// A schema with all that it refers to.
fn standing_alone(view: &dyn View, scope: &Scope, schema: Value) -> Result<Value, ApiError> {
    let mut bytes = 0;
    flattened(schema, |name| {
        let found = view.find::<Model>(scope, name)?;
        bytes += found.as_ref().and_then(|model| model.schema.as_ref()).map_or(0, String::len);
        if bytes > FLATTENED_BYTES_MAX {
            return Err(ApiError::BadRequest(format!("A flattened model can be at most {FLATTENED_BYTES_MAX} bytes long.")));
        }
        Ok(found.as_ref().and_then(parsed))
    })
}

/// A mapping template that prints what a model describes.
#[derive(Deserialize)]
pub struct GetModelTemplate {
    restapi_id: String,
    model_name: String,
}

/// A template as AWS shows it.
#[derive(Debug, Serialize)]
pub struct Template {
    value: String,
}

impl Operation for GetModelTemplate {
    const ROUTE: Route = api::get("GetModelTemplate", "/restapis/{restapi_id}/models/{model_name}/default_template");
    const MEMBERS: &'static [Member] = &[API, NAME];
    type Reply = Template;

    async fn run(self, cx: &Control) -> Result<Template, ApiError> {
        let Self { restapi_id, model_name } = self;
        let scope = cx.realm().scope(&restapi_id);
        let value = cx.read(move |view| {
            let model = find(view, &scope, &model_name)?;
            let schema = parsed(&model).unwrap_or_else(|| Value::Object(Default::default()));
            template(&standing_alone(view, &scope, schema)?)
        });
        Ok(Template { value: value.await? })
    }
}

fn parsed(model: &Model) -> Option<Value> {
    serde_json::from_str(model.schema.as_deref()?).ok()
}

const PATCHES: Table<Model> = Table {
    words: Words::New(&["/description", "/schema"]),
    rows: &[
        replace("/description", |model: &mut Model, arg| {
            model.description = arg.optional();
            Ok(())
        }),
        replace("/schema", |model: &mut Model, arg| {
            model.schema = arg.optional();
            Ok(())
        }),
    ],
};

/// Changes a model.
#[derive(Deserialize)]
pub struct UpdateModel {
    restapi_id: String,
    model_name: String,
    #[serde(rename = "patchOperations")]
    patch_operations: Option<Vec<PatchOp>>,
}

impl Operation for UpdateModel {
    const ROUTE: Route = api::patch_route("UpdateModel", "/restapis/{restapi_id}/models/{model_name}");
    const MEMBERS: &'static [Member] = &[patch::MEMBER, API, NAME];
    type Reply = Reply;

    async fn run(self, cx: &Control) -> Result<Reply, ApiError> {
        let Self { restapi_id, model_name, patch_operations } = self;
        let (realm, ops) = (cx.realm().clone(), patch_operations.unwrap_or_default());
        let done = cx.write(move |txn| {
            let model = PATCHES.apply(&find(txn.view(), &realm.scope(&restapi_id), &model_name)?, &ops)?;
            check(&model)?;
            txn.save(&realm, &model)?;
            Ok(model)
        });
        done.await.map(Reply::of)
    }
}

/// Ends a model that nothing refers to.
#[derive(Deserialize)]
pub struct DeleteModel {
    restapi_id: String,
    model_name: String,
}

impl Operation for DeleteModel {
    const ROUTE: Route = api::delete("DeleteModel", "/restapis/{restapi_id}/models/{model_name}");
    const MEMBERS: &'static [Member] = &[API, NAME];
    type Reply = ();

    async fn run(self, cx: &Control) -> Result<(), ApiError> {
        let Self { restapi_id, model_name } = self;
        let scope = cx.realm().scope(&restapi_id);
        let gone = cx.write(move |txn| {
            let name = find(txn.view(), &scope, &model_name)?.name;
            if let Some(place) = user(txn.view(), &scope, &name)? {
                return Err(ApiError::Conflict(format!("Cannot delete model '{name}', is referenced in {place}")));
            }
            Ok(txn.remove::<Model>(&scope, &name)?)
        });
        gone.await
    }
}

/// What refers to a model, if anything does.
fn user(view: &dyn View, scope: &Scope, name: &String) -> Result<Option<String>, ApiError> {
    let asked =
        first_user(view, scope, |method| method.request_models.as_ref().is_some_and(|models| models.values().any(|held| held == name)))?;
    if let Some((place, _)) = asked {
        return Ok(Some(format!("method request: {place}")));
    }
    let of_response =
        |models: Option<&std::collections::BTreeMap<String, String>>| models.is_some_and(|models| models.values().any(|held| held == name));
    let answered =
        first_user(view, scope, |method| method.responses.values().any(|response| of_response(response.response_models.as_ref())))?;
    if let Some((place, _)) = answered {
        return Ok(Some(format!("method response: {place}")));
    }
    let others: Vec<Model> = view.all(scope)?;
    let refers = |model: &&Model| model.name != *name && parsed(model).is_some_and(|schema| references(&schema).contains(name));
    Ok(others.iter().find(refers).map(|model| format!("model: {}", model.name)))
}
