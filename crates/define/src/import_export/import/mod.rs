//! A definition as the tree of an API: pure, with nothing stored and no clock read.
//!
//! Everything that is wrong is found before anything is refused. What a definition unfolds to is bounded, since references and
//! root-level members let a small text say one thing a hundred thousand times.

mod base_path;
mod check;
mod integration;
mod method;
mod models;
mod paths;
mod security;
mod settings;

use super::document::{self, Document, Node, Place, Unreadable};
use super::problem::{Notes, Problem, Severity};
use super::refs;
use crate::documentation;
use crate::documentation::record::DocumentationPart;
use crate::method::record::{Method, method_id};
use crate::model::record::Model;
use crate::resource::record::Resource;
use crate::rest_api::build;
use crate::rest_api::record::RestApi;
use crate::tree::ApiTree;
use admit::authorizer::record::Authorizer;
use admit::request_validator::record::RequestValidator;
use base::store::Realm;
use base::world::{Ids, Timestamp};
use deliver::gateway_response::record::GatewayResponse;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A document that says which specification it follows.
#[derive(Clone, Debug)]
pub struct Definition {
    document: Document,
    version: Version,
}

/// The specification of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Swagger 2.0.
    Swagger2,
    /// OpenAPI 3.0 or 3.1.
    OpenApi3,
}

impl Definition {
    /// Reads a text.
    pub fn read(text: &str) -> Result<Definition, Unreadable> {
        let document = document::read(text)?;
        let root = &document.root;
        let names = |member: &str, heads: &[&str]| {
            let text = root.find(member).and_then(Node::scalar).unwrap_or("");
            heads.iter().any(|head| text.starts_with(head))
        };
        let version = match (names("swagger", &["2"]), names("openapi", &["3.", "2."])) {
            (true, _) => Version::Swagger2,
            // Some say `openapi: 2.0.0` and write OpenAPI 3.
            (_, true) => Version::OpenApi3,
            _ => return Err(Unreadable { at: root.at, cause: "neither 'swagger: \"2.0\"' nor 'openapi: 3.x' is said at the root".into() }),
        };
        Ok(Definition { document, version })
    }

    /// The tags that the API is to have.
    pub fn tags(&self) -> BTreeMap<String, String> {
        let tags = self.document.root.find("tags").map_or(&[][..], Node::items);
        let member = |tag: &Node, name: &str| tag.find(name).and_then(Node::scalar).map(str::to_owned);
        tags.iter().filter_map(|tag| Some((member(tag, "name")?, member(tag, "x-amazon-apigateway-tag-value")?))).collect()
    }

    /// The document's root.
    pub(crate) fn root(&self) -> &Node {
        &self.document.root
    }

    /// Puts values in the place of `${AWS::Region}` and its like, in every text.
    pub fn fill(&mut self, variables: &[(&str, &str)]) {
        self.document.fill(variables);
    }
}

/// How a definition meets what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// What it names is replaced, the rest is kept.
    #[default]
    Merge,
    /// It is all there is.
    Overwrite,
}

/// What happens to the path before all paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BasePath {
    /// It is not part of the API.
    #[default]
    Ignore,
    /// All of it comes before each path.
    Prepend,
    /// All but its first segment comes before each path.
    Split,
}

/// What the caller wants, and where.
#[derive(Clone, Debug)]
pub struct Options {
    pub mode: Mode,
    pub base_path: BasePath,
    /// Whether a warning refuses the definition.
    pub fail_on_warnings: bool,
    /// `EDGE`, `REGIONAL` or `PRIVATE`, where it is not the default or what is there.
    pub endpoint_type: Option<String>,
    /// For ARNs in the resource policy.
    pub realm: Realm,
    /// For ARNs in the resource policy.
    pub partition: String,
    /// Whether AWS's limits and refusals hold.
    pub aws_strict: bool,
    /// Milliseconds an integration may take, where they do.
    pub timeout_ms_max: u32,
    /// Whether the documentation parts that are there stay, and the definition's have no effect.
    pub ignore_documentation: bool,
}

/// Where new ids and the time come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The id of a new API.
    pub api: String,
    /// Ids within the API.
    pub ids: Ids,
    pub now: Timestamp,
}

/// An API to be stored.
#[derive(Clone, Debug)]
pub struct Planned {
    pub tree: ApiTree,
    /// Warnings and remarks, with their places.
    pub problems: Vec<Problem>,
}

