//! Both databases have the same tables, and the tables that the code declares.

use firma_persistence::Stored;
use firma_persistence::archive::Source;
use firma_persistence::operating::KEPT;
use firma_testing::TestDatabase;
use std::collections::BTreeSet;

/// `table column null` or `table column not null`, of all tables.
fn columns(base: &TestDatabase) -> BTreeSet<String> {
    let query = if base.is_postgres() {
        "SELECT table_name || ' ' || column_name || CASE is_nullable WHEN 'YES' THEN ' null' ELSE ' not null' END \
         FROM information_schema.columns WHERE table_schema = 'public'"
    } else {
        "SELECT m.name || ' ' || c.name || CASE WHEN c.\"notnull\" OR c.pk THEN ' not null' ELSE ' null' END \
         FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
    };
    let ours = |line: &String| !line.starts_with("__diesel");
    base.lines(query).into_iter().filter(ours).collect()
}

/// `table (columns)` of every unique index and key, with its condition's presence.
fn uniques(base: &TestDatabase) -> BTreeSet<String> {
    let query = if base.is_postgres() {
        "SELECT t.relname || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k(att, n) \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att) || ')' || CASE WHEN i.indpred IS NULL THEN '' ELSE ' partial' END \
         FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace"
    } else {
        "SELECT m.name || ' (' || (SELECT group_concat(x.name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) x) || ')' \
         || CASE i.partial WHEN 0 THEN '' ELSE ' partial' END FROM sqlite_master m, pragma_index_list(m.name) i \
         WHERE m.type = 'table' AND i.\"unique\""
    };
    let ours = |line: &String| !line.starts_with("__diesel") && !line.starts_with("sqlite_");
    base.lines(query).into_iter().filter(ours).collect()
}

/// `table (columns) -> other (columns)` of every foreign key.
fn references(base: &TestDatabase) -> BTreeSet<String> {
    let query = if base.is_postgres() {
        "SELECT t.relname || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY k(att, n) \
         JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.att) || ') -> ' || f.relname || ' (' || \
         (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY k(att, n) \
         JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.att) || ')' \
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid WHERE c.contype = 'f'"
    } else {
        "SELECT m.name || ' (' || group_concat(k.\"from\", ', ') || ') -> ' || k.\"table\" || ' (' || group_concat(k.\"to\", ', ') || ')' \
         FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table' GROUP BY m.name, k.id"
    };
    base.lines(query).into_iter().collect()
}

#[test]
fn both_databases_have_the_same_schema() {
    let [sqlite, postgres] = &TestDatabase::each()[..] else {
        return;
    };
    assert_eq!(columns(sqlite), columns(postgres));
    assert_eq!(references(sqlite), references(postgres));
    // A key that is the rowid's table itself has no index on SQLite: compare what both list.
    let (on_sqlite, on_postgres) = (uniques(sqlite), uniques(postgres));
    let missing: Vec<_> = on_sqlite.symmetric_difference(&on_postgres).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_code_declares_the_tables_as_they_are() {
    for base in TestDatabase::each() {
        let there = columns(&base);
        let mut declared = 0;
        let mut check = |table: &str, columns: &[(&str, bool)], entity: &str| {
            for (column, nullable) in columns {
                let line = format!("{table} {column} {}", if *nullable { "null" } else { "not null" });
                assert!(there.contains(&line), "{entity}: {line} on {}", base.kind());
            }
            let own = there
                .iter()
                .filter(|line| line.starts_with(&format!("{table} ")))
                .count();
            let others = match table {
                // Of the system's roles alone, which are seeded.
                "roles" => 2,
                // Under what is kept in memory.
                "memberships" => 1,
                _ => 0,
            };
            assert_eq!(
                own,
                columns.len() + 8 + others,
                "{table} has columns that {entity} doesn't declare"
            );
            declared += 1;
        };
        macro_rules! check { ($($entity:ty),*) => { $(check(<$entity>::TABLE, <$entity>::COLUMNS, stringify!($entity));)* } }
        use firma_domain::{access::*, crm::*, organizations::*, platform::*};
        check!(
            Organization,
            Member,
            Team,
            TeamMember,
            Role,
            Invitation,
            RoleAssignment,
            ApiKey,
            Company,
            Pipeline,
            Stage,
            Deal,
            Contact,
            DealContact,
            Job,
            File,
            Import,
            Activity,
            InternalError
        );
        assert_eq!(declared, 19);
    }
}

/// What names no organization isn't an organization's: it stays where one is purged. What of it is about one all the
/// same is taken away by `Removal` of the persistence crate, or has its own end.
#[test]
fn tables_without_an_organization_are_known() {
    for base in TestDatabase::each() {
        let names = |of: &BTreeSet<String>| -> BTreeSet<String> {
            let table = |line: &String| line.split(' ').next().map(str::to_owned);
            of.iter().filter_map(table).collect()
        };
        let all = columns(&base);
        let is_tenants = |line: &&String| line.contains(" organization_id ") || line.contains(" tenant_id ");
        let with = names(&all.iter().filter(is_tenants).cloned().collect());
        let without: Vec<_> = names(&all).difference(&with).cloned().collect();
        assert_eq!(
            without,
            [
                "account_logins",
                "accounts",
                "backups",
                "file_sweeps",
                "permissions",
                "provider_attempts",
                "recovery_codes",
                "second_factors",
                "sessions",
                "sign_in_delays",
                "tenants",
                "user_archives",
                "user_credentials",
                "user_logins",
                "user_profile_terms",
                "user_profiles",
                "user_words",
                "users",
                "verification_tokens",
            ]
        );
    }
}

/// Every foreign key is found by an index that begins with its first columns: the tenant's and its own, where it has two.
#[test]
fn every_foreign_key_has_an_index() {
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let without = base.lines(
        "SELECT t.relname || ' ' || c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid WHERE c.contype = 'f' \
         AND t.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid \
         AND i.indkey[0] = c.conkey[1] AND (array_length(c.conkey, 1) = 1 OR i.indkey[1] = ANY (c.conkey[2:])))",
    );
    assert_eq!(without, Vec::<String>::new());
}

/// What refers to rows that are purged is found among deleted rows too: by the purge, and by the database's own check.
#[test]
fn what_refers_to_what_is_purged_is_found() {
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let without = base.lines(
        "SELECT t.relname || ' ' || c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
         JOIN pg_class f ON f.oid = c.confrelid WHERE c.contype = 'f' AND t.relnamespace = 'public'::regnamespace \
         AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = f.oid AND a.attname = 'deletion_id') \
         AND f.relname NOT IN ('memberships', 'users') AND NOT EXISTS (SELECT 1 FROM pg_index i \
         WHERE i.indrelid = c.conrelid AND i.indpred IS NULL AND i.indkey[0] = c.conkey[1] \
         AND (array_length(c.conkey, 1) = 1 OR i.indkey[1] = ANY (c.conkey[2:])))",
    );
    assert_eq!(without, Vec::<String>::new());
    // What one delete took is found without walking all that was deleted.
    let without = base.lines(
        "SELECT t.relname FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid WHERE a.attname = 'deletion_id' \
         AND t.relkind = 'r' AND t.relname NOT IN ('users', 'organizations', 'jobs', 'internal_errors') AND to_regclass('public.' || t.relname || '_by_deletion') IS NULL",
    );
    assert_eq!(without, Vec::<String>::new());
}

