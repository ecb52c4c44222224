//! Deliveries, what people take back, and what a message ordered.

use futures::future::join_all;

use crate::{
    change::{
        Change, Order,
        samples::{at, order},
    },
    notice::{Notice, Receipt, Received},
    store::{Found, REMEMBERED, Recorded, STOPS_REMEMBERED, Store},
    topic::TopicPlace,
};

fn message(id: &str) -> Notice {
    Notice::Message { id: id.into(), room: "room".into(), person: "id-of-ann".into(), created: Some(at(-1)) }
}

fn press(id: &str) -> Notice {
    Notice::Press {
        id: id.into(),
        message: "card".into(),
        room: "room".into(),
        person: "id-of-ann".into(),
        created: None,
    }
}

pub(super) async fn a_delivery_is_new_once(store: &impl Store) {
    let long = "x".repeat(100_000);
    for id in ["delivery", "", &long] {
        for notice in [message(id), press(id)] {
            assert_eq!(store.receive(&notice, at(0)).await.unwrap(), Received::New, "a press is no message");
            assert_eq!(store.receive(&notice, at(1)).await.unwrap(), Received::Repeat, "it is being handled");
            store.handled(&notice, at(2)).await.unwrap();
            assert_eq!(store.receive(&notice, at(3)).await.unwrap(), Received::Repeat, "it was handled");
        }
    }
    let one = message("at once");
    let at_once = join_all((0..8).map(|_| store.receive(&one, at(1)))).await;
    assert_eq!(at_once.into_iter().filter(|received| matches!(received, Ok(Received::New))).count(), 1);
    assert_eq!(store.receive(&message("delivery"), at(24 * 3600)).await.unwrap(), Received::Repeat, "a day later");
    let much_later = at(3 + REMEMBERED.as_secs());
    store.handled(&one, much_later).await.unwrap();
    assert_eq!(store.receive(&message("delivery"), much_later).await.unwrap(), Received::New, "forgotten in the end");
    store.handled(&message("delivery"), much_later).await.unwrap();
    assert!(store.unhandled().await.unwrap().is_empty());
    // The same message, as the REST API and as other interfaces write its id.
    let uuid = "f5b36187-c8dd-4727-8b2f-f9c447f29046";
    let rest = "Y2lzY29zcGFyazovL3VzL1BFT1BMRS9mNWIzNjE4Ny1jOGRkLTQ3MjctOGIyZi1mOWM0NDdmMjkwNDY";
    assert_eq!(store.receive(&message(uuid), at(0)).await.unwrap(), Received::New);
    assert_eq!(store.receive(&message(rest), at(0)).await.unwrap(), Received::Repeat);
    store.handled(&message(rest), at(0)).await.unwrap();
    assert!(store.unhandled().await.unwrap().is_empty());
}

pub(super) async fn a_delivery_outlives_a_restart_until_it_is_handled<S: Store>(open: &impl AsyncFn() -> S) {
    let store = open().await;
    let all = [message("first"), press("second"), message("third")];
    for (second, notice) in (0..).zip(&all) {
        store.receive(notice, at(second)).await.unwrap();
    }
    store.handled(&all[1], at(3)).await.unwrap();
    drop(store);
    let store = open().await;
    let left = [(&all[0], 0), (&all[2], 2)];
    let left = left.map(|(notice, second)| Receipt { notice: notice.clone(), arrived: at(second) });
    assert_eq!(store.unhandled().await.unwrap(), left);
    for notice in &all {
        assert_eq!(store.receive(notice, at(9)).await.unwrap(), Received::Repeat);
        store.handled(notice, at(9)).await.unwrap();
    }
    assert!(store.unhandled().await.unwrap().is_empty());
}

pub(super) async fn a_no_holds_for_what_was_said_before_it(store: &impl Store) {
    let place = |thread: Option<&str>| TopicPlace { room: "stopped room".into(), thread: thread.map(Into::into) };
    let stopped = async |thread, person, second| store.is_stopped(&place(thread), person, at(second)).await.unwrap();
    store.stop(&place(Some("t")), "ann", at(10), at(10)).await.unwrap();
    assert!(stopped(Some("t"), "ann", 9).await);
    for (thread, person, second) in
        [(Some("t"), "ann", 10), (Some("u"), "ann", 9), (None, "ann", 9), (Some("t"), "eve", 9)]
    {
        assert!(!stopped(thread, person, second).await, "{thread:?} {person} {second}");
    }
    store.stop(&place(None), "ann", at(20), at(20)).await.unwrap();
    store.stop(&place(None), "ann", at(15), at(21)).await.unwrap();
    assert!(stopped(Some("u"), "ann", 19).await && stopped(None, "ann", 19).await && !stopped(None, "ann", 20).await);
    let much_later = at(21 + STOPS_REMEMBERED.as_secs());
    store.stop(&place(None), "eve", much_later, much_later).await.unwrap();
    assert!(!stopped(None, "ann", 19).await, "forgotten in the end");
}

pub(super) async fn what_a_message_ordered_is_found(store: &impl Store) {
    let order = Order { message_id: "a message of its own".into(), ..order() };
    let change = Change::asking(order).expect("fit");
    let id = change.id();
    assert!(matches!(store.record(change.into()).await.unwrap(), Recorded::New(_)));
    let ids = |found: Found| found.changes.iter().map(Change::id).collect::<Vec<_>>();
    assert_eq!(ids(store.ordered_by("a message of its own").await.unwrap()), [id]);
    assert!(ids(store.ordered_by("a message").await.unwrap()).is_empty());
}
