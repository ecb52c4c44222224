//! Tests every order of events around one change request: button presses, a denial, expiry, edits by another writer, a second
//! process, and a crash at every await point. In every order there is at most one write, none after a denial or after
//! the card has expired, none with values other than the confirmed ones, and every report is true.
//!
//! A request that was sent may arrive at any time within ten minutes, whether its sender has got an answer, has given up
//! or has died. What arrives later than that is assumed to have been dropped by whatever held it.
//! A process that starts after a crash may send a second request. Of the two at most one is applied, in whatever order they
//! arrive and whatever another writer does in between, because both test the generation of the same claim.
//!
//! Each actor is a future that yields once before each call to the store or the cluster. A schedule says which actor is
//! polled at each step. All schedules are tried, one after the other, each from the initial state.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use serde_json::json;

use super::{
    execution::{Execution, execute},
    items::execute_all,
    settling::{Looked, Settled, look, settle},
};
use readback_core::{
    change::{
        Answer, Change, ChangeId, ChangeRequest, Decide, HELD, Order, RequestId, Status,
        samples::{order, person},
    },
    policy::Approval,
    store::{self, ItemId, Store, memory::MemoryStore},
};

mod invariants;
mod several;
mod single;
mod world;

use world::{Slow, World};

/// Maximum schedules of a scenario. One that needs more is too big.
const MOST: usize = 400_000;

/// What is reported to a person.
#[derive(Debug)]
enum Reported {
    /// The answer to a press that did not execute anything.
    Answer(Answer),
    /// The outcome of an execution.
    Execution(Execution),
}

