//! `cloneFrom`: a new API with what another one has, but its stages, deployments and keys.

use crate::tree::ApiTree;
use base::world::Ids;
use std::collections::{BTreeMap, BTreeSet};

/// Ids for the copies of things, each used by the same original whenever the transaction is run again. Resources, authorizers and
/// validators get new ids; models keep their names, and so what refers to them.
pub(super) struct NewIds {
    ids: Ids,
    given: BTreeMap<String, String>,
    used: BTreeSet<String>,
}

impl NewIds {
    pub(super) fn new(ids: Ids) -> NewIds {
        NewIds { ids, given: BTreeMap::new(), used: BTreeSet::new() }
    }

    fn of(&mut self, old: &str) -> String {
        if let Some(known) = self.given.get(old) {
            return known.clone();
        }
        let new = loop {
            let new = self.ids.lower(6);
            if self.used.insert(new.clone()) {
                break new;
            }
        };
        self.given.insert(old.to_owned(), new.clone());
        new
    }
}

/// The children of `source` as children of the API `api`, whose root is `root`. The API record itself is left as it is.
pub(super) fn copied(mut source: ApiTree, api: &str, root: &str, ids: &mut NewIds) -> ApiTree {
    let old_root = source.api.root_resource_id.clone();
    let mut resource_id = |old: &str| if old == old_root { root.to_owned() } else { ids.of(old) };
    for resource in &mut source.resources {
        resource.api = api.to_owned();
        resource.id = resource_id(&resource.id);
        resource.parent = resource.parent.as_deref().map(&mut resource_id);
    }
    for method in &mut source.methods {
        method.api = api.to_owned();
        let old = std::mem::take(&mut method.resource);
        method.resource = resource_id(&old);
        if let Some(integration) = &mut method.integration
            && integration.cache_namespace == old
        {
            integration.cache_namespace = method.resource.clone();
        }
    }
    for authorizer in &mut source.authorizers {
        authorizer.api = api.to_owned();
        authorizer.id = ids.of(&authorizer.id);
    }
    for validator in &mut source.validators {
        validator.api = api.to_owned();
        validator.id = ids.of(&validator.id);
    }
    for method in &mut source.methods {
        method.authorizer = method.authorizer.as_deref().map(|old| ids.of(old));
        method.request_validator = method.request_validator.as_deref().map(|old| ids.of(old));
    }
    let old_models = format!("/restapis/{}/models/", source.api.id);
    for model in &mut source.models {
        model.api = api.to_owned();
        model.id = ids.of(&model.id);
        model.schema = model.schema.take().map(|schema| schema.replace(&old_models, &format!("/restapis/{api}/models/")));
    }
    for response in &mut source.gateway_responses {
        response.api = api.to_owned();
    }
    for part in &mut source.documentation {
        part.api = api.to_owned();
        part.id = ids.of(&part.id);
    }
    source
}
