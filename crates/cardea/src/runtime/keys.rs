//! The ring of API keys: by value, in shards that are swapped one by one, so that one key of a million costs one shard.
//!
//! A request knows one key of many, so each place of memory that it must look at is a miss of the processor's caches: that, and not the
//! work, is what a key costs. So the keys of a shard stand side by side, each in two lines of memory, found through a small index.

use super::hash::fold;
use admit::api_key::record::ApiKey;
use arc_swap::ArcSwap;
use base::tally::{Bucket, Buckets, Meter, Quota, Quotas};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Shards of the ring.
const SHARDS: usize = 256;

/// All API keys of this node.
pub struct KeyRing {
    shards: Vec<ArcSwap<Shard>>,
    /// Two secret words: nobody outside can tell which values share a place.
    seed: [u64; 2],
    realms: Mutex<HashMap<Box<str>, RealmNumber>>,
}

/// An `account/region`, by number: a key is good in its own realm only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RealmNumber(u32);

/// Keys whose hashes have some bits in common.
#[derive(Clone, Default)]
struct Shard {
    entries: Vec<KeyEntry>,
    /// Open addressing, at most half full: where an entry is (and one more; 0 for nothing), and above it bits of its hash. Its length is
    /// a power of two.
    index: Box<[u32]>,
}

/// One API key, as a request meets it.
#[repr(align(64))]
#[derive(Clone)]
struct KeyEntry {
    value: Value,
    first: Option<Membership>,
    /// Most keys are in one plan.
    #[expect(clippy::box_collection, reason = "one word, not three: a key has two lines of memory")]
    more: Option<Box<Vec<Membership>>>,
    realm: RealmNumber,
    id: Id,
    enabled: bool,
}

/// A key's value, in place where it is not unusually long. Those that we make have 40 characters.
#[derive(Clone)]
enum Value {
    Short { length: u8, bytes: [u8; VALUE_BYTES_IN_PLACE] },
    Long(Box<[u8]>),
}

const VALUE_BYTES_IN_PLACE: usize = 46;

/// A key's id: we make them, ten characters long.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Id {
    length: u8,
    bytes: [u8; ID_BYTES_MAX],
}

const ID_BYTES_MAX: usize = 15;

/// A key in a usage plan, with what is counted of it there. Buckets and quotas outlive the entry: they live in registries.
#[derive(Clone)]
struct Membership {
    plan: Arc<str>,
    bucket: OnceLock<Arc<Bucket>>,
    quota: OnceLock<Arc<Quota>>,
}

/// A key to be put into the ring.
pub struct NewKey {
    entry: KeyEntry,
    hash: u64,
}

/// A key that was found. It holds its shard as it was.
#[derive(Clone)]
pub struct Key {
    shard: Arc<Shard>,
    at: u32,
}

/// A key together with one of its plans.
#[derive(Clone)]
pub struct KeyInPlan {
    key: Key,
    number: u32,
}

impl Value {
    fn of(text: &str) -> Value {
        match u8::try_from(text.len()) {
            Ok(length) if text.len() <= VALUE_BYTES_IN_PLACE => {
                let mut bytes = [0; VALUE_BYTES_IN_PLACE];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Value::Short { length, bytes }
            }
            _ => Value::Long(text.as_bytes().into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Value::Short { length, bytes } => &bytes[..usize::from(*length)],
            Value::Long(bytes) => bytes,
        }
    }
}

impl Id {
    /// The id, if it is one of ours.
    fn of(text: &str) -> Option<Id> {
        let mut bytes = [0; ID_BYTES_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Id { length: text.len() as u8, bytes })
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).expect("it was a text")
    }
}

impl KeyEntry {
    fn memberships(&self) -> impl Iterator<Item = &Membership> {
        self.first.iter().chain(self.more.iter().flat_map(|more| more.iter()))
    }
}

impl Key {
    fn entry(&self) -> &KeyEntry {
        &self.shard.entries[self.at as usize]
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.entry().id.as_str()
    }

    /// Whether it opens anything.
    pub fn is_enabled(&self) -> bool {
        self.entry().enabled
    }

    /// The key with the first of its plans for which `covers` has something, and what that is.
    pub fn in_plan<'p, T>(self, mut covers: impl FnMut(&Arc<str>) -> Option<&'p T>) -> Option<(KeyInPlan, &'p T)> {
        let plans = self.entry().memberships().zip(0..);
        let (number, covering) = { plans }.find_map(|(membership, number)| Some((number, covers(&membership.plan)?)))?;
        Some((KeyInPlan { key: self, number }, covering))
    }
}

impl KeyInPlan {
    /// The bucket of the plan's throttle for this key.
    pub fn bucket(&self, buckets: &Buckets) -> &Arc<Bucket> {
        self.membership().bucket.get_or_init(|| buckets.named(&self.identity()))
    }

    /// The bucket of one method's throttle for this key. Looked up by name: only methods with a throttle of their own in a plan pay.
    pub fn method_bucket(&self, buckets: &Buckets, method: &str) -> Arc<Bucket> {
        buckets.named(&format!("{} {method}", self.identity()))
    }

