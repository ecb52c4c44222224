use super::super::{
    CallError, Claim, Decision, End, Ending, Event, Outcome, RunId, Status, Update,
    samples::{at, order, person},
};
use super::*;
use crate::change::{Answer, ChangeId, ChangeRequest, Order};

fn live(trace: Trace, generation: Option<i64>) -> LiveFacts {
    LiveFacts { trace, by: WrittenBy::Us, generation }
}

#[test]
fn what_the_object_shows_is_no_more_than_what_follows_from_it() {
    use Trace::{Applied, Gone, Moved, Replaced, Untouched};
    let autoscaler = WriteKind::Autoscaler { name: "web".into(), uid: "h1".into() };
    let unclear = Evidence::Unclear;
    let table = [
        (WriteKind::Deployment, Applied, Some(8), Evidence::Applied),
        (WriteKind::Deployment, Untouched, Some(7), Evidence::Untouched),
        (WriteKind::Deployment, Untouched, None, Evidence::Untouched),
        (WriteKind::Deployment, Untouched, Some(8), Evidence::RuledOut),
        (WriteKind::Deployment, Untouched, Some(9), unclear(Trail::Rewritten)),
        (WriteKind::Deployment, Untouched, Some(6), unclear(Trail::Rewritten)),
        (WriteKind::Deployment, Moved, Some(7), Evidence::RuledOut),
        (WriteKind::Deployment, Moved, Some(8), Evidence::RuledOut),
        (WriteKind::Deployment, Moved, Some(9), unclear(Trail::Neither)),
        (WriteKind::Deployment, Moved, None, unclear(Trail::Neither)),
        (WriteKind::Deployment, Replaced, Some(7), unclear(Trail::Replaced)),
        (WriteKind::Deployment, Gone, None, unclear(Trail::Gone)),
        (WriteKind::Scale, Untouched, Some(7), Evidence::Untouched),
        (WriteKind::Scale, Untouched, Some(8), Evidence::Untouched),
        (WriteKind::Scale, Untouched, Some(9), unclear(Trail::Rewritten)),
        (WriteKind::Scale, Moved, Some(8), Evidence::RuledOut),
        (WriteKind::Delete, Untouched, Some(7), Evidence::Untouched),
        (WriteKind::Delete, Untouched, Some(8), Evidence::RuledOut),
        (WriteKind::Delete, Moved, Some(9), Evidence::RuledOut),
        (WriteKind::Delete, Applied, None, Evidence::Applied),
        (autoscaler.clone(), Untouched, Some(9), Evidence::Untouched),
        (autoscaler, Moved, Some(7), unclear(Trail::Neither)),
    ];
    for (means, trace, generation, expected) in table {
        let case = format!("{means:?} {trace:?} {generation:?}");
        assert_eq!(evidence(&means, Some(7), &live(trace, generation)), expected, "{case}");
    }
}

#[test]
fn the_new_values_count_as_applied_only_if_readback_wrote_them_since_the_claim() {
    let kubectl = || WrittenBy::Other { manager: "kubectl".into() };
    let manager = || Some("kubectl".to_owned());
    let set = |by| Evidence::Unclear(Trail::Set { by });
    let autoscaler = || WriteKind::Autoscaler { name: "web".into(), uid: "h1".into() };
    let table = [
        (WriteKind::Deployment, WrittenBy::Us, Some(8), Evidence::Applied),
        (WriteKind::Deployment, WrittenBy::Us, Some(10), Evidence::Applied),
        (WriteKind::Deployment, WrittenBy::Us, Some(7), Evidence::SetByOther { manager: None }),
        (WriteKind::Deployment, kubectl(), Some(7), Evidence::SetByOther { manager: manager() }),
        (WriteKind::Deployment, kubectl(), Some(8), Evidence::SetByOther { manager: manager() }),
        (WriteKind::Deployment, kubectl(), Some(9), set(manager())),
        (WriteKind::Deployment, kubectl(), None, set(manager())),
        (WriteKind::Deployment, WrittenBy::Unknown, Some(8), set(None)),
        (WriteKind::Scale, kubectl(), Some(8), Evidence::SetByOther { manager: manager() }),
        (autoscaler(), WrittenBy::Us, Some(7), Evidence::Applied),
        (autoscaler(), kubectl(), Some(8), set(manager())),
        (WriteKind::Delete, WrittenBy::Unknown, None, Evidence::Applied),
    ];
    for (means, by, generation, expected) in table {
        let case = format!("{means:?} {by:?} {generation:?}");
        let live = LiveFacts { trace: Trace::Applied, by, generation };
        assert_eq!(evidence(&means, Some(7), &live), expected, "{case}");
    }
}

