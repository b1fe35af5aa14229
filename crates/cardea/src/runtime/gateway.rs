//! The running half of a node: the table, the key ring, what is counted; and the follower that keeps them true to the store.

use super::caches::Caches;
use super::compile::{CompiledDeployment, compile};
use super::counts::SeriesNames;
use super::domains::Domains;
use super::functions::Hosting;
use super::keys::KeyRing;
use super::logs::{self, Logs};
use super::model::{Model, Stale};
use super::networks::Networks;
use super::table::{ApiEntry, Recipe, StageSlot, Table};
use super::view::{PlanView, StageView, Variant};
use admit::identity::Keys;
use admit::usage_plan::record::UsagePlan;
use arc_swap::ArcSwap;
use base::api::{ApiError, Progress, Running};
use base::gate::{AccessFormat, AccessLog, StageFacts};
use base::store::{BoxFuture, Realm, Revision, Sealer, Store, StoreError};
use base::tally::{Buckets, Meter, Quotas, Rate};
use base::world::{Clock, Day};
use define::rest_api::record::RestApi;
use define::tree::ApiTree;
use deliver::response_cache::cluster_bytes;
use deliver::upstream::balance::{Registry, Terms};
use publish::stage::record::Stage;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::watch;

/// What data threads and control calls share of the running half.
pub struct Gateway {
    pub table: Arc<ArcSwap<Table>>,
    pub keys: KeyRing,
    pub buckets: Buckets,
    pub quotas: Quotas,
    pub clock: Clock,
    pub settings: GatewaySettings,
    pub logs: Logs,
    pub series: SeriesNames,
    pub caches: Caches,
    /// Whose access keys sign calls of deployed APIs.
    pub signers: Arc<dyn Keys>,
    store: Arc<dyn Store>,
    sealer: Arc<Sealer>,
    /// Where compiling and reading happen: never on a data thread.
    background: tokio::runtime::Handle,
    model: Mutex<Model>,
    deployments: Mutex<HashMap<String, Arc<Shared>>>,
    applied: watch::Sender<Revision>,
    /// Functions that are hosted here.
    hosting: Option<Hosting>,
    /// What stands behind the names of private integrations.
    pub registry: Arc<Registry>,
    networks: Networks,
}

/// A compiled deployment, as long as some stage holds it. Whoever compiles it holds the lock, so that it is done once for all who wait.
type Shared = tokio::sync::Mutex<Weak<CompiledDeployment>>;

/// What the operator set.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// The throttle of an account in a region; `None` for none.
    pub account_rate: Option<Rate>,
    /// Where every request of this node is written down; `None` for nowhere.
    pub access_log: Option<Arc<str>>,
    /// Requests that take longer are kept for `explain` longer.
    pub slow_ms: u64,
    /// Requests kept for `explain`, per thread.
    pub explain_requests_per_thread: usize,
    /// Bytes that the response caches of all stages may hold.
    pub response_cache_bytes_max: u64,
    /// Bytes of a body that is held whole.
    pub payload_bytes_max: u64,
    /// Nothing is done that AWS has not.
    pub aws_strict: bool,
    /// How targets behind load balancers are treated where nobody says.
    pub usual_terms: Terms,
}

/// When the follower ends, for whatever reason, nobody waits for it any more.
struct AtTheEnd<'a>(&'a watch::Sender<Revision>);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.send_replace(Revision(u64::MAX));
    }
}

/// Everything that is needed to make one stage, taken out of the model while it stood still.
struct Parts {
    realm: Realm,
    realm_name: Arc<str>,
    api: RestApi,
    stage: Stage,
    plans: Vec<UsagePlan>,
    tree: Option<String>,
    canary_tree: Option<String>,
}

impl Gateway {
    /// A gateway that knows nothing yet: [`Gateway::follow`] fills it.
    pub fn new(
        store: Arc<dyn Store>,
        sealer: Arc<Sealer>,
        clock: Clock,
        quotas: Quotas,
        logs: Logs,
        settings: GatewaySettings,
        background: tokio::runtime::Handle,
    ) -> Gateway {
        let registry = Arc::new(Registry::new(clock.clone()));
        Gateway {
            networks: Networks::new(registry.clone(), settings.usual_terms.clone()),
            registry,
            table: Arc::default(),
            keys: KeyRing::default(),
            buckets: Buckets::default(),
            quotas,
            clock,
            caches: Caches::new(settings.response_cache_bytes_max),
            signers: Arc::new(()),
            settings,
            logs,
            series: SeriesNames::default(),
            store,
            sealer,
            background,
            model: Mutex::default(),
            deployments: Mutex::default(),
            applied: watch::Sender::new(Revision(0)),
            hosting: None,
        }
    }

