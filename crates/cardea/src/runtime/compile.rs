//! From a frozen tree to what a request meets. Pure: the same tree compiles to the same thing. A flaw in one method makes that method
//! answer AWS's 500, as AWS finds such flaws at request time; the rest serves.

use super::router::{Router, Verb};
use base::gate::RouteFacts;
use define::method::record::Method;
use define::rest_api::record::ApiKeySource;
use define::tree::ApiTree;
use deliver::gateway_response::GatewayResponses;
use deliver::integration::{Backend, CompiledIntegration};
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

/// A deployment, ready to be bound to stages.
pub struct CompiledDeployment {
    pub router: Router<u32>,
    pub methods: Vec<CompiledMethod>,
    pub responses: GatewayResponses,
    pub key_source: ApiKeySource,
    /// Keeps the registry's entry alive as long as somebody holds this.
    _entry: Option<Arc<dyn Any + Send + Sync>>,
}

/// One method, ready to be called.
pub struct CompiledMethod {
    pub facts: Arc<RouteFacts>,
    pub api_key_required: bool,
    /// What is done, or all that is wrong with it.
    pub work: Result<CompiledIntegration, Vec<String>>,
    /// Set where who may call is decided by something that is not there yet: then nobody may.
    pub closed: Option<&'static str>,
}

/// Compiles a tree.
pub fn compile(tree: &ApiTree, entry: Option<Arc<dyn Any + Send + Sync>>) -> CompiledDeployment {
    let paths: HashMap<&str, &str> = tree.resources.iter().map(|resource| (resource.id.as_str(), resource.path.as_str())).collect();
    let mut router = Router::default();
    let mut methods = Vec::with_capacity(tree.methods.len());
    for method in &tree.methods {
        let (Some(path), Some(verb)) = (paths.get(method.resource.as_str()), Verb::named(&method.verb)) else { continue };
        let number = u32::try_from(methods.len()).expect("an API has far fewer methods than four thousand million");
        router.insert(path, verb, number);
        methods.push(compile_method(tree, method, path));
    }
    CompiledDeployment {
        router,
        methods,
        responses: GatewayResponses::compile(&tree.gateway_responses),
        key_source: tree.api.api_key_source,
        _entry: entry,
    }
}

fn compile_method(tree: &ApiTree, method: &Method, path: &str) -> CompiledMethod {
    let parameters = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let facts = Arc::new(RouteFacts {
        resource_id: method.resource.as_str().into(),
        resource_path: path.into(),
        verb: method.verb.as_str().into(),
        parameters: parameters.map(|name| name.trim_end_matches('+').into()).collect(),
        operation_name: method.operation_name.clone(),
    });
    let statuses: Vec<&str> = method.responses.keys().map(String::as_str).collect();
    let work = match &method.integration {
        None => Err(vec!["no integration is defined for the method".to_owned()]),
        Some(integration) => CompiledIntegration::compile(integration, &tree.api.id, &statuses)
            .map_err(|flaws| flaws.iter().map(ToString::to_string).collect()),
    };
    CompiledMethod { closed: closed(tree, method), api_key_required: method.api_key_required, work, facts }
}

/// A method that asks for an authorization which this build cannot decide lets nobody in.
fn closed(tree: &ApiTree, method: &Method) -> Option<&'static str> {
    if tree.api.policy.as_deref().is_some_and(|policy| !policy.trim().is_empty()) {
        return Some("the API has a resource policy, and this release does not evaluate resource policies yet");
    }
    match method.authorization_type.to_ascii_uppercase().as_str() {
        "NONE" => None,
        "AWS_IAM" => Some("the method asks for AWS_IAM authorization, which this release does not have yet"),
        _ => Some("the method asks for an authorizer, which this release does not have yet"),
    }
}

/// The methods of a deployment as `(path, verb)`, for telling which came near.
pub fn routes(deployment: &CompiledDeployment) -> impl Iterator<Item = (&str, &str)> {
    deployment.methods.iter().map(|method| (&*method.facts.resource_path, &*method.facts.verb))
}

/// A deployment of one back end behind everything: what `serve --proxy` makes.
pub fn proxy(url: &str) -> Result<CompiledDeployment, Vec<String>> {
    let integration = CompiledIntegration::proxy(url).map_err(|flaws| flaws.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let facts =
        RouteFacts { resource_path: "/{proxy+}".into(), verb: "ANY".into(), parameters: vec!["proxy".into()], ..RouteFacts::default() };
    let method = CompiledMethod { facts: Arc::new(facts), api_key_required: false, work: Ok(integration), closed: None };
    let mut router = Router::default();
    router.insert("/", Verb::Any, 0);
    router.insert("/{proxy+}", Verb::Any, 0);
    Ok(CompiledDeployment {
        router,
        methods: vec![method],
        responses: GatewayResponses::compile(&[]),
        key_source: ApiKeySource::Header,
        _entry: None,
    })
}

/// Whether a back end of this kind was compiled: for tests.
#[cfg(test)]
pub fn is_backend(method: &CompiledMethod, wanted: fn(&Backend) -> bool) -> bool {
    method.work.as_ref().is_ok_and(|work| wanted(work.backend()))
}
