//! A local room: the part of the Webex API that a bot and the people around it need, in memory, over HTTP on loopback.
//!
//! ```text
//! page, curl, SDK, bot ─▶ api ─▶ World (decides, holds) ─▶ news ─┬▶ delivery ─▶ webhooks
//!                                                                 └▶ page, live
//! ```

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, ensure};
use axum::Router;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

mod actions;
mod api;
mod cards;
mod delivery;
mod fault;
mod id;
mod mark;
mod messages;
mod seed;
mod webhooks;
mod world;

pub use seed::{CardEdits, PersonSeed, Role, RoomSeed, Switches};

use delivery::Posting;
use fault::Fault;
use webhooks::Status;
use world::{News, What, World};

/// Events that a page may lag behind before it has to read the room again.
const LONGEST_LAG: usize = 256;

/// A room that is not open yet.
#[derive(Debug)]
pub struct Room {
    handle: Handle,
    post: mpsc::Receiver<Posting>,
}

/// Somebody in the room, for whoever starts it.
#[derive(Clone, Debug)]
pub struct Resident {
    /// The Webex person id.
    pub id: String,
    /// The name that the room shows.
    pub name: String,
    /// Their address.
    pub email: String,
    /// What they send as `Authorization: Bearer …`.
    pub token: SecretString,
    /// What they are to the bot.
    pub role: Role,
}

/// The room as the page and tests hold it.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

struct Shared {
    world: Mutex<World>,
    now: fn() -> Timestamp,
    live: broadcast::Sender<Value>,
    post: mpsc::Sender<Posting>,
    closing: CancellationToken,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

impl std::fmt::Debug for Posting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Posting").field(&self.hook()).finish()
    }
}

impl Room {
    /// The room before anybody has spoken; `now` is its clock.
    pub fn new(seed: RoomSeed, now: fn() -> Timestamp) -> Self {
        let (outgoing, post) = mpsc::channel(delivery::LONGEST_QUEUE);
        let shared = Shared {
            world: Mutex::new(World::new(seed, now())),
            now,
            live: broadcast::Sender::new(LONGEST_LAG),
            post: outgoing,
            closing: CancellationToken::new(),
        };
        Self { handle: Handle(Arc::new(shared)), post }
    }

    /// The room as the page holds it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves the API under `/v1`, and `page` beside it, until `stop`.
    ///
    /// # Errors
    /// If `listener` is not on loopback, or serving fails.
    pub async fn serve(self, listener: TcpListener, page: Router, stop: CancellationToken) -> anyhow::Result<()> {
        let address: SocketAddr = listener.local_addr().context("the room has no address")?;
        ensure!(address.ip().is_loopback(), "the room opens on loopback only, not on {address}");
        let Self { handle, post } = self;
        let app = api::router(handle.clone()).merge(page).layer(axum::middleware::from_fn(api::from_here));
        let (stopping, closing) = (stop.clone(), handle.0.closing.clone());
        let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
            stopping.cancelled().await;
            closing.cancel();
        });
        let serving = async { serving.await.context("the room stopped serving") };
        tokio::try_join!(serving, delivery::run(handle, post, stop))?;
        Ok(())
    }
}

impl Handle {
    /// Everybody in the room, with their tokens.
    pub fn residents(&self) -> Vec<Resident> {
        let world = self.world();
        let residents = world.people.iter().map(|p| Resident {
            id: p.id().to_owned(),
            name: p.profile.display_name.clone(),
            email: p.email().to_owned(),
            token: p.token.clone(),
            role: p.role,
        });
        residents.collect()
    }

    /// Changes how the room misbehaves.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.world().switches);
    }

    /// How many webhook events never arrived.
    pub fn undelivered(&self) -> u64 {
        self.world().undelivered
    }

    /// What happens from now on, as `{"type", "actorId", "data"}` with the message or the press.
    pub(crate) fn live(&self) -> broadcast::Receiver<Value> {
        self.0.live.subscribe()
    }

    /// Cancelled when the room closes.
    pub(crate) fn closing(&self) -> CancellationToken {
        self.0.closing.clone()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // A panic under the lock leaves a room of chat lines, each whole: it may be used further.
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the room and tells of what happened, in the order in which it happened.
    fn act<T>(&self, change: impl FnOnce(&mut World, &str) -> Result<T, Fault>) -> Result<T, Fault> {
        let now = world::stamp((self.0.now)());
        let mut world = self.world();
        let done = change(&mut world, &now);
        for news in std::mem::take(&mut world.news) {
            // Nobody watching is no fault.
            let _ = self.0.live.send(live_event(&news));
            let postings: Vec<Posting> = world.listeners(&news).map(|hook| Posting::new(hook, &news)).collect();
            for posting in postings {
                if let Err(lost) = self.0.post.try_send(posting) {
                    world.delivered(lost.into_inner().hook(), false);
                }
            }
        }
        done
    }

    fn delivered(&self, hook: &str, arrived: bool) {
        self.world().delivered(hook, arrived);
    }

    fn is_active(&self, hook: &str) -> bool {
        self.world().webhooks.iter().any(|h| h.id == hook && h.status == Status::Active)
    }

    fn delivers_twice(&self) -> bool {
        self.world().switches.deliver_twice
    }
}

fn live_event(news: &News) -> Value {
    let (resource, event) = news.what.names();
    let data = match &news.what {
        What::Pressed(action) => json!(action),
        What::Posted | What::Edited | What::Deleted => json!(news.message),
    };
    json!({ "type": format!("{resource}/{event}"), "actorId": news.actor, "data": data })
}

#[cfg(test)]
mod tests;
