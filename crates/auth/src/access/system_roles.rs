//! The law of what each system role may do. A role may be added to, never taken from, in a minor release.

use super::action::Verb;
use super::role::{About, Role, Rule};
use super::scope::Scope::{self, Org, Own, Team};
use firma_domain::Id;

const READ: &[Verb] = &[Verb::Read];
const CREATE: &[Verb] = &[Verb::Create];
const DELETE: &[Verb] = &[Verb::Delete];
const CREATE_UPDATE: &[Verb] = &[Verb::Create, Verb::Update];
const READ_CREATE: &[Verb] = &[Verb::Read, Verb::Create];
const READ_UPDATE: &[Verb] = &[Verb::Read, Verb::Update];
const WITHOUT_DELETE: &[Verb] = &[Verb::Read, Verb::Create, Verb::Update];
const PLAIN: &[Verb] = Verb::PLAIN;
const ALL: &[Verb] = Verb::ALL;

const fn rule(about: About, verbs: &'static [Verb], scope: Scope) -> Rule {
    Rule { about, verbs, scope }
}
const fn module(name: &'static str, verbs: &'static [Verb], scope: Scope) -> Rule {
    rule(About::Module(name), verbs, scope)
}
const fn resource(name: &'static str, verbs: &'static [Verb], scope: Scope) -> Rule {
    rule(About::Resource(name), verbs, scope)
}
const fn role(
    number: u16,
    name: &'static str,
    display_name: &'static str,
    rules: &'static [&'static [Rule]],
) -> Role {
    Role {
        id: Id::fixed(1, number),
        name,
        display_name,
        platform: false,
        rules,
        withheld: &[],
    }
}
const fn platform(
    number: u16,
    name: &'static str,
    display_name: &'static str,
    withheld: &'static [(&'static str, Verb)],
) -> Role {
    Role {
        id: Id::fixed(1, number),
        name,
        display_name,
        platform: true,
        rules: &[],
        withheld,
    }
}

/// What everybody has who works there: who else does, what they asked to be done, what they stored, what they are
/// told, and how they look at things.
const COLLEAGUE: &[Rule] = &[
    resource("organizations", READ, Org),
    resource("members", READ, Org),
    resource("teams", READ, Org),
    resource("team-members", READ, Org),
    resource("jobs", READ_UPDATE, Own),
    resource("files", PLAIN, Own),
    resource("notifications", READ_UPDATE, Own),
    resource("saved-views", PLAIN, Own),
];
/// What everybody has who writes down their time.
const OWN_TIME: &[Rule] = &[
    resource("time-entries", PLAIN, Own),
    resource("time-sheets", PLAIN, Own),
    resource("time-categories", READ, Org),
    resource("labels", READ, Org),
];
const OWN_REPORTS: &[Rule] = &[
    resource("reports", PLAIN, Own),
    resource("dashboards", PLAIN, Own),
];
// Files of rows, brought in and taken out under the rights to the rows themselves.
const IMPORTS: &[Rule] = &[resource("imports", PLAIN, Own)];
const EXPORTS: &[Rule] = &[resource("exports", PLAIN, Own)];

/// The system roles.
pub static SYSTEM_ROLES: &[Role] = &[
    platform(1, "website_owner", "Platform owner", &[]),
    platform(
        2,
        "website_admin",
        "Platform administrator",
        &[
            ("roles", Verb::Create),
            ("roles", Verb::Delete),
            ("organizations", Verb::Delete),
        ],
    ),
    role(11, "ceo", "Owner", &[&[rule(About::Everything, ALL, Org)]]),
    role(
        12,
        "admin",
        "Administrator",
        &[&[rule(About::AllBut("organizations", Verb::Delete), ALL, Org)]],
    ),
    role(
        13,
        "manager",
        "Manager",
        &[
            COLLEAGUE,
            OWN_REPORTS,
            IMPORTS,
            EXPORTS,
            &[
                resource("roles", READ, Org),
                module("crm", ALL, Team),
                module("sales", ALL, Team),
                module("work", ALL, Team),
                module("practice", ALL, Team),
                module("product", READ, Org),
                resource("reports", READ, Team),
            ],
        ],
    ),
    role(
        14,
        "product_manager",
        "Product manager",
        &[
            COLLEAGUE,
            OWN_TIME,
            OWN_REPORTS,
            EXPORTS,
            &[
                module("product", ALL, Org),
                resource("projects", PLAIN, Team),
                resource("milestones", PLAIN, Team),
                resource("tasks", PLAIN, Team),
                module("crm", READ, Org),
            ],
        ],
    ),
    role(
        15,
        "developer",
        "Developer",
        &[
            COLLEAGUE,
            OWN_TIME,
            &[
                module("product", READ, Org),
                resource("features", CREATE_UPDATE, Team),
                resource("projects", READ, Own),
                resource("milestones", READ, Own),
                resource("tasks", WITHOUT_DELETE, Team),
            ],
        ],
    ),
    role(
        16,
        "designer",
        "Designer",
        &[
            COLLEAGUE,
            OWN_TIME,
            &[
                module("product", READ, Org),
                resource("documents", CREATE_UPDATE, Team),
                resource("experiments", CREATE_UPDATE, Team),
                resource("projects", READ, Own),
                resource("milestones", READ, Own),
                resource("tasks", WITHOUT_DELETE, Team),
            ],
        ],
    ),
    role(
        17,
        "employee",
        "Employee",
        &[
            COLLEAGUE,
            OWN_TIME,
            IMPORTS,
            EXPORTS,
            &[
                module("crm", READ, Team),
                module("crm", CREATE_UPDATE, Own),
                // A contact that leaves a deal is a change of the deal.
                resource("deal-contacts", DELETE, Own),
                resource("quotes", READ, Team),
                resource("quotes", CREATE_UPDATE, Own),
                resource("invoices", READ, Team),
                resource("invoices", CREATE_UPDATE, Own),
                resource("delivery-notes", READ, Team),
                resource("delivery-notes", CREATE_UPDATE, Own),
                resource("payments", READ, Team),
                resource("payments", CREATE_UPDATE, Own),
                resource("credit-notes", READ, Team),
                resource("credit-notes", CREATE_UPDATE, Own),
                resource("catalogue-categories", READ, Org),
                resource("catalogue-items", READ, Org),
                resource("projects", READ, Own),
                resource("milestones", READ, Own),
                resource("tasks", PLAIN, Own),
            ],
        ],
    ),
    role(
        18,
        "stakeholder",
        "Stakeholder",
        &[&[
            resource("organizations", READ, Org),
            module("product", READ, Org),
            module("work", READ, Org),
            resource("feedback", CREATE, Own),
            resource("votes", &[Verb::Create, Verb::Delete], Own),
            resource("notifications", READ_UPDATE, Own),
        ]],
    ),
    // Here, `own` is: of the client's company.
    role(
        19,
        "client",
        "Client",
        &[&[
            module("practice", READ, Own),
            resource("messages", WITHOUT_DELETE, Own),
            resource("announcements", READ_UPDATE, Own),
            resource("quotes", READ_UPDATE, Own),
            resource("invoices", READ, Own),
            resource("delivery-notes", READ, Own),
            resource("credit-notes", READ, Own),
            resource("projects", READ, Own),
            resource("files", READ_CREATE, Own),
        ]],
    ),
];
