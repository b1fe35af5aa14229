//! Several places behind one name: who is asked next, who is left out, and when another is asked again.
//!
//! A [`Plan`] says what stands behind a name, from configuration, a file, DNS, or the wire APIs of load balancers and Cloud Map. The
//! [`Registry`] keeps all plans, by ARN; the state of each target ([`Peer`]) lives there by identity, outlives deployments and changes of
//! the list, and is shared by all data threads as atomics. What an integration asks for is an [`Entry`], found once; it holds a [`Rota`],
//! the order of turns over the targets that are well, made anew off the data threads whenever that changes. So a choice is one load, one
//! step of a cursor and a look at one target: no lock, no allocation, no list of targets to walk.
//!
//! Targets are left out when health checks say so (active, by the control runtime: [`Registry::keep`]), or when requests fail on them
//! (passive, by the data threads themselves, at once). If that leaves none, all are asked, as load balancers do. Retries are bounded by a
//! budget that is a share of the requests. All of it is off where the plan's [`Terms`] say nothing.

mod choice;
mod directory;
mod doctor;
mod peer;
mod registry;
mod rota;
mod schedule;
mod terms;
#[cfg(test)]
mod tests;

pub use choice::Asking;
pub(in crate::upstream) use choice::Choice;
pub use directory::{Directory, Endpoint, Forward, Link, Plan, Wanted};
pub(in crate::upstream) use peer::InUse;
pub use peer::{Health, Peer};
pub use registry::{Entry, PeerState, Registry};
pub use terms::{Balance, Check, HashBy, HttpCheck, RETRIES_MAX, Terms, WEIGHT_MAX};
