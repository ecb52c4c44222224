//! The queues of notices: one bounded queue per room, each processed in the order in which Webex saw the events; several rooms
//! in parallel. A notice is on record from before it is accepted until its turn has ended, so that none is lost with the
//! process.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dashmap::{DashMap, Entry};
use futures::future::BoxFuture;
use jiff::SignedDuration;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    dedupe::Dedupe,
    inbox::Inbox,
    turn::{Attempt, TurnEnd},
};
use crate::{clock, supervisor::Shutdown};
use readback_core::{
    domain::webex_id,
    notice::{Notice, Receipt, Received},
    store::Fault,
};

/// Who waits so long for an answer may have thought better of it.
const WAITED: SignedDuration = SignedDuration::from_secs(5);
/// The pause before the end of a turn is recorded again, after that failed.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// The bounds of the queues and of parallel work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Maximum queued notices of one room, besides the one in progress.
    pub per_room: usize,
    /// Maximum rooms with work.
    pub rooms: usize,
    /// Maximum notices of all rooms, queued or in progress.
    pub total: usize,
    /// Maximum notices in progress at the same time.
    pub at_once: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { per_room: 32, rooms: 512, total: 1_024, at_once: 256 }
    }
}

/// The outcome of an offered notice that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is queued.
    Queued,
    /// It was accepted before; nothing more is done.
    Repeat,
}

/// Why a notice was refused. Its repeat will be new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The queue is full: that of its room, or all together.
    #[error("too much waits already")]
    Full,
    /// It could not be put on record.
    #[error("it could not be recorded")]
    NotRecorded,
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
}

/// Work that did not finish within the grace period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{notices} notices were not finished within the grace period")]
pub struct Unfinished {
    /// How many were cancelled or never started.
    pub notices: usize,
}

/// Accepts notices and has them handled. Clones share their queues.
#[derive(Clone)]
pub struct Intake(Arc<IntakeState>);

type Handler = dyn Fn(Attempt) -> BoxFuture<'static, TurnEnd> + Send + Sync;

struct IntakeState {
    handler: Box<Handler>,
    inbox: Box<dyn Inbox>,
    bounds: Bounds,
    /// The newest ids on record, so that most repeats need no look at the record.
    dedupe: Mutex<Dedupe>,
    /// A room has an entry exactly as long as its worker lives.
    queues: DashMap<String, Queue>,
    /// The workers; `None` once the intake is closed.
    workers: Mutex<Option<JoinSet<()>>>,
    rooms: Arc<Semaphore>,
    total: Arc<Semaphore>,
    at_once: Semaphore,
    pending: Arc<AtomicUsize>,
    stop: Shutdown,
}

struct Queue {
    waiting: VecDeque<Queued>,
    _room: Option<OwnedSemaphorePermit>,
}

struct Queued {
    attempt: Attempt,
    /// Says whether it is on record and new; `None` if it was on record before.
    recorded: Option<oneshot::Receiver<bool>>,
    place: Place,
}

/// The place of a notice that is queued or in progress. Those of the last run are beyond the bounds.
struct Place {
    _permit: Option<OwnedSemaphorePermit>,
    pending: Arc<AtomicUsize>,
}

impl Place {
    fn new(permit: Option<OwnedSemaphorePermit>, pending: &Arc<AtomicUsize>) -> Self {
        pending.fetch_add(1, Ordering::Relaxed);
        Self { _permit: permit, pending: pending.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pending.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("bounds", &self.0.bounds).finish_non_exhaustive()
    }
}

impl Intake {
    /// An intake that has each notice handled by `handler`: those of a room one after the other, in the order in which Webex
    /// saw the events. Until its turn has ended, each is in `inbox`. A panic of the handler ends the turn; it is counted and
    /// logged, and the next notice is handled.
    pub fn new<H, F>(handler: H, inbox: impl Inbox, bounds: Bounds) -> Self
    where
        H: Fn(Attempt) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = TurnEnd> + Send + 'static,
    {
        Self(Arc::new(IntakeState {
            handler: Box::new(move |attempt| Box::pin(handler(attempt))),
            inbox: Box::new(inbox),
            bounds,
            dedupe: Mutex::default(),
            queues: DashMap::new(),
            workers: Mutex::new(Some(JoinSet::new())),
            rooms: Arc::new(Semaphore::new(bounds.rooms)),
            total: Arc::new(Semaphore::new(bounds.total)),
            at_once: Semaphore::new(bounds.at_once),
            pending: Arc::default(),
            stop: Shutdown::new(),
        }))
    }