/// One event.
#[derive(Clone, Copy, Debug)]
enum Act {
    Confirm(&'static str),
    Cancel(&'static str),
    /// The expiry sweep runs.
    Sweep,
    /// A newer order supersedes the change.
    Supersede,
    /// A newer order about the same object is recorded.
    Record,
    /// This many seconds pass.
    Wait(i64),
    /// Another writer sets the replicas.
    Edit(u32),
    /// The process dies, wherever it is, and another one starts on the same store.
    Crash,
    /// The first request on its way to the API server arrives by itself.
    Arrive,
    /// From the beginning something on the way holds requests, and their senders get no answer.
    Hold,
    /// The process looks again for what came of the change, if it got no answer.
    Look,
}

type Actor = Pin<Box<dyn Future<Output = ()>>>;

struct Play {
    world: World,
    records: MemoryStore,
    request: ChangeRequest,
    told: Rc<RefCell<Vec<Reported>>>,
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
        Self::of(Change::asking(order).expect("fit").into())
    }

    /// With the card of this request posted.
    fn of(request: ChangeRequest) -> Self {
        let (records, id) = (MemoryStore::new(), request.id());
        now_or_never(records.record(request)).expect("recorded");
        let request = now_or_never(records.card_posted(id, "card")).expect("noted").expect("on record");
        Self { world: World::new(), records, request, told: Rc::default() }
    }

    /// The first change.
    fn item(&self) -> ItemId {
        self.request.first().into()
    }

    /// The actor of one event. `store` is the handle of the process that it runs in.
    fn actor(&self, act: Act, store: MemoryStore) -> Actor {
        let (world, told, id) = (self.world.clone(), self.told.clone(), self.request.id());
        let store = Slow(store);
        let decide = match act {
            Act::Confirm(name) => Decide::Approve { who: person(name), authorization: Ok(()), cause: None },
            Act::Cancel(name) => Decide::Decline { who: person(name), authorization: Ok(()), cause: None },
            Act::Sweep => Decide::Expire,
            Act::Supersede => Decide::Supersede { by: ChangeId::derive("newer", 0), corrected: false },
            Act::Wait(seconds) => {
                return Box::pin(async move {
                    let mut server = world.server();
                    server.now += jiff::SignedDuration::from_secs(seconds);
                    server.uptime += seconds.unsigned_abs();
                });
            }
            Act::Edit(replicas) => return Box::pin(async move { world.server().edit(replicas) }),
            Act::Arrive => return Box::pin(async move { world.server().arrive() }),
            Act::Look => return self.look(store),
            Act::Record => {
                let newer = self.newer();
                return Box::pin(async move { drop(store.record(newer.into()).await.expect("recorded")) });
            }
            Act::Crash | Act::Hold => unreachable!("no actor"),
        };
        Box::pin(async move {
            let decided = store.decide(id, &decide, world.now()).await.expect("kept");
            let (request, answer) = decided.expect("on record");
            if answer != Answer::Approved {
                told.borrow_mut().push(Reported::Answer(answer));
                return;
            }
            let clock = {
                let world = world.clone();
                move || world.moment()
            };
            let (store, world) = (&store, &world);
            let one = |change: Change| {
                let clock = clock.clone();
                async move { execute(store, world, &change, false, clock).await }
            };
            for execution in execute_all(store, &request, one, clock.clone()).await {
                told.borrow_mut().push(Reported::Execution(execution.expect("kept")));
            }
        })
    }

    /// A later order of the same person about the same object, on a card.
    fn newer(&self) -> Change {
        let old = self.request.first().order();
        let (message_id, said) = ("newer".into(), old.said + jiff::SignedDuration::from_secs(5));
        Change::asking(Order { message_id, said, ..old.clone() }).expect("fit")
    }

    /// No more than one card of an object can be confirmed at any moment, so at any crash too.
    fn check_cards(&self, newer: RequestId) {
        let newer = now_or_never(self.records.request(newer)).expect("kept");
        let both = newer.is_some_and(|newer| newer.is_waiting()) && self.request().is_waiting();
        assert!(!both, "the newer order is on record, and the older card is open");
    }

    /// Another look at the changes that got no answer.
    fn look(&self, store: Slow) -> Actor {
        let (world, told, id) = (self.world.clone(), self.told.clone(), self.request.id());
        Box::pin(async move {
            let request = store.request(id).await.expect("kept").expect("on record");
            for change in request.items().filter(|change| change.awaits_answer()) {
                if let Looked::Ended(execution) = look(&store, &world, change, || world.moment()).await.expect("kept") {
                    told.borrow_mut().push(Reported::Execution(execution));
                }
            }
        })
    }

    /// What a new process does first.
    fn recovery(&self, store: MemoryStore) -> Actor {
        let (world, told) = (self.world.clone(), self.told.clone());
        let store = Slow(store);
        Box::pin(async move {
            let mut found = store.unfinished().await.expect("kept").changes;
            found.sort_by_key(|change| change.order().position);
            for change in found {
                let clock = {
                    let world = world.clone();
                    move || world.moment()
                };
                if let Settled::Execution(execution) =
                    settle(&store, &world, &change, None, false, clock).await.expect("settled")
                {
                    told.borrow_mut().push(Reported::Execution(execution));
                }
            }
        })
    }

    /// Plays one schedule and returns the final state of the request. `choose` gets the number of possible next steps
    /// and picks one.
    fn play(&self, acts: &[Act], processes: usize, mut choose: impl FnMut(usize) -> usize) -> ChangeRequest {
        let handles: Vec<MemoryStore> = (0..processes).map(|_| self.records.another_run()).collect();
        let crash = acts.iter().any(|act| matches!(act, Act::Crash));
        self.world.server().holds = acts.iter().any(|act| matches!(act, Act::Hold));
        let mut actors: Vec<(bool, Actor)> = Vec::new();
        for (nth, act) in acts.iter().filter(|act| !matches!(act, Act::Crash | Act::Hold)).enumerate() {
            let inside = !matches!(act, Act::Wait(_) | Act::Edit(_) | Act::Arrive);
            let store = handles[nth % processes].another_handle();
            actors.push((inside, self.actor(*act, store)));
        }
        let newer = acts.iter().any(|act| matches!(act, Act::Record)).then(|| self.newer().request());
        let mut crashed = !crash;
        let mut step = 0;
        loop {
            step += 1;
            let can_go = actors.len() + usize::from(!crashed);
            if can_go == 0 {
                break;
            }
            let picked = choose(can_go);
            if picked == actors.len() {
                // Actors inside the process are gone; events outside it continue.
                actors.retain(|(inside, _)| !inside);
                actors.push((true, self.recovery(self.records.another_run())));
                crashed = true;
                continue;
            }
            let done = actors[picked].1.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
            if done {
                drop(actors.remove(picked));
            }
            if let Some(newer) = newer {
                self.check_cards(newer);
            }
        }
        // In the end what is still on its way arrives, or it is too late for that; and then it is known what happened.
        let arrives = !self.awaits_answer() || step % 2 == 0;
        if !arrives {
            self.world.server().now += HELD;
        }
        for _ in 0..2 * self.request.items().count() {
            self.world.server().arrive();
        }
        self.world.server().now += HELD;
        run(self.look(Slow(self.records.another_run())));
        assert!(!self.awaits_answer(), "{:?}", self.told.borrow());
        self.request()
    }

    /// The request as it is on record.
    fn request(&self) -> ChangeRequest {
        now_or_never(self.records.request(self.request.id())).expect("kept").expect("on record")
    }

    /// Its first change, as it is on record.
    fn now(&self) -> Change {
        self.request().first().clone()
    }

    fn awaits_answer(&self) -> bool {
        self.request().items().any(Change::awaits_answer)
    }
}

fn now_or_never<T>(future: impl Future<Output = Result<T, store::Fault>>) -> Result<T, store::Fault> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("memory never waits"),
    }
}

