//! What was looked up, kept in memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

/// So many; with one more every other of them is asked for again.
const MOST: usize = 10_000;

/// For threads that look up much and keep little.
#[derive(Debug)]
pub(super) struct Kept<K, V>(RwLock<HashMap<K, V>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Kept(RwLock::default())
    }
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    pub(super) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).cloned()
    }

    pub(super) fn forget(&self, key: &K) {
        if self.get(key).is_none() {
            return;
        }
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        kept.remove(key);
    }

    pub(super) fn keep(&self, key: K, value: V) {
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
