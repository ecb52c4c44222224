//! Every order of events around a request of several changes. A crash can fall between any two of them.

use super::{
    world::{API, NGINX},
    *,
};
use readback_core::change::samples::aimed_at;

/// The change of one Deployment from so many replicas to so many.
fn scales(position: u32, name: &str, from: u32, to: u32) -> Change {
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": "u1"},
        {"op": "test", "path": "/spec/replicas", "value": from},
        {"op": "replace", "path": "/spec/replicas", "value": to},
    ]);
    let order = Order { position, patch: serde_json::from_value(patch).expect("a patch"), ..order() };
    Change::asking(aimed_at(name, order)).expect("fit")
}

/// Two changes of one Deployment: the second one is planned on the first one.
fn one_object() -> Play {
    Play::of(ChangeRequest::new(vec![scales(0, NGINX, 2, 3), scales(1, NGINX, 3, 4)]).expect("one request"))
}

/// One change each of two Deployments.
fn two_objects() -> Play {
    Play::of(ChangeRequest::new(vec![scales(0, NGINX, 2, 3), scales(1, API, 2, 3)]).expect("one request"))
}

/// Two changes of one Deployment, and one of another one.
fn three_items() -> Play {
    let items = vec![scales(0, NGINX, 2, 3), scales(1, NGINX, 3, 4), scales(2, API, 2, 3)];
    Play::of(ChangeRequest::new(items).expect("one request"))
}

#[test]
#[expect(clippy::print_stderr, reason = "how many schedules were tried is worth knowing")]
fn of_several_changes_each_is_written_at_most_once_and_in_order() {
    use Act::{Arrive, Cancel, Confirm, Crash, Edit, Hold, Look, Supersede, Sweep, Wait};
    type Request = fn() -> Play;
    let scenarios: Vec<(&str, Vec<Act>, Request, usize)> = vec![
        ("two of one object, a double press", vec![Confirm("ann"), Confirm("ann")], one_object, 1),
        ("two of one object, yes and no", vec![Confirm("ann"), Cancel("ann")], one_object, 2),
        ("two of one object, the clock", vec![Confirm("ann"), Wait(700), Sweep], one_object, 1),
        ("two of one object, a newer order", vec![Confirm("ann"), Supersede], one_object, 2),
        ("two of one object, another hand", vec![Confirm("ann"), Edit(6)], one_object, 1),
        ("two of one object, another hand there and back", vec![Confirm("ann"), Edit(6), Edit(3)], one_object, 1),
        ("two of one object, a crash", vec![Confirm("ann"), Crash], one_object, 1),
        ("two of one object, a crash, and what was sent", vec![Confirm("ann"), Crash, Arrive], one_object, 1),
        ("two of one object, a crash and another hand", vec![Confirm("ann"), Crash, Edit(3), Arrive], one_object, 1),
        ("two of one object, a crash and a long night", vec![Confirm("ann"), Crash, Wait(70), Arrive], one_object, 1),
        ("two of one object, held", vec![Hold, Confirm("ann"), Arrive, Look], one_object, 1),
        ("two of one object, held, and a crash", vec![Hold, Confirm("ann"), Crash, Arrive], one_object, 1),
        ("two objects, a double press", vec![Confirm("ann"), Confirm("ann")], two_objects, 1),
        ("two objects, yes and no", vec![Confirm("ann"), Cancel("ann")], two_objects, 2),
        ("two objects, another hand on one", vec![Confirm("ann"), Edit(6)], two_objects, 1),
        ("two objects, a crash", vec![Confirm("ann"), Crash], two_objects, 1),
        ("two objects, a crash, and what was sent", vec![Confirm("ann"), Crash, Arrive, Arrive], two_objects, 1),
        ("two objects, held", vec![Hold, Confirm("ann"), Arrive, Look], two_objects, 1),
        (
            "three, a crash, another hand, and what was sent",
            vec![Confirm("ann"), Crash, Edit(6), Arrive],
            three_items,
            1,
        ),
        ("three, a crash of one of two", vec![Confirm("ann"), Confirm("ann"), Crash], three_items, 2),
    ];
    let mut all = 0;
    for (name, acts, request, processes) in scenarios {
        all += report(name, all_schedules(&acts, request, processes));
    }
    eprintln!("{all:>7} schedules in all");
}

#[test]
fn what_was_planned_on_a_change_that_was_not_applied_is_not_sent_after_a_crash() {
    let play = one_object();
    let decide = Decide::Approve { who: person("ann"), authorization: Ok(()), cause: None };
    run(play.records.decide(play.request.id(), &decide, play.world.now())).expect("kept");
    // Somebody else has changed the Deployment, to what the second change was planned on.
    play.world.server().edit(3);
    run(play.recovery(play.records.another_run()));
    let ends: Vec<Status> = play.request().items().map(Change::status).collect();
    assert_eq!(ends, [Status::Stale, Status::Failed]);
    assert!(play.world.server().written.is_empty());
}
