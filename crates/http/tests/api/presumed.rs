//! What a first attempt goes on by without asking: of what is known of a caller, whatever changes, the next call knows
//! it; and where nothing changed, to know the caller costs no statement.

use crate::keys::{key_of, with};
use crate::roles_at_once::asked;
use firma_testing::{Client, Firm, on_each};
use serde_json::json;

#[test]
fn whatever_changes_of_a_caller_the_next_call_knows() {
    on_each(|server| {
        let firm = Firm::new(server);
        let (user, member) = firm.member(Some("ceo"));
        let deal = member.post(&firm.at("deals"), json!({"title": "Known"})).id();
        let by_id = format!("/api/v1/organizations/{}/deals/{deal}", firm.id);
        let by_slug = format!("/api/v1/organizations/{}/deals/{deal}", firm.slug);
        let [of_user, of_owner, of_firm] =
            [user, firm.owner_id, firm.id].map(|id| server.base.id_literal(id));
        let session = format!("UPDATE sessions SET {{}} WHERE user_id = {of_user}");
        let tenant = format!("UPDATE tenants SET {{}} WHERE id = {of_firm}");
        let membership =
            format!("UPDATE memberships SET {{}} WHERE organization_id = {of_firm} AND id = {of_user}");
        let now = "(SELECT MAX(created_at) FROM sessions)";
        let user = format!("UPDATE users SET {{}} WHERE id = {of_user}");
        let key = format!("UPDATE api_keys SET {{}}, version = version + 1 WHERE created_by = {of_user}");
        let permissions = ["deals:read:org", "deals:update:org", "deals:create:org"];
        let in_stage = json!({"title": "Known", "stage_id": firm.stage("Prospecting")});
        let (_, program) = key_of(&firm, &member, with(&permissions));
        let deals = format!("/api/v1/organizations/{}/deals", firm.id);
        let create = |client: &Client| client.post(&deals, in_stage.clone());
        // The first attempt at the next knows of the stage.
        create(&member).expect(201);
        // What is one statement with all that it stores, a read by the organization's id, one by its slug, and a change.
        let knows_of = |client: &Client, row: &str, there: &str, back: &str, wanted: [u16; 3]| {
            let answers = || {
                let change = json!({"title": "Known"});
                [
                    create(client),
                    client.get(&by_id),
                    client.get(&by_slug),
                    client.patch(&by_id, change),
                ]
                .map(|answer| answer.status)
            };
            assert_eq!(answers(), [201, 200, 200, 200], "before {there}");
            server.base.execute(&row.replace("{}", there));
            let stored = || server.base.number("SELECT COUNT(*) FROM deals");
            let (before, [_, _, change]) = (stored(), wanted);
            let made = if change == 200 { 201 } else { change };
            let [first, rest @ ..] = answers();
            assert_eq!((first, rest), (made, wanted), "{there}");
            assert_eq!(stored() - before, i64::from(made == 201), "{there}");
            server.base.execute(&row.replace("{}", back));
        };
        let knows = |row: &str, there: &str, back: &str, wanted| knows_of(&member, row, there, back, wanted);
        let by_key =
            |row: &str, there: &str, back: &str, wanted| knows_of(&program, row, there, back, wanted);
        let ends = format!("revoked_at = {now}");
        knows(&session, &ends, "revoked_at = NULL", [401; 3]);
        by_key(&key, &ends, "revoked_at = NULL", [401; 3]);
        let (ends, lasts) = (format!("expires_at = {now}"), "expires_at = ends_at");
        knows(&session, &ends, lasts, [401; 3]);
        by_key(&key, &ends, "expires_at = NULL", [401; 3]);
        let (little, all) = (
            "'[\"deals:read:org\"]'",
            "'[\"deals:read:org\", \"deals:update:org\", \"deals:create:org\"]'",
        );
        let (less, as_before) = (format!("permissions = {little}"), format!("permissions = {all}"));
        by_key(&key, &less, &as_before, [200, 200, 403]);
        by_key(&user, "is_active = FALSE", "is_active = TRUE", [401; 3]);
        knows(&membership, "is_active = FALSE", "is_active = TRUE", [404; 3]);
        by_key(&membership, "is_active = FALSE", "is_active = TRUE", [401; 3]);
        let joined = format!("joined_at = {now}");
        knows(&membership, "joined_at = NULL", &joined, [404; 3]);
        let ends = format!("deleted_at = {now}");
        knows(&tenant, &ends, "deleted_at = NULL", [404; 3]);
        let active = "status = 'active'";
        knows(&tenant, "status = 'suspended'", active, [200, 200, 403]);
        by_key(&tenant, "status = 'suspended'", active, [403; 3]);
        knows(&tenant, "status = 'archived'", active, [404; 3]);
        let mine = format!("status = 'archived', owner_id = {of_user}");
        let theirs = format!("{active}, owner_id = {of_owner}");
        knows(&tenant, &mine, &theirs, [200, 200, 404]);
        knows(&tenant, "needs_factor = TRUE", "needs_factor = FALSE", [403; 3]);
        let slug = format!("slug = '{}'", firm.slug);
        knows(&tenant, "slug = 'another'", &slug, [200, 404, 200]);
        by_key(&tenant, "slug = 'another'", &slug, [200, 404, 200]);
        // What refuses nothing: the currency of a report.
        let report = || {
            member
                .get(&firm.at("reports/pipeline?group_by=stage"))
                .expect(200)
        };
        for currency in ["USD", "CHF"] {
            report();
            let change = format!("currency = '{currency}'");
            server.base.execute(&tenant.replace("{}", &change));
            assert_eq!(report()["total"]["won_value"]["currency"], currency);
        }
    });
}

