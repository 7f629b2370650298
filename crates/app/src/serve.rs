//! The server and the worker, from their start to their graceful stop.

use crate::compose::{Parts, Traces, compose_to_stay};
use crate::config::{self, Config};
use actix_web::{HttpServer, web};
use firma_http::{Breakers, Draining, Limits, Metrics, Proxies, Site, State, app};
use firma_services::identity::LastUsed;
use firma_services::installation::Watch;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};

/// How long calls that are under way may still take when the server stops.
const GRACE_SECONDS: u64 = 10;
/// How long jobs that are under way may still take then; what isn't done is given back.
const GRACE: Duration = Duration::from_secs(GRACE_SECONDS);
/// How long it writes down then what went wrong, and how long it sends its last traces.
const LAST: Duration = Duration::from_secs(3);
/// How long it says that it isn't ready before it stops, so that whoever asks can see it.
const DRAIN: Duration = Duration::from_millis(300);

/// Connections that wait to be taken up.
const BACKLOG: u32 = 1_024;

pub(crate) fn serve(config: &Config) -> Result<(), String> {
    // Before anything is changed: where another one serves already, its database isn't migrated under it.
    let address = bound(config.bind).map_err(|e| format!("{}: {e}", config.bind))?;
    let parts = compose_to_stay(config)?;
    let beside = parts.beside()?;
    let worker = match config.workers {
        0 => None,
        threads => Some(parts.work(config, threads)?),
    };
    let served = answer(config, parts, address);
    if let Some(worker) = worker {
        worker.stop(GRACE);
    }
    beside.stop(LAST);
    served
}

/// Only works jobs off.
pub(crate) fn work(config: &Config) -> Result<(), String> {
    let threads = config.workers.max(1);
    let parts = compose_to_stay(config)?;
    let (beside, worker) = (parts.beside()?, parts.work(config, threads)?);
    log::info!("working on {threads} jobs at once");
    actix_web::rt::System::new().block_on(stop_asked());
    log::info!("stopping");
    worker.stop(GRACE);
    beside.stop(LAST);
    Ok(())
}

fn bound(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    #[cfg(unix)] // elsewhere it would let two have one address
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn answer(config: &Config, parts: Parts, address: TcpSocket) -> Result<(), String> {
    let draining = Draining::default();
    let breakers = Breakers {
        mail: parts.breaker.clone(),
        traces: parts.traces.as_ref().map(|traces| traces.breaker.clone()),
        domains: parts.domains.clone(),
        providers: parts.providers.clone(),
    };
    let token = config.metrics_token.as_ref().map(|token| token.reveal().as_str());
    let state = web::Data::new(State {
        metrics: Metrics::new(&parts.database, token, breakers, parts.errors.clone()),
        errors: parts.errors,
        traces: parts
            .traces
            .map(|Traces { tracer, breaker }| firma_http::Traces { tracer, breaker }),
        database: parts.database.with_patience(patience(config)),
        hasher: parts.hasher,
        signer: parts.signer,
        files: parts.files,
        mail: parts.breaker,
        providers: parts.providers,
        domains: parts.domains,
        max_body: config.max_body,
        draining: draining.clone(),
        used: LastUsed::default(),
        watch: Watch::default(),
        limits: Limits::default(),
        signup: config.signup,
        site: Site {
            public_url: config.public_url.clone(),
            proxies: Proxies(config.trusted_proxies.clone().unwrap_or_default()),
            country_header: config.country_header.clone(),
            origins: config.cors_origins.clone().unwrap_or_default(),
            is_local: config.bind.ip().is_loopback(),
            data: data(&config.database()),
        },
    });
    actix_web::rt::System::new().block_on(async move {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let serving = state.clone();
        let wrong = |e: std::io::Error| format!("{}: {e}", config.bind);
        let listener = address.listen(BACKLOG).and_then(TcpListener::into_std);
        let listener = listener.map_err(wrong)?;
        let server = HttpServer::new(move || app(serving.clone(), firma_console::mount))
            .workers(workers)
            .shutdown_timeout(GRACE_SECONDS)
            .disable_signals()
            .listen(listener)
            .map_err(wrong)?;
        for address in server.addrs() {
            log::info!("serving on http://{address}");
        }
        let address = server.addrs().first().copied().unwrap_or(config.bind);
        crate::setup::announce(&state, address).await;
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(async move {
            stop_asked().await;
            log::info!("stopping");
            draining.begin();
            tokio::time::sleep(DRAIN).await;
            handle.stop(true).await;
        });
        server.await.map_err(|e| e.to_string())
    })
}

/// How long a caller waits for the database: as long as connecting, and two statements, may take. One that ends neither
/// stands still.
fn patience(config: &Config) -> Duration {
    config.db_connect_timeout + config.db_statement_timeout * 2
}

/// Where the rows are, for a person, without a password.
fn data(database: &config::Database) -> String {
    match database {
        config::Database::Sqlite(path) => std::path::absolute(path)
            .unwrap_or_else(|_| path.clone())
            .display()
            .to_string(),
        config::Database::Postgres(url) => {
            // What is behind the ? may name a password, too, and an @.
            let url = url.reveal().split('?').next().unwrap_or_default();
            let place = url.split_once("://").map_or(url, |(_, place)| place);
            let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
            format!("PostgreSQL: {place}")
        }
    }
}

#[cfg(unix)]
async fn stop_asked() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn stop_asked() {
    drop(tokio::signal::ctrl_c().await);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Database, Hidden};

    #[test]
    fn where_the_rows_are_is_told_without_a_password() {
        for (url, told) in [
            ("postgres:///firma", "PostgreSQL: /firma"),
            (
                "postgres://firma:secret@127.0.0.1:5432/firma",
                "PostgreSQL: 127.0.0.1:5432/firma",
            ),
            (
                "postgresql:///firma?host=/run&user=u@example.com&password=secret",
                "PostgreSQL: /firma",
            ),
            (
                "postgres://u@localhost/firma?password=se@cret",
                "PostgreSQL: localhost/firma",
            ),
        ] {
            assert_eq!(data(&Database::Postgres(Hidden::new(url.to_owned()))), told);
        }
    }
}
