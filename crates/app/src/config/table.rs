//! The settings. Each is one line, from which come the field of `Config`, the flag, the key in the
//! file (the field's name, `_` or `-`), and the variable with its `_FILE` twin.
use super::provider::{self, Provider};
use super::read;
use super::source::Sources;
use super::url;
use super::value::{Database, Hidden, LogFormat, Migrate};
use crate::archive::{Keep, Schedule};
use firma_domain::IpRange;
use firma_domain::identity::Signup;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Names the file itself, and so can't stand in it.
pub(super) const CONFIG: &str = "FIRMA_CONFIG";

pub(super) struct Setting {
    pub(super) key: Cow<'static, str>,
    pub(super) variable: Cow<'static, str>,
    pub(super) default: Option<&'static str>,
}

macro_rules! settings {
    (
        needed { $($need:ident: $need_type:ty = $default:literal, $need_variable:literal, $need_read:expr, $need_help:literal;)* }
        optional { $($option:ident: $option_type:ty, $option_variable:literal, $option_read:expr, $option_help:literal;)* }
    ) => {
        /// Every setting, checked.
        #[derive(Debug, Clone)]
        pub(crate) struct Config {
            $(#[doc = $need_help] pub(crate) $need: $need_type,)*
            $(#[doc = $option_help] pub(crate) $option: Option<$option_type>,)*
            /// Those that `oidc` names; read after the others
            pub(crate) providers: Vec<Provider>,
        }

        /// The settings as they stand on the command line. No `Debug`: there are secrets among them.
        #[derive(Default, clap::Args)]
        #[command(next_help_heading = "Settings")]
        pub(crate) struct Flags {
            /// TOML file with any of these settings [FIRMA_CONFIG]
            #[arg(long, global = true, value_name = "FILE")]
            pub(super) config: Option<PathBuf>,
            $(
                #[arg(long, global = true, value_name = "VALUE")]
                #[arg(help = concat!($need_help, " [", $need_variable, "] [default: ", $default, "]"))]
                pub(super) $need: Option<String>,
            )*
            $(
                #[arg(long, global = true, value_name = "VALUE")]
                #[arg(help = concat!($option_help, " [", $option_variable, "]"))]
                pub(super) $option: Option<String>,
            )*
        }

        pub(super) const SETTINGS: &[Setting] = &[
            $(Setting { key: Cow::Borrowed(stringify!($need)), variable: Cow::Borrowed($need_variable), default: Some($default) },)*
            $(Setting { key: Cow::Borrowed(stringify!($option)), variable: Cow::Borrowed($option_variable), default: None },)*
        ];

        impl Config {
            /// None when a needed value has a fault; every setting is looked at all the same.
            pub(super) fn from_sources(flags: &Flags, sources: &mut Sources) -> Option<Config> {
                let mut table = SETTINGS.iter();
                $(let $need = sources.value(table.next()?, flags.$need.as_deref(), $need_read);)*
                $(let $option = sources.value(table.next()?, flags.$option.as_deref(), $option_read);)*
                Some(Config { $($need: $need?,)* $($option,)* providers: Vec::new() })
            }
        }
    };
}

const DAY: u64 = 86_400;
const YEARS: u64 = 3_650 * DAY;

settings! {
    needed {
        data_dir: PathBuf = "./data", "FIRMA_DATA_DIR", read::path, "Folder for the files, the secret and the SQLite database";
        bind: SocketAddr = "127.0.0.1:8080", "FIRMA_BIND", read::address, "Address and port to listen on";
        log: String = "info", "FIRMA_LOG", read::log_filter, "What to log: levels, crates of ours, or TARGET=LEVEL, such as info or warn,firma=debug";
        log_format: LogFormat = "text", "FIRMA_LOG_FORMAT", read::log_format, "Lines of the log: text or json";
        migrate: Migrate = "manual", "FIRMA_MIGRATE", read::migrate, "Migrate an existing PostgreSQL at the start: manual or auto";
        db_role: String = "firma_app", "FIRMA_DB_ROLE", read::role, "PostgreSQL role that the server works as";
        bcrypt_cost: u32 = "12", "FIRMA_BCRYPT_COST", |text| read::number(text, 10..=16), "Cost of hashing a password, 10 to 16";
        signup: Signup = "open", "FIRMA_SIGNUP", read::signup, "Who may get an account and make organizations: open, invite or off";
        second_factor: bool = "optional", "FIRMA_SECOND_FACTOR", read::second_factor, "Who needs a second factor: optional, where an organization asks for it, or required, everybody";
        access_ttl: Duration = "15m", "FIRMA_ACCESS_TTL", |text| read::duration(text, 1..=DAY), "Life of an access token, at most 1d";
        refresh_ttl: Duration = "7d", "FIRMA_REFRESH_TTL", |text| read::duration(text, 1..=365 * DAY), "Life of a refresh token from its last use, at most 365d";
        session_ttl: Duration = "30d", "FIRMA_SESSION_TTL", |text| read::duration(text, 1..=365 * DAY), "Life of a session from the sign-in, however often it is refreshed, at most 365d";
        db_connect_timeout: Duration = "5s", "FIRMA_DB_CONNECT_TIMEOUT", |text| read::duration(text, 1..=DAY), "Wait for a connection to the database";
        db_statement_timeout: Duration = "30s", "FIRMA_DB_STATEMENT_TIMEOUT", |text| read::duration(text, 1..=DAY), "Longest time of one statement";
        db_idle_timeout: Duration = "30s", "FIRMA_DB_IDLE_TIMEOUT", |text| read::duration(text, 1..=DAY), "PostgreSQL: a connection above the least is closed when it had nothing to do for so long";
        max_body: usize = "2MB", "FIRMA_MAX_BODY", |text| read::size(text, 1..=64_000_000), "Largest body of a request, at most 64MB";
        max_image: usize = "5MB", "FIRMA_MAX_IMAGE", |text| read::size(text, 1..=1_000_000_000), "Largest image that is uploaded, at most 1000MB";
        max_document: usize = "20MB", "FIRMA_MAX_DOCUMENT", |text| read::size(text, 1..=1_000_000_000), "Largest document that is uploaded, at most 1000MB";
        workers: u32 = "2", "FIRMA_WORKERS", |text| read::number(text, 0..=64), "Jobs at once in this process, at most 64; 0 leaves them to firma worker";
        job_lease: Duration = "30s", "FIRMA_JOB_LEASE", |text| read::duration(text, 1..=3_600), "After that time the job of a worker that is gone is taken by another";
        mail_from: String = "Firma <firma@localhost>", "FIRMA_MAIL_FROM", read::sender, "Sender of mails";
        backup_keep: Keep = "7", "FIRMA_BACKUP_KEEP", read::keep, "Scheduled backups that are kept: the last so many, or such as last=3,daily=7,weekly=4,monthly=12";
        clean_up_every: Duration = "1h", "FIRMA_CLEAN_UP_EVERY", |text| read::duration(text, 1..=DAY), "Time between two clean-ups";
        otel_exporter_otlp_protocol: String = "http/protobuf", "OTEL_EXPORTER_OTLP_PROTOCOL", read::otlp_protocol, "How traces are sent; http/protobuf is the only way";
        verify_every: Duration = "1d", "FIRMA_VERIFY_EVERY", |text| read::duration(text, 60..=30 * DAY), "Time between two looks at whether all audit logs are whole, at least 1m";
        keep_sessions: Duration = "30d", "FIRMA_KEEP_SESSIONS", |text| read::duration(text, 1..=YEARS), "Time that ended sessions are kept";
        keep_security_events: Duration = "730d", "FIRMA_KEEP_SECURITY_EVENTS", |text| read::duration(text, 90 * DAY..=YEARS), "Time that security events are kept, at least 90d";
        keep_jobs: Duration = "30d", "FIRMA_KEEP_JOBS", |text| read::duration(text, 1..=YEARS), "Time that finished jobs are kept";
        keep_errors: Duration = "90d", "FIRMA_KEEP_ERRORS", |text| read::duration(text, 1..=YEARS), "Time that internal errors are kept which don't come again";
        keep_invitations: Duration = "90d", "FIRMA_KEEP_INVITATIONS", |text| read::duration(text, 1..=YEARS), "Time that invitations are kept that were answered, taken back, or are over";
        keep_deleted: Duration = "90d", "FIRMA_KEEP_DELETED", |text| read::duration(text, 1..=YEARS), "Time that deleted rows and the bytes of deleted files are kept";
        keep_uploads: Duration = "1d", "FIRMA_KEEP_UPLOADS", |text| read::duration(text, 3_600..=YEARS), "Time that the bytes of an upload that never ended are kept, at least 1h";
    }
    optional {
        database_url: Database, "DATABASE_URL", url::database, "sqlite://PATH or postgres://…; firma.db in the data folder when absent";
        migrate_database_url: Database, "FIRMA_MIGRATE_DATABASE_URL", url::database, "The same database with the login that owns the tables: for migrations, backups, restoring and purging";
        secret: Hidden<[u8; 32]>, "FIRMA_SECRET", read::secret, "Root secret, 32 bytes in base64; a flag shows in the list of processes, FIRMA_SECRET_FILE doesn't";
        secret_previous: Hidden<[u8; 32]>, "FIRMA_SECRET_PREVIOUS", read::secret, "Root secret as it was before: what was made with it is still accepted";
        metrics_token: Hidden<String>, "FIRMA_METRICS_TOKEN", read::token, "Who asks for /metrics has to send it; without it, there is no /metrics";
        public_url: String, "FIRMA_PUBLIC_URL", url::public, "Address that people reach the server by, such as https://firma.example.com";
        cors_origins: Vec<String>, "FIRMA_CORS_ORIGINS", url::origins, "Other sites whose pages may call, such as https://app.example.com; several between commas";
        trusted_proxies: Vec<IpRange>, "FIRMA_TRUSTED_PROXIES", read::ranges, "Proxies whose word is taken for where a call comes from, such as 10.0.0.0/8; several between commas";
        country_header: String, "FIRMA_COUNTRY_HEADER", read::header, "Header in which a trusted proxy says from which country a call comes, such as CF-IPCountry";
        dns_server: SocketAddr, "FIRMA_DNS_SERVER", read::address, "Name server that is asked for the records that prove domains, such as 9.9.9.9:53; those of the system when absent";
        oidc: Vec<String>, "FIRMA_OIDC", provider::names, "Names of OpenID providers that people may sign in by, between commas; each has FIRMA_OIDC_NAME_ISSUER, _CLIENT_ID, _CLIENT_SECRET, _SCOPES and _LABEL";
        smtp_url: Hidden<String>, "FIRMA_SMTP_URL", read::smtp, "Mail server, smtp://… or smtps://…; without it mails are written into the folder outbox in the data folder";
        otel_exporter_otlp_endpoint: String, "OTEL_EXPORTER_OTLP_ENDPOINT", read::endpoint, "Collector of OpenTelemetry that traces are sent to, such as http://localhost:4318; without it there are none";
        otel_exporter_otlp_headers: Hidden<Vec<(String, String)>>, "OTEL_EXPORTER_OTLP_HEADERS", read::headers, "Headers for the collector: NAME=VALUE, several between commas, the values percent-encoded";
        otel_service_name: String, "OTEL_SERVICE_NAME", read::service_name, "What this server is called in traces; firma when absent";
        otel_resource_attributes: Vec<(String, String)>, "OTEL_RESOURCE_ATTRIBUTES", read::attributes, "What else is told of this server in traces: NAME=VALUE, several between commas, the values percent-encoded";
        db_pool_min: u32, "FIRMA_DB_POOL_MIN", |text| read::number(text, 0..=200), "PostgreSQL: connections that are always open, 0 to 200; two a core and at least 4 when absent, but no more than the most";
        breached_passwords: PathBuf, "FIRMA_BREACHED_PASSWORDS", read::path, "File of breached passwords that nobody may choose: SHA-1 in hex, a line each, in their order";
        backup_schedule: Schedule, "FIRMA_BACKUP_SCHEDULE", read::schedule, "When backups are made: five fields of cron in UTC, @hourly, @daily, @weekly or @monthly; without it, none are";
        backup_dir: PathBuf, "FIRMA_BACKUP_DIR", read::path, "Folder for scheduled backups; backups in the data folder when absent";
        db_pool_max: u32, "FIRMA_DB_POOL_MAX", |text| read::number(text, 1..=200), "Most connections to the database, 1 to 200";
    }
}
