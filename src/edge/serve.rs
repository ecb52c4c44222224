//! The server's life: listen, hear of the stop, finish what was taken.

use std::{pin::pin, time::Duration};

use anyhow::Context;
use tokio::{net::TcpListener, time::timeout};

use super::http::{Edge, router};
use crate::supervisor::Shutdown;

/// Serves until the stop is requested. Then no notice is taken any more, and what was taken is finished, each within
/// `grace`; connections that are still open after that are cut. As a job of the crew it needs a little less grace than
/// the crew itself, so that what was left is told.
///
/// # Errors
/// The listener failed, or work was left after the grace period.
pub async fn serve(listener: TcpListener, edge: Edge, stop: Shutdown, grace: Duration) -> anyhow::Result<()> {
    let intake = edge.intake.clone();
    let listening = async {
        let ended = listen(listener, edge, &stop, grace).await;
        // A listener that failed must not leave the other half waiting for a stop that nobody asks for.
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
