//! The contract of a store of changes, questions, deliveries and what is to be sent: one operation per decision, each durable when it
//! returns.

use std::{io, path::PathBuf};

use jiff::{SignedDuration, Timestamp};

use crate::{
    change::{
        Answer, Change, ChangeId, ChangeRequest, Claimed, Decide, End, Event, Filter, RequestId, RolloutFailure, RunId,
        Update,
    },
    notice::{Notice, Receipt, Received},
    outbox::{Enqueued, Outgoing, SendEnd, Unsent},
    question::{Question, Replied, Reply},
    topic::{Topic, TopicPlace},
};

#[cfg(any(test, feature = "testing"))]
pub mod contract;
#[cfg(any(test, feature = "testing"))]
pub mod memory;

/// Minimum time that a delivery is remembered. Webex repeats deliveries for minutes, not for days.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(48);

/// How long a no is remembered, for an order that was said before it and is delivered after it.
pub const STOPS_REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// What a newer request has replaced: its cards are to be closed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Superseded {
    /// The older requests, superseded or expired.
    pub requests: Vec<ChangeRequest>,
    /// The older questions, superseded or expired.
    pub questions: Vec<Question>,
}

/// The result of recording a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// It was recorded, and has replaced this.
    New(Superseded),
    /// One of its commands was already recorded, as part of this request of the same message. Nothing was written.
    AlreadyThere(Box<ChangeRequest>),
}

/// The result of claiming a change.
#[derive(Debug)]
pub enum ClaimResult {
    /// It is recorded as claimed by this run, which may send it once.
    Won(Box<Claimed>),
    /// This run cannot claim it in its current state, which is returned.
    Lost(Box<Change>),
    /// The approval is too old to act on. Nothing was written: the caller finishes it as stale.
    TooOld(Box<Change>),
    /// There is no such change.
    NotFound,
}

/// Changes found in the store. An unreadable record does not hide the others.
#[derive(Debug, Default)]
pub struct Found {
    /// The changes, oldest first.
    pub changes: Vec<Change>,
    /// One fault per unreadable record.
    pub unreadable: Vec<Fault>,
}