fn unanswered(found: Trail) -> Change {
    let claim = Claim { generation: 7, run_id: RunId::fresh(), at: at(0) };
    let outcome = Outcome::of(EndReason::Unknown { error: CallError::CutShort, found });
    let ending = Ending { approved: Decision::of(person("ann"), at(0)), claim: Some(claim), outcome, at: at(12) };
    Change::asking(order()).expect("fit").moved(State::Unknown(ending))
}

#[test]
fn an_answer_that_never_came_is_looked_for_until_nothing_can_arrive_any_more() {
    let change = unanswered(Trail::Untouched);
    let untouched = live(Trace::Untouched, Some(7));
    for (live, now, expected, case) in [
        (Some(&untouched), 30, Look::Again, "it may still arrive"),
        (Some(&untouched), 609, Look::Again, "just so"),
        (Some(&untouched), 610, Look::NotApplied { changed: false }, "nothing can arrive any more"),
        (Some(&live(Trace::Applied, Some(8))), 30, Look::Applied, "it has arrived"),
        (Some(&live(Trace::Applied, Some(8))), 700, Look::Applied, "it arrived, and was seen later"),
        (Some(&live(Trace::Moved, Some(8))), 30, Look::NotApplied { changed: true }, "somebody else was first"),
        (Some(&live(Trace::Moved, Some(9))), 30, Look::Unclear(Trail::Neither), "written twice"),
        (None, 30, Look::Again, "the object cannot be read"),
        (None, 610, Look::Over, "it could not be read for all that time"),
    ] {
        assert_eq!(look_again(&change, live, at(now)), expected, "{case}");
    }
    for found in [Trail::Neither, Trail::Gone, Trail::Unread { error: CallError::CutShort }] {
        assert_eq!(look_again(&unanswered(found), Some(&untouched), at(30)), Look::Over);
    }
    assert_eq!(look_again(&Change::asking(order()).expect("fit"), Some(&untouched), at(30)), Look::Over);
}

#[test]
fn what_is_learned_later_is_reported_although_the_doubt_was() {
    let mut change = unanswered(Trail::Untouched);
    change.reported = true;
    let ends = [
        (End::Applied(Outcome::of(EndReason::Applied)), Status::Applied),
        (End::Failed(Outcome::default()), Status::Failed),
        (End::Unknown(Outcome::of(EndReason::Unclear)), Status::Unknown),
    ];
    for (end, status) in ends {
        let (ended, answer) = Update::Item(change.id(), Event::End(end)).apply(change.clone().into(), at(40));
        let ended = ended.first();
        assert_eq!((ended.status(), answer, ended.is_reported()), (status, Answer::Ended, false));
    }
    // Nothing more is learned about what is not looked for.
    let given_up = ChangeRequest::from(unanswered(Trail::Neither));
    let again = Update::Item(given_up.first().id(), Event::End(End::Unknown(Outcome::of(EndReason::Unclear))));
    assert_eq!(again.apply(given_up.clone(), at(40)), (given_up, Answer::Unchanged));
}

#[test]
fn only_what_has_the_old_values_awaits_an_answer() {
    assert!(unanswered(Trail::Untouched).awaits_answer());
    assert!(!unanswered(Trail::Gone).awaits_answer());
    let other = Change::asking(Order { message_id: "m2".into(), ..order() }).expect("fit");
    assert!(!other.awaits_answer() && other.id() == ChangeId::derive("m2", 0));
}
