//! A stage as a request meets it: a compiled deployment joined with everything that is live about the stage.

use super::compile::{CompiledDeployment, CompiledMethod};
use super::counts::SeriesNames;
use super::keys::RealmNumber;
use super::logs;
use admit::usage_plan::record::{Throttle, UsagePlan};
use base::gate::{ExecutionLog, Level, Series, StageFacts};
use base::tally::{Bucket, Buckets, Rate, Terms};
use base::world::Day;
use deliver::response_cache::ResponseCache;
use publish::stage::record::{MethodSetting, Stage};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A stage, ready to serve. A request holds it to its end.
pub struct StageView {
    pub base: Variant,
    /// The canary, and the share of requests it gets (0.0 to 1.0).
    pub canary: Option<(f64, Variant)>,
    /// The usage plans that cover this stage.
    pub plans: Vec<Arc<PlanView>>,
    /// The bucket of the account in its region; absent for what belongs to no account.
    pub account: Option<(Arc<Bucket>, Rate)>,
    /// Its account and region, as the ring of API keys knows them.
    pub realm: RealmNumber,
    /// The default endpoint is closed.
    pub endpoint_disabled: bool,
}

/// One deployment behind a stage: the stage's own or its canary's.
pub struct Variant {
    pub facts: Arc<StageFacts>,
    pub deployment: Arc<CompiledDeployment>,
    /// The series that its requests count in.
    pub series: u32,
    /// By method number: the series of a method whose metrics are on; else 0.
    method_series: Vec<u32>,
    /// By method number: the bucket of the stage's throttle for this method.
    throttles: Vec<Option<(Arc<Bucket>, Rate)>>,
    /// By method number: how answers are kept.
    caching: Vec<Option<Caching>>,
    /// By method number: how executions are written down; empty where no method does.
    execution: Vec<Option<Arc<ExecutionLog>>>,
    /// By method number: the limits of single methods in plans, as `/path/VERB`.
    pub method_names: Vec<String>,
}

/// How a method's answers are kept.
pub struct Caching {
    pub cache: Arc<ResponseCache>,
    /// How long, at most an hour.
    pub time: Duration,
    /// Who may ask for a new answer; `None` for everybody.
    pub unauthorized: Option<Unauthorized>,
}

/// What becomes of callers who ask for a new answer and may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unauthorized {
    /// They are refused.
    Refused,
    /// They are served, and told in a header that their wish was ignored.
    Warned,
    /// They are served.
    Served,
}

/// A usage plan, as a request meets it.
pub struct PlanView {
    pub id: Arc<str>,
    pub throttle: Option<Rate>,
    /// Limits for single methods of this stage, by `/path/VERB`.
    pub methods: BTreeMap<String, Rate>,
    /// The plan's record, for its quota's terms.
    record: UsagePlan,
    /// Differs whenever the quota does.
    pub mark: u64,
}

impl PlanView {
    /// A plan as one stage sees it.
    pub fn of(plan: &UsagePlan, api: &str, stage: &str) -> PlanView {
        let here = plan.stages.iter().find(|covered| covered.api == api && covered.stage == stage);
        let methods = here.map(|covered| &covered.throttle).into_iter().flatten();
        PlanView {
            id: plan.id.as_str().into(),
            throttle: plan.throttle.as_ref().and_then(rate),
            methods: methods.filter_map(|(method, throttle)| Some((with_slash(method), rate(throttle)?))).collect(),
            mark: plan.quota.map_or(0, |quota| mark(quota.limit, quota.offset, quota.period as u64)),
            record: plan.clone(),
        }
    }

    /// What the quota promises on a day; `None` without one.
    pub fn terms(&self, day: Day) -> Option<Terms> {
        self.record.terms(day)
    }

    /// Whether there is a quota.
    pub fn has_quota(&self) -> bool {
        self.record.quota.is_some()
    }
}

/// `/pets/GET`; clients also leave the first slash out.
fn with_slash(method: &str) -> String {
    if method.starts_with('/') { method.to_owned() } else { format!("/{method}") }
}

/// A number that differs when the quota does: equal quotas have equal marks.
fn mark(limit: i64, offset: i64, period: u64) -> u64 {
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    [limit as u64, offset as u64, period].into_iter().fold(1, mix) | 1
}

/// The measure of a plan's throttle. A missing half does not limit; with neither there is none.
fn rate(throttle: &Throttle) -> Option<Rate> {
    if throttle.rate.is_none() && throttle.burst.is_none() {
        return None;
    }
    let burst = throttle.burst.map_or(u32::MAX, |burst| u32::try_from(burst.max(0)).unwrap_or(u32::MAX));
    Some(Rate::new(throttle.rate.unwrap_or(f64::from(u32::MAX)), burst))
}