/// The tree that a definition makes of an API, or of none. When it is refused, every error, warning and remark is in the answer.
pub fn plan(definition: &Definition, options: &Options, source: &Source, base: Option<ApiTree>) -> Result<Planned, Vec<Problem>> {
    let mut draft = Draft::new(definition, options, source, base);
    for (at, key) in &definition.document.duplicates {
        draft.notes.warning(*at, format!("The key '{key}' is there more than once; the last one counts"));
    }
    draft.settings();
    draft.tags();
    draft.read_models();
    draft.validators();
    draft.gateway_responses();
    draft.authorizers();
    draft.paths();
    draft.documentation();
    draft.finish()
}

/// A tree in the making.
struct Draft<'d> {
    definition: &'d Definition,
    root: &'d Node,
    version: Version,
    options: &'d Options,
    source: &'d Source,
    notes: Notes,
    /// Whether there was no API before.
    is_new: bool,
    api: RestApi,
    /// By path.
    resources: BTreeMap<String, Resource>,
    /// By path: ids of resources that were there. An overwritten API keeps them, so that what names a resource goes on to.
    known: HashMap<String, String>,
    /// By their parent's id: parts that are variables. There is one at most.
    variables: HashMap<String, String>,
    used: HashSet<String>,
    methods: BTreeMap<String, Method>,
    models: BTreeMap<String, Model>,
    validators: BTreeMap<String, RequestValidator>,
    authorizers: BTreeMap<String, Authorizer>,
    gateway_responses: BTreeMap<String, GatewayResponse>,
    documentation: Vec<DocumentationPart>,
}

/// Characters of the root resource's id.
const ROOT_ID_CHARS: usize = 10;
/// Characters of all other ids within an API.
const ID_CHARS: usize = 6;

