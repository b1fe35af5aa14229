//! Schemas as models. Each named schema is a model; one that stands within a body or a response becomes a model with a name of its own.

use super::*;
use crate::import_export::document::Entry;
use crate::limits::MODELS_MAX;
use base::store::digest;

impl<'d> Draft<'d> {
    fn schemas(&self) -> &'d [Entry] {
        let schemas = match self.version {
            Version::Swagger2 => self.root.find("definitions"),
            Version::OpenApi3 => self.root.find("components").and_then(|components| components.find("schemas")),
        };
        schemas.map_or(&[], Node::entries)
    }

    pub(super) fn read_models(&mut self) {
        let mut named = HashSet::new();
        for Entry { key, at, value } in self.schemas() {
            let name = model_name(key);
            if name.is_empty() {
                self.notes.error(*at, format!("Unable to create model for '{key}': Model name must be non-empty"));
            } else if !named.insert(name.clone()) {
                let text = format!("Unable to create model for '{key}': Model name already exists for this REST API");
                self.notes.error(*at, text);
            } else if value.map().is_none() {
                self.notes.refused_by_aws(value.at, format!("Unable to create model for '{key}': its schema is not an object"));
            } else {
                self.add_model(name, value);
            }
        }
    }

    fn add_model(&mut self, name: String, schema: &'d Node) {
        let text = self.schema_text(schema);
        let id = match self.models.get(&name) {
            Some(old) => old.id.clone(),
            None => self.short_id(),
        };
        let model = Model {
            api: self.api.id.clone(),
            id,
            name: name.clone(),
            content_type: "application/json".into(),
            description: schema.find("description").and_then(Node::text).map(str::to_owned),
            schema: Some(text),
        };
        if let Err(why) = crate::model::check(&model) {
            self.notes.error(schema.at, format!("Unable to create model for '{name}': {why}"));
        }
        if self.models.len() >= MODELS_MAX {
            self.notes.error(schema.at, format!("An API can have at most {MODELS_MAX} models"));
            return;
        }
        self.models.insert(name, model);
    }

    /// A schema's JSON, in which references to other schemas are those of models.
    fn schema_text(&self, schema: &Node) -> String {
        let api = &self.api.id;
        schema.json(&|target| {
            let (name, rest) = schema_named(target)?;
            let rest = if rest.is_empty() { String::new() } else { format!("#/{rest}") };
            Some(format!("https://apigateway.amazonaws.com/restapis/{api}/models/{}{rest}", model_name(&name)))
        })
    }

    /// The model that a schema of a body stands for. `None` when it names one that is not there.
    pub(super) fn model_for(&mut self, schema: &'d Node, spot: &Spot<'_>) -> Option<String> {
        let named = schema.find("$ref").and_then(Node::text).and_then(schema_named);
        if let Some((name, rest)) = named
            && rest.is_empty()
        {
            let name = model_name(&name);
            if self.models.contains_key(&name) {
                return Some(name);
            }
            self.notes.refused_by_aws(schema.at, spot.cannot_put_method(&format!("Invalid model identifier specified: {name}")));
            return None;
        }
        let schema = self.follow(schema)?;
        schema.map()?;
        let text = self.schema_text(schema);
        if !self.notes.unfold(schema.at, text.len()) {
            return None;
        }
        // The name is made of the schema, so that the same definition makes the same models again.
        let name = format!("MODEL{}", &digest(&text.replace(&self.api.id, ""))[..12]);
        if !self.models.contains_key(&name) {
            self.add_model(name.clone(), schema);
        }
        Some(name)
    }
}

/// A model's name may have letters and digits only; all else is left out.
fn model_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The schema that a reference names, and what within it.
fn schema_named(target: &str) -> Option<(String, &str)> {
    let rest = target.strip_prefix("#/definitions/").or_else(|| target.strip_prefix("#/components/schemas/"))?;
    let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
    Some((refs::unescape(name)?, rest))
}
