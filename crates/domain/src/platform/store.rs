use std::io::{Read, Result};

/// Where the bytes of files stand: a folder, or an object store. Its calls may wait, so they belong on a
/// thread that may.
pub trait FileStore: Send + Sync {
    /// Begins to store bytes under a new key. Until they are kept, they aren't there.
    ///
    /// # Errors
    /// The store can't be written to.
    fn put(&self, key: &str) -> Result<Box<dyn Incoming>>;

    /// `length` bytes from `start` on.
    ///
    /// # Errors
    /// There are none under this key, or the store can't be read.
    fn open(&self, key: &str, start: u64, length: u64) -> Result<Box<dyn Read + Send>>;

    /// Removes the bytes under a key, also those that were never kept. No error where there are none.
    ///
    /// # Errors
    /// The store can't be written to.
    fn delete(&self, key: &str) -> Result<()>;
}

/// Bytes on their way into a store. Dropped before they are kept, they go.
pub trait Incoming: Send {
    /// Adds bytes.
    ///
    /// # Errors
    /// The store takes no more.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// Keeps what was written, for good: a power cut doesn't lose it.
    ///
    /// # Errors
    /// The store can't keep it.
    fn keep(self: Box<Self>) -> Result<()>;
}
