//! The queues of notices: one bounded queue per room, each processed in order; several rooms in parallel.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use dashmap::{DashMap, Entry};
use futures::future::BoxFuture;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::timeout,
};

use super::{dedupe::Dedupe, notice::Notice};
use crate::clock;

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
        Self { per_room: 32, rooms: 512, total: 1_024, at_once: 16 }
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

type Handler = dyn Fn(Notice) -> BoxFuture<'static, ()> + Send + Sync;

struct IntakeState {
    handler: Box<Handler>,
    bounds: Bounds,
    dedupe: Mutex<Dedupe>,
    /// A room has an entry exactly as long as its worker lives.
    queues: DashMap<String, Queue>,
    /// The workers; `None` once the intake is closed.
    workers: Mutex<Option<JoinSet<()>>>,
    rooms: Arc<Semaphore>,
    total: Arc<Semaphore>,
    at_once: Semaphore,
}

struct Queue {
    waiting: VecDeque<(Notice, OwnedSemaphorePermit)>,
    _room: OwnedSemaphorePermit,
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("bounds", &self.0.bounds).finish_non_exhaustive()
    }
}

impl Intake {
    /// An intake that has each notice handled by `handler`: those of a room one after the other, in the order of their
    /// arrival. A panic of the handler is counted and logged, and the next notice is handled.
    pub fn new<H, F>(handler: H, bounds: Bounds) -> Self
    where
        H: Fn(Notice) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(IntakeState {
            handler: Box::new(move |notice| Box::pin(handler(notice))),
            bounds,
            dedupe: Mutex::default(),
            queues: DashMap::new(),
            workers: Mutex::new(Some(JoinSet::new())),
            rooms: Arc::new(Semaphore::new(bounds.rooms)),
            total: Arc::new(Semaphore::new(bounds.total)),
            at_once: Semaphore::new(bounds.at_once),
        }))
    }

    /// Queues the notice, if it is new and the bounds allow it. Call it within a tokio runtime.
    ///
    /// # Errors
    /// It was refused; the sender may try again.
    pub fn offer(&self, notice: Notice) -> Result<Taken, NotTaken> {
        let (kind, id) = (notice.kind(), notice.id().to_owned());
        if !locked(&self.0.dedupe).insert_if_new(kind, &id, clock::now()) {
            return Ok(Taken::Repeat);
        }
        let queued = self.queue(notice);
        if queued.is_err() {
            locked(&self.0.dedupe).forget(kind, &id);
        }
        self.gauge();
        queued.map(|()| Taken::Queued)
    }

    /// How many notices are queued or in progress.
    pub fn pending(&self) -> usize {
        self.0.bounds.total - self.0.total.available_permits()
    }

    /// Stops accepting notices, and finishes the accepted ones within `grace`.
    ///
    /// # Errors
    /// The grace period was too short; notices still in progress were cancelled.
    pub async fn finish(&self, grace: Duration) -> Result<(), Unfinished> {
        let workers = locked(&self.0.workers).take();
        let Some(mut workers) = workers else { return Ok(()) };
        let done = timeout(grace, async { while workers.join_next().await.is_some() {} }).await;
        match done {
            Ok(()) => Ok(()),
            Err(_) => Err(Unfinished { notices: self.pending() }),
        }
    }

    fn queue(&self, notice: Notice) -> Result<(), NotTaken> {
        let place = self.0.total.clone().try_acquire_owned().map_err(|_| NotTaken::Full)?;
        match self.0.queues.entry(notice.room().to_owned()) {
            Entry::Occupied(mut entry) => {
                if locked(&self.0.workers).is_none() {
                    return Err(NotTaken::Stopping);
                }
                let waiting = &mut entry.get_mut().waiting;
                if waiting.len() >= self.0.bounds.per_room {
                    return Err(NotTaken::Full);
                }
                waiting.push_back((notice, place));
            }
            Entry::Vacant(entry) => {
                let room = self.0.rooms.clone().try_acquire_owned().map_err(|_| NotTaken::Full)?;
                let mut workers = locked(&self.0.workers);
                let Some(workers) = workers.as_mut() else { return Err(NotTaken::Stopping) };
                while workers.try_join_next().is_some() {}
                workers.spawn(self.clone().process_room(entry.key().clone()));
                entry.insert(Queue { waiting: VecDeque::from([(notice, place)]), _room: room });
            }
        }
        Ok(())
    }

    /// One room's worker: it lives as long as its queue is not empty.
    async fn process_room(self, room: String) {
        while let Some((notice, place)) = self.next(&room) {
            let turn = self.0.at_once.acquire().await;
            self.handle(notice).await;
            drop((turn, place));
            self.gauge();
        }
    }

    /// The next notice of the room. If there is none the room's entry is removed, under the same lock that
    /// [`Intake::queue`] takes, so that no notice can be left without a worker.
    fn next(&self, room: &str) -> Option<(Notice, OwnedSemaphorePermit)> {
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
    async fn handle(&self, notice: Notice) {
        let kind = notice.kind();
        let mut task = JoinSet::new();
        let state = self.0.clone();
        task.spawn(async move { (state.handler)(notice).await });
        if let Some(Err(fault)) = task.join_next().await {
            metrics::counter!("readback_turn_panics_total", "kind" => kind).increment(1);
            tracing::error!(kind, %fault, "a turn panicked");
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
