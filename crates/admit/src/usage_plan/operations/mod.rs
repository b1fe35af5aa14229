//! What the control API does with usage plans: the plans themselves, the keys in them, and what the keys have used.

mod key;
mod patches;
mod plan;
mod usage;
mod wire;

use base::api::{Entry, op};

/// What the control API can do with usage plans.
pub const OPERATIONS: &[Entry] = &[
    op::<plan::CreateUsagePlan>(),
    op::<plan::GetUsagePlans>(),
    op::<plan::GetUsagePlan>(),
    op::<plan::UpdateUsagePlan>(),
    op::<plan::DeleteUsagePlan>(),
    op::<key::CreateUsagePlanKey>(),
    op::<key::GetUsagePlanKeys>(),
    op::<key::GetUsagePlanKey>(),
    op::<key::DeleteUsagePlanKey>(),
    op::<usage::GetUsage>(),
    op::<usage::UpdateUsage>(),
];
