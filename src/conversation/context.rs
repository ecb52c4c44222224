//! What everything about a conversation works with, and the few questions that all of it asks.

use std::{
    ops::Deref,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    fault::ReplyTarget, reader::MessageReader, request::Request, rollout_queue::Followers, rollout_texts::RolloutTexts,
    topics::Topics,
};
use crate::{clock, store::sqlite::Sqlite};
use readback_cluster::{Cluster, Clusters};
use readback_core::{
    change::{Change, ChangeId, ChangeSpec, Filter, Store, store},
    domain::{Intent, ObjectRef, Person},
    policy::{Denial, Policy, Rules},
    resolve::Directory,
};
use readback_nlu::yes;
use readback_webex as webex;
use readback_webex::Webex;

/// Maximum changes of one batch: more would be a card that nobody reads.
pub(super) const MAX_BATCH: usize = 30;
/// The changes of a message are put on record within this time of each other, however slow the cluster is.
const BATCH_SPREAD: jiff::SignedDuration = jiff::SignedDuration::from_mins(60);

/// What a conversation depends on.
#[derive(Debug)]
pub struct Dependencies {
    /// The room's side.
    pub webex: Webex,
    /// The bot itself.
    pub me: Person,
    /// The clusters' side.
    pub clusters: Clusters,
    /// The live names.
    pub names: watch::Receiver<Arc<Directory>>,
    /// Understanding.
    pub reader: MessageReader,
    /// The changes on record.
    pub store: Sqlite,
    /// Who may do what, where; it can change while the bot runs.
    pub policy: watch::Receiver<Arc<Policy>>,
    /// How sure the model has to be, and what holds where no Deployment is known yet.
    pub rules: Rules,
    /// Whether it only observes, everywhere.
    pub observe: bool,
    /// Where rollouts are followed.
    pub followers: Followers,
}

/// The dependencies, and what is remembered between requests. Shared by everything that handles them.
#[derive(Debug)]
pub(super) struct Context {
    dependencies: Dependencies,
    /// What was talked about last, by room and thread.
    pub(super) topics: Mutex<Topics>,
    /// What was told last of rollouts that belong to a batch.
    rollout_texts: Mutex<RolloutTexts>,
    /// What the last run left behind and could not be settled at the start.
    pub(super) unsettled: Mutex<Vec<ChangeId>>,
}

impl Deref for Context {
    type Target = Dependencies;

    fn deref(&self) -> &Dependencies {
        &self.dependencies
    }
}

impl Context {
    /// A context that remembers nothing yet.
    pub(super) fn new(dependencies: Dependencies) -> Self {
        Self { dependencies, topics: Mutex::default(), rollout_texts: Mutex::default(), unsettled: Mutex::default() }
    }

    /// The policy as it is now.
    pub(super) fn policy(&self) -> Arc<Policy> {
        self.policy.borrow().clone()
    }

    /// Whether it only observes in this room.
    pub(super) fn observes(&self, room: &str) -> bool {
        self.observe || self.policy().observes(room)
    }

    /// The live names.
    pub(super) fn directory(&self) -> Arc<Directory> {
        self.names.borrow().clone()
    }

    /// Whether it is the bot that wrote or pressed.
    pub(super) fn is_me(&self, person_id: &str) -> bool {
        webex::id::same(person_id, &self.me.id)
    }

    /// Whether the message is a plain yes to this bot.
    pub(super) fn is_yes(&self, request: &Request<'_>) -> bool {
        yes::is_yes(request.text, &self.me.name)
    }

    /// All the changes that were ordered together with this one, in their order, as they are on record now.
    pub(super) async fn batch_of(&self, change: &Change) -> Result<Vec<Change>, store::Fault> {
        let order = change.order();
        let filter = Filter {
            batch: order.batch,
            since: order.created.checked_sub(BATCH_SPREAD).ok(),
            until: order.created.checked_add(BATCH_SPREAD).ok(),
            ..Filter::default()
        };
        let mut batch = self.store.newest(&filter, MAX_BATCH).await?.changes;
        batch.sort_by_key(|change| change.order().position);
        Ok(batch)
    }

    /// What was told last of a rollout that belongs to a batch.
    pub(super) fn last_told(&self, id: ChangeId) -> Option<String> {
        self.rollout_texts.lock().ok()?.get(id)
    }

    /// Notes what is told of a rollout that belongs to a batch.
    pub(super) fn note_told(&self, id: ChangeId, text: String) {
        if let Ok(mut texts) = self.rollout_texts.lock() {
            texts.note(id, text);
        }
    }

    /// Notes what a request was about, so that the next one can say "it".
    pub(super) fn note_topic(&self, place: &ReplyTarget, object: &ObjectRef, ordered: Option<&ChangeSpec>) {
        if let Ok(mut topics) = self.topics.lock() {
            topics.note(place, object, ordered, now());
        }
    }

    /// The Deployment that was talked about last, to offer it where no name was said.
    pub(super) fn last_topic(&self, place: &ReplyTarget) -> Option<ObjectRef> {
        self.topics.lock().ok()?.recall(place, now()).map(|topic| topic.object)
    }

    /// Why the bot's own role does not let it do this there, if it does not.
    pub(super) fn lacks(&self, request: &Request<'_>, verb: Intent, object: &ObjectRef) -> Option<Denial> {
        // What is sent under a person's own name, their role decides.
        if verb.is_write() && request.policy.impersonates() {
            return None;
        }
        let lacking = self.clusters.rights(object).lacks(verb)?;
        Some(Denial::OwnRole { verb, namespace: object.namespace.clone(), lacking })
    }

    /// The verbs that the bot's role allows somewhere.
    pub(super) fn offered(&self) -> Vec<Intent> {
        let rights: Vec<_> = self.clusters.iter().flat_map(Cluster::all_rights).collect();
        let somewhere = |verb: &Intent| rights.iter().any(|rights| rights.lacks(*verb).is_none());
        Intent::ALL.into_iter().filter(somewhere).collect()
    }
}

/// Lets every line of the log in this turn carry a change and its cluster.
pub(super) fn record_in_span(change: &Change) {
    let turn = tracing::Span::current();
    turn.record("change", tracing::field::display(change.id()));
    turn.record("cluster", tracing::field::display(&change.target().cluster));
}

/// The span of what goes on about a change outside a turn: a rollout that is followed, a recovery.
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

/// The time, from the one place that knows it.
pub(super) fn now() -> Timestamp {
    clock::now()
}