    /// The same, with functions hosted.
    pub fn with_functions(self, hosting: Hosting) -> Gateway {
        Gateway { hosting: Some(hosting), ..self }
    }

    /// Knows these access keys from then on; else none.
    pub fn knowing(self, signers: Arc<dyn Keys>) -> Gateway {
        Gateway { signers, ..self }
    }

    /// Loads what is stored, then follows every change until the store closes. Answers once the first table is there.
    pub async fn follow(self: &Arc<Self>, proxies: Vec<(String, Arc<StageSlot>)>) -> Result<tokio::task::JoinHandle<()>, StoreError> {
        let me = self.clone();
        let load = move |view: &dyn base::store::View| {
            let model = Model::load(view, &me.sealer, &me.keys)?;
            let mut table = Table { revision: view.revision(), proxies, ..Table::default() };
            let mut domains = Domains::default();
            for name in model.domains.names() {
                domains.set(name, model.domains.make(name));
            }
            table.domains = Arc::new(domains);
            for (id, api) in &model.apis {
                let id: Arc<str> = id.as_str().into();
                let slot = |name: &String| {
                    let stage: Arc<str> = name.as_str().into();
                    (stage.clone(), Arc::new(StageSlot::later(Recipe { api: id.clone(), stage })))
                };
                table.apis.insert(id.clone(), Arc::new(ApiEntry { stages: api.stages.keys().map(slot).collect() }));
            }
            if let Some(hosting) = &me.hosting {
                hosting.load(view)?;
            }
            me.networks.load(view)?;
            me.applied.send_replace(table.revision);
            me.table.store(Arc::new(table));
            *me.model() = model;
            Ok(())
        };
        let mut follower = self.store.follow(Box::new(load)).await?;
        let me = self.clone();
        Ok(self.background.spawn(async move {
            let _end = AtTheEnd(&me.applied);
            while let Some(changes) = follower.0.recv().await {
                let Some(revision) = changes.first().map(|change| change.revision) else { continue };
                if let Some(hosting) = &me.hosting {
                    hosting.apply(&changes);
                }
                me.networks.apply(&changes);
                let stale = me.model().apply(&changes, &me.sealer, &me.keys);
                me.publish(revision, stale).await;
            }
        }))
    }

    fn model(&self) -> std::sync::MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes what is stale anew and swaps the table. Stages that were not in use yet stay unmade; all others are ready when they appear.
    async fn publish(self: &Arc<Self>, revision: Revision, stale: Stale) {
        let before = self.table.load_full();
        let mut table = Table::clone(&before);
        table.revision = revision;
        for api in &stale.apis {
            let known = self.model().apis.contains_key(api);
            match (known, table.apis.contains_key(api.as_str())) {
                (true, false) => drop(table.apis.insert(api.as_str().into(), Arc::default())),
                (false, true) => drop(table.apis.remove(api.as_str())),
                _ => {}
            }
        }
        if !stale.domains.is_empty() {
            let domains = Arc::make_mut(&mut table.domains);
            let model = self.model();
            for name in &stale.domains {
                domains.set(name, model.domains.make(name));
            }
        }
        for (api, stage) in &stale.stages {
            let Some(entry) = table.apis.get(api.as_str()) else { continue };
            let mut entry = ApiEntry::clone(entry);
            let recipe = Recipe { api: api.as_str().into(), stage: stage.as_str().into() };
            let exists = self.model().apis.get(api).is_some_and(|api| api.stages.contains_key(stage));
            if exists {
                let view = self.clone().make(recipe.clone()).await;
                entry.stages.insert(recipe.stage.clone(), Arc::new(StageSlot::made(recipe, view)));
            } else {
                entry.stages.remove(stage.as_str());
                self.caches.drop_stage(api, stage);
            }
            table.apis.insert(api.as_str().into(), Arc::new(entry));
        }
        self.table.store(Arc::new(table));
        self.applied.send_replace(revision);
        // The old table may be the last to hold large things: it is dropped here, off the data threads.
        drop(before);
    }

