//! The life cycle of the server: listen, receive the shutdown request, finish accepted work.

use std::{pin::pin, time::Duration};

use anyhow::Context;
use tokio::{net::TcpListener, time::timeout};

use super::http::{Edge, router};
use crate::supervisor::Shutdown;

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

async fn listen(listener: TcpListener, edge: Edge, stop: &Shutdown, grace: Duration) -> std::io::Result<()> {
    let server = axum::serve(listener, router(edge)).with_graceful_shutdown(stop.clone().into_requested());
    let mut server = pin!(server.into_future());
    tokio::select! {
        ended = &mut server => return ended,
        () = stop.requested() => {}
    }
    timeout(grace, server).await.unwrap_or_else(|_| {
        tracing::warn!("connections were still open after the grace period");
        Ok(())
    })
}
