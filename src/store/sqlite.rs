//! Stores changes in one SQLite file, for one serving process.
//!
//! The file is private to its owner and uses a write-ahead log that is flushed at every commit. A lock on `<file>.lock`
//! excludes a second serving process. Reading the file while a process serves from it, as an audit does, is allowed
//! ([`Archive`]).

use std::{fs::File, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use tokio::{sync::Mutex, task::spawn_blocking};

use readback_core::{
    change::{Answer, Change, ChangeId, Filter, RunId, Status, Update},
    notice::{Notice, Receipt, Received},
    question::{Question, Replied, Reply},
    store::{Fault, Found, Recorded, Store},
    topic::{Topic, TopicPlace},
};

mod archive;
mod failed;
mod health;
mod inbox;
mod open;
mod questions;
mod rows;
mod stops;
mod topics;

pub use archive::Archive;

use failed::Failed;
use health::OpenedFile;

/// A store in one SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    inner: Arc<Mutex<OpenDatabase>>,
    file: OpenedFile,
    run_id: RunId,
}

#[derive(Debug)]
struct OpenDatabase {
    // Fields are dropped in this order: the lock must be held until the connection is closed.
    connection: Connection,
    _lock: File,
}

impl Sqlite {
    /// Opens the file for serving, and creates it if it does not exist; its folder must exist. Fails with
    /// [`Fault::InUse`] while another process serves from it.
    pub async fn open(file: impl Into<PathBuf>) -> Result<Self, Fault> {
        let file = file.into();
        let (connection, file, lock) =
            spawn_blocking(move || open::to_serve(&file)).await.map_err(|_| Fault::CutOff)??;
        let inner = Arc::new(Mutex::new(OpenDatabase { connection, _lock: lock }));
        Ok(Self { inner, file, run_id: RunId::fresh() })
    }

    /// Checks that the file is still the one that was opened, and takes writes.
    ///
    /// # Errors
    /// It is not, or does not.
    pub async fn check(&self, now: Timestamp) -> Result<(), Fault> {
        let file = self.file.clone();
        self.with(move |connection| health::check(connection, &file, now)).await
    }

    /// Runs `work` on a blocking thread. The guard of the connection moves with it, so that a cancelled caller does not
    /// release the connection while the work is still running.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Fault> {
        let mut inner = Arc::clone(&self.inner).lock_owned().await;
        let done = spawn_blocking(move || work(&mut inner.connection)).await.map_err(|_| Fault::CutOff)?;
        done.map_err(|Failed(fault)| fault)
    }
}

/// Reads, judges and writes one change as one compare-and-set. If `judge` does not modify the change, nothing is
/// written.
fn edit<T>(
    connection: &mut Connection,
    id: ChangeId,
    judge: impl FnOnce(Change) -> (Change, T),
) -> Result<Option<(Change, T)>, Failed> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(row) = rows::read(&transaction, id)? else { return Ok(None) };
    let (change, answer) = judge(row.change.clone());
    if change != row.change {
        rows::replace(&transaction, &row, &change)?;
        transaction.commit()?;
    }
    Ok(Some((change, answer)))
}

impl Store for Sqlite {
    fn run(&self) -> &RunId {
        &self.run_id
    }

    async fn record(&self, change: Change) -> Result<Recorded, Fault> {
        let file = self.file.clone();
        self.with(move |connection| {
            // Nothing is done that would not be on record.
            file.check()?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if let Some(there) = rows::read(&transaction, change.id())? {
                return Ok(Recorded::AlreadyThere(Box::new(there.change)));
            }
            rows::insert(&transaction, &change)?;
            transaction.commit()?;
            Ok(Recorded::New)
        })
        .await
    }

    async fn get(&self, id: ChangeId) -> Result<Option<Change>, Fault> {
        self.with(move |connection| Ok(rows::read(connection, id)?.map(|row| row.change))).await
    }

    async fn update(&self, id: ChangeId, update: Update, now: Timestamp) -> Result<Option<(Change, Answer)>, Fault> {
        self.with(move |connection| edit(connection, id, |change| update.apply(change, now))).await
    }