    /// Makes a stage, off the data threads.
    pub async fn make(self: Arc<Self>, recipe: Recipe) -> Result<Arc<StageView>, Arc<str>> {
        let background = self.background.clone();
        let work = background.spawn(async move {
            let parts = self.parts(&recipe).ok_or_else(|| Arc::<str>::from("the stage is gone"))?;
            let missing = || Arc::<str>::from("the stage's deployment is not stored");
            let base = self.deployment(parts.tree.as_deref().ok_or_else(missing)?).await?;
            let canary = match &parts.canary_tree {
                Some(digest) => Some(self.deployment(digest).await?),
                None => None,
            };
            Ok(Arc::new(self.bind(&parts, base, canary)))
        });
        work.await.unwrap_or_else(|why| Err(format!("compiling the stage failed: {why}").into()))
    }

    fn parts(&self, recipe: &Recipe) -> Option<Parts> {
        let mut model = self.model();
        let api = model.apis.get(&*recipe.api)?;
        let stage = api.stages.get(&*recipe.stage)?.clone();
        let realm = api.realm.clone();
        let parts = Parts {
            api: api.api.clone(),
            plans: model.plans_of(&realm, &recipe.api, &recipe.stage),
            tree: api.deployments.get(&stage.deployment).cloned(),
            canary_tree: stage.canary.as_ref().and_then(|canary| api.deployments.get(&canary.deployment)).cloned(),
            realm_name: model.realm(&realm),
            realm,
            stage,
        };
        Some(parts)
    }

    /// The compiled deployment of a digest: shared by every stage on it, compiled once.
    async fn deployment(&self, digest: &str) -> Result<Arc<CompiledDeployment>, Arc<str>> {
        let shared = {
            let mut known = self.deployments.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever compiles has a hand on it; else it lives as long as its deployment.
            let is_used =
                |shared: &Arc<Shared>| Arc::strong_count(shared) > 1 || shared.try_lock().is_ok_and(|compiled| compiled.strong_count() > 0);
            known.retain(|_, shared| is_used(shared));
            known.entry(digest.to_owned()).or_default().clone()
        };
        let mut compiled = shared.lock().await;
        if let Some(known) = compiled.upgrade() {
            return Ok(known);
        }
        let fresh = self.read_and_compile(digest.to_owned()).await?;
        *compiled = Arc::downgrade(&fresh);
        Ok(fresh)
    }

    /// How many compiled deployments are in memory: those that stages hold, and those that running requests or data threads still hold.
    pub fn deployments(&self) -> usize {
        let known = self.deployments.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().filter(|shared| shared.try_lock().is_ok_and(|compiled| compiled.strong_count() > 0)).count()
    }

    async fn read_and_compile(&self, digest: String) -> Result<Arc<CompiledDeployment>, Arc<str>> {
        let slot = Arc::new(Mutex::new(None));
        let found = slot.clone();
        let read = move |view: &dyn base::store::View| {
            *found.lock().unwrap_or_else(PoisonError::into_inner) = view.frozen(&digest)?;
            Ok(())
        };
        self.store.read(Box::new(read)).await.map_err(|why| Arc::from(why.to_string()))?;
        let text = slot.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or("the deployment's frozen tree is not stored")?;
        let aws_strict = self.settings.aws_strict;
        let work = tokio::task::spawn_blocking(move || {
            let tree: ApiTree = serde_json::from_str(&text).map_err(|why| format!("the deployment's frozen tree cannot be read: {why}"))?;
            let compiled = compile(&tree, aws_strict);
            for flaw in &compiled.flaws {
                tracing::warn!(api = tree.api.id, flaw, "a part of the API's gateway responses is left out");
            }
            if let Some(flaw) = compiled.policy.as_ref().and_then(|policy| policy.flaw()) {
                tracing::warn!(api = tree.api.id, flaw, "the API's resource policy cannot be evaluated: nobody may call the API");
            }
            Ok::<_, String>(Arc::new(compiled))
        });
        work.await.map_err(|why| Arc::from(why.to_string()))?.map_err(Arc::from)
    }

