use crate::store::columns::*;
use crate::store::stored;
use firma_domain::crm::{Contact, DealContact};

stored! {
    Contact in contacts,
    columns {
        external_id: Nullable<Text>, company_id: Nullable<Id>, given_name: Nullable<Text>, family_name: Nullable<Text>,
        name: Text, position: Nullable<Text>, is_primary: Bool, emails: Text, phones: Text, phones_e164: Text,
        mail_consent: Bool, mail_consent_at: Nullable<Instant>, mail_consent_source: Nullable<Text>,
        owner_id: Nullable<Id>, tags: Text,
    }
    folded { name: name_folded }
    owner { owner_id }
    filter {
        external_id: Nullable<Text>, company_id: Nullable<Id>, is_primary: Bool, mail_consent: Bool,
        owner_id: Nullable<Id>,
    }
    sort {}
    search { name, external_id, emails }
}

stored! {
    DealContact in deal_contacts,
    columns { deal_id: Id, contact_id: Id, is_primary: Bool, owner_id: Nullable<Id> }
    owner { owner_id }
    filter { deal_id: Id, contact_id: Id, owner_id: Nullable<Id> }
    sort {}
}