/// What has a version has a log to be compared with, but for jobs and internal errors, which have no entries.
#[test]
fn every_entity_is_compared_with_its_log() {
    let there = columns(&TestDatabase::sqlite());
    let has = |table: &str, column: &str| there.contains(&format!("{table} {column} not null"));
    let tables: BTreeSet<&str> = there.iter().filter_map(|line| line.split(' ').next()).collect();
    let versioned = |table: &&str| {
        let columns = ["organization_id", "id", "version"];
        !["jobs", "internal_errors"].contains(table) && columns.iter().all(|column| has(table, column))
    };
    let expected: BTreeSet<_> = tables.into_iter().filter(versioned).collect();
    let compared: BTreeSet<_> = KEPT.iter().map(|(table, _)| *table).collect();
    assert_eq!(compared, expected);
}

/// What names a person is known to the archive and to erasing, or is no user's.
#[test]
fn everything_about_a_person_is_known() {
    use firma_persistence::identity::KEPT as OF_PERSON;
    // A column that is called so holds something about a person.
    let about = ["user_id", "ip", "user_agent", "login", "username", "email"];
    // The log and what is stored for a retry have ways of their own to be erased; the rest is the firm's.
    let elsewhere = [
        "audit_payloads ip",
        "audit_payloads user_agent",
        // Emptied by their address, where the person was a member; gone 90 days later elsewhere.
        "invitations email",
        "companies email",
        "emails email",
    ];
    let there = columns(&TestDatabase::sqlite());
    let mut unknown = Vec::new();
    for line in &there {
        let (table, rest) = line.split_once(' ').unwrap();
        let column = rest.split(' ').next().unwrap();
        let is_known = OF_PERSON.iter().any(|kept| kept.table == table);
        if about.contains(&column) && !is_known && !elsewhere.contains(&format!("{table} {column}").as_str())
        {
            unknown.push(line);
        }
    }
    assert!(
        unknown.is_empty(),
        "name them in firma_persistence::identity::KEPT: {unknown:?}"
    );
    for kept in OF_PERSON {
        let is_there = |column: &str| {
            let begins = format!("{} {column} ", kept.table);
            there.iter().any(|line| line.starts_with(&begins))
        };
        assert!(is_there(kept.user), "{}", kept.table);
        assert_eq!(
            kept.in_organization,
            is_there("organization_id") && kept.table != "security_events",
            "{}",
            kept.table
        );
        for (column, _) in kept.told {
            assert!(is_there(column), "{} {column}", kept.table);
        }
    }
}

/// What a backup of one database says of its columns is what the other takes them for.
#[test]
fn both_databases_have_the_same_kinds_of_columns() {
    let kinds = |base: &TestDatabase| {
        let mut tables = Source::open(base.target()).unwrap().tables;
        tables.iter_mut().for_each(|table| table.columns.sort());
        tables
    };
    let [sqlite, postgres] = &TestDatabase::each()[..] else {
        return;
    };
    for (one, other) in kinds(sqlite).iter().zip(kinds(postgres)) {
        assert_eq!(*one, other);
    }
    assert_eq!(kinds(sqlite).len(), kinds(postgres).len());
}
