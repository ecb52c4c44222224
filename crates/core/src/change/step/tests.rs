//! The whole transition table: every state by every event.

use proptest::prelude::*;

use super::super::samples::{at, order, person};
use super::super::{Order, Outcome};
use super::*;
use crate::change::Denial;
use crate::policy::Approval;

/// The time of every event in the table. The order expires at 600.
const NOW: i64 = 500;
const DEAD: &str = "the run that died";
const HERE: &str = "this run";

fn run_id(name: &str) -> RunId {
    serde_json::from_value(serde_json::json!(name)).expect("a string")
}

fn decision(seconds: i64) -> Decision {
    Decision::of(person("ann"), at(seconds))
}

fn claim(run: &str) -> Claim {
    Claim { generation: 7, run_id: run_id(run), at: at(NOW - 4) }
}

fn ending() -> Ending {
    Ending { approved: decision(NOW - 5), claim: Some(claim(HERE)), outcome: Outcome::default(), at: at(NOW - 3) }
}

/// Every state; those that depend on time, claiming run or expiry occur more than once.
fn changes() -> Vec<(&'static str, Change)> {
    let waiting = |expires| Change::asking(Order { expires: at(expires), ..order() }).expect("fit");
    let open = |state| waiting(600).moved(state);
    let claimed = |approved, run| State::Claimed { approved: decision(approved), claim: claim(run) };
    let asking = |order: Order| Change::asking(order).expect("fit");
    let two_of = || Approval::Named { people: vec!["example.com".into()], count: 2 };
    let one_yes = State::Waiting { approvals: vec![Decision::of(person("eve"), at(NOW - 9))] };
    vec![
        ("waiting", waiting(600)),
        ("waiting, a moment left", waiting(NOW + 1)),
        ("waiting, expired now", waiting(NOW)),
        ("approved", open(State::Approved(decision(NOW - 59)))),
        ("approved long ago", open(State::Approved(decision(NOW - 60)))),
        ("approved in the future", open(State::Approved(decision(NOW + 60)))),
        ("claimed", open(claimed(NOW - 5, HERE))),
        ("claimed by the dead", open(claimed(NOW - 59, DEAD))),
        ("claimed by the dead long ago", open(claimed(NOW - 60, DEAD))),
        ("applied", open(State::Applied(ending()))),
        ("failed", open(State::Failed(ending()))),
        ("stale", open(State::Stale(ending()))),
        ("unknown", open(State::Unknown(ending()))),
        ("declined", open(State::Declined(decision(NOW - 5)))),
        ("expired", open(State::Expired { at: at(400) })),
        ("superseded", open(State::Superseded { by: ChangeId::derive("m2", 0), at: at(NOW - 5), corrected: false })),
        ("observed", open(State::Observed(ending()))),
        ("approved, to observe", {
            let watched = asking(Order { observe: true, ..order() });
            watched.moved(State::Approved(decision(NOW - 5)))
        }),
        ("waiting for somebody else", asking(Order { approval: Approval::Other, ..order() })),
        ("waiting for two", asking(Order { approval: two_of(), ..order() })),
        ("waiting for one more", asking(Order { approval: two_of(), ..order() }).moved(one_yes)),
    ]
}

fn approve(name: &str, authorization: Authorization) -> Event {
    Event::Decide(Decide::Approve { who: person(name), authorization, cause: None })
}

fn decline(name: &str, authorization: Authorization) -> Event {
    Event::Decide(Decide::Decline { who: person(name), authorization, cause: None })
}

fn events() -> Vec<(&'static str, Event)> {
    let outcome = Outcome::default;
    let claim = |generation| Event::Claim { generation, run_id: run_id(HERE) };
    let again = |generation| Event::ClaimAgain { generation, run_id: run_id(HERE) };
    let refused = || Err(crate::policy::Denial::StricterNow);
    vec![
        ("ann approves", approve("ann", Ok(()))),
        ("eve approves", approve("eve", Ok(()))),
        ("ann declines", decline("ann", Ok(()))),
        ("eve declines", decline("eve", Ok(()))),
        ("bo approves", approve("bo", Ok(()))),
        ("ann approves, not permitted", approve("ann", refused())),
        ("eve approves, not permitted", approve("eve", refused())),
        ("ann declines, not permitted", decline("ann", refused())),
        ("expire", Event::Decide(Decide::Expire)),
        ("supersede", Event::Decide(Decide::Supersede { by: ChangeId::derive("m9", 0), corrected: false })),
        ("supersede by itself", Event::Decide(Decide::Supersede { by: ChangeId::derive("m1", 0), corrected: false })),
        ("claim", claim(7)),
        ("claim again", again(7)),
        ("claim again, moved", again(8)),
        ("applied", Event::End(End::Applied(outcome()))),
        ("failed", Event::End(End::Failed(outcome()))),
        ("stale", Event::End(End::Stale(outcome()))),
        ("unknown", Event::End(End::Unknown(outcome()))),
        ("observed", Event::End(End::Observed(outcome()))),
    ]
}

