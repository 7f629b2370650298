//! Every operation by a key, made from the table of operations.

use crate::keys::{key_of, with};
use crate::samples::{Place, path, send};
use firma_auth::access::{RESOURCES, permissions};
use firma_http::{Access, Operation, operations};
use firma_testing::on_each;

/// Whether what the permission allows is still no key's: what asks for the password again, and the owner's. Changing
/// an organization asks for it of some changes alone.
pub(crate) fn is_for_people(operation: &Operation) -> bool {
    let problems = operation.problems();
    let codes = ["step_up_required", "owner_required"];
    operation.id != "update_organization" && codes.iter().any(|code| problems.contains(code))
}

/// A key that is given all that a key can be given.
pub(crate) fn all_that_keys_may() -> serde_json::Value {
    let all = permissions().filter(|permission| permission.resource.is_for_keys());
    let all: Vec<_> = all.map(|permission| permission.name()).collect();
    with(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A key does what its creator does, but for what no key does; one that was given nothing does nothing.
#[test]
fn a_key_does_what_it_was_given_and_nothing_else() {
    on_each(|server| {
        let place = Place::new(server);
        let (_, all) = key_of(&place.firm, &place.firm.owner, all_that_keys_may());
        let (_, none) = key_of(&place.firm, &place.firm.owner, with(&[]));
        for operation in operations() {
            let is_for_keys = match operation.access {
                Access::Public => continue,
                Access::Platform(..) => {
                    place.call(&all, operation).problem(404, "no_route");
                    continue;
                }
                Access::SignedIn => false,
                Access::Member if operation.problems().contains(&"key_not_allowed") => false,
                Access::Member => {
                    // What it tells of is the caller, who is a key.
                    for key in [&all, &none] {
                        place.call(key, operation).expect(operation.status);
                    }
                    continue;
                }
                Access::Permission(name, _) => {
                    let resource = RESOURCES.iter().find(|resource| resource.name == name);
                    resource.is_some_and(|resource| resource.is_for_keys())
                }
            };
            let refused = place.call(&none, operation);
            if !is_for_keys {
                refused.problem(403, "key_not_allowed");
                place.call(&all, operation).problem(403, "key_not_allowed");
                continue;
            }
            let named = refused.problem(403, "permission_required")["permission"].clone();
            assert_eq!(named.as_str(), operation.access.name().as_deref());
            let nowhere = path(operation, &place.firm.slug, "nothing");
            send(&none, operation, &nowhere, None).problem(403, "permission_required");
            let answer = place.call(&all, operation);
            match operation.id.as_str() {
                _ if is_for_people(operation) => drop(answer.problem(403, "key_not_allowed")),
                // Nobody has set the record.
                "verify_organization_domain" => drop(answer.problem(409, "domain_not_proved")),
                _ => drop(answer.expect(operation.status)),
            }
        }
    });
}
