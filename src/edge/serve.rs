//! The life cycle of the server: listen, receive the shutdown request, finish accepted work.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::http::{Edge, router};
use crate::supervisor::Shutdown;

/// Maximum open connections. Webex has a few.
const MOST_CONNECTIONS: usize = 512;
/// How long a client may take to send the head of a request, and a connection may stay open between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause after a connection could not be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves until the shutdown is requested. Then no notice is accepted any more, and accepted ones are finished, each
/// half within `grace`; connections that are still open after that are closed. Give it a little less grace than the
/// supervisor has, so that unfinished work is reported.
///
/// # Errors
/// The listener failed, or work was left after the grace period.
pub async fn serve(listener: TcpListener, edge: Edge, stop: Shutdown, grace: Duration) -> anyhow::Result<()> {
    let intake = edge.intake.clone();
    let listening = async {
        let ended = listen(listener, edge, &stop, grace).await;
        // A failed listener must not leave the other half waiting for a shutdown that nobody requests.
        stop.request();
        ended
    };
    let draining = async {
        stop.requested().await;
        intake.finish(grace).await
    };
    let (served, drained) = tokio::join!(listening, draining);
    served.context("the web server failed")?;
    drained?;
    Ok(())
}

/// Accepts connections until the shutdown is requested, then waits for the open ones.
async fn listen(listener: TcpListener, edge: Edge, stop: &Shutdown, grace: Duration) -> std::io::Result<()> {
    let service = TowerToHyperService::new(router(edge));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let (graceful, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.requested() => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, or a client that went away: neither ends the service.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            metrics::counter!("readback_connections_refused_total").increment(1);
            continue;
        };
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service.clone()));
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    if timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still open after the grace period");
    }
    Ok(())
}
