//! What the platform lists is sought by an index, on both databases, as the server's own role: organizations, and
//! errors on our side.

use crate::plans::{ROWS, cases, fault, listing, sample};
use firma_auth::access::Read;
use firma_domain::Slug;
use firma_domain::organizations::{Organization, Status};
use firma_domain::platform::InternalError;
use firma_persistence::installation::{OrganizationSearch, PlatformKnown};
use firma_persistence::{Stored, Tx};
use firma_services::Refusal;
use firma_testing::{Firm, Server, TestDatabase};

fn fill(base: &TestDatabase) {
    let n = ROWS / 2;
    let (series, id, at) = match base.is_postgres() {
        true => (
            format!("WITH g AS (SELECT n::int AS n FROM generate_series(1, {n}) n)"),
            "md5(n::text)::uuid",
            "now() - n * interval '1 second'",
        ),
        false => (
            format!("WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {n})"),
            "randomblob(16)",
            "1700000000000000 - n * 1000000",
        ),
    };
    let nil = base.id_literal(firma_domain::Id::NIL);
    base.execute(&format!(
        "{series} INSERT INTO tenants (id, slug, status, currency, timezone, needs_factor) \
         SELECT {id}, 'many-' || n, CASE WHEN n % 1000 = 0 THEN 'suspended' ELSE 'active' END, 'EUR', 'UTC', FALSE FROM g;
         INSERT INTO organizations (organization_id, id, version, created_at, updated_at, name, slug, timezone, locale, \
         default_currency, status, settings, metadata) SELECT t.id, t.id, 1, o.created_at, o.updated_at, t.slug, t.slug, \
         o.timezone, o.locale, o.default_currency, t.status, o.settings, o.metadata FROM tenants t \
         JOIN (SELECT * FROM organizations LIMIT 1) o ON TRUE WHERE t.slug LIKE 'many-%';
         {series} INSERT INTO internal_errors (organization_id, id, version, created_at, updated_at, fingerprint, kind, place, \
         message, state, occurrences, first_at, last_at, binary_version, resolved_at) SELECT {nil}, {id}, 1, {at}, {at}, 'f-' || n, \
         CASE n % 50 WHEN 0 THEN 'PANIC' ELSE 'ANSWER' END, 'here', 'wrong', CASE n % 50 WHEN 1 THEN 'OPEN' ELSE 'RESOLVED' END, n, \
         {at}, {at}, '1', CASE n % 50 WHEN 1 THEN NULL ELSE {at} END FROM g;"
    ));
    base.analyze();
}

#[test]
fn what_the_platform_lists_is_sought_by_an_index() {
    for base in TestDatabase::each() {
        let server = Server::start(base);
        let _firm = Firm::new(&server);
        let (holder, _) = Firm::platform(&server, "website_owner");
        fill(&server.base);
        let token = server.token(holder, 900);
        let now = server.database.sources.clock.now();
        let session = server.signer.access.read(&token, now).unwrap().session;
        let postgres = server.base.is_postgres();
        let (errors, wrong) = server.read(move |tx: &mut Tx<'_>| -> Result<_, Refusal> {
            let PlatformKnown::Holder(facts) = tx.platform_facts(holder, session)? else {
                panic!("no platform role");
            };
            let mut wrong = Vec::new();
            let grant = facts.decide::<Organization, Read>().unwrap();
            let page = OrganizationSearch {
                rows: 51,
                ..OrganizationSearch::default()
            };
            let status = |status| OrganizationSearch {
                status: Some(status),
                ..page.clone()
            };
            let searches = [
                page.clone(),
                status(Status::Active),
                status(Status::Suspended),
                OrganizationSearch {
                    slug: Slug::parse("many-77"),
                    ..page.clone()
                },
                OrganizationSearch {
                    before: Some(tx.new_id()),
                    ..status(Status::Suspended)
                },
                OrganizationSearch {
                    before: Some(tx.new_id()),
                    oldest_first: true,
                    ..status(Status::Suspended)
                },
            ];
            for search in searches {
                let plan = tx.plan_of_organizations(grant, &search)?;
                // All of them are walked in the order of an index, as far as the page goes.
                let walks = |line: &String| line.contains("SCAN organizations USING INDEX");
                let bad = fault(&plan, "organizations", postgres)
                    .filter(|line| search.status.is_some() || search.slug.is_some() || !walks(line));
                wrong.extend(bad.map(|line| format!("{search:?}: {line}\n{}", plan.join("\n"))));
            }
            let grant = facts.decide::<InternalError, Read>().unwrap().system();
            let sample = sample::<InternalError>(tx, grant)?;
            let cases = cases::<InternalError>(&sample);
            for parameters in &cases {
                let (listing, _) = listing::<InternalError>(tx, grant, parameters)?;
                let plan = tx.open(grant)?.plans(&listing)?;
                let bad = fault(&plan, InternalError::TABLE, postgres);
                wrong.extend(bad.map(|line| format!("{parameters:?}: {line}\n{}", plan.join("\n"))));
            }
            Ok((cases.len(), wrong))
        });
        assert!(errors > 15);
        assert!(
            wrong.is_empty(),
            "on {}:\n{}",
            server.base.kind(),
            wrong.join("\n")
        );
    }
}
