//! How old the last good backup is.

use super::jobs::PATIENCE;
use firma_services::{Database, Refusal, Tx};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Its age in seconds when it was last asked for; none where there never was one.
#[derive(Debug, Clone, Default)]
pub(super) struct Backup(Arc<Mutex<Option<i64>>>);

impl Backup {
    /// Asks the database. Where it is away, or busy for long, nothing is told.
    pub(super) async fn look(&self, database: &Database) {
        let asked = database.read(|tx: &mut Tx<'_>| {
            let now = tx.now();
            Ok::<_, Refusal>(tx.last_backup()?.map(|at| now.seconds() - at.seconds()))
        });
        let found = tokio::time::timeout(PATIENCE, asked).await;
        let found = found.ok().and_then(Result::ok).flatten();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }
}

impl Collector for Backup {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let found = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let help = "How old the last good backup is";
        let gauge = encoder.encode_descriptor("backup_age", help, Some(&Unit::Seconds), MetricType::Gauge);
        match found {
            Some(age) => ConstGauge::new(age).encode(gauge?),
            None => Ok(()),
        }
    }
}
