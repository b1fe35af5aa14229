//! The response caches of stages, by identity: a deployment empties none of them.

use deliver::response_cache::{ResponseCache, Total};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The caches of this node.
pub struct Caches {
    known: Mutex<HashMap<(String, String), Known>>,
    /// What all of them hold.
    pub total: Arc<Total>,
    bytes_max: u64,
}

struct Known {
    cache: Arc<ResponseCache>,
    bytes: u64,
}

impl Caches {
    /// No caches yet; all that come hold at most so many bytes together.
    pub fn new(bytes_max: u64) -> Caches {
        Caches { known: Mutex::default(), total: Arc::new(Total::new(bytes_max)), bytes_max }
    }

    /// The cache of a stage. One of another size than before begins empty, as AWS says.
    pub fn of_stage(&self, api: &str, stage: &str, bytes: u64) -> Arc<ResponseCache> {
        let bytes = bytes.min(self.bytes_max);
        let mut known = self.known();
        let key = (api.to_owned(), stage.to_owned());
        match known.get(&key) {
            Some(same) if same.bytes == bytes => same.cache.clone(),
            _ => {
                let cache = Arc::new(ResponseCache::new(bytes));
                known.insert(key, Known { cache: cache.clone(), bytes });
                cache
            }
        }
    }

    /// Lets the cache of a stage go.
    pub fn drop_stage(&self, api: &str, stage: &str) {
        self.known().remove(&(api.to_owned(), stage.to_owned()));
    }

    /// Empties the cache of a stage.
    pub fn flush(&self, api: &str, stage: &str) {
        let cache = self.known().get(&(api.to_owned(), stage.to_owned())).map(|known| known.cache.clone());
        if let Some(cache) = cache {
            cache.flush();
        }
    }

    /// How many answers all of them keep.
    pub fn entries(&self) -> usize {
        self.known().values().map(|known| known.cache.entries()).sum()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
