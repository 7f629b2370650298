//! For the two tests that leave the tenant's condition out, to see what the second fence holds alone.

use std::sync::atomic::{AtomicBool, Ordering};

static DROPPED: AtomicBool = AtomicBool::new(false);

/// Leaves the tenant's condition out of all queries from now on.
pub fn drop_tenant_condition() {
    DROPPED.store(true, Ordering::Relaxed);
}

/// Puts it in again.
pub fn restore_tenant_condition() {
    DROPPED.store(false, Ordering::Relaxed);
}

/// Whether it is in.
pub(super) fn has_tenant_condition() -> bool {
    !DROPPED.load(Ordering::Relaxed)
}
