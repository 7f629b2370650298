use super::action::{Create, Delete, Read, Update};
use firma_domain::access::RoleAssignment;
use firma_domain::crm::{Activity, Company, Contact, Deal, DealContact, Pipeline, Stage};
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
    Company, Create => Organization, Read;
    Company, Update => Organization, Read;
    Company, Update => Company, Read;
    Company, Delete => Deal, Read;
    Company, Delete => Contact, Delete;
    Company, Delete => Activity, Delete;
    Contact, Create => Organization, Read;
    Contact, Create => Contact, Update;
    Contact, Create => Company, Update;
    Contact, Update => Organization, Read;
    Contact, Update => Contact, Update;
    Contact, Update => Company, Update;
    Contact, Delete => Contact, Read;
    Contact, Delete => Company, Read;
    Contact, Delete => DealContact, Delete;
    Contact, Delete => Activity, Delete;
    Deal, Create => Stage, Read;
    Deal, Create => Pipeline, Read;
    Deal, Update => Stage, Read;
    Deal, Update => Pipeline, Read;
    Deal, Update => DealContact, Update;
    Deal, Delete => Stage, Read;
    Deal, Delete => DealContact, Delete;
    Deal, Delete => Activity, Delete;
    DealContact, Create => Deal, Update;
    DealContact, Create => DealContact, Update;
    DealContact, Update => Deal, Update;
    DealContact, Update => DealContact, Update;
    DealContact, Delete => Deal, Read;
    DealContact, Delete => Deal, Update;
    DealContact, Delete => DealContact, Update;
    DealContact, Delete => Contact, Read;
    Activity, Create => Company, Update;
    Activity, Create => Contact, Update;
    Activity, Create => Deal, Update;
    Activity, Update => Company, Update;
    Activity, Update => Contact, Update;
    Activity, Update => Deal, Update;
    Activity, Delete => Company, Update;
    Activity, Delete => Contact, Update;
    Activity, Delete => Deal, Update;
    Team, Delete => TeamMember, Delete;
    TeamMember, Delete => Team, Read;
    Organization, Read => File, Read;
    Organization, Update => Member, Update;
    Organization, Delete => Member, Update;
    Organization, Delete => RoleAssignment, Create;
    Organization, Delete => RoleAssignment, Update;
    File, Delete => Organization, Read;
    Member, Update => TeamMember, Delete;
    Member, Create => RoleAssignment, Create;
    Member, Create => Organization, Update;
    Member, Update => Organization, Update;
    RoleAssignment, Create => RoleAssignment, Update;
    RoleAssignment, Update => Organization, Update;
    Import, Create => Import, Update;
    Import, Create => File, Create;
    Import, Create => File, Read;
    Import, Delete => Import, Update;
}
