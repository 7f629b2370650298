use crate::store::columns::*;
use crate::store::stored;
use firma_domain::crm::Deal;

stored! {
    Deal in deals,
    columns {
        external_id: Nullable<Text>, title: Text, company_id: Nullable<Id>, pipeline_id: Id, stage_id: Id, status: Text,
        probability: Nullable<Integer>, opened_on: Nullable<Date>, expected_close: Nullable<Date>,
        actual_close: Nullable<Date>, lost_reason: Nullable<Text>, owner_id: Nullable<Id>, tags: Text,
    }
    money { value: value_minor, value_currency }
    owner { owner_id }
    filter {
        external_id: Nullable<Text>, company_id: Nullable<Id>, pipeline_id: Id, stage_id: Id, status: Text,
        expected_close: Nullable<Date>, actual_close: Nullable<Date>, owner_id: Nullable<Id>,
    }
    sort { expected_close: Nullable<Date>, actual_close: Nullable<Date> }
    search { title, external_id }
}
