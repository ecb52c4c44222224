//! The shared handle of a room: every read and change goes through it, and it publishes the events.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::fault::Fault;
use super::objects::{EventKind, RoomEvent};
use super::posting::Posting;
use super::seed::{Role, RoomSeed, Switches};
use super::state::{RoomState, stamp};

/// Maximum events that a page may lag behind before it must read the room again.
const LONGEST_LAG: usize = 1_024;
/// Maximum events queued for delivery.
const LONGEST_QUEUE: usize = 512;

/// A person in the room, for whoever starts it.
#[derive(Clone, Debug)]
pub struct Resident {
    /// The Webex person id.
    pub id: String,
    /// The name that the room shows.
    pub name: String,
    /// Their email address.
    pub email: String,
    /// The token they send as `Authorization: Bearer …`.
    pub token: SecretString,
    /// Their role towards the bot.
    pub role: Role,
}

/// The room, as the page and the tests use it.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

struct Shared {
    state: Mutex<RoomState>,
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

impl Handle {
    /// The room before its first message, and its outgoing deliveries.
    pub(super) fn new(seed: RoomSeed, now: fn() -> Timestamp) -> (Self, mpsc::Receiver<Posting>) {
        let (outgoing, post) = mpsc::channel(LONGEST_QUEUE);
        let shared = Shared {
            state: Mutex::new(RoomState::new(seed, now())),
            now,
            live: broadcast::Sender::new(LONGEST_LAG),
            post: outgoing,
            closing: CancellationToken::new(),
        };
        (Self(Arc::new(shared)), post)
    }

    /// Everybody in the room, with their tokens.
    pub fn residents(&self) -> Vec<Resident> {
        let state = self.state();
        let residents = state.people.iter().map(|p| Resident {
            id: p.id().to_owned(),
            name: p.profile.display_name.clone(),
            email: p.email().to_owned(),
            token: p.token.clone(),
            role: p.role,
        });
        residents.collect()
    }

    /// Changes the faults of the room. Deliveries that are no longer kept back leave.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        let mut state = self.state();
        change(&mut state.switches);
        self.send(state.released());
    }

    /// The time by the room's clock.
    pub(super) fn now(&self) -> Timestamp {
        (self.0.now)()
    }

    /// The events from now on, as `{"type", "actorId", "data"}` with the message or the card action.
    pub fn live(&self) -> broadcast::Receiver<Value> {
        self.0.live.subscribe()
    }

    /// Cancelled when the room closes.
    pub(crate) fn closing(&self) -> CancellationToken {
        self.0.closing.clone()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, RoomState> {
        // A panic under the lock leaves a room of whole messages: it may be used further.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the room and publishes the events in their order.
    pub(super) fn act<T>(&self, change: impl FnOnce(&mut RoomState, &str) -> Result<T, Fault>) -> Result<T, Fault> {
        let now = stamp(self.now());
        let mut state = self.state();
        let done = change(&mut state, &now);
        for event in std::mem::take(&mut state.events) {
            // Without a receiver there is nobody to tell: no error.
            let _ = self.0.live.send(live_event(&event));
            self.send(state.outgoing(&event));
        }
        done
    }

    /// Queues deliveries. The caller holds the state's lock, which keeps them in the order of their events.
    fn send(&self, postings: Vec<Posting>) {
        for posting in postings {
            if self.0.post.try_send(posting).is_err() {
                tracing::warn!("a webhook event was dropped: too many wait for delivery");
            }
        }
    }

    pub(super) fn delivers_twice(&self) -> bool {
        self.state().switches.deliver_twice
    }
}

fn live_event(event: &RoomEvent) -> Value {
    let (resource, name) = event.kind.names();
    let data = match &event.kind {
        EventKind::Pressed(action) => json!(action),
        EventKind::Posted | EventKind::Edited | EventKind::Deleted => json!(event.message),
    };
    json!({ "type": format!("{resource}/{name}"), "actorId": event.actor, "data": data })
}
