//! What an API was and is: two moments of it compared, what was done to it, and a past definition
//! brought back. Ours, since AWS has nothing like it; so it lives under
//! `/_cardea`, apart from AWS's operations, and is signed for the service `cardea`.
//!
//! A moment is written as `API` (its definition as it stands), `API/STAGE` (what the stage serves) or `API@DEPLOYMENT` (what that
//! deployment froze). Two stages are compared with their live settings as well; a stage and anything else only by what is frozen, since
//! nothing else has such settings. A stage's canary is not looked at: name its deployment.

mod history;
mod moment;
mod names;
mod operations;
mod restore;
#[cfg(test)]
mod tests;

pub use operations::OPERATIONS;
