//! The state that the actors share: an API server with one Deployment, and a store. Both yield before they handle a
//! call.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use jiff::Timestamp;
use json_patch::Patch;
use serde_json::{Value, json};

use crate::conversation::execution::ClusterAccess;
use readback_cluster::{
    Applied, CallError, Compared, Live, SentBy, Write,
    testing::{live_of, trace_of},
};
use readback_core::{
    change::{Answer, Change, ChangeId, Claimed, Filter, Moment, NotAppliedReason, RunId, Update, samples::at},
    notice::{Notice, Receipt, Received},
    question::{Question, Replied, Reply},
    store::{self, Found, Recorded, Store, memory::MemoryStore},
    topic::{Topic, TopicPlace},
};

/// Yields once.
async fn give_way() {
    let mut given = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut given, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// The API server with one Deployment, and the request on its way to it.
#[derive(Debug)]
pub(super) struct Server {
    object: Value,
    /// A patch that was sent but has not arrived, with the change that sent it and the time it was sent.
    on_the_way: Option<(ChangeId, Patch, Timestamp)>,
    /// The changes that were applied, in order.
    pub(super) written: Vec<ChangeId>,
    pub(super) now: Timestamp,
    /// The clock of the machine, in seconds.
    pub(super) uptime: u64,
}

/// The request timeout of the API server, in seconds. A request that arrives later is dropped.
const SERVER_TIMEOUT: i64 = 10;

impl Server {
    fn live(&self) -> Live {
        live_of(&self.object)
    }

    fn generation(&mut self) {
        let generation = self.object["metadata"]["generation"].as_i64().unwrap_or(0);
        self.object["metadata"]["generation"] = json!(generation + 1);
    }

    /// The request arrives, if one is on its way. Returns whether its patch was applied or refused by its tests; `None`
    /// if there was no request or it had timed out.
    pub(super) fn arrive(&mut self) -> Option<bool> {
        let (id, patch, left) = self.on_the_way.take()?;
        if self.now.duration_since(left).as_secs() > SERVER_TIMEOUT {
            return None;
        }
        let mut patched = self.object.clone();
        let fits = json_patch::patch(&mut patched, &patch).is_ok();
        if fits {
            self.object = patched;
            self.generation();
            self.written.push(id);
        }
        Some(fits)
    }

    pub(super) fn edit(&mut self, replicas: u32) {
        self.object["spec"]["replicas"] = json!(replicas);
        self.generation();
    }
}

/// The world that the actors share.
#[derive(Clone, Debug)]
pub(super) struct World(Arc<Mutex<Server>>);

impl World {
    pub(super) fn new() -> Self {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "nginx-deployment", "namespace": "default", "uid": "u1", "generation": 7},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "nginx"}},
                     "template": {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [{"name": "nginx", "image": "nginx:1.20"}]}}},
        });
        Self(Arc::new(Mutex::new(Server { object, on_the_way: None, written: Vec::new(), now: at(10), uptime: 1_000 })))
    }

    pub(super) fn server(&self) -> MutexGuard<'_, Server> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.server().now
    }

    pub(super) fn moment(&self) -> Moment {
        let server = self.server();
        Moment { wall: server.now, uptime: Duration::from_secs(server.uptime) }
    }
}

impl ClusterAccess for World {
    type Reserved = ();

    async fn read(&self, _: &Change) -> Result<Option<Live>, CallError> {
        give_way().await;
        Ok(Some(self.server().live()))
    }

    async fn reserve(&self, _: &Change) -> Result<(), CallError> {
        Ok(())
    }

    async fn apply(&self, (): (), claimed: Claimed, due: impl Fn() -> bool + Send + Sync) -> Applied {
        give_way().await;
        if !due() {
            return Applied::TooLate;
        }
        let (id, patch) = (claimed.change().id(), claimed.patch().clone());
        {
            let mut server = self.server();
            let now = server.now;
            server.on_the_way = Some((id, patch, now));
        }
        give_way().await;
        let arrived = self.server().arrive();
        give_way().await;
        let live = Box::new(self.server().live());
        let written = self.server().written.contains(&id);
        match arrived {
            Some(true) => Applied::Done(Some(live)),
            // The request arrived by itself while this call was suspended.
            None if written => Applied::Done(Some(live)),
            Some(false) => Applied::Stale(Some(live)),
            None => Applied::NotApplied { why: NotAppliedReason::Unexplained, live: Some(live) },
        }
    }

