use crate::store::columns::*;
use crate::store::stored;
use firma_domain::crm::Company;

stored! {
    Company in companies,
    columns {
        external_id: Nullable<Text>, name: Text, legal_name: Nullable<Text>, tax_number: Nullable<Text>,
        registration_number: Nullable<Text>, industry: Nullable<Text>, size: Nullable<Text>, website: Nullable<Text>,
        phone: Nullable<Text>, phone_e164: Nullable<Text>, email: Nullable<Text>, billing_address: Nullable<Text>, shipping_address: Nullable<Text>,
        parent_id: Nullable<Id>, owner_id: Nullable<Id>, tags: Text,
    }
    folded { name: name_folded }
    owner { owner_id }
    filter {
        external_id: Nullable<Text>, tax_number: Nullable<Text>, industry: Nullable<Text>, parent_id: Nullable<Id>,
        owner_id: Nullable<Id>,
    }
    sort {}
    search { name, legal_name, external_id, tax_number, email }
}