    /// Queues what another process accepted and did not finish. Call it before the first [`Intake::offer`]: the bounds do not
    /// apply.
    pub fn resume(&self, left_behind: Vec<Receipt>) {
        if !left_behind.is_empty() {
            tracing::info!(count = left_behind.len(), "what the last run accepted and did not finish is handled");
        }
        for receipt in left_behind {
            let (kind, id) = (receipt.notice.kind(), receipt.notice.id().to_owned());
            locked(&self.0.dedupe).insert_if_new(kind, &id, clock::now());
            let place = Place::new(self.0.total.clone().try_acquire_owned().ok(), &self.0.pending);
            let queued = Queued { attempt: Attempt::of_the_last_run(receipt), recorded: None, place };
            if self.queue(queued, false).is_err() {
                tracing::warn!(kind, id, "what was accepted before is left for the next start");
            }
        }
        self.gauge();
    }

    /// Queues the notice and puts it on record, if it is new and the bounds allow it. Returns once it is on record. Call it
    /// within a tokio runtime.
    ///
    /// # Errors
    /// It was refused; the sender may try again.
    pub async fn offer(&self, notice: Notice) -> Result<Taken, NotTaken> {
        let now = clock::now();
        if locked(&self.0.dedupe).contains(notice.kind(), notice.id(), now) {
            return Ok(Taken::Repeat);
        }
        // It takes its place first: what the bounds refuse is not written.
        let permit = self.0.total.clone().try_acquire_owned().map_err(|_| NotTaken::Full)?;
        let (record, recorded) = oneshot::channel();
        let place = Place::new(Some(permit), &self.0.pending);
        let attempt = Attempt::first(notice.clone(), now);
        self.queue(Queued { attempt, recorded: Some(recorded), place }, true)?;
        self.gauge();
        let (tell, told) = oneshot::channel();
        // In a task of its own: a sender that hangs up must not leave a delivery on record that nobody handles.
        let recording = self.clone().record(notice, record, tell);
        match locked(&self.0.workers).as_mut() {
            Some(workers) => workers.spawn(recording),
            None => return Err(NotTaken::Stopping),
        };
        match told.await {
            Ok(Ok(Received::New)) => Ok(Taken::Queued),
            Ok(Ok(Received::Repeat)) => Ok(Taken::Repeat),
            Ok(Err(error)) => {
                tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "a delivery is not recorded");
                Err(NotTaken::NotRecorded)
            }
            Err(_) => Err(NotTaken::NotRecorded),
        }
    }

    /// Puts a queued notice on record, and lets its worker and its sender know.
    async fn record(
        self,
        notice: Notice,
        recorded: oneshot::Sender<bool>,
        told: oneshot::Sender<Result<Received, Fault>>,
    ) {
        let received = self.0.inbox.receive(&notice).await;
        if received.is_ok() {
            locked(&self.0.dedupe).insert_if_new(notice.kind(), notice.id(), clock::now());
        }
        // Who has gone away needs no answer.
        let _ = recorded.send(matches!(received, Ok(Received::New)));
        let _ = told.send(received);
    }

    /// How many notices are queued or in progress.
    pub fn pending(&self) -> usize {
        self.0.pending.load(Ordering::Relaxed)
    }

    /// Stops accepting notices, and finishes the accepted ones within `grace`. Those that wait for another attempt stay on
    /// record for the next start.
    ///
    /// # Errors
    /// The grace period was too short; notices still in progress were cancelled.
    pub async fn finish(&self, grace: Duration) -> Result<(), Unfinished> {
        self.0.stop.request();
        let workers = locked(&self.0.workers).take();
        let Some(mut workers) = workers else { return Ok(()) };
        let done = timeout(grace, async { while workers.join_next().await.is_some() {} }).await;
        match done {
            Ok(()) => Ok(()),
            Err(_) => Err(Unfinished { notices: self.pending() }),
        }
    }

