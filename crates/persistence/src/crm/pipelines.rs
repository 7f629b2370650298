use crate::store::columns::*;
use crate::store::stored;
use firma_domain::crm::{Pipeline, Stage};

stored! {
    Pipeline in pipelines,
    columns { name: Text, is_default: Bool }
    filter { name: Text }
    sort {}
}

stored! {
    Stage in stages,
    columns { pipeline_id: Id, name: Text, kind: Text, position: Integer, probability: Integer }
    filter { pipeline_id: Id, kind: Text }
    sort { position: Integer }
}
