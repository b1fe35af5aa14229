//! From a frozen tree to what a request meets. Pure: the same tree compiles to the same thing. A flaw in one method makes that method
//! answer AWS's 500, as AWS finds such flaws at request time; the rest serves.

use super::router::{Router, Verb};
use admit::request_validator::Validation;
use admit::resource_policy::ResourcePolicy;
use base::gate::RouteFacts;
use define::method::record::Method;
use define::rest_api::record::ApiKeySource;
use define::tree::ApiTree;
use deliver::gateway_response::GatewayResponses;
use deliver::integration::record::{Integration, IntegrationType, PassthroughBehavior, TIMEOUT_MS_DEFAULT};
use deliver::integration::{CompiledIntegration, MethodFacts, compile_integration};
use deliver::mapping::BinaryTypes;
use jsonkit::Schema;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A deployment, ready to be bound to stages.
pub struct CompiledDeployment {
    pub router: Router<u32>,
    pub methods: Vec<CompiledMethod>,
    /// Who may call, as the API itself says it.
    pub policy: Option<ResourcePolicy>,
    pub responses: GatewayResponses,
    /// What is wrong with the API's gateway responses: those parts are left out.
    pub flaws: Vec<String>,
    pub key_source: ApiKeySource,
    /// Bytes from which on answers are packed for callers who take it so; `None` for never.
    pub packs_from_bytes: Option<u64>,
    /// A slash at the end of a path goes to the back end, too: AWS drops it, a plain proxy must not.
    pub takes_paths_whole: bool,
}

/// One method, ready to be called.
pub struct CompiledMethod {
    pub facts: Arc<RouteFacts>,
    pub api_key_required: bool,
    /// What is asked of requests; mostly nothing.
    pub validation: Option<Box<Validation>>,
    /// What is done, or all that is wrong with it.
    pub work: Result<CompiledIntegration, Vec<String>>,
    pub authorization: Authorization,
}

/// How a method finds out who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// It does not.
    Open,
    /// By a signature.
    Signed,
    /// By something that is not there yet: nobody may call, and this is why.
    Undecided(&'static str),
}

/// What holds for every method of an API.
struct Shared<'t> {
    tree: &'t ApiTree,
    binary: Arc<BinaryTypes>,
    aws_strict: bool,
    /// The models that methods name, each compiled once.
    schemas: RefCell<HashMap<String, Result<Arc<Schema>, String>>>,
}

/// Compiles a tree. Under `aws_strict` nothing is done that AWS has not.
pub fn compile(tree: &ApiTree, aws_strict: bool) -> CompiledDeployment {
    let binary = Arc::new(BinaryTypes::compile(tree.api.binary_media_types.iter().map(String::as_str)));
    let shared = Shared { tree, binary, aws_strict, schemas: RefCell::default() };
    let paths: HashMap<&str, &str> = tree.resources.iter().map(|resource| (resource.id.as_str(), resource.path.as_str())).collect();
    let mut router = Router::default();
    let mut methods = Vec::with_capacity(tree.methods.len());
    for method in &tree.methods {
        let (Some(path), Some(verb)) = (paths.get(method.resource.as_str()), Verb::named(&method.verb)) else { continue };
        let number = u32::try_from(methods.len()).expect("an API has far fewer methods than four thousand million");
        router.insert(path, verb, number);
        methods.push(compile_method(&shared, method, path));
    }
    let (responses, flaws) = GatewayResponses::compile(&tree.gateway_responses);
    let policy = ResourcePolicy::of(tree.api.policy.as_deref(), tree.api.endpoint_type == "PRIVATE");
    CompiledDeployment {
        router,
        methods,
        policy,
        responses,
        flaws: flaws.iter().map(ToString::to_string).collect(),
        key_source: tree.api.api_key_source,
        packs_from_bytes: tree.api.minimum_compression_size.map(u64::from),
        takes_paths_whole: false,
    }
}

fn compile_method(shared: &Shared<'_>, method: &Method, path: &str) -> CompiledMethod {
    let parameters = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let facts = Arc::new(RouteFacts {
        resource_id: method.resource.as_str().into(),
        resource_path: path.into(),
        verb: method.verb.as_str().into(),
        parameters: parameters.map(|name| name.trim_end_matches('+').into()).collect(),
        operation_name: method.operation_name.clone(),
    });
    let statuses: Vec<&str> = method.responses.keys().map(String::as_str).collect();
    let mut flaws = Vec::new();
    let validation = validation(shared, method, &mut flaws);
    let authorization = authorization(method);
    let is_signed = authorization == Authorization::Signed;
    let work = match &method.integration {
        _ if !flaws.is_empty() => Err(flaws),
        None => Err(vec!["no integration is defined for the method".to_owned()]),
        Some(integration) => {
            let (binary, converts_proxied) = (shared.binary.clone(), shared.aws_strict);
            integrate(&MethodFacts { is_signed, response_statuses: &statuses, binary, converts_proxied }, integration)
        }
    };
    CompiledMethod { authorization, api_key_required: method.api_key_required, validation, work, facts }
}

