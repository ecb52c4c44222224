//! Every order of events, played through: presses, a denial, the clock, another hand on the object, a second process, and a
//! crash at any point where a run waits. Whatever the order: at most one write, never after a denial or the end of the card,
//! never with other values than were confirmed, and what is told is true.
//!
//! Each actor is a future that gives way once before everything that it asks of the store or the cluster. A schedule says who
//! goes on at each step; all schedules are tried, one after the other, each from the start.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use jiff::Timestamp;
use json_patch::Patch;
use serde_json::{Value, json};

use super::carry::{Carried, Line, Settled, carry_out, settle};
use crate::{
    change::{
        Answer, Change, ChangeId, Claim, Claimed, Decide, End, Filter, Order, Recorded, Standing, Store,
        memory::Memory,
        samples::{at, order, person},
        store::{self, Delivery, Found},
    },
    cluster::{
        Applied, Live, ReadError, Trace, Write,
        stand_in::{live_of, trace_of},
    },
    policy::Approval,
    question::{Question, Replied, Reply},
    words,
};

/// More schedules than this are not tried: a scenario that needs more is too big.
const MOST: usize = 400_000;

/// Gives way once.
async fn give_way() {
    let mut given = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut given, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// The API server with one Deployment, and what is on the way to it.
#[derive(Debug)]
struct Server {
    object: Value,
    /// A patch that has left and has not arrived, with the change that sent it and when it left.
    on_the_way: Option<(ChangeId, Patch, Timestamp)>,
    /// The changes that were written, in order.
    written: Vec<ChangeId>,
    now: Timestamp,
}

/// What the API server is asked to keep: after this a request that has not arrived is given up.
const SERVER_TIMEOUT: i64 = 10;

impl Server {
    fn live(&self) -> Live {
        live_of(&self.object)
    }

    fn generation(&mut self) {
        let generation = self.object["metadata"]["generation"].as_i64().unwrap_or(0);
        self.object["metadata"]["generation"] = json!(generation + 1);
    }

    /// The request arrives, if it is still on the way: applied, or refused by its tests.
    fn arrive(&mut self) -> Option<bool> {
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

    fn edit(&mut self, replicas: u32) {
        self.object["spec"]["replicas"] = json!(replicas);
        self.generation();
    }
}

/// The world that the actors share.
#[derive(Clone, Debug)]
struct World(Arc<Mutex<Server>>);

impl World {
    fn new() -> Self {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "nginx-deployment", "namespace": "default", "uid": "u1", "generation": 7},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "nginx"}},
                     "template": {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [{"name": "nginx", "image": "nginx:1.20"}]}}},
        });
        Self(Arc::new(Mutex::new(Server { object, on_the_way: None, written: Vec::new(), now: at(10) })))
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.server().now
    }
}

impl Line for World {
    async fn read(&self, _: &Change) -> Result<Option<Live>, ReadError> {
        give_way().await;
        Ok(Some(self.server().live()))
    }

    async fn apply(&self, claimed: Claimed) -> Applied {
        give_way().await;
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
            Some(true) => Applied::Done(live),
            // It arrived by itself while the answer was on its way.
            None if written => Applied::Done(live),
            Some(false) => Applied::Stale(Some(live)),
            None => Applied::NotApplied { why: "the API server gave it up".into(), live: Some(live) },
        }
    }

    async fn compare(&self, change: &Change) -> Result<Option<(Live, Trace)>, ReadError> {
        give_way().await;
        let server = self.server();
        Ok(Some((server.live(), trace_of(&Write::of(change), &server.object))))
    }

    async fn quiesce(&self) {
        give_way().await;
        // What has not arrived by now is given up.
        self.server().on_the_way = None;
    }
}

/// A store that gives way before each of its verbs.
#[derive(Debug)]
struct Slow(Memory);

