//! The server, from its start to its graceful stop.

use crate::compose::{Parts, compose};
use crate::config::Config;
use actix_web::{HttpServer, web};
use firma_http::{Draining, Metrics, State, app};
use std::time::Duration;

/// How long calls that are under way may still take when the server stops.
const GRACE_SECONDS: u64 = 10;
/// How long it says that it isn't ready before it stops, so that whoever asks can see it.
const DRAIN: Duration = Duration::from_millis(300);

pub(crate) fn serve(config: &Config) -> Result<(), String> {
    let Parts {
        database,
        hasher,
        signer,
    } = compose(config)?;
    let draining = Draining::default();
    let token = config.metrics_token.as_ref().map(|token| token.reveal().as_str());
    let state = web::Data::new(State {
        metrics: Metrics::new(&database, token),
        database,
        hasher,
        signer,
        max_body: config.max_body,
        draining: draining.clone(),
    });
    actix_web::rt::System::new().block_on(async move {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let server = HttpServer::new(move || app(state.clone()))
            .workers(workers)
            .shutdown_timeout(GRACE_SECONDS)
            .disable_signals()
            .bind(config.bind)
            .map_err(|e| format!("{}: {e}", config.bind))?;
        for address in server.addrs() {
            log::info!("serving on http://{address}");
        }
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
