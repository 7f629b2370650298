//! Whether the rows are as the log says: what was changed behind the application's back isn't.

use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{self, Col, Cond, Op, Sql, Tail};
use crate::store::{OwnRows, Stored, Tx};
use diesel::sql_types::{Integer, Nullable, Text};
use firma_auth::access::Operating;
use firma_domain::access::{ApiKey, Role, RoleAssignment};
use firma_domain::crm::{Activity, Company, Contact, Deal, DealContact, Pipeline, Stage};
use firma_domain::organizations::{Invitation, Member, Organization, Team, TeamMember};
use firma_domain::platform::{File, Import};
use firma_domain::{Entity, Id, Instant, Record};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// What a look at a table's rows of one organization found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drift {
    /// Rows that were looked at
    pub rows: u64,
    /// Those that aren't as their entries say
    pub off: u64,
    /// The first of them, and in which way
    pub first: Option<(Id, String)>,
}

/// An entity's table, and what one and all of them are called.
#[derive(Debug, Clone, Copy)]
pub struct EntityTable {
    pub table: &'static str,
    pub name: &'static str,
    pub collection: &'static str,
}

/// A look at one table.
type Look = fn(&mut Tx<'_>, Operating) -> Result<Drift, Fault>;

macro_rules! kept {
    ($($entity:ty),* $(,)?) => {
        /// Every entity's table. An entity that is missing here fails a test that compares it with the schema.
        pub const KEPT: &[(&str, Look)] =
            &[$((<$entity as Stored>::TABLE, |tx, operating| tx.drift::<$entity>(operating))),*];

        /// All of them, by name. What was deleted long ago is purged over this list.
        pub const ENTITIES: &[EntityTable] =
            &[$(EntityTable {
                table: <$entity as Stored>::TABLE,
                name: <$entity as Entity>::NAME,
                collection: <$entity as Entity>::COLLECTION,
            }),*];

        /// The rows of each that are a member's own, for who may read them.
        pub const OWN_ROWS: &[OwnRows] = &[$(OwnRows::of::<$entity>()),*];
    };
}
kept![
    Organization,
    Member,
    Team,
    TeamMember,
    Role,
    Invitation,
    RoleAssignment,
    ApiKey,
    Activity,
    Company,
    Contact,
    Pipeline,
    Stage,
    Deal,
    DealContact,
    File,
    Import,
];

const PAGE: usize = 500;

/// What the log says of one row.
#[derive(Default)]
struct Told {
    version: i32,
    deleted: bool,
    /// Each field as it was last changed
    fields: Map<String, Value>,
    /// A payload was erased, so the fields aren't known
    erased: bool,
}

/// What is compared of a row.
struct Row {
    id: Id,
    version: i32,
    updated_at: Instant,
    deleted: bool,
    value: Value,
}

/// What holds for all rows of a table.
struct Rule {
    entity: &'static str,
    /// Up to when the log was cut
    cut_until: Option<Instant>,
    /// The JSON of a row as this binary writes it: what was told by an older one may lack fields within
    /// fields
    current: fn(Value) -> Option<Value>,
}

impl Tx<'_> {
    /// Little of it is compiled for each entity: reading its rows, and writing them as JSON.
    fn drift<E: Stored>(&mut self, operating: Operating) -> Result<Drift, Fault> {
        let mut found = Drift::default();
        // The system's own roles are seeded, and have no entries.
        if (E::NAME, operating.organization()) == (Role::NAME, Id::NIL) {
            return Ok(found);
        }
        let rule = Rule {
            entity: E::NAME,
            cut_until: self.log_cut_until(operating)?,
            current: |value| {
                let read = serde_json::from_value::<E>(value).ok()?;
                serde_json::to_value(read).ok()
            },
        };
        let mut after = None;
        loop {
            let mut cond = vec![Cond::Is(
                E::COMMON.organization,
                Op::Eq,
                operating.organization().into(),
            )];
            cond.extend(after.map(|id: Id| Cond::Is(E::COMMON.id, Op::Gt, id.into())));
            let tail = Tail {
                order: vec![(E::COMMON.id, false)],
                limit: i64::try_from(PAGE).ok(),
                hold: None,
            };
            let row = |record: Record<E>| Row {
                id: record.id,
                version: record.version,
                updated_at: record.updated_at,
                deleted: record.deleted_at.is_some(),
                value: serde_json::to_value(&record.value).unwrap_or_default(),
            };
            let rows = self.select::<E>(operating.organization(), Cond::All(cond), tail)?;
            let rows: Vec<_> = rows.into_iter().map(row).collect();
            self.compare(operating, &rule, &rows, &mut found)?;
            after = rows.last().map(|row| row.id);
            if rows.len() < PAGE {
                break;
            }
        }
        // The clean-up takes invitations without a word, and the system's log tells of organizations that are elsewhere.
        let is_elsewhere = (E::NAME, operating.organization()) == (Organization::NAME, Id::NIL);
        if E::NAME != Invitation::NAME && !is_elsewhere {
            for id in self.gone(operating, E::NAME, E::TABLE)? {
                found.off += 1;
                let how = "it has entries and no row, and wasn't purged".to_owned();
                found.first.get_or_insert((id, how));
            }
        }
        Ok(found)
    }

    /// What was made, by its entries, and isn't there any more, though no entry says that it went. Some at a time: over
    /// all at once a planner that knows nothing of the tables would compare each with each.
    fn gone(
        &mut self,
        operating: Operating,
        entity: &'static str,
        table: &'static str,
    ) -> Result<Vec<Id>, Fault> {
        let organization = operating.organization();
        let entries = |what: &'static str| {
            Sql::<IdType>::text("SELECT DISTINCT entity_id FROM audit_entries WHERE organization_id = ")
                .bind(organization)
                .then(" AND entity_type = ")
                .bind(entity)
                .then(what)
        };
        let (mut all, mut after) = (Vec::new(), Id::NIL);
        loop {
            let made = entries(" AND entity_id > ")
                .bind(after)
                .then(" ORDER BY entity_id LIMIT ")
                .bind(sql::Value::Big(i64::try_from(PAGE).unwrap_or(i64::MAX)))
                .rows::<Uid>(self)?;
            let Some(last) = made.last().map(|id| id.0) else {
                return Ok(all);
            };
            let there = Sql::<IdType>::text("SELECT id FROM ")
                .then(table)
                .then(" WHERE organization_id = ")
                .bind(organization)
                .then(" AND id IN (")
                .binds(made.iter().map(|id| id.0.into()).collect())
                .then(")")
                .rows::<Uid>(self)?;
            let there: HashSet<Id> = there.into_iter().map(|id| id.0).collect();
            let gone: Vec<Id> = made
                .iter()
                .map(|id| id.0)
                .filter(|id| !there.contains(id))
                .collect();
            if !gone.is_empty() {
                let purged = entries(" AND action = ")
                    .bind(format!("{entity}.purged").as_str())
                    .then(" AND entity_id IN (")
                    .binds(gone.iter().map(|id| (*id).into()).collect())
                    .then(")")
                    .rows::<Uid>(self)?;
                let purged: HashSet<Id> = purged.into_iter().map(|id| id.0).collect();
                all.extend(gone.into_iter().filter(|id| !purged.contains(id)));
            }
            after = last;
        }
    }

    fn compare(
        &mut self,
        operating: Operating,
        rule: &Rule,
        rows: &[Row],
        found: &mut Drift,
    ) -> Result<(), Fault> {
        let mut told = self.told(operating, rule.entity, rows)?;
        for row in rows {
            found.rows += 1;
            if let Some(how) = off(rule, row, told.remove(&row.id)) {
                found.off += 1;
                found.first.get_or_insert((row.id, how));
            }
        }
        Ok(())
    }

    fn told(
        &mut self,
        operating: Operating,
        entity: &'static str,
        rows: &[Row],
    ) -> Result<HashMap<Id, Told>, Fault> {
        let ids = rows.iter().map(|row| row.id.into()).collect();
        let of = Col {
            table: "a",
            name: "entity_id",
        };
        let entries = Sql::<(IdType, Integer, Text, Nullable<Text>)>::text(
            "SELECT a.entity_id, a.entity_version, a.action, p.changes FROM audit_entries a LEFT JOIN audit_payloads p \
             ON p.organization_id = a.organization_id AND p.entry_id = a.id WHERE a.organization_id = ",
        )
        .bind(operating.organization())
        .then(" AND a.entity_type = ")
        .bind(entity)
        .then(" AND ")
        .cond(Cond::In(of, ids))
        .then(" ORDER BY a.number")
        .rows::<(Uid, i32, String, Option<String>)>(self)?;
        let mut told: HashMap<Id, Told> = HashMap::new();
        for (id, version, action, changes) in entries {
            let row = told.entry(id.0).or_default();
            row.version = version;
            row.deleted = action.ends_with(".deleted");
            match changes.as_deref().map(serde_json::from_str::<Map<_, _>>) {
                Some(Ok(changes)) => row.fields.extend(changes.into_iter().filter_map(last)),
                _ => row.erased = true,
            }
        }
        Ok(told)
    }
}

