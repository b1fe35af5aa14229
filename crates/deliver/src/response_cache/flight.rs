//! Looking things up, with one call for all who miss the same.

use super::kept::Kept;
use super::key::Key;
use base::world::Moment;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Bytes of an entry of the middle size, as a first guess of how many there will be.
const ENTRY_BYTES_USUAL: u64 = 16 << 10;
/// Entries that room is made for at first.
const ENTRIES_AT_FIRST_MAX: u64 = 4096;

/// The cache of a stage: shared by all data threads.
pub struct ResponseCache {
    kept: Cache<Key, Arc<Kept>, ByBytes>,
    /// Who is asking the back end. Only those who miss come here.
    flights: Mutex<HashMap<Key, watch::Receiver<State>>>,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Arc<Kept>> for ByBytes {
    fn weight(&self, key: &Key, kept: &Arc<Kept>) -> u64 {
        key.len() as u64 + kept.bytes()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The back end is being asked.
    Flying,
    /// The answer is kept now.
    Kept,
    /// There is none that may be kept.
    NotKept,
}

/// What a look-up found.
pub enum Found {
    /// It was there.
    Hit(Arc<Kept>),
    /// It was not: whoever holds this asks the back end, and others wait for it.
    Lead(Flight),
    /// It was not, and another's answer could not be kept.
    Alone,
}

/// One call to the back end, for all who want the same. Let go without [`Flight::land`], one of the others takes its place.
pub struct Flight {
    cache: Arc<ResponseCache>,
    key: Key,
    state: watch::Sender<State>,
}

impl ResponseCache {
    /// A cache of at most so many bytes.
    pub fn new(bytes_max: u64) -> ResponseCache {
        let entries = (bytes_max / ENTRY_BYTES_USUAL).clamp(16, ENTRIES_AT_FIRST_MAX) as usize;
        ResponseCache { kept: Cache::with_weighter(entries, bytes_max, ByBytes), flights: Mutex::default() }
    }

    /// Looks an answer up; waits if another asks for it already. With `renews` what is there does not count.
    pub async fn find(self: &Arc<Self>, key: Key, now: impl Fn() -> Moment, renews: bool) -> Found {
        if renews {
            // Its answer takes the place of the old one; who asks for the same meanwhile is served the old one.
            let (state, _) = watch::channel(State::Flying);
            return Found::Lead(Flight { cache: self.clone(), key, state });
        }
        loop {
            match self.kept.get(&key) {
                Some(kept) if kept.is_fresh(now()) => return Found::Hit(kept),
                Some(_) => drop(self.kept.remove_if(&key, |kept| !kept.is_fresh(now()))),
                None => {}
            }
            let mut watched = {
                let mut flights = self.flights();
                match flights.get(&key) {
                    Some(state) => state.clone(),
                    None => {
                        let (state, watched) = watch::channel(State::Flying);
                        flights.insert(key.clone(), watched);
                        return Found::Lead(Flight { cache: self.clone(), key, state });
                    }
                }
            };
            match watched.wait_for(|state| *state != State::Flying).await.as_deref() {
                Ok(State::NotKept) => return Found::Alone,
                // It is there, or its leader has gone: then somebody else leads.
                Ok(State::Kept | State::Flying) | Err(_) => {}
            }
        }
    }

    /// Empties it.
    pub fn flush(&self) {
        self.kept.clear();
    }

    /// How many entries there are.
    pub fn entries(&self) -> usize {
        self.kept.len()
    }

    fn flights(&self) -> std::sync::MutexGuard<'_, HashMap<Key, watch::Receiver<State>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Ends the flight: with an answer that is kept, or with none.
    pub fn land(self, kept: Option<Kept>) {
        let mut state = State::NotKept;
        if let Some(kept) = kept {
            self.cache.kept.insert(self.key.clone(), Arc::new(kept));
            // It may be too large for its part of a small cache: then nobody is to wait for it.
            if self.cache.kept.contains_key(&self.key) {
                state = State::Kept;
            }
        }
        // Nobody may be waiting.
        self.state.send_replace(state);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flights = self.cache.flights();
        // A flight that renews is not among them; another's must stay.
        if flights.get(&self.key).is_some_and(|watched| watched.same_channel(&self.state.subscribe())) {
            flights.remove(&self.key);
        }
    }
}
