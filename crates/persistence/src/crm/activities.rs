use crate::store::columns::*;
use crate::store::stored;
use firma_domain::crm::Activity;

stored! {
    Activity in activities,
    columns {
        external_id: Nullable<Text>, kind: Text, subject: Text, body: Nullable<Text>, company_id: Nullable<Id>,
        contact_id: Nullable<Id>, deal_id: Nullable<Id>, due_at: Nullable<Instant>, done_at: Nullable<Instant>,
        is_done: Bool, duration_minutes: Nullable<Integer>, owner_id: Nullable<Id>, tags: Text,
    }
    owner { owner_id }
    filter {
        external_id: Nullable<Text>, kind: Text, company_id: Nullable<Id>, contact_id: Nullable<Id>,
        deal_id: Nullable<Id>, due_at: Nullable<Instant>, done_at: Nullable<Instant>, is_done: Bool,
        owner_id: Nullable<Id>,
    }
    sort { due_at: Nullable<Instant>, done_at: Nullable<Instant> }
    search { subject, external_id }
}