    async fn compare(&self, change: &Change) -> Result<Compared, CallError> {
        give_way().await;
        let server = self.server();
        let trace = trace_of(&Write::of(change), &server.object);
        Ok(Compared { live: Some(server.live()), trace })
    }

    async fn quiesce(&self, _: &Change, _: SentBy) {
        give_way().await;
        // A request that has not arrived by now is dropped.
        self.server().on_the_way = None;
    }
}

/// A store that yields before each state transition and before listing unfinished changes.
#[derive(Debug)]
pub(super) struct Slow(pub(super) MemoryStore);

impl Store for Slow {
    fn run(&self) -> &RunId {
        self.0.run()
    }
    async fn update(
        &self,
        id: ChangeId,
        update: Update,
        now: Timestamp,
    ) -> Result<Option<(Change, Answer)>, store::Fault> {
        if matches!(update, Update::Event(_)) {
            give_way().await;
        }
        self.0.update(id, update, now).await
    }
    async fn receive(&self, notice: &Notice, now: Timestamp) -> Result<Received, store::Fault> {
        self.0.receive(notice, now).await
    }
    async fn handled(&self, notice: &Notice, now: Timestamp) -> Result<(), store::Fault> {
        self.0.handled(notice, now).await
    }
    async fn unhandled(&self) -> Result<Vec<Receipt>, store::Fault> {
        self.0.unhandled().await
    }
    async fn stop(
        &self,
        place: &TopicPlace,
        person_id: &str,
        said: Timestamp,
        now: Timestamp,
    ) -> Result<(), store::Fault> {
        self.0.stop(place, person_id, said, now).await
    }
    async fn is_stopped(&self, place: &TopicPlace, person_id: &str, said: Timestamp) -> Result<bool, store::Fault> {
        self.0.is_stopped(place, person_id, said).await
    }
    async fn ordered_by(&self, message_id: &str) -> Result<Found, store::Fault> {
        self.0.ordered_by(message_id).await
    }
    async fn record(&self, change: Change) -> Result<Recorded, store::Fault> {
        self.0.record(change).await
    }
    async fn get(&self, id: ChangeId) -> Result<Option<Change>, store::Fault> {
        self.0.get(id).await
    }
    async fn unreported(&self, since: Timestamp) -> Result<Found, store::Fault> {
        self.0.unreported(since).await
    }
    async fn unfinished(&self) -> Result<Found, store::Fault> {
        give_way().await;
        self.0.unfinished().await
    }
    async fn expired_open(&self, now: Timestamp) -> Result<Found, store::Fault> {
        self.0.expired_open(now).await
    }
    async fn newest(&self, filter: &Filter, most: usize) -> Result<Found, store::Fault> {
        self.0.newest(filter, most).await
    }
    async fn waiting_of(&self, person_id: &str) -> Result<Found, store::Fault> {
        self.0.waiting_of(person_id).await
    }
    async fn ask(&self, question: Question) -> Result<Question, store::Fault> {
        self.0.ask(question).await
    }
    async fn question(&self, id: ChangeId) -> Result<Option<Question>, store::Fault> {
        self.0.question(id).await
    }
    async fn question_posted(&self, id: ChangeId, message: &str) -> Result<Option<Question>, store::Fault> {
        self.0.question_posted(id, message).await
    }
    async fn reply(
        &self,
        id: ChangeId,
        reply: &Reply,
        now: Timestamp,
    ) -> Result<Option<(Question, Replied)>, store::Fault> {
        self.0.reply(id, reply, now).await
    }
    async fn open_questions(&self, person: Option<&str>) -> Result<Vec<Question>, store::Fault> {
        self.0.open_questions(person).await
    }
    async fn note_topics(&self, topics: Vec<(TopicPlace, Topic)>, now: Timestamp) -> Result<(), store::Fault> {
        self.0.note_topics(topics, now).await
    }
    async fn topics(&self, now: Timestamp) -> Result<Vec<(TopicPlace, Topic)>, store::Fault> {
        self.0.topics(now).await
    }
}
