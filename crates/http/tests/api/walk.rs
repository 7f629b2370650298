//! Every operation of an organization × every system role × every situation, compared with the matrix. An operation
//! that the walk doesn't know how to call fails it.

use crate::samples::Place;
use firma_auth::access::{Role, SYSTEM_ROLES};
use firma_http::{Access, Operation, operations};
use firma_testing::{Answer, Client, Server, on_each};
use std::fmt;

/// From where, and with what, a member with a role calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Situation {
    OwnTenant,
    ForeignTenant,
    NoToken,
    ExpiredToken,
    RevokedSession,
    Suspended,
    Archived,
}

use Situation::{Archived, ExpiredToken, ForeignTenant, NoToken, OwnTenant, RevokedSession, Suspended};

const SITUATIONS: [Situation; 7] = [
    OwnTenant,
    ForeignTenant,
    NoToken,
    ExpiredToken,
    RevokedSession,
    Suspended,
    Archived,
];

/// What the matrix says of a call.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    LetIn,
    Refused(u16, &'static str),
}

/// Who calls: a member with a role or none, or somebody with a role on the platform, who is a member nowhere.
#[derive(Clone, Copy)]
struct Who(Option<&'static Role>);

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.map_or("a member without a role", |role| role.name))
    }
}

impl Who {
    fn all() -> impl Iterator<Item = Who> {
        SYSTEM_ROLES.iter().map(Some).chain([None]).map(Who)
    }

    fn is_member(self) -> bool {
        self.0.is_none_or(|role| !role.platform)
    }

    fn holds(self, operation: &Operation) -> bool {
        match operation.access {
            Access::Permission(resource, verb) => {
                self.0.and_then(|role| role.scope(resource, verb)).is_some()
            }
            _ => true,
        }
    }
}

fn expected(operation: &Operation, who: Who, situation: Situation) -> Expected {
    let inside = who.is_member();
    match situation {
        NoToken | ExpiredToken | RevokedSession => Expected::Refused(401, "unauthenticated"),
        ForeignTenant | Archived => Expected::Refused(404, "organization_not_found"),
        _ if !inside => Expected::Refused(404, "organization_not_found"),
        _ if !who.holds(operation) => Expected::Refused(403, "permission_required"),
        Suspended if operation.method != "GET" => Expected::Refused(403, "organization_suspended"),
        OwnTenant | Suspended => Expected::LetIn,
    }
}

/// What came of it, in the matrix's words.
fn came(answer: &Answer) -> Expected {
    let code = answer.body["code"].as_str().unwrap_or_default();
    let refusals = [
        "unauthenticated",
        "organization_not_found",
        "permission_required",
        "organization_suspended",
    ];
    match refusals.iter().find(|refusal| **refusal == code) {
        Some(refusal) => Expected::Refused(answer.status, refusal),
        None if answer.status < 500 => Expected::LetIn,
        None => panic!("{}", answer.text),
    }
}

/// The places that a walk needs: the own organization, a foreign one, and two that were closed.
struct World<'s> {
    own: Place<'s>,
    foreign: Place<'s>,
    suspended: Place<'s>,
    archived: Place<'s>,
}

impl<'s> World<'s> {
    fn new(server: &'s Server) -> World<'s> {
        World {
            own: Place::new(server),
            foreign: Place::new(server),
            suspended: Place::new(server),
            archived: Place::new(server),
        }
    }

    fn place(&self, situation: Situation) -> &Place<'s> {
        match situation {
            ForeignTenant => &self.foreign,
            Suspended => &self.suspended,
            Archived => &self.archived,
            _ => &self.own,
        }
    }
}

fn close(server: &Server, place: &Place<'_>, status: &str) {
    let id = server.base.id_literal(place.firm.id);
    server.base.execute(&format!(
        "UPDATE tenants SET status = '{status}' WHERE id = {id}; \
         UPDATE organizations SET status = '{status}' WHERE organization_id = {id};"
    ));
}

/// A user for each place: a member with the role where it is their own.
fn client(server: &Server, world: &World<'_>, who: Who, situation: Situation) -> Client {
    let place = match situation {
        ForeignTenant => &world.own,
        other => world.place(other),
    };
    let user = match who.is_member() {
        true => place.firm.member(who.0.map(|role| role.name)).0,
        false => on_platform(server, who),
    };
    match situation {
        NoToken => server.nobody(),
        ExpiredToken => server.nobody().with_token(Some(server.token(user, -10))),
        RevokedSession => {
            let client = server.client(user);
            client.act("/api/v1/auth/logout").expect(204);
            client
        }
        _ => server.client(user),
    }
}

/// Somebody with a role on the platform.
fn on_platform(server: &Server, who: Who) -> firma_domain::Id {
    let name = crate::samples::unique();
    let user = firma_testing::Firm::user(server, &format!("{name}@platform.example"));
    let (base, role) = (&server.base, who.0.unwrap());
    let (id, nil) = (base.id_literal(user), base.id_literal(firma_domain::Id::NIL));
    let (now, yes) = match base.is_postgres() {
        true => ("now()", "TRUE"),
        false => ("1700000000000000", "1"),
    };
    base.execute(&format!(
        "INSERT INTO memberships (organization_id, id, version, created_at, updated_at, email, name, name_folded, joined_at, \
         is_active) VALUES ({nil}, {id}, 1, {now}, {now}, '{name}@platform.example', 'p', 'p', {now}, {yes}); \
         INSERT INTO role_assignments (organization_id, id, version, created_at, updated_at, user_id, role_id, \
         role_organization_id, assigned_at, is_active) VALUES ({nil}, {id}, 1, {now}, {now}, {id}, {role}, {nil}, {now}, {yes});",
        role = base.id_literal(role.id),
    ));
    user
}

#[test]
fn every_operation_answers_every_role_in_every_situation_as_the_matrix_says() {
    on_each(|server| {
        let world = World::new(server);
        let mut calls = 0;
        let mut differences = Vec::new();
        let clients: Vec<_> = Who::all()
            .flat_map(|who| SITUATIONS.map(|situation| (who, situation)))
            .map(|(who, situation)| (who, situation, client(server, &world, who, situation)))
            .collect();
        close(server, &world.suspended, "suspended");
        close(server, &world.archived, "archived");
        for (who, situation, client) in &clients {
            for operation in operations()
                .iter()
                .filter(|operation| operation.access.is_inside())
            {
                let answer = world.place(*situation).call(client, operation);
                let (wanted, got) = (expected(operation, *who, *situation), came(&answer));
                calls += 1;
                if wanted != got {
                    differences.push(format!(
                        "{} as {who}, {situation:?}: {got:?}, not {wanted:?}",
                        operation.id
                    ));
                }
            }
        }
        assert!(differences.is_empty(), "of {calls}:\n{}", differences.join("\n"));
        assert!(calls > 4_000, "only {calls} calls");
    });
}
