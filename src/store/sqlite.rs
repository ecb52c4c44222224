//! Stores changes in one SQLite file, for one serving process.
//!
//! The file is private to its owner and uses a write-ahead log that is flushed at every commit. A lock on `<file>.lock`
//! excludes a second serving process. One thread writes; a few connections read beside it. Reading the file while a process serves from it, as an audit does, is allowed
//! ([`Archive`]).

use std::{collections::BTreeSet, path::PathBuf};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use tokio::task::spawn_blocking;

use readback_core::{
    change::{Answer, Change, ChangeId, ChangeRequest, Filter, RequestId, RunId, Status, Update},
    notice::{Notice, Receipt, Received},
    outbox::{Enqueued, Outgoing, SendEnd, Unsent},
    question::{Question, Replied, Reply},
    store::{Fault, Found, Recorded, Store, Superseded},
    topic::{Topic, TopicPlace},
};

mod archive;
mod edits;
mod failed;
mod health;
mod inbox;
mod open;
mod outbox;
mod questions;
mod readers;
mod retention;
mod rows;
mod schema;
mod search;
mod stops;
mod topics;
mod writer;

pub use archive::Archive;
pub use retention::Removed;
pub use search::Cursor;

use failed::Failed;
use readers::Readers;
use writer::Writer;

/// A store in one SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    // Closed first: the last connection to be closed has to be the one that can empty the write-ahead log.
    readers: Readers,
    writer: Writer,
    pruned: retention::Progress,
    run_id: RunId,
}

impl Sqlite {
    /// Opens the file for serving, and creates it if it does not exist; its folder must exist. Fails with
    /// [`Fault::InUse`] while another process serves from it.
    pub async fn open(file: impl Into<PathBuf>) -> Result<Self, Fault> {
        let file = file.into();
        spawn_blocking(move || {
            let database = open::to_serve(&file)?;
            let readers = Readers::open(database.file.path())?;
            let writer = Writer::start(database).map_err(|source| Fault::File { file, source })?;
            Ok(Self { readers, writer, pruned: retention::Progress::default(), run_id: RunId::fresh() })
        })
        .await
        .map_err(|_| Fault::CutOff)?
    }

    /// Checks that the file is still the one that was opened, and takes writes.
    ///
    /// # Errors
    /// It is not, or does not.
    pub async fn check(&self, now: Timestamp) -> Result<(), Fault> {
        self.write(move |connection| health::beat(connection, now)).await
    }

    /// Removes some of what nobody needs any more; call it again and again. Changes go only if the operator keeps them for a
    /// time, when they are older than that.
    ///
    /// # Errors
    /// The file cannot be read, or takes no writes. Nothing was removed then.
    pub async fn prune(&self, keep: Option<SignedDuration>, now: Timestamp) -> Result<Removed, Fault> {
        let mut over = Vec::new();
        if let Some(horizon) = keep.and_then(|keep| now.checked_sub(keep).ok()) {
            let after = self.pruned.place();
            let (found, next) = self.read(move |connection| retention::over(connection, horizon, after)).await?;
            self.pruned.note(next);
            over = found;
        }
        self.write(move |connection| retention::remove(connection, &over, now)).await
    }

    /// Has `work` done in a transaction that is on the disk when this returns, or not at all. What runs after it sees it.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Fault> {
        self.writer.run(work).await
    }

    /// Has `work` read one state of the file: with everything that [`Self::write`] has returned from.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Fault> {
        self.readers.run(work).await
    }
}

/// Reads, judges and writes one request as one compare-and-set. Only the changes that `judge` has modified are written.
fn edit<T>(
    connection: &Connection,
    id: RequestId,
    judge: impl FnOnce(ChangeRequest) -> (ChangeRequest, T),
) -> Result<Option<(ChangeRequest, T)>, Failed> {
    let Some((request, rows)) = rows::of_request(connection, id)? else { return Ok(None) };
    let (request, answer) = judge(request);
    for (row, item) in rows.iter().zip(request.items()).filter(|(row, item)| row.change != **item) {
        rows::replace(connection, row, item)?;
    }
    Ok(Some((request, answer)))
}

