use super::{Dice, Held, ROLES, Row, some_permissions};
use firma_auth::access::{Read, role_by_name};
use firma_auth::keys::Keys;
use firma_domain::Id;
use firma_domain::crm::Company;
use firma_persistence::Fault;
use firma_services::listing::query;
use firma_services::{Refusal, Work, crud};
use firma_testing::{Server, TestDatabase, on_each};
use serde_json::Value;
use std::collections::BTreeSet;

const ORGANIZATIONS: usize = 2_000;

/// A member of a random organization, its rows, and what the oracle says of each.
struct Case {
    organization: Id,
    member: Id,
    rows: Vec<(Id, bool)>,
}

/// What is put into each table, as SQL.
#[derive(Default)]
struct Rows {
    tenants: Vec<String>,
    users: Vec<String>,
    memberships: Vec<String>,
    teams: Vec<String>,
    team_members: Vec<String>,
    roles: Vec<String>,
    role_permissions: Vec<String>,
    role_assignments: Vec<String>,
    companies: Vec<String>,
}

#[test]
fn a_list_has_exactly_the_rows_that_the_oracle_allows_one_by_one() {
    on_each(|server| {
        let mut dice = Dice::new(2_000);
        let mut rows = Rows::default();
        let cases: Vec<_> = (0..ORGANIZATIONS)
            .map(|n| case(&mut dice, &server.base, &mut rows, n))
            .collect();
        rows.put(&server.base);
        let (mut seen, mut hidden) = (0, 0);
        for case in &cases {
            let (listed, found) = asked(server, case);
            let allowed: BTreeSet<_> = case.rows.iter().filter(|row| row.1).map(|row| row.0).collect();
            assert_eq!(listed, allowed, "the list in {}", case.organization);
            assert_eq!(found, allowed, "one by one in {}", case.organization);
            seen += allowed.len();
            hidden += case.rows.len() - allowed.len();
        }
        assert!(seen > 1_000 && hidden > 1_000, "{seen} seen, {hidden} hidden");
    });
}

