//! Single orders of events that are worth a name.

use super::*;
use crate::conversation::settling::{Unrecorded, unrecorded};
use readback_core::{
    change::{EndReason, NotAppliedReason},
    policy::Denial,
};

#[test]
fn what_was_approved_and_is_denied_after_a_restart_is_not_sent() {
    for claimed in [false, true] {
        let play = Play::new(&Approval::Own);
        let clock = || play.world.now();
        let decide = Decide::Approve { who: person("ann"), authorization: Ok(()), cause: None };
        run(play.records.decide(play.request.id(), &decide, clock())).expect("kept");
        if claimed {
            run(play.records.claim(play.item(), 7, clock())).expect("claimed");
        }
        let records = play.records.another_run();
        let change = run(records.get(play.item().change)).expect("kept").expect("on record");
        let settled =
            run(settle(&records, &play.world, &change, Some(&Denial::RequesterGone), false, || play.world.moment()));
        let Ok(Settled::Execution(Execution::Ended(ended))) = settled else { panic!("claimed {claimed}: {settled:?}") };
        assert!(play.world.server().written.is_empty(), "claimed {claimed}");
        if claimed {
            // What the last run sent may still arrive.
            assert!(ended.awaits_answer(), "{:?}", ended.status());
        } else {
            assert_eq!(ended.status(), Status::Failed);
            assert!(crate::words::ended(&ended).contains("does not know the one who ordered it"));
        }
    }
}

#[test]
fn what_this_run_has_claimed_and_could_not_record_is_not_sent_twice() {
    let play = Play::new(&Approval::Own);
    let decide = Decide::Approve { who: person("ann"), authorization: Ok(()), cause: None };
    run(play.records.decide(play.request.id(), &decide, play.world.now())).expect("kept");
    run(play.records.claim(play.item(), 7, play.world.now())).expect("claimed");
    let settled = run(settle(&play.records, &play.world, &play.now(), None, false, || play.world.moment()));
    let Ok(Settled::Execution(Execution::Ended(ended))) = settled else { panic!("{settled:?}") };
    assert!(play.world.server().written.is_empty());
    assert!(ended.awaits_answer(), "{:?}", ended.status());
    let reason = ended.state().outcome().map(|outcome| outcome.reason.clone());
    let error = readback_core::change::CallError::Unrecorded;
    assert_eq!(reason, Some(EndReason::Unknown { error, found: readback_core::change::Trail::Untouched }));
}

#[test]
fn what_could_not_be_recorded_is_settled_and_what_was_not_sent_is_not_sent_later() {
    let play = Play::new(&Approval::Own);
    let todo = |second| unrecorded(&play.now(), readback_core::change::samples::at(second));
    assert_eq!(todo(10), Unrecorded::Tell, "it waits");
    let decide = Decide::Approve { who: person("ann"), authorization: Ok(()), cause: None };
    run(play.records.decide(play.request.id(), &decide, play.world.now())).expect("kept");
    // It was approved at second 10.
    assert_eq!([11, 69, 70].map(todo), [Unrecorded::Wait, Unrecorded::Wait, Unrecorded::GiveUp]);
    run(play.records.claim(play.item(), 7, play.world.now())).expect("claimed");
    assert_eq!([11, 700].map(todo), [Unrecorded::Settle; 2]);
    run(settle(&play.records, &play.world, &play.now(), None, false, || play.world.moment())).expect("settled");
    assert_eq!(todo(11), Unrecorded::Tell);
    assert!(play.world.server().written.is_empty());
}

#[test]
fn a_machine_that_slept_between_claim_and_send_sends_nothing() {
    for (asleep, ends) in [(9, Status::Applied), (10, Status::Stale), (600, Status::Stale)] {
        let play = Play::new(&Approval::Own);
        let mut actor = play.actor(Act::Confirm("ann"), play.records.another_run());
        let status = || play.now().status();
        let mut poll = || actor.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        while status() != Status::Claimed {
            assert!(!poll(), "it is claimed before it is sent");
        }
        // The wall clock was set back by as much.
        play.world.server().uptime += asleep;
        while !poll() {}
        assert_eq!(status(), ends, "{asleep} s");
        assert_eq!(play.world.server().written.len(), usize::from(ends == Status::Applied), "{asleep} s");
    }
}

#[test]
fn a_patch_on_its_way_is_ruled_out_by_a_change_of_another_field() {
    let play = Play::new(&Approval::Own);
    play.world.server().holds = true;
    run(play.actor(Act::Confirm("ann"), play.records.another_run()));
    assert!(play.now().awaits_answer());
    // The spec is written, and has as many replicas as before.
    play.world.server().edit(2);
    run(play.look(Slow(play.records.another_run())));
    let outcome = play.now().state().outcome().map(|outcome| outcome.reason.clone());
    assert_eq!(outcome, Some(EndReason::NotApplied { why: NotAppliedReason::ChangedElsewhere }));
    play.world.server().arrive();
    assert!(play.world.server().written.is_empty());
}

#[test]
fn of_two_changes_from_the_same_spec_only_one_counts_as_applied() {
    let play = Play::new(&Approval::Own);
    let clock = || play.world.moment();
    // The answer to the first one never comes.
    play.world.server().holds = true;
    run(play.actor(Act::Confirm("ann"), play.records.another_run()));
    assert!(play.now().awaits_answer());
    // She says it again.
    play.world.server().holds = false;
    let first = play.now();
    let again = Change::asking(Order { message_id: "m2".into(), ..first.order().clone() }).expect("fit");
    now_or_never(play.records.record(again.clone().into())).expect("recorded");
    let decide = Decide::Approve { who: person("ann"), authorization: Ok(()), cause: None };
    let decided = now_or_never(play.records.decide(again.request(), &decide, play.world.now())).expect("kept");
    let (again, _) = decided.expect("on record");
    let again = again.first();
    let applied = run(execute(&play.records, &play.world, again, false, clock)).expect("kept");
    assert!(matches!(applied, Execution::Applied(..)), "{applied:?}");
    // The object has what the first one wanted, and readback has written it.
    let looked = run(look(&play.records, &play.world, &first, clock)).expect("kept");
    assert!(matches!(looked, Looked::Ended(Execution::Ended(_))), "{looked:?}");
    assert_eq!(play.now().status(), Status::Failed);
    play.world.server().arrive();
    assert_eq!(play.world.server().written, [again.id()]);
}
