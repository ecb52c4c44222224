//! The state that the actors share: an API server with two Deployments, and a store. Both yield before they handle a
//! call.

use std::{
    collections::BTreeMap,
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
    testing::{compared, live_of, sent},
};
use readback_core::{
    change::{
        Answer, Change, ChangeId, ChangeRequest, Claimed, Evidence, Filter, Moment, NotAppliedReason, RequestId, RunId,
        Trail, Update, evidence, samples::at,
    },
    notice::{Notice, Receipt, Received},
    outbox::{Enqueued, Outgoing, SendEnd, Unsent},
    question::{Question, Replied, Reply},
    store::{self, Found, Recorded, Store, memory::MemoryStore},
    topic::{Topic, TopicPlace},
};

/// Yields once.
async fn give_way() {
    let mut given = false;
    let once = std::future::poll_fn(|context| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        // A group of changes polls only those that are awake.
        context.waker().wake_by_ref();
        Poll::Pending
    });
    once.await;
}

/// The API server with its Deployments, and the requests on their way to it.
#[derive(Debug)]
pub(super) struct Server {
    /// By name.
    objects: BTreeMap<String, Value>,
    /// What was sent and has not arrived.
    on_the_way: Vec<Request>,
    /// Whether each request that has arrived was applied, or refused by its tests.
    answers: BTreeMap<usize, bool>,
    /// The number of requests sent.
    sent: usize,
    /// Whether something on the way holds requests, so that their senders get no answer.
    pub(super) holds: bool,
    /// The changes that were applied, in order.
    pub(super) written: Vec<ChangeId>,
    pub(super) now: Timestamp,
    /// The clock of the machine, in seconds.
    pub(super) uptime: u64,
}

/// A request on its way.
#[derive(Debug)]
struct Request {
    nth: usize,
    id: ChangeId,
    name: String,
    patch: Patch,
    left: Timestamp,
}

/// The Deployment that is edited by another writer.
pub(super) const NGINX: &str = "nginx-deployment";
/// The other one.
pub(super) const API: &str = "api";

/// How long something on the way holds a request at most, in seconds. That its sender has died or given up does not end it.
const HELD_AT_MOST: i64 = 600;

impl Server {
    fn object(&mut self, name: &str) -> &mut Value {
        self.objects.get_mut(name).expect("one of the Deployments")
    }

    fn live(&mut self, name: &str) -> Live {
        live_of(self.object(name))
    }

    /// The first request on its way arrives.
    pub(super) fn arrive(&mut self) {
        if let Some(request) = self.on_the_way.first() {
            self.deliver(request.nth);
        }
    }

    /// This request arrives, if it is on its way: its patch is applied, or refused by its tests.
    fn deliver(&mut self, nth: usize) {
        let Some(at) = self.on_the_way.iter().position(|request| request.nth == nth) else { return };
        let Request { id, name, patch, left, .. } = self.on_the_way.remove(at);
        if self.now.duration_since(left).as_secs() > HELD_AT_MOST {
            return;
        }
        let mut patched = self.object(&name).clone();
        let fits = json_patch::patch(&mut patched, &patch).is_ok();
        if fits {
            *self.object(&name) = patched;
            self.is_written(&name, "readback");
            self.written.push(id);
        }
        self.answers.insert(nth, fits);
    }

    pub(super) fn edit(&mut self, replicas: u32) {
        self.object(NGINX)["spec"]["replicas"] = json!(replicas);
        self.is_written(NGINX, "kubectl");
    }

    /// The next generation, and the manager of the replicas from now on.
    fn is_written(&mut self, name: &str, manager: &str) {
        let (time, fields) =
            (self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), json!({"f:spec": {"f:replicas": {}}}));
        let entry = json!({"manager": manager, "operation": "Update", "time": time, "fieldsV1": fields});
        let metadata = &mut self.object(name)["metadata"];
        metadata["generation"] = json!(metadata["generation"].as_i64().unwrap_or(0) + 1);
        metadata["managedFields"] = json!([entry]);
    }
}

/// The world that the actors share.
#[derive(Clone, Debug)]
pub(super) struct World(Arc<Mutex<Server>>);

