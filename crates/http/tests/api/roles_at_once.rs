//! What is decided goes by what is stored now, on every server of one database, and costs a statement.

use crate::custom_roles::{custom, give, holder};
use crate::kit::data;
use crate::zones::Hands;
use firma_auth::access::{Create, Read};
use firma_domain::access::RoleAssignment;
use firma_domain::crm::{Company, Deal};
use firma_domain::{Id, input};
use firma_services::{Caller, Origin, Refusal, Segment, Tx, Work, access};
use firma_testing::{Client, Firm, METRICS_TOKEN, Server, TestDatabase, on_each};
use serde_json::{Value, json};
use std::sync::Arc;

/// The same person at both servers.
struct Twice([Client; 2]);

impl Twice {
    fn of(servers: [&Server; 2], user: Id) -> Twice {
        Twice(servers.map(|server| server.client(user)))
    }

    /// The very next call of each kind is answered so, at both.
    #[track_caller]
    fn may(&self, firm: &Firm<'_>, read: bool, write: bool) {
        for client in &self.0 {
            let answer = client.get(&firm.at("companies"));
            match read {
                true => drop(answer.expect(200)),
                false => drop(answer.problem(403, "permission_required")),
            }
            let answer = client.post(&firm.at("companies"), json!({"name": "x"}));
            match write {
                true => drop(answer.expect(201)),
                false => drop(answer.problem(403, "permission_required")),
            }
        }
    }
}

const BOTH: [&str; 2] = ["companies:read:org", "companies:create:org"];

#[test]
fn a_member_is_given_several_roles_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, _) = firm.member(None);
        let roles: Vec<_> = (0..6).map(|_| custom(&firm, &BOTH)).collect();
        std::thread::scope(|scope| {
            for role in &roles {
                let body = json!({"user_id": user, "role_id": role});
                let (firm, at) = (&firm, firm.at("role-assignments"));
                scope.spawn(move || firm.owner.post(&at, body).expect(201));
            }
        });
    });
}

#[test]
fn a_role_that_is_changed_counts_for_the_very_next_call_on_both_servers() {
    on_each(|server| {
        let beside = server.beside();
        let firm = Firm::new(server);
        let (user, _, role) = holder(&firm, &BOTH);
        let person = Twice::of([server, &beside], user);
        let at = firm.at(&format!("roles/{role}"));
        let owners = Twice::of([server, &beside], firm.owner_id).0;
        person.may(&firm, true, true);
        for owner in owners.iter().cycle().take(4) {
            let set = |permissions: &[&str]| {
                owner.patch(&at, json!({"permissions": permissions})).expect(200);
            };
            set(&BOTH[..1]);
            person.may(&firm, true, false);
            set(&BOTH[1..]);
            person.may(&firm, false, true);
            set(&[]);
            person.may(&firm, false, false);
            set(&BOTH);
            person.may(&firm, true, true);
        }
    });
}

#[test]
fn a_role_that_is_lost_counts_for_the_very_next_call_on_both_servers() {
    on_each(|server| {
        let beside = server.beside();
        let firm = Firm::new(server);
        let role = custom(&firm, &BOTH);
        let (user, _) = firm.member(None);
        let person = Twice::of([server, &beside], user);
        let owner = beside.client(firm.owner_id);
        let held = firm.at(&format!(
            "role-assignments/{}",
            give(&firm.owner, &firm, user, &role).id()
        ));
        for active in [false, true, false] {
            person.may(&firm, !active, !active);
            owner.patch(&held, json!({"is_active": active})).expect(200);
            person.may(&firm, active, active);
        }
        // The role goes with nobody in it, and comes back with what it gave.
        let at = firm.at(&format!("roles/{role}"));
        owner.delete(&at).expect(204);
        firm.owner.act(&format!("{at}/restore")).expect(200);
        owner.patch(&held, json!({"is_active": true})).expect(200);
        person.may(&firm, true, true);
        // Nor does a member keep anything who isn't one any more.
        let member = firm.at(&format!("members/{user}"));
        owner.patch(&member, json!({"is_active": false})).expect(200);
        for client in &person.0 {
            client
                .get(&firm.at("companies"))
                .problem(404, "organization_not_found");
        }
    });
}

