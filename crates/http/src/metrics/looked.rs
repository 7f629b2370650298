//! What the database is asked for the figures: the queue of jobs, the last backups, and
//! whether the audit logs were whole. In one look.

use crate::health::PATIENCE;
use firma_domain::Instant;
use firma_services::platform::Backlog;
use firma_services::{Database, Refusal, Tx};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How it was when it was last asked for; nothing where the database was away, or busy for long.
#[derive(Debug, Clone, Default)]
struct Found {
    /// What waited of each kind, and since how many seconds
    jobs: Vec<(String, i64, i64)>,
    /// Seconds since the last proved backup, and since the last other one; none where there never was one
    backups: [Option<i64>; 2],
    /// How many audit logs weren't whole, and since how many seconds one wasn't looked at; none where none ever was
    logs: Option<(i64, i64)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Looked(Arc<Mutex<Found>>);

impl Looked {
    /// Asks the database.
    pub(super) async fn look(&self, database: &Database) {
        let asked = database.read(|tx: &mut Tx<'_>| {
            let now = tx.now().seconds();
            let told = |of: Backlog| (of.kind, of.waiting, now - of.oldest.seconds());
            let age = |at: Instant| now - at.seconds();
            let made = tx.backups()?;
            Ok::<_, Refusal>(Found {
                jobs: tx.backlog()?.into_iter().map(told).collect(),
                backups: [made.proved.map(age), made.unproved.map(age)],
                logs: tx.verified()?.map(|of| (of.broken, age(of.oldest))),
            })
        });
        // Who asks gets the other figures all the same.
        let found = tokio::time::timeout(PATIENCE, asked).await;
        let found = found.map(Result::unwrap_or_default).unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }
}

impl Collector for Looked {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let about = "Jobs that are due and not taken";
        let mut waiting = encoder.encode_descriptor("jobs_waiting", about, None, MetricType::Gauge)?;
        for (kind, count, _) in &found.jobs {
            ConstGauge::new(*count).encode(waiting.encode_family(&[("kind", kind.as_str())])?)?;
        }
        let (about, unit) = ("Since when the oldest of them is due", Some(&Unit::Seconds));
        let mut oldest = encoder.encode_descriptor("jobs_oldest", about, unit, MetricType::Gauge)?;
        for (kind, _, age) in &found.jobs {
            ConstGauge::new(*age).encode(oldest.encode_family(&[("kind", kind.as_str())])?)?;
        }
        let proved = "How old the last backup is that was proved by restoring it";
        let unproved = "How old the last backup is that is whole, and was not proved";
        for ((name, about), age) in [("backup_age", proved), ("backup_unproved_age", unproved)]
            .into_iter()
            .zip(found.backups)
        {
            let gauge = encoder.encode_descriptor(name, about, unit, MetricType::Gauge)?;
            if let Some(age) = age {
                ConstGauge::new(age).encode(gauge)?;
            }
        }
        let Some((broken, age)) = found.logs else {
            return Ok(());
        };
        let about = "Audit logs that weren't whole when they were last looked at";
        let gauge = encoder.encode_descriptor("audit_chains_broken", about, None, MetricType::Gauge)?;
        ConstGauge::new(broken).encode(gauge)?;
        let about = "How long ago the audit log was looked at that wasn't for longest";
        let gauge = encoder.encode_descriptor("audit_verification_age", about, unit, MetricType::Gauge)?;
        ConstGauge::new(age).encode(gauge)
    }
}
