//! No list scans or sorts an organization: each filter and each sort alone, on 100,000 rows of two tenants,
//! as the server's own role.

use crate::filled::fill;
use firma_auth::access::{Disposing, Grant, Read};
use firma_auth::keys::Keys;
use firma_domain::Id;
use firma_persistence::access::Segment;
use firma_persistence::migrations::Migrator;
use firma_persistence::{Database, Listing};
use firma_services::listing::{Query, query};
use firma_services::{Caller, Keeping, Refusal, Tx, Work};
use firma_testing::{Firm, Server, TestDatabase};

pub(crate) const ROWS: i64 = 100_000;
/// What some words begin with, of few rows; `all` is a word of every row, `half` and `even` of each second,
/// `odd` of the others.
const FEW: &str = "777";

#[test]
fn no_list_scans_or_sorts_an_organization() {
    for base in TestDatabase::each() {
        let server = Server::start(base);
        let firms = [Firm::new(&server), Firm::new(&server)];
        let employees: Vec<_> = (0..3).map(|_| firms[0].member(Some("employee")).0).collect();
        firms[0].team(&employees);
        for firm in &firms {
            fill(&server, firm, ROWS / 2);
        }
        server.base.analyze();
        // Connections of before don't know the statistics.
        let fresh = Database::open(
            &firma_persistence::Settings::new(server.base.target().clone()),
            server.database.sources.clone(),
        )
        .unwrap();
        use firma_domain::{
            access::{ApiKey, RoleAssignment},
            crm::*,
            organizations::*,
            platform::*,
        };
        let firm = (firms[0].owner_id, firms[0].id);
        let mut wrong = Vec::new();
        wrong.extend(look::<Deal>(&server, &fresh, firm));
        wrong.extend(look::<Company>(&server, &fresh, firm));
        wrong.extend(look::<Contact>(&server, &fresh, firm));
        wrong.extend(look::<DealContact>(&server, &fresh, firm));
        wrong.extend(look::<Activity>(&server, &fresh, firm));
        wrong.extend(look::<Stage>(&server, &fresh, firm));
        wrong.extend(look::<Pipeline>(&server, &fresh, firm));
        wrong.extend(look::<Member>(&server, &fresh, firm));
        wrong.extend(look::<Team>(&server, &fresh, firm));
        wrong.extend(look::<TeamMember>(&server, &fresh, firm));
        wrong.extend(look::<Invitation>(&server, &fresh, firm));
        wrong.extend(look::<RoleAssignment>(&server, &fresh, firm));
        wrong.extend(look::<ApiKey>(&server, &fresh, firm));
        wrong.extend(look::<Job>(&server, &fresh, firm));
        wrong.extend(look::<File>(&server, &fresh, firm));
        wrong.extend(look::<Import>(&server, &fresh, firm));
        let in_a_team = (employees[0], firms[0].id);
        wrong.extend(look_in_a_team::<Deal>(&server, &fresh, in_a_team));
        wrong.extend(look_in_a_team::<Company>(&server, &fresh, in_a_team));
        wrong.extend(look_in_a_team::<Contact>(&server, &fresh, in_a_team));
        wrong.extend(look_in_a_team::<Activity>(&server, &fresh, in_a_team));
        wrong.extend(look_beside::<Deal>(
            &server,
            &fresh,
            firm,
            "company_id",
            "stage_id",
        ));
        wrong.extend(look_beside::<Deal>(&server, &fresh, firm, "owner_id", "status"));
        wrong.extend(look_beside::<Company>(
            &server,
            &fresh,
            firm,
            "parent_id",
            "industry",
        ));
        wrong.extend(look_beside::<Contact>(
            &server,
            &fresh,
            firm,
            "company_id",
            "mail_consent",
        ));
        wrong.extend(look_beside::<Activity>(
            &server, &fresh, firm, "deal_id", "is_done",
        ));
        wrong.extend(look_at_the_purge(&server, &fresh, firms[0].id));
        assert!(
            wrong.is_empty(),
            "on {}:\n{}",
            server.base.kind(),
            wrong.join("\n")
        );
    }
}

