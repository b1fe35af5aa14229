//! From a method's record to what a request meets.

use super::aws_service::AwsServiceIntegration;
use super::function::FunctionIntegration;
use super::http::HttpIntegration;
use super::mock::MockIntegration;
use super::onlooker::Onlooker;
use super::record::{Integration, IntegrationType};
use crate::Flaw;
use crate::function::{Transfer, is_function_uri};
use crate::mapping::{BinaryTypes, IntegrationRequest, IntegrationResponse};
use crate::response_cache::CacheKey;
use crate::upstream::Upstreams;
use base::gate::{Ask, Exchange, LocalBoxFuture, Refusal, Reply, Stage};
use std::sync::Arc;

/// What a method's integration must know of its API and its method.
#[derive(Clone, Debug, Default)]
pub struct MethodFacts<'a> {
    /// The caller signs with AWS credentials: its `Authorization` is for the gateway alone.
    pub is_signed: bool,
    /// The statuses of its method responses.
    pub response_statuses: &'a [&'a str],
    /// The API's binary media types.
    pub binary: Arc<BinaryTypes>,
    /// Proxied payloads are text where they are not binary, as AWS has it (`aws-strict`); else they pass as they are.
    pub converts_proxied: bool,
}

/// A method's integration, ready.
#[derive(Debug)]
pub struct CompiledIntegration {
    /// How the request is mapped.
    pub request: IntegrationRequest,
    /// Who is called.
    pub backend: Backend,
    /// How the answer is mapped.
    pub response: IntegrationResponse,
    /// What answers are kept by, where the stage keeps them; `None` for those that stream.
    pub cache_key: Option<CacheKey>,
    /// Answers pass as they come: they are not packed either.
    pub streams: bool,
}

/// Who makes the answer.
#[derive(Debug)]
pub enum Backend {
    Http(Box<HttpIntegration>),
    Function(Box<FunctionIntegration>),
    Service(Box<AwsServiceIntegration>),
    Mock(MockIntegration),
}

/// Compiles a method's integration, or tells all its flaws.
pub fn compile_integration(method: &MethodFacts<'_>, record: &Integration) -> Result<CompiledIntegration, Vec<Flaw>> {
    let mut flaws = Vec::new();
    let backend = match record.kind {
        IntegrationType::Http | IntegrationType::HttpProxy => {
            HttpIntegration::compile(record, method).map(|http| Backend::Http(Box::new(http)))
        }
        IntegrationType::Mock => Ok(Backend::Mock(MockIntegration)),
        IntegrationType::Aws if !record.uri.as_deref().is_some_and(is_function_uri) => {
            AwsServiceIntegration::compile(record).map(|service| Backend::Service(Box::new(service)))
        }
        IntegrationType::Aws | IntegrationType::AwsProxy => {
            FunctionIntegration::compile(record, method).map(|function| Backend::Function(Box::new(function)))
        }
    };
    let backend = backend.map_err(|flaw| flaws.push(flaw)).ok();
    let request = IntegrationRequest::compile(record, method, &mut flaws);
    let response = IntegrationResponse::compile(record, method, &mut flaws);
    let streams = Transfer::named(record.response_transfer_mode.as_deref()) == Transfer::Stream;
    if streams && !matches!(record.kind, IntegrationType::HttpProxy | IntegrationType::AwsProxy) {
        flaws.push(Flaw::new("only HTTP_PROXY and AWS_PROXY can stream"));
    }
    let cache_key = (!streams).then(|| CacheKey::compile(record, &mut flaws));
    match backend {
        Some(backend) if flaws.is_empty() => Ok(CompiledIntegration { request, backend, response, cache_key, streams }),
        _ => {
            // What fills the URI is looked at twice.
            let mut told: Vec<Flaw> = Vec::with_capacity(flaws.len());
            for flaw in flaws {
                if !told.contains(&flaw) {
                    told.push(flaw);
                }
            }
            Err(told)
        }
    }
}

impl Backend {
    /// Asks the back end.
    pub async fn call<O: Onlooker>(&self, upstreams: &Upstreams, ask: Ask, ex: &mut Exchange, onlooker: &mut O) -> Result<Reply, Refusal> {
        match self {
            Backend::Http(http) => http.call(upstreams, ask, ex, onlooker).await,
            // Boxed, as it is large: the future of every call would carry it.
            Backend::Function(function) => Box::pin(function.call(upstreams, ask, ex, onlooker)).await,
            Backend::Service(service) => Box::pin(service.call(upstreams, ask, ex, onlooker)).await,
            Backend::Mock(mock) => mock.call(&ask),
        }
    }
}

impl CompiledIntegration {
    /// The whole way there and back, noted step by step. Bodies that mappings read are taken up to `body_bytes_max` bytes.
    pub fn answer<'a>(
        &'a self,
        upstreams: &'a Upstreams,
        ex: &'a mut Exchange,
        body_bytes_max: u64,
    ) -> impl Future<Output = Result<Reply, Refusal>> + use<'a> {
        self.answer_before(upstreams, ex, body_bytes_max, ())
    }

    /// The same for an exchange with a story, which is told what happens. Apart and boxed, as it is rare: the future of every request
    /// would carry it.
    #[cold]
    #[inline(never)]
    pub fn answer_told<'a>(
        &'a self,
        upstreams: &'a Upstreams,
        ex: &'a mut Exchange,
        body_bytes_max: u64,
    ) -> LocalBoxFuture<'a, Result<Reply, Refusal>> {
        match ex.story.clone() {
            Some(story) => Box::pin(self.answer_before(upstreams, ex, body_bytes_max, story)),
            None => Box::pin(self.answer(upstreams, ex, body_bytes_max)),
        }
    }

    /// The same, before somebody who looks on.
    async fn answer_before<O: Onlooker>(
        &self,
        upstreams: &Upstreams,
        ex: &mut Exchange,
        body_bytes_max: u64,
        mut onlooker: O,
    ) -> Result<Reply, Refusal> {
        let read = self.request.read_body(ex, body_bytes_max).await;
        let asked = read.and_then(|()| self.request.apply(ex));
        let ask = ex.notes.outcome(Stage::IntegrationRequest, asked)?;
        let called = self.backend.call(upstreams, ask, ex, &mut onlooker).await;
        let mut reply = ex.notes.outcome(Stage::Integration, called)?;
        if O::LOOKS && matches!(self.backend, Backend::Http(_) | Backend::Service(_)) {
            let latency = ex.notes.upstream.answered.since(ex.notes.upstream.began);
            onlooker.answered(latency.as_millis() as u64, &mut reply);
        }
        let read = self.response.read_body(&mut reply, body_bytes_max).await;
        let answered = read.and_then(|()| self.response.apply(reply, ex));
        ex.notes.outcome(Stage::IntegrationResponse, answered)
    }
}