    async fn unreported(&self, since: Timestamp) -> Result<Found, Fault> {
        let mut found = self.with(move |connection| rows::untold_since(connection, since)).await?;
        found.changes.retain(Change::is_unreported);
        Ok(found)
    }

    async fn unfinished(&self) -> Result<Found, Fault> {
        let mut found = self.with(|connection| rows::open(connection)).await?;
        found.changes.retain(|change| change.status() != Status::Waiting || change.card().is_none());
        Ok(found)
    }

    async fn expired_open(&self, now: Timestamp) -> Result<Found, Fault> {
        let mut found = self.with(move |connection| rows::waiting_until(connection, now)).await?;
        found.changes.retain(|change| change.is_past(now));
        Ok(found)
    }

    async fn newest(&self, filter: &Filter, most: usize) -> Result<Found, Fault> {
        let filter = filter.clone();
        self.with(move |connection| rows::newest(connection, &filter, most)).await
    }

    async fn waiting_of(&self, person_id: &str) -> Result<Found, Fault> {
        let person_id = person_id.to_owned();
        self.with(move |connection| rows::waiting_of(connection, &person_id)).await
    }

    async fn ask(&self, question: Question) -> Result<Question, Fault> {
        self.with(move |connection| questions::ask(connection, question)).await
    }

    async fn question(&self, id: ChangeId) -> Result<Option<Question>, Fault> {
        self.with(move |connection| questions::read(connection, id)).await
    }

    async fn question_posted(&self, id: ChangeId, message_id: &str) -> Result<Option<Question>, Fault> {
        let card = Some(message_id.to_owned());
        let noted = self.with(move |connection| questions::edit(connection, id, |question| question.card = card));
        Ok(noted.await?.map(|(question, ())| question))
    }

    async fn reply(&self, id: ChangeId, reply: &Reply, now: Timestamp) -> Result<Option<(Question, Replied)>, Fault> {
        let reply = reply.clone();
        self.with(move |connection| questions::reply(connection, id, &reply, now)).await
    }

    async fn open_questions(&self, person_id: Option<&str>) -> Result<Vec<Question>, Fault> {
        let person_id = person_id.map(str::to_owned);
        self.with(move |connection| questions::open(connection, person_id.as_deref())).await
    }

    async fn note_topics(&self, topics: Vec<(TopicPlace, Topic)>, now: Timestamp) -> Result<(), Fault> {
        self.with(move |connection| topics::note(connection, &topics, now)).await
    }

    async fn topics(&self, now: Timestamp) -> Result<Vec<(TopicPlace, Topic)>, Fault> {
        self.with(move |connection| topics::fresh(connection, now)).await
    }

    async fn receive(&self, notice: &Notice, now: Timestamp) -> Result<Received, Fault> {
        let notice = notice.clone();
        let file = self.file.clone();
        self.with(move |connection| {
            file.check()?;
            inbox::receive(connection, &notice, now)
        })
        .await
    }

    async fn handled(&self, notice: &Notice, now: Timestamp) -> Result<(), Fault> {
        let notice = notice.clone();
        self.with(move |connection| inbox::handled(connection, &notice, now)).await
    }

    async fn unhandled(&self) -> Result<Vec<Receipt>, Fault> {
        self.with(|connection| inbox::unhandled(connection)).await
    }

    async fn stop(&self, place: &TopicPlace, person_id: &str, said: Timestamp, now: Timestamp) -> Result<(), Fault> {
        let (place, person) = (place.clone(), person_id.to_owned());
        self.with(move |connection| stops::note(connection, &place, &person, said, now)).await
    }

    async fn is_stopped(&self, place: &TopicPlace, person_id: &str, said: Timestamp) -> Result<bool, Fault> {
        let (place, person) = (place.clone(), person_id.to_owned());
        self.with(move |connection| stops::is_stopped(connection, &place, &person, said)).await
    }

    async fn ordered_by(&self, message_id: &str) -> Result<Found, Fault> {
        let message_id = message_id.to_owned();
        self.with(move |connection| rows::ordered_by(connection, &message_id)).await
    }
}

#[cfg(test)]
mod tests;
