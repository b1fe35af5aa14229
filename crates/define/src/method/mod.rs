//! Methods: a verb on a resource, with its responses and its integration.
//!
//! One record holds all of it, since AWS nests it, shows it together and deletes it together; so the operations of integrations are
//! here too, one file per noun. What AWS promises, and what is odd:
//!
//! - An unknown API is told of as an unknown *resource*; then come the method, the integration, and the response, each with its noun.
//! - Existence is checked before sense: a wrong verb on a wrong resource is a wrong resource.
//! - A method is put once, an integration (with its responses forgotten) and an integration response as often as one likes.
//! - An integration response may be put before the method response it stands for; what is missing shows at run time.
//! - Maps that were sent empty are echoed empty; maps that were emptied by a patch are gone.

pub(crate) mod expressions;
mod integration;
pub mod integration_check;
mod integration_response;
mod maps;
#[expect(clippy::module_inception, reason = "one file per noun, and the first noun is the folder's")]
mod method;
mod method_response;
pub mod record;
mod references;
mod spot;
mod test_invoke;
#[cfg(test)]
mod tests;
pub mod wire;

pub use integration::{DeleteIntegration, GetIntegration, PutIntegration, UpdateIntegration};
pub use integration_response::{DeleteIntegrationResponse, GetIntegrationResponse, PutIntegrationResponse, UpdateIntegrationResponse};
pub use method::{DeleteMethod, GetMethod, PutMethod, UpdateMethod, check as check_method};
pub use method_response::{DeleteMethodResponse, GetMethodResponse, PutMethodResponse, UpdateMethodResponse, check as check_response};
pub(crate) use references::first_user;
pub use references::{DeleteAuthorizer, DeleteRequestValidator, DeleteVpcLink};
pub use test_invoke::TestInvokeMethod;

use base::api::{Entry, op};

/// The operations of methods and what is in them.
pub const OPERATIONS: &[Entry] = &[
    op::<PutMethod>(),
    op::<GetMethod>(),
    op::<UpdateMethod>(),
    op::<DeleteMethod>(),
    op::<PutMethodResponse>(),
    op::<GetMethodResponse>(),
    op::<UpdateMethodResponse>(),
    op::<DeleteMethodResponse>(),
    op::<PutIntegration>(),
    op::<GetIntegration>(),
    op::<UpdateIntegration>(),
    op::<DeleteIntegration>(),
    op::<PutIntegrationResponse>(),
    op::<GetIntegrationResponse>(),
    op::<UpdateIntegrationResponse>(),
    op::<DeleteIntegrationResponse>(),
    op::<DeleteAuthorizer>(),
    op::<DeleteRequestValidator>(),
    op::<DeleteVpcLink>(),
    op::<TestInvokeMethod>(),
];