/// SQLite's planner knows what it was told, and is told again after somebody has it look at the few rows there are.
#[test]
fn what_sqlite_is_told_of_its_indexes_comes_back() {
    let base = TestDatabase::sqlite();
    let told = || {
        let large = "SELECT COUNT(*) FROM sqlite_stat1 WHERE stat LIKE '2000000 1000000%'";
        let all = "SELECT COUNT(*) FROM sqlite_stat1";
        (base.number(large), base.number(all))
    };
    let before = told();
    assert!(before.0 > 50 && before.1 > before.0, "{before:?}");
    // A table without an index has a line without one.
    base.execute("CREATE TABLE loose (n BIGINT); INSERT INTO loose VALUES (1); ANALYZE");
    assert_ne!(told(), before);
    let now = firma_domain::Instant::from_micros(0).unwrap();
    Migrator::connect(base.target(), now).unwrap().run().unwrap();
    assert_eq!(told(), before);
}

/// What is wrong with the plans of an entity's lists.
fn look<E: Keeping>(server: &Server, fresh: &Database, who: (Id, Id)) -> Vec<String> {
    let postgres = server.base.is_postgres();
    ask::<E>(server, fresh, who, move |tx, grant| {
        let sample = sample::<E>(tx, grant)?;
        let mut wrong = Vec::new();
        for parameters in cases::<E>(&sample) {
            let (listing, words) = listing::<E>(tx, grant, &parameters)?;
            let mut plan = tx.open(grant)?.plans(&listing)?;
            let mut bad = fault(&plan, E::TABLE, postgres);
            if words.iter().any(|word| word == FEW) && !plan.iter().any(|line| is_by_id(line)) {
                bad = bad.or_else(|| Some("few rows aren't looked up by their ids".into()));
            }
            if !words.is_empty() {
                plan = tx.open(grant)?.matching_plans(&words)?;
                bad = bad.or_else(|| fault(&plan, "search_words", postgres));
            }
            wrong.extend(
                bad.map(|line| format!("{} {parameters:?}: {line}\n{}", E::COLLECTION, plan.join("\n"))),
            );
        }
        Ok(wrong)
    })
}