impl Variant {
    /// Joins a deployment with a stage's live settings. The canary shares the stage's buckets.
    pub fn bind(
        facts: StageFacts,
        deployment: Arc<CompiledDeployment>,
        stage: &Stage,
        cache: Option<&Arc<ResponseCache>>,
        buckets: &Buckets,
        names: &SeriesNames,
    ) -> Variant {
        let series = names.stage(&stage.api, &stage.name);
        let number = |method: &CompiledMethod| match setting_of(stage, method) {
            Some(setting) if setting.metrics_enabled => {
                names.method(&stage.api, &stage.name, &method.facts.resource_path, &method.facts.verb)
            }
            _ => 0,
        };
        let method_series = deployment.methods.iter().map(number).collect();
        let throttles = deployment
            .methods
            .iter()
            .map(|method| {
                let setting = setting_of(stage, method)?;
                let rate = stage_rate(setting)?;
                let identity = format!("stage {}/{} {} {}", stage.api, stage.name, method.facts.verb, method.facts.resource_path);
                Some((buckets.named(&identity), rate))
            })
            .collect();
        let method_names = deployment.methods.iter().map(|m| format!("{}/{}", m.facts.resource_path, m.facts.verb)).collect();
        let caching = deployment.methods.iter().map(|method| caching(stage, method, cache?)).collect();
        let execution = execution(stage, &deployment);
        Variant { facts: Arc::new(facts), deployment, series, method_series, throttles, caching, execution, method_names }
    }

    /// A deployment that nothing throttles.
    pub fn bare(facts: StageFacts, deployment: Arc<CompiledDeployment>, names: &SeriesNames) -> Variant {
        let series = names.stage(&facts.api, &facts.stage);
        let method_series = deployment.methods.iter().map(|_| 0).collect();
        let throttles = deployment.methods.iter().map(|_| None).collect();
        let caching = deployment.methods.iter().map(|_| None).collect();
        let method_names = deployment.methods.iter().map(|_| String::new()).collect();
        let execution = Vec::new();
        Variant { facts: Arc::new(facts), deployment, series, method_series, throttles, caching, execution, method_names }
    }

    /// Where the requests of a method count.
    pub fn series_of(&self, method: usize) -> Series {
        Series { stage: self.series, method: self.method_series.get(method).copied().unwrap_or(0) }
    }

    /// The stage's throttle of a method.
    pub fn throttle(&self, method: usize) -> Option<&(Arc<Bucket>, Rate)> {
        self.throttles.get(method)?.as_ref()
    }

    /// How a method's answers are kept; `None` where they are not.
    pub fn caching(&self, method: usize) -> Option<&Caching> {
        self.caching.get(method)?.as_ref()
    }

    /// How a method's executions are written down; `None` where they are not.
    pub fn execution(&self, method: usize) -> Option<&Arc<ExecutionLog>> {
        self.execution.get(method)?.as_ref()
    }
}

/// How executions are written down, by method number; empty where they never are. Most methods of a stage share one setting.
fn execution(stage: &Stage, deployment: &CompiledDeployment) -> Vec<Option<Arc<ExecutionLog>>> {
    let name = logs::execution_log_name(&stage.api, &stage.name);
    let mut known: Vec<Arc<ExecutionLog>> = Vec::new();
    let mut of = |method| {
        let setting = setting_of(stage, method)?;
        let level = match setting.logging_level.as_deref()? {
            "ERROR" => Level::Error,
            "INFO" => Level::Info,
            _ => return None,
        };
        let log = ExecutionLog { name: name.clone(), level, data_trace: setting.data_trace_enabled };
        let same = known.iter().find(|known| (known.level, known.data_trace) == (log.level, log.data_trace)).cloned();
        Some(same.unwrap_or_else(|| {
            let log = Arc::new(log);
            known.push(log.clone());
            log
        }))
    };
    let logs: Vec<_> = deployment.methods.iter().map(&mut of).collect();
    if logs.iter().any(Option::is_some) { logs } else { Vec::new() }
}

/// How a method's answers are kept. The setting for all methods is about GET alone; other verbs need one of their own (documented).
fn caching(stage: &Stage, method: &CompiledMethod, cache: &Arc<ResponseCache>) -> Option<Caching> {
    let setting = match &*method.facts.verb {
        "GET" => setting_of(stage, method)?,
        _ => own_setting(stage, method)?,
    };
    let seconds = u64::try_from(setting.cache_ttl_in_seconds).ok().filter(|seconds| *seconds > 0)?;
    if !setting.caching_enabled {
        return None;
    }
    let unauthorized = match &*setting.unauthorized_cache_control_header_strategy {
        "FAIL_WITH_403" => Unauthorized::Refused,
        "SUCCEED_WITHOUT_RESPONSE_HEADER" => Unauthorized::Served,
        _ => Unauthorized::Warned,
    };
    Some(Caching {
        cache: cache.clone(),
        time: Duration::from_secs(seconds),
        unauthorized: setting.require_authorization_for_cache_control.then_some(unauthorized),
    })
}

/// The setting that holds for a method: its own, else the one for all, else none.
fn setting_of<'a>(stage: &'a Stage, method: &CompiledMethod) -> Option<&'a MethodSetting> {
    own_setting(stage, method).or_else(|| stage.method_settings.get("*/*"))
}

fn own_setting<'a>(stage: &'a Stage, method: &CompiledMethod) -> Option<&'a MethodSetting> {
    let own = |key: &str| {
        let (path, verb) = key.rsplit_once('/')?;
        let path = path.replace("~1", "/").replace("~0", "~");
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        Some(path == *method.facts.resource_path && verb == &*method.facts.verb)
    };
    stage.method_settings.iter().find(|(key, _)| own(key) == Some(true)).map(|(_, setting)| setting)
}

/// A negative limit means none (believed: the console writes -1).
fn stage_rate(setting: &MethodSetting) -> Option<Rate> {
    if setting.throttling_rate_limit < 0.0 || setting.throttling_burst_limit < 0 {
        return None;
    }
    let burst = u32::try_from(setting.throttling_burst_limit).unwrap_or(u32::MAX);
    Some(Rate::new(setting.throttling_rate_limit, burst))
}
