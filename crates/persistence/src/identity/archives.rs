//! The archive that a person asked for: where it stands, and until when it may be fetched.

use crate::backend::{At, Id as IdType, Instant as AtType, Uid};
use crate::fault::Fault;
use crate::sql::{Sql, Value};
use crate::store::Tx;
use diesel::sql_types::{BigInt, Nullable, Text};
use firma_domain::{Id, Instant};

/// The newest one that a person asked for.
#[derive(Debug, Clone)]
pub struct Archive {
    /// The job of the system that makes it
    pub job: Id,
    pub asked_at: Instant,
    pub expires_at: Instant,
    pub ready: Option<ReadyArchive>,
}

/// Its bytes.
#[derive(Debug, Clone)]
pub struct ReadyArchive {
    pub at: Instant,
    pub storage_key: String,
    pub size: i64,
    pub sha256: String,
}

type Columns = (
    IdType,
    AtType,
    AtType,
    Nullable<AtType>,
    Nullable<Text>,
    Nullable<BigInt>,
    Nullable<Text>,
);
type Row = (
    Uid,
    At,
    At,
    Option<At>,
    Option<String>,
    Option<i64>,
    Option<String>,
);

impl Tx<'_> {
    /// The user's archive, until it expires.
    pub fn archive(&mut self, user: Id) -> Result<Option<Archive>, Fault> {
        self.identify(user)?;
        let now = self.now();
        let row = Sql::<Columns>::text(
            "SELECT job_id, asked_at, expires_at, ready_at, storage_key, size, sha256 FROM user_archives \
             WHERE user_id = ",
        )
        .bind(user)
        .then(" AND expires_at > ")
        .bind(now)
        .maybe::<Row>(self)?;
        let archive = |(job, asked, expires, ready, key, size, sha256): Row| Archive {
            job: job.0,
            asked_at: asked.0,
            expires_at: expires.0,
            ready: ready
                .zip(key)
                .zip(size.zip(sha256))
                .map(|((at, storage_key), (size, sha256))| ReadyArchive {
                    at: at.0,
                    storage_key,
                    size,
                    sha256,
                }),
        };
        Ok(row.map(archive))
    }

    /// Notes that a job makes an archive, in the place of the one before. The user has to be held.
    pub fn begin_archive(&mut self, user: Id, job: Id, expires_at: Instant) -> Result<(), Fault> {
        self.drop_archive(user)?;
        let now = self.now();
        Sql::<()>::text("INSERT INTO user_archives (user_id, job_id, asked_at, expires_at) VALUES (")
            .binds(vec![user.into(), job.into(), now.into(), expires_at.into()])
            .then(")")
            .run(self)?;
        Ok(())
    }

    /// Notes where the archive stands that a job made; whether it is still asked for.
    pub fn finish_archive(
        &mut self,
        user: Id,
        job: Id,
        ready: ReadyArchive,
        expires_at: Instant,
    ) -> Result<bool, Fault> {
        self.identify(user)?;
        let stored = Sql::<()>::text("UPDATE user_archives SET ready_at = ")
            .bind(ready.at)
            .then(", storage_key = ")
            .bind(Value::Text(ready.storage_key))
            .then(", size = ")
            .bind(Value::Big(ready.size))
            .then(", sha256 = ")
            .bind(Value::Text(ready.sha256))
            .then(", expires_at = ")
            .bind(expires_at)
            .then(" WHERE user_id = ")
            .bind(user)
            .then(" AND job_id = ")
            .bind(job);
        Ok(stored.run(self)? == 1)
    }

    /// Takes the user's archive away, and its bytes with the next clean-up.
    pub fn drop_archive(&mut self, user: Id) -> Result<(), Fault> {
        self.identify(user)?;
        self.unit()?;
        let key = Sql::<Nullable<Text>>::text("DELETE FROM user_archives WHERE user_id = ")
            .bind(user)
            .then(" RETURNING storage_key")
            .maybe::<Option<String>>(self)?;
        match key.flatten() {
            Some(key) => self.drop_bytes(&key),
            None => Ok(()),
        }
    }
}
