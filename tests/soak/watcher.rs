//! What the bot says in the room, as it happens.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinSet;

/// What was posted so shortly before a kill may not be known to the bot.
const UNKNOWN_AFTER: Duration = Duration::from_secs(3);

/// A message of the bot.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) id: String,
    /// The first message of its thread.
    pub(super) thread: String,
    pub(super) text: String,
    /// The inputs of its buttons.
    pub(super) buttons: Vec<Value>,
    pub(super) deleted: bool,
    posted: Instant,
    /// The bot may not know that it has posted it.
    pub(super) doubtful: bool,
}

impl Said {
    /// The inputs of the button with this press.
    pub(super) fn button(&self, press: &str) -> Option<&Value> {
        self.buttons.iter().find(|inputs| inputs["press"] == press && !self.deleted)
    }
}

#[derive(Default)]
struct Watched {
    said: HashMap<String, Said>,
    threads: HashMap<String, Vec<String>>,
    /// What the first version of a card had as its buttons, by message.
    first_buttons: HashMap<String, Vec<Value>>,
}

/// Watches until it is dropped.
pub(super) struct Watcher {
    watched: Arc<Mutex<Watched>>,
    _watching: JoinSet<()>,
}

impl Watcher {
    /// Watches what the person with this id says.
    pub(super) fn of(bot: &str, mut live: Receiver<Value>) -> Self {
        let watched = Arc::new(Mutex::new(Watched::default()));
        let (noted, bot) = (Arc::clone(&watched), bot.to_owned());
        let mut watching = JoinSet::new();
        watching.spawn(async move {
            loop {
                match live.recv().await {
                    Ok(event) if event["data"]["personId"] == bot.as_str() => locked(&noted).note(&event),
                    Ok(_) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                    Err(lagged @ tokio::sync::broadcast::error::RecvError::Lagged(_)) => panic!("{lagged}"),
                }
            }
        });
        Self { watched, _watching: watching }
    }

    /// The messages in the thread of `root` that are there, oldest first.
    pub(super) fn thread(&self, root: &str) -> Vec<Said> {
        let watched = locked(&self.watched);
        let ids = watched.threads.get(root).into_iter().flatten();
        ids.map(|id| watched.said[id].clone()).filter(|said| !said.deleted).collect()
    }

    /// Whether the bot has said anything in the thread of `root`.
    pub(super) fn answered(&self, root: &str) -> bool {
        locked(&self.watched).threads.contains_key(root)
    }

    /// The messages with a Confirm.
    pub(super) fn open_cards(&self) -> Vec<Said> {
        let watched = locked(&self.watched);
        watched.said.values().filter(|said| said.button("confirm").is_some()).cloned().collect()
    }

    /// A message in the thread of `root` whose Confirm is gone, with the inputs that it had.
    pub(super) fn closed_card(&self, root: &str) -> Option<(String, Value)> {
        let watched = locked(&self.watched);
        let mut ids = watched.threads.get(root)?.iter();
        ids.find_map(|id| {
            let said = watched.said.get(id).filter(|said| !said.deleted && said.button("confirm").is_none())?;
            let confirm = watched.first_buttons.get(id)?.iter().find(|inputs| inputs["press"] == "confirm")?;
            Some((said.id.clone(), confirm.clone()))
        })
    }

    /// The bot was killed: it may not know what it has just posted.
    pub(super) fn note_kill(&self) {
        let mut watched = locked(&self.watched);
        let fresh = watched.said.values_mut().filter(|said| said.posted.elapsed() < UNKNOWN_AFTER);
        fresh.for_each(|said| said.doubtful = true);
    }

    /// The answers to the posting of these were lost on their way to the bot.
    pub(super) fn note_lost(&self, lost: &HashSet<String>) {
        let mut watched = locked(&self.watched);
        watched.said.values_mut().filter(|said| lost.contains(&said.id)).for_each(|said| said.doubtful = true);
    }
}

impl Watched {
    fn note(&mut self, event: &Value) {
        let message = &event["data"];
        let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
        let (id, thread) = (text("id"), message["parentId"].as_str().map_or_else(|| text("id"), str::to_owned));
        let actions = message["attachments"][0]["content"]["actions"].as_array();
        let buttons: Vec<Value> = actions.into_iter().flatten().map(|action| action["data"].clone()).collect();
        match event["type"].as_str() {
            Some("messages/created") => {
                self.threads.entry(thread.clone()).or_default().push(id.clone());
                self.first_buttons.insert(id.clone(), buttons.clone());
                let text = text("markdown");
                let posted = Instant::now();
                self.said
                    .insert(id.clone(), Said { id, thread, text, buttons, deleted: false, posted, doubtful: false });
            }
            Some("messages/updated") => {
                if let Some(said) = self.said.get_mut(&id) {
                    (said.text, said.buttons) = (text("markdown"), buttons);
                }
            }
            Some("messages/deleted") => {
                if let Some(said) = self.said.get_mut(&id) {
                    said.deleted = true;
                }
            }
            Some(_) | None => {}
        }
    }
}

fn locked(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}
