//! The outbox: what a room has to be told is on record before it is sent, and is sent until Webex takes it or refuses it for
//! good. What is said in one thread is sent one after the other. While Webex takes everything, a turn sends its own; what it
//! does not take is sent later, beside the next turns and by the next run.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinSet,
};

mod lane;
mod resumption;

use super::{
    editing::{Edit, Edited, edit},
    lost_post,
    send_policy::{Verdict, is_too_old, judge},
};
use crate::{clock::now, edge::OwnMessages, supervisor::Shutdown};
use lane::{Lane, Next, Waiting, gauge};
use readback_core::{
    outbox::{Content, Enqueued, Instead, MOST_EDITS, Outgoing, SendEnd, Unsent},
    store::{Fault, Store},
};
use readback_webex::{Post, Webex, WebexError};

/// Maximum threads in which something is sent again at the same time.
const AT_ONCE: usize = 16;

/// The pause after something that is no call of Webex to send has failed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

struct State {
    webex: Webex,
    store: Arc<dyn Store>,
    lanes: Mutex<HashMap<Lane, Waiting>>,
    /// Told when a thread waits that nobody holds.
    left: Notify,
    at_once: Semaphore,
    own: OwnMessages,
    /// The bot's id, once it is known.
    bot: OnceLock<String>,
    /// What was put on record before this was perhaps sent by an earlier run.
    started: Timestamp,
    /// Whether what the last run left has been taken up.
    resumed: AtomicBool,
    /// Until then: the edits and deletions of this run.
    sent_before: Mutex<Vec<Outgoing>>,
}

/// Sends what is on record. Clones are the same one.
#[derive(Clone)]
pub struct Outbox(Arc<State>);

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("threads", &self.lanes().len()).finish_non_exhaustive()
    }
}

impl Outbox {
    /// An outbox on this store. Nothing is read or sent yet.
    pub fn new(webex: Webex, store: Arc<dyn Store>, own: OwnMessages) -> Self {
        let (lanes, left, at_once) = (Mutex::default(), Notify::new(), Semaphore::new(AT_ONCE));
        let (bot, started, resumed) = (OnceLock::new(), now(), AtomicBool::new(false));
        Self(Arc::new(State {
            webex,
            store,
            lanes,
            left,
            at_once,
            own,
            bot,
            started,
            resumed,
            sent_before: Mutex::default(),
        }))
    }

    /// Tells it the bot's own id, by which it finds what was posted without an answer.
    pub(super) fn identify(&self, bot: &str) {
        self.0.bot.get_or_init(|| bot.to_owned());
    }

    /// Notes a message of the bot that was posted with an answer.
    pub(super) fn know(&self, message: &str) {
        self.0.own.know(message);
    }

    /// Puts it on record, unless its key is.
    pub(super) async fn record(&self, outgoing: &Outgoing) -> Result<Enqueued, Fault> {
        self.0.store.enqueue(outgoing, now()).await
    }

    /// Sends what is new on record: at once, behind what waits in its thread. Returns when it is sent, or waits.
    pub(super) async fn send(&self, outgoing: Outgoing) {
        let lane = Lane::of(&outgoing);
        // It may be sent before an older edit of its message is read.
        if !self.is_resumed() && !matches!(outgoing.content, Content::Post { .. }) {
            self.sent_before().push(outgoing.clone());
        }
        let unsent = Unsent { outgoing, recorded: now(), doubts: 0 };
        // Who holds the thread sends this, too.
        let Some(held) = self.put(&lane, unsent, true) else { return };
        while self.send_first(&held.lane).await == Next::Now {}
    }