    /// The quota of the plan for this key.
    pub fn quota(&self, quotas: &Quotas) -> &Arc<Quota> {
        let membership = self.membership();
        let meter = || Meter { plan: membership.plan.clone(), key: self.key.id().into() };
        membership.quota.get_or_init(|| quotas.of(&meter()))
    }

    fn membership(&self) -> &Membership {
        let entry = self.key.entry();
        let found = if self.number == 0 { entry.first.as_ref() } else { entry.memberships().nth(self.number as usize) };
        found.expect("the number was counted in this key's plans")
    }

    fn identity(&self) -> String {
        format!("plan {} key {}", self.membership().plan, self.key.id())
    }
}

impl Shard {
    /// Where the entry with this hash stands for which `is` says yes.
    fn find(&self, hash: u64, is: impl Fn(&KeyEntry) -> bool) -> Option<u32> {
        if self.index.is_empty() {
            return None;
        }
        let mask = self.index.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.index[at];
            let place = (slot & PLACE).checked_sub(1)?;
            if slot & !PLACE == mark(hash) && is(&self.entries[place as usize]) {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
    }

    /// The shard with some entries taken out and others put in.
    fn changed(&self, changes: Vec<Change>, hash_of: impl Fn(&KeyEntry) -> u64) -> Shard {
        let mut kept: Vec<bool> = vec![true; self.entries.len()];
        let mut added = HashMap::new();
        for Change { hash, realm, id, new } in changes {
            if let Some(at) = self.find(hash, |entry| entry.realm == realm && entry.id == id) {
                kept[at as usize] = false;
            }
            match new {
                Some(new) => drop(added.insert((realm, id), new)),
                None => drop(added.remove(&(realm, id))),
            }
        }
        let old = self.entries.iter().zip(kept).filter(|(_, kept)| *kept).map(|(entry, _)| entry.clone());
        Shard::of(old.chain(added.into_values()).collect(), hash_of)
    }

    fn of(mut entries: Vec<KeyEntry>, hash_of: impl Fn(&KeyEntry) -> u64) -> Shard {
        if entries.len() > PLACE as usize {
            tracing::error!(keys = entries.len() - PLACE as usize, "there are more API keys than this node can hold; some are not served");
            entries.truncate(PLACE as usize);
        }
        let mut index = vec![0; (entries.len() * 2).next_power_of_two()].into_boxed_slice();
        let mask = index.len() - 1;
        for (entry, place) in entries.iter().zip(1u32..) {
            let hash = hash_of(entry);
            let mut at = hash as usize & mask;
            while index[at] != 0 {
                at = (at + 1) & mask;
            }
            index[at] = mark(hash) | place;
        }
        Shard { entries, index }
    }
}

/// The bits of a slot that tell the place.
const PLACE: u32 = (1 << 20) - 1;

/// The bits of a slot that tell the hash: neither those that choose the shard nor those that choose the slot.
fn mark(hash: u64) -> u32 {
    (hash >> 32) as u32 & !PLACE
}

/// The place, realm and id of an entry, and what it becomes.
struct Change {
    hash: u64,
    realm: RealmNumber,
    id: Id,
    new: Option<KeyEntry>,
}

impl NewKey {
    /// Where the ring will keep it: to be told when it goes.
    pub fn place(&self) -> u64 {
        self.hash
    }
}

impl Default for KeyRing {
    fn default() -> Self {
        let random = RandomState::new();
        KeyRing {
            shards: (0..SHARDS).map(|_| ArcSwap::default()).collect(),
            seed: [random.hash_one(1), random.hash_one(2) | 1],
            realms: Mutex::default(),
        }
    }
}

impl KeyRing {
    /// The number of an `account/region`.
    pub fn realm(&self, name: &str) -> RealmNumber {
        let mut realms = self.realms.lock().unwrap_or_else(PoisonError::into_inner);
        let next = RealmNumber(realms.len() as u32);
        *realms.entry(name.into()).or_insert(next)
    }

    /// The key with this value in a realm. The hash is keyed and the values are compared in constant time, so that neither tells how
    /// near a guess came.
    pub fn find(&self, realm: RealmNumber, value: &[u8]) -> Option<Key> {
        let hash = self.hash(realm, value);
        let shard = self.shards[shard_of(hash)].load();
        let at = shard.find(hash, |entry| entry.realm == realm && constant_time_eq(entry.value.bytes(), value))?;
        Some(Key { shard: Arc::clone(&shard), at })
    }

