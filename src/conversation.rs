//! One message or one press, from arrival to reply. The only orchestrator: everything it calls either decides without
//! acting, or acts without deciding.

use std::{
    ops::Deref,
    sync::{Arc, Mutex},
    time::Instant,
};

use anyhow::Context;
use tokio::sync::watch;

use crate::{clock, edge::Notice, store::sqlite::Sqlite, words};
use readback_cluster::Clusters;
use readback_core::{
    change::ChangeId,
    domain::Person,
    policy::{Policy, Rules},
    resolve::Directory,
};
use readback_webex as webex;
use readback_webex::Webex;

mod answer;
mod ask;
mod authorization;
mod batch;
mod batch_rollouts;
mod card_action;
mod dialogue;
mod executor;
mod follow;
#[cfg(test)]
mod interleave;
mod message;
mod order;
mod posting;
mod reader;
mod recover;
mod send;
mod spec;
mod topics;
mod undo;

pub use follow::{Followers, Following};
pub use reader::MessageReader;

/// What one bot works with.
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

/// The bot. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Bot(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Dependencies,
    topics: Mutex<topics::Topics>,
    /// What was told last of rollouts that belong to several changes.
    told: Mutex<batch_rollouts::RolloutTexts>,
    /// What the last run left behind and could not be settled at the start.
    unsettled: Mutex<Vec<ChangeId>>,
}

impl Deref for Inner {
    type Target = Dependencies;

    fn deref(&self) -> &Dependencies {
        &self.parts
    }
}

/// Where an answer belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ReplyTarget {
    room: String,
    /// The first message of the thread; none where that is not known.
    thread: Option<String>,
}

impl Bot {
    /// A bot of these parts.
    pub fn new(parts: Dependencies) -> Self {
        Self(Arc::new(Inner { parts, topics: Mutex::default(), told: Mutex::default(), unsettled: Mutex::default() }))
    }

    /// Handles one notice to its end. What goes wrong is logged in full under a reference, and the room is told the reference.
    pub async fn handle(self, notice: Notice) {
        let start = Instant::now();
        let outcome = match &notice {
            Notice::Message { id, .. } => self.message(id).await,
            Notice::Press { id, .. } => self.press(id).await,
        };
        let took = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let kind = notice.kind();
        match outcome {
            Ok(outcome) => {
                metrics::counter!("readback_turns_total", "kind" => kind, "outcome" => outcome).increment(1);
                tracing::info!(kind, outcome, duration_ms = took, "turn");
            }
            Err(fault) => self.report(&notice, &fault, took).await,
        }
    }

    /// The one place where a fault becomes words for a person.
    async fn report(&self, notice: &Notice, fault: &Fault, took: u64) {
        let reference = words::reference(notice.id());
        let kind = notice.kind();
        metrics::counter!("readback_turns_total", "kind" => kind, "outcome" => "fault").increment(1);
        tracing::error!(reference, kind, duration_ms = took, error = format!("{:#}", fault.cause), "turn failed");
        let Some(place) = &fault.place else { return };
        let text = words::fault(&reference, fault.nothing_changed);
        if let Err(error) = self.post(place, &text, None).await {
            tracing::error!(reference, error = format!("{error:#}"), "the room could not be told");
        }
    }

    /// The policy as it is now.
    fn policy(&self) -> Arc<Policy> {
        self.0.policy.borrow().clone()
    }

    /// Whether it only observes in this room.
    fn observes(&self, room: &str) -> bool {
        self.0.observe || self.policy().observes(room)
    }

    fn directory(&self) -> Arc<Directory> {
        self.0.names.borrow().clone()
    }

    /// Whether it is the bot that wrote or pressed.
    fn is_me(&self, person_id: &str) -> bool {
        webex::id::same(person_id, &self.0.me.id)
    }
}

/// Something an operator must look at.
#[derive(Debug)]
struct Fault {
    cause: anyhow::Error,
    /// Where somebody waits for an answer, if that is known yet.
    place: Option<ReplyTarget>,
    /// Whether it is certain that nothing was sent to the cluster.
    nothing_changed: bool,
}

/// What a turn came to, in a word for the log.
type Turn = Result<&'static str, Fault>;

/// Gives an error the place where somebody waits.
trait At<T> {
    /// Before anything was sent to the cluster.
    fn before(self, place: &ReplyTarget, doing: &'static str) -> Result<T, Fault>;
    /// After something may have been sent.
    fn after(self, place: &ReplyTarget, doing: &'static str) -> Result<T, Fault>;
    /// Before it is known who waits, and where.
    fn unplaced(self, doing: &'static str) -> Result<T, Fault>;
}

impl<T, E> At<T> for Result<T, E>
where
    Result<T, E>: Context<T, E>,
{
    fn before(self, place: &ReplyTarget, doing: &'static str) -> Result<T, Fault> {
        self.context(doing).map_err(|cause| Fault { cause, place: Some(place.clone()), nothing_changed: true })
    }

    fn after(self, place: &ReplyTarget, doing: &'static str) -> Result<T, Fault> {
        self.context(doing).map_err(|cause| Fault { cause, place: Some(place.clone()), nothing_changed: false })
    }

    fn unplaced(self, doing: &'static str) -> Result<T, Fault> {
        self.context(doing).map_err(|cause| Fault { cause, place: None, nothing_changed: true })
    }
}

/// The time, from the one place that knows it.
fn now() -> jiff::Timestamp {
    clock::now()
}
