//! What is stored of a usage plan, and of a key's membership in one.

use base::store::{Kind, Record, kind};
use base::tally::{Terms, Window};
use base::world::{Day, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A usage plan: whose keys may call which stages, how fast and how often.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsagePlan {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub product_code: Option<String>,
    #[serde(default)]
    pub stages: Vec<PlanStage>,
    pub throttle: Option<Throttle>,
    pub quota: Option<Quota>,
    /// When the quota began to count: its offset holds in that period only.
    pub created: Timestamp,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A stage that a plan covers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanStage {
    pub api: String,
    pub stage: String,
    /// Limits for single methods, by `/path/VERB`: they take the place of the plan's throttle there.
    #[serde(default)]
    pub throttle: BTreeMap<String, Throttle>,
}

/// A token bucket's measure. Absent halves do not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Throttle {
    /// Requests at once.
    pub burst: Option<i64>,
    /// Requests a second.
    pub rate: Option<f64>,
}

/// How many requests a key may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    pub limit: i64,
    /// Taken from the limit in the period in which the plan was made.
    pub offset: i64,
    pub period: Period,
}

/// The window of a quota, by the UTC calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Period {
    Day,
    Week,
    Month,
}

impl Period {
    /// The window that a day lies in. Weeks begin on Sunday, months on the 1st (assumed: AWS does not say).
    pub fn window(self, day: Day) -> Window {
        match self {
            Period::Day => Window { first: day, end: day.plus(1) },
            Period::Week => Window { first: day.start_of_week(), end: day.start_of_week().plus(7) },
            Period::Month => Window { first: day.start_of_month(), end: day.start_of_next_month() },
        }
    }
}

impl UsagePlan {
    /// What the quota promises on a day; `None` without a quota.
    pub fn terms(&self, day: Day) -> Option<Terms> {
        let quota = self.quota?;
        let window = quota.period.window(day);
        let began_here = window.first <= self.created.day() && self.created.day() < window.end;
        let limit = if began_here { quota.limit.saturating_sub(quota.offset) } else { quota.limit };
        Some(Terms { limit: u64::try_from(limit).unwrap_or(0), window })
    }
}

impl Record for UsagePlan {
    const KIND: Kind = kind::USAGE_PLAN;
    fn id(&self) -> String {
        self.id.clone()
    }
}

/// An API key in a usage plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsagePlanKey {
    pub plan: String,
    pub key: String,
    /// What was granted on top of the quota, by the first day of the window: for showing only, the ledger is what counts.
    #[serde(default)]
    pub grants: BTreeMap<Day, i64>,
}

impl Record for UsagePlanKey {
    const KIND: Kind = kind::USAGE_PLAN_KEY;
    fn parent(&self) -> String {
        self.plan.clone()
    }
    fn id(&self) -> String {
        self.key.clone()
    }
}
