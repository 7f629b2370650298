use crate::store::columns::*;
use crate::store::stored;
use firma_domain::organizations::{Team, TeamMember};

stored! {
    Team in teams,
    columns { name: Text, slug: Text, description: Nullable<Text> }
    folded { name: name_folded }
    filter { slug: Text }
    sort {}
    search { name }
}

stored! {
    TeamMember in team_members,
    columns { team_id: Id, user_id: Id, is_lead: Bool, since: Nullable<Date> }
    filter { team_id: Id, user_id: Id }
    sort {}
}
