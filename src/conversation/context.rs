//! The context shared by everything in a conversation: its dependencies, and the lookups that several handlers need.

use std::{
    collections::HashSet,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    execution::Execution, fault::ReplyTarget, last_words::LastWords, object_locks::ObjectLocks, outbox::Outbox,
    reader::MessageReader, request::Request, rollout_queue::Followers, rollout_texts::RolloutTexts, topics::Topics,
};
use crate::clock;
use readback_cluster::{Cluster, Clusters};
use readback_core::{
    change::{Change, ChangeId, ChangeRequest, ChangeSpec, Decision, Filter, Moment, State},
    domain::{Intent, ObjectRef, Person},
    policy::{Denial, Policy, Rules},
    resolve::Directory,
    store::{self, Store},
};
use readback_nlu::yes;
use readback_webex as webex;
use readback_webex::Webex;

/// Maximum changes in one request: nobody reads a longer card.
pub(super) const MAX_ITEMS: usize = 30;
/// How old a card may be that is still decided, generously.
const CARD_LIFE: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 7);

/// The dependencies of a conversation.
#[derive(Debug)]
pub struct Dependencies {
    /// The Webex client.
    pub webex: Webex,
    /// The bot's own Webex account.
    pub me: Person,
    /// The clusters.
    pub clusters: Clusters,
    /// The catalog of live object names.
    pub names: watch::Receiver<Arc<Directory>>,
    /// Turns message text into commands.
    pub reader: MessageReader,
    /// The stored changes and questions.
    pub store: Arc<dyn Store>,
    /// Who may do what, and where. It can be reloaded while the bot runs.
    pub policy: watch::Receiver<Arc<Policy>>,
    /// The confidence thresholds, and the limits that apply when no Deployment is known yet.
    pub rules: Rules,
    /// Whether the bot only observes, in every room.
    pub observe: bool,
    /// The queue of rollouts to follow.
    pub followers: Followers,
    /// What the rooms are told.
    pub outbox: Outbox,
}

/// The dependencies, and the state kept between requests. Shared by all handlers.
#[derive(Debug)]
pub(super) struct Context {
    dependencies: Dependencies,
    /// The Deployment discussed last, by room and thread.
    pub(super) topics: Mutex<Topics>,
    /// The last reported progress of each rollout on a card of several.
    rollout_texts: Mutex<RolloutTexts>,
    /// Changes left by the previous process that could not be settled at startup; the sweep retries them.
    pub(super) unsettled: Mutex<Vec<ChangeId>>,
    /// Changes of this process that a fault of the store has left without an outcome; the sweep settles them.
    unrecorded: Mutex<Vec<ChangeId>>,
    /// Changes of the previous process whose end could not be told at startup; the sweep retries them.
    pub(super) untold: Mutex<Vec<ChangeId>>,
    /// One change of an object at a time.
    pub(super) locks: ObjectLocks,
    /// Changes whose answer never came and whose request may still arrive.
    unanswered: Mutex<Vec<ChangeId>>,
    /// Changes whose rollouts are followed.
    followed: Mutex<HashSet<ChangeId>>,
    /// What was said last, by whom and to whom.
    last_words: Mutex<LastWords>,
    /// Held while a card that an earlier run did not post is posted.
    pub(super) asking: tokio::sync::Mutex<()>,
}

impl Deref for Context {
    type Target = Dependencies;

    fn deref(&self) -> &Dependencies {
        &self.dependencies
    }
}

