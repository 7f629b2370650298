//! `If-Match` of actions on one row: another version than the row's stops them, its own lets them go on.

use crate::identity::set_password;
use crate::kit::stored;
use crate::samples::{PIXEL, Place, account, form};
use firma_http::{Access, Operation, operations};
use firma_testing::{Firm, Server, on_each};
use serde_json::json;

/// The actions, beside each `restore`. The first two close an organization to who calls the others.
pub(crate) const ACTIONS: [&str; 15] = [
    "archive_organization",
    "transfer_organization",
    "resend_invitation",
    "revoke_invitation",
    "revoke_api_key",
    "cancel_job",
    "retry_job",
    "undo_import",
    "deactivate_user",
    "reactivate_user",
    "suspend_organization",
    "reactivate_organization",
    "cancel_system_job",
    "retry_system_job",
    "resolve_internal_error",
];

/// Those whose row stands at another path than above them.
pub(crate) const ELSEWHERE: [&str; 2] = ["accept_membership", "set_image"];

#[test]
fn an_action_is_done_to_the_version_that_is_named_alone() {
    on_each(|server| {
        for action in &ACTIONS[..2] {
            on_its_version(server, &Place::new(server), action);
        }
        let place = Place::new(server);
        for action in ACTIONS[2..].iter().chain(&["reopen_organization"]) {
            on_its_version(server, &place, action);
        }
    });
}

fn on_its_version(server: &Server, place: &Place<'_>, action: &str) {
    let operation: &Operation = operations().iter().find(|known| known.id == action).unwrap();
    let (_, holder) = Firm::platform(server, "website_owner");
    let client = match operation.access {
        Access::Platform(..) => &holder,
        _ => &place.firm.owner,
    };
    let at = place.path(operation);
    let (row, _) = at.rsplit_once('/').unwrap();
    let body = place.body(operation).map(|body| body.to_string());
    let act = |tag: &str| {
        let body = body.as_deref().map(str::as_bytes);
        client.send("POST", &at, &[("if-match", tag)], body)
    };
    let seen = client.get(row);
    let tag = seen.header("etag").unwrap().to_owned();
    let (seen, before) = (seen.expect(200), stored(server));
    let leading = tag.replacen('"', "\"0", 1);
    for other in ["\"99\"", "W/\"1\"", "nothing", "", &leading] {
        act(other).problem(412, "changed");
    }
    assert_eq!(stored(server), before, "{action}");
    assert_eq!(client.get(row).expect(200), seen, "{action}");
    let done = act(&format!("\"99\", {tag}"));
    assert_eq!(done.status, operation.status, "{action}: {}", done.text);
    assert!(done.header("etag").is_some(), "{action}");
}

#[test]
fn a_membership_is_taken_up_in_the_version_that_is_named_alone() {
    on_each(|server| {
        let firm = Firm::new(server);
        let user = Firm::user(server, "late@account.example");
        let body = json!({"email": "late@account.example", "name": "x"});
        let added = firm.owner.post(&firm.at("members"), body);
        let tag = added.header("etag").unwrap();
        let client = server.client(user);
        let at = format!("/api/v1/me/memberships/{}/accept", firm.id);
        let accept = |tag: &str| client.send("POST", &at, &[("if-match", tag)], None);
        accept("\"99\"").problem(412, "changed");
        client.get(&firm.path).problem(404, "organization_not_found");
        let joined = accept(tag);
        let now = joined.header("etag").unwrap().to_owned();
        joined.expect(200);
        // Taken up already, it is answered as it is; it is another version than before.
        accept(tag).problem(412, "changed");
        accept(&now).expect(200);
    });
}

#[test]
fn an_image_has_the_version_of_its_person() {
    const IMAGE: &str = "/api/v1/me/image";
    on_each(|server| {
        let owner = Firm::new(server).owner;
        let (kind, body) = form("me.png", PIXEL);
        let set = |tag: &str| {
            let headers = [("content-type", kind), ("if-match", tag)];
            owner.send("POST", IMAGE, &headers, Some(&body))
        };
        let remove = |tag: &str| owner.send("DELETE", IMAGE, &[("if-match", tag)], None);
        let tag = || owner.get("/api/v1/me").header("etag").unwrap().to_owned();
        let first = tag();
        set("\"99\"").problem(412, "changed");
        owner.get(IMAGE).problem(404, "not_found");
        remove("\"99\"").problem(404, "not_found");
        let made = set(&first);
        assert_eq!(made.header("etag"), Some(tag().as_str()));
        made.expect(200);
        for stale in [first.as_str(), "\"99\""] {
            set(stale).problem(412, "changed");
            remove(stale).problem(412, "changed");
        }
        assert_eq!(owner.get(IMAGE).bytes, PIXEL);
        remove(&tag()).expect(204);
    });
}

#[test]
fn what_has_no_version_is_never_the_one_that_is_named() {
    on_each(|server| {
        let firm = Firm::new(server);
        let email = format!("owner@{}.example", firm.slug);
        set_password(server, &email, "a password of its own");
        let owner = server.client(firm.owner_id);
        owner.act("/api/v1/me/second-factor").expect(200);
        for at in [
            format!("/api/v1/me/sessions/{}", server.session(firm.owner_id)),
            format!("/api/v1/me/accounts/{}", account(&firm)),
            "/api/v1/me/second-factor".to_owned(),
        ] {
            let delete = |tag: &str| owner.send("DELETE", &at, &[("if-match", tag)], None);
            for tag in ["\"1\"", "W/\"1\"", "nothing", ""] {
                delete(tag).problem(412, "changed");
            }
            delete("*").expect(204);
            delete("\"1\"").problem(404, "not_found");
        }
    });
}