/// Stores change requests, questions and deliveries. There is no `get` followed by `put`, because two concurrent button
/// presses would both pass the `get`. [`Store::update`] reads, judges and writes one request in one compare-and-set. Every
/// operation here that moves a change is built on it, so that only this crate can create a [`Claimed`] change.
#[async_trait::async_trait]
pub trait Store: std::fmt::Debug + Send + Sync + 'static {
    /// The run of this process. A change that another run has claimed was not sent by this one.
    fn run(&self) -> &RunId;

    /// Records a request with all its changes, before anything else is done about it. In the same step it replaces the older
    /// requests that it [supersedes](ChangeRequest::supersedes), and the questions whose
    /// [place it takes](Question::is_superseded_by): a crash leaves no two open cards.
    async fn record(&self, request: ChangeRequest) -> Result<Recorded, Fault>;

    /// The change in its current state.
    async fn get(&self, id: ChangeId) -> Result<Option<Change>, Fault>;

    /// The request in its current state.
    async fn request(&self, id: RequestId) -> Result<Option<ChangeRequest>, Fault>;

    /// Reads the request, applies the update with [`Update::apply`] and writes the result, in one compare-and-set that
    /// is durable when this returns. Returns the updated request and the answer; `None` if there is no such request.
    async fn update(
        &self,
        id: RequestId,
        update: Update,
        now: Timestamp,
    ) -> Result<Option<(ChangeRequest, Answer)>, Fault>;

    /// Changes recorded since then that have ended and whose outcome was not reported to the room, because the run
    /// crashed first or Webex rejected the message. Excludes changes that ended before their card was posted, which
    /// have nothing to report.
    async fn unreported(&self, since: Timestamp) -> Result<Found, Fault>;

    /// Changes that only this program can bring to an outcome: approved, claimed or of unknown outcome, or waiting
    /// without a card. Call it at startup before serving anything: later, such changes may be in progress.
    async fn unfinished(&self) -> Result<Found, Fault>;

    /// Waiting changes that are past their expiry: each has to be expired and its card closed.
    async fn expired_open(&self, now: Timestamp) -> Result<Found, Fault>;

    /// At most `most` changes that match the filter, newest first.
    async fn newest(&self, filter: &Filter, most: usize) -> Result<Found, Fault>;

    /// At most `most` changes that this person requested in this room, newest first.
    async fn requested_by(&self, person_id: &str, room: &str, most: usize) -> Result<Found, Fault>;

    /// The applied changes that undo this one, oldest first.
    async fn undone_by(&self, id: ChangeId) -> Result<Found, Fault>;

    /// The undecided changes that this person requested, expired or not.
    async fn waiting_of(&self, person_id: &str) -> Result<Found, Fault>;

    /// Records a question unless it is already recorded. Returns the recorded question.
    async fn ask(&self, question: Question) -> Result<Question, Fault>;

    /// The question in its current state.
    async fn question(&self, id: ChangeId) -> Result<Option<Question>, Fault>;

    /// Records the id of the message with the question's card; `None` if there is no such question.
    async fn question_posted(&self, id: ChangeId, message_id: &str) -> Result<Option<Question>, Fault>;

    /// Applies a reply to a question in one compare-and-set. Returns the updated question and the result of the reply;
    /// `None` if there is no such question.
    async fn reply(&self, id: ChangeId, reply: &Reply, now: Timestamp) -> Result<Option<(Question, Replied)>, Fault>;

    /// The open questions, expired or not, oldest first; of one person, or of all.
    async fn open_questions(&self, person_id: Option<&str>) -> Result<Vec<Question>, Fault>;

    /// The questions asked since then that are not open any more, oldest first.
    async fn ended_questions(&self, since: Timestamp) -> Result<Vec<Question>, Fault>;

    /// Records what was discussed in these places, each unless a later topic is recorded there.
    async fn note_topics(&self, topics: Vec<(TopicPlace, Topic)>, now: Timestamp) -> Result<(), Fault>;

    /// The topics that are still remembered ([`Topic::is_fresh`]), in any order.
    async fn topics(&self, now: Timestamp) -> Result<Vec<(TopicPlace, Topic)>, Fault>;

    /// Puts a notice on record, unless it was received before. It is remembered for at least [`REMEMBERED`] after it was
    /// handled.
    async fn receive(&self, notice: &Notice, now: Timestamp) -> Result<Received, Fault>;

    /// Records that the turn of a notice has ended.
    async fn handled(&self, notice: &Notice, now: Timestamp) -> Result<(), Fault>;

    /// The received notices whose turn has not ended, in the order of their arrival.
    async fn unhandled(&self) -> Result<Vec<Receipt>, Fault>;

    /// Records that this person said no in this place, at this time by Webex's clock. It is remembered for
    /// [`STOPS_REMEMBERED`].
    async fn stop(&self, place: &TopicPlace, person_id: &str, said: Timestamp, now: Timestamp) -> Result<(), Fault>;

    /// Whether this person said no after this time, in the room or in this thread of it.
    async fn is_stopped(&self, place: &TopicPlace, person_id: &str, said: Timestamp) -> Result<bool, Fault>;

    /// The changes that this message, or this press, ordered, oldest first.
    async fn ordered_by(&self, message_id: &str) -> Result<Found, Fault>;

    /// Puts on record what is to be sent, unless its key is on record. The unsent edits that it supersedes
    /// ([`Outgoing::supersedes`]) have ended then.
    async fn enqueue(&self, outgoing: &Outgoing, now: Timestamp) -> Result<Enqueued, Fault>;

    /// Whether something is on record under this key, sent or not.
    async fn is_enqueued(&self, key: &str) -> Result<bool, Fault>;

    /// What is to be sent, in the order in which it was put on record.
    async fn unsent(&self) -> Result<Vec<Unsent>, Fault>;

    /// Counts an attempt to send it that got no answer.
    async fn note_doubt(&self, key: &str) -> Result<(), Fault>;

    /// Records that its sending has ended. Its key is remembered for at least [`REMEMBERED`] after that.
    async fn end_sending(&self, key: &str, end: SendEnd, now: Timestamp) -> Result<(), Fault>;

    /// How often this message was edited.
    async fn edits(&self, message_id: &str) -> Result<u32, Fault>;

    /// Counts an edit of this message before it is sent, unless it would be more than `most`. Returns whether it is counted.
    async fn count_edit(&self, message_id: &str, most: u32, now: Timestamp) -> Result<bool, Fault>;

    /// Takes back the count of an edit that Webex has certainly not made.
    async fn uncount_edit(&self, message_id: &str) -> Result<(), Fault>;

    /// Records the id of the message with the card; `None` if there is no such request.
    async fn card_posted(&self, id: RequestId, message_id: &str) -> Result<Option<ChangeRequest>, Fault> {
        note(self, id, Update::CardPosted(message_id.to_owned())).await
    }

    /// Records the id of the progress message of a change; `None` if there is no such change.
    async fn progress_posted(&self, item: ItemId, message_id: &str) -> Result<Option<Change>, Fault> {
        note_item(self, item, Update::ProgressPosted(item.change, message_id.to_owned())).await
    }

    /// Records that the failure of a change's rollout was told, and in which message; `None` if there is no such change.
    async fn failure_posted(&self, item: ItemId, failure: RolloutFailure) -> Result<Option<Change>, Fault> {
        note_item(self, item, Update::FailurePosted(item.change, failure)).await
    }

    /// Records that the outcome of a change, including the rollout's, was reported to the room as it was `told`, or is on record to be sent there, unless it has
    /// moved since. Returns the change as it is on record; `None` if there is no such change.
    async fn mark_reported(&self, told: &Change) -> Result<Option<Change>, Fault> {
        note_item(self, told.into(), Update::Reported(told.id(), Box::new(told.state().clone()))).await
    }

    /// Decides a request if it is open. Returns the request in its resulting state, and the answer; `None` if there is no
    /// such request.
    async fn decide(
        &self,
        id: RequestId,
        decide: &Decide,
        now: Timestamp,
    ) -> Result<Option<(ChangeRequest, Answer)>, Fault> {
        self.update(id, Update::Decide(decide.clone()), now).await
    }

    /// Claims an approved change for this run; `generation` is the live object's current `metadata.generation`.
    async fn claim(&self, item: ItemId, generation: i64, now: Timestamp) -> Result<ClaimResult, Fault> {
        take(self, item, Event::Claim { generation, run_id: self.run().clone() }, now).await
    }

    /// Claims, once, a change that a crashed run had claimed: only at the same generation, and while the approval is
    /// fresh. A run cannot claim again what it has claimed itself.
    async fn claim_again(&self, item: ItemId, generation: i64, now: Timestamp) -> Result<ClaimResult, Fault> {
        take(self, item, Event::ClaimAgain { generation, run_id: self.run().clone() }, now).await
    }

    /// Records the outcome of a change. Returns the change in its resulting state, and [`Answer::Ended`] or
    /// [`Answer::Unchanged`]; `None` if there is no such change.
    async fn finish(&self, item: ItemId, end: End, now: Timestamp) -> Result<Option<(Change, Answer)>, Fault> {
        advance(self, item, Event::End(end), now).await
    }
}