/// Records a request in place of what it supersedes, unless one of its changes is on record.
fn record(connection: &Connection, request: &ChangeRequest) -> Result<Recorded, Failed> {
    for item in request.items() {
        if let Some(there) = rows::read(connection, item.id())?
            && let Some((there, _)) = rows::of_request(connection, there.change.request())?
        {
            return Ok(Recorded::AlreadyThere(Box::new(there)));
        }
    }
    let replaced = supersede(connection, request)?;
    for item in request.items() {
        rows::insert(connection, item)?;
    }
    Ok(Recorded::New(replaced))
}

/// Ends the open requests and questions that `newer` takes the place of. An unreadable one is left to a person.
fn supersede(connection: &Connection, newer: &ChangeRequest) -> Result<Superseded, Failed> {
    let unreadable = |fault: &Fault| tracing::error!(error = %fault, "a request on record cannot be superseded");
    let order = newer.first().order();
    let person = &order.requester.person_id;
    let waiting = rows::waiting_of(connection, person)?;
    waiting.unreadable.iter().for_each(unreadable);
    let mut replaced = Superseded::default();
    let ids: BTreeSet<RequestId> = waiting.changes.iter().map(Change::request).collect();
    for id in ids {
        match edit(connection, id, |older| newer.supersede(&older).map_or((older, false), |moved| (moved, true))) {
            Ok(Some((older, true))) => replaced.requests.push(older),
            Ok(_) => {}
            Err(Failed(fault @ Fault::Corrupt { .. })) => unreadable(&fault),
            Err(failed) => return Err(failed),
        }
    }
    for older in questions::open(connection, Some(person))?.iter().filter(|older| older.is_superseded_by(newer)) {
        let replied = questions::reply(connection, older.id, &Reply::Supersede, order.created)?;
        replaced.questions.extend(replied.map(|(older, _)| older));
    }
    Ok(replaced)
}

#[async_trait::async_trait]
impl Store for Sqlite {
    fn run(&self) -> &RunId {
        &self.run_id
    }

    async fn record(&self, request: ChangeRequest) -> Result<Recorded, Fault> {
        self.write(move |connection| record(connection, &request)).await
    }

