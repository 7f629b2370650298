use crate::store::columns::*;
use crate::store::stored;
use firma_domain::organizations::Member;

stored! {
    Member in memberships,
    columns {
        email: Text, name: Text, title: Nullable<Text>, department: Nullable<Text>,
        joined_at: Nullable<Instant>, invited_by: Nullable<Id>, is_active: Bool, metadata: Text,
    }
    folded { name: name_folded }
    filter { email: Text, is_active: Bool }
    sort {}
    search { name, email }
}