    /// Sends what turns could not send, until the shutdown. The rest stays on record for the next run.
    ///
    /// # Errors
    /// Never; the type is the one of a supervised task.
    pub async fn run(self, stop: Shutdown) -> anyhow::Result<()> {
        let mut lanes = JoinSet::new();
        loop {
            for held in self.hold_all() {
                lanes.spawn(held.drain(stop.clone()));
            }
            tokio::select! {
                biased;
                () = stop.requested() => break,
                () = self.0.left.notified() => {}
                Some(ended) = lanes.join_next() => if let Err(error) = ended {
                    tracing::error!(%error, "sending what is on record failed");
                },
            }
        }
        while lanes.join_next().await.is_some() {}
        Ok(())
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<Lane, Waiting>> {
        self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts it behind what waits in its thread, and drops what it supersedes there. Returns the thread if nobody holds it and
    /// the caller is to `hold` it.
    fn put(&self, lane: &Lane, unsent: Unsent, hold: bool) -> Option<Held> {
        let mut lanes = self.lanes();
        let (waiting, is_first) = match lanes.entry(lane.clone()) {
            Entry::Occupied(waiting) => (waiting.into_mut(), false),
            Entry::Vacant(place) => (place.insert(Waiting::empty(hold)), true),
        };
        waiting.unsent.retain(|other| !unsent.outgoing.supersedes(&other.outgoing));
        waiting.unsent.push_back(unsent);
        gauge(&lanes);
        (is_first && hold).then(|| Held { outbox: self.clone(), lane: lane.clone() })
    }

    /// Holds every thread that nobody holds.
    fn hold_all(&self) -> Vec<Held> {
        let mut lanes = self.lanes();
        let free = lanes.iter_mut().filter(|(_, waiting)| !waiting.is_held);
        let hold = |(lane, waiting): (&Lane, &mut Waiting)| {
            waiting.is_held = true;
            Held { outbox: self.clone(), lane: lane.clone() }
        };
        free.map(hold).collect()
    }

    /// Sends the first of a thread, and says when the next one is to be sent.
    async fn send_first(&self, lane: &Lane) -> Next {
        let first = self.lanes().get(lane).and_then(|waiting| Some((waiting.unsent.front()?.clone(), waiting.tries)));
        let Some((unsent, tries)) = first else { return Next::Empty };
        let key = &unsent.outgoing.key;
        match self.is_outdated(&unsent.outgoing).await {
            Ok(true) => return self.end(lane, key, SendEnd::Outdated).await,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, key, "whether something is still to be said could not be read; trying again");
                return self.note_failure(lane, key, LOOK_AGAIN, false);
            }
        }
        let called = match self.find(&unsent).await {
            // What the last run left for too long is not called for at all.
            _ if is_too_old(&unsent, now()) => Ok(None),
            Ok(true) => Ok(Some(Called::Done)),
            Ok(false) => self.call(&unsent.outgoing).await.map(Some),
            Err(error) => {
                tracing::warn!(%error, key, "whether the room was told could not be looked up; trying again");
                return self.note_failure(lane, key, LOOK_AGAIN, false);
            }
        };
        let end = match called {
            Ok(None) => SendEnd::GivenUp,
            Ok(Some(Called::Done)) => SendEnd::Sent,
            Ok(Some(Called::NotEdited(instead))) => {
                if let Err(error) = self.replace(lane, &unsent.outgoing, instead).await {
                    tracing::error!(%error, key, "what replaces a message is not on record; trying again");
                    return self.note_failure(lane, key, LOOK_AGAIN, false);
                }
                SendEnd::Refused
            }
            Err(error) => match judge(&unsent, tries, &error, now()) {
                Verdict::End(end) => {
                    tracing::warn!(%error, key, end = end.as_str(), "what the room was to be told is not told");
                    end
                }
                Verdict::Again { after, doubt } => {
                    tracing::warn!(%error, key, after_s = after.as_secs(), "the room could not be told; trying again");
                    if doubt && let Err(error) = self.0.store.note_doubt(key).await {
                        tracing::warn!(%error, key, "that a room was perhaps told could not be noted");
                    }
                    return self.note_failure(lane, key, after, doubt);
                }
            },
        };
        self.end(lane, key, end).await
    }

    /// Records that the sending has ended, and removes it from its thread.
    async fn end(&self, lane: &Lane, key: &str, end: SendEnd) -> Next {
        if let Err(error) = self.0.store.end_sending(key, end, now()).await {
            tracing::error!(%error, key, "that the room was told could not be noted; the next start tells it again");
        }
        self.remove(lane, key)
    }

    /// Whether the request that it speaks of as waiting has been decided meanwhile.
    async fn is_outdated(&self, outgoing: &Outgoing) -> Result<bool, Fault> {
        let Some(id) = outgoing.while_waits else { return Ok(false) };
        let request = self.0.store.request(id).await?;
        Ok(request.is_none_or(|request| !request.is_waiting() || request.is_past(now())))
    }

    /// Looks for what was perhaps posted before. Returns whether it is there.
    async fn find(&self, unsent: &Unsent) -> Result<bool, WebexError> {
        let is_in_doubt = unsent.doubts > 0 || unsent.recorded < self.0.started;
        let Some(bot) = self.0.bot.get().filter(|_| is_in_doubt) else { return Ok(false) };
        let found = lost_post::find(&self.0.webex, &self.0.own, bot, unsent).await?;
        if let Some(found) = &found {
            tracing::info!(key = unsent.outgoing.key, "a message whose posting was not answered is found");
            self.know(found);
        }
        Ok(found.is_some())
    }

