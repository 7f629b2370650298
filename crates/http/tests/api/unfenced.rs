//! Every operation that writes, with the tenant's condition left out of the queries of repositories and of the
//! log's list: there PostgreSQL's row-level security alone keeps another tenant's rows as they are. Queries that
//! are written by hand keep theirs. An operation that the walk doesn't know how to call fails it, and so does one
//! that is refused before it comes to a row: see `control`.

use crate::references::REFERENCES;
use crate::samples::{Place, path, send};
use firma_http::{Operation, operations};
use firma_persistence::drop_tenant_condition;
use firma_testing::{Answer, Server, TestDatabase};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Set in the process in which the condition is left out: the switch is the whole process's.
const INSIDE: &str = "FIRMA_TEST_UNFENCED";
const NAME: &str = "unfenced::no_operation_changes_a_foreign_row_without_the_first_fence";

#[test]
fn no_operation_changes_a_foreign_row_without_the_first_fence() {
    if std::env::var_os(INSIDE).is_none() {
        let mut itself = Command::new(std::env::current_exe().unwrap());
        let done = itself
            .args(["--exact", NAME, "--nocapture"])
            .env(INSIDE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        let last: Vec<_> = said.lines().rev().take(40).collect();
        assert!(
            done.status.success(),
            "{}",
            last.into_iter().rev().collect::<Vec<_>>().join("\n")
        );
        let ran = String::from_utf8_lossy(&done.stdout);
        assert!(ran.contains("1 passed"), "{ran}");
        return;
    }
    without_a_fence_they_would_be_changed();
    let Some(base) = TestDatabase::postgres() else {
        return;
    };
    let server = Server::start(base);
    let walk = Walk {
        server: &server,
        own: Place::new(&server),
        foreign: Place::new(&server),
        gone: Place::new(&server),
    };
    walk.delete();
    let works = walk.control();
    let tables = walk.tables();
    let (before, values) = (walk.digests(&tables), walk.values(&tables));
    assert!(values.len() > 100, "{values:?}");
    drop_tenant_condition();
    let mut calls = 0;
    let mut early = Vec::new();
    for operation in walk.writing() {
        let (made, found_none) = walk.attack(operation, &values);
        calls += made;
        let is_proof = works.contains(operation.id.as_str()) || found_none;
        if names_a_row(operation) && !is_proof {
            early.push(operation.id.as_str());
        }
    }
    assert!(early.is_empty(), "refused before they came to a row: {early:?}");
    calls += walk.refer(&values);
    assert!(calls > 500, "only {calls} calls");
    let after = walk.digests(&tables);
    for (table, digest) in &before {
        assert_eq!(after.get(table), Some(digest), "{table} was changed");
    }
    assert!(
        before.values().filter(|digest| !digest.ends_with(" 0")).count() > 25,
        "{before:?}"
    );
}

/// The switch is no sham: where there is no second fence, a foreign row is changed.
fn without_a_fence_they_would_be_changed() {
    let server = Server::start(TestDatabase::sqlite());
    let (own, foreign) = (Place::new(&server), Place::new(&server));
    let at = own.firm.at(&format!("companies/{}", foreign.row("companies")));
    let change = json!({"name": "changed"});
    own.firm
        .owner
        .patch(&at, change.clone())
        .problem(404, "not_found");
    drop_tenant_condition();
    own.firm.owner.patch(&at, change).expect(200);
    let changed = "SELECT COUNT(*) FROM companies WHERE name = 'changed' AND organization_id = ";
    let id = server.base.id_literal(foreign.firm.id);
    assert_eq!(server.base.number(&format!("{changed}{id}")), 1);
    firma_persistence::restore_tenant_condition();
}

struct Walk<'s> {
    server: &'s Server,
    /// Whose owner tries
    own: Place<'s>,
    /// Whose rows they are
    foreign: Place<'s>,
    /// A third's, deleted as far as they can be: else nobody could restore them anyway
    gone: Place<'s>,
}

/// Whether it is about rows of an organization, or a row of one's own.
fn names_a_row(operation: &Operation) -> bool {
    let is_platform = operation.path.starts_with("/api/v1/platform");
    !is_platform && (operation.access.is_inside() || operation.path.contains("{id}"))
}

/// What acts on an organization as a whole, or ends it.
fn is_whole(operation: &Operation) -> bool {
    let below = operation
        .path
        .strip_prefix("/api/v1/organizations/{organization}");
    below.is_some_and(|below| below.matches('/').count() < 2 && !below.contains("bulk"))
        && (operation.body.is_none() || operation.id == "transfer_organization")
}