/// What a method asks of its requests, by its validator.
fn validation(shared: &Shared<'_>, method: &Method, flaws: &mut Vec<String>) -> Option<Box<Validation>> {
    let id = method.request_validator.as_ref()?;
    let validator = shared.tree.validators.iter().find(|validator| validator.id == *id)?;
    let none = BTreeMap::new();
    let parameters = method.request_parameters.as_ref().filter(|_| validator.parameters).unwrap_or(&none);
    let mut models = Vec::new();
    for (media, model) in method.request_models.iter().flatten().filter(|_| validator.body) {
        match shared.schema(model) {
            Ok(schema) => models.push((media.clone(), schema)),
            Err(why) => flaws.push(format!("the model {model}: {why}")),
        }
    }
    let validation = Validation::parameters(parameters).and_body(models);
    (!validation.is_empty()).then(|| Box::new(validation))
}

impl Shared<'_> {
    /// A model's schema, compiled.
    fn schema(&self, name: &str) -> Result<Arc<Schema>, String> {
        let known = self.schemas.borrow().get(name).cloned();
        known.unwrap_or_else(|| {
            let made = self.compile_schema(name);
            self.schemas.borrow_mut().insert(name.to_owned(), made.clone());
            made
        })
    }

    fn compile_schema(&self, name: &str) -> Result<Arc<Schema>, String> {
        let root = self.model(name).ok_or("there is none of this name")??;
        // Models name each other by whole URLs, whose end is what counts: an imported one may have been written for another API.
        let mut sibling = |url: &str| self.model(url.rsplit_once("/models/")?.1)?.ok();
        let base = format!("https://apigateway.amazonaws.com/restapis/{}/models/{name}", self.tree.api.id);
        Schema::compile(&root, &base, &mut sibling).map(Arc::new).map_err(|why| why.to_string())
    }

    fn model(&self, name: &str) -> Option<Result<jsonkit::Value, String>> {
        let model = self.tree.models.iter().find(|model| model.name == name)?;
        let text = model.schema.as_deref().unwrap_or("{}");
        Some(jsonkit::parse(text.as_bytes()).map_err(|why| format!("its schema is no JSON: {why}")))
    }
}

/// A method that asks for an authorization which this build cannot decide lets nobody in.
fn authorization(method: &Method) -> Authorization {
    match method.authorization_type.to_ascii_uppercase().as_str() {
        "NONE" => Authorization::Open,
        "AWS_IAM" => Authorization::Signed,
        _ => Authorization::Undecided("the method asks for an authorizer, which this release does not have yet"),
    }
}

/// The methods of a deployment as `(path, verb)`, for telling which came near.
pub fn routes(deployment: &CompiledDeployment) -> impl Iterator<Item = (&str, &str)> {
    deployment.methods.iter().map(|method| (&*method.facts.resource_path, &*method.facts.verb))
}

/// A deployment of one back end behind everything: what `serve --proxy` makes.
pub fn proxy(url: &str) -> Result<CompiledDeployment, Vec<String>> {
    let (mut router, mut methods) = (Router::default(), Vec::new());
    for (path, parameters) in [("/", vec![]), ("/{proxy+}", vec!["proxy".into()])] {
        let uri = format!("{url}{}", path.replace('+', ""));
        let work = integrate(&MethodFacts::default(), &whatever_comes(uri))?;
        let facts = RouteFacts { resource_path: path.into(), verb: "ANY".into(), parameters, ..RouteFacts::default() };
        router.insert(path, Verb::Any, methods.len() as u32);
        let (facts, authorization) = (Arc::new(facts), Authorization::Open);
        methods.push(CompiledMethod { facts, api_key_required: false, validation: None, work: Ok(work), authorization });
    }
    Ok(CompiledDeployment {
        router,
        methods,
        policy: None,
        responses: GatewayResponses::default(),
        flaws: Vec::new(),
        key_source: ApiKeySource::Header,
        packs_from_bytes: None,
        takes_paths_whole: true,
    })
}

/// An integration that passes everything through.
fn whatever_comes(uri: String) -> Integration {
    let path = std::collections::BTreeMap::from([("integration.request.path.proxy".to_owned(), "method.request.path.proxy".to_owned())]);
    Integration {
        kind: IntegrationType::HttpProxy,
        http_method: Some("ANY".into()),
        request_parameters: uri.contains("{proxy}").then_some(path),
        uri: Some(uri),
        connection_type: Some("INTERNET".into()),
        connection_id: None,
        credentials: None,
        request_templates: None,
        passthrough_behavior: PassthroughBehavior::WhenNoMatch,
        content_handling: None,
        timeout_ms: TIMEOUT_MS_DEFAULT,
        cache_namespace: String::new(),
        cache_key_parameters: Vec::new(),
        insecure_skip_verification: None,
        response_transfer_mode: None,
        target: None,
        responses: Default::default(),
    }
}

fn integrate(method: &MethodFacts<'_>, integration: &Integration) -> Result<CompiledIntegration, Vec<String>> {
    compile_integration(method, integration).map_err(|flaws| flaws.iter().map(ToString::to_string).collect())
}
