use super::held::outdate_member;
use crate::store::columns::*;
use crate::store::stored;
use firma_domain::access::RoleAssignment;

stored! {
    RoleAssignment in role_assignments,
    columns {
        user_id: Id, role_id: Id, role_organization_id: Id, assigned_by: Nullable<Id>, assigned_at: Nullable<Instant>,
        expires_at: Nullable<Instant>, is_active: Bool, reason: Nullable<Text>, metadata: Text,
    }
    outdates { outdate_member }
    filter { user_id: Id, role_id: Id }
    sort {}
}
