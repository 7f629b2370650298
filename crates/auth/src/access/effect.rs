use super::action::{Create, Delete, Read, Update};
use firma_domain::access::RoleAssignment;
use firma_domain::crm::{Company, Deal, Pipeline, Stage};
use firma_domain::organizations::{Member, Organization, Team, TeamMember};
use firma_domain::platform::{File, Import};

/// Says that who may do `A` to `E` thereby also does `B` to rows of `F`: making a pipeline makes its
/// stages, deleting a team ends its memberships. Implemented for `(E, A)`.
pub trait Touches<F, B> {}

macro_rules! touches { ($($e:ty, $a:ty => $f:ty, $b:ty;)*) => { $(impl Touches<$f, $b> for ($e, $a) {})* } }
touches! {
    Pipeline, Create => Stage, Create;
    Pipeline, Delete => Stage, Delete;
    Pipeline, Delete => Deal, Read;
    Stage, Delete => Deal, Read;
    Stage, Delete => Pipeline, Read;
    Company, Update => Company, Read;
    Company, Delete => Deal, Read;
    Deal, Create => Stage, Read;
    Deal, Create => Pipeline, Read;
    Deal, Update => Stage, Read;
    Deal, Update => Pipeline, Read;
    Deal, Delete => Stage, Read;
    Team, Delete => TeamMember, Delete;
    TeamMember, Delete => Team, Read;
    Member, Create => RoleAssignment, Create;
    Member, Create => Organization, Update;
    Member, Update => Organization, Read;
    Member, Update => Organization, Update;
    RoleAssignment, Create => RoleAssignment, Update;
    RoleAssignment, Update => Organization, Read;
    Import, Create => Import, Update;
    Import, Create => File, Create;
    Import, Create => File, Read;
    Import, Delete => Import, Update;
}
