//! What the attack fills into the operations. One that it can't fill in fails the tests.

use crate::imports::Importer;
use crate::imports_jobs::post_import;
use crate::sample_rows::{closed, internal_error, job, system_job};
use firma_auth::access::role_by_name;
use firma_http::Operation;
use firma_persistence::identity::NewAccount;
use firma_testing::{Answer, Client, Firm, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

/// A text that no other call gives.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("sample-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// An id that names nothing anywhere.
pub(crate) fn nothing(server: &Server) -> String {
    server.write(|tx| Ok(tx.new_id())).to_string()
}

/// The id of a system role.
pub(crate) fn role(name: &str) -> String {
    role_by_name(name).unwrap().id.to_string()
}

/// An organization with a row in each collection.
pub(crate) struct Place<'s> {
    pub(crate) firm: Firm<'s>,
    rows: BTreeMap<&'static str, String>,
    /// What stands below `/platform`
    outside: BTreeMap<&'static str, String>,
}

impl<'s> Place<'s> {
    pub(crate) fn new(server: &'s Server) -> Place<'s> {
        let firm = Firm::new(server);
        let (member, _) = firm.member(Some("employee"));
        let made = |collection: &str, body: Value| firm.owner.post(&firm.at(collection), body).id();
        let team = || made("teams", json!({"name": unique(), "slug": unique()}));
        let assignment = json!({"user_id": member, "role_id": role("designer")});
        let invitation = json!({"email": format!("{}@example.com", unique())});
        let contact = made("contacts", json!({"name": unique()}));
        let deal = || made("deals", json!({"title": unique()}));
        let pipeline = made("pipelines", json!({"name": unique()}));
        let logo = upload(&firm.owner, &firm.at("files"), b"RIFF0000WEBP").id();
        let domain = format!("{}.example", unique());
        firm.owner
            .patch(&firm.path, json!({"logo_id": logo, "domain": domain}))
            .expect(200);
        let visited = made("companies", json!({"name": unique()}));
        let activity = json!({"kind": "MEETING", "subject": unique(), "company_id": visited});
        upload_image(&server.client(member)).expect(200);
        // The member of a team stands in another one than the team that is deleted and restored, the
        // contact of a deal in another one than the deal, and the activity of a company in another one.
        let rows = BTreeMap::from([
            ("memberships", firm.id.to_string()),
            ("sessions", server.session(firm.owner_id).to_string()),
            ("members", member.to_string()),
            ("teams", team()),
            (
                "team-members",
                made("team-members", json!({"team_id": team(), "user_id": member})),
            ),
            (
                "roles",
                made("roles", json!({"name": unique(), "display_name": unique()})),
            ),
            ("invitations", made("invitations", invitation)),
            (
                "api-keys",
                made(
                    "api-keys",
                    json!({"name": unique(), "permissions": ["deals:read:org"]}),
                ),
            ),
            ("role-assignments", made("role-assignments", assignment)),
            (
                "stages",
                made("stages", json!({"name": unique(), "pipeline_id": pipeline})),
            ),
            ("pipelines", pipeline),
            ("companies", made("companies", json!({"name": unique()}))),
            ("deals", made("deals", json!({"title": unique()}))),
            (
                "deal-contacts",
                made("deal-contacts", json!({"deal_id": deal(), "contact_id": contact})),
            ),
            ("contacts", contact),
            ("jobs", job(&firm, false)),
            ("dead jobs", job(&firm, true)),
            ("files", upload(&firm.owner, &firm.at("files"), b"some text").id()),
            ("imports", import(&firm)),
            ("activities", made("activities", activity)),
            ("accounts", account(&firm)),
        ]);
        let (holder, _) = Firm::platform(server, "website_admin");
        let (_, owner) = Firm::platform(server, "website_owner");
        let held = owner.get(&format!("/api/v1/platform/role-assignments?user_id={holder}"));
        let held = held.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
        let outside = BTreeMap::from([
            (
                "users",
                Firm::user(server, &format!("{}@example.com", unique())).to_string(),
            ),
            ("organizations", Firm::new(server).id.to_string()),
            ("suspended organizations", closed(server, "suspended")),
            ("archived organizations", closed(server, "archived")),
            ("role-assignments", held),
            ("jobs", system_job(server, false)),
            ("dead jobs", system_job(server, true)),
            ("errors", internal_error(server)),
        ]);
        Place { firm, rows, outside }
    }

    /// The ids of all its rows inside the organization.
    pub(crate) fn all_rows(&self) -> Vec<String> {
        self.rows.values().cloned().collect()
    }

    /// A job of the system.
    pub(crate) fn system_job(&self, is_dead: bool) -> String {
        system_job(self.firm.server, is_dead)
    }

    /// The id of its row in a collection.
    pub(crate) fn row(&self, collection: &str) -> &str {
        let row = self.rows.get(collection);
        row.unwrap_or_else(|| panic!("the attack has no row of {collection}: give Place one"))
    }

    /// The row that an operation's `{id}` stands for.
    pub(crate) fn row_of(&self, operation: &Operation) -> &str {
        if let Some(below) = operation.path.strip_prefix("/api/v1/platform/") {
            let collection = match operation.id.as_str() {
                "retry_system_job" => "dead jobs",
                "reactivate_organization" => "suspended organizations",
                "reopen_organization" => "archived organizations",
                _ => below.split('/').next().unwrap(),
            };
            let row = self.outside.get(collection);
            return row.unwrap_or_else(|| panic!("the attack has no row of {collection}: give Place one"));
        }
        if operation.id == "retry_job" {
            return self.row("dead jobs");
        }
        let (before, _) = operation.path.split_once("/{id}").unwrap();
        self.row(before.rsplit('/').next().unwrap())
    }

    /// The path of an operation on its own rows.
    pub(crate) fn path(&self, operation: &Operation) -> String {
        let row = operation.path.contains("{id}").then(|| self.row_of(operation));
        path(operation, &self.firm.slug, row.unwrap_or_default())
    }

    /// A body that the operation takes, if it takes one.
    pub(crate) fn body(&self, operation: &Operation) -> Option<Value> {
        match (operation.method.as_str(), operation.body.is_some()) {
            ("POST" | "PATCH", true) => Some(self.sample(&operation.id)),
            ("GET" | "POST" | "DELETE", false) => None,
            shape => panic!("the attack doesn't know what {} takes: {shape:?}", operation.id),
        }
    }

    /// Calls an operation as it is meant to be called.
    pub(crate) fn call(&self, client: &Client, operation: &Operation) -> Answer {
        send(client, operation, &self.path(operation), self.body(operation))
    }

    /// A body for an operation of that id.
    pub(crate) fn sample(&self, id: &str) -> Value {
        let bulk = |id: &str| json!({"operations": [{"op": "create", "value": self.sample(id)}]});
        match id {
            "login" => json!({"email": "nobody@example.com", "password": "none of anybody's"}),
            "start_provider" | "start_link" | "start_provider_step_up" => {
                json!({"return_to": "http://127.0.0.1:7777/", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"})
            }
            "finish_provider" | "finish_link" | "finish_provider_step_up" => {
                json!({"state": "none", "code": "none", "code_verifier": "none"})
            }
            "login_second_factor" => json!({"challenge": "none", "code": "000000"}),
            "step_up" => json!({"password": "none of anybody's"}),
            "register" => {
                json!({"email": format!("{}@example.com", unique()), "name": "New", "password": "grey herons wade slowly"})
            }
            "verify_email" | "confirm_email" | "look_at_invitation" | "accept_invitation"
            | "decline_invitation" => json!({"token": "none"}),
            "register_by_invitation" => {
                json!({"token": "none", "name": "New", "password": "grey herons wade slowly"})
            }
            "forgot_password" => json!({"email": "nobody@example.com"}),
            "reset_password" => json!({"token": "none", "password": "grey herons wade slowly"}),
            "change_password" => json!({"password": "grey herons wade slowly"}),
            "change_email" => json!({"email": format!("{}@example.com", unique())}),
            "confirm_second_factor" => json!({"code": "000000"}),
            "refresh" => json!({"refresh_token": "none"}),
            "create_organization" | "create_team" => json!({"name": unique(), "slug": unique()}),
            "update_organization" | "update_team" => json!({"description": unique()}),
            "create_invitation" => json!({"email": format!("{}@example.com", unique())}),
            "transfer_organization" => json!({"owner_id": self.row("members")}),
            "add_member" => json!({"email": format!("{}@example.com", unique()), "name": "New"}),
            "update_me" => json!({"given_name": unique()}),
            "update_profile" => json!({"title": unique()}),
            "update_member" => json!({"title": unique()}),
            "bulk_teams" => bulk("create_team"),
            "create_team_member" => json!({"team_id": self.row("teams"), "user_id": self.firm.owner_id}),
            "update_team_member" => json!({"since": "2026-01-31"}),
            "bulk_team_members" => {
                let change = json!({"is_lead": true});
                json!({"operations": [{"op": "update", "id": self.row("team-members"), "value": change}]})
            }
            "create_role" => json!({
                "name": unique(), "display_name": unique(), "permissions": ["deals:read:own"],
            }),
            "update_role" => json!({"display_name": unique()}),
            "create_role_assignment" => {
                json!({"user_id": self.row("members"), "role_id": role("stakeholder")})
            }
            "create_api_key" => json!({"name": unique(), "permissions": ["deals:read:own"]}),
            "update_api_key" => json!({"name": unique()}),
            "update_role_assignment" => json!({"reason": unique()}),
            "create_company" | "update_company" | "create_contact" | "update_contact" | "create_pipeline"
            | "update_pipeline" | "update_stage" => {
                json!({"name": unique()})
            }
            "create_stage" => json!({"name": unique(), "pipeline_id": self.row("pipelines")}),
            "create_deal" | "update_deal" => json!({"title": unique()}),
            "create_deal_contact" => {
                json!({"deal_id": self.row("deals"), "contact_id": self.row("contacts")})
            }
            "update_deal_contact" => json!({"is_primary": true}),
            "bulk_deal_contacts" => {
                let change = json!({"is_primary": true});
                json!({"operations": [{"op": "update", "id": self.row("deal-contacts"), "value": change}]})
            }
            "create_activity" => {
                json!({"kind": "CALL", "subject": unique(), "company_id": self.row("companies")})
            }
            "update_activity" => json!({"subject": unique()}),
            "bulk_activities" => bulk("create_activity"),
            "bulk_contacts" => bulk("create_contact"),
            "bulk_companies" => bulk("create_company"),
            "bulk_pipelines" => bulk("create_pipeline"),
            "bulk_stages" => bulk("create_stage"),
            "bulk_deals" => bulk("create_deal"),
            "create_owned_organization" => {
                let owner = json!({"email": format!("{}@example.com", unique())});
                json!({"name": unique(), "slug": unique(), "owner": owner})
            }
            "set_organization_terms" => json!({"subscription_plan": unique()}),
            "give_platform_role" => {
                json!({"user_id": self.outside["users"], "role_id": role("website_admin")})
            }
            "upload_file" | "set_image" => json!(unique()),
            "import_file" => json!("name\nSample\n"),
            _ => panic!("the attack has no body for {id}: give it one here"),
        }
    }
}

/// An account at a provider that signs the owner in.
pub(crate) fn account(firm: &Firm<'_>) -> String {
    let owner = firm.owner_id;
    let account = firm.server.write(move |tx| {
        let id = tx.new_id();
        let new = NewAccount {
            id,
            user: owner,
            provider: "none".into(),
            subject: id.to_string(),
            issuer: "https://id.example".into(),
            email: None,
            refresh_token: None,
            scope: None,
        };
        tx.add_account(&new)?;
        Ok(id)
    });
    account.to_string()
}

/// An import that is done.
fn import(firm: &Firm<'_>) -> String {
    let options = json!({"entity": "companies", "key": "none"});
    let import = Importer::owner(firm).run(b"name\nSample\n", options);
    import["id"].as_str().unwrap().to_owned()
}

/// Uploads a file.
pub(crate) fn upload(client: &Client, path: &str, bytes: &[u8]) -> Answer {
    let (form, body) = form("sample.txt", bytes);
    client.send("POST", path, &[("content-type", form)], Some(&body))
}

/// A picture of one pixel.
pub(crate) const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9bU\0\0\0\nIDATx\x9cch\0\0\0\x82\0\x81w\xcdr\xb6\0\0\0\0IEND\xaeB`\x82";

/// Gives somebody an image.
pub(crate) fn upload_image(client: &Client) -> Answer {
    let (form, body) = form("me.png", PIXEL);
    client.send("POST", "/api/v1/me/image", &[("content-type", form)], Some(&body))
}

/// The media type and the bytes of a form with a file.
pub(crate) fn form(name: &str, bytes: &[u8]) -> (&'static str, Vec<u8>) {
    let head =
        format!("--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    let body = [head.as_bytes(), bytes, b"\r\n--part--\r\n"].concat();
    ("multipart/form-data; boundary=part", body)
}

/// The path of an operation in an organization, on a row, with the query that it needs.
pub(crate) fn path(operation: &Operation, organization: &str, row: &str) -> String {
    let path = operation
        .path
        .replace("{organization}", organization)
        .replace("{id}", row)
        .replace("{provider}", "none");
    assert!(
        !path.contains('{'),
        "the attack doesn't know what to put into {path}"
    );
    let query = match operation.id.as_str() {
        "get_pipeline_report" => "?group_by=owner",
        "explain_access" => "?permission=deals:read",
        _ => "",
    };
    path + query
}

/// Calls an operation at a path.
pub(crate) fn send(client: &Client, operation: &Operation, path: &str, body: Option<Value>) -> Answer {
    // The name of the operation stands above a failure.
    eprintln!("{} {} {path}", operation.id, operation.method);
    let key = unique();
    let headers = [("idempotency-key", key.as_str())];
    let headers = if operation.needs_key { &headers[..] } else { &[] };
    if operation.id == "import_file" {
        let file = body.map_or_else(unique, |body| body.as_str().unwrap_or_default().to_owned());
        let options = json!({"entity": "companies", "key": "none"}).to_string();
        return post_import(client, path, file.as_bytes(), &options, &key);
    }
    if operation.id == "set_image" {
        return upload_image(client);
    }
    if operation.media_type.starts_with("multipart/") {
        return upload(
            client,
            path,
            body.map_or_else(unique, |body| body.to_string()).as_bytes(),
        );
    }
    let body = body.map(|body| body.to_string());
    client.send(
        operation.method.as_str(),
        path,
        headers,
        body.as_deref().map(str::as_bytes),
    )
}

/// An answer without what differs between any two: the request's id, the hour, and `own`, what only
/// this request named.
pub(crate) fn bare(answer: &Answer, own: &str) -> (u16, Vec<(String, String)>, String) {
    let request = answer.header("x-request-id").unwrap_or_default();
    let text = answer.text.replace(request, "REQUEST").replace(own, "OWN");
    let differs = |name: &str| ["date", "x-request-id", "content-length"].contains(&name);
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !differs(name))
        .cloned()
        .collect();
    headers.sort();
    (answer.status, headers, text)
}
