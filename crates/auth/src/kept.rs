//! What was looked up or computed, kept in memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

/// So many; with one more every other of them is forgotten.
const MOST: usize = 10_000;

/// At most 10,000 values by their keys, for threads that look up much and keep little. With one more, every other of
/// them is forgotten.
#[derive(Debug)]
pub struct Kept<K, V>(RwLock<HashMap<K, V>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Kept(RwLock::default())
    }
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    /// What is kept under a key.
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).cloned()
    }

    /// Keeps nothing under it any longer.
    pub fn forget(&self, key: &K) {
        if self.get(key).is_none() {
            return;
        }
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        kept.remove(key);
    }

    /// Keeps it, in the place of what was kept under its key.
    pub fn keep(&self, key: K, value: V) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST && !kept.contains_key(&key) {
            let mut n = 0_usize;
            kept.retain(|_, _| {
                n += 1;
                n.is_multiple_of(2)
            });
        }
        kept.insert(key, value);
    }
}
