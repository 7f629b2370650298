//! Whether the audit logs were whole when they were last looked at, and how long ago that was.

use super::jobs::PATIENCE;
use firma_services::{Database, Refusal, Tx};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How many weren't, and since how many seconds one wasn't looked at; none where none ever was.
#[derive(Debug, Clone, Default)]
pub(super) struct Logs(Arc<Mutex<Option<(i64, i64)>>>);

impl Logs {
    /// Asks the database. Where it is away, or busy for long, nothing is told.
    pub(super) async fn look(&self, database: &Database) {
        let asked = database.read(|tx: &mut Tx<'_>| {
            let now = tx.now();
            let verified = tx.verified()?;
            Ok::<_, Refusal>(verified.map(|of| (of.broken, now.seconds() - of.oldest.seconds())))
        });
        let found = tokio::time::timeout(PATIENCE, asked).await;
        let found = found.ok().and_then(Result::ok).flatten();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }
}

impl Collector for Logs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some((broken, age)) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) else {
            return Ok(());
        };
        let help = "Audit logs that weren't whole when they were last looked at";
        let gauge = encoder.encode_descriptor("audit_chains_broken", help, None, MetricType::Gauge)?;
        ConstGauge::new(broken).encode(gauge)?;
        let help = "How long ago the audit log was looked at that wasn't for longest";
        let seconds = Some(&Unit::Seconds);
        let gauge = encoder.encode_descriptor("audit_verification_age", help, seconds, MetricType::Gauge)?;
        ConstGauge::new(age).encode(gauge)
    }
}