/// Every cell that moves a change. All others leave it unchanged.
const MOVES: &[(&str, &str, Status)] = &[
    ("waiting", "ann approves", Status::Approved),
    ("waiting", "ann declines", Status::Declined),
    ("waiting", "ann declines, not permitted", Status::Declined),
    ("waiting", "supersede", Status::Superseded),
    ("waiting, a moment left", "ann approves", Status::Approved),
    ("waiting, a moment left", "ann declines", Status::Declined),
    ("waiting, a moment left", "ann declines, not permitted", Status::Declined),
    ("waiting, a moment left", "supersede", Status::Superseded),
    ("waiting, expired now", "ann approves", Status::Expired),
    ("waiting, expired now", "ann declines", Status::Expired),
    ("waiting, expired now", "ann declines, not permitted", Status::Expired),
    ("waiting, expired now", "expire", Status::Expired),
    ("waiting, expired now", "supersede", Status::Expired),
    ("approved", "ann declines", Status::Declined),
    ("approved", "ann declines, not permitted", Status::Declined),
    ("approved", "claim", Status::Claimed),
    ("approved", "failed", Status::Failed),
    ("approved", "stale", Status::Stale),
    ("approved", "observed", Status::Observed),
    ("approved long ago", "ann declines", Status::Declined),
    ("approved long ago", "ann declines, not permitted", Status::Declined),
    ("approved long ago", "failed", Status::Failed),
    ("approved long ago", "stale", Status::Stale),
    ("approved long ago", "observed", Status::Observed),
    ("approved in the future", "ann declines", Status::Declined),
    ("approved in the future", "ann declines, not permitted", Status::Declined),
    ("approved in the future", "failed", Status::Failed),
    ("approved in the future", "stale", Status::Stale),
    ("approved in the future", "observed", Status::Observed),
    ("claimed", "applied", Status::Applied),
    ("claimed", "failed", Status::Failed),
    ("claimed", "stale", Status::Stale),
    ("claimed", "unknown", Status::Unknown),
    ("claimed by the dead", "claim again", Status::Claimed),
    ("claimed by the dead", "applied", Status::Applied),
    ("claimed by the dead", "failed", Status::Failed),
    ("claimed by the dead", "stale", Status::Stale),
    ("claimed by the dead", "unknown", Status::Unknown),
    ("claimed by the dead long ago", "applied", Status::Applied),
    ("claimed by the dead long ago", "failed", Status::Failed),
    ("claimed by the dead long ago", "stale", Status::Stale),
    ("claimed by the dead long ago", "unknown", Status::Unknown),
    ("unknown", "applied", Status::Applied),
    ("unknown", "failed", Status::Failed),
    ("unknown", "stale", Status::Stale),
    ("approved, to observe", "ann declines", Status::Declined),
    ("approved, to observe", "ann declines, not permitted", Status::Declined),
    ("approved, to observe", "failed", Status::Failed),
    ("approved, to observe", "stale", Status::Stale),
    ("approved, to observe", "observed", Status::Observed),
    ("waiting for somebody else", "eve approves", Status::Approved),
    ("waiting for somebody else", "ann declines", Status::Declined),
    ("waiting for somebody else", "eve declines", Status::Declined),
    ("waiting for somebody else", "bo approves", Status::Approved),
    ("waiting for somebody else", "ann declines, not permitted", Status::Declined),
    ("waiting for somebody else", "supersede", Status::Superseded),
    ("waiting for two", "eve approves", Status::Waiting),
    ("waiting for two", "ann declines", Status::Declined),
    ("waiting for two", "eve declines", Status::Declined),
    ("waiting for two", "bo approves", Status::Waiting),
    ("waiting for two", "ann declines, not permitted", Status::Declined),
    ("waiting for two", "supersede", Status::Superseded),
    ("waiting for one more", "ann declines", Status::Declined),
    ("waiting for one more", "eve declines", Status::Declined),
    ("waiting for one more", "bo approves", Status::Approved),
    ("waiting for one more", "ann declines, not permitted", Status::Declined),
    ("waiting for one more", "supersede", Status::Superseded),
];

#[test]
fn these_cells_of_the_whole_table_move_a_change_and_no_other_does() {
    let mut moves = Vec::new();
    for (from, change) in changes() {
        for (what, event) in events() {
            let (state, _) = step(&change, &event, at(NOW));
            if &state != change.state() {
                moves.push((from, what, state.status()));
            }
        }
    }
    assert_eq!(moves, MOVES);
}

#[test]
fn every_state_is_in_the_table() {
    let here: std::collections::HashSet<_> = changes().into_iter().map(|(_, change)| change.status()).collect();
    assert_eq!(here.len(), Status::ALL.len());
}