impl Context {
    /// A context with empty state.
    pub(super) fn new(dependencies: Dependencies) -> Self {
        Self {
            dependencies,
            topics: Mutex::default(),
            rollout_texts: Mutex::default(),
            unsettled: Mutex::default(),
            unrecorded: Mutex::default(),
            untold: Mutex::default(),
            locks: ObjectLocks::default(),
            unanswered: Mutex::default(),
            followed: Mutex::default(),
            last_words: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// What was said last, by whom and to whom.
    pub(super) fn last_words(&self) -> MutexGuard<'_, LastWords> {
        self.last_words.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the rollout of this change is followed from now on. `false` if it is already.
    pub(super) fn begin_to_follow(&self, id: ChangeId) -> bool {
        self.followed.lock().is_ok_and(|mut followed| followed.insert(id))
    }

    /// Whether the rollout of this change is followed.
    pub(super) fn is_followed(&self, id: ChangeId) -> bool {
        self.followed.lock().is_ok_and(|followed| followed.contains(&id))
    }

    /// Notes that the rollout of this change is not followed any more.
    pub(super) fn end_to_follow(&self, id: ChangeId) {
        if let Ok(mut followed) = self.followed.lock() {
            followed.remove(&id);
        }
    }

    /// Has the object of a change looked at again, if its request may still arrive.
    pub(super) fn await_answer(&self, execution: &Execution) {
        if let Execution::Ended(change) = execution
            && change.awaits_answer()
        {
            self.note_unanswered(change.id());
        }
    }

    /// Has the object of this change looked at again.
    pub(super) fn note_unanswered(&self, id: ChangeId) {
        if let Ok(mut ids) = self.unanswered.lock()
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }

    /// The changes to look for now, each of which is noted again if its request may still arrive after that.
    pub(super) fn take_unanswered(&self) -> Vec<ChangeId> {
        self.unanswered.lock().map(|mut ids| std::mem::take(&mut *ids)).unwrap_or_default()
    }

    /// Has these changes settled as soon as the store takes writes.
    pub(super) fn note_unrecorded(&self, ids: impl IntoIterator<Item = ChangeId>) {
        if let Ok(mut unrecorded) = self.unrecorded.lock() {
            unrecorded.extend(ids);
        }
    }

    /// The changes to settle now, each of which is noted again if it cannot be.
    pub(super) fn take_unrecorded(&self) -> Vec<ChangeId> {
        self.unrecorded.lock().map(|mut ids| std::mem::take(&mut *ids)).unwrap_or_default()
    }

    /// The current policy.
    pub(super) fn policy(&self) -> Arc<Policy> {
        self.policy.borrow().clone()
    }

    /// Whether the bot only observes in this room.
    pub(super) fn observes(&self, room: &str) -> bool {
        self.observe || self.policy().observes(room)
    }

    /// The current catalog of live object names.
    pub(super) fn directory(&self) -> Arc<Directory> {
        self.names.borrow().clone()
    }

    /// Whether this person is the bot itself.
    pub(super) fn is_me(&self, person_id: &str) -> bool {
        webex::id::same(person_id, &self.me.id)
    }

    /// Whether the message is a plain yes addressed to this bot.
    pub(super) fn is_yes(&self, request: &Request<'_>) -> bool {
        yes::is_yes(request.text, &self.me.name)
    }

    /// The requests that these changes are items of, each of them once.
    pub(super) async fn requests_of(&self, changes: &[Change]) -> Result<Vec<ChangeRequest>, store::Fault> {
        let mut requests: Vec<ChangeRequest> = Vec::new();
        for change in changes {
            if requests.iter().any(|request| request.id() == change.request()) {
                continue;
            }
            match self.request_of(change).await {
                Ok(request) => requests.extend(request),
                // An unreadable record does not hide the others.
                Err(fault @ store::Fault::Corrupt { .. }) => {
                    tracing::error!(error = %fault, "a request on record cannot be read");
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(requests)
    }

    /// The request that this change is an item of.
    pub(super) async fn request_of(&self, change: &Change) -> Result<Option<ChangeRequest>, store::Fault> {
        if change.is_alone() {
            return Ok(Some(change.clone().into()));
        }
        self.store.request(change.request()).await
    }

    /// Whether the message or the press with this cause decided a card in this room. `said` bounds the search.
    pub(super) async fn has_decided(&self, cause: ChangeId, room: &str, said: Timestamp) -> Result<bool, store::Fault> {
        let since = said.checked_sub(CARD_LIFE).ok();
        let filter = Filter { room: Some(room.to_owned()), since, ..Filter::default() };
        let found = self.store.newest(&filter, usize::MAX).await?.changes;
        Ok(found.iter().any(|change| is_decided_by(change, cause)))
    }

    /// The last reported progress of a rollout on a card of several.
    pub(super) fn last_told(&self, id: ChangeId) -> Option<String> {
        self.rollout_texts.lock().ok()?.get(id)
    }

    /// Stores the reported progress of a rollout on a card of several.
    pub(super) fn note_told(&self, id: ChangeId, text: String) {
        if let Ok(mut texts) = self.rollout_texts.lock() {
            texts.note(id, text);
        }
    }

    /// Stores what a request was about, so that the next one can say "it".
    pub(super) fn note_topic(&self, place: &ReplyTarget, object: &ObjectRef, ordered: Option<&ChangeSpec>) {
        if let Ok(mut topics) = self.topics.lock() {
            topics.note(place, object, ordered, now());
        }
    }

    /// Puts on record what was discussed since the last call. What is not recorded is forgotten at a restart: the bot then asks.
    pub(super) async fn save_topics(&self) {
        let unsaved = self.topics.lock().map(|mut topics| topics.take_unsaved()).unwrap_or_default();
        if unsaved.is_empty() {
            return;
        }
        let places: Vec<_> = unsaved.iter().map(|(place, _)| place.clone()).collect();
        if let Err(error) = self.store.note_topics(unsaved, now()).await {
            if let Ok(mut topics) = self.topics.lock() {
                topics.put_back(places);
            }
            tracing::error!(error = format!("{error:#}"), "what the room talks about is not recorded");
        }
    }

    /// Recalls what the last run put on record.
    pub(super) async fn restore_topics(&self) {
        match self.store.topics(now()).await {
            Ok(recorded) => {
                if let Ok(mut topics) = self.topics.lock() {
                    topics.restore(recorded);
                }
            }
            Err(error) => tracing::error!(error = format!("{error:#}"), "what the rooms talked about is forgotten"),
        }
    }

    /// The Deployment discussed last, offered when a request names none.
    pub(super) fn last_topic(&self, place: &ReplyTarget) -> Option<ObjectRef> {
        self.topics.lock().ok()?.recall(place, now()).map(|topic| topic.object)
    }

    /// The denial if the bot's own role lacks the permissions for this verb on this object.
    pub(super) fn lacks(&self, request: &Request<'_>, verb: Intent, object: &ObjectRef) -> Option<Denial> {
        // Impersonated writes are authorized against the person's own role, not the bot's.
        if verb.is_write() && request.policy.impersonates() {
            return None;
        }
        let lacking = self.clusters.rights(object).lacks(verb)?;
        Some(Denial::OwnRole { verb, namespace: object.namespace.clone(), lacking })
    }

    /// The verbs that the bot's role allows in at least one place.
    pub(super) fn offered(&self) -> Vec<Intent> {
        let rights: Vec<_> = self.clusters.iter().flat_map(Cluster::all_rights).collect();
        let somewhere = |verb: &Intent| rights.iter().any(|rights| rights.lacks(*verb).is_none());
        Intent::ALL.into_iter().filter(somewhere).collect()
    }
}

/// Whether the message or the press with this cause decided the change, or was counted for it.
pub(super) fn is_decided_by(change: &Change, cause: ChangeId) -> bool {
    let counted: &[Decision] = if let State::Waiting { approvals } = change.state() { approvals } else { &[] };
    change.state().decision().into_iter().chain(counted).any(|decision| decision.cause == Some(cause))
}

/// Adds the change and its cluster to every log line of this turn.
pub(super) fn record_in_span(change: &Change) {
    let turn = tracing::Span::current();
    turn.record("change", tracing::field::display(change.id()));
    turn.record("cluster", tracing::field::display(&change.target().cluster));
}

/// The tracing span for work on a change outside a turn, such as following its rollout or recovering it.
pub(super) fn span_of(change: &Change) -> tracing::Span {
    let order = change.order();
    tracing::info_span!(
        "change",
        message = order.message_id,
        room = order.room_id,
        change = %change.id(),
        cluster = %order.target.cluster,
    )
}

/// The current time, from `clock`, the only place that reads the system clock.
pub(super) fn now() -> Timestamp {
    clock::now()
}

/// The current moment on the wall clock and on the clock of the machine.
pub(super) fn moment() -> Moment {
    clock::moment()
}
