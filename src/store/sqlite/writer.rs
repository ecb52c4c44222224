//! The one connection that writes, on a thread of its own. What waits for it is written in one transaction, so that all of it
//! shares one flush to the disk. Each piece of work has a savepoint of its own: one that fails takes no other with it. Nobody
//! hears of a success before it is on the disk.

use std::{
    collections::VecDeque,
    fmt,
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::{failed::Failed, health::OpenedFile};
use readback_core::store::Fault;

/// Maximum jobs that wait for the thread. Whoever finds no place waits for one.
const QUEUED: usize = 1_024;
/// Maximum jobs of one transaction: the first of them waits for the last.
const GROUP: usize = 256;

/// The connection that writes, and the lock that keeps it the only one.
#[derive(Debug)]
pub(super) struct OpenDatabase {
    // Fields are dropped in this order: the lock must be held until the connection is closed.
    pub(super) connection: Connection,
    pub(super) _lock: File,
    // Closing this releases the locks that SQLite holds on the file, so it is closed last.
    pub(super) file: OpenedFile,
}

/// The handle of the thread that writes. Dropping it waits until everything that was handed over is written.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(database: OpenDatabase) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUED);
        let thread = thread::Builder::new().name("store writer".into()).spawn(move || serve(database, queue))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Has `work` done in a transaction, and returns once that is committed. What an error leaves behind is rolled back. A
    /// caller that goes away before does not undo the work.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Work { call: Some(work), done: None, answer });
        let jobs = self.jobs.as_ref().ok_or(Fault::CutOff)?;
        jobs.send(job).await.map_err(|_| Fault::CutOff)?;
        answered.await.map_err(|_| Fault::CutOff)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was logged when it happened.
            let _ = thread.join();
        }
    }
}

/// One piece of work for the thread.
trait Job: Send {
    /// Does it. Returns whether what it wrote is to be kept.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Tells its caller how it ended. `lost` says why nothing of its transaction was kept.
    fn tell(self: Box<Self>, lost: Option<Fault>);
}

struct Work<T, W> {
    call: Option<W>,
    done: Option<Result<T, Fault>>,
    answer: oneshot::Sender<Result<T, Fault>>,
}

impl<T, W> Job for Work<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<T, Failed> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let Some(call) = self.call.take() else { return false };
        // What the work held is dropped with it, and its savepoint is rolled back.
        let done = catch_unwind(AssertUnwindSafe(|| call(connection)));
        let done = done.map_or(Err(Fault::CutOff), |done| done.map_err(|Failed(fault)| fault));
        let keep = done.is_ok();
        self.done = Some(done);
        keep
    }

    fn tell(self: Box<Self>, lost: Option<Fault>) {
        let done = match (self.done, lost) {
            (Some(Err(own)), _) => Err(own),
            (Some(Ok(_)) | None, Some(lost)) => Err(lost),
            (Some(Ok(done)), None) => Ok(done),
            (None, None) => Err(Fault::CutOff),
        };
        // Whoever has gone away needs no answer.
        let _ = self.answer.send(done);
    }
}

/// Why nothing of a transaction was kept. Each of its jobs is told.
enum Lost {
    /// A statement of the transaction itself failed.
    Failed(Arc<rusqlite::Error>),
    /// SQLite rolled everything back after an error of one job, as it may when the disk is full.
    RolledBack,
}

impl From<rusqlite::Error> for Lost {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(Arc::new(error))
    }
}

impl Lost {
    fn fault(&self) -> Fault {
        match self {
            Self::Failed(error) => Failed::of(error).0,
            Self::RolledBack => {
                Fault::NoWrites("a write of the same transaction failed, and all were rolled back".into())
            }
        }
    }
}

/// Works until the handle is dropped and everything that was handed over is done.
fn serve(mut database: OpenDatabase, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = queue.blocking_recv() {
        let mut waiting = VecDeque::from([first]);
        while waiting.len() < GROUP
            && let Ok(next) = queue.try_recv()
        {
            waiting.push_back(next);
        }
        write(&mut database, waiting);
    }
}

/// Does all of these jobs, in one transaction if none of them breaks it.
fn write(database: &mut OpenDatabase, mut waiting: VecDeque<Box<dyn Job>>) {
    // Nothing is called recorded that is in no file.
    if let Err(fault) = database.file.check() {
        for job in waiting {
            job.tell(Some(again(&fault)));
        }
        return;
    }
    while !waiting.is_empty() {
        let mut taken = Vec::new();
        let ended = commit_together(&mut database.connection, &mut waiting, &mut taken);
        for job in taken {
            job.tell(ended.as_ref().err().map(Lost::fault));
        }
    }
}

/// Takes jobs into `taken` and does them, and commits. At least one is taken.
fn commit_together(
    connection: &mut Connection,
    waiting: &mut VecDeque<Box<dyn Job>>,
    taken: &mut Vec<Box<dyn Job>>,
) -> Result<(), Lost> {
    let mut transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            taken.extend(waiting.drain(..));
            return Err(error.into());
        }
    };
    while let Some(mut job) = waiting.pop_front() {
        let done = in_savepoint(&mut transaction, job.as_mut());
        taken.push(job);
        done?;
        // The transaction is gone, and with it what the jobs before this one wrote.
        if transaction.is_autocommit() {
            return Err(Lost::RolledBack);
        }
    }
    Ok(transaction.commit()?)
}

fn in_savepoint(transaction: &mut Transaction<'_>, job: &mut dyn Job) -> rusqlite::Result<()> {
    let savepoint = transaction.savepoint()?;
    if job.run(&savepoint) && !savepoint.is_autocommit() {
        savepoint.commit()?;
    }
    Ok(())
}

/// The same fault once more, for the next of those who have to hear it.
fn again(fault: &Fault) -> Fault {
    if let Fault::Lost { file } = fault {
        return Fault::Lost { file: file.clone() };
    }
    if let Fault::File { file, source } = fault {
        return Fault::File { file: file.clone(), source: source.kind().into() };
    }
    Fault::Database(fault.to_string().into())
}

#[cfg(test)]
mod tests;
