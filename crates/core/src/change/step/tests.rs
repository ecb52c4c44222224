//! The whole table: every state by every event.

use proptest::prelude::*;

use super::super::samples::{at, order, person};
use super::super::{Order, Outcome};
use super::*;
use crate::policy::Approval;

/// What every press and look in the table is judged at. The order expires at 600.
const NOW: i64 = 500;
const DEAD: &str = "the run that died";
const HERE: &str = "this run";

fn holder(name: &str) -> Holder {
    serde_json::from_value(serde_json::json!(name)).expect("a string")
}

fn decision(seconds: i64) -> Decision {
    Decision::of(person("ann"), at(seconds))
}

fn hold(run: &str) -> Hold {
    Hold { generation: 7, holder: holder(run), at: at(NOW - 4) }
}

fn ending() -> Ending {
    Ending { approved: decision(NOW - 5), hold: Some(hold(HERE)), outcome: Outcome::default(), at: at(NOW - 3) }
}

/// Every state, the ones that depend on time, holder or expiry more than once.
fn changes() -> Vec<(&'static str, Change)> {
    let waiting = |expires| Change::asking(Order { expires: at(expires), ..order() }).expect("fit");
    let open = |state| waiting(600).moved(state);
    let claimed = |approved, run| State::Claimed { approved: decision(approved), hold: hold(run) };
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
        ("superseded", open(State::Superseded { by: ChangeId::derive("m2", 0), at: at(NOW - 5) })),
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

fn approve(name: &str, permit: Permit) -> Event {
    Event::Decide(Decide::Approve { who: person(name), permit })
}

fn decline(name: &str, permit: Permit) -> Event {
    Event::Decide(Decide::Decline { who: person(name), permit })
}

fn events() -> Vec<(&'static str, Event)> {
    let outcome = Outcome::default;
    let claim = |generation| Event::Claim { generation, holder: holder(HERE) };
    let again = |generation| Event::ClaimAgain { generation, holder: holder(HERE) };
    let refused = || Err("The policy has changed.".to_owned());
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
        ("supersede", Event::Decide(Decide::Supersede { by: ChangeId::derive("m9", 0) })),
        ("supersede by itself", Event::Decide(Decide::Supersede { by: ChangeId::derive("m1", 0) })),
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

/// Every cell that moves a change. All others leave it as it is.
const MOVES: &[(&str, &str, Standing)] = &[
    ("waiting", "ann approves", Standing::Approved),
    ("waiting", "ann declines", Standing::Declined),
    ("waiting", "ann declines, not permitted", Standing::Declined),
    ("waiting", "supersede", Standing::Superseded),
    ("waiting, a moment left", "ann approves", Standing::Approved),
    ("waiting, a moment left", "ann declines", Standing::Declined),
    ("waiting, a moment left", "ann declines, not permitted", Standing::Declined),
    ("waiting, a moment left", "supersede", Standing::Superseded),
    ("waiting, expired now", "ann approves", Standing::Expired),
    ("waiting, expired now", "ann declines", Standing::Expired),
    ("waiting, expired now", "ann declines, not permitted", Standing::Expired),
    ("waiting, expired now", "expire", Standing::Expired),
    ("waiting, expired now", "supersede", Standing::Expired),
    ("approved", "ann declines", Standing::Declined),
    ("approved", "ann declines, not permitted", Standing::Declined),
    ("approved", "claim", Standing::Claimed),
    ("approved", "failed", Standing::Failed),
    ("approved", "stale", Standing::Stale),
    ("approved", "observed", Standing::Observed),
    ("approved long ago", "ann declines", Standing::Declined),
    ("approved long ago", "ann declines, not permitted", Standing::Declined),
    ("approved long ago", "failed", Standing::Failed),
    ("approved long ago", "stale", Standing::Stale),
    ("approved long ago", "observed", Standing::Observed),
    ("approved in the future", "ann declines", Standing::Declined),
    ("approved in the future", "ann declines, not permitted", Standing::Declined),
    ("approved in the future", "failed", Standing::Failed),
    ("approved in the future", "stale", Standing::Stale),
    ("approved in the future", "observed", Standing::Observed),
    ("claimed", "applied", Standing::Applied),
    ("claimed", "failed", Standing::Failed),
    ("claimed", "stale", Standing::Stale),
    ("claimed", "unknown", Standing::Unknown),
    ("claimed by the dead", "claim again", Standing::Claimed),
    ("claimed by the dead", "applied", Standing::Applied),
    ("claimed by the dead", "failed", Standing::Failed),
    ("claimed by the dead", "stale", Standing::Stale),
    ("claimed by the dead", "unknown", Standing::Unknown),
    ("claimed by the dead long ago", "applied", Standing::Applied),
    ("claimed by the dead long ago", "failed", Standing::Failed),
    ("claimed by the dead long ago", "stale", Standing::Stale),
    ("claimed by the dead long ago", "unknown", Standing::Unknown),
    ("unknown", "applied", Standing::Applied),
    ("unknown", "failed", Standing::Failed),
    ("unknown", "stale", Standing::Stale),
    ("approved, to observe", "ann declines", Standing::Declined),
    ("approved, to observe", "ann declines, not permitted", Standing::Declined),
    ("approved, to observe", "failed", Standing::Failed),
    ("approved, to observe", "stale", Standing::Stale),
    ("approved, to observe", "observed", Standing::Observed),
    ("waiting for somebody else", "eve approves", Standing::Approved),
    ("waiting for somebody else", "ann declines", Standing::Declined),
    ("waiting for somebody else", "eve declines", Standing::Declined),
    ("waiting for somebody else", "bo approves", Standing::Approved),
    ("waiting for somebody else", "ann declines, not permitted", Standing::Declined),
    ("waiting for somebody else", "supersede", Standing::Superseded),
    ("waiting for two", "eve approves", Standing::Waiting),
    ("waiting for two", "ann declines", Standing::Declined),
    ("waiting for two", "eve declines", Standing::Declined),
    ("waiting for two", "bo approves", Standing::Waiting),
    ("waiting for two", "ann declines, not permitted", Standing::Declined),
    ("waiting for two", "supersede", Standing::Superseded),
    ("waiting for one more", "ann declines", Standing::Declined),
    ("waiting for one more", "eve declines", Standing::Declined),
    ("waiting for one more", "bo approves", Standing::Approved),
    ("waiting for one more", "ann declines, not permitted", Standing::Declined),
    ("waiting for one more", "supersede", Standing::Superseded),
];

#[test]
fn these_cells_of_the_whole_table_move_a_change_and_no_other_does() {
    let mut moves = Vec::new();
    for (from, change) in changes() {
        for (what, event) in events() {
            let (state, _) = step(&change, &event, at(NOW));
            if &state != change.state() {
                moves.push((from, what, state.standing()));
            }
        }
    }
    assert_eq!(moves, MOVES);
}

#[test]
fn every_state_is_in_the_table() {
    let here: std::collections::HashSet<_> = changes().into_iter().map(|(_, change)| change.standing()).collect();
    assert_eq!(here.len(), Standing::ALL.len());
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
                    assert!(state.standing() == Standing::Expired || from.contains("expired now"), "{cell}");
                }
                Answer::Superseded { .. } => assert_eq!(state.standing(), Standing::Superseded, "{cell}"),
            }
        }
    }
}