    /// A stored key whose value was unsealed, ready for the ring. `plan` gives the shared text of a plan's id. Nothing, if its id is none
    /// of ours.
    pub fn prepare(&self, realm: &str, key: &ApiKey, value: &str, mut plan: impl FnMut(&str) -> Arc<str>) -> Option<NewKey> {
        let mut membership = |name: &String| Membership { plan: plan(name), bucket: OnceLock::new(), quota: OnceLock::new() };
        let mut memberships = key.plans.iter().map(&mut membership);
        let first = memberships.next();
        let more: Vec<Membership> = memberships.collect();
        let more = (!more.is_empty()).then(|| Box::new(more));
        let (realm, id) = (self.realm(realm), Id::of(&key.id)?);
        let entry = KeyEntry { value: Value::of(value), first, more, realm, id, enabled: key.enabled };
        Some(NewKey { hash: self.hash_of(&entry), entry })
    }

    /// Puts keys into the ring, in place of those with the same id and value, and takes others (place, realm and id) out. Each shard is
    /// swapped once.
    pub fn change(&self, put: Vec<NewKey>, gone: &[(u64, Arc<str>, Arc<str>)]) {
        let mut work: HashMap<usize, Vec<Change>> = HashMap::new();
        for (hash, realm, id) in gone {
            let Some(id) = Id::of(id) else { continue };
            let change = Change { hash: *hash, realm: self.realm(realm), id, new: None };
            work.entry(shard_of(*hash)).or_default().push(change);
        }
        for NewKey { entry, hash } in put {
            let change = Change { hash, realm: entry.realm, id: entry.id, new: Some(entry) };
            work.entry(shard_of(hash)).or_default().push(change);
        }
        for (n, changes) in work {
            let changed = self.shards[n].load().changed(changes, |entry| self.hash_of(entry));
            self.shards[n].store(Arc::new(changed));
        }
    }

    fn hash_of(&self, entry: &KeyEntry) -> u64 {
        self.hash(entry.realm, entry.value.bytes())
    }

    fn hash(&self, realm: RealmNumber, value: &[u8]) -> u64 {
        fold(self.seed[0] ^ u64::from(realm.0), self.seed[1], value)
    }
}

fn shard_of(hash: u64) -> usize {
    // Neither the lowest bits nor the highest: the index of a shard tells its entries apart by those.
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
            plans: vec!["p1".into(), "p2".into()],
            tags: Default::default(),
        }
    }

    fn put(ring: &KeyRing, id: &str, enabled: bool, value: &str) -> NewKey {
        ring.prepare("1/us-east-1", &key(id, enabled), value, |plan| plan.into()).unwrap()
    }

    #[test]
    fn a_key_is_two_lines_of_memory() {
        assert_eq!(size_of::<KeyEntry>(), 128);
    }

    #[test]
    fn a_key_is_found_by_value_in_its_own_realm_until_it_is_taken_out() {
        let ring = KeyRing::default();
        let (here, there) = (ring.realm("1/us-east-1"), ring.realm("1/eu-west-1"));
        ring.change(vec![put(&ring, "k1", true, "secret")], &[]);
        assert!(ring.find(here, b"secret").unwrap().is_enabled());
        assert!(ring.find(there, b"secret").is_none());
        assert!(ring.find(here, b"secreT").is_none());
        ring.change(vec![put(&ring, "k1", false, "secret")], &[]);
        assert!(!ring.find(here, b"secret").unwrap().is_enabled());
        let place = put(&ring, "k1", true, "secret").place();
        ring.change(vec![], &[(place, "1/us-east-1".into(), "k1".into())]);
        assert!(ring.find(here, b"secret").is_none());
    }

    #[test]
    fn every_one_of_many_keys_is_found_whatever_came_and_went() {
        let ring = KeyRing::default();
        let here = ring.realm("1/us-east-1");
        let value = |n: usize| format!("{n:}{}", "x".repeat(n % 70));
        let all = |range: std::ops::Range<usize>| range.map(|n| put(&ring, &format!("k{n}"), true, &value(n))).collect::<Vec<_>>();
        ring.change(all(0..5_000), &[]);
        let gone: Vec<_> = all(0..5_000)
            .iter()
            .enumerate()
            .step_by(2)
            .map(|(n, key)| (key.place(), "1/us-east-1".into(), format!("k{n}").into()))
            .collect();
        ring.change(all(5_000..6_000), &gone);
        for n in 0..6_000 {
            let found = ring.find(here, value(n).as_bytes());
            let expected = (n % 2 == 1 || n >= 5_000).then(|| format!("k{n}"));
            assert_eq!(found.as_ref().map(Key::id), expected.as_deref(), "{n}");
        }
    }

    #[test]
    fn the_plan_that_covers_is_found_also_when_it_is_not_the_first() {
        let ring = KeyRing::default();
        ring.change(vec![put(&ring, "k1", true, "secret")], &[]);
        let find = || ring.find(ring.realm("1/us-east-1"), b"secret").unwrap();
        let covered = |by: &str| find().in_plan(|plan| (**plan == *by).then_some(&7)).map(|(key, _)| key.identity());
        assert_eq!(covered("p1").as_deref(), Some("plan p1 key k1"));
        assert_eq!(covered("p2").as_deref(), Some("plan p2 key k1"));
        assert_eq!(covered("p3"), None);
    }
}