/// What the member gets as a list, and one by one.
fn asked(server: &Server, case: &Case) -> (BTreeSet<Id>, BTreeSet<Id>) {
    let key = Keys::derive(&[7; 32]).cursor;
    let (organization, member) = (case.organization, case.member);
    let ids: Vec<_> = case.rows.iter().map(|row| row.0).collect();
    let answer = server.database.read_waiting(move |tx| -> Result<_, Refusal> {
        let mut work = Work::resume(tx, organization, member)?;
        let Ok(grant) = work.grant::<Company, Read>() else {
            return Ok((BTreeSet::new(), BTreeSet::new()));
        };
        let all = [
            ("include".into(), "total_count".into()),
            ("limit".into(), "200".into()),
        ];
        let query = query::<Company>(&all, organization, work.currency(), &key)?;
        let listed = crud::list(&mut work, grant, &query, &key)?;
        let page: Vec<Value> = serde_json::from_str(&listed.rows).unwrap();
        let page: BTreeSet<Id> = page
            .iter()
            .map(|row| row["id"].as_str().unwrap().parse().unwrap())
            .collect();
        assert_eq!(listed.total, i64::try_from(page.len()).ok());
        let mut found = BTreeSet::new();
        for id in &ids {
            match crud::find(&mut work, grant, *id) {
                Ok(row) => drop(found.insert(row.id)),
                Err(Refusal::NotFound | Refusal::Fault(Fault::Missing)) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok((page, found))
    });
    answer.unwrap()
}

fn new_id(dice: &mut Dice) -> Id {
    let (high, low) = (dice.next(), dice.next());
    let mut random = [0; 10];
    random[..8].copy_from_slice(&high.to_be_bytes());
    random[8..].copy_from_slice(&low.to_be_bytes()[..2]);
    Id::from_parts(1_700_000_000_000 + low % 1_000_000, &random)
}

fn case(dice: &mut Dice, base: &TestDatabase, rows: &mut Rows, n: usize) -> Case {
    let pg = base.is_postgres();
    let lit = |id: Id| base.id_literal(id);
    let (then, past, future) = match pg {
        true => ("'2020-01-01Z'", "'2021-01-01Z'", "'2999-01-01Z'"),
        false => ("1577836800000000", "1609459200000000", "32472144000000000"),
    };
    let flag = |is: bool| if is { "TRUE" } else { "FALSE" };
    let organization = new_id(dice);
    let org = lit(organization);
    rows.tenants
        .push(format!("{org}, 'case-{n}', 'active', 'EUR', 'UTC'"));
    let users: Vec<_> = (0..4).map(|_| new_id(dice)).collect();
    for (k, user) in users.iter().enumerate() {
        let (user, mail) = (lit(*user), format!("u{k}@case-{n}.example"));
        rows.users
            .push(format!("{user}, 1, {then}, {then}, '{mail}', 'u', TRUE, TRUE"));
        // Who asks is a live member; of the others it makes no difference.
        let active = flag(k == 0 || dice.percent(80));
        rows.memberships.push(format!(
            "{org}, {user}, 1, {then}, {then}, '{mail}', 'u', 'u', {then}, {active}"
        ));
    }
    let member = users[0];
    let meta = |id: Id| format!("{org}, {}, 1, {then}, {then}", lit(id));
    let deleted = |is: bool, id: Id| match is {
        true => format!("{then}, {}", lit(id)),
        false => "NULL, NULL".to_owned(),
    };
    // Teams, and who is in them now.
    let mut mates = BTreeSet::new();
    for k in 0..dice.below(3) {
        let team = new_id(dice);
        rows.teams.push(format!("{}, 't', 't', 't-{n}-{k}'", meta(team)));
        let (mut with_me, mut others) = (false, Vec::new());
        for user in &users {
            if dice.percent(50) {
                let gone = dice.percent(20);
                let id = new_id(dice);
                let ended = deleted(gone, id);
                rows.team_members.push(format!(
                    "{}, {ended}, {}, {}, FALSE",
                    meta(id),
                    lit(team),
                    lit(*user)
                ));
                match (gone, *user == member) {
                    (true, _) => {}
                    (false, true) => with_me = true,
                    (false, false) => others.push(*user),
                }
            }
        }
        if with_me {
            mates.extend(others);
        }
    }
    // Roles: the system's, and the organization's own; each member holds one once.
    let mut live = Vec::new();
    let mut given = BTreeSet::new();
    for k in 0..dice.below(4) {
        let (role, of, held) = match dice.percent(50) {
            true => {
                let at = dice.below(ROLES.len());
                (role_by_name(ROLES[at]).unwrap().id, Id::NIL, Held::System(at))
            }
            false => {
                let role = new_id(dice);
                let (gone, id) = (dice.percent(10), new_id(dice));
                let ended = deleted(gone, id);
                rows.roles.push(format!(
                    "{}, {ended}, 'own-{k}', 'Own', 'custom', FALSE, {}",
                    meta(role),
                    lit(member)
                ));
                let mut names = some_permissions(dice, Some("companies:"));
                names.sort();
                names.dedup();
                for name in &names {
                    let permission = format!("(SELECT id FROM permissions WHERE name = '{name}')");
                    rows.role_permissions
                        .push(format!("{org}, {}, {permission}, {then}", lit(role)));
                }
                let names = if gone { vec![] } else { names };
                (role, organization, Held::Custom(names))
            }
        };
        if !given.insert(role) {
            continue;
        }
        let active = dice.percent(80);
        let (end, ended) = match dice.below(4) {
            0 => (past, true),
            1 => (future, false),
            _ => ("NULL", false),
        };
        let id = new_id(dice);
        rows.role_assignments.push(format!(
            "{}, {}, {}, {}, {then}, {end}, {}",
            meta(id),
            lit(member),
            lit(role),
            lit(of),
            flag(active)
        ));
        if active && !ended {
            live.push(held);
        }
    }
    let companies = (0..8).filter_map(|_| {
        let (id, gone) = (new_id(dice), dice.percent(10));
        let (row, owner) = match dice.below(6) {
            5 => (Row::Nobodys, None),
            k => {
                let owner = users[k % 4];
                let row = match owner {
                    owner if owner == member => Row::Own,
                    owner if mates.contains(&owner) => Row::OfATeamMate,
                    _ => Row::OfAnother,
                };
                (row, Some(owner))
            }
        };
        let owner = owner.map_or("NULL".to_owned(), lit);
        rows.companies.push(format!(
            "{}, {}, 'c', 'c', '[]', {owner}",
            meta(id),
            deleted(gone, id)
        ));
        let allowed = live.iter().any(|held| held.reaches("companies", 0, row));
        (!gone).then_some((id, allowed))
    });
    let allowed = companies.collect();
    Case {
        organization,
        member,
        rows: allowed,
    }
}

impl Rows {
    fn put(&self, base: &TestDatabase) {
        let meta = "organization_id, id, version, created_at, updated_at";
        let deleted = "deleted_at, deletion_id";
        let all = [
            (
                "tenants (id, slug, status, currency, timezone)".to_owned(),
                &self.tenants,
            ),
            (
                "users (id, version, created_at, updated_at, email, name, is_active, is_configured)"
                    .to_owned(),
                &self.users,
            ),
            (
                format!("memberships ({meta}, email, name, name_folded, joined_at, is_active)"),
                &self.memberships,
            ),
            (format!("teams ({meta}, name, name_folded, slug)"), &self.teams),
            (
                format!("team_members ({meta}, {deleted}, team_id, user_id, is_lead)"),
                &self.team_members,
            ),
            (
                format!("roles ({meta}, {deleted}, name, display_name, role_type, is_system, created_by)"),
                &self.roles,
            ),
            (
                "role_permissions (organization_id, role_id, permission_id, granted_at)".to_owned(),
                &self.role_permissions,
            ),
            (
                format!(
                    "role_assignments ({meta}, user_id, role_id, role_organization_id, assigned_at, expires_at, is_active)"
                ),
                &self.role_assignments,
            ),
            (
                format!("companies ({meta}, {deleted}, name, name_folded, tags, owner_id)"),
                &self.companies,
            ),
        ];
        for (into, rows) in all {
            for some in rows.chunks(400) {
                let values: Vec<_> = some.iter().map(|row| format!("({row})")).collect();
                base.execute(&format!("INSERT INTO {into} VALUES {};", values.join(", ")));
            }
        }
    }
}
