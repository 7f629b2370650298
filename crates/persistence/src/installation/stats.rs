use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::Tx;
use diesel::sql_types::{BigInt, Text};
use firma_auth::access::{PlatformGrant, Read};
use firma_domain::Id;
use firma_domain::platform::{JobStats, OrganizationStats, Stats, StorageStats, UserStats, WaitingJobs};

type Columns = (BigInt, BigInt, BigInt, BigInt, BigInt, BigInt);
type Row = (i64, i64, i64, i64, i64, i64);

impl Tx<'_> {
    /// How much there is: counts alone. On PostgreSQL by a function that counts over all organizations and tells
    /// nothing else.
    pub fn stats(&mut self, grant: PlatformGrant<Stats, Read>) -> Result<Stats, Fault> {
        self.on_platform(grant)?;
        let now = self.now();
        let (users, active, sessions, failed, files, bytes) = Sql::<Columns>::either(
            "SELECT users, active_users, sessions, failed_jobs, files, bytes FROM platform_counts(",
            "SELECT (SELECT COUNT(*) FROM users WHERE deleted_at IS NULL), \
             (SELECT COUNT(*) FROM users WHERE deleted_at IS NULL AND is_active), \
             (SELECT COUNT(*) FROM sessions WHERE revoked_at IS NULL AND expires_at > ",
        )
        .bind(now)
        .then_either(
            ")",
            "), (SELECT COUNT(*) FROM jobs WHERE deleted_at IS NULL AND state = 'FAILED' \
             AND organization_id = x'00000000000000000000000000000000'), \
             (SELECT COUNT(*) FROM files), (SELECT COALESCE(SUM(size), 0) FROM files)",
        )
        .one::<Row>(self)?;
        let statuses = Sql::<(Text, BigInt)>::text("SELECT status, COUNT(*) FROM tenants WHERE id <> ")
            .bind(Id::NIL)
            .then(" GROUP BY status")
            .rows::<(String, i64)>(self)?;
        let of = |status: &str| {
            let found = statuses.iter().find(|(known, _)| known == status);
            found.map_or(0, |(_, count)| *count)
        };
        let waiting = self.backlog()?.into_iter().map(|backlog| WaitingJobs {
            kind: backlog.kind,
            count: backlog.waiting,
            oldest: backlog.oldest,
        });
        Ok(Stats {
            users: UserStats { total: users, active },
            organizations: OrganizationStats {
                active: of("active"),
                suspended: of("suspended"),
                archived: of("archived"),
            },
            sessions,
            jobs: JobStats {
                waiting: waiting.collect(),
                failed,
            },
            storage: StorageStats { files, bytes },
        })
    }
}