/// A change, and the request that it is an item of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemId {
    /// The request.
    pub request: RequestId,
    /// The change.
    pub change: ChangeId,
}

impl From<&Change> for ItemId {
    fn from(change: &Change) -> Self {
        Self { request: change.request(), change: change.id() }
    }
}

async fn note<S: Store + ?Sized>(store: &S, id: RequestId, update: Update) -> Result<Option<ChangeRequest>, Fault> {
    // These updates do not depend on the time.
    let noted = store.update(id, update, Timestamp::UNIX_EPOCH).await?;
    Ok(noted.map(|(request, _)| request))
}

async fn note_item<S: Store + ?Sized>(store: &S, item: ItemId, update: Update) -> Result<Option<Change>, Fault> {
    let noted = note(store, item.request, update).await?;
    Ok(noted.and_then(|request| request.item(item.change).cloned()))
}

async fn advance<S: Store + ?Sized>(
    store: &S,
    item: ItemId,
    event: Event,
    now: Timestamp,
) -> Result<Option<(Change, Answer)>, Fault> {
    let updated = store.update(item.request, Update::Item(item.change, event), now).await?;
    Ok(updated.and_then(|(request, answer)| Some((request.item(item.change)?.clone(), answer))))
}

async fn take<S: Store + ?Sized>(store: &S, item: ItemId, event: Event, now: Timestamp) -> Result<ClaimResult, Fault> {
    let Some((change, answer)) = advance(store, item, event, now).await? else { return Ok(ClaimResult::NotFound) };
    if answer == Answer::TooOld {
        return Ok(ClaimResult::TooOld(Box::new(change)));
    }
    if answer != Answer::Claimed {
        return Ok(ClaimResult::Lost(Box::new(change)));
    }
    let corrupt = || Fault::Corrupt { id: item.change.to_string(), why: "claimed, and not in that state".into() };
    Claimed::won(change).map(|claimed| ClaimResult::Won(Box::new(claimed))).ok_or_else(corrupt)
}

