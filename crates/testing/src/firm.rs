//! An organization with people in it.

use crate::client::Client;
use crate::server::Server;
use firma_auth::access::{Founding, role_by_name};
use firma_domain::access::RoleAssignment;
use firma_domain::identity::User;
use firma_domain::organizations::Member;
use firma_domain::{Email, Id, input};
use firma_services::organizations;
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// An organization, and its owner signed in.
pub struct Firm<'s> {
    pub server: &'s Server,
    pub id: Id,
    pub slug: String,
    /// `/api/v1/organizations/{slug}`
    pub path: String,
    pub owner_id: Id,
    pub owner: Client,
}

impl<'s> Firm<'s> {
    /// A new one, with what every organization starts with.
    pub fn new(server: &'s Server) -> Firm<'s> {
        let slug = format!("firm-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let owner_id = Firm::user(server, &format!("owner@{slug}.example"));
        Firm::of(server, slug, owner_id)
    }

    /// A new one of that slug, with an owner who is known already.
    pub fn of(server: &'s Server, slug: String, owner_id: Id) -> Firm<'s> {
        let organization = input::read(json!({"name": slug, "slug": slug})).unwrap();
        let made = server.write(move |tx| organizations::found(tx, owner_id, Clone::clone(&organization)));
        let path = format!("/api/v1/organizations/{slug}");
        Firm {
            server,
            id: made.id,
            slug,
            path,
            owner_id,
            owner: server.client(owner_id),
        }
    }

    /// A user who has proved the e-mail and belongs nowhere.
    pub fn user(server: &Server, email: &str) -> Id {
        let email = Email::parse(email).unwrap();
        server.write(move |tx| {
            let id = tx.new_id();
            let user = User {
                email_verified_at: Some(tx.now()),
                ..User::unclaimed(email.clone(), email.to_string())
            };
            tx.add_user(id, &user, None)?;
            Ok(id)
        })
    }

    /// A user who holds a role on the platform and belongs nowhere, signed in.
    pub fn platform(server: &Server, role: &str) -> (Id, Client) {
        let email = format!(
            "holder-{}@platform.example",
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let (user, role) = (Firm::user(server, &email), role_by_name(role).unwrap().id);
        let email = Email::parse(&email).unwrap();
        server.write(move |tx| {
            let (by_system, now) = (Founding::of(Id::NIL, Id::NIL), tx.now());
            let member = Member {
                joined_at: Some(now),
                ..Member::added(email.clone(), email.to_string(), None)
            };
            tx.open(by_system.grant::<Member>())?.add_as(user, member)?;
            let assignment = RoleAssignment {
                assigned_at: Some(now),
                ..RoleAssignment::of(user, role)
            };
            tx.open(by_system.grant::<RoleAssignment>())?.add(assignment)?;
            Ok(())
        });
        (user, server.client(user))
    }

    /// A member who has accepted, with a role or none, signed in.
    pub fn member(&self, role: Option<&str>) -> (Id, Client) {
        let name = format!("member-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let roles: Vec<_> = role
            .map(|role| role_by_name(role).unwrap().id.to_string())
            .into_iter()
            .collect();
        let email = format!("{name}@{}.example", self.slug);
        let body = json!({"email": email, "name": name, "role_ids": roles});
        let id: Id = self
            .owner
            .post(&format!("{}/members", self.path), body)
            .id()
            .parse()
            .unwrap();
        let client = self.server.client(id);
        client
            .act(&format!("/api/v1/me/memberships/{}/accept", self.id))
            .expect(200);
        (id, client)
    }

    /// A team of these members; its id.
    pub fn team(&self, members: &[Id]) -> String {
        let slug = format!("team-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let team = self
            .owner
            .post(
                &format!("{}/teams", self.path),
                json!({"name": slug, "slug": slug}),
            )
            .id();
        for member in members {
            let body = json!({"team_id": team, "user_id": member});
            self.owner
                .post(&format!("{}/team-members", self.path), body)
                .expect(201);
        }
        team
    }

    /// The path of a collection or below it.
    pub fn at(&self, below: &str) -> String {
        format!("{}/{below}", self.path)
    }

    /// The id of the stage of that name in the default pipeline.
    pub fn stage(&self, name: &str) -> String {
        let stages = self.owner.get(&self.at("stages?limit=200")).expect(200);
        let found = stages["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|stage| stage["name"] == name)
            .cloned();
        found.unwrap_or_else(|| panic!("no stage {name}"))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}
