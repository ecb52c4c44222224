//! Bounds the calls to one API server: so many at once, and none for a while after several in a row got no answer.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use readback_core::change::NotAsked;

/// Maximum calls at the same time.
const AT_ONCE: usize = 16;
/// How many calls in a row get no answer before no more are made.
const IN_A_ROW: u32 = 3;
/// How long no calls are made then.
const PAUSE: Duration = Duration::from_secs(5);

/// The way to one API server.
#[derive(Debug)]
pub(super) struct Gate {
    places: Arc<Semaphore>,
    silence: Mutex<Silence>,
}

/// The place of a call among those at the same time. It is free again when this is dropped.
pub(super) type Place = OwnedSemaphorePermit;

impl Gate {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), silence: Mutex::default() }
    }

    /// Waits for a place until `deadline`. Does not wait while the API server is silent.
    pub(super) async fn enter(&self, deadline: Instant) -> Result<Place, NotAsked> {
        if self.silence().is_on(Instant::now()) {
            return Err(NotAsked::Silent);
        }
        let place = timeout_at(deadline, self.places.clone().acquire_owned()).await;
        let Ok(Ok(place)) = place else { return Err(NotAsked::Full) };
        if self.silence().lets_through(Instant::now()) { Ok(place) } else { Err(NotAsked::Silent) }
    }

    /// Notes whether a call got any answer, be it an error.
    pub(super) fn note(&self, answered: bool) {
        let mut silence = self.silence();
        if answered {
            *silence = Silence::default();
        } else {
            silence.unanswered(Instant::now());
        }
    }

    fn silence(&self) -> MutexGuard<'_, Silence> {
        // It is consistent between any two statements, so it is usable after a panic of a holder.
        self.silence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the last calls say about the API server.
#[derive(Debug, Default)]
struct Silence {
    in_a_row: u32,
    until: Option<Instant>,
}

impl Silence {
    fn unanswered(&mut self, now: Instant) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        if self.in_a_row >= IN_A_ROW {
            self.until = Some(now + PAUSE);
        }
    }

    fn is_on(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Whether a call may be made. After a pause that is one call; the others wait for its answer, or for another pause.
    fn lets_through(&mut self, now: Instant) -> bool {
        if self.is_on(now) {
            return false;
        }
        self.until = self.until.map(|_| now + PAUSE);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cluster;
    use crate::{
        Applied, CallError, Connection, scale,
        stand_in::{Api, Reply, connection, deployment, live_of, web},
    };

    /// Reads of `web` get no answer, and everything else gets one.
    async fn silent_for_reads() -> (Api, Cluster) {
        let api = Api::start(|call| match call.method {
            http::Method::GET => Reply::Hang,
            _ => Reply::json(200, deployment()),
        })
        .await;
        let connection = Connection { call_timeout: Duration::from_millis(300), ..connection(api.port) };
        (api, Cluster::connect(connection).await.unwrap())
    }

    fn not_asked(why: NotAsked) -> CallError {
        CallError::NotAsked { why }
    }

    #[test]
    fn three_calls_in_a_row_without_an_answer_make_a_pause_and_then_one_call_is_tried() {
        let (mut silence, start) = (Silence::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        silence.unanswered(at(0));
        silence.unanswered(at(0));
        assert!(silence.lets_through(at(0)), "two may be chance");
        silence.unanswered(at(1));
        assert!(silence.is_on(at(1)) && !silence.lets_through(at(5)));
        assert!(silence.lets_through(at(6)), "the pause is over");
        assert!(!silence.lets_through(at(6)), "one call is enough to see whether it answers");
        silence.unanswered(at(8));
        assert!(!silence.lets_through(at(12)), "it did not");
        assert!(silence.lets_through(at(13)));
        assert!(silence.lets_through(at(18)), "a call that was given up tells nothing, so another is tried");
        silence = Silence::default();
        assert!(silence.lets_through(at(18)) && silence.lets_through(at(18)));
    }

    #[tokio::test]
    async fn at_most_sixteen_calls_are_made_at_once_and_the_others_do_not_wait_for_a_silent_server() {
        let (api, cluster) = silent_for_reads().await;
        let object = web();
        let reads = (0..40).map(|_| cluster.read(&object));
        let started = Instant::now();
        let read = futures::future::join_all(reads).await;
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        let timed_out = read.iter().filter(|read| matches!(read, Err(CallError::TimedOut { .. }))).count();
        let refused = read.iter().filter(|read| matches!(read, Err(CallError::NotAsked { .. }))).count();
        assert_eq!(timed_out + refused, 40, "{read:?}");
        // Two places can be free again before the third call in a row is noted.
        let most = AT_ONCE + 2;
        assert!((AT_ONCE..=most).contains(&timed_out) && api.calls().len() <= most, "{read:?}");
    }

    #[tokio::test]
    async fn a_call_that_gets_no_place_within_its_deadline_is_not_made() {
        let (api, cluster) = silent_for_reads().await;
        let mut places = Vec::new();
        for _ in 0..AT_ONCE {
            places.push(cluster.reserve().await.unwrap());
        }
        assert_eq!(cluster.read(&web()).await, Err(not_asked(NotAsked::Full)));
        assert!(api.calls().is_empty());
        drop(places.pop());
        assert!(matches!(cluster.read(&web()).await, Err(CallError::TimedOut { .. })));
    }

    #[tokio::test]
    async fn a_claimed_write_is_sent_although_the_server_has_become_silent_and_a_new_one_is_not_claimed() {
        let (api, cluster) = silent_for_reads().await;
        let reserved = cluster.reserve().await.unwrap();
        for _ in 0..IN_A_ROW {
            assert!(matches!(cluster.read(&web()).await, Err(CallError::TimedOut { .. })));
        }
        let started = Instant::now();
        assert_eq!(cluster.read(&web()).await, Err(not_asked(NotAsked::Silent)));
        assert_eq!(cluster.reserve().await.err(), Some(not_asked(NotAsked::Silent)));
        assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
        assert_eq!(api.calls().len(), 3);
        let write = scale(&live_of(&deployment()), 3).unwrap();
        assert!(matches!(reserved.compare(&write).await, Err(CallError::TimedOut { .. })), "it is asked");
        assert!(matches!(reserved.write(&write, &|| true).await, Applied::Done(Some(_))));
        assert_eq!(api.calls().len(), 5);
        assert!(matches!(cluster.read(&web()).await, Err(CallError::TimedOut { .. })), "it has answered");
    }
}