/// `[before, after]`
fn last((name, change): (String, Value)) -> Option<(String, Value)> {
    match change {
        Value::Array(mut both) => Some((name, both.pop()?)),
        _ => None,
    }
}

/// In which way a row isn't as the log says.
fn off(rule: &Rule, row: &Row, told: Option<Told>) -> Option<String> {
    let Some(told) = told else {
        // All of its entries may have been cut since it was last changed.
        let is_old = rule.cut_until.is_some_and(|until| row.updated_at <= until);
        return (!is_old).then(|| "it has no entry".into());
    };
    if told.version != row.version {
        return Some(format!(
            "it is at version {}, and its last entry at {}",
            row.version, told.version
        ));
    }
    if told.deleted != row.deleted {
        return Some("it was deleted or brought back without an entry".into());
    }
    if told.erased {
        return None;
    }
    // A field that only one of both knows came or went with a migration.
    let differs = |name: &String, was: &Value| row.value.get(name).is_some_and(|is| is != was);
    let still = |name: &String, was: &Value| {
        let mut told = row.value.clone();
        told.as_object_mut()?.insert(name.clone(), was.clone());
        Some((rule.current)(told)?.get(name) == row.value.get(name))
    };
    let is_off = |name: &String, was: &Value| differs(name, was) && still(name, was) != Some(true);
    let (field, _) = told.fields.iter().find(|(name, was)| is_off(name, was))?;
    Some(format!("its {field} isn't what its last entry says"))
}
