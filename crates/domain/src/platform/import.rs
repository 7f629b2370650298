use crate::entity::Entity;
use crate::spelled;
use crate::value::Id;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use validator::Validate;

spelled! {
    /// How far an import is.
    ImportState {
        /// Asked for, not begun
        Waiting = "WAITING",
        /// Rows are being read
        Running = "RUNNING",
        /// All rows were read; those that weren't refused are in, unless it was a dry run
        Done = "DONE",
        /// All or nothing, and a row was refused: nothing is in
        Refused = "REFUSED",
        /// The file as a whole can't be read; what was in before stays in
        Failed = "FAILED",
        /// What it made is being taken back
        Undoing = "UNDOING",
        /// What it made was taken back, but for what was touched since
        Undone = "UNDONE",
    }
}

/// A file of rows that was brought into a collection, and what became of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The collection: `deals`
    pub entity: String,
    /// What the file was called
    pub file_name: String,
    /// How far it is
    pub state: ImportState,
    /// Whether nothing is stored, only counted
    pub dry_run: bool,
    /// What was asked for: columns, values, key and how cells are read
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub options: Value,
    /// Rows read so far; empty ones don't count
    pub rows_read: i32,
    /// Rows that became new ones
    pub created: i32,
    /// Rows that changed one that was there
    pub updated: i32,
    /// Rows that were there as they are
    pub unchanged: i32,
    /// Rows that were refused; why is in the list of its refusals
    pub refused: i32,
    /// Rows that it made and that an undo deleted
    pub undone: i32,
    /// Rows that it made and that an undo left, since they were touched or are needed
    pub kept: i32,
    /// The stored file; none where none was kept
    #[serde(default)]
    pub file_id: Option<Id>,
    /// The job that brings it in; none where none was kept
    #[serde(default)]
    pub job_id: Option<Id>,
    /// Why the file as a whole could not be read
    #[serde(default)]
    pub failure: Option<String>,
    /// Who asked for it: a user's id
    #[serde(default)]
    pub owner_id: Option<Id>,
}

impl Import {
    /// An import that is asked for.
    pub fn asked(entity: String, file_name: String, dry_run: bool, options: Value, owner: Id) -> Import {
        Import {
            entity,
            file_name,
            state: ImportState::Waiting,
            dry_run,
            options,
            rows_read: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            refused: 0,
            undone: 0,
            kept: 0,
            file_id: None,
            job_id: None,
            failure: None,
            owner_id: Some(owner),
        }
    }

    /// Whether an undo has anything to take back.
    pub fn may_be_undone(&self) -> bool {
        let ended = matches!(
            self.state,
            ImportState::Done | ImportState::Failed | ImportState::Undoing | ImportState::Undone
        );
        ended && !self.dry_run
    }
}

impl Entity for Import {
    const NAME: &'static str = "import";
    const COLLECTION: &'static str = "imports";
    const OWNED: bool = true;

    fn verb(before: &Self, after: &Self) -> &'static str {
        match after.state {
            state if state == before.state => "progressed",
            ImportState::Waiting | ImportState::Running => "begun",
            ImportState::Done => "done",
            ImportState::Refused => "refused",
            ImportState::Failed => "failed",
            ImportState::Undoing => "undo_begun",
            ImportState::Undone => "undone",
        }
    }
    fn owner(&self) -> Option<Id> {
        self.owner_id
    }
    fn set_owner(&mut self, owner: Option<Id>) {
        self.owner_id = owner;
    }
}

/// One thing that is wrong with one row of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportRefusal {
    /// The line on which the row begins; the header's is 1
    pub line: i32,
    /// The column's name in the file, where one is to blame
    pub column: Option<String>,
    /// The field that it was to become
    pub field: Option<String>,
    /// What kind: `required`, `not_found`, `cells`, …
    pub code: String,
    /// What, for a person
    pub detail: String,
}

/// What an import did to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedRow {
    /// The row
    pub id: Id,
    /// The line of the file that it came from
    pub line: i32,
    /// Whether the import made it, or changed it
    pub made: bool,
    /// The version that the import left
    pub version: i32,
}
