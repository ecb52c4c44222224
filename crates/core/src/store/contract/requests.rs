//! Requests of several changes: recorded and decided as a whole, claimed and ended one by one.

use futures::future::join_all;

use super::steps::{no, order, outcome, yes};
use crate::{
    change::{
        Answer, Change, ChangeRequest, End, Order, Status,
        samples::{aimed_at, at},
    },
    store::{ClaimResult, ItemId, Recorded, Store, Superseded},
};

/// Two changes of `web`, then one of `api`.
fn three(message_id: &str) -> ChangeRequest {
    let of = |position, name| Change::asking(aimed_at(name, Order { position, ..order(message_id) })).unwrap();
    ChangeRequest::new(vec![of(0, "web"), of(1, "web"), of(2, "api")]).unwrap()
}

async fn recorded(store: &impl Store, message_id: &str) -> (ChangeRequest, [ItemId; 3]) {
    let request = three(message_id);
    assert_eq!(store.record(request.clone()).await.unwrap(), Recorded::New(Superseded::default()));
    let ids: Vec<_> = request.items().map(ItemId::from).collect();
    (request, ids.try_into().unwrap())
}

async fn statuses(store: &impl Store, request: &ChangeRequest) -> Vec<Status> {
    store.request(request.id()).await.unwrap().unwrap().items().map(Change::status).collect()
}

pub(super) async fn a_request_is_recorded_as_a_whole(store: &impl Store) {
    let (request, ids) = recorded(store, "three").await;
    assert_eq!(store.request(request.id()).await.unwrap(), Some(request.clone()));
    let there = Recorded::AlreadyThere(Box::new(request.clone()));
    assert_eq!(store.record(request.clone()).await.unwrap(), there);
    // The message is read in another way when it is delivered again.
    let second = Change::asking(aimed_at("web", Order { position: 1, ..order("three") })).unwrap();
    assert_eq!(store.record(second.into()).await.unwrap(), there, "one of its changes");
    for (item, id) in request.items().zip(ids) {
        assert_eq!(store.get(id.change).await.unwrap().as_ref(), Some(item));
    }
    let posted = store.card_posted(request.id(), "card").await.unwrap().unwrap();
    assert!(posted.items().all(|item| item.card() == Some("card")), "one card");
    assert_eq!(store.request(request.id()).await.unwrap(), Some(posted));
}

pub(super) async fn a_request_is_decided_as_a_whole(store: &impl Store) {
    for round in 0..4 {
        let (request, _) = recorded(store, &format!("three, yes and no {round}")).await;
        let (approve, decline) = (yes("ann"), no("ann"));
        let presses = [&approve, &decline, &approve, &decline].map(|decide| store.decide(request.id(), decide, at(1)));
        let answers = join_all(presses).await.into_iter().map(|decided| decided.unwrap().unwrap().1);
        assert_eq!(answers.filter(|answer| *answer == Answer::Declined).count(), 1);
        assert_eq!(statuses(store, &request).await, [Status::Declined; 3]);
    }
    let (request, ids) = recorded(store, "three, a no after the first claim").await;
    assert_eq!(store.decide(request.id(), &yes("ann"), at(1)).await.unwrap().unwrap().1, Answer::Approved);
    assert!(matches!(store.claim(ids[0], 7, at(2)).await.unwrap(), ClaimResult::Won(_)));
    let (_, answer) = store.decide(request.id(), &no("ann"), at(3)).await.unwrap().unwrap();
    assert!(matches!(answer, Answer::AlreadyDecided { status: Status::Claimed, .. }), "{answer:?}");
    assert_eq!(statuses(store, &request).await, [Status::Claimed, Status::Approved, Status::Approved]);
}

pub(super) async fn a_request_is_claimed_item_by_item(store: &impl Store) {
    let (request, [first, second, other]) = recorded(store, "three, one by one").await;
    let lost = async |id| matches!(store.claim(id, 7, at(2)).await.unwrap(), ClaimResult::Lost(_));
    assert!(lost(first).await && lost(other).await, "nobody has said yes");
    store.decide(request.id(), &yes("ann"), at(1)).await.unwrap();
    assert!(lost(second).await, "it was planned on the first one");
    let claims = join_all((0..8).map(|_| store.claim(other, 7, at(2)))).await;
    assert_eq!(claims.into_iter().filter(|claim| matches!(claim, Ok(ClaimResult::Won(_)))).count(), 1);
    assert!(matches!(store.claim(first, 7, at(2)).await.unwrap(), ClaimResult::Won(_)), "another object");
    assert!(lost(second).await, "the first one is on its way");
    store.finish(first, End::Applied(outcome("3 of 3")), at(3)).await.unwrap();
    assert!(matches!(store.claim(second, 8, at(62)).await.unwrap(), ClaimResult::Won(_)), "a minute after the first");
    let (ended, _) = store.finish(second, End::Failed(outcome("no")), at(63)).await.unwrap().unwrap();
    assert_eq!((ended.id(), ended.status()), (second.change, Status::Failed));
    assert_eq!(statuses(store, &request).await, [Status::Applied, Status::Failed, Status::Claimed]);
}

pub(super) async fn what_was_left_of_a_request_is_found<S: Store>(open: &impl AsyncFn() -> S) {
    let store = open().await;
    let (request, [first, ..]) = recorded(&store, "three, and a crash").await;
    store.decide(request.id(), &yes("ann"), at(1)).await.unwrap();
    assert!(matches!(store.claim(first, 7, at(2)).await.unwrap(), ClaimResult::Won(_)));
    store.finish(first, End::Failed(outcome("no")), at(3)).await.unwrap();
    let before = store.request(request.id()).await.unwrap();
    drop(store);
    let store = open().await;
    assert_eq!(store.request(request.id()).await.unwrap(), before);
    let unfinished = store.unfinished().await.unwrap().changes;
    let mut left: Vec<_> = unfinished.iter().filter(|change| change.request() == request.id()).collect();
    left.sort_by_key(|change| change.order().position);
    assert_eq!(left.iter().map(|change| change.order().position).collect::<Vec<_>>(), [1, 2]);
    // What was planned on a change that was not applied is never sent.
    let second = ItemId::from(left[0]);
    assert!(matches!(store.claim(second, 7, at(4)).await.unwrap(), ClaimResult::Lost(_)));
}
