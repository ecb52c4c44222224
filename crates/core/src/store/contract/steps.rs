//! The order of the contract, and the steps that its tests take.

use crate::{
    change::{
        Answer, Change, Decide, EndReason, FieldChange, LiveValue, Order, Outcome, Status,
        samples::{self, at, person},
    },
    domain::Intent,
    store::{ItemId, Recorded, Store, Superseded},
};

/// Ann scales to 3, on a card that is valid until second 600.
pub(super) fn order(message_id: &str) -> Order {
    let patch = serde_json::json!([
        {"op": "test", "path": "/metadata/uid", "value": "u1"},
        {"op": "test", "path": "/spec/replicas", "value": 20},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]);
    Order {
        message_id: message_id.into(),
        thread_id: message_id.into(),
        words: "scale nginx to 3 – ½ price 🙂".into(),
        intent: Intent::Scale,
        patch: serde_json::from_value(patch).unwrap(),
        effects: vec![FieldChange::Replicas { from: 20, to: 3 }],
        template_changed: false,
        said: at(-1),
        ..samples::order()
    }
}

pub(super) async fn asked(store: &impl Store, message_id: &str) -> ItemId {
    let change = Change::asking(order(message_id)).unwrap();
    let id = ItemId::from(&change);
    assert_eq!(store.record(change.into()).await.unwrap(), Recorded::New(Superseded::default()));
    id
}

pub(super) async fn approved(store: &impl Store, message_id: &str, seconds: i64) -> ItemId {
    let id = asked(store, message_id).await;
    assert_eq!(decide(store, id, &yes("ann"), seconds).await.1, Answer::Approved);
    id
}

pub(super) async fn decide(store: &impl Store, id: ItemId, decide: &Decide, seconds: i64) -> (Change, Answer) {
    let (request, answer) = store.decide(id.request, decide, at(seconds)).await.unwrap().unwrap();
    (request.item(id.change).unwrap().clone(), answer)
}

pub(super) async fn status(store: &impl Store, id: ItemId) -> Status {
    store.get(id.change).await.unwrap().unwrap().status()
}

pub(super) fn yes(name: &str) -> Decide {
    Decide::Approve { who: person(name), authorization: Ok(()), cause: None }
}

pub(super) fn no(name: &str) -> Decide {
    Decide::Decline { who: person(name), authorization: Ok(()), cause: None }
}

pub(super) fn outcome(text: &str) -> Outcome {
    Outcome { reason: EndReason::Text(text.into()), live: vec![LiveValue::Replicas { count: 3 }] }
}
