//! The breakers in the figures: what is far away, and whether anybody waits for it.

use firma_services::identity::Providers;
use firma_services::organizations::Domains;
use firma_services::platform::Breaker;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;
use std::sync::Arc;

/// That of the mail server, that of the name servers, that of where traces go if they go anywhere, and one for each
/// provider.
pub struct Breakers {
    pub mail: Arc<Breaker>,
    pub domains: Domains,
    pub traces: Option<Arc<Breaker>>,
    pub providers: Providers,
}

impl Breakers {
    /// What each is called, and 1 while it isn't closed.
    fn all(&self) -> Vec<(String, u32)> {
        let providers = self.providers.states();
        let providers = providers.map(|(name, state)| (format!("provider:{name}"), state));
        let traces = self.traces.iter().map(|traces| ("traces", traces.state()));
        [("mail", self.mail.state()), ("names", self.domains.state())]
            .into_iter()
            .chain(traces)
            .map(|(name, state)| (name.to_owned(), state))
            .chain(providers)
            .map(|(name, state)| (name, u32::from(state != "closed")))
            .collect()
    }
}

impl fmt::Debug for Breakers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Breakers({:?})", self.all())
    }
}

impl Collector for Breakers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "1 while something far away has failed several times in a row";
        let mut open = encoder.encode_descriptor("breaker_open", help, None, MetricType::Gauge)?;
        for (name, value) in self.all() {
            ConstGauge::new(value).encode(open.encode_family(&[("name", name.as_str())])?)?;
        }
        Ok(())
    }
}