    async fn get(&self, id: ChangeId) -> Result<Option<Change>, Fault> {
        self.read(move |connection| Ok(rows::read(connection, id)?.map(|row| row.change))).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<ChangeRequest>, Fault> {
        self.read(move |connection| Ok(rows::of_request(connection, id)?.map(|(request, _)| request))).await
    }

    async fn update(
        &self,
        id: RequestId,
        update: Update,
        now: Timestamp,
    ) -> Result<Option<(ChangeRequest, Answer)>, Fault> {
        self.write(move |connection| edit(connection, id, |request| update.apply(request, now))).await
    }

    async fn unreported(&self, since: Timestamp) -> Result<Found, Fault> {
        let mut found = self.read(move |connection| rows::untold_since(connection, since)).await?;
        found.changes.retain(Change::is_unreported);
        Ok(found)
    }

    async fn unfinished(&self) -> Result<Found, Fault> {
        let mut found = self.read(rows::open).await?;
        found.changes.retain(|change| change.status() != Status::Waiting || change.card().is_none());
        Ok(found)
    }

    async fn expired_open(&self, now: Timestamp) -> Result<Found, Fault> {
        let mut found = self.read(move |connection| rows::waiting_until(connection, now)).await?;
        found.changes.retain(|change| change.is_past(now));
        Ok(found)
    }

    async fn newest(&self, filter: &Filter, most: usize) -> Result<Found, Fault> {
        let filter = filter.clone();
        self.read(move |connection| search::newest(connection, &filter, most)).await
    }

    async fn requested_by(&self, person_id: &str, room: &str, most: usize) -> Result<Found, Fault> {
        let (person, room) = (person_id.to_owned(), room.to_owned());
        self.read(move |connection| search::requested_by(connection, &person, &room, most)).await
    }

    async fn undone_by(&self, id: ChangeId) -> Result<Found, Fault> {
        self.read(move |connection| search::undone_by(connection, id)).await
    }

    async fn waiting_of(&self, person_id: &str) -> Result<Found, Fault> {
        let person_id = person_id.to_owned();
        self.read(move |connection| rows::waiting_of(connection, &person_id)).await
    }

    async fn ask(&self, question: Question) -> Result<Question, Fault> {
        self.write(move |connection| questions::ask(connection, question)).await
    }

    async fn question(&self, id: ChangeId) -> Result<Option<Question>, Fault> {
        self.read(move |connection| questions::read(connection, id)).await
    }

    async fn question_posted(&self, id: ChangeId, message_id: &str) -> Result<Option<Question>, Fault> {
        let card = Some(message_id.to_owned());
        let noted = self.write(move |connection| questions::edit(connection, id, |question| question.card = card));
        Ok(noted.await?.map(|(question, ())| question))
    }

    async fn reply(&self, id: ChangeId, reply: &Reply, now: Timestamp) -> Result<Option<(Question, Replied)>, Fault> {
        let reply = reply.clone();
        self.write(move |connection| questions::reply(connection, id, &reply, now)).await
    }

    async fn ended_questions(&self, since: Timestamp) -> Result<Vec<Question>, Fault> {
        self.read(move |connection| questions::ended(connection, since)).await
    }
    async fn open_questions(&self, person_id: Option<&str>) -> Result<Vec<Question>, Fault> {
        let person_id = person_id.map(str::to_owned);
        self.read(move |connection| questions::open(connection, person_id.as_deref())).await
    }

    async fn note_topics(&self, topics: Vec<(TopicPlace, Topic)>, now: Timestamp) -> Result<(), Fault> {
        self.write(move |connection| topics::note(connection, &topics, now)).await
    }

    async fn topics(&self, now: Timestamp) -> Result<Vec<(TopicPlace, Topic)>, Fault> {
        self.read(move |connection| topics::fresh(connection, now)).await
    }

    async fn receive(&self, notice: &Notice, now: Timestamp) -> Result<Received, Fault> {
        let notice = notice.clone();
        self.write(move |connection| inbox::receive(connection, &notice, now)).await
    }

    async fn handled(&self, notice: &Notice, now: Timestamp) -> Result<(), Fault> {
        let notice = notice.clone();
        self.write(move |connection| inbox::handled(connection, &notice, now)).await
    }

    async fn unhandled(&self) -> Result<Vec<Receipt>, Fault> {
        self.read(inbox::unhandled).await
    }

    async fn stop(&self, place: &TopicPlace, person_id: &str, said: Timestamp, now: Timestamp) -> Result<(), Fault> {
        let (place, person) = (place.clone(), person_id.to_owned());
        self.write(move |connection| stops::note(connection, &place, &person, said, now)).await
    }

    async fn is_stopped(&self, place: &TopicPlace, person_id: &str, said: Timestamp) -> Result<bool, Fault> {
        let (place, person) = (place.clone(), person_id.to_owned());
        self.read(move |connection| stops::is_stopped(connection, &place, &person, said)).await
    }

    async fn ordered_by(&self, message_id: &str) -> Result<Found, Fault> {
        let message_id = message_id.to_owned();
        self.read(move |connection| rows::ordered_by(connection, &message_id)).await
    }

    async fn enqueue(&self, outgoing: &Outgoing, now: Timestamp) -> Result<Enqueued, Fault> {
        let outgoing = outgoing.clone();
        self.write(move |connection| outbox::enqueue(connection, &outgoing, now)).await
    }

    async fn is_enqueued(&self, key: &str) -> Result<bool, Fault> {
        let key = key.to_owned();
        self.read(move |connection| Ok(outbox::state(connection, &key)?.is_some())).await
    }

    async fn unsent(&self) -> Result<Vec<Unsent>, Fault> {
        self.read(outbox::unsent).await
    }

    async fn note_doubt(&self, key: &str) -> Result<(), Fault> {
        let key = key.to_owned();
        self.write(move |connection| outbox::note_doubt(connection, &key)).await
    }

    async fn end_sending(&self, key: &str, end: SendEnd, now: Timestamp) -> Result<(), Fault> {
        let key = key.to_owned();
        self.write(move |connection| outbox::end(connection, &key, end, now)).await
    }

    async fn edits(&self, message_id: &str) -> Result<u32, Fault> {
        let message = message_id.to_owned();
        self.read(move |connection| edits::of(connection, &message)).await
    }

    async fn count_edit(&self, message_id: &str, most: u32, now: Timestamp) -> Result<bool, Fault> {
        let message = message_id.to_owned();
        self.write(move |connection| edits::count(connection, &message, most, now)).await
    }

    async fn uncount_edit(&self, message_id: &str) -> Result<(), Fault> {
        let message = message_id.to_owned();
        self.write(move |connection| edits::uncount(connection, &message)).await
    }
}

#[cfg(test)]
mod scale;
#[cfg(test)]
mod tests;
