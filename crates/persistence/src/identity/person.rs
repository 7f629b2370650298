//! Everything that is kept of a person, each table once: what the archive tells of it, and what erasing does to it.

use crate::backend::Uid;
use crate::fault::Fault;
use crate::sql::{Sql, Value as Bound};
use crate::store::Tx;
use diesel::sql_types::Text;
use firma_domain::identity::SecurityKind;
use firma_domain::{Id, Instant};
use serde_json::{Map, Value};

/// What a column holds, for who reads it as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    Text,
    /// A text that is JSON
    Json,
    Id,
    At,
    Bool,
    Number,
}

/// What erasing the person does to the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// They are deleted
    Deleted,
    /// What they say of the person gives way to a pseudonym, or to nothing
    Emptied,
    /// They name the person by id alone
    Stays,
}

/// One table of it.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    pub table: &'static str,
    /// The column with the user's id
    pub user: &'static str,
    /// Whether its rows are an organization's
    pub in_organization: bool,
    pub erased: Erased,
    /// What the person is told: all but keys, hashes and secrets
    pub told: &'static [(&'static str, Holds)],
}

const fn own(table: &'static str, told: &'static [(&'static str, Holds)]) -> Kept {
    Kept {
        table,
        user: "user_id",
        in_organization: false,
        erased: Erased::Deleted,
        told,
    }
}

use Holds::{At, Bool, Json, Text as Words};

/// All of it, but for rows that the person made in organizations, and the log. Whoever makes a table with rows of a
/// person adds a line: the archive and erasing know it by that. In the order in which they may be deleted.
pub const KEPT: &[Kept] = &[
    own("user_logins", &[("login", Words)]),
    own("provider_attempts", &[("expires_at", At)]),
    own("account_logins", &[("provider", Words), ("subject", Words)]),
    own(
        "accounts",
        &[
            ("provider", Words),
            ("subject", Words),
            ("issuer", Words),
            ("email", Words),
            ("scope", Words),
            ("created_at", At),
            ("last_used_at", At),
        ],
    ),
    own("user_credentials", &[("changed_at", At)]),
    own(
        "sessions",
        &[
            ("id", Holds::Id),
            ("ip", Words),
            ("user_agent", Words),
            ("country", Words),
            ("created_at", At),
            ("last_used_at", At),
            ("authenticated_at", At),
            ("expires_at", At),
            ("ends_at", At),
            ("revoked_at", At),
        ],
    ),
    own(
        "verification_tokens",
        &[
            ("kind", Words),
            ("email", Words),
            ("created_at", At),
            ("expires_at", At),
            ("used_at", At),
            ("redeemed_at", At),
        ],
    ),
    own("recovery_codes", &[("used_at", At)]),
    own("second_factors", &[("created_at", At), ("confirmed_at", At)]),
    own(
        "user_archives",
        &[("asked_at", At), ("ready_at", At), ("expires_at", At)],
    ),
    // Made of the profile, to find it by.
    own("user_profile_terms", &[]),
    own(
        "user_profiles",
        &[
            ("bio", Words),
            ("title", Words),
            ("timezone", Words),
            ("locale", Words),
            ("tags", Json),
            ("metadata", Json),
            ("created_at", At),
            ("updated_at", At),
        ],
    ),
    // Made of name and e-mail, to find the account by.
    own("user_words", &[("word", Words)]),
    Kept {
        user: "id",
        erased: Erased::Emptied,
        ..own(
            "users",
            &[
                ("id", Holds::Id),
                ("email", Words),
                ("username", Words),
                ("given_name", Words),
                ("family_name", Words),
                ("name", Words),
                ("is_active", Bool),
                ("is_configured", Bool),
                ("email_verified_at", At),
                ("last_login_at", At),
                ("image_file_id", Holds::Id),
                ("created_at", At),
                ("created_by", Holds::Id),
                ("updated_at", At),
            ],
        )
    },
    Kept {
        erased: Erased::Emptied,
        ..own(
            "security_events",
            &[
                ("occurred_at", At),
                ("type", Words),
                ("severity", Words),
                ("details", Words),
                ("organization_id", Holds::Id),
                ("ip", Words),
                ("user_agent", Words),
            ],
        )
    },
    Kept {
        user: "id",
        in_organization: true,
        erased: Erased::Emptied,
        ..own(
            "memberships",
            &[
                ("email", Words),
                ("name", Words),
                ("title", Words),
                ("department", Words),
                ("metadata", Json),
                ("joined_at", At),
                ("invited_by", Holds::Id),
                ("is_active", Bool),
                ("created_at", At),
                ("updated_at", At),
            ],
        )
    },
    Kept {
        in_organization: true,
        erased: Erased::Stays,
        ..own(
            "role_assignments",
            &[
                ("role_id", Holds::Id),
                ("assigned_by", Holds::Id),
                ("assigned_at", At),
                ("expires_at", At),
                ("is_active", Bool),
                ("reason", Words),
            ],
        )
    },
    Kept {
        in_organization: true,
        erased: Erased::Stays,
        ..own(
            "team_members",
            &[
                ("team_id", Holds::Id),
                ("is_lead", Bool),
                ("created_at", At),
                ("deleted_at", At),
            ],
        )
    },
    // Leads to a key by its prefix. The key is a row that the person made, and is told of as such.
    Kept {
        in_organization: true,
        erased: Erased::Stays,
        ..own("api_key_prefixes", &[])
    },
];

impl Tx<'_> {
    /// What a table says of a user, in an organization where its rows are of one.
    pub fn told_of(
        &mut self,
        kept: &Kept,
        user: Id,
        organization: Id,
    ) -> Result<Vec<Map<String, Value>>, Fault> {
        self.identify(user)?;
        let mut statement = Sql::<Text>::either("SELECT json_build_array(", "SELECT json_array(");
        for (n, (column, holds)) in kept.told.iter().enumerate() {
            let ((pg, lite), (pg_end, lite_end)) = holds.around();
            statement = statement
                .then(if n > 0 { ", " } else { "" })
                .then_either(pg, lite)
                .then(column)
                .then_either(pg_end, lite_end);
        }
        statement = statement
            .then_either(")::text FROM ", ") FROM ")
            .then(kept.table)
            .then(" WHERE ")
            .then(kept.user)
            .then(" = ")
            .bind(user);
        if kept.in_organization {
            self.fenced(organization)?;
            statement = statement.then(" AND organization_id = ").bind(organization);
        }
        // It would tell that there is something in another organization: the list of the person's events hides it, too.
        if kept.table == "security_events" {
            statement = statement
                .then(" AND type <> ")
                .bind(SecurityKind::ForeignAttempt.as_str());
        }
        // The first column tells rows apart as well as any other.
        let rows = statement.then(" ORDER BY 1").rows::<String>(self)?;
        let row = |text: String| {
            let values: Vec<Option<String>> = serde_json::from_str(&text).map_err(Fault::internal)?;
            let named = kept.told.iter().zip(values);
            Ok(named
                .map(|((column, holds), value)| ((*column).to_owned(), holds.read(value)))
                .collect())
        };
        rows.into_iter().map(row).collect()
    }

    /// Deletes what is the user's alone.
    pub(super) fn delete_own(&mut self, user: Id) -> Result<(), Fault> {
        self.identify(user)?;
        for kept in KEPT.iter().filter(|kept| kept.erased == Erased::Deleted) {
            Sql::<()>::text("DELETE FROM ")
                .then(kept.table)
                .then(" WHERE ")
                .then(kept.user)
                .then(" = ")
                .bind(Bound::Id(Uid(user)))
                .run(self)?;
        }
        Ok(())
    }
}

type Both = (&'static str, &'static str);

impl Holds {
    /// What stands before and behind a column that is read as text, on PostgreSQL and on SQLite.
    fn around(self) -> (Both, Both) {
        match self {
            Holds::Text | Holds::Json => (("", ""), ("", "")),
            Holds::Id => (("", "NULLIF(lower(hex("), ("::text", ")), '')")),
            Holds::At => (
                ("(extract(epoch FROM ", "CAST("),
                (") * 1000000)::bigint::text", " AS TEXT)"),
            ),
            Holds::Bool | Holds::Number => (("", "CAST("), ("::text", " AS TEXT)")),
        }
    }

    fn read(self, text: Option<String>) -> Value {
        let Some(text) = text else { return Value::Null };
        let read = match self {
            Holds::Text => None,
            Holds::Json | Holds::Number => serde_json::from_str(&text).ok(),
            Holds::Id => text.parse::<Id>().ok().map(|id| id.to_string().into()),
            Holds::At => text
                .parse()
                .ok()
                .and_then(Instant::from_micros)
                .map(|at| at.to_string().into()),
            Holds::Bool => Some(Value::Bool(matches!(text.as_str(), "1" | "true"))),
        };
        read.unwrap_or(Value::String(text))
    }
}
