//! The second fence alone: with the tenant's condition left out of every query, PostgreSQL's row-level
//! security still shows no foreign row. A binary of its own, because the switch is the process's.

// What clippy.toml allows in tests, for the helpers between them too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use firma_auth::access::{Founding, SYSTEM_ROLES};
use firma_domain::Id;
use firma_domain::access::{ApiKey, Role, RoleAssignment};
use firma_domain::crm::{Activity, Company, Contact, Deal, DealContact, Pipeline, Stage};
use firma_domain::organizations::{Invitation, Member, Organization, Team, TeamMember};
use firma_domain::platform::{File, Import, Job};
use firma_persistence::access::Segment;
use firma_persistence::platform::NewJob;
use firma_persistence::{Stored, drop_tenant_condition};
use firma_services::{Caller, Refusal, Tx, Work};
use firma_testing::{Firm, Server, TestDatabase};
use serde_json::json;
use std::collections::BTreeSet;

fn visible<E: Stored>(tx: &mut Tx<'_>, caller: Caller, organization: Id) -> Result<i64, Refusal> {
    let grant =
        Work::enter(tx, caller, &Segment::Id(organization))?.grant::<E, firma_auth::access::Read>()?;
    Ok(tx.open(grant)?.count(&[], false)?)
}

fn put_job_file_and_import(firm: &Firm<'_>) {
    let (organization, owner) = (firm.id, firm.owner_id);
    firm.server.write(move |tx| {
        let founding = Founding::of(organization, owner);
        let job = NewJob {
            kind: "sample",
            payload: "{}".into(),
            run_at: None,
            max_attempts: 1,
        };
        tx.enqueue(founding.grant::<Company>(), job)?;
        let file = File {
            name: "a".into(),
            media_type: "text/plain".into(),
            size: 1,
            sha256: "0".repeat(64),
            storage_key: tx.new_id().to_string(),
            owner_id: Some(owner),
        };
        tx.open(founding.grant::<File>())?.add(file)?;
        let import = Import::asked("deals".into(), "a.csv".into(), true, json!({}), owner);
        tx.open(founding.grant::<Import>())?.add(import)?;
        Ok(())
    });
}

