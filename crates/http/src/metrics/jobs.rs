//! The queue of jobs in the figures: the one thing that the database is asked for them.

use firma_services::platform::Backlog;
use firma_services::{Database, Refusal, Tx};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Who asks gets the other figures all the same.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// What waited of each kind when it was last asked for, and since how many seconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Jobs(Arc<Mutex<Vec<(String, i64, i64)>>>);

impl Jobs {
    /// Asks the database. Where it is away, or busy for long, nothing is told.
    pub(super) async fn look(&self, database: &Database) {
        let asked = database.read(|tx: &mut Tx<'_>| {
            let now = tx.now();
            let told = |of: Backlog| (of.kind, of.waiting, now.seconds() - of.oldest.seconds());
            Ok::<_, Refusal>(tx.backlog()?.into_iter().map(told).collect())
        });
        let found = tokio::time::timeout(PATIENCE, asked).await;
        let found = found.map(Result::unwrap_or_default).unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }
}

impl Collector for Jobs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut waiting = encoder.encode_descriptor(
            "jobs_waiting",
            "Jobs that are due and not taken",
            None,
            MetricType::Gauge,
        )?;
        for (kind, count, _) in &found {
            ConstGauge::new(*count).encode(waiting.encode_family(&[("kind", kind.as_str())])?)?;
        }
        let mut oldest = encoder.encode_descriptor(
            "jobs_oldest",
            "Since when the oldest of them is due",
            Some(&Unit::Seconds),
            MetricType::Gauge,
        )?;
        for (kind, _, age) in &found {
            ConstGauge::new(*age).encode(oldest.encode_family(&[("kind", kind.as_str())])?)?;
        }
        Ok(())
    }
}
