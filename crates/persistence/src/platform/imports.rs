//! What an import did to which rows, and what it refused: kept beside the import, under its own grant.

use crate::backend::{Id as IdType, Uid};
use crate::fault::Fault;
use crate::sql::{Col, Cond, Op, Sql, Value};
use crate::store::columns::*;
use crate::store::{Tx, stored, text_or_null};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use firma_auth::access::{Action, Grant, Writes};
use firma_domain::Id as DomainId;
use firma_domain::platform::{Import, ImportRefusal, ImportedRow};

stored! {
    Import in imports,
    columns {
        entity: Text, file_name: Text, state: Text, dry_run: Bool, options: Text, rows_read: Integer, created: Integer,
        updated: Integer, unchanged: Integer, refused: Integer, undone: Integer, kept: Integer, file_id: Nullable<Id>,
        job_id: Nullable<Id>, failure: Nullable<Text>, owner_id: Nullable<Id>,
    }
    owner { owner_id }
    filter { entity: Text, state: Text, owner_id: Nullable<Id> }
    sort {}
}

/// Rows of one statement.
const MOST: usize = 1_000;
type Row = (Uid, i32, i32);
type Refused = (i32, i32, Option<String>, Option<String>, String, String);

const fn refusal(name: &'static str) -> Col {
    Col {
        table: "import_refusals",
        name,
    }
}

impl Tx<'_> {
    /// Notes what an import did to rows.
    pub fn add_imported_rows<A: Writes>(
        &mut self,
        grant: Grant<Import, A>,
        import: DomainId,
        rows: &[ImportedRow],
    ) -> Result<(), Fault> {
        let values = |row: &ImportedRow| {
            vec![
                grant.organization().into(),
                import.into(),
                row.id.into(),
                Value::Int(row.line),
                Value::Bool(row.made),
                Value::Int(row.version),
            ]
        };
        self.unit()?;
        self.fenced(grant.organization())?;
        let head =
            "INSERT INTO import_rows (organization_id, import_id, row_id, line, made, version) VALUES ";
        self.insert_all(head, rows, values)
    }

    /// Notes what an import refused.
    pub fn add_import_refusals<A: Writes>(
        &mut self,
        grant: Grant<Import, A>,
        import: DomainId,
        refusals: &[ImportRefusal],
    ) -> Result<(), Fault> {
        let mut place = (0, 0);
        let numbered: Vec<_> = refusals
            .iter()
            .map(|refusal| {
                place = match place {
                    (line, n) if line == refusal.line => (line, n + 1),
                    _ => (refusal.line, 0),
                };
                (place.1, refusal)
            })
            .collect();
        let values = |(n, refusal): &(i32, &ImportRefusal)| {
            vec![
                grant.organization().into(),
                import.into(),
                Value::Int(refusal.line),
                Value::Int(*n),
                text_or_null(refusal.column.as_deref()),
                text_or_null(refusal.field.as_deref()),
                refusal.code.as_str().into(),
                refusal.detail.as_str().into(),
            ]
        };
        self.unit()?;
        self.fenced(grant.organization())?;
        let head = "INSERT INTO import_refusals (organization_id, import_id, line, number, column_name, field, code, \
                    detail) VALUES ";
        self.insert_all(head, &numbered, values)
    }

    fn insert_all<T>(
        &mut self,
        head: &'static str,
        rows: &[T],
        values: impl Fn(&T) -> Vec<Value>,
    ) -> Result<(), Fault> {
        for some in rows.chunks(MOST) {
            let mut statement = Sql::<()>::text(head);
            for (n, row) in some.iter().enumerate() {
                statement = statement
                    .then(if n > 0 { "), (" } else { "(" })
                    .binds(values(row));
            }
            statement.then(")").run(self)?;
        }
        Ok(())
    }

    /// Rows that an import made and that no undo has looked at, the last ones first.
    pub fn imported_rows_to_undo<A: Writes>(
        &mut self,
        grant: Grant<Import, A>,
        import: DomainId,
        most: i64,
    ) -> Result<Vec<ImportedRow>, Fault> {
        self.fenced(grant.organization())?;
        let rows = Sql::<(IdType, Integer, Integer)>::text(
            "SELECT row_id, line, version FROM import_rows WHERE organization_id = ",
        )
        .bind(grant.organization())
        .then(" AND import_id = ")
        .bind(import)
        .then(" AND made AND undo IS NULL ORDER BY line DESC LIMIT ")
        .bind(Value::Big(most))
        .rows::<Row>(self)?;
        let row = |(id, line, version): Row| ImportedRow {
            id: id.0,
            line,
            made: true,
            version,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// Notes what an undo did to a row: `deleted`, or why it was left.
    pub fn note_undo<A: Writes>(
        &mut self,
        grant: Grant<Import, A>,
        import: DomainId,
        row: DomainId,
        outcome: &str,
    ) -> Result<(), Fault> {
        self.unit()?;
        self.fenced(grant.organization())?;
        Sql::<()>::text("UPDATE import_rows SET undo = ")
            .bind(outcome)
            .then(" WHERE organization_id = ")
            .bind(grant.organization())
            .then(" AND import_id = ")
            .bind(import)
            .then(" AND row_id = ")
            .bind(row)
            .run(self)?;
        Ok(())
    }

    /// What an import refused, in the order of the file: at most so many, each with its number among those of its
    /// line, after a line and a number.
    pub fn import_refusals<A: Action>(
        &mut self,
        grant: Grant<Import, A>,
        import: DomainId,
        (line, number): (i32, i32),
        most: i64,
    ) -> Result<Vec<(i32, ImportRefusal)>, Fault> {
        self.open(grant)?.find(import)?;
        let place = vec![Value::Int(line), Value::Int(number)];
        let beyond = Cond::Beyond(vec![refusal("line"), refusal("number")], place, Op::Gt);
        let rows = Sql::<(Integer, Integer, Nullable<Text>, Nullable<Text>, Text, Text)>::text(
            "SELECT line, number, column_name, field, code, detail FROM import_refusals WHERE organization_id = ",
        )
        .bind(grant.organization())
        .then(" AND import_id = ")
        .bind(import)
        .then(" AND ")
        .cond(beyond)
        .then(" ORDER BY line, number LIMIT ")
        .bind(Value::Big(most))
        .rows::<Refused>(self)?;
        let refused = |(line, number, column, field, code, detail): Refused| {
            let refusal = ImportRefusal {
                line,
                column,
                field,
                code,
                detail,
            };
            (number, refusal)
        };
        Ok(rows.into_iter().map(refused).collect())
    }

    /// How many there are of these.
    pub fn count_import_refusals<A: Action>(
        &mut self,
        grant: Grant<Import, A>,
        import: DomainId,
    ) -> Result<i64, Fault> {
        self.open(grant)?.find(import)?;
        Sql::<BigInt>::text("SELECT COUNT(*) FROM import_refusals WHERE organization_id = ")
            .bind(grant.organization())
            .then(" AND import_id = ")
            .bind(import)
            .one::<i64>(self)
    }
}