#[test]
fn every_press_is_answered_with_what_is_true() {
    let ann = || person("ann");
    let already = |standing| Answer::AlreadyDecided { by: ann(), at: at(NOW - 5), standing };
    let expired = |seconds| Answer::Expired { at: at(seconds) };
    let superseded = || Answer::Superseded { by: ChangeId::derive("m2", 0), at: at(NOW - 5) };
    let not_yours = || Answer::NotYours(Bar::Requester(ann()));
    // State; then the answers to Ann's yes, Eve's yes, Ann's no, Eve's no.
    let table = [
        ("waiting", [Answer::Approved, not_yours(), Answer::Declined, not_yours()]),
        ("waiting, expired now", [expired(NOW), expired(NOW), expired(NOW), expired(NOW)]),
        ("claimed", [(); 4].map(|()| already(Standing::Claimed))),
        ("applied", [(); 4].map(|()| already(Standing::Applied))),
        ("failed", [(); 4].map(|()| already(Standing::Failed))),
        ("stale", [(); 4].map(|()| already(Standing::Stale))),
        ("unknown", [(); 4].map(|()| already(Standing::Unknown))),
        ("declined", [(); 4].map(|()| already(Standing::Declined))),
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
    let already = || Answer::AlreadyDecided { by: ann(), at: at(NOW - 59), standing: Standing::Approved };
    assert_eq!(answers, [already(), already(), Answer::Declined, already()]);
}

#[test]
fn the_approval_and_the_generation_stay_on_record_to_the_end() {
    let claimed = changes().into_iter().find(|(name, _)| *name == "claimed").expect("in the table").1;
    let outcome = Outcome { text: "3 of 3 ready".into(), live: Vec::new() };
    let (state, _) = step(&claimed, &Event::End(End::Applied(outcome.clone())), at(NOW));
    assert_eq!(state.decision(), Some(&decision(NOW - 5)));
    assert_eq!(state.hold().map(|hold| hold.generation), Some(7));
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
            closed |= matches!(change.standing(), Standing::Declined | Standing::Expired | Standing::Superseded);
        }
        prop_assert!(claims <= 1);
    }
}