#[test]
fn an_answer_claims_a_move_exactly_where_there_was_one() {
    for (from, change) in changes() {
        for (what, event) in events() {
            let (state, answer) = step(&change, &event, at(NOW));
            let cell = format!("{from} × {what}: {answer:?}");
            let moved = &state != change.state();
            match answer {
                Answer::Approved | Answer::Declined | Answer::Counted { .. } | Answer::Claimed | Answer::Ended => {
                    assert!(moved, "{cell}");
                }
                Answer::NotYours(_)
                | Answer::CountedBefore { .. }
                | Answer::AlreadyDecided { .. }
                | Answer::TooOld
                | Answer::Unchanged => {
                    assert!(!moved, "{cell}");
                }
                Answer::Expired { .. } => {
                    assert!(state.status() == Status::Expired || from.contains("expired now"), "{cell}");
                }
                Answer::Superseded { .. } => assert_eq!(state.status(), Status::Superseded, "{cell}"),
            }
        }
    }
}

#[test]
fn every_press_is_answered_with_what_is_true() {
    let ann = || person("ann");
    let already = |status| Answer::AlreadyDecided { by: ann(), at: at(NOW - 5), status };
    let expired = |seconds| Answer::Expired { at: at(seconds) };
    let superseded = || Answer::Superseded { by: ChangeId::derive("m2", 0), at: at(NOW - 5) };
    let not_yours = || Answer::NotYours(Denial::Requester(ann()));
    // The state; then the answers if Ann approves, Eve approves, Ann declines, and Eve declines.
    let table = [
        ("waiting", [Answer::Approved, not_yours(), Answer::Declined, not_yours()]),
        ("waiting, expired now", [expired(NOW), expired(NOW), expired(NOW), expired(NOW)]),
        ("claimed", [(); 4].map(|()| already(Status::Claimed))),
        ("applied", [(); 4].map(|()| already(Status::Applied))),
        ("failed", [(); 4].map(|()| already(Status::Failed))),
        ("stale", [(); 4].map(|()| already(Status::Stale))),
        ("unknown", [(); 4].map(|()| already(Status::Unknown))),
        ("declined", [(); 4].map(|()| already(Status::Declined))),
        ("expired", [(); 4].map(|()| expired(400))),
        ("superseded", [(); 4].map(|()| superseded())),
    ];
    for (from, answers) in table {
        let change = changes().into_iter().find(|(name, _)| *name == from).expect("in the table").1;
        for ((what, event), expected) in events().into_iter().take(4).zip(answers) {
            assert_eq!(step(&change, &event, at(NOW)).1, expected, "{from} × {what}");
        }
    }
    let approved = changes().into_iter().find(|(name, _)| *name == "approved").expect("in the table").1;
    let answers: Vec<_> = events().into_iter().take(4).map(|(_, event)| step(&approved, &event, at(NOW)).1).collect();
    let already = || Answer::AlreadyDecided { by: ann(), at: at(NOW - 59), status: Status::Approved };
    assert_eq!(answers, [already(), already(), Answer::Declined, already()]);
}

#[test]
fn a_decision_names_the_press_that_made_it() {
    let cause = Some(ChangeId::derive("press", 0));
    let (who, authorization) = (person("ann"), Ok(()));
    for decide in [
        Decide::Approve { who: who.clone(), authorization: authorization.clone(), cause },
        Decide::Decline { who, authorization, cause },
    ] {
        let (state, _) = step(&Change::asking(order()).expect("fit"), &Event::Decide(decide), at(NOW));
        assert_eq!(state.decision().and_then(|decision| decision.cause), cause);
    }
}

#[test]
fn the_approval_and_the_generation_stay_on_record_to_the_end() {
    let claimed = changes().into_iter().find(|(name, _)| *name == "claimed").expect("in the table").1;
    let outcome = Outcome::of(super::super::EndReason::Applied);
    let (state, _) = step(&claimed, &Event::End(End::Applied(outcome.clone())), at(NOW));
    assert_eq!(state.decision(), Some(&decision(NOW - 5)));
    assert_eq!(state.claim().map(|claim| claim.generation), Some(7));
    assert_eq!(state.outcome(), Some(&outcome));
}

fn any_event() -> impl Strategy<Value = Event> {
    prop::sample::select(events()).prop_map(|(_, event)| event)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn one_run_claims_at_most_once_and_never_after_a_denial_an_expiry_or_a_newer_order(
        events in prop::collection::vec((any_event(), 0_i64..40), 0..25),
        starts in 0_i64..700,
    ) {
        let mut change = Change::asking(order()).expect("fit");
        let (mut now, mut claims, mut approved_by_ann, mut closed) = (starts, 0, false, false);
        for (event, later) in events {
            now += later;
            let (state, answer) = step(&change, &event, at(now));
            if answer == Answer::Approved {
                prop_assert!(now < 600, "approved after its end");
                approved_by_ann |= event == approve("ann", Ok(()));
            }
            if answer == Answer::Claimed {
                claims += 1;
                prop_assert!(approved_by_ann && !closed, "claimed without a standing approval");
            }
            change = change.moved(state);
            closed |= matches!(change.status(), Status::Declined | Status::Expired | Status::Superseded);
        }
        prop_assert!(claims <= 1);
    }
}