impl Walk<'_> {
    /// The operations that write, those last that may end one's own organization or account. The first of these gives
    /// the organization away: what comes after it is meant for another's all the same.
    fn writing(&self) -> Vec<&'static Operation> {
        let writes = operations()
            .iter()
            .filter(|operation| !operation.method.is_safe());
        let mut writes: Vec<_> = writes.collect();
        let ends = |operation: &Operation| {
            let is_own = operation.path.starts_with("/api/v1/me");
            (
                is_own,
                is_whole(operation),
                operation.id != "transfer_organization",
            )
        };
        writes.sort_by_key(|operation| ends(operation));
        writes
    }

    /// Deletes what can be restored.
    fn delete(&self) {
        let restored = operations().iter().filter_map(|operation| {
            let one = operation.id.strip_prefix("restore_")?;
            operation.path.contains("{id}").then_some(one)
        });
        for one in restored {
            let delete = format!("delete_{one}");
            let delete = operations().iter().find(|operation| operation.id == delete);
            let delete = delete.unwrap_or_else(|| panic!("nothing deletes a {one}"));
            let answer = self.gone.call(&self.gone.firm.owner, delete);
            // It may have gone with another.
            assert!([204, 404].contains(&answer.status), "{one}: {}", answer.text);
        }
    }

    /// Those that succeed with the walk's bodies where the row is one's own: that they are refused where it isn't
    /// is due to whose it is.
    fn control(&self) -> BTreeSet<&'static str> {
        let mut works = BTreeSet::new();
        let rows = Place::new(self.server);
        for operation in self
            .writing()
            .into_iter()
            .filter(|operation| names_a_row(operation))
        {
            // Each of these ends its place.
            let whole = is_whole(operation).then(|| Place::new(self.server));
            let place = whole.as_ref().unwrap_or(&rows);
            if operation.id == "restore_organization" {
                place.firm.owner.act(&place.firm.at("archive")).expect(200);
            }
            let answer = place.call(&self.server.client(place.firm.owner_id), operation);
            // It read the row, and asked for the record of its domain, which nobody has set.
            let is_unproved = answer.status == 409 && answer.text.contains("domain_not_proved");
            if (200..300).contains(&answer.status) || is_unproved {
                works.insert(operation.id.as_str());
            }
        }
        works
    }

    /// Calls one in every way that names what is the other's; how many calls that were, and whether one of them in
    /// one's own organization found no such row.
    fn attack(&self, operation: &Operation, values: &BTreeSet<String>) -> (usize, bool) {
        let (own, foreign) = (&self.own.firm, &self.foreign.firm);
        let bodies = match operation.path.ends_with("/bulk") {
            true => self.bulk(operation),
            false => match self.foreign.body(operation) {
                Some(theirs) => vec![Some(theirs), self.own.body(operation)],
                None => vec![None],
            },
        };
        let rows = match operation.path.contains("{id}") {
            true => {
                let place = match operation.id.starts_with("restore_") {
                    true => &self.gone,
                    false => &self.foreign,
                };
                let mut rows = place.all_rows();
                rows.push(self.foreign.row_of(operation).to_owned());
                rows
            }
            false => vec![String::new()],
        };
        let (mut calls, mut found_none) = (0, false);
        for row in &rows {
            for body in &bodies {
                for slug in [&own.slug, &foreign.slug] {
                    let at = path(operation, slug, row);
                    let client = self.server.client(own.owner_id);
                    let answer = send(&client, operation, &at, body.clone());
                    let is_theirs = !row.is_empty()
                        || (at.contains(foreign.slug.as_str()) && operation.access.is_inside());
                    let is_refused = (400..500).contains(&answer.status);
                    assert!(is_refused || !is_theirs, "{} {at}: {}", operation.id, answer.text);
                    assert!(answer.status < 500, "{} {at}: {}", operation.id, answer.text);
                    silent(
                        &answer,
                        values,
                        &format!("{at} {}", body.clone().unwrap_or_default()),
                    );
                    calls += 1;
                    let mut said = BTreeSet::new();
                    texts(&answer.body, &mut said);
                    found_none |= slug == &own.slug && said.contains("not_found");
                }
            }
        }
        (calls, found_none)
    }

    /// Bulks that change, delete and put the other's row, each by itself and all at once.
    fn bulk(&self, operation: &Operation) -> Vec<Option<Value>> {
        let collection = operation.path.rsplit('/').nth(1).unwrap();
        let row = self.foreign.row(collection);
        let one = operation.id.strip_prefix("bulk_").unwrap();
        let sample = |place: &Place<'_>| place.sample(&operation.id)["operations"][0].clone();
        let change = match one {
            "deal_contacts" | "team_members" => sample(&self.foreign)["value"].clone(),
            _ => self.foreign.sample(&format!("update_{}", single(one))),
        };
        let upsert = json!({"op": "upsert", "value": {"external_id": "theirs"}});
        let those = [
            json!({"op": "update", "id": row, "value": change}),
            json!({"op": "update", "id": row, "version": 1, "value": change}),
            json!({"op": "delete", "id": row}),
            upsert,
            sample(&self.foreign),
        ];
        let whole = |operations: &[Value]| Some(json!({"operations": operations}));
        let each = those.iter().map(|one| whole(std::slice::from_ref(one)));
        each.chain([whole(&those)]).collect()
    }

    /// One's own rows, referring to the other's.
    fn refer(&self, values: &BTreeSet<String>) -> usize {
        // The walk may have ended what was one's own.
        let own = Place::new(self.server);
        for (collection, create, field, target) in REFERENCES {
            let mut body = own.sample(create);
            body[field] = json!(self.foreign.row(target));
            let at = own.firm.at(collection);
            let patched = own.firm.at(&format!("{collection}/{}", own.row(collection)));
            let change = json!({field: self.foreign.row(target)});
            for (answer, sent) in [
                (own.firm.owner.post(&at, body.clone()), &body),
                (own.firm.owner.patch(&patched, change.clone()), &change),
            ] {
                assert!(
                    (400..500).contains(&answer.status),
                    "{collection}.{field}: {}",
                    answer.text
                );
                silent(&answer, values, &sent.to_string());
            }
        }
        2 * REFERENCES.len()
    }

    /// The tables that have an organization's rows.
    fn tables(&self) -> Vec<String> {
        self.server.base.lines(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
             AND a.attname = 'organization_id' AND NOT a.attisdropped WHERE c.relkind = 'r' \
             AND c.relnamespace = 'public'::regnamespace ORDER BY 1",
        )
    }

    /// What the owner of the tables sees of the other's rows in each: a digest and how many. That somebody tried is
    /// written down there, and is all that comes to be.
    fn digests(&self, tables: &[String]) -> BTreeMap<String, String> {
        let digest = |table: &str| {
            let rows = self.theirs(table);
            let found = self.server.base.lines(&format!(
                "SELECT md5(COALESCE(string_agg(r, '|' ORDER BY r), '')) || ' ' || COUNT(*) FROM ({rows}) f (r)"
            ));
            (table.to_owned(), found.concat())
        };
        let mut all: BTreeMap<_, _> = tables.iter().map(|table| digest(table)).collect();
        all.extend([digest("tenants"), digest("users"), digest("user_credentials")]);
        all
    }

    fn theirs(&self, table: &str) -> String {
        let ids = self.their_ids();
        let members = format!("(SELECT m.id FROM memberships m WHERE m.organization_id IN {ids})");
        let which = match table {
            "tenants" => format!("t.id IN {ids}"),
            "users" => format!("t.id IN {members}"),
            "user_credentials" => format!("t.user_id IN {members}"),
            "security_events" => format!("t.organization_id IN {ids} AND t.type <> 'foreign_attempt'"),
            _ => format!("t.organization_id IN {ids}"),
        };
        format!("SELECT to_jsonb(t)::text FROM {table} t WHERE {which}")
    }

    fn their_ids(&self) -> String {
        let id = |place: &Place<'_>| self.server.base.id_literal(place.firm.id);
        format!("({}, {})", id(&self.foreign), id(&self.gone))
    }

    /// The texts that stand in the other's rows and nowhere else.
    fn values(&self, tables: &[String]) -> BTreeSet<String> {
        let foreign = self.their_ids();
        let rows = |query: String| self.server.base.lines(&query);
        let mut theirs = BTreeSet::new();
        let mut others = BTreeSet::new();
        for table in tables {
            for row in rows(self.theirs(table)) {
                texts(&serde_json::from_str(&row).unwrap(), &mut theirs);
            }
            let of_others =
                format!("SELECT to_jsonb(t)::text FROM {table} t WHERE t.organization_id NOT IN {foreign}");
            for row in rows(of_others) {
                texts(&serde_json::from_str(&row).unwrap(), &mut others);
            }
        }
        // Words of one letter or two say nothing of anybody.
        theirs
            .difference(&others)
            .filter(|text| text.len() > 4)
            .cloned()
            .collect()
    }
}

fn single(many: &str) -> String {
    match (many.strip_suffix("ies"), many.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(one)) => one.to_owned(),
        _ => many.to_owned(),
    }
}

/// The texts in a value, also in a text that is JSON itself.
fn texts(value: &Value, to: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => texts(&inner, to),
            _ => drop(to.insert(text.clone())),
        },
        Value::Array(values) => values.iter().for_each(|value| texts(value, to)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, to)),
        _ => {}
    }
}

/// The answer has nothing of the other's but what was sent.
fn silent(answer: &Answer, values: &BTreeSet<String>, sent: &str) {
    let mut said = BTreeSet::new();
    texts(&answer.body, &mut said);
    for (_, header) in &answer.headers {
        said.insert(header.clone());
    }
    for value in said.intersection(values) {
        assert!(
            sent.contains(value.as_str()),
            "{sent} is answered with {value}: {}",
            answer.text
        );
    }
}