/// The underlying error of a store's own library.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a store operation failed. Meant for the operator: it contains file names and ids, never messages or values.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Another process uses this file.
    #[error(
        "another readback serves from `{}`: it holds `{}`; stop it, or give this one a file of its own",
        .file.display(),
        .lock.display()
    )]
    InUse {
        /// The database file.
        file: PathBuf,
        /// The lock file.
        lock: PathBuf,
    },
    /// The file was written by a later version of this program.
    #[error("`{}` is of format {found} and this readback knows {known}: start the newer readback that wrote it", .file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// The file's format version.
        found: i64,
        /// The newest format version that this program supports.
        known: i64,
    },
    /// The file belongs to another program.
    #[error("`{}` is no file of readback: name another one", .file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// The file cannot be opened.
    #[error("cannot open `{}`", .file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// The underlying error.
        #[source]
        source: Cause,
    },
    /// A file system operation failed.
    #[error("cannot use `{}`", .file.display())]
    File {
        /// The file or directory.
        file: PathBuf,
        /// The underlying error.
        #[source]
        source: io::Error,
    },
    /// A record that this program would not have written.
    #[error("the record of change `{id}` cannot be read: {why}")]
    Corrupt {
        /// The id, as recorded.
        id: String,
        /// What is wrong with it, without any value from it.
        why: String,
    },
    /// A change is too large to be recorded.
    #[error("a change of {bytes} bytes is too big to be recorded; {most} are the most")]
    TooBig {
        /// Its size in bytes.
        bytes: usize,
        /// The maximum size in bytes.
        most: usize,
    },
    /// A concurrent write happened, although only this process can write.
    #[error("change `{0}` was written by somebody else at the same moment")]
    Raced(ChangeId),
    /// The file was deleted, emptied or replaced while this process used it. What it wrote since is not in it.
    #[error("`{}` is not the database that was opened: it was deleted, emptied or replaced; put it back and restart", .file.display())]
    Lost {
        /// The file.
        file: PathBuf,
    },
    /// The file system has no space left, or takes no writes.
    #[error("the database takes no writes")]
    NoWrites(#[source] Cause),
    /// The file's contents are damaged.
    #[error("the database file is damaged: restore it from a backup")]
    Damaged(#[source] Cause),
    /// A database operation failed.
    #[error("the database failed")]
    Database(#[source] Cause),
    /// The operation was interrupted: the process is stopping, or the operation panicked.
    #[error("the work on the database was cut off")]
    CutOff,
}
