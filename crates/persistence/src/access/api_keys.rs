use crate::store::columns::*;
use crate::store::stored;
use firma_domain::access::ApiKey;

stored! {
    ApiKey in api_keys,
    columns {
        name: Text, prefix: Text, permissions: Text, expires_at: Nullable<Instant>, allowed_ip_ranges: Text,
        last_used_at: Nullable<Instant>, revoked_at: Nullable<Instant>,
    }
    folded { name: name_folded }
    filter { prefix: Text }
    sort { expires_at: Nullable<Instant> }
}
