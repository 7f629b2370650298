use crate::backend::{At, Instant as AtType};
use crate::fault::Fault;
use crate::sql::{Kind, Sql, Value};
use crate::store::{Tx, text_or_null};
use diesel::sql_types::{Integer, Nullable, Text};
use firma_domain::identity::Profile;
use firma_domain::{Id, Locale, Record, Zone};

type Columns = (
    Integer,
    AtType,
    AtType,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Text,
    Text,
);
type Row = (
    i32,
    At,
    At,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    String,
);

impl Tx<'_> {
    /// A user's profile; an empty one where nothing was ever said.
    pub fn profile(&mut self, user: Id) -> Result<Record<Profile>, Fault> {
        let person = self.user(user)?;
        let row = Sql::<Columns>::text(
            "SELECT version, created_at, updated_at, bio, title, timezone, locale, tags, metadata FROM user_profiles \
             WHERE user_id = ",
        )
        .bind(user)
        .maybe::<Row>(self)?;
        let Some(row) = row else {
            return Ok(Record {
                id: user,
                version: 1,
                created_at: person.created_at,
                created_by: None,
                updated_at: person.created_at,
                deleted_at: None,
                deletion_id: None,
                value: Profile::default(),
            });
        };
        read(user, row).ok_or_else(|| Fault::internal("user_profiles holds what no rule would store"))
    }

    /// Stores a profile, the next version of the one that was read with the user held.
    pub fn set_profile(
        &mut self,
        user: Id,
        before: &Record<Profile>,
        value: Profile,
    ) -> Result<Record<Profile>, Fault> {
        self.identify(user)?;
        let after = Record {
            version: before.version + 1,
            updated_at: self.now(),
            value,
            ..before.clone()
        };
        let (tags, metadata) = (&after.value.tags, &after.value.metadata);
        let json = |text: Result<String, serde_json::Error>| text.map(Value::Text).map_err(Fault::internal);
        Sql::<()>::text(
            "INSERT INTO user_profiles (user_id, version, created_at, updated_at, bio, title, timezone, locale, tags, \
             metadata) VALUES (",
        )
        .binds(vec![
            user.into(),
            Value::Int(after.version),
            after.created_at.into(),
            after.updated_at.into(),
            text_or_null(after.value.bio.as_deref()),
            text_or_null(after.value.title.as_deref()),
            text_or_null(after.value.timezone.map(Zone::name)),
            text_or_null(after.value.locale.as_ref().map(Locale::as_str)),
            json(serde_json::to_string(tags))?,
            json(serde_json::to_string(metadata))?,
        ])
        .then(
            ") ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at, \
             bio = excluded.bio, title = excluded.title, timezone = excluded.timezone, locale = excluded.locale, \
             tags = excluded.tags, metadata = excluded.metadata",
        )
        .run(self)?;
        self.list_terms(user, &after.value)?;
        Ok(after)
    }

    fn list_terms(&mut self, user: Id, profile: &Profile) -> Result<(), Fault> {
        Sql::<()>::text("DELETE FROM user_profile_terms WHERE user_id = ")
            .bind(user)
            .run(self)?;
        for term in profile.terms() {
            Sql::<()>::text("INSERT INTO user_profile_terms (user_id, kind, term, value, number) VALUES (")
                .binds(vec![
                    user.into(),
                    term.kind.into(),
                    Value::Text(term.term),
                    Value::Text(term.value),
                    term.number.map_or(Value::Null(Kind::Big), Value::Big),
                ])
                .then(")")
                .run(self)?;
        }
        Ok(())
    }
}

fn read(user: Id, row: Row) -> Option<Record<Profile>> {
    let (version, created, updated, bio, title, timezone, locale, tags, metadata) = row;
    Some(Record {
        id: user,
        version,
        created_at: created.0,
        created_by: None,
        updated_at: updated.0,
        deleted_at: None,
        deletion_id: None,
        value: Profile {
            bio,
            title,
            timezone: timezone.as_deref().and_then(Zone::parse),
            locale: locale.as_deref().and_then(Locale::parse),
            tags: serde_json::from_str(&tags).ok()?,
            metadata: serde_json::from_str(&metadata).ok()?,
        },
    })
}
