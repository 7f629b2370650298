//! `If-Match` of actions on one row: another version than the row's stops them, its own lets them go on.

use crate::kit::stored;
use crate::samples::Place;
use firma_http::{Access, Operation, operations};
use firma_testing::{Firm, Server, on_each};

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
    for other in ["\"99\"", "W/\"1\"", "nothing", ""] {
        act(other).problem(412, "changed");
    }
    assert_eq!(stored(server), before, "{action}");
    assert_eq!(client.get(row).expect(200), seen, "{action}");
    let done = act(&format!("\"99\", {tag}"));
    assert_eq!(done.status, operation.status, "{action}: {}", done.text);
    assert!(done.header("etag").is_some(), "{action}");
}