    /// Puts a notice in its place in its room: behind everything that Webex saw earlier.
    fn queue(&self, queued: Queued, bounded: bool) -> Result<(), NotTaken> {
        match self.0.queues.entry(queued.attempt.notice.room().to_owned()) {
            Entry::Occupied(mut entry) => {
                if locked(&self.0.workers).is_none() {
                    return Err(NotTaken::Stopping);
                }
                let waiting = &mut entry.get_mut().waiting;
                if bounded && waiting.len() >= self.0.bounds.per_room {
                    return Err(NotTaken::Full);
                }
                let created = queued.attempt.notice.created();
                let earlier = |other: &Queued| match (other.attempt.notice.created(), created) {
                    (Some(other), Some(created)) => other <= created,
                    _ => true,
                };
                let at = waiting.iter().rposition(earlier).map_or(0, |at| at + 1);
                waiting.insert(at, queued);
            }
            Entry::Vacant(entry) => {
                let room = self.0.rooms.clone().try_acquire_owned();
                let room = if bounded { Some(room.map_err(|_| NotTaken::Full)?) } else { room.ok() };
                let mut workers = locked(&self.0.workers);
                let Some(workers) = workers.as_mut() else { return Err(NotTaken::Stopping) };
                while workers.try_join_next().is_some() {}
                workers.spawn(self.clone().process_room(entry.key().clone()));
                entry.insert(Queue { waiting: VecDeque::from([queued]), _room: room });
            }
        }
        Ok(())
    }

    /// One room's worker: it lives as long as its queue is not empty.
    async fn process_room(self, room: String) {
        while let Some(Queued { attempt, recorded, place }) = self.next(&room) {
            let is_new = match recorded {
                Some(recorded) => recorded.await.unwrap_or(false),
                None => true,
            };
            if is_new && !self.handle_to_its_end(attempt).await {
                // The rest of the room waits with it on record, so that the order is kept.
                self.0.queues.remove(&room);
                return;
            }
            drop(place);
            self.gauge();
        }
    }

    /// Handles a notice, as often as it takes. Returns whether its turn has ended; otherwise the service is stopping.
    async fn handle_to_its_end(&self, mut attempt: Attempt) -> bool {
        loop {
            let turn = self.0.at_once.acquire().await;
            let waited = clock::now().duration_since(attempt.arrived) >= WAITED;
            attempt.followed = (waited || attempt.is_again()) && self.is_followed(&attempt.notice);
            let end = self.handle(attempt.clone()).await;
            drop(turn);
            let TurnEnd::Again { after, begun } = end else { break };
            attempt.tries += 1;
            attempt.begun |= begun;
            tokio::select! {
                biased;
                () = self.0.stop.requested() => return false,
                () = sleep(after) => {}
            }
        }
        while let Err(error) = self.0.inbox.handled(&attempt.notice).await {
            tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "the end of a turn is not recorded");
            tokio::select! {
                biased;
                () = self.0.stop.requested() => break,
                () = sleep(RECORD_AGAIN) => {}
            }
        }
        true
    }

    /// Whether a notice of the same person waits behind this one.
    fn is_followed(&self, notice: &Notice) -> bool {
        let same = |other: &Queued| webex_id::same(other.attempt.notice.person(), notice.person());
        self.0.queues.get(notice.room()).is_some_and(|queue| queue.waiting.iter().any(same))
    }

    /// The next notice of the room. If there is none the room's entry is removed, under the same lock that
    /// [`Intake::queue`] takes, so that no notice can be left without a worker.
    fn next(&self, room: &str) -> Option<Queued> {
        match self.0.queues.entry(room.to_owned()) {
            Entry::Occupied(mut entry) => {
                let next = entry.get_mut().waiting.pop_front();
                if next.is_none() {
                    entry.remove();
                }
                next
            }
            Entry::Vacant(_) => None,
        }
    }

    /// Runs the handler in a task of its own, so that a panic ends only that task.
    async fn handle(&self, attempt: Attempt) -> TurnEnd {
        let kind = attempt.notice.kind();
        let mut task = JoinSet::new();
        let state = self.0.clone();
        task.spawn(async move { (state.handler)(attempt).await });
        match task.join_next().await {
            Some(Ok(end)) => end,
            Some(Err(fault)) => {
                metrics::counter!("readback_turn_panics_total", "kind" => kind).increment(1);
                tracing::error!(kind, %fault, "a turn panicked");
                TurnEnd::Done
            }
            None => TurnEnd::Done,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge of at most some thousands")]
    fn gauge(&self) {
        metrics::gauge!("readback_intake_pending").set(self.pending() as f64);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
