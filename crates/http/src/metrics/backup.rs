//! How old the last backups are.

use super::jobs::PATIENCE;
use firma_domain::Instant;
use firma_services::{Database, Refusal, Tx};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The ages in seconds when they were last asked for, of the last proved one and the last other one; none where there
/// never was one.
#[derive(Debug, Clone, Default)]
pub(super) struct Backup(Arc<Mutex<[Option<i64>; 2]>>);

impl Backup {
    /// Asks the database. Where it is away, or busy for long, nothing is told.
    pub(super) async fn look(&self, database: &Database) {
        let asked = database.read(|tx: &mut Tx<'_>| {
            let (now, made) = (tx.now(), tx.backups()?);
            let age = |at: Instant| now.seconds() - at.seconds();
            Ok::<_, Refusal>([made.proved.map(age), made.unproved.map(age)])
        });
        let found = tokio::time::timeout(PATIENCE, asked).await;
        let found = found.ok().and_then(Result::ok).unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }
}

impl Collector for Backup {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let found = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let about = [
            (
                "backup_age",
                "How old the last backup is that was proved by restoring it",
            ),
            (
                "backup_unproved_age",
                "How old the last backup is that is whole, and was not proved",
            ),
        ];
        for ((name, help), age) in about.into_iter().zip(found) {
            let gauge = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?;
            if let Some(age) = age {
                ConstGauge::new(age).encode(gauge)?;
            }
        }
        Ok(())
    }
}
