//! What every store of changes must do: one verb per decision, each of them durable when it returns.

use std::{future::Future, io, path::PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::{Answer, Change, ChangeId, Claimed, Decide, End, Event, Filter, RunId, step};
use crate::question::{Question, Replied, Reply};

/// How long a delivery is remembered at least. Webex repeats for minutes, not for days.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(48);

/// What came of recording a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// It is on record now.
    New,
    /// The same command of the same message was on record, as this. Nothing was written.
    AlreadyThere(Box<Change>),
}

/// What came of claiming a change.
#[derive(Debug)]
pub enum ClaimResult {
    /// It is on record as claimed by this run, which may send it once.
    Won(Box<Claimed>),
    /// It is in no state in which this run could claim it; this is how it stands.
    Lost(Box<Change>),
    /// The approval is too old to act on. Nothing was written: finish it as stale.
    TooOld(Box<Change>),
    /// There is no such change.
    NotFound,
}

/// Some changes on record. One that cannot be read does not hide the others.
#[derive(Debug, Default)]
pub struct Found {
    /// The changes, oldest first.
    pub changes: Vec<Change>,
    /// A fault for each record that cannot be read.
    pub unreadable: Vec<Fault>,
}

/// What a delivery from Webex is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A message was posted.
    Message,
    /// A card was pressed.
    Action,
}

impl Delivery {
    /// The name on record.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Action => "action",
        }
    }
}

/// One thing that is noted on, or happens to, a change on record. A store applies it in one compare-and-set.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// Something that [`step`](super::step()) judges.
    Event(Event),
    /// This message carries the card.
    CardPosted(String),
    /// This message tells the progress.
    ProgressPosted(String),
    /// The room was told how it ended, its rollout included.
    Reported,
}

impl Update {
    /// The change after the update, and what to answer: [`Answer::Unchanged`] for what is only noted. Pure.
    #[must_use]
    pub fn apply(&self, mut change: Change, now: Timestamp) -> (Change, Answer) {
        match self {
            Self::Event(event) => {
                let (state, answer) = step(&change, event, now);
                return (change.moved(state), answer);
            }
            Self::CardPosted(message_id) => change.card = Some(message_id.clone()),
            Self::ProgressPosted(message_id) => change.progress = Some(message_id.clone()),
            Self::Reported => change.reported = true,
        }
        (change, Answer::Unchanged)
    }
}

