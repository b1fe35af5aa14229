//! Functions as they are stored, kept before the eyes of the host.

use base::store::{Address, Change, Realm, Row, Sealer, Store, StoreError, View, kind};
use base::world::BoxFuture;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deliver::function::arn::LATEST;
use deliver::function::host::build::{Build, Code, FunctionKey, Grant, Hosted, Split};
use deliver::function::host::{Archives, Host};
use deliver::function::record::{Configuration, Function, FunctionAlias, FunctionVersion};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The archives that are stored.
pub struct StoredArchives(pub Arc<dyn Store>);

impl Archives for StoredArchives {
    fn archive<'a>(&'a self, digest: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        let (slot, digest) = (Arc::new(Mutex::new(None)), digest.to_owned());
        let found = slot.clone();
        let read = move |view: &dyn View| {
            *found.lock().unwrap_or_else(PoisonError::into_inner) = view.frozen(&digest)?;
            Ok(())
        };
        Box::pin(async move {
            self.0.read(Box::new(read)).await.map_err(|why| why.to_string())?;
            let text = slot.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or("the function's code is not stored")?;
            let decode = move || STANDARD.decode(text.as_bytes()).map_err(|why| format!("the function's code cannot be read: {why}"));
            tokio::task::spawn_blocking(decode).await.map_err(|why| why.to_string())?
        })
    }
}

/// What is known of stored functions, and who runs them.
pub struct Hosting {
    host: Host,
    sealer: Arc<Sealer>,
    known: Mutex<HashMap<(Realm, String), Known>>,
}

#[derive(Default)]
struct Known {
    function: Option<Function>,
    versions: BTreeMap<u64, FunctionVersion>,
    aliases: BTreeMap<String, FunctionAlias>,
}

const KINDS: [base::store::Kind; 3] = [kind::FUNCTION, kind::FUNCTION_VERSION, kind::FUNCTION_ALIAS];

impl Hosting {
    /// Nothing is known yet.
    pub fn new(host: Host, sealer: Arc<Sealer>) -> Hosting {
        Hosting { host, sealer, known: Mutex::default() }
    }

    /// Who runs them.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Reads everything that is there.
    pub(super) fn load(&self, view: &dyn View) -> Result<(), StoreError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in KINDS {
            view.every(kind, &mut |row| put(&mut known, &row).map(drop))?;
        }
        for (key, function) in known.iter() {
            self.host_one(key, function);
        }
        Ok(())
    }

    /// Takes one revision in.
    pub(super) fn apply(&self, changes: &[Change]) {
        if !changes.iter().any(|change| KINDS.contains(&change.address.kind)) {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stale = BTreeSet::new();
        for change in changes.iter().filter(|change| KINDS.contains(&change.address.kind)) {
            match &change.after {
                Some(row) => match put(&mut known, row) {
                    Ok(key) => drop(stale.insert(key)),
                    Err(why) => tracing::error!(%why, "a function's record cannot be read; what it was before stays in force"),
                },
                None => drop(stale.insert(delete(&mut known, &change.address))),
            }
        }
        for key in stale {
            match known.get(&key) {
                Some(function) if function.function.is_some() => self.host_one(&key, function),
                _ => {
                    known.remove(&key);
                    self.host.remove(&function_key(&key));
                }
            }
        }
    }

    fn host_one(&self, key: &(Realm, String), known: &Known) {
        let Some(function) = &known.function else { return };
        let function_key = function_key(key);
        let build = |version: String, configuration: &Configuration| {
            let built = self.build(&function_key, version.clone(), configuration);
            if built.is_none() {
                tracing::error!(function = key.1, version, "a function's variables cannot be unsealed with this data directory's key");
            }
            built.map(|build| (version, Arc::new(build)))
        };
        let published = known.versions.values().filter_map(|version| build(version.number.to_string(), &version.configuration));
        let versions = build(LATEST.to_owned(), &function.latest).into_iter().chain(published).collect();
        let split = |alias: &FunctionAlias| Split { version: alias.version.clone(), others: alias.weights.clone().into_iter().collect() };
        let grants = function.statements.iter().map(|statement| Grant {
            principal: statement.principal.clone(),
            action: statement.action.clone(),
            qualifier: statement.qualifier.clone(),
            source_arn: statement.source_arn.clone(),
            source_account: statement.source_account.clone(),
        });
        self.host.put(Hosted {
            versions,
            aliases: known.aliases.iter().map(|(name, alias)| (name.clone(), split(alias))).collect(),
            reserved: function.reserved_concurrency,
            grants: grants.collect(),
            key: function_key,
        });
    }

    fn build(&self, function: &FunctionKey, version: String, configuration: &Configuration) -> Option<Build> {
        let environment = match &configuration.environment {
            Some(sealed) => serde_json::from_str(&self.sealer.open(sealed)?).ok()?,
            None => BTreeMap::new(),
        };
        let code = match (&configuration.code.archive, &configuration.code.folder) {
            (Some(digest), _) => Code::Archive(digest.as_str().into()),
            (None, folder) => Code::Folder(folder.clone().unwrap_or_default().into()),
        };
        Some(Build {
            function: function.clone(),
            version,
            runtime: configuration.runtime.clone(),
            handler: configuration.handler.clone(),
            timeout_ms: configuration.timeout_seconds * 1000,
            memory_mb: configuration.memory_mb,
            scratch_mb: configuration.scratch_mb,
            environment,
            revision: configuration.code.folder.is_some().then(|| configuration.revision.clone()),
            code,
        })
    }
}

fn function_key((realm, name): &(Realm, String)) -> FunctionKey {
    FunctionKey { account: realm.account.clone(), region: realm.region.clone(), name: name.as_str().into() }
}

fn put(known: &mut HashMap<(Realm, String), Known>, row: &Row) -> Result<(Realm, String), StoreError> {
    let realm = row.address.scope.realm.clone();
    Ok(match row.address.kind {
        kind::FUNCTION_VERSION => {
            let version: FunctionVersion = row.record()?;
            let key = (realm, version.function.clone());
            known.entry(key.clone()).or_default().versions.insert(version.number, version);
            key
        }
        kind::FUNCTION_ALIAS => {
            let alias: FunctionAlias = row.record()?;
            let key = (realm, alias.function.clone());
            known.entry(key.clone()).or_default().aliases.insert(alias.name.clone(), alias);
            key
        }
        _ => {
            let function: Function = row.record()?;
            let key = (realm, function.name.clone());
            known.entry(key.clone()).or_default().function = Some(function);
            key
        }
    })
}

fn delete(known: &mut HashMap<(Realm, String), Known>, address: &Address) -> (Realm, String) {
    let realm = address.scope.realm.clone();
    if address.kind == kind::FUNCTION {
        let key = (realm, address.id.to_string());
        if let Some(known) = known.get_mut(&key) {
            known.function = None;
        }
        return key;
    }
    let key = (realm, address.scope.parent.to_string());
    if let Some(known) = known.get_mut(&key) {
        if address.kind == kind::FUNCTION_ALIAS {
            known.aliases.remove(&*address.id);
        } else if let Ok(number) = address.id.parse() {
            known.versions.remove(&number);
        }
    }
    key
}