/// Two callers of two organizations in turn, so that each finds the connection where the other left it.
#[test]
fn to_know_the_caller_costs_nothing_on_postgresql_while_nothing_changes() {
    on_each(|server| {
        let (one, other) = (Firm::new(server), Firm::new(server));
        let path = |firm: &Firm<'_>| {
            let deals = firm.at("deals");
            format!("{deals}/{}", firm.owner.post(&deals, json!({"title": "x"})).id())
        };
        let (of_one, of_other) = (path(&one), path(&other));
        // So often that no chance has each meet a connection of its own.
        let both = asked(server, || {
            for _ in 0..10 {
                one.owner.get(&of_one).expect(200);
                other.owner.get(&of_other).expect(200);
            }
        });
        let each = if server.base.is_postgres() { 1 } else { 2 };
        assert_eq!(both, 20 * each);
        let (_, program) = key_of(&one, &one.owner, with(&["deals:read:org"]));
        let by_key = asked(server, || drop(program.get(&of_one).expect(200)));
        assert_eq!(by_key, each);
        // Of what finds nothing PostgreSQL is asked why.
        let nothing = asked(server, || drop(one.owner.get(&one.at("contacts")).expect(200)));
        assert_eq!(nothing, 2);
    });
}

/// Nobody's memory of who may is of use in another organization.
#[test]
fn what_is_presumed_of_one_opens_nothing_of_another() {
    on_each(|server| {
        let (one, other) = (Firm::new(server), Firm::new(server));
        let id = other
            .owner
            .post(&other.at("deals"), json!({"title": "Theirs"}))
            .id();
        for _ in 0..20 {
            other.owner.get(&other.at(&format!("deals/{id}"))).expect(200);
            one.owner
                .get(&one.at(&format!("deals/{id}")))
                .problem(404, "not_found");
            one.owner
                .get(&other.at(&format!("deals/{id}")))
                .problem(404, "organization_not_found");
            assert_eq!(one.owner.get(&one.at("deals")).expect(200)["data"], json!([]));
        }
    });
}
