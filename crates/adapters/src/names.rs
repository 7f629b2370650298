//! The domain name system, asked by a resolver of our own: the system's waits as long as it likes and can't be told
//! which name server to ask.

use firma_domain::organizations::{Names, NamesAway};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData};
use std::net::SocketAddr;
use std::time::Duration;

/// How long a name server may take, and how often it is asked.
const TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;
/// Nobody waits longer, whatever happens on the way.
const WHOLE: Duration = Duration::from_secs(10);

/// Asks a name server, or those of the system.
pub struct DnsNames {
    server: Option<SocketAddr>,
}

impl DnsNames {
    /// That name server; the system's where none is named.
    pub fn new(server: Option<SocketAddr>) -> DnsNames {
        DnsNames { server }
    }

    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let mut builder = match self.server {
            None => TokioResolver::builder_tokio()?,
            Some(server) => {
                let at = |mut connection: ConnectionConfig| {
                    connection.port = server.port();
                    connection
                };
                let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
                let server = NameServerConfig::new(server.ip(), true, connections);
                let config = ResolverConfig::from_parts(None, vec![], vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        set(builder.options_mut());
        builder.build()
    }
}

fn set(options: &mut ResolverOpts) {
    options.timeout = TIMEOUT;
    options.attempts = ATTEMPTS;
    // A record that was just set is to be seen.
    options.cache_size = 0;
}

impl Names for DnsNames {
    fn texts(&self, name: &str) -> Result<Vec<String>, NamesAway> {
        let away = |error: &dyn std::fmt::Display| NamesAway(error.to_string());
        // With its dot at the end: nothing is put behind it.
        let name = Name::from_ascii(format!("{name}.")).map_err(|e| away(&e))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let found = runtime.map_err(|e| away(&e))?.block_on(async {
            let resolver = self.resolver()?;
            let asked = tokio::time::timeout(WHOLE, resolver.txt_lookup(name)).await;
            asked.unwrap_or(Err(NetError::Timeout))
        });
        match found {
            Ok(found) => Ok(found
                .answers()
                .iter()
                .filter_map(|record| text(&record.data))
                .collect()),
            Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Ok(vec![]),
            Err(error) => Err(away(&error)),
        }
    }
}

/// The strings of one record belong together (RFC 7208, 3.3).
fn text(data: &RData) -> Option<String> {
    let RData::TXT(texts) = data else { return None };
    let whole = texts
        .txt_data
        .iter()
        .flat_map(|part| part.iter().copied())
        .collect();
    String::from_utf8(whole).ok()
}