    async fn call(&self, outgoing: &Outgoing) -> Result<Called, WebexError> {
        match &outgoing.content {
            Content::Post { markdown, card } => {
                let (room, parent) = (outgoing.room.clone(), outgoing.thread.clone());
                let post = Post { room, parent, markdown: markdown.clone(), card: card.clone() };
                let posted = match self.0.webex.post(&post).await {
                    Err(WebexError::Refused { .. }) if card.is_some() => {
                        tracing::info!(key = outgoing.key, "Webex refuses a card; its text is sent");
                        self.0.webex.post(&Post { card: None, ..post }).await
                    }
                    posted => posted,
                };
                match posted {
                    Ok(posted) => {
                        self.know(&posted);
                        Ok(Called::Done)
                    }
                    // It is there; nobody needs its id.
                    Err(WebexError::Malformed { .. }) => Ok(Called::Done),
                    Err(error) => Err(error),
                }
            }
            Content::Edit { message, markdown, card, instead } => {
                let new = Edit { message, room: &outgoing.room, markdown, card: card.as_ref() };
                match edit(&self.0.webex, &*self.0.store, &new, MOST_EDITS).await {
                    // Webex has it, and its answer cannot be read.
                    Ok(Edited::Made) | Err(WebexError::Malformed { .. }) => Ok(Called::Done),
                    Ok(Edited::Refused | Edited::Gone | Edited::UsedUp) => Ok(Called::NotEdited(*instead)),
                    Err(error) => Err(error),
                }
            }
            Content::Delete { message } => match self.0.webex.delete(message).await {
                Ok(()) | Err(WebexError::NotFound { .. }) => Ok(Called::Done),
                Err(error) => Err(error),
            },
        }
    }

    /// Puts on record what is sent because a message cannot be edited: before anything else of the thread.
    async fn replace(&self, lane: &Lane, edit: &Outgoing, instead: Instead) -> Result<(), Fault> {
        let Content::Edit { message, markdown, .. } = &edit.content else { return Ok(()) };
        let is_first = |waiting: &Waiting| waiting.unsent.front().is_some_and(|first| first.outgoing.key == edit.key);
        // A newer edit has taken its place: that is refused itself.
        if !self.lanes().get(lane).is_some_and(is_first) {
            return Ok(());
        }
        tracing::info!(key = edit.key, "a message could not be edited; it is deleted");
        let of = |name: &str, content| {
            let key = format!("{} {name}", edit.key);
            Outgoing { key, content, ends: Vec::new(), ..edit.clone() }
        };
        let anew = of("anew", Content::Post { markdown: markdown.clone(), card: None });
        let deleted = of("deleted", Content::Delete { message: message.clone() });
        let new = match instead {
            Instead::Post => vec![anew, deleted],
            Instead::Delete => vec![deleted],
        };
        // What is on record last is sent first: after a crash between the two, the edit is tried again.
        for outgoing in new {
            match self.record(&outgoing).await? {
                Enqueued::New => {
                    let unsent = Unsent { outgoing, recorded: now(), doubts: 0 };
                    if let Some(waiting) = self.lanes().get_mut(lane) {
                        waiting.unsent.insert(1.min(waiting.unsent.len()), unsent);
                    }
                }
                Enqueued::Waiting | Enqueued::Ended => {}
            }
        }
        Ok(())
    }

    /// Removes what has ended from its thread.
    fn remove(&self, lane: &Lane, key: &str) -> Next {
        let mut lanes = self.lanes();
        let Some(waiting) = lanes.get_mut(lane) else { return Next::Empty };
        // Another one may have superseded it meanwhile.
        waiting.unsent.retain(|unsent| unsent.outgoing.key != key);
        (waiting.tries, waiting.pause) = (0, Duration::ZERO);
        let next = if waiting.unsent.is_empty() { Next::Empty } else { Next::Now };
        gauge(&lanes);
        next
    }

    /// Notes that the first of a thread was not taken.
    fn note_failure(&self, lane: &Lane, key: &str, after: Duration, doubt: bool) -> Next {
        let mut lanes = self.lanes();
        let Some(waiting) = lanes.get_mut(lane) else { return Next::Empty };
        waiting.tries += 1;
        waiting.pause = after;
        for unsent in waiting.unsent.iter_mut().filter(|unsent| unsent.outgoing.key == key) {
            unsent.doubts += u32::from(doubt);
        }
        Next::Later
    }
}

/// What came of a call.
enum Called {
    Done,
    /// The message cannot be edited.
    NotEdited(Instead),
}

/// A thread in which nobody else sends. When this is dropped, what is left is sent by the next one who holds it.
struct Held {
    outbox: Outbox,
    lane: Lane,
}

impl Held {
    /// Sends what waits in the thread, until nothing does or the service stops.
    async fn drain(self, stop: Shutdown) {
        loop {
            let pause = self.outbox.lanes().get(&self.lane).map_or(Duration::ZERO, |waiting| waiting.pause);
            tokio::select! {
                biased;
                () = stop.requested() => return,
                () = tokio::time::sleep(pause) => {}
            }
            let Ok(_turn) = self.outbox.0.at_once.acquire().await else { return };
            if self.outbox.send_first(&self.lane).await == Next::Empty {
                return;
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut lanes = self.outbox.lanes();
        if let Entry::Occupied(mut waiting) = lanes.entry(self.lane.clone()) {
            if waiting.get().unsent.is_empty() {
                waiting.remove();
            } else {
                waiting.get_mut().is_held = false;
                self.outbox.0.left.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests;
