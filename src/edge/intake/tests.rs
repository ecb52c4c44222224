//! Order, bounds, repeats, panics, and shutdown.

use readback_core::store::{Store, memory::MemoryStore};
use tokio::sync::{mpsc, watch};

use super::*;

mod record;

const GRACE: Duration = Duration::from_secs(10);

fn message(room: &str, id: &str) -> Notice {
    Notice::Message { id: id.to_owned(), room: room.to_owned(), person: "ANN".to_owned(), created: None }
}

fn inbox() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new())
}

/// An intake whose handler sends the id, then waits for the gate.
fn gated(bounds: Bounds) -> (Intake, mpsc::UnboundedReceiver<String>, watch::Sender<bool>) {
    let (tell, told) = mpsc::unbounded_channel();
    let (gate, open) = watch::channel(false);
    let handler = move |Attempt { notice, .. }: Attempt| {
        let (tell, mut open) = (tell.clone(), open.clone());
        async move {
            tell.send(notice.id().to_owned()).unwrap();
            open.wait_for(|open| *open).await.unwrap();
            TurnEnd::Done
        }
    };
    (Intake::new(handler, inbox(), bounds), told, gate)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_processed_in_order_and_rooms_in_parallel() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let handler = move |Attempt { notice, .. }: Attempt| {
        let tell = tell.clone();
        async move {
            tokio::task::yield_now().await;
            tell.send((notice.room().to_owned(), notice.id().to_owned())).unwrap();
            TurnEnd::Done
        }
    };
    let intake = Intake::new(handler, inbox(), Bounds { per_room: 200, ..Bounds::default() });
    for n in 0..200 {
        for room in ["a", "b", "c"] {
            assert_eq!(intake.offer(message(room, &format!("{room}{n}"))).await, Ok(Taken::Queued));
        }
        if n % 20 == 0 {
            tokio::task::yield_now().await;
        }
    }
    intake.finish(GRACE).await.unwrap();
    drop(intake);
    let mut all = Vec::new();
    while let Some(one) = told.recv().await {
        all.push(one);
    }
    for room in ["a", "b", "c"] {
        let ids: Vec<_> = all.iter().filter(|(of, _)| of == room).map(|(_, id)| id.clone()).collect();
        assert_eq!(ids, (0..200).map(|n| format!("{room}{n}")).collect::<Vec<_>>(), "room {room}");
    }
}

#[tokio::test]
async fn a_room_waits_for_its_first_notice_while_another_continues() {
    let (intake, mut told, gate) = gated(Bounds::default());
    for (room, id) in [("a", "a1"), ("a", "a2"), ("b", "b1")] {
        intake.offer(message(room, id)).await.unwrap();
    }
    let mut first = [told.recv().await.unwrap(), told.recv().await.unwrap()];
    first.sort();
    assert_eq!(first, ["a1", "b1"]);
    assert!(told.try_recv().is_err(), "a2 waits for a1");
    gate.send(true).unwrap();
    assert_eq!(told.recv().await.unwrap(), "a2");
}

#[tokio::test]
async fn each_bound_refuses_and_a_refused_notice_is_new_later() {
    let bounds = Bounds { per_room: 2, rooms: 2, total: 4, at_once: 4 };
    let (intake, mut told, gate) = gated(bounds);
    intake.offer(message("a", "a1")).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "a1");
    intake.offer(message("a", "a2")).await.unwrap();
    intake.offer(message("a", "a3")).await.unwrap();
    assert_eq!(intake.offer(message("a", "a4")).await, Err(NotTaken::Full), "the room is full");
    intake.offer(message("b", "b1")).await.unwrap();
    assert_eq!(intake.offer(message("b", "b2")).await, Err(NotTaken::Full), "the intake is full");
    assert_eq!(intake.pending(), 4);
    gate.send(true).unwrap();
    for _ in 0..3 {
        told.recv().await.unwrap();
    }
    while intake.pending() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(intake.offer(message("a", "a4")).await, Ok(Taken::Queued), "a refused notice is not a repeat");
    assert_eq!(intake.offer(message("a", "a4")).await, Ok(Taken::Repeat));
}

#[tokio::test]
async fn rooms_are_bounded_and_idle_ones_are_removed() {
    let (intake, mut told, gate) = gated(Bounds { rooms: 1, ..Bounds::default() });
    intake.offer(message("a", "a1")).await.unwrap();
    assert_eq!(intake.offer(message("b", "b1")).await, Err(NotTaken::Full));
    gate.send(true).unwrap();
    told.recv().await.unwrap();
    while !intake.0.queues.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(intake.offer(message("b", "b1")).await, Ok(Taken::Queued));
}

#[tokio::test]
async fn parallel_work_is_bounded() {
    let (intake, mut told, gate) = gated(Bounds { at_once: 2, ..Bounds::default() });
    for room in ["a", "b", "c"] {
        intake.offer(message(room, room)).await.unwrap();
    }
    told.recv().await.unwrap();
    told.recv().await.unwrap();
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert!(told.try_recv().is_err(), "the third waits");
    gate.send(true).unwrap();
    told.recv().await.unwrap();
}

#[tokio::test]
async fn a_panic_ends_one_turn_and_neither_its_room_nor_the_intake() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let handler = move |Attempt { notice, .. }: Attempt| {
        assert_ne!(notice.id(), "at once", "before the first await");
        let tell = tell.clone();
        async move {
            tokio::task::yield_now().await;
            assert_ne!(notice.id(), "later", "after the first await");
            tell.send(notice.id().to_owned()).unwrap();
            TurnEnd::Done
        }
    };
    let intake = Intake::new(handler, inbox(), Bounds::default());
    for id in ["at once", "later", "good"] {
        intake.offer(message("a", id)).await.unwrap();
    }
    let survivor = timeout(GRACE, told.recv()).await.expect("the room continues after a panic");
    assert_eq!(survivor.unwrap(), "good");
    intake.finish(GRACE).await.unwrap();
    assert_eq!(intake.pending(), 0);
}

#[tokio::test]
async fn shutdown_refuses_new_notices_and_finishes_the_accepted_ones() {
    let (intake, mut told, gate) = gated(Bounds::default());
    intake.offer(message("a", "a1")).await.unwrap();
    intake.offer(message("a", "a2")).await.unwrap();
    told.recv().await.unwrap();
    let finishing = async {
        let refused = [intake.offer(message("a", "a3")).await, intake.offer(message("b", "b1")).await];
        gate.send(true).unwrap();
        refused
    };
    let (finished, refused) = tokio::join!(intake.finish(GRACE), finishing);
    assert_eq!(refused, [Err(NotTaken::Stopping); 2]);
    finished.unwrap();
    assert_eq!(told.recv().await.unwrap(), "a2");
    assert_eq!(intake.pending(), 0);
}

#[tokio::test]
async fn unfinished_work_after_the_grace_period_is_counted_and_cancelled() {
    let (intake, mut told, _gate) = gated(Bounds::default());
    for id in ["a1", "a2"] {
        intake.offer(message("a", id)).await.unwrap();
    }
    told.recv().await.unwrap();
    assert_eq!(intake.finish(Duration::from_millis(20)).await, Err(Unfinished { notices: 2 }));
}
