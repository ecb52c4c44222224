//! A newer request takes the place of older ones in the step that records it.

use super::steps::{decide, order, status, yes};
use crate::{
    change::{
        Answer, Change, ChangeId, ChangeRequest, Order, State, Status,
        samples::{aimed_at, at, person},
    },
    question::{self, Question, QuestionState},
    store::{ItemId, Recorded, Store, Superseded},
};

/// The order about this Deployment, said and recorded at this second.
fn said(name: &str, message_id: &str, second: i64) -> Order {
    aimed_at(name, Order { said: at(second), created: at(second), ..order(message_id) })
}

async fn waits(store: &impl Store, order: Order) -> ItemId {
    let change = Change::asking(order).unwrap();
    let id = ItemId::from(&change);
    store.record(change.into()).await.unwrap();
    store.card_posted(id.request, "card").await.unwrap();
    id
}

fn ids(replaced: &[ChangeRequest]) -> Vec<ItemId> {
    replaced.iter().map(|request| request.first().into()).collect()
}

async fn replaced(store: &impl Store, newer: ChangeRequest) -> Superseded {
    let Recorded::New(replaced) = store.record(newer).await.unwrap() else { panic!("it is new") };
    for request in &replaced.requests {
        assert_eq!(store.request(request.id()).await.unwrap().as_ref(), Some(request), "as it is on record");
        assert!(request.first().is_unreported(), "its card is to be closed");
    }
    for question in &replaced.questions {
        assert_eq!(store.question(question.id).await.unwrap().as_ref(), Some(question), "as it is on record");
    }
    replaced
}

pub(super) async fn a_newer_request_is_recorded_in_place_of_older_ones(store: &impl Store) {
    // It is recorded first, or it would take the place of the older one.
    let later = waits(store, said("replaced", "said later", 9)).await;
    let older = waits(store, said("replaced", "older", 1)).await;
    let elsewhere = waits(store, said("another", "of another object", 1)).await;
    let other = Order { requester: person("bo"), ..said("replaced", "of another person", 1) };
    let other = waits(store, other).await;
    let decided = waits(store, said("replaced", "decided", 0)).await;
    assert_eq!(decide(store, decided, &yes("ann"), 2).await.1, Answer::Approved);

    let newer = ChangeRequest::from(Change::asking(said("replaced", "newer", 5)).unwrap());
    let gone = replaced(store, newer.clone()).await;
    assert_eq!((ids(&gone.requests), gone.questions), (vec![older], Vec::new()));
    let by = newer.first().id();
    assert_eq!(gone.requests[0].first().state(), &State::Superseded { by, at: at(5), corrected: false });
    for (id, expected) in [
        (later, Status::Waiting),
        (elsewhere, Status::Waiting),
        (other, Status::Waiting),
        (decided, Status::Approved),
        (newer.first().into(), Status::Waiting),
    ] {
        assert_eq!(status(store, id).await, expected, "{id:?}");
    }
    let again = store.record(newer.clone()).await.unwrap();
    assert_eq!(again, Recorded::AlreadyThere(Box::new(newer)), "delivered again");
}

pub(super) async fn a_request_of_several_is_replaced_as_a_whole(store: &impl Store) {
    let item = |position, name| Change::asking(Order { position, ..said(name, "several, replaced", 1) }).unwrap();
    let several = ChangeRequest::new(vec![item(0, "one-of-two"), item(1, "two-of-two")]).unwrap();
    store.record(several.clone()).await.unwrap();
    store.card_posted(several.id(), "card").await.unwrap();
    let ordered = Order { reasons: Vec::new(), ..said("two-of-two", "carried out at once", 5) };
    let gone = replaced(store, Change::ordered(ordered).unwrap().into()).await;
    assert_eq!(ids(&gone.requests), [ItemId::from(several.first())]);
    assert!(gone.requests[0].items().all(|item| item.status() == Status::Superseded));

    let late = waits(store, said("past", "past its expiry", 1)).await;
    let gone = replaced(store, Change::asking(said("past", "after that", 600)).unwrap().into()).await;
    assert_eq!(ids(&gone.requests), [late]);
    assert_eq!(gone.requests[0].first().state(), &State::Expired { at: at(600) });
}

pub(super) async fn a_newer_request_answers_older_questions(store: &impl Store) {
    let target = said("which", "", 0).target;
    let about = |id: &str, second: i64| {
        let mut question = question::samples::question();
        (question.id, question.said, question.created) = (ChangeId::derive(id, 0), at(second), at(second));
        question.expires = at(600);
        question.choices[1].target = target.clone();
        question
    };
    let older = store.ask(about("asked before", 1)).await.unwrap();
    let later = store.ask(about("asked later", 9)).await.unwrap();
    let other = store.ask(Question { asked: person("bo"), ..about("asked another", 1) }).await.unwrap();
    let gone = replaced(store, Change::asking(said("which", "answered", 5)).unwrap().into()).await;
    assert_eq!(gone.questions, [Question { state: QuestionState::Superseded { at: at(5) }, ..older }]);
    for open in [later, other] {
        assert_eq!(store.question(open.id).await.unwrap(), Some(open));
    }
}
