//! Lookups in the changes on record.

use super::steps::{approved, decide, order, outcome, yes};
use crate::{
    change::{
        Change, ChangeId, End, Filter, Order, Status,
        samples::{self, aimed_at, at, person},
    },
    domain::ObjectRef,
    store::{Found, ItemId, Store},
};

fn ids(found: &Found) -> Vec<ChangeId> {
    found.changes.iter().map(Change::id).collect()
}

pub(super) async fn the_newest_come_first(store: &impl Store) {
    for second in [100, 300, 200] {
        let order = Order { room_id: "newest".into(), created: at(second), ..order(&format!("newest {second}")) };
        store.record(Change::asking(order).unwrap().into()).await.unwrap();
    }
    let filter = Filter { room: Some("newest".into()), ..Filter::default() };
    let found = store.newest(&filter, 2).await.unwrap();
    assert_eq!(found.changes.iter().map(|change| change.order().created).collect::<Vec<_>>(), [at(300), at(200)]);
    let none = Filter { statuses: vec![Status::Applied], ..filter };
    assert!(store.newest(&none, 2).await.unwrap().changes.is_empty());
}

async fn recorded(store: &impl Store, order: Order) -> ChangeId {
    let change = Change::asking(order).unwrap();
    let id = change.id();
    store.record(change.into()).await.unwrap();
    id
}

pub(super) async fn each_criterion_finds_its_own_and_all_together(store: &impl Store) {
    let place = |room: &str, name: &str, order: Order| Order { room_id: room.into(), ..aimed_at(name, order) };
    let mut all = Vec::new();
    for (number, (room, name)) in (0..).zip([
        ("criteria 1", "found-a"),
        ("criteria 1", "found-b"),
        ("criteria 2", "found-a"),
        ("criteria 2", "found-b"),
    ]) {
        let order = Order { created: at(number), ..order(&format!("criterion {number}")) };
        all.push(recorded(store, place(room, name, order)).await);
    }
    let object = |name: &str| Some(aimed_at(name, samples::order()).target);
    let room = |number: u32| Some(format!("criteria {number}"));
    let found = async |filter: Filter| ids(&store.newest(&filter, usize::MAX).await.unwrap());
    let none = Filter::default;
    assert_eq!(found(Filter { object: object("found-a"), ..none() }).await, [all[2], all[0]]);
    assert_eq!(found(Filter { room: room(2), ..none() }).await, [all[3], all[2]]);
    assert_eq!(found(Filter { object: object("found-b"), room: room(1), ..none() }).await, [all[1]]);
    assert_eq!(found(Filter { target: Some("found-".into()), ..none() }).await, [all[3], all[2], all[1], all[0]]);
    let waiting = vec![Status::Waiting, Status::Applied];
    assert_eq!(found(Filter { room: room(1), statuses: waiting.clone(), ..none() }).await, [all[1], all[0]]);
    assert_eq!(found(Filter { room: room(1), statuses: vec![Status::Declined], ..none() }).await, []);
    let window = Filter { since: Some(at(1)), until: Some(at(3)), target: Some("found-".into()), ..none() };
    assert_eq!(found(Filter { statuses: waiting, ..window.clone() }).await, [all[2], all[1]]);
    assert_eq!(found(Filter { object: object("found-b"), ..window }).await, [all[1]]);
    let elsewhere =
        ObjectRef { namespace: crate::domain::Namespace::parse("elsewhere").unwrap(), ..samples::order().target };
    assert_eq!(found(Filter { object: Some(elsewhere), ..none() }).await, []);
    let newest = store.newest(&Filter { object: object("found-a"), ..none() }, 1).await.unwrap();
    assert_eq!(ids(&newest), [all[2]]);
}

pub(super) async fn what_a_person_requested_in_a_room_is_found(store: &impl Store) {
    let asked = async |who: &str, room: &str, second: i64| {
        let order = order(&format!("requested by {who} in {room} at {second}"));
        recorded(store, Order { requester: person(who), room_id: room.into(), created: at(second), ..order }).await
    };
    let first = asked("kim", "requests 1", 1).await;
    let second = asked("kim", "requests 1", 2).await;
    asked("kim", "requests 2", 3).await;
    asked("kimberly", "requests 1", 4).await;
    let found = async |most| ids(&store.requested_by("id-of-kim", "requests 1", most).await.unwrap());
    assert_eq!((found(9).await, found(1).await), (vec![second, first], vec![second]));
    assert!(ids(&store.requested_by("id-of-nobody", "requests 1", 9).await.unwrap()).is_empty());
}

pub(super) async fn what_undoes_a_change_is_found_once_it_is_applied(store: &impl Store) {
    let done = approved(store, "done and undone", 1).await;
    let change = Change::asking(Order { undoes: Some(done.change), ..order("the undo") }).unwrap();
    let undo = ItemId::from(&change);
    store.record(change.into()).await.unwrap();
    let undone = async || ids(&store.undone_by(done.change).await.unwrap());
    assert!(undone().await.is_empty(), "it waits");
    decide(store, undo, &yes("ann"), 1).await;
    store.claim(undo, 7, at(2)).await.unwrap();
    store.finish(undo, End::Applied(outcome("undone")), at(3)).await.unwrap();
    assert_eq!(undone().await, [undo.change]);
    assert!(ids(&store.undone_by(undo.change).await.unwrap()).is_empty());
}