impl World {
    pub(super) fn new() -> Self {
        let object = |name: &str| {
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": name, "namespace": "default", "uid": "u1", "generation": 7},
                "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "nginx"}},
                         "template": {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [{"name": "nginx", "image": "nginx:1.20"}]}}},
            })
        };
        Self(Arc::new(Mutex::new(Server {
            objects: [NGINX, API].map(|name| (name.to_owned(), object(name))).into(),
            on_the_way: Vec::new(),
            written: Vec::new(),
            now: at(10),
            uptime: 1_000,
            answers: BTreeMap::new(),
            sent: 0,
            holds: false,
        })))
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

    async fn read(&self, change: &Change) -> Result<Option<Live>, CallError> {
        give_way().await;
        Ok(Some(self.server().live(change.target().name.as_str())))
    }

    async fn reserve(&self, _: &Change) -> Result<(), CallError> {
        Ok(())
    }

    async fn apply(&self, (): &(), claimed: Claimed, due: impl Fn() -> bool + Send + Sync) -> Applied {
        give_way().await;
        if !due() {
            return Applied::TooLate;
        }
        let write = Write::of(claimed.change());
        let name = claimed.object().name.to_string();
        let nth = {
            let mut server = self.server();
            let (nth, left) = (server.sent, server.now);
            server.sent += 1;
            let (id, patch) = (claimed.change().id(), sent(&write));
            server.on_the_way.push(Request { nth, id, name: name.clone(), patch, left });
            nth
        };
        give_way().await;
        if !self.server().holds {
            self.server().deliver(nth);
        }
        give_way().await;
        let mut server = self.server();
        let live = Box::new(server.live(&name));
        let answer = server.answers.remove(&nth).filter(|_| !server.holds);
        match answer {
            Some(true) => return Applied::Done(Some(live)),
            Some(false) => return Applied::Stale(Some(live)),
            None => {}
        }
        let facts = compared(&write, server.object(&name)).facts(&write.means);
        let unknown = |found| Applied::Unknown { error: CallError::CutShort, found };
        match evidence(&write.means, write.claim.map(|claim| claim.generation), &facts) {
            Evidence::Applied => Applied::Done(Some(live)),
            Evidence::RuledOut => Applied::Stale(Some(live)),
            Evidence::SetByOther { manager } => {
                Applied::NotApplied { why: NotAppliedReason::SetByOther { manager }, live: Some(live) }
            }
            Evidence::Untouched => unknown(Trail::Untouched),
            Evidence::Unclear(found) => unknown(found),
        }
    }

    async fn compare(&self, change: &Change) -> Result<Compared, CallError> {
        give_way().await;
        Ok(compared(&Write::of(change), self.server().object(change.target().name.as_str())))
    }

    async fn compare_in(&self, (): &(), change: &Change) -> Result<Compared, CallError> {
        self.compare(change).await
    }

    async fn quiesce(&self, _: &Change, _: SentBy) {
        // What has not arrived by now may still arrive.
        give_way().await;
    }
}

/// A store that yields before each record and state transition, and before listing unfinished changes.
#[derive(Debug)]
pub(super) struct Slow(pub(super) MemoryStore);

#[async_trait::async_trait]
impl Store for Slow {
    fn run(&self) -> &RunId {
        self.0.run()
    }
    async fn update(
        &self,
        id: RequestId,
        update: Update,
        now: Timestamp,
    ) -> Result<Option<(ChangeRequest, Answer)>, store::Fault> {
        if matches!(update, Update::Decide(_) | Update::Item(..)) {
            give_way().await;
        }
        self.0.update(id, update, now).await
    }
    async fn request(&self, id: RequestId) -> Result<Option<ChangeRequest>, store::Fault> {
        self.0.request(id).await
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
    async fn record(&self, request: ChangeRequest) -> Result<Recorded, store::Fault> {
        give_way().await;
        self.0.record(request).await
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
    async fn requested_by(&self, person: &str, room: &str, most: usize) -> Result<Found, store::Fault> {
        self.0.requested_by(person, room, most).await
    }
    async fn undone_by(&self, id: ChangeId) -> Result<Found, store::Fault> {
        self.0.undone_by(id).await
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
    async fn ended_questions(&self, since: Timestamp) -> Result<Vec<Question>, store::Fault> {
        self.0.ended_questions(since).await
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
    async fn enqueue(&self, outgoing: &Outgoing, now: Timestamp) -> Result<Enqueued, store::Fault> {
        self.0.enqueue(outgoing, now).await
    }
    async fn is_enqueued(&self, key: &str) -> Result<bool, store::Fault> {
        self.0.is_enqueued(key).await
    }
    async fn unsent(&self) -> Result<Vec<Unsent>, store::Fault> {
        self.0.unsent().await
    }
    async fn note_doubt(&self, key: &str) -> Result<(), store::Fault> {
        self.0.note_doubt(key).await
    }
    async fn end_sending(&self, key: &str, end: SendEnd, now: Timestamp) -> Result<(), store::Fault> {
        self.0.end_sending(key, end, now).await
    }
    async fn edits(&self, message: &str) -> Result<u32, store::Fault> {
        self.0.edits(message).await
    }
    async fn count_edit(&self, message: &str, most: u32, now: Timestamp) -> Result<bool, store::Fault> {
        self.0.count_edit(message, most, now).await
    }
    async fn uncount_edit(&self, message: &str) -> Result<(), store::Fault> {
        self.0.uncount_edit(message).await
    }
}