/// Keeps changes, questions and what was delivered. There is no `get` then `put`: two presses would both pass the `get`.
/// [`Store::update`] reads, judges and writes one change in one compare-and-set, and everything that moves a change is
/// made of it here, so that only this crate gives out a [`Claimed`] change.
pub trait Store: Send + Sync + 'static {
    /// The run of this process: what another run has claimed, this one has not sent.
    fn run(&self) -> &RunId;

    /// Puts a change on record, before anything else is done about it.
    fn record(&self, change: Change) -> impl Future<Output = Result<Recorded, Fault>> + Send;

    /// The change as it stands.
    fn get(&self, id: ChangeId) -> impl Future<Output = Result<Option<Change>, Fault>> + Send;

    /// Reads the change, applies the update by [`Update::apply`] and writes what it leads to, in one compare-and-set, durable
    /// when it returns: the change as it stands afterwards, and the answer. `None` if there is no such change.
    fn update(
        &self,
        id: ChangeId,
        update: Update,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<(Change, Answer)>, Fault>> + Send;

    /// What was ordered since then, has ended, and whose end the room was not told: a run has died before it could, or Webex did
    /// not take it. What ended without anything to be told of, because no card had gone out, is not among them.
    fn unreported(&self, since: Timestamp) -> impl Future<Output = Result<Found, Fault>> + Send;

    /// What somebody still waits for and only this program can bring: approved, claimed or of unknown outcome, or waiting without a
    /// card. Asked at the start, before anything is served: later on these are at work.
    fn unfinished(&self) -> impl Future<Output = Result<Found, Fault>> + Send;

    /// What still waits and is past its time: each of them is to be expired, and its card closed.
    fn expired_open(&self, now: Timestamp) -> impl Future<Output = Result<Found, Fault>> + Send;

    /// The newest `most` changes that the filter picks, the newest first.
    fn newest(&self, filter: &Filter, most: usize) -> impl Future<Output = Result<Found, Fault>> + Send;

    /// What this person has ordered and nobody has decided, expired or not.
    fn waiting_of(&self, person_id: &str) -> impl Future<Output = Result<Found, Fault>> + Send;

    /// Puts a question on record, unless it is there already; the question as it stands.
    fn ask(&self, question: Question) -> impl Future<Output = Result<Question, Fault>> + Send;

    /// The question as it stands.
    fn question(&self, id: ChangeId) -> impl Future<Output = Result<Option<Question>, Fault>> + Send;

    /// Notes which message carries the card of a question; `None` if there is no such question.
    fn question_posted(
        &self,
        id: ChangeId,
        message_id: &str,
    ) -> impl Future<Output = Result<Option<Question>, Fault>> + Send;

    /// Replies to a question, in one compare-and-set: the question as it stands afterwards, and what became of the reply.
    /// `None` if there is no such question.
    fn reply(
        &self,
        id: ChangeId,
        reply: &Reply,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<(Question, Replied)>, Fault>> + Send;

    /// The questions that nothing has ended, past their time or not, oldest first; those of one person, or all.
    fn open_questions(&self, person_id: Option<&str>) -> impl Future<Output = Result<Vec<Question>, Fault>> + Send;

    /// Records this delivery: whether it was new. It is remembered for [`REMEMBERED`] at least.
    fn record_delivery(
        &self,
        delivery: Delivery,
        id: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, Fault>> + Send;

    /// Notes which message carries the card; `None` if there is no such change.
    fn card_posted(
        &self,
        id: ChangeId,
        message_id: &str,
    ) -> impl Future<Output = Result<Option<Change>, Fault>> + Send {
        note(self, id, Update::CardPosted(message_id.to_owned()))
    }

    /// Notes which message tells the progress; `None` if there is no such change.
    fn progress_posted(
        &self,
        id: ChangeId,
        message_id: &str,
    ) -> impl Future<Output = Result<Option<Change>, Fault>> + Send {
        note(self, id, Update::ProgressPosted(message_id.to_owned()))
    }

    /// Notes that the room was told how it ended, its rollout included; `None` if there is no such change.
    fn mark_reported(&self, id: ChangeId) -> impl Future<Output = Result<Option<Change>, Fault>> + Send {
        note(self, id, Update::Reported)
    }

    /// Decides it, if it is open: the change as it stands afterwards, and what to answer. `None` if there is no such change.
    fn decide(
        &self,
        id: ChangeId,
        decide: &Decide,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<(Change, Answer)>, Fault>> + Send {
        self.update(id, Update::Event(Event::Decide(decide.clone())), now)
    }

    /// Claims an approved change for this run; `generation` is the live object's `metadata.generation`, just read.
    fn claim(
        &self,
        id: ChangeId,
        generation: i64,
        now: Timestamp,
    ) -> impl Future<Output = Result<ClaimResult, Fault>> + Send {
        take(self, id, Event::ClaimResult { generation, run_id: self.run().clone() }, now)
    }

    /// Claims, once, what a run that has died had claimed: only at that same generation, and while the approval is fresh. What this
    /// run has claimed itself it cannot claim again.
    fn claim_again(
        &self,
        id: ChangeId,
        generation: i64,
        now: Timestamp,
    ) -> impl Future<Output = Result<ClaimResult, Fault>> + Send {
        take(self, id, Event::ClaimAgain { generation, run_id: self.run().clone() }, now)
    }

    /// Records how it ended: the change as it stands afterwards, and [`Answer::Ended`] or [`Answer::Unchanged`]. `None` if there is no
    /// such change.
    fn finish(
        &self,
        id: ChangeId,
        end: End,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<(Change, Answer)>, Fault>> + Send {
        self.update(id, Update::Event(Event::End(end)), now)
    }
}

async fn note<S: Store + ?Sized>(store: &S, id: ChangeId, update: Update) -> Result<Option<Change>, Fault> {
    // What is only noted depends on no moment.
    let noted = store.update(id, update, Timestamp::UNIX_EPOCH).await?;
    Ok(noted.map(|(change, _)| change))
}

async fn take<S: Store + ?Sized>(store: &S, id: ChangeId, event: Event, now: Timestamp) -> Result<ClaimResult, Fault> {
    let Some((change, answer)) = store.update(id, Update::Event(event), now).await? else {
        return Ok(ClaimResult::NotFound);
    };
    if answer == Answer::TooOld {
        return Ok(ClaimResult::TooOld(Box::new(change)));
    }
    if answer != Answer::Claimed {
        return Ok(ClaimResult::Lost(Box::new(change)));
    }
    let corrupt = || Fault::Corrupt { id: id.to_string(), why: "claimed, and not in that state".into() };
    Claimed::won(change).map(|claimed| ClaimResult::Won(Box::new(claimed))).ok_or_else(corrupt)
}

/// What a store's own library says went wrong.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a store could not do its work. For the operator: it names files and ids, never words or values.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Another process serves from this file.
    #[error(
        "another readback serves from `{}`: it holds `{}`; stop it, or give this one a file of its own",
        .file.display(),
        .lock.display()
    )]
    InUse {
        /// The file with the changes.
        file: PathBuf,
        /// The file that is locked.
        lock: PathBuf,
    },
    /// The file is of a later version than this program.
    #[error("`{}` is of format {found} and this readback knows {known}: start the newer readback that wrote it", .file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this program knows.
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
        /// Why.
        #[source]
        source: Cause,
    },
    /// The file system refuses.
    #[error("cannot use `{}`", .file.display())]
    File {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A record is not what this program writes.
    #[error("the record of change `{id}` cannot be read: {why}")]
    Corrupt {
        /// The id, as it stands on record.
        id: String,
        /// What is wrong with it; no value from it.
        why: String,
    },
    /// A change is too big to be recorded.
    #[error("a change of {bytes} bytes is too big to be recorded; {most} are the most")]
    TooBig {
        /// Its size.
        bytes: usize,
        /// The most that is allowed.
        most: usize,
    },
    /// Somebody else wrote in between, where nobody else can.
    #[error("change `{0}` was written by somebody else at the same moment")]
    Raced(ChangeId),
    /// The database refuses.
    #[error("the database failed")]
    Database(#[source] Cause),
    /// The work was cut off: the process is stopping, or the work panicked.
    #[error("the work on the database was cut off")]
    CutOff,
}
