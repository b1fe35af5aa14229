//! Integrations: who makes the answer.
//!
//! [`compile_integration`] makes a method's integration of its record: how the request is mapped, the [`Backend`] that is called, and how
//! its answer is mapped: HTTP, HTTP_PROXY, MOCK, AWS with any service, AWS_PROXY with functions. What is odd of each is told where it is done.

mod aws_service;
mod compile;
mod function;
mod http;
mod lenient;
mod mock;
mod onlooker;
mod private;
pub mod record;
mod role;
#[cfg(test)]
mod tests;
pub(crate) mod trace;
mod uri;
mod websocket;

pub use aws_service::AwsServiceIntegration;
pub use compile::{Backend, CompiledIntegration, MethodFacts, compile_integration};
pub use function::FunctionIntegration;
pub use http::HttpIntegration;
pub use mock::MockIntegration;
pub use onlooker::Onlooker;