impl Store for Slow {
    async fn record(&self, change: Change) -> Result<Recorded, store::Fault> {
        self.0.record(change).await
    }
    async fn get(&self, id: ChangeId) -> Result<Option<Change>, store::Fault> {
        self.0.get(id).await
    }
    async fn card_posted(&self, id: ChangeId, message: &str) -> Result<Option<Change>, store::Fault> {
        self.0.card_posted(id, message).await
    }
    async fn progress_posted(&self, id: ChangeId, message: &str) -> Result<Option<Change>, store::Fault> {
        self.0.progress_posted(id, message).await
    }
    async fn told(&self, id: ChangeId) -> Result<Option<Change>, store::Fault> {
        self.0.told(id).await
    }
    async fn untold(&self, since: Timestamp) -> Result<Found, store::Fault> {
        self.0.untold(since).await
    }
    async fn decide(
        &self,
        id: ChangeId,
        decide: &Decide,
        now: Timestamp,
    ) -> Result<Option<(Change, Answer)>, store::Fault> {
        give_way().await;
        self.0.decide(id, decide, now).await
    }
    async fn claim(&self, id: ChangeId, generation: i64, now: Timestamp) -> Result<Claim, store::Fault> {
        give_way().await;
        self.0.claim(id, generation, now).await
    }
    async fn claim_again(&self, id: ChangeId, generation: i64, now: Timestamp) -> Result<Claim, store::Fault> {
        give_way().await;
        self.0.claim_again(id, generation, now).await
    }
    async fn finish(&self, id: ChangeId, end: End, now: Timestamp) -> Result<Option<(Change, Answer)>, store::Fault> {
        give_way().await;
        self.0.finish(id, end, now).await
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
    async fn seen(&self, delivery: Delivery, id: &str, now: Timestamp) -> Result<bool, store::Fault> {
        self.0.seen(delivery, id, now).await
    }
}

/// What somebody is told.
#[derive(Debug)]
enum Told {
    /// The answer to a press that sent nothing.
    Answer(Answer),
    /// What came of a change that was sent, or was to be.
    Carried(Carried),
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Act {
    Confirm(&'static str),
    Cancel(&'static str),
    /// Somebody looks at the clock.
    Sweep,
    /// A newer order takes its place.
    Supersede,
    /// So many seconds go by.
    Wait(i64),
    /// Somebody else sets the replicas.
    Edit(u32),
    /// The process dies, wherever it is, and another one starts on the same records.
    Crash,
    /// What is on the way to the API server arrives by itself.
    Arrive,
}

type Actor = Pin<Box<dyn Future<Output = ()>>>;

struct Play {
    world: World,
    records: Memory,
    id: ChangeId,
    told: Rc<RefCell<Vec<Told>>>,
}

impl Play {
    fn new(approval: &Approval) -> Self {
        let patch = json!([
            {"op": "test", "path": "/metadata/uid", "value": "u1"},
            {"op": "test", "path": "/spec/replicas", "value": 2},
            {"op": "replace", "path": "/spec/replicas", "value": 3},
        ]);
        let order =
            Order { patch: serde_json::from_value(patch).expect("a patch"), approval: approval.clone(), ..order() };
        let change = Change::asking(order).expect("fit");
        let (records, id) = (Memory::new(), change.id());
        now_or_never(records.record(change)).expect("recorded");
        now_or_never(records.card_posted(id, "card")).expect("noted");
        Self { world: World::new(), records, id, told: Rc::default() }
    }

    /// The actor of one thing. `store` is the process that it runs in.
    fn actor(&self, act: Act, store: Memory) -> Actor {
        let (world, told, id) = (self.world.clone(), self.told.clone(), self.id);
        let store = Slow(store);
        let decide = match act {
            Act::Confirm(name) => Decide::Approve { who: person(name), permit: Ok(()) },
            Act::Cancel(name) => Decide::Decline { who: person(name), permit: Ok(()) },
            Act::Sweep => Decide::Expire,
            Act::Supersede => Decide::Supersede { by: ChangeId::derive("newer", 0) },
            Act::Wait(seconds) => {
                return Box::pin(async move {
                    let mut server = world.server();
                    server.now += jiff::SignedDuration::from_secs(seconds);
                });
            }
            Act::Edit(replicas) => return Box::pin(async move { world.server().edit(replicas) }),
            Act::Arrive => return Box::pin(async move { _ = world.server().arrive() }),
            Act::Crash => unreachable!("a crash is no actor"),
        };
        Box::pin(async move {
            let decided = store.decide(id, &decide, world.now()).await.expect("kept");
            let (change, answer) = decided.expect("on record");
            if answer != Answer::Approved {
                told.borrow_mut().push(Told::Answer(answer));
                return;
            }
            let clock = {
                let world = world.clone();
                move || world.now()
            };
            let carried = carry_out(&store, &world, &change, false, clock).await.expect("kept");
            told.borrow_mut().push(Told::Carried(carried));
        })
    }

    /// What a new process does first.
    fn recovery(&self, store: Memory) -> Actor {
        let (world, told) = (self.world.clone(), self.told.clone());
        let store = Slow(store);
        Box::pin(async move {
            let found = store.unfinished().await.expect("kept").changes;
            for change in found {
                let clock = {
                    let world = world.clone();
                    move || world.now()
                };
                if let Settled::Carried(carried) = settle(&store, &world, &change, false, clock).await.expect("settled")
                {
                    told.borrow_mut().push(Told::Carried(carried));
                }
            }
        })
    }

    /// Plays one schedule: `choose` picks one of so many that can go on. Returns what stood in the end.
    fn play(&self, acts: &[Act], processes: usize, mut choose: impl FnMut(usize) -> usize) -> Change {
        let handles: Vec<Memory> = (0..processes).map(|_| self.records.another_run()).collect();
        let crash = acts.iter().any(|act| matches!(act, Act::Crash));
        let mut actors: Vec<(bool, Actor)> = Vec::new();
        for (nth, act) in acts.iter().filter(|act| !matches!(act, Act::Crash)).enumerate() {
            let inside = !matches!(act, Act::Wait(_) | Act::Edit(_) | Act::Arrive);
            let store = handles[nth % processes].another_handle();
            actors.push((inside, self.actor(*act, store)));
        }
        let mut crashed = !crash;
        loop {
            let can_go = actors.len() + usize::from(!crashed);
            if can_go == 0 {
                break;
            }
            let picked = choose(can_go);
            if picked == actors.len() {
                // Whatever ran in the process is gone; what happens outside goes on.
                actors.retain(|(inside, _)| !inside);
                actors.push((true, self.recovery(self.records.another_run())));
                crashed = true;
                continue;
            }
            let done = actors[picked].1.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
            if done {
                drop(actors.remove(picked));
            }
        }
        now_or_never(self.records.get(self.id)).expect("kept").expect("on record")
    }

    /// What must hold however it went.
    fn check(&self, end: &Change, schedule: &[usize]) {
        let server = self.world.server();
        let writes = server.written.len();
        let case = format!("schedule {schedule:?}: {:?}, told {:?}", end.standing(), self.told.borrow());
        assert!(writes <= 1, "written {writes} times; {case}");
        assert!(server.written.iter().all(|id| *id == self.id), "{case}");
        let standing = end.standing();
        // Where nobody can tell, either is true.
        if standing != Standing::Unknown {
            assert_eq!(writes, usize::from(standing == Standing::Applied), "{standing}; {case}");
        }
        for told in self.told.borrow().iter() {
            match told {
                Told::Carried(Carried::Applied(..)) => assert_eq!(writes, 1, "{case}"),
                Told::Carried(Carried::Ended(change)) => {
                    let says_no = words::ended(change).starts_with("Not applied");
                    assert!(!says_no || writes == 0, "told that it was not applied; {case}");
                }
                Told::Answer(Answer::Declined | Answer::Expired { .. } | Answer::Superseded { .. }) => {
                    assert_eq!(writes, 0, "{case}");
                }
                Told::Answer(answer @ Answer::AlreadyDecided { standing, .. }) => {
                    let final_no = matches!(standing, Standing::Declined | Standing::Failed | Standing::Stale);
                    assert!(!final_no || writes == 0, "{answer:?}; {case}");
                }
                Told::Answer(..) | Told::Carried(Carried::Elsewhere(_)) => {}
                Told::Carried(Carried::Unknown) => panic!("it is on record; {case}"),
            }
        }
    }
}

fn now_or_never<T>(future: impl Future<Output = Result<T, store::Fault>>) -> Result<T, store::Fault> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("memory never waits"),
    }
}

/// Tries every schedule; returns how many there were, and in which states they ended.
fn all_schedules(acts: &[Act], approval: &Approval, processes: usize) -> (usize, Vec<Standing>) {
    let (mut schedule, mut tried, mut ends) = (Vec::<usize>::new(), 0, Vec::new());
    loop {
        let play = Play::new(approval);
        let (mut step, mut open) = (0, Vec::new());
        let end = play.play(acts, processes, |can_go| {
            if step == schedule.len() {
                schedule.push(0);
            }
            open.push(can_go);
            step += 1;
            schedule[step - 1]
        });
        play.check(&end, &schedule);
        ends.push(end.standing());
        tried += 1;
        assert!(tried < MOST, "{acts:?} has too many schedules");
        // The next one: the last choice that has another way to go takes it.
        schedule.truncate(step);
        loop {
            match schedule.pop() {
                None => {
                    ends.sort_unstable();
                    ends.dedup();
                    return (tried, ends);
                }
                Some(last) if last + 1 < open[schedule.len()] => {
                    schedule.push(last + 1);
                    break;
                }
                Some(_) => {}
            }
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "how many schedules were tried is worth knowing")]
fn however_the_events_fall_there_is_at_most_one_write_and_the_truth_is_told() {
    use Act::{Arrive, Cancel, Confirm, Crash, Edit, Supersede, Sweep, Wait};
    let (own, two) = (Approval::Own, Approval::Named { people: vec!["example.com".into()], count: 2 });
    let scenarios: Vec<(&str, Vec<Act>, &Approval, usize)> = vec![
        ("a double press", vec![Confirm("ann"), Confirm("ann")], &own, 1),
        ("three presses", vec![Confirm("ann"), Confirm("ann"), Confirm("eve")], &own, 1),
        ("two processes", vec![Confirm("ann"), Confirm("ann")], &own, 2),
        ("yes and no", vec![Confirm("ann"), Cancel("ann")], &own, 1),
        ("yes, no, yes", vec![Confirm("ann"), Cancel("ann"), Confirm("ann")], &own, 2),
        ("the clock", vec![Confirm("ann"), Wait(700), Sweep], &own, 1),
        ("the clock, twice", vec![Confirm("ann"), Confirm("ann"), Wait(700), Sweep], &own, 2),
        ("another hand", vec![Confirm("ann"), Edit(6)], &own, 1),
        ("another hand, there and back", vec![Confirm("ann"), Confirm("ann"), Edit(6), Edit(2)], &own, 1),
        ("a newer order", vec![Confirm("ann"), Supersede, Cancel("ann")], &own, 1),
        ("four eyes", vec![Confirm("bo"), Confirm("eve"), Cancel("bo")], &two, 2),
        ("four eyes, one of them twice", vec![Confirm("bo"), Confirm("bo"), Confirm("eve")], &two, 1),
        ("a crash", vec![Confirm("ann"), Crash], &own, 1),
        ("a crash, what was sent arrives late", vec![Confirm("ann"), Crash, Arrive], &own, 1),
        ("a crash and another hand", vec![Confirm("ann"), Crash, Edit(6)], &own, 1),
        ("a crash, another hand, and what was sent", vec![Confirm("ann"), Crash, Edit(6), Arrive], &own, 1),
        (
            "a crash, another hand there and back, and what was sent",
            vec![Confirm("ann"), Crash, Edit(6), Edit(2), Arrive],
            &own,
            1,
        ),
        ("a crash and a long night", vec![Confirm("ann"), Crash, Wait(70), Arrive], &own, 1),
        ("a crash between yes and no", vec![Confirm("ann"), Cancel("ann"), Crash], &own, 1),
        ("a crash of one of two", vec![Confirm("ann"), Confirm("ann"), Crash], &own, 2),
        ("a crash while two decide", vec![Confirm("bo"), Confirm("eve"), Crash, Edit(6)], &two, 1),
    ];
    let mut all = 0;
    for (name, acts, approval, processes) in scenarios {
        let (tried, ends) = all_schedules(&acts, approval, processes);
        all += tried;
        eprintln!(
            "{tried:>7} schedules of {name}: {}",
            ends.iter().map(|end| end.as_str()).collect::<Vec<_>>().join(", ")
        );
        assert!(tried > 1, "{name}");
    }
    eprintln!("{all:>7} schedules in all");
}
