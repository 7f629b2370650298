//! Taking all rows of an organization away whose purge has begun: every table with an organization, as the database's
//! own catalogue lists them, each before those that it refers to, some rows at a time. By the owner of the tables,
//! before whom no fence stands: a row that one hid would be left.

use crate::archive::tables;
use crate::backend::{AnyConnection, Target, connect_owner};
use crate::fault::Fault;
use crate::platform::drop_bytes_of;
use crate::sql::{Sql, Value};
use crate::store::References;
use diesel::sql_types::{BigInt, Text};
use firma_domain::Id;
use firma_domain::identity::TokenKind;
use std::time::Duration;

/// Rows that one transaction takes away.
const ROWS: i64 = 1_000;
/// How often it is tried while others are in the way, and what is waited in between.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(250);
/// On SQLite there is one writer at a time, and who waits for it looks again now and then: so it is left alone for a
/// while after each transaction.
const GIVE_WAY: Duration = Duration::from_millis(25);

/// A table with rows of organizations.
struct Emptied {
    table: String,
    /// The column that says whose a row is
    tenant: String,
    /// What tells one row from another
    key: Vec<String>,
}

/// The rows of one organization, on their way out.
pub struct Removal {
    conn: AnyConnection,
    organization: Id,
    tables: Vec<Emptied>,
    references: References,
}

const POSTGRES_KEYS: &str = "SELECT (c.relname || ' ' || (SELECT string_agg(a.attname, ' ' ORDER BY k.n) \
    FROM unnest(i.indkey::smallint[]) WITH ORDINALITY k (att, n) JOIN pg_attribute a ON a.attrelid = i.indrelid \
    AND a.attnum = k.att))::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
    WHERE i.indisprimary AND c.relnamespace = current_schema()::regnamespace";

const SQLITE_KEYS: &str = "SELECT m.name || ' ' || group_concat(c.name, ' ') FROM sqlite_master m, \
    pragma_table_info(m.name) c WHERE m.type = 'table' AND c.pk > 0 GROUP BY m.name";

fn said(e: impl std::fmt::Display) -> String {
    e.to_string()
}

impl Removal {
    /// Looks at what there is to be emptied.
    ///
    /// # Errors
    /// The database can't be reached, or the login isn't the owner of its tables.
    pub fn open(target: &Target, organization: Id) -> Result<Removal, String> {
        let mut conn = connect_owner(target)?;
        match &conn {
            // What row-level security would hide is an error, not a row that stays. And whatever the planner thinks of
            // an organization that is most of a table: some rows of it are sought, again and again.
            AnyConnection::Pg(_) => conn.batch(
                "SET row_security = off; SET statement_timeout = 0; SET enable_seqscan = off; \
                 SET enable_hashjoin = off; SET enable_mergejoin = off",
            ),
            // What goes is overwritten: it is for good.
            AnyConnection::Sqlite(_) => conn.batch("PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON"),
        }
        .map_err(said)?;
        let references = References::on(&mut conn).map_err(said)?;
        let tables = references.order(emptied(&mut conn)?, |of| of.table.as_str());
        let mut removal = Removal {
            conn,
            organization,
            tables,
            references,
        };
        removal.may_empty()?;
        Ok(removal)
    }

    /// Whether the login may do it: found out before anything is marked.
    fn may_empty(&mut self) -> Result<(), String> {
        if let AnyConnection::Sqlite(_) = self.conn {
            return Ok(());
        }
        let others = Sql::<BigInt>::text(
            "SELECT COUNT(*) FROM pg_class WHERE relname IN ('tenants', 'audit_entries') \
             AND relnamespace = current_schema()::regnamespace AND NOT pg_has_role(current_user, relowner, 'USAGE')",
        );
        match others.one_on::<i64>(&mut self.conn).map_err(said)? {
            0 => Ok(()),
            _ => Err(
                "the login of FIRMA_MIGRATE_DATABASE_URL, else DATABASE_URL, doesn't own the tables".into(),
            ),
        }
    }

    /// Takes all of them away, telling after each transaction how many went with it. Stopped in between, it is done
    /// again from where it was.
    ///
    /// # Errors
    /// No purge of the organization has begun; the database goes away; or something that isn't the organization's
    /// refers to a row of it.
    pub fn run(&mut self, mut told: impl FnMut(u64)) -> Result<(), String> {
        let begun =
            Sql::<BigInt>::text("SELECT COUNT(*) FROM tenants WHERE purging_at IS NOT NULL AND id = ")
                .bind(self.organization)
                .one_on::<i64>(&mut self.conn)
                .map_err(said)?;
        if begun == 0 {
            return Err("its purge hasn't begun".into());
        }
        self.drop_elsewhere()?;
        // Calls that were under way may still bring something in.
        while self.pass(&mut told)? > 0 {}
        Ok(())
    }

