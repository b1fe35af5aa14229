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

/// Entries by hash.
type Shard = HashMap<u64, Slot, BuildHasherDefault<Already>>;

/// What hashes alike: one entry but for once in many lifetimes.
#[derive(Clone)]
enum Slot {
    One(Arc<KeyEntry>),
    More(Vec<Arc<KeyEntry>>),
}

/// The place, realm and id of an entry, and what it becomes.
type Change = (u64, Arc<str>, Arc<str>, Option<Arc<KeyEntry>>);

impl Slot {
    fn entries(&self) -> &[Arc<KeyEntry>] {
        match self {
            Slot::One(entry) => std::slice::from_ref(entry),
            Slot::More(entries) => entries,
        }
    }

    /// The slot with the entries for which `keep` says yes, and one more; nothing if there is none.
    fn with(old: Option<&Slot>, keep: impl Fn(&KeyEntry) -> bool, new: Option<Arc<KeyEntry>>) -> Option<Slot> {
        let kept = old.map_or(&[][..], Slot::entries).iter().filter(|entry| keep(entry)).cloned();
        let mut all: Vec<_> = kept.chain(new).collect();
        match all.len() {
            0 => None,
            1 => all.pop().map(Slot::One),
            _ => Some(Slot::More(all)),
        }
    }
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
    pub plan: Arc<str>,
    key: Arc<str>,
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

    /// The quota of the plan for this key.
    pub fn quota(&self, quotas: &Quotas) -> &Arc<Quota> {
        self.quota.get_or_init(|| quotas.of(&Meter { plan: self.plan.clone(), key: self.key.clone() }))
    }

    fn identity(&self) -> String {
        format!("plan {} key {}", self.plan, self.key)
    }
}

impl KeyEntry {
    /// The entry for a stored key whose value was unsealed. `plan` gives the shared text of a plan's id.
    pub fn new(realm: Arc<str>, key: &ApiKey, value: String, mut plan: impl FnMut(&str) -> Arc<str>) -> KeyEntry {
        let id: Arc<str> = key.id.as_str().into();
        let mut membership =
            |name: &String| Membership { plan: plan(name), key: id.clone(), bucket: OnceLock::new(), quota: OnceLock::new() };
        let memberships = key.plans.iter().map(&mut membership).collect();
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
        shard.get(&hash)?.entries().iter().find(same).cloned()
    }

    /// Where the ring keeps an entry: to be told when it goes.
    pub fn place(&self, entry: &KeyEntry) -> u64 {
        self.hash(&entry.realm, entry.value.as_bytes())
    }

    /// Puts keys into the ring, in place of those with the same id and value, and takes others (place, realm and id) out. Each shard is
    /// swapped once.
    pub fn change(&self, put: Vec<KeyEntry>, gone: &[(u64, Arc<str>, Arc<str>)]) {
        let mut work: HashMap<usize, Vec<Change>> = HashMap::new();
        for (hash, realm, id) in gone {
            work.entry(shard_of(*hash)).or_default().push((*hash, realm.clone(), id.clone(), None));
        }
        for entry in put {
            let hash = self.place(&entry);
            let (realm, id) = (entry.realm.clone(), entry.id.clone());
            work.entry(shard_of(hash)).or_default().push((hash, realm, id, Some(Arc::new(entry))));
        }
        for (n, changes) in work {
            let mut shard = Shard::clone(&self.shards[n].load());
            for (hash, realm, id, new) in changes {
                match Slot::with(shard.get(&hash), |old| old.id != id || old.realm != realm, new) {
                    Some(slot) => drop(shard.insert(hash, slot)),
                    None => drop(shard.remove(&hash)),
                }
            }
            self.shards[n].store(Arc::new(shard));
        }
    }

    fn hash(&self, realm: &str, value: &[u8]) -> u64 {
        fold(fold(self.seed[0], self.seed[1], realm.as_bytes()), self.seed[1], value)
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
    // Neither the lowest bits nor the highest: within a shard the map tells its entries apart by those.
    (hash >> 32) as usize % SHARDS
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
        let entry = |enabled| KeyEntry::new(realm.clone(), &key("k1", enabled), "secret".into(), |plan| plan.into());
        ring.change(vec![entry(true)], &[]);
        assert!(ring.find("1/us-east-1", b"secret").unwrap().enabled);
        assert!(ring.find("1/eu-west-1", b"secret").is_none());
        assert!(ring.find("1/us-east-1", b"secreT").is_none());
        ring.change(vec![entry(false)], &[]);
        assert!(!ring.find("1/us-east-1", b"secret").unwrap().enabled);
        ring.change(vec![], &[(ring.place(&entry(true)), realm.clone(), "k1".into())]);
        assert!(ring.find("1/us-east-1", b"secret").is_none());
    }

    #[test]
    fn entries_that_hash_alike_stand_side_by_side() {
        let entry = |id| Arc::new(KeyEntry::new("r".into(), &key(id, true), id.into(), |plan| plan.into()));
        let one = Slot::with(None, |_| true, Some(entry("a")));
        let two = Slot::with(one.as_ref(), |_| true, Some(entry("b")));
        assert_eq!(two.as_ref().map(|slot| slot.entries().len()), Some(2));
        let left = Slot::with(two.as_ref(), |old| &*old.id != "a", None);
        assert!(matches!(left, Some(Slot::One(entry)) if &*entry.id == "b"));
        assert!(Slot::with(None, |_| true, None).is_none());
    }
}
