//! What is accepted is on record until its turn has ended, and turns that fail for a time are repeated.

use futures::future::pending;
use jiff::Timestamp;

use super::*;

fn later(room: &str, id: &str, second: i64) -> Notice {
    let created = Timestamp::from_second(1_800_000_000 + second).ok();
    Notice::Message { id: id.to_owned(), room: room.to_owned(), person: "ANN".to_owned(), created }
}

/// An inbox that records nothing: it never answers, or it fails.
struct Broken {
    answers: bool,
}

#[async_trait::async_trait]
impl Inbox for Broken {
    async fn receive(&self, _: &Notice) -> Result<Received, Fault> {
        if self.answers { Err(Fault::CutOff) } else { pending().await }
    }

    async fn handled(&self, _: &Notice) -> Result<(), Fault> {
        Ok(())
    }
}

/// A handler that ends the first `failures` attempts of a notice whose id begins with `x` with another attempt.
fn failing(
    failures: u32,
) -> (impl Fn(Attempt) -> BoxFuture<'static, TurnEnd> + Clone, mpsc::UnboundedReceiver<Attempt>) {
    let (tell, told) = mpsc::unbounded_channel();
    let handler = move |attempt: Attempt| -> BoxFuture<'static, TurnEnd> {
        let again = attempt.notice.id().starts_with('x') && attempt.tries < failures;
        tell.send(attempt).unwrap();
        Box::pin(async move {
            if again { TurnEnd::Again { after: Duration::from_millis(50), begun: false } } else { TurnEnd::Done }
        })
    };
    (handler, told)
}

async fn ids(store: &MemoryStore) -> Vec<String> {
    store.unhandled().await.unwrap().iter().map(|receipt| receipt.notice.id().to_owned()).collect()
}

#[tokio::test]
async fn what_is_not_on_record_is_neither_accepted_nor_handled() {
    for answers in [false, true] {
        let (tell, mut told) = mpsc::unbounded_channel();
        let handler = move |attempt: Attempt| {
            let tell = tell.clone();
            async move {
                tell.send(attempt).unwrap();
                TurnEnd::Done
            }
        };
        let intake = Intake::new(handler, Broken { answers }, Bounds::default());
        let offered = timeout(Duration::from_millis(50), intake.offer(message("a", "a1"))).await;
        if answers {
            assert_eq!(offered, Ok(Err(NotTaken::NotRecorded)));
            while intake.pending() > 0 {
                tokio::task::yield_now().await;
            }
        } else {
            assert!(offered.is_err(), "it is not accepted before it is on record");
        }
        assert!(told.try_recv().is_err());
    }
}

#[tokio::test]
async fn a_notice_is_on_record_until_its_turn_has_ended() {
    let store = inbox();
    let (tell, mut told) = mpsc::unbounded_channel();
    let (gate, open) = watch::channel(false);
    let handler = move |_| {
        let (tell, mut open) = (tell.clone(), open.clone());
        async move {
            tell.send(()).unwrap();
            open.wait_for(|open| *open).await.unwrap();
            TurnEnd::Done
        }
    };
    let intake = Intake::new(handler, store.clone(), Bounds::default());
    assert_eq!(intake.offer(message("a", "a1")).await, Ok(Taken::Queued));
    told.recv().await.unwrap();
    assert_eq!(ids(&store).await, ["a1"]);
    gate.send(true).unwrap();
    intake.finish(GRACE).await.unwrap();
    assert!(ids(&store).await.is_empty());
}

#[tokio::test]
async fn a_sender_that_hangs_up_leaves_nothing_on_record_that_is_not_handled() {
    let store = inbox();
    let (handler, mut told) = failing(0);
    let intake = Intake::new(handler, store.clone(), Bounds::default());
    // Polled once, then dropped.
    let mut offer = Box::pin(intake.offer(message("a", "a1")));
    assert!(futures::poll!(&mut offer).is_pending());
    drop(offer);
    assert_eq!(told.recv().await.unwrap().notice.id(), "a1");
    intake.finish(GRACE).await.unwrap();
    assert!(ids(&store).await.is_empty());
}

#[tokio::test]
async fn a_turn_that_failed_for_a_time_is_repeated_in_its_place() {
    let (handler, mut told) = failing(3);
    let intake = Intake::new(handler, inbox(), Bounds { at_once: 1, ..Bounds::default() });
    for (room, id) in [("a", "x1"), ("a", "a2"), ("b", "b1")] {
        intake.offer(message(room, id)).await.unwrap();
    }
    let mut all = Vec::new();
    while all.len() < 6 {
        let attempt = told.recv().await.unwrap();
        let tried = (attempt.tries, attempt.is_again(), attempt.followed);
        all.push((attempt.notice.id().to_owned(), attempt.tries, tried));
    }
    let of = |id: &str| all.iter().filter(|one| one.0 == id).map(|one| one.2).collect::<Vec<_>>();
    // What the same person said later may take it back.
    assert_eq!(of("x1"), [(0, false, false), (1, true, true), (2, true, true), (3, true, true)]);
    let place = |id: &str| all.iter().position(|one| one.0 == id).unwrap();
    assert_eq!(place("a2"), 5, "the room keeps its order");
    assert!(place("b1") < 4, "another room does not wait, though one turn is in progress at a time");
    intake.finish(GRACE).await.unwrap();
}

#[tokio::test]
async fn what_waits_for_another_attempt_at_the_shutdown_is_resumed_with_all_that_followed_it() {
    let store = inbox();
    let (handler, mut told) = failing(u32::MAX);
    let intake = Intake::new(handler, store.clone(), Bounds::default());
    for id in ["x1", "a2"] {
        intake.offer(message("a", id)).await.unwrap();
    }
    told.recv().await.unwrap();
    intake.finish(GRACE).await.unwrap();
    assert_eq!(ids(&store).await, ["x1", "a2"]);

    let next = Arc::new(store.another_run());
    let (handler, mut told) = failing(0);
    // More than the bounds allow is resumed, too.
    let intake = Intake::new(handler, next.clone(), Bounds { per_room: 0, rooms: 0, total: 0, at_once: 1 });
    intake.resume(next.unhandled().await.unwrap());
    assert_eq!(intake.pending(), 2);
    assert_eq!(intake.offer(message("a", "x1")).await, Ok(Taken::Repeat));
    for id in ["x1", "a2"] {
        let attempt = told.recv().await.unwrap();
        assert_eq!((attempt.notice.id(), attempt.is_again()), (id, true));
    }
    intake.finish(GRACE).await.unwrap();
    assert!(ids(&store).await.is_empty());
}

#[tokio::test]
async fn a_room_is_handled_in_the_order_in_which_webex_saw_it() {
    let (intake, mut told, gate) = gated(Bounds::default());
    intake.offer(later("a", "first", 0)).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "first");
    for (id, second) in [("third", 3), ("second", 2), ("with the third", 3), ("fourth", 4)] {
        intake.offer(later("a", id, second)).await.unwrap();
    }
    intake.offer(message("a", "without a time")).await.unwrap();
    gate.send(true).unwrap();
    for id in ["second", "third", "with the third", "fourth", "without a time"] {
        assert_eq!(told.recv().await.unwrap(), id);
    }
}
