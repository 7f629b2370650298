use crate::store::columns::*;
use crate::store::stored;
use firma_domain::organizations::Organization;

stored! {
    Organization in organizations,
    columns {
        name: Text, slug: Text, description: Nullable<Text>, website: Nullable<Text>, industry: Nullable<Text>,
        size_category: Nullable<Text>, country: Nullable<Text>, timezone: Text, locale: Text, default_currency: Text,
        billing_email: Nullable<Text>, subscription_plan: Nullable<Text>, max_users: Nullable<Integer>, status: Text,
        owner_id: Nullable<Id>, domain: Nullable<Text>, domain_verified_at: Nullable<Instant>, logo_id: Nullable<Id>, settings: Text, metadata: Text,
    }
    filter {}
    sort {}
}
