use crate::store::columns::*;
use crate::store::stored;
use firma_domain::platform::{File, Job};

stored! {
    Job in jobs,
    columns {
        kind: Text, state: Text, owner_id: Nullable<Id>, progress_done: Integer, progress_total: Nullable<Integer>,
        attempts: Integer, max_attempts: Integer, run_at: Instant, finished_at: Nullable<Instant>,
        cancel_requested: Bool, result: Nullable<Text>, problem: Nullable<Text>,
    }
    owner { owner_id }
    filter { kind: Text, state: Text, owner_id: Nullable<Id> }
    sort {}
}

stored! {
    File in files,
    columns {
        name: Text, media_type: Text, size: BigInt, sha256: Text, storage_key: Text, owner_id: Nullable<Id>,
    }
    folded { name: name_folded }
    owner { owner_id }
    filter { media_type: Text, sha256: Text, owner_id: Nullable<Id> }
    sort {}
}