impl<'d> Draft<'d> {
    fn new(definition: &'d Definition, options: &'d Options, source: &'d Source, base: Option<ApiTree>) -> Draft<'d> {
        let is_new = base.is_none();
        let base = base.unwrap_or_else(|| empty(options, source));
        let mut draft = Draft {
            definition,
            root: &definition.document.root,
            version: definition.version,
            options,
            source,
            notes: Notes::new(options.aws_strict),
            is_new,
            resources: BTreeMap::new(),
            known: base.resources.iter().map(|resource| (resource.path.clone(), resource.id.clone())).collect(),
            variables: HashMap::new(),
            used: ids(&base),
            methods: BTreeMap::new(),
            models: BTreeMap::new(),
            validators: BTreeMap::new(),
            authorizers: BTreeMap::new(),
            gateway_responses: BTreeMap::new(),
            documentation: base.documentation,
            api: base.api,
        };
        let keeps = options.mode == Mode::Merge;
        for resource in base.resources {
            if keeps || resource.parent.is_none() {
                draft.keep(resource);
            }
        }
        if keeps {
            draft.methods = base.methods.into_iter().map(|method| (method_id(&method.resource, &method.verb), method)).collect();
            draft.models = base.models.into_iter().map(|model| (model.name.clone(), model)).collect();
            draft.validators = base.validators.into_iter().map(|validator| (validator.name.clone(), validator)).collect();
            draft.authorizers = base.authorizers.into_iter().map(|authorizer| (authorizer.name.clone(), authorizer)).collect();
            draft.gateway_responses = base.gateway_responses.into_iter().map(|response| (response.kind.clone(), response)).collect();
        }
        draft
    }

    fn documentation(&mut self) {
        if !self.options.ignore_documentation {
            let old = std::mem::take(&mut self.documentation);
            let Source { ids, .. } = self.source;
            self.documentation = documentation::import::read(self.root, &self.api.id, self.options.mode, old, ids, &mut self.notes).parts;
        }
    }

    fn keep(&mut self, resource: Resource) {
        if let Some(parent) = resource.parent.as_ref().filter(|_| resource.path_part.starts_with('{')) {
            self.variables.insert(parent.clone(), resource.path_part.clone());
        }
        self.resources.insert(resource.path.clone(), resource);
    }

    /// What a node stands for. A reference that leads nowhere stands for nothing, and is told.
    fn follow(&mut self, node: &'d Node) -> Option<&'d Node> {
        refs::follow(self.root, node).map_err(|astray| self.notes.refused_by_aws(astray.at, astray.text)).ok()
    }

    fn short_id(&mut self) -> String {
        loop {
            let id = self.source.ids.lower(ID_CHARS);
            if self.used.insert(id.clone()) {
                return id;
            }
        }
    }

    /// A map of texts. What is no text is left out, and told in AWS's words.
    fn texts(&mut self, node: &'d Node, member: &str, spot: Option<&Spot<'_>>) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for entry in node.entries() {
            let bytes = entry.key.len() + entry.value.text().map_or(0, str::len) + 64;
            if !self.notes.unfold(entry.at, bytes) {
                break;
            }
            match entry.value.text() {
                Some(text) => {
                    found.insert(entry.key.clone(), text.to_owned());
                }
                None => {
                    let of = spot.map_or_else(String::new, |spot| format!(" of resource '{}' and method '{}'", spot.path, spot.verb));
                    let got = shown(&entry.value);
                    let name = &entry.key;
                    let text = format!("Invalid format for '{member}'. Expected type string for property '{name}'{of} but got '{got}'");
                    self.notes.warning(entry.value.at, text);
                }
            }
        }
        found
    }

    fn finish(self) -> Result<Planned, Vec<Problem>> {
        let Draft { notes, mut api, options, .. } = self;
        let refused = notes.has_errors();
        let problems = notes.told();
        let warnings: Vec<String> =
            problems.iter().filter(|problem| problem.severity == Severity::Warning).map(|problem| problem.text.clone()).collect();
        if refused || options.fail_on_warnings && !warnings.is_empty() {
            return Err(problems);
        }
        api.warnings = warnings;
        // In the order in which a view reads them back, so that equal trees have equal texts.
        let mut resources: Vec<Resource> = self.resources.into_values().collect();
        resources.sort_by(|a, b| a.id.cmp(&b.id));
        let mut authorizers: Vec<Authorizer> = self.authorizers.into_values().collect();
        authorizers.sort_by(|a, b| a.id.cmp(&b.id));
        let mut validators: Vec<RequestValidator> = self.validators.into_values().collect();
        validators.sort_by(|a, b| a.id.cmp(&b.id));
        let tree = ApiTree {
            api,
            resources,
            methods: self.methods.into_values().collect(),
            models: self.models.into_values().collect(),
            authorizers,
            validators,
            gateway_responses: self.gateway_responses.into_values().collect(),
            documentation: self.documentation,
        };
        Ok(Planned { tree, problems })
    }
}

/// Every id within an API.
fn ids(tree: &ApiTree) -> HashSet<String> {
    let resources = tree.resources.iter().map(|resource| &resource.id);
    let models = tree.models.iter().map(|model| &model.id);
    let authorizers = tree.authorizers.iter().map(|authorizer| &authorizer.id);
    let validators = tree.validators.iter().map(|validator| &validator.id);
    resources.chain(models).chain(authorizers).chain(validators).cloned().collect()
}

/// An API without anything but its root.
fn empty(options: &Options, source: &Source) -> ApiTree {
    let mut api = build::fresh(source.api.clone(), String::new(), source.now, source.ids.lower(ROOT_ID_CHARS));
    if let Some(endpoint_type) = &options.endpoint_type {
        settings::set_endpoint_type(&mut api, endpoint_type);
    }
    ApiTree {
        resources: vec![build::root(&api)],
        api,
        methods: Vec::new(),
        models: Vec::new(),
        authorizers: Vec::new(),
        validators: Vec::new(),
        gateway_responses: Vec::new(),
        documentation: Vec::new(),
    }
}

/// A method, for what is said of it.
struct Spot<'s> {
    verb: &'s str,
    path: &'s str,
}

impl Spot<'_> {
    /// AWS's words for what could not be put on the method.
    fn cannot_put(&self, what: &str, why: &str) -> String {
        format!("Unable to put {what} on '{}' for resource at path '{}': {why}", self.verb, self.path)
    }
}

/// A value as AWS prints it in a warning.
fn shown(node: &Node) -> String {
    match node.scalar() {
        Some(text) => text.to_owned(),
        None => node.json(&|_| None),
    }
}

/// The texts of a list; a single text is a list of one.
fn listed(node: &Node) -> Vec<String> {
    match node.scalar() {
        Some(text) => vec![text.to_owned()],
        None => node.items().iter().filter_map(Node::scalar).map(str::to_owned).collect(),
    }
}