/// What is wrong with the plan of two filters: SQLite is to seek the one that few rows fit. (PostgreSQL knows the rows.)
fn look_beside<E: Keeping>(
    server: &Server,
    fresh: &Database,
    who: (Id, Id),
    few: &'static str,
    many: &'static str,
) -> Vec<String> {
    if server.base.is_postgres() {
        return vec![];
    }
    ask::<E>(server, fresh, who, move |tx, grant| {
        let sample = sample::<E>(tx, grant)?;
        let value = |name: &str| match &sample[name] {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let parameters = [few, many].map(|name| (name.to_owned(), value(name)));
        let (listing, _) = listing::<E>(tx, grant, &parameters)?;
        let plan = tx.open(grant)?.plans(&listing)?;
        let sought = format!("{}_by_{few} ", E::TABLE);
        let is_sought = plan.iter().any(|line| line.contains(&sought));
        Ok((!is_sought)
            .then(|| format!("{} {parameters:?}:\n{}", E::COLLECTION, plan.join("\n")))
            .into_iter()
            .collect())
    })
}

/// What is wrong with the plans of what somebody in a team sees: each one's rows are sought by their owner, for those of
/// a team may be the last of all.
fn look_in_a_team<E: Keeping>(server: &Server, fresh: &Database, who: (Id, Id)) -> Vec<String> {
    let postgres = server.base.is_postgres();
    ask::<E>(server, fresh, who, move |tx, grant| {
        let by_owner = format!("{}_by_owner_id", E::TABLE);
        let mut wrong = Vec::new();
        for sort in ["created_at", "-created_at"] {
            let (listing, _) = listing::<E>(tx, grant, &[("sort".into(), sort.into())])?;
            let plan = tx.open(grant)?.plans(&listing)?;
            let mut bad = fault(&plan, E::TABLE, postgres);
            if !plan.iter().any(|line| line.contains(&by_owner)) || !plan.iter().any(|line| is_by_id(line)) {
                bad = bad.or_else(|| Some("the rows aren't sought by their owners".into()));
            }
            wrong.extend(
                bad.map(|line| format!("{} in a team, {sort}: {line}\n{}", E::COLLECTION, plan.join("\n"))),
            );
        }
        Ok(wrong)
    })
}

/// What is wrong with the plans of the purge: deletions are sought, and what refers to a row is, by the purge and by
/// the database's own check of each reference. So what some rows cost doesn't grow with the table.
fn look_at_the_purge(server: &Server, fresh: &Database, organization: Id) -> Vec<String> {
    // Some thousand that are deleted, each by itself, but few of the whole.
    let (deletion, at) = match server.base.is_postgres() {
        true => ("gen_random_uuid()", "now()"),
        false => ("randomblob(16)", "0"),
    };
    let mut statements = String::new();
    for table in ["companies", "deals", "contacts", "activities", "deal_contacts"] {
        statements.push_str(&format!(
            "UPDATE {table} SET deleted_at = {at}, deletion_id = {deletion} WHERE id IN (SELECT id FROM {table} \
             WHERE organization_id = {} LIMIT 1000); ",
            server.base.id_literal(organization)
        ));
    }
    server.base.execute(&statements);
    server.base.analyze();
    let plans = fresh.read(move |tx: &mut Tx<'_>| -> Result<_, Refusal> {
        let references = tx.references()?;
        Ok(tx.purge_plans(Disposing::of(organization), &references)?)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let plans = runtime.block_on(plans).unwrap();
    // Tables with few rows are read as they are.
    let large = [
        "companies",
        "deals",
        "contacts",
        "activities",
        "deal_contacts",
        "stages",
        "team_members",
        "imports",
    ];
    let scans = |line: &&String| {
        let is = |table: &&str| line.contains(&format!("Seq Scan on {table} "));
        // On SQLite a walk over an organization reads so.
        let walk = |table: &&str| line.contains(&format!("SEARCH {table} ")) || line.contains("SEARCH t ");
        let is_walk = line.ends_with("(organization_id=?)") && large.iter().any(walk);
        large.iter().any(is) || line.trim_start().starts_with("SCAN ") || is_walk
    };
    let wrong = plans.iter().filter_map(|(what, plan)| {
        // Nothing refers to files here, and roles are few: there the statistics speak for a scan.
        let few = ["files by", "roles by"].iter().any(|few| what.contains(few));
        let bad = plan.iter().find(scans).filter(|_| !few)?;
        Some(format!("{what}: {bad}\n{}", plan.join("\n")))
    });
    assert!(plans.len() > 20, "{plans:?}");
    wrong.collect()
}

/// Asks as a user in an organization, on connections that know the statistics.
fn ask<E: Keeping>(
    server: &Server,
    fresh: &Database,
    (user, organization): (Id, Id),
    look: impl Fn(&mut Tx<'_>, Grant<E, Read>) -> Result<Vec<String>, Refusal> + Send + 'static,
) -> Vec<String> {
    let token = server.token(user, 900);
    let session = server
        .signer
        .access
        .read(&token, server.database.sources.clock.now())
        .unwrap()
        .session;
    let looked = fresh.read(move |tx: &mut Tx<'_>| -> Result<Vec<String>, Refusal> {
        let work = Work::enter(tx, Caller { user, session }, &Segment::Id(organization))?;
        let grant = work.grant::<E, Read>()?;
        look(tx, grant)
    });
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(looked)
        .unwrap()
}

/// What these parameters ask for, and the words among it.
pub(crate) fn listing<E: Keeping>(
    tx: &mut Tx<'_>,
    grant: Grant<E, Read>,
    parameters: &[(String, String)],
) -> Result<(Listing, Vec<String>), Refusal> {
    let keys = Keys::derive(&[7; 32]);
    let currency = firma_domain::Currency::default();
    let Query {
        mut listing, words, ..
    } = query::<E>(parameters, grant.organization(), currency, &keys.cursor)?;
    let matching = tx.open(grant)?.matching(&words)?;
    listing.filters.extend(matching);
    Ok((listing, words))
}

pub(crate) fn fault(plan: &[String], table: &str, postgres: bool) -> Option<String> {
    match postgres {
        true => postgres_fault(plan, table),
        false => sqlite_fault(plan, table),
    }
}

/// A value of each field, from rows in the middle: what the filters ask for.
pub(crate) fn sample<E: Keeping>(
    tx: &mut Tx<'_>,
    grant: Grant<E, Read>,
) -> Result<serde_json::Value, Refusal> {
    let mut sample = serde_json::Map::new();
    for row in tx.open(grant)?.some(vec![], ROWS)?.iter().rev() {
        let serde_json::Value::Object(fields) = serde_json::to_value(row).unwrap() else {
            continue;
        };
        sample.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
    }
    Ok(sample.into())
}

/// Each filter alone and each sort alone, up and down.
pub(crate) fn cases<E: Keeping>(sample: &serde_json::Value) -> Vec<Vec<(String, String)>> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Object(money) => money["amount"].as_str().unwrap_or("1").to_owned(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let mut cases = vec![vec![]];
    for field in E::filters() {
        let value = text(&sample[field.name]);
        assert!(
            !value.is_empty(),
            "the sample has no {} in {}",
            field.name,
            E::TABLE
        );
        cases.push(vec![(field.name.to_owned(), value.clone())]);
        if field.is_ranged() {
            cases.push(vec![(format!("{}[gte]", field.name), value.clone())]);
            cases.push(vec![(format!("{}[lt]", field.name), value)]);
        }
    }
    for sort in E::sorts() {
        cases.push(vec![("sort".into(), sort.name.into())]);
        cases.push(vec![("sort".into(), format!("-{}", sort.name))]);
    }
    if E::TAGGED {
        cases.push(vec![("tag".into(), "rare".into())]);
    }
    if E::MAILED {
        cases.push(vec![("email".into(), "n7@firm.example".into())]);
    }
    if !E::SEARCHED.is_empty() {
        for q in [FEW, "all", "half all", "all 777", "even odd"] {
            cases.push(vec![("q".into(), q.into())]);
            cases.extend(
                E::sorts()
                    .iter()
                    .map(|sort| vec![("q".into(), q.into()), ("sort".into(), sort.name.into())]),
            );
        }
    }
    cases.push(vec![("deleted".into(), "true".into())]);
    cases
}

fn postgres_fault(plan: &[String], table: &str) -> Option<String> {
    let rows = |line: &str| line.split("rows=").nth(1)?.split(' ').next()?.parse::<i64>().ok();
    plan.iter().enumerate().find_map(|(n, line)| {
        // What is sorted stands a line below, and how much of it.
        let sorted = line
            .contains("Sort  (")
            .then(|| plan[n + 1..].iter().find_map(|below| rows(below)))
            .flatten();
        let scan = line.contains("Seq Scan") && (line.contains(table) || line.contains("search_words"));
        (scan || sorted.is_some_and(|rows| rows > ROWS / 20)).then(|| line.trim().to_owned())
    })
}

/// Rows are looked up by their ids.
fn is_by_id(line: &str) -> bool {
    line.contains("Index Cond") && line.contains("(id = ANY") || line.contains("(organization_id=? AND id=?)")
}

fn sqlite_fault(plan: &[String], table: &str) -> Option<String> {
    let (scan, words) = (format!("SCAN {table}"), "SCAN w");
    // A tag's rows and the few that are deleted are sorted; nothing else is.
    let few = plan.iter().any(|line| {
        line.contains("LIST SUBQUERY")
            || line.contains("_deleted")
            || is_by_id(line)
            || line.contains("(organization_id=? AND external_id=?)")
    });
    plan.iter()
        .find(|line| {
            line.starts_with(&scan) || line.starts_with(words) || (line.contains("TEMP B-TREE") && !few)
        })
        .cloned()
}
