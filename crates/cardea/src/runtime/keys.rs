//! The ring of API keys: by value, in shards that are swapped one by one, so that one key of a million costs one shard.

use admit::api_key::record::ApiKey;
use arc_swap::ArcSwap;
use base::tally::{Bucket, Buckets, Meter, Quota, Quotas};
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::{Arc, OnceLock};

/// Shards of the ring.
const SHARDS: usize = 256;

/// All API keys of this node.
pub struct KeyRing {
    shards: Vec<ArcSwap<Shard>>,
    /// Two secret words: nobody outside can tell which values share a place.
    seed: [u64; 2],
}

/// Entries by hash. What hashes alike is chained.
type Shard = HashMap<u64, Chain, BuildHasherDefault<Already>>;

/// As a rule one, and then without memory of its own: a lookup waits for memory, and for little else.
#[derive(Clone)]
struct Chain {
    first: Arc<KeyEntry>,
    others: Vec<Arc<KeyEntry>>,
}

/// The keys of a shard are hashes already.
#[derive(Default)]
struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash << 8 | u64::from(*byte));
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// One API key, as a request meets it.
pub struct KeyEntry {
    /// `account/region`: a key is good in its own realm only.
    pub realm: Arc<str>,
    pub id: Arc<str>,
    value: Box<str>,
    pub enabled: bool,
    pub memberships: Box<[Membership]>,
}

/// A key in a usage plan, with what is counted of it there. Buckets and quotas outlive the entry: they live in registries.
pub struct Membership {
    pub meter: Meter,
    bucket: OnceLock<Arc<Bucket>>,
    quota: OnceLock<Arc<Quota>>,
}

impl Membership {
    /// The bucket of the plan's throttle for this key.
    pub fn bucket(&self, buckets: &Buckets) -> &Arc<Bucket> {
        self.bucket.get_or_init(|| buckets.named(&self.identity()))
    }

    /// The bucket of one method's throttle for this key. Looked up by name: only methods with a throttle of their own in a plan pay.
    pub fn method_bucket(&self, buckets: &Buckets, method: &str) -> Arc<Bucket> {
        buckets.named(&format!("{} {method}", self.identity()))
    }

    fn identity(&self) -> String {
        format!("plan {} key {}", self.meter.plan, self.meter.key)
    }

    /// The quota of the plan for this key.
    pub fn quota(&self, quotas: &Quotas) -> &Arc<Quota> {
        self.quota.get_or_init(|| quotas.of(&self.meter))
    }
}

impl KeyEntry {
    /// The entry for a stored key whose value was unsealed. `named` brings the one text that all who are in a plan share.
    pub fn new(realm: Arc<str>, key: &ApiKey, value: String, mut named: impl FnMut(&str) -> Arc<str>) -> KeyEntry {
        let id: Arc<str> = key.id.as_str().into();
        let membership = |plan: &String| Membership {
            meter: Meter { plan: named(plan), key: id.clone() },
            bucket: OnceLock::new(),
            quota: OnceLock::new(),
        };
        let memberships = key.plans.iter().map(membership).collect();
        KeyEntry { realm, memberships, value: value.into(), enabled: key.enabled, id }
    }
}

impl Default for KeyRing {
    fn default() -> Self {
        let random = RandomState::new();
        KeyRing { shards: (0..SHARDS).map(|_| ArcSwap::default()).collect(), seed: [random.hash_one(1), random.hash_one(2) | 1] }
    }
}

impl KeyRing {
    /// The key with this value in a realm. The hash is keyed and the values are compared in constant time, so that neither tells how
    /// near a guess came.
    pub fn find(&self, realm: &str, value: &[u8]) -> Option<Arc<KeyEntry>> {
        let hash = self.hash(realm, value);
        let shard = self.shards[shard_of(hash)].load();
        let same = |entry: &&Arc<KeyEntry>| *entry.realm == *realm && constant_time_eq(entry.value.as_bytes(), value);
        let chain = shard.get(&hash)?;
        std::iter::once(&chain.first).chain(&chain.others).find(same).cloned()
    }