    fn bind(&self, parts: &Parts, base: Arc<CompiledDeployment>, canary: Option<Arc<CompiledDeployment>>) -> StageView {
        let stage = &parts.stage;
        let facts = |deployment: &str, overrides: Option<&std::collections::BTreeMap<String, String>>| {
            let mut variables = stage.variables.clone().unwrap_or_default();
            variables.extend(overrides.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
            StageFacts {
                account: parts.realm.account.clone(),
                region: parts.realm.region.clone(),
                api: parts.api.id.as_str().into(),
                api_name: parts.api.name.clone(),
                stage: stage.name.as_str().into(),
                deployment: deployment.into(),
                variables,
                endpoint_type: parts.api.endpoint_type.as_str().into(),
                access_log: access_log(stage),
            }
        };
        let cache = match stage.cache_cluster_enabled {
            true => Some(self.caches.of_stage(&stage.api, &stage.name, cluster_bytes(stage.cache_cluster_size.as_deref()))),
            false => {
                self.caches.drop_stage(&stage.api, &stage.name);
                None
            }
        };
        let variant = |facts, deployment, cache| Variant::bind(facts, deployment, stage, cache, &self.buckets, &self.series);
        let canary = stage.canary.as_ref().zip(canary).map(|(canary, compiled)| {
            let facts = facts(&canary.deployment, canary.variable_overrides.as_ref());
            (canary.percent_traffic / 100.0, variant(facts, compiled, cache.as_ref().filter(|_| canary.use_stage_cache)))
        });
        let account = self.settings.account_rate.map(|rate| (self.buckets.named(&format!("account {}", parts.realm_name)), rate));
        StageView {
            base: variant(facts(&stage.deployment, None), base, cache.as_ref()),
            canary,
            plans: parts.plans.iter().map(|plan| Arc::new(PlanView::of(plan, &parts.api.id, &stage.name))).collect(),
            account,
            realm: self.keys.realm(&parts.realm_name),
            endpoint_disabled: parts.api.disable_execute_api_endpoint,
        }
    }
}

impl Gateway {
    /// Forgets the answers that a stage keeps.
    pub fn flush_cache(&self, api: &str, stage: &str) {
        self.caches.flush(api, stage);
    }
}

fn access_log(stage: &Stage) -> Option<AccessLog> {
    let log = stage.access_log.as_ref()?;
    let name = logs::file_name(log.destination_arn.as_deref()?);
    let format = AccessFormat::parse(log.format.as_deref()?);
    for variable in format.unknown() {
        tracing::warn!(api = stage.api, stage = stage.name, variable, "the access log's format has a variable that AWS does not know: -");
    }
    Some(AccessLog { name, format })
}

impl Running for Gateway {
    fn caught_up(&self, revision: Revision) -> BoxFuture<'_, ()> {
        let mut applied = self.applied.subscribe();
        Box::pin(async move {
            // It ends only with the process, and then nobody waits for the answer either.
            let _ending = applied.wait_for(|seen| *seen >= revision).await;
        })
    }

    fn usage<'a>(&'a self, plan: &'a str, key: Option<&'a str>, first: Day, end: Day) -> BoxFuture<'a, Result<Vec<Progress>, ApiError>> {
        Box::pin(async move {
            let spent = self.quotas.spent(plan, key, first, end).await.map_err(|why| ApiError::Internal(why.to_string()))?;
            Ok(spent.into_iter().map(|spent| Progress { key: spent.key, day: spent.day, units: spent.units }).collect())
        })
    }

    fn extend<'a>(&'a self, plan: &'a str, key: &'a str, first: Day, by: i64) -> BoxFuture<'a, Result<i64, ApiError>> {
        let meter = Meter { plan: plan.into(), key: key.into() };
        Box::pin(async move { self.quotas.extend(&meter, first, by).await.map_err(|why| ApiError::Internal(why.to_string())) })
    }

    fn forget<'a>(&'a self, plan: &'a str, key: Option<&'a str>) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(async move { self.quotas.forget(plan, key).await.map_err(|why| ApiError::Internal(why.to_string())) })
    }
}
