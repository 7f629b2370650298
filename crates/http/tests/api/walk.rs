//! Every operation of an organization × every system role × every situation, compared with the matrix. An operation
//! that the walk doesn't know how to call fails it.

use crate::keys_everywhere::is_for_people;
use crate::samples::Place;
use firma_auth::access::{Founding, Role, SYSTEM_ROLES, permissions, resource_named};
use firma_auth::api_key::{ApiKeyToken, RANDOM};
use firma_domain::Id;
use firma_domain::access::ApiKey;
use firma_http::{Access, Operation, operations};
use firma_testing::{Answer, Client, Firm, Server, on_each};
use serde_json::json;
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
    /// By a key that was given nothing
    EmptyKey,
    /// By a key that was given everything
    FullKey,
}

use Situation::{
    Archived, EmptyKey, ExpiredToken, ForeignTenant, FullKey, NoToken, OwnTenant, RevokedSession, Suspended,
};

const SITUATIONS: [Situation; 9] = [
    OwnTenant,
    ForeignTenant,
    NoToken,
    ExpiredToken,
    RevokedSession,
    Suspended,
    Archived,
    EmptyKey,
    FullKey,
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
        EmptyKey | FullKey if !is_for_keys(operation) => Expected::Refused(403, "key_not_allowed"),
        EmptyKey if operation.access != Access::Member => Expected::Refused(403, "permission_required"),
        _ if !who.holds(operation) => Expected::Refused(403, "permission_required"),
        FullKey if is_for_people(operation) => Expected::Refused(403, "key_not_allowed"),
        Suspended if operation.method != "GET" => Expected::Refused(403, "organization_suspended"),
        OwnTenant | Suspended | EmptyKey | FullKey => Expected::LetIn,
    }
}

/// Whether keys may do it, given the permission.
fn is_for_keys(operation: &Operation) -> bool {
    match operation.access {
        Access::Permission(name, _) => resource_named(name).unwrap().is_for_keys(),
        _ => !operation.problems().contains(&"key_not_allowed"),
    }
}

/// What came of it, in the matrix's words.
fn came(answer: &Answer) -> Expected {
    let code = answer.body["code"].as_str().unwrap_or_default();
    let refusals = [
        "unauthenticated",
        "organization_not_found",
        "permission_required",
        "key_not_allowed",
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
        false => Firm::platform(server, who.0.unwrap().name).0,
    };
    match situation {
        NoToken => server.nobody(),
        ExpiredToken => server.nobody().with_token(Some(server.token(user, -10))),
        RevokedSession => {
            let client = server.client(user);
            client.act("/api/v1/auth/logout").expect(204);
            client
        }
        EmptyKey => key_for(&place.firm, user, vec![]),
        FullKey => key_for(
            &place.firm,
            user,
            permissions().map(|permission| permission.name()).collect(),
        ),
        _ => server.client(user),
    }
}

/// A program with a key of a member who may be somebody that makes none.
fn key_for(firm: &Firm, user: Id, permissions: Vec<String>) -> Client {
    let organization = firm.id;
    let mut random = [0; RANDOM];
    firm.server.database.sources.entropy.fill(&mut random);
    let (key, token) = ApiKeyToken::issue(&random);
    let value = ApiKey {
        permissions,
        prefix: token.prefix.clone(),
        ..serde_json::from_value(json!({"name": "A program", "permissions": []})).unwrap()
    };
    firm.server.write(move |tx| {
        let grant = Founding::of(organization, user).grant::<ApiKey>();
        let made = tx.open(grant)?.add(value.clone())?;
        Ok(tx.add_key(grant, made.id, &token.prefix, &token.hash())?)
    });
    firm.server.nobody().with_token(Some(key))
}

#[test]
fn every_operation_answers_every_role_in_every_situation_as_the_matrix_says() {
    on_each(|server| {
        let world = World::new(server);
        let mut calls = 0;
        let mut differences = Vec::new();
        let clients: Vec<_> = Who::all()
            .flat_map(|who| SITUATIONS.map(|situation| (who, situation)))
            // Who is a member nowhere makes no key.
            .filter(|(who, situation)| who.is_member() || !matches!(situation, EmptyKey | FullKey))
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