#[test]
fn a_role_ends_at_its_instant_on_both_servers() {
    for base in TestDatabase::each() {
        eprintln!("on {}", base.kind());
        let hands = Arc::new(Hands::default());
        hands.later(1_800_000_000);
        let beside = Server::start_by(base.shared(), hands.clone());
        let server = Server::start_by(base, hands.clone());
        let firm = Firm::new(&server);
        let role = custom(&firm, &BOTH);
        let (user, _) = firm.member(None);
        let person = Twice::of([&server, &beside], user);
        let end = server.read(|tx| Ok(tx.now())).plus_seconds(60);
        let body = json!({"user_id": user, "role_id": role, "expires_at": end});
        let given = firm.owner.post(&firm.at("role-assignments"), body.clone()).id();
        hands.later(59);
        person.may(&firm, true, true);
        hands.later(1);
        person.may(&firm, false, false);
        // Given again, it is the same assignment; not with an end that is past.
        let again = |body| {
            beside
                .client(firm.owner_id)
                .post(&firm.at("role-assignments"), body)
        };
        again(body).problem(422, "invalid");
        person.may(&firm, false, false);
        let later = json!({"user_id": user, "role_id": role, "expires_at": end.plus_seconds(60)});
        assert_eq!(again(later).id(), given);
        person.may(&firm, true, true);
        hands.later(60);
        person.may(&firm, false, false);
        // What nobody holds any more can go.
        firm.owner.delete(&firm.at(&format!("roles/{role}"))).expect(204);
    }
}

#[test]
fn a_member_who_leaves_a_team_sees_less_by_the_very_next_call_on_both_servers() {
    on_each(|server| {
        let beside = server.beside();
        let firm = Firm::new(server);
        let (user, _, _) = holder(&firm, &["companies:read:team"]);
        let (colleague, _) = firm.member(None);
        let body = json!({"name": "x", "owner_id": colleague});
        let company = firm.owner.post(&firm.at("companies"), body).id();
        let person = Twice::of([server, &beside], user).0;
        let team = firm.team(&[user, colleague]);
        let list = format!("team-members?team_id={team}&user_id={user}");
        let row = firm.owner.get(&firm.at(&list)).expect(200)["data"][0]["id"].clone();
        let row = firm.at(&format!("team-members/{}", row.as_str().unwrap()));
        let sees = |does: bool| {
            for client in &person {
                let answer = client.get(&firm.at(&format!("companies/{company}")));
                assert_eq!(answer.status, if does { 200 } else { 404 }, "{}", answer.text);
                let listed = client.get(&firm.at("companies")).expect(200);
                assert_eq!(listed["data"].as_array().unwrap().len(), usize::from(does));
            }
        };
        sees(true);
        beside.client(firm.owner_id).delete(&row).expect(204);
        sees(false);
        firm.owner.act(&format!("{row}/restore")).expect(200);
        sees(true);
    });
}

/// How many statements the server has asked its database.
fn statements(server: &Server) -> i64 {
    let asker = server.nobody().with_token(Some(METRICS_TOKEN.into()));
    let shown = asker.get("/metrics").text;
    let name = "firma_database_query_duration_seconds_count ";
    let line = shown.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.parse().unwrap()
}

/// How many it asks for what is done, at the least: another call may stand where this one's fence does.
pub(crate) fn asked(server: &Server, done: impl Fn()) -> i64 {
    // To ask for the figures costs some, too.
    let of = |done: &dyn Fn()| {
        let before = statements(server);
        done();
        statements(server) - before
    };
    let nothing = (0..5).map(|_| of(&|| ())).min().unwrap();
    (0..30).map(|_| of(&done)).min().unwrap() - nothing
}