    /// Puts keys into the ring, in place of those with the same id and value, and takes others out. Each shard is swapped once.
    pub fn change(&self, put: Vec<KeyEntry>, gone: &[(Arc<str>, String, Arc<str>)]) {
        type Work<'a> = (Vec<Arc<KeyEntry>>, Vec<(u64, &'a Arc<str>)>);
        let mut work: HashMap<usize, Work<'_>> = HashMap::new();
        for (realm, value, id) in gone {
            let hash = self.hash(realm, value.as_bytes());
            work.entry(shard_of(hash)).or_default().1.push((hash, id));
        }
        for entry in put {
            let hash = self.hash(&entry.realm, entry.value.as_bytes());
            work.entry(shard_of(hash)).or_default().0.push(Arc::new(entry));
        }
        for (n, (put, gone)) in work {
            let mut shard = Shard::clone(&self.shards[n].load());
            for (hash, id) in gone {
                rechain(&mut shard, hash, |chain| chain.retain(|entry| entry.id != *id));
            }
            for entry in put {
                rechain(&mut shard, self.hash(&entry.realm, entry.value.as_bytes()), |chain| {
                    chain.retain(|old| old.id != entry.id || old.realm != entry.realm);
                    chain.push(entry);
                });
            }
            self.shards[n].store(Arc::new(shard));
        }
    }

    fn hash(&self, realm: &str, value: &[u8]) -> u64 {
        fold(fold(self.seed[0], self.seed[1], realm.as_bytes()), self.seed[1], value)
    }
}

fn rechain(shard: &mut Shard, hash: u64, change: impl FnOnce(&mut Vec<Arc<KeyEntry>>)) {
    let mut chain = Vec::new();
    if let Some(Chain { first, others }) = shard.remove(&hash) {
        chain.push(first);
        chain.extend(others);
    }
    change(&mut chain);
    let mut chain = chain.into_iter();
    if let Some(first) = chain.next() {
        shard.insert(hash, Chain { first, others: chain.collect() });
    }
}

/// Mixes bytes into a hash, eight at a time, by multiplying to 128 bits and folding: keyed by where it starts and by `seed`.
fn fold(mut hash: u64, seed: u64, bytes: &[u8]) -> u64 {
    let mut mix = |word: u64| {
        let wide = u128::from(hash ^ word) * u128::from(seed ^ 0x9e37_79b9_7f4a_7c15);
        hash = (wide >> 64) as u64 ^ wide as u64;
    };
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        mix(u64::from_le_bytes(word.try_into().expect("eight bytes are eight bytes")));
    }
    let tail = words.remainder().iter().fold(bytes.len() as u64, |word, byte| word << 8 | u64::from(*byte));
    mix(tail);
    mix(seed);
    hash
}

fn shard_of(hash: u64) -> usize {
    (hash >> 56) as usize % SHARDS
}

fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::store::{SEALING_KEY_BYTES, Sealer};
    use base::world::{Ids, Timestamp};

    fn key(id: &str, enabled: bool) -> ApiKey {
        let sealer = Sealer::new(&[1; SEALING_KEY_BYTES], Ids::seeded(1));
        ApiKey {
            id: id.into(),
            value: sealer.seal("v"),
            mark: "m".into(),
            name: None,
            description: None,
            customer_id: None,
            enabled,
            created: Timestamp(0),
            updated: Timestamp(0),
            stage_keys: vec![],
            plans: vec!["p1".into()],
            tags: Default::default(),
        }
    }

    #[test]
    fn a_key_is_found_by_value_in_its_own_realm_until_it_is_taken_out() {
        let ring = KeyRing::default();
        let realm: Arc<str> = "1/us-east-1".into();
        ring.change(vec![KeyEntry::new(realm.clone(), &key("k1", true), "secret".into(), |plan| plan.into())], &[]);
        assert!(ring.find("1/us-east-1", b"secret").unwrap().enabled);
        assert!(ring.find("1/eu-west-1", b"secret").is_none());
        assert!(ring.find("1/us-east-1", b"secreT").is_none());
        ring.change(vec![KeyEntry::new(realm.clone(), &key("k1", false), "secret".into(), |plan| plan.into())], &[]);
        assert!(!ring.find("1/us-east-1", b"secret").unwrap().enabled);
        ring.change(vec![], &[(realm, "secret".into(), "k1".into())]);
        assert!(ring.find("1/us-east-1", b"secret").is_none());
    }

    #[test]
    fn keys_that_share_a_place_go_one_by_one() {
        let ring = KeyRing::default();
        let realm: Arc<str> = "1/us-east-1".into();
        let put = |id: &str| ring.change(vec![KeyEntry::new(realm.clone(), &key(id, true), "secret".into(), |plan| plan.into())], &[]);
        let take = |id: &str| ring.change(vec![], &[(realm.clone(), "secret".into(), id.into())]);
        let found = || ring.find("1/us-east-1", b"secret").map(|entry| entry.id.to_string());
        ["k1", "k2", "k3"].into_iter().for_each(put);
        take("k1");
        assert_eq!(found().as_deref(), Some("k2"));
        take("k3");
        assert_eq!(found().as_deref(), Some("k2"));
        take("k2");
        assert_eq!(found(), None);
    }
}
