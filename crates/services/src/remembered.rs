//! What a server remembers of its callers, so that a call needs no statement for it.

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::hash::Hash;

/// At most so many, whoever calls; what wasn't asked for or stored for longest makes room.
pub(crate) fn remembered<K, V>(most: u64) -> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    let remembered = Cache::builder().max_capacity(most);
    // Else who comes once has less right to stay than who came often, long ago.
    remembered.eviction_policy(EvictionPolicy::lru()).build()
}
