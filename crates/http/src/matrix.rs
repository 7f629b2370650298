//! Every permission against every system role, as a page: what `firma permissions` prints and `docs/permissions.md` is.

use crate::operation::Access;
use crate::routes::operations;
use firma_auth::access::{RESOURCES, Resource, Role, SYSTEM_ROLES, Verb, platform_permissions};

const HEAD: &str = "# Permissions\n\n\
    Made by `firma permissions` from the code; a test compares them. A permission is `resource:action:scope`. \
    `own` reaches rows that the member owns, `team` also those of people the member shares a team with, `org` all rows \
    of the organization; a wider scope includes the narrower. Resources whose rows have no owner know only `org`. \
    How roles, scopes and custom roles work stands in [access.md](access.md).\n\n\
    The cells say how far a role has a permission; `–`: not at all. A permission marked with `*` is not yet used: its \
    module comes later, and roles can be made for it today.\n";

/// Every permission against every system role.
pub fn matrix() -> String {
    let mut text = String::from(HEAD);
    let roles: Vec<&Role> = SYSTEM_ROLES.iter().filter(|role| !role.platform).collect();
    let mut module = "";
    for resource in RESOURCES {
        if resource.module != module {
            module = resource.module;
            text.push_str(&format!("\n## {module}\n\n{}", head(&roles)));
        }
        for verb in resource.verbs {
            text.push_str(&line(resource, *verb, &roles));
        }
    }
    text + &on_platform()
}

fn head(roles: &[&Role]) -> String {
    let names: String = roles.iter().map(|role| format!(" {} |", role.name)).collect();
    format!("| permission |{names}\n| --- |{}\n", " --- |".repeat(roles.len()))
}

fn line(resource: &Resource, verb: Verb, roles: &[&Role]) -> String {
    let mark = if is_used(resource, verb) { "" } else { " *" };
    let scopes: String = roles
        .iter()
        .map(|role| {
            role.scope(resource.name, verb)
                .map_or("–", |scope| scope.as_str())
        })
        .map(|scope| format!(" {scope} |"))
        .collect();
    format!("| `{}:{}`{mark} |{scopes}\n", resource.name, verb.as_str())
}

fn is_used(resource: &Resource, verb: Verb) -> bool {
    operations()
        .iter()
        .any(|operation| operation.access == Access::Permission(resource.name, verb))
}

fn on_platform() -> String {
    let roles: Vec<&Role> = SYSTEM_ROLES.iter().filter(|role| role.platform).collect();
    let mut text = format!(
        "\n## On the platform\n\nThese stand apart, and none of them reaches a row inside an organization.\n\n{}",
        head(&roles)
    );
    for permission in platform_permissions() {
        let cells: String = roles
            .iter()
            .map(|role| {
                if role.gives_on_platform(permission) {
                    " yes |"
                } else {
                    " – |"
                }
            })
            .collect();
        text.push_str(&format!("| `{}` |{cells}\n", permission.name()));
    }
    text
}
