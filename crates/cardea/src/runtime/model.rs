//! What this node knows of the stored records that live things hang from, and what a change makes stale.

use super::domains::DomainModel;
use super::keys::{KeyRing, NewKey};
use admit::api_key::record::ApiKey;
use admit::usage_plan::record::UsagePlan;
use base::store::{Address, Change, Realm, Row, Sealer, StoreError, View, kind};
use define::rest_api::record::RestApi;
use publish::deployment::record::Deployment;
use publish::stage::record::Stage;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The live records.
#[derive(Default)]
pub(super) struct Model {
    pub apis: HashMap<String, ApiModel>,
    pub domains: DomainModel,
    plans: BTreeMap<(Realm, String), UsagePlan>,
    /// Where the ring keeps each key, by a digest of realm and id: small, since there may be a million.
    key_places: HashMap<u128, u64>,
    realms: HashMap<Realm, Arc<str>>,
    /// The ids of plans that keys are in, each once.
    plan_names: HashMap<String, Arc<str>>,
}

/// One API's live records.
pub(super) struct ApiModel {
    pub realm: Realm,
    pub api: RestApi,
    pub stages: BTreeMap<String, Stage>,
    /// Digests of the frozen trees, by deployment id.
    pub deployments: HashMap<String, String>,
}

/// What must be bound anew.
#[derive(Default, Debug, PartialEq, Eq)]
pub(super) struct Stale {
    pub stages: BTreeSet<(String, String)>,
    pub apis: BTreeSet<String>,
    pub domains: BTreeSet<String>,
}

impl Model {
    /// Reads everything that is there.
    pub(super) fn load(view: &dyn View, sealer: &Sealer, keys: &KeyRing) -> Result<Model, StoreError> {
        let mut model = Model::default();
        // Parents first: a stage belongs to an API that is known.
        for kind in [kind::REST_API, kind::DEPLOYMENT, kind::STAGE, kind::USAGE_PLAN, kind::DOMAIN_NAME, kind::BASE_PATH_MAPPING] {
            view.every(kind, &mut |row| model.put(&row).map(drop))?;
        }
        let mut ring = Vec::new();
        view.every(kind::API_KEY, &mut |row| {
            ring.extend(model.key(&row, sealer, keys)?);
            Ok(())
        })?;
        keys.change(ring, &[]);
        Ok(model)
    }

    /// Takes one revision in. API keys go to the ring at once.
    pub(super) fn apply(&mut self, changes: &[Change], sealer: &Sealer, keys: &KeyRing) -> Stale {
        let mut stale = Stale::default();
        let (mut put, mut gone) = (Vec::new(), Vec::new());
        for change in changes {
            if change.address.kind == kind::API_KEY {
                match change.after.as_ref().map(|row| self.key(row, sealer, keys)) {
                    Some(Ok(entry)) => put.extend(entry),
                    Some(Err(why)) => tracing::error!(%why, "an API key cannot be read and is not served"),
                    None => {
                        let realm = self.realm(&change.address.scope.realm);
                        let place = self.key_places.remove(&digest(&realm, &change.address.id));
                        gone.extend(place.map(|place| (place, realm, change.address.id.clone())));
                    }
                }
                continue;
            }
            let touched = match &change.after {
                Some(row) => self.put(row),
                None => Ok(self.delete(&change.address)),
            };
            match touched {
                Ok(touched) => {
                    stale.stages.extend(touched.stages);
                    stale.apis.extend(touched.apis);
                    stale.domains.extend(touched.domains);
                }
                Err(why) => tracing::error!(%why, "a record cannot be read; what it was before stays in force"),
            }
        }
        if !put.is_empty() || !gone.is_empty() {
            keys.change(put, &gone);
        }
        stale
    }

    fn key(&mut self, row: &Row, sealer: &Sealer, keys: &KeyRing) -> Result<Option<NewKey>, StoreError> {
        let key: ApiKey = row.record()?;
        let Some(value) = sealer.open(&key.value) else {
            tracing::error!(key = key.id, "an API key's value cannot be unsealed with this data directory's key; it is not served");
            return Ok(None);
        };
        let realm = self.realm(&row.address.scope.realm);
        let prepared = keys.prepare(&realm, &key, &value, |plan| match self.plan_names.get(plan) {
            Some(known) => known.clone(),
            None => {
                let name: Arc<str> = plan.into();
                self.plan_names.insert(plan.to_owned(), name.clone());
                name
            }
        });
        let Some(prepared) = prepared else {
            tracing::error!(key = key.id, "an API key's id is longer than any of ours; it is not served");
            return Ok(None);
        };
        self.key_places.insert(digest(&realm, &key.id), prepared.place());
        Ok(Some(prepared))
    }