/// Tries every schedule; returns how many there were and the final statuses of its changes.
fn all_schedules(acts: &[Act], play: impl Fn() -> Play, processes: usize) -> (usize, Vec<Vec<Status>>) {
    let (mut schedule, mut tried, mut ends) = (Vec::<usize>::new(), 0, Vec::new());
    loop {
        let play = play();
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
        ends.push(end.items().map(Change::status).collect());
        tried += 1;
        assert!(tried < MOST, "{acts:?} has too many schedules");
        // The next schedule: advance the last choice that has another option.
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
    use Act::{Arrive, Cancel, Confirm, Crash, Edit, Hold, Look, Record, Supersede, Sweep, Wait};
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
        ("a newer order is recorded", vec![Confirm("ann"), Record, Cancel("ann")], &own, 1),
        ("a newer order is recorded, and a crash", vec![Confirm("ann"), Record, Crash], &own, 1),
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
        ("held on its way", vec![Hold, Confirm("ann"), Arrive, Look], &own, 1),
        ("held for too long", vec![Hold, Confirm("ann"), Wait(700), Look], &own, 1),
        ("held, and another hand", vec![Hold, Confirm("ann"), Edit(6), Arrive, Look], &own, 1),
        ("held, and another hand there and back", vec![Hold, Confirm("ann"), Edit(6), Edit(2), Look], &own, 1),
        ("held, and the same by another hand", vec![Hold, Confirm("ann"), Edit(3), Arrive, Look], &own, 1),
        ("held, and a crash", vec![Hold, Confirm("ann"), Crash, Arrive], &own, 1),
        ("held, a crash, and a hand there and back", vec![Hold, Confirm("ann"), Crash, Edit(6), Edit(2)], &own, 1),
        ("held, a crash and a long night", vec![Hold, Confirm("ann"), Crash, Wait(70)], &own, 1),
        ("the same by another hand", vec![Confirm("ann"), Confirm("ann"), Edit(3)], &own, 2),
        ("a crash and the same by another hand", vec![Confirm("ann"), Crash, Edit(3), Arrive], &own, 1),
        ("a crash between yes and no", vec![Confirm("ann"), Cancel("ann"), Crash], &own, 1),
        ("a crash of one of two", vec![Confirm("ann"), Confirm("ann"), Crash], &own, 2),
        ("a crash while two decide", vec![Confirm("bo"), Confirm("eve"), Crash, Edit(6)], &two, 1),
    ];
    let mut all = 0;
    for (name, acts, approval, processes) in scenarios {
        all += report(name, all_schedules(&acts, || Play::new(approval), processes));
    }
    eprintln!("{all:>7} schedules in all");
}

/// Prints how many schedules were tried, and how they ended.
#[expect(clippy::print_stderr, reason = "how many schedules were tried is worth knowing")]
fn report(name: &str, (tried, ends): (usize, Vec<Vec<Status>>)) -> usize {
    let ends = ends.iter().map(|end| end.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(" and "));
    eprintln!("{tried:>7} schedules of {name}: {}", ends.collect::<Vec<_>>().join(", "));
    assert!(tried > 1, "{name}");
    tried
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}