    /// Each table once.
    ///
    /// # Errors
    /// As [`Removal::run`].
    pub fn pass(&mut self, told: &mut impl FnMut(u64)) -> Result<u64, String> {
        let mut all = 0;
        let tables = std::mem::take(&mut self.tables);
        let emptied = tables.iter().try_for_each(|of| {
            all += self
                .empty(of, told)
                .map_err(|what| format!("{}: {what}", of.table))?;
            Ok(())
        });
        self.tables = tables;
        emptied.map(|()| all)
    }

    fn empty(&mut self, of: &Emptied, told: &mut impl FnMut(u64)) -> Result<u64, String> {
        let mut all = 0;
        // Rows that refer to each other in a circle go all at once: references are looked at behind a statement.
        for is_last in [false, true] {
            loop {
                let some = self.patiently(|removal| removal.take_away(of, is_last))?;
                if some == 0 {
                    break;
                }
                told(some);
                all += some;
                if let AnyConnection::Sqlite(_) = self.conn {
                    std::thread::sleep(GIVE_WAY);
                }
            }
        }
        Ok(all)
    }

    /// Again where others were in the way.
    fn patiently(
        &mut self,
        mut run: impl FnMut(&mut Removal) -> Result<usize, Fault>,
    ) -> Result<u64, String> {
        for _ in 0..TRIES {
            match run(self) {
                Ok(count) => return u64::try_from(count).map_err(said),
                Err(Fault::Busy | Fault::Again) => std::thread::sleep(PAUSE),
                Err(Fault::Reference) => {
                    return Err("something that isn't the organization's refers to a row of it".into());
                }
                Err(fault) => return Err(said(fault)),
            }
        }
        Err("others are in the way all the time: call it again".into())
    }

    /// What is the organization's outside of its rows. The bytes of its files go with the next clean-up; whoever holds
    /// the token of an invitation has no use for it any more.
    fn drop_elsewhere(&mut self) -> Result<(), String> {
        let organization = self.organization;
        self.patiently(|removal| drop_bytes_of(organization).run_on(&mut removal.conn))?;
        self.patiently(|removal| {
            Sql::<()>::text("DELETE FROM verification_tokens WHERE kind = ")
                .bind(TokenKind::Invitation.as_str())
                .then(" AND payload LIKE ")
                .bind(Value::Text(format!("%\"{organization}\"%")))
                .run_on(&mut removal.conn)
        })?;
        Ok(())
    }

    /// Some rows that no other of the table refers to; or all that are left.
    fn take_away(&mut self, of: &Emptied, is_last: bool) -> Result<usize, Fault> {
        let mut gone = Sql::<()>::text("DELETE FROM ").quoted(&of.table).then(" WHERE (");
        gone = columns(gone, "", &of.key).then(") IN (SELECT ");
        gone = columns(gone, "t.", &of.key)
            .then(" FROM ")
            .quoted(&of.table)
            .then(" t WHERE t.")
            .quoted(&of.tenant)
            .then(" = ")
            .bind(self.organization);
        if is_last {
            return gone.then(")").run_on(&mut self.conn);
        }
        for pairs in self.references.within(&of.table) {
            gone = gone.then(" AND NOT EXISTS (SELECT 1 FROM ").quoted(&of.table);
            for (n, (own, other)) in pairs.iter().enumerate() {
                let glue = if n > 0 { " AND r." } else { " r WHERE r." };
                gone = gone.then(glue).quoted(own).then(" = t.").quoted(other);
            }
            gone = gone.then(")");
        }
        gone.then(" LIMIT ")
            .bind(Value::Big(ROWS))
            .then(")")
            .run_on(&mut self.conn)
    }
}

fn columns(mut statement: Sql, of: &'static str, names: &[String]) -> Sql {
    for (n, name) in names.iter().enumerate() {
        statement = statement
            .then(if n > 0 { ", " } else { "" })
            .then(of)
            .quoted(name);
    }
    statement
}

/// All tables with rows of organizations, but for the organizations themselves.
fn emptied(conn: &mut AnyConnection) -> Result<Vec<Emptied>, String> {
    let keys = Sql::<Text>::either(POSTGRES_KEYS, SQLITE_KEYS).rows_on::<String>(conn);
    let keys = keys.map_err(said)?;
    let key = |table: &str| {
        let found = keys
            .iter()
            .find_map(|line| line.split_once(' ').filter(|(name, _)| *name == table));
        found.map(|(_, names)| names.split(' ').map(str::to_owned).collect::<Vec<_>>())
    };
    let mut all = Vec::new();
    for table in tables(conn)? {
        let is_tenant = |name: &str| ["organization_id", "tenant_id"].contains(&name);
        let tenant = table.columns.iter().find(|column| is_tenant(&column.name));
        let Some(tenant) = tenant else { continue };
        all.push(Emptied {
            tenant: tenant.name.clone(),
            key: key(&table.name).ok_or_else(|| format!("{} has no key", table.name))?,
            table: table.name,
        });
    }
    Ok(all)
}
