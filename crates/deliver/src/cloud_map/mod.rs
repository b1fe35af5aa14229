//! Cloud Map, as far as private integrations need it: namespaces, services, and instances that are registered and discovered.
//!
//! AWS does most of it later and hands out the id of an operation; here it is done when it is answered, and the id tells all that
//! `GetOperation` says, so that nothing is kept for it. DNS namespaces are names like the others: nobody answers DNS for them. Members and
//! errors: the service's own model, and the atlas (neighbours §4); texts of errors are assumed.

pub mod operations;
pub mod record;
#[cfg(test)]
mod tests;