#[test]
fn to_decide_costs_one_statement_while_nothing_changes() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (few, ..) = holder(&firm, &["deals:read:own", "deals:create:own"]);
        // Who holds much, and is in many teams, costs no more.
        let (many, ..) = holder(&firm, &["deals:read:own", "deals:create:own"]);
        for n in 0..9 {
            let of = format!("companies:{}:team", ["read", "create", "update", "delete"][n % 4]);
            give(&firm.owner, &firm, many, &custom(&firm, &[&of])).expect(201);
        }
        for name in ["employee", "designer", "developer", "stakeholder", "manager"] {
            give(&firm.owner, &firm, many, &crate::samples::role(name)).expect(201);
        }
        for _ in 0..10 {
            firm.team(&[many]);
        }
        for user in [few, many] {
            let organization = firm.id;
            let token = server.token(user, 900);
            let claims = server
                .signer
                .access
                .read(&token, server.database.sources.clock.now())
                .unwrap();
            let caller = Caller {
                user,
                session: claims.session,
            };
            let read = || {
                server.read(move |tx| {
                    let work = Work::enter(tx, caller, &Segment::Id(organization))?;
                    work.grant::<Deal, Read>().map(drop)
                });
            };
            let write = || {
                server.write(move |tx| {
                    let work = Work::enter(tx, caller, &Segment::Id(organization))?;
                    work.grant::<Deal, Create>().map(drop)
                });
            };
            assert_eq!(asked(server, read), 1);
            assert_eq!(
                asked(server, write) - asked(server, || server.write(|_| Ok(()))),
                1
            );
        }
    });
}

#[test]
fn a_role_that_was_changed_is_looked_up_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (_, client, role) = holder(&firm, &["deals:read:own"]);
        let at = firm.at(&format!("roles/{role}"));
        let misses = || server.database.role_hits().misses;
        for n in 0..4 {
            let given = [["deals:read:own"], ["deals:read:team"]][n % 2];
            firm.owner
                .patch(&at, json!({"permissions": given, "display_name": format!("{n}")}))
                .expect(200);
            let before = misses();
            for _ in 0..5 {
                client.get(&firm.at("deals")).expect(200);
            }
            assert_eq!(misses() - before, 1);
        }
    });
}

/// What a call gave and then undid was never anybody's, though the call itself saw it.
#[test]
fn a_role_given_by_a_call_that_fails_is_kept_by_nobody() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, client) = firm.member(None);
        let role = custom(&firm, &BOTH);
        let caller = |user| Caller {
            user,
            session: server.session(user),
        };
        let (owner, member, organization) = (caller(firm.owner_id), caller(user), Segment::Id(firm.id));
        let body = json!({"user_id": user, "role_id": role});
        let given = move |tx: &mut Tx<'_>| -> Result<(), Refusal> {
            let mut work = Work::enter(tx, owner, &organization)?;
            let grant = work.grant::<RoleAssignment, Create>()?;
            access::assign(&mut work, grant, input::read(body.clone())?)?;
            let work = Work::enter(tx, member, &organization)?;
            work.grant::<Company, Create>()?;
            Err(Refusal::NothingHere)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let outcome = runtime.block_on(server.database.write(Origin::default(), given));
        assert!(matches!(outcome, Err(Refusal::NothingHere)), "{outcome:?}");
        let companies = firm.at("companies");
        client.get(&companies).problem(403, "permission_required");
        give(&firm.owner, &firm, user, &role).expect(201);
        client.get(&companies).expect(200);
    });
}

/// Each holds the member and the organization, and none waits for another that waits for it.
#[test]
fn roles_of_one_member_are_given_and_taken_at_once() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (given, taken) = (custom(&firm, &BOTH), custom(&firm, &BOTH));
        for _ in 0..10 {
            let (user, _) = firm.member(None);
            let held = give(&firm.owner, &firm, user, &taken).id();
            let at = firm.at(&format!("role-assignments/{held}"));
            let member = firm.at(&format!("members/{user}"));
            std::thread::scope(|scope| {
                scope.spawn(|| give(&firm.owner, &firm, user, &given).expect(201));
                scope.spawn(|| firm.owner.patch(&at, json!({"is_active": false})).expect(200));
                scope.spawn(|| firm.owner.patch(&member, json!({"title": "x"})).expect(200));
            });
            let listed = firm
                .owner
                .get(&firm.at(&format!("role-assignments?user_id={user}")));
            let active = |row: &Value| (row["role_id"] == json!(given)) == (row["is_active"] == true);
            assert!(data(&listed.expect(200)).iter().all(active));
        }
    });
}
