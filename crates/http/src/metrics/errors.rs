//! Internal errors in the figures, whether they are stored yet or not.

use firma_services::installation::Errors;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use std::fmt;

#[derive(Debug)]
pub(super) struct Counted(pub(super) Errors);

impl Collector for Counted {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let about = "Errors on our side: calls answered 500, panics, jobs that broke or were given up";
        let mut errors = encoder.encode_descriptor("internal_errors", about, None, MetricType::Counter)?;
        for (kind, count) in self.0.counted() {
            ConstCounter::new(count).encode(errors.encode_family(&[("kind", kind.as_str())])?)?;
        }
        Ok(())
    }
}