#[test]
fn no_foreign_row_is_seen_without_the_tenant_condition() {
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let server = Server::start(base);
    let firms = [Firm::new(&server), Firm::new(&server)];
    for firm in &firms {
        let (id, _) = firm.member(Some("employee"));
        firm.team(&[id]);
        put_job_file_and_import(firm);
        let role = json!({"name": "own", "display_name": "Own", "permissions": ["deals:read:own"]});
        firm.owner.post(&firm.at("roles"), role).expect(201);
        let invited = json!({"email": "new@firm.example"});
        firm.owner.post(&firm.at("invitations"), invited).expect(201);
        let key = json!({"name": "a", "permissions": ["deals:read:org"]});
        firm.owner.post(&firm.at("api-keys"), key).expect(201);
        for n in 0..3 {
            firm.owner
                .post(&firm.at("companies"), json!({"name": format!("c{n}")}))
                .expect(201);
            let deal = firm
                .owner
                .post(&firm.at("deals"), json!({"title": format!("d{n}")}))
                .id();
            let contact = firm
                .owner
                .post(&firm.at("contacts"), json!({"name": format!("p{n}")}))
                .id();
            let note = json!({"kind": "NOTE", "subject": "n", "deal_id": deal});
            firm.owner.post(&firm.at("activities"), note).expect(201);
            let link = json!({"deal_id": deal, "contact_id": contact});
            firm.owner.post(&firm.at("deal-contacts"), link).expect(201);
        }
    }
    let counts = || -> Vec<i64> {
        let firm = &firms[0];
        let (user, organization) = (firm.owner_id, firm.id);
        let token = server.token(user, 900);
        let claims = server
            .signer
            .access
            .read(&token, server.database.sources.clock.now())
            .unwrap();
        let caller = Caller {
            user,
            session: claims.session,
        };
        server.read(move |tx| {
            Ok(vec![
                visible::<Organization>(tx, caller, organization)?,
                visible::<Member>(tx, caller, organization)?,
                visible::<Team>(tx, caller, organization)?,
                visible::<TeamMember>(tx, caller, organization)?,
                visible::<Invitation>(tx, caller, organization)?,
                visible::<RoleAssignment>(tx, caller, organization)?,
                visible::<Role>(tx, caller, organization)?,
                visible::<Company>(tx, caller, organization)?,
                visible::<Pipeline>(tx, caller, organization)?,
                visible::<Stage>(tx, caller, organization)?,
                visible::<Deal>(tx, caller, organization)?,
                visible::<Contact>(tx, caller, organization)?,
                visible::<DealContact>(tx, caller, organization)?,
                visible::<Job>(tx, caller, organization)?,
                visible::<File>(tx, caller, organization)?,
                visible::<Import>(tx, caller, organization)?,
                visible::<Activity>(tx, caller, organization)?,
                visible::<ApiKey>(tx, caller, organization)?,
            ])
        })
    };
    let mut with = counts();
    assert_eq!(with, [1, 2, 1, 1, 1, 2, 1, 3, 1, 5, 3, 3, 3, 1, 1, 1, 3, 1]);
    drop_tenant_condition();
    // The system's roles are nobody's.
    with[6] += i64::try_from(SYSTEM_ROLES.len()).unwrap();
    assert_eq!(counts(), with);
    no_operation_shows_a_foreign_row(&firms);
    let foreign = firms[1].owner.get(&firms[1].at("deals")).expect(200)["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    firms[0]
        .owner
        .get(&firms[0].at(&format!("deals/{foreign}")))
        .problem(404, "not_found");
    firms[0]
        .owner
        .patch(&firms[0].at(&format!("deals/{foreign}")), json!({"title": "x"}))
        .problem(404, "not_found");
    assert_eq!(
        firms[0]
            .owner
            .get(&firms[0].at("reports/pipeline?group_by=stage"))
            .expect(200)["total"]["deals"],
        3
    );
    without_a_fence_they_would_be_seen();
}

/// Every operation of the document that reads, in one's own organization: it shows none of the other's rows.
fn no_operation_shows_a_foreign_row(firms: &[Firm<'_>; 2]) {
    let document = firms[0].owner.get("/openapi.json").expect(200);
    let read = |path: &&String| {
        path.starts_with("/api/v1/organizations/{organization}")
            && !document["paths"][path.as_str()]["get"].is_null()
    };
    let paths: Vec<_> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .filter(read)
        .collect();
    let query = |path: &str| match path.rsplit('/').next() {
        Some("pipeline") => "?group_by=owner",
        Some("explain") => "?permission=deals:read",
        _ => "",
    };
    let asked = |asker: &Firm<'_>, path: &str, id: &str| {
        let at = path.replace("{organization}", &asker.slug).replace("{id}", id);
        asker.owner.get(&format!("{at}{}", query(path)))
    };
    let rows = |of: &Firm<'_>| -> BTreeSet<String> {
        let lists = paths.iter().filter(|path| !path.contains("{id}"));
        // There is no logo, and no domain.
        let lists = lists.filter(|path| !path.ends_with("/logo") && !path.ends_with("/domain"));
        let data = lists.map(|path| asked(of, path, "").expect(200)["data"].clone());
        let ids = data.flat_map(|data| data.as_array().cloned().unwrap_or_default());
        ids.filter_map(|row| row["id"].as_str().map(str::to_owned))
            .collect()
    };
    // What both see is the system's.
    let own = rows(&firms[0]);
    let foreign: Vec<_> = rows(&firms[1]).difference(&own).cloned().collect();
    assert!(foreign.len() > 15, "{foreign:?}");
    // Lists first: an attempt at what is foreign leaves an event, which is one's own.
    for path in paths.iter().filter(|path| !path.contains("{id}")) {
        let text = asked(&firms[0], path, "").text;
        for id in foreign.iter().chain([&firms[1].id.to_string()]) {
            assert!(!text.contains(id), "{path} shows {id}");
        }
    }
    for path in paths.iter().filter(|path| path.contains("{id}")) {
        for id in &foreign {
            let answer = asked(&firms[0], path, id);
            assert_eq!(answer.status, 404, "{path} {id}: {}", answer.text);
        }
    }
}

