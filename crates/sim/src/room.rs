//! A local room: the part of the Webex API that a bot and its users need, in memory, over HTTP on loopback.
//!
//! ```text
//! page, curl, SDK, bot ─▶ api ─▶ RoomState (decides, holds) ─▶ events ─┬▶ delivery ─▶ webhooks
//!                                                                       └▶ page, live
//! ```

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use axum::Router;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

mod actions;
mod api;
mod cards;
mod delivery;
mod fault;
mod handle;
mod id;
mod mark;
mod messages;
mod objects;
mod posting;
mod seed;
mod state;
mod webhooks;

pub use handle::{Handle, Resident};
pub use seed::{CardEdits, PersonSeed, Role, RoomSeed, Switches};

use posting::Posting;

/// A room that is not served yet.
#[derive(Debug)]
pub struct Room {
    handle: Handle,
    post: mpsc::Receiver<Posting>,
}

impl Room {
    /// The room before its first message; `now` is its clock.
    pub fn new(seed: RoomSeed, now: fn() -> Timestamp) -> Self {
        let (handle, post) = Handle::new(seed, now);
        Self { handle, post }
    }

    /// The handle for the page.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves the API under `/v1`, and `page` next to it, until `stop` is cancelled.
    ///
    /// # Errors
    /// If `listener` is not on loopback, or serving fails.
    pub async fn serve(self, listener: TcpListener, page: Router, stop: CancellationToken) -> anyhow::Result<()> {
        let address: SocketAddr = listener.local_addr().context("the room has no address")?;
        ensure!(address.ip().is_loopback(), "the room opens on loopback only, not on {address}");
        let Self { handle, post } = self;
        let app = api::router(handle.clone()).merge(page).layer(axum::middleware::from_fn(api::from_here));
        let (stopping, closing) = (stop.clone(), handle.closing());
        let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
            stopping.cancelled().await;
            closing.cancel();
        });
        let serving = async { serving.await.context("the room stopped serving") };
        tokio::try_join!(serving, delivery::run(handle, post, stop))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