    /// `account/region`, once for each realm.
    pub(super) fn realm(&mut self, realm: &Realm) -> Arc<str> {
        let name = || format!("{}/{}", realm.account, realm.region).into();
        self.realms.entry(realm.clone()).or_insert_with(name).clone()
    }

    fn put(&mut self, row: &Row) -> Result<Stale, StoreError> {
        let mut stale = Stale::default();
        let Address { kind, scope, id } = &row.address;
        match *kind {
            kind::REST_API => {
                let api: RestApi = row.record()?;
                stale.apis.insert(api.id.clone());
                match self.apis.get_mut(&api.id) {
                    Some(known) => known.api = api,
                    None => {
                        let new = ApiModel { realm: scope.realm.clone(), stages: BTreeMap::new(), deployments: HashMap::new(), api };
                        self.apis.insert(new.api.id.clone(), new);
                    }
                }
            }
            kind::DEPLOYMENT => {
                let deployment: Deployment = row.record()?;
                if let Some(api) = self.apis.get_mut(&deployment.api) {
                    api.deployments.insert(deployment.id, deployment.tree);
                }
            }
            kind::STAGE => {
                let stage: Stage = row.record()?;
                stale.stages.insert((stage.api.clone(), stage.name.clone()));
                if let Some(api) = self.apis.get_mut(&stage.api) {
                    api.stages.insert(stage.name.clone(), stage);
                }
            }
            kind::USAGE_PLAN => {
                let plan: UsagePlan = row.record()?;
                let covers = |plan: &UsagePlan| plan.stages.iter().map(|s| (s.api.clone(), s.stage.clone())).collect::<Vec<_>>();
                stale.stages.extend(covers(&plan));
                if let Some(before) = self.plans.insert((scope.realm.clone(), plan.id.clone()), plan) {
                    stale.stages.extend(covers(&before));
                }
            }
            kind::DOMAIN_NAME => drop(stale.domains.insert(self.domains.put_name(&scope.realm, id, row.record()?))),
            kind::BASE_PATH_MAPPING => stale.domains.extend(self.domains.put_mapping(scope, row.record()?)),
            _ => {}
        }
        Ok(stale)
    }

    fn delete(&mut self, address: &Address) -> Stale {
        let mut stale = Stale::default();
        let (parent, id) = (&*address.scope.parent, &*address.id);
        match address.kind {
            kind::REST_API => {
                self.apis.remove(id);
                stale.apis.insert(id.to_owned());
            }
            kind::DEPLOYMENT => {
                if let Some(api) = self.apis.get_mut(parent) {
                    api.deployments.remove(id);
                }
            }
            kind::STAGE => {
                if let Some(api) = self.apis.get_mut(parent) {
                    api.stages.remove(id);
                }
                stale.stages.insert((parent.to_owned(), id.to_owned()));
            }
            kind::USAGE_PLAN => {
                if let Some(plan) = self.plans.remove(&(address.scope.realm.clone(), id.to_owned())) {
                    stale.stages.extend(plan.stages.into_iter().map(|covered| (covered.api, covered.stage)));
                }
            }
            kind::DOMAIN_NAME => stale.domains.extend(self.domains.delete_name(&address.scope.realm, id)),
            kind::BASE_PATH_MAPPING => stale.domains.extend(self.domains.delete_mapping(&address.scope, id)),
            _ => {}
        }
        stale
    }

    /// The plans that cover a stage.
    pub(super) fn plans_of(&self, realm: &Realm, api: &str, stage: &str) -> Vec<UsagePlan> {
        let covers = |plan: &&UsagePlan| plan.stages.iter().any(|covered| covered.api == api && covered.stage == stage);
        let here = self.plans.iter().filter(|((owner, _), _)| owner == realm).map(|(_, plan)| plan);
        here.filter(covers).cloned().collect()
    }
}

/// A name for a key that no two keys share.
fn digest(realm: &str, id: &str) -> u128 {
    let text = format!("{realm}/{id}");
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    u128::from_le_bytes(hash.as_ref()[..16].try_into().expect("a SHA-256 has 32 bytes"))
}