/// The switch is no sham: where there is no second fence, it lets foreign rows through.
fn without_a_fence_they_would_be_seen() {
    let server = Server::start(TestDatabase::sqlite());
    let firms = [Firm::new(&server), Firm::new(&server)];
    firms[1]
        .owner
        .post(&firms[1].at("companies"), json!({"name": "theirs"}))
        .expect(201);
    let seen = firms[0].owner.get(&firms[0].at("companies")).expect(200);
    assert_eq!(seen["data"][0]["name"], "theirs");
}

#[test]
fn the_server_refuses_a_role_that_sees_past_the_fence() {
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let owner = base.lines("SELECT current_user::text").pop().unwrap();
    let settings = firma_persistence::Settings {
        role: owner,
        ..firma_persistence::Settings::new(base.target().clone())
    };
    let server = Server::start(base);
    let refused = firma_persistence::Database::open(&settings, server.database.sources.clone())
        .err()
        .unwrap();
    assert!(refused.contains("row-level security"), "{refused}");
}

#[test]
fn what_is_seen_outside_the_fence_is_not_changed_there() {
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let wide = base.lines(
        "SELECT policyname::text FROM pg_policies WHERE tablename IN ('api_keys', 'roles', 'role_permissions') \
         AND cmd <> 'SELECT' AND (qual LIKE '% OR %' OR with_check LIKE '% OR %') ORDER BY 1",
    );
    assert_eq!(wide, Vec::<String>::new());
}

/// What everybody who can connect may do with it.
fn everybodys(base: &TestDatabase) -> Vec<String> {
    base.lines(
        "SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace \
         AND has_function_privilege('public', p.oid, 'EXECUTE') \
         UNION ALL SELECT c.relname || ' ' || a.privilege_type FROM pg_class c, aclexplode(c.relacl) a \
         WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 0 \
         UNION ALL SELECT c.relname || '.' || t.attname || ' ' || a.privilege_type FROM pg_class c \
         JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a \
         WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 0 \
         UNION ALL SELECT 'schema ' || a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a \
         WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type <> 'USAGE' ORDER BY 1",
    )
}

#[test]
fn nothing_of_the_schema_is_everybodys() {
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    assert_eq!(everybodys(&base), Vec::<String>::new());
    // Nor what is made later.
    base.execute(
        "CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE later (id serial, name text)",
    );
    assert_eq!(everybodys(&base), Vec::<String>::new());
    base.execute(
        "GRANT EXECUTE ON FUNCTION later() TO PUBLIC; GRANT SELECT ON later TO PUBLIC; \
         GRANT UPDATE (name) ON later TO PUBLIC; GRANT USAGE ON later_id_seq TO PUBLIC",
    );
    assert_eq!(
        everybodys(&base),
        ["later", "later SELECT", "later.name UPDATE", "later_id_seq USAGE"]
    );
}

#[test]
fn every_table_with_an_organization_is_fenced() {
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let open = base.lines(
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' \
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT c.relrowsecurity ORDER BY 1",
    );
    // What workers look at before there is a tenant, and whose key it is before there is a caller: no payload in it.
    assert_eq!(open, ["api_key_prefixes", "job_queue"]);
    let append_only = base.lines(
        "SELECT table_name || ' ' || privilege_type FROM information_schema.role_table_grants \
         WHERE grantee = 'firma_app' AND table_name IN ('audit_entries', 'audit_checkpoints', 'security_events') ORDER BY 1",
    );
    assert_eq!(
        append_only,
        [
            "audit_checkpoints SELECT",
            "audit_entries INSERT",
            "audit_entries SELECT",
            "security_events INSERT",
            "security_events SELECT"
        ]
    );
}
