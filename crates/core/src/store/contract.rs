//! The contract of [`Store`], as tests. A new store starts by passing this.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "tests, for the crates that have a store")]

use futures::future::join_all;

use super::{ClaimResult, Found, ItemId, Recorded, Store, Superseded};
use crate::{
    change::{
        Answer, Change, ChangeId, Decide, Denial, End, Order, State, Status,
        samples::{at, person},
    },
    policy::Approval,
};

mod claims;
mod deliveries;
mod lookups;
mod outbox;
mod questions;
mod requests;
mod steps;
mod supersede;

pub use claims::at_most_once;

use deliveries::{
    a_delivery_is_new_once, a_delivery_outlives_a_restart_until_it_is_handled, a_no_holds_for_what_was_said_before_it,
    what_a_message_ordered_is_found,
};
use lookups::{
    each_criterion_finds_its_own_and_all_together, the_newest_come_first, what_a_person_requested_in_a_room_is_found,
    what_undoes_a_change_is_found_once_it_is_applied,
};
use outbox::{
    an_edit_supersedes_unsent_edits_of_its_message, edits_are_counted_for_each_message,
    what_is_to_be_sent_is_on_record_once, what_is_to_be_sent_outlives_a_restart_in_its_order,
};
use questions::{a_question_is_answered_once, topics_outlive_a_restart_and_are_forgotten_in_time};
use requests::{
    a_request_is_claimed_item_by_item, a_request_is_decided_as_a_whole, a_request_is_recorded_as_a_whole,
    what_was_left_of_a_request_is_found,
};
use steps::{approved, asked, decide, no, order, outcome, status, yes};
use supersede::{
    a_newer_request_answers_older_questions, a_newer_request_is_recorded_in_place_of_older_ones,
    a_request_of_several_is_replaced_as_a_whole,
};

/// Checks the whole contract. `open` returns a new run on the same records each time it is called; never two at once.
pub async fn keeps_the_contract<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    a_repeated_delivery_is_one_change(&store).await;
    of_many_approvals_one_wins(&store).await;
    a_denial_beats_an_approval(&store).await;
    expiry_is_judged_at_the_decision(&store).await;
    a_stranger_changes_nothing(&store).await;
    of_many_claims_one_wins(&store).await;
    an_old_approval_is_not_claimed(&store).await;
    a_newer_order_supersedes(&store).await;
    what_is_not_on_record_is_not_found(&store).await;
    lists_hold_what_they_say(&store).await;
    a_delivery_is_new_once(&store).await;
    what_a_message_ordered_is_found(&store).await;
    a_no_holds_for_what_was_said_before_it(&store).await;
    an_end_is_unreported_until_it_is_reported(&store).await;
    several_people_are_counted_once_each(&store).await;
    what_is_only_observed_is_never_claimed(&store).await;
    the_newest_come_first(&store).await;
    each_criterion_finds_its_own_and_all_together(&store).await;
    what_a_person_requested_in_a_room_is_found(&store).await;
    what_undoes_a_change_is_found_once_it_is_applied(&store).await;
    a_question_is_answered_once(&store).await;
    a_request_is_recorded_as_a_whole(&store).await;
    a_request_is_decided_as_a_whole(&store).await;
    a_request_is_claimed_item_by_item(&store).await;
    a_newer_request_is_recorded_in_place_of_older_ones(&store).await;
    a_request_of_several_is_replaced_as_a_whole(&store).await;
    a_newer_request_answers_older_questions(&store).await;
    what_is_to_be_sent_is_on_record_once(&store).await;
    an_edit_supersedes_unsent_edits_of_its_message(&store).await;
    edits_are_counted_for_each_message(&store).await;
    drop(store);
    topics_outlive_a_restart_and_are_forgotten_in_time(&open).await;
    a_delivery_outlives_a_restart_until_it_is_handled(&open).await;
    what_is_to_be_sent_outlives_a_restart_in_its_order(&open).await;
    everything_is_there_after_a_restart(&open).await;
    what_was_left_of_a_request_is_found(&open).await;
    what_a_dead_run_claimed_is_claimed_again_once(&open).await;
}

async fn a_repeated_delivery_is_one_change(store: &impl Store) {
    let id = asked(store, "repeat").await;
    let before = decide(store, id, &no("ann"), 1).await.0;
    let again = Change::asking(Order { words: "other words".into(), ..order("repeat") }).unwrap();
    assert_eq!(store.record(again.into()).await.unwrap(), Recorded::AlreadyThere(Box::new(before.clone().into())));
    assert_eq!(store.get(id.change).await.unwrap(), Some(before));
    let second = Change::asking(Order { position: 1, ..order("repeat") }).unwrap();
    assert_eq!(
        store.record(second.into()).await.unwrap(),
        Recorded::New(Superseded::default()),
        "the second command of the message is another one"
    );
    let at_once = join_all((0..8).map(|_| store.record(Change::asking(order("at once")).unwrap().into()))).await;
    let new = at_once.into_iter().filter(|recorded| matches!(recorded, Ok(Recorded::New(_)))).count();
    assert_eq!(new, 1, "eight deliveries at once, one change");
}

async fn of_many_approvals_one_wins(store: &impl Store) {
    let id = asked(store, "many approvals").await;
    let approve = yes("ann");
    let answers = join_all((0..8).map(|second| decide(store, id, &approve, second))).await;
    let winners: Vec<_> = answers.iter().filter(|(_, answer)| *answer == Answer::Approved).collect();
    assert_eq!(winners.len(), 1);
    let State::Approved(decision) = winners[0].0.state() else { panic!("{:?}", winners[0]) };
    for (_, answer) in answers.iter().filter(|(_, answer)| *answer != Answer::Approved) {
        let (by, at) = (decision.by.clone(), decision.at);
        assert_eq!(*answer, Answer::AlreadyDecided { by, at, status: Status::Approved });
    }
}

async fn a_denial_beats_an_approval(store: &impl Store) {
    for round in 0..4 {
        let id = asked(store, &format!("yes and no {round}")).await;
        let (approve, decline) = (yes("ann"), no("ann"));
        let (_, (_, answer)) = tokio::join!(decide(store, id, &approve, 1), decide(store, id, &decline, 1));
        assert_eq!(answer, Answer::Declined);
        assert_eq!(status(store, id).await, Status::Declined);
        assert!(matches!(store.claim(id, 7, at(2)).await.unwrap(), ClaimResult::Lost(_)));
    }
    let id = approved(store, "no after the claim", 1).await;
    assert!(matches!(store.claim(id, 7, at(2)).await.unwrap(), ClaimResult::Won(_)));
    let expected = Answer::AlreadyDecided { by: person("ann"), at: at(1), status: Status::Claimed };
    assert_eq!(decide(store, id, &no("ann"), 3).await.1, expected, "too late to say no");
}

async fn expiry_is_judged_at_the_decision(store: &impl Store) {
    let in_time = asked(store, "in time").await;
    assert_eq!(decide(store, in_time, &yes("ann"), 599).await.1, Answer::Approved);
    let late = asked(store, "late").await;
    let (change, answer) = decide(store, late, &yes("ann"), 600).await;
    assert_eq!((change.status(), answer), (Status::Expired, Answer::Expired { at: at(600) }));
    assert_eq!(decide(store, late, &yes("ann"), 1).await.1, Answer::Expired { at: at(600) }, "the clock was set back");
    assert!(matches!(store.claim(late, 7, at(600)).await.unwrap(), ClaimResult::Lost(_)));
}

async fn a_stranger_changes_nothing(store: &impl Store) {
    let id = asked(store, "stranger").await;
    let before = store.get(id.change).await.unwrap();
    for press in [yes("eve"), no("eve")] {
        assert_eq!(decide(store, id, &press, 1).await.1, Answer::NotYours(Denial::Requester(person("ann"))));
        assert_eq!(decide(store, id, &press, 700).await.1, Answer::Expired { at: at(600) });
    }
    assert_eq!(store.get(id.change).await.unwrap(), before);
}

async fn of_many_claims_one_wins(store: &impl Store) {
    let id = approved(store, "many claims", 10).await;
    let claims = join_all((0..8).map(|_| store.claim(id, 7, at(11)))).await;
    let mut won = Vec::new();
    for claim in claims {
        match claim.unwrap() {
            ClaimResult::Won(claimed) => won.push(claimed),
            ClaimResult::Lost(change) => assert_eq!(change.status(), Status::Claimed),
            other @ (ClaimResult::TooOld(_) | ClaimResult::NotFound) => panic!("{other:?}"),
        }
    }
    let [claimed] = won.as_slice() else { panic!("{} won", won.len()) };
    assert_eq!((claimed.change().id(), claimed.uid()), (id.change, "u1"));
    assert_eq!(claimed.patch(), &order("many claims").patch);
    assert_eq!(claimed.object(), &order("many claims").target);
    assert!(matches!(store.claim_again(id, 7, at(12)).await.unwrap(), ClaimResult::Lost(_)), "this run is not dead");
    let (change, answer) = store.finish(id, End::Applied(outcome("3 of 3")), at(12)).await.unwrap().unwrap();
    assert_eq!((change.status(), answer), (Status::Applied, Answer::Ended));
    assert_eq!(change.state().claim().map(|claim| claim.generation), Some(7));
    let (kept, answer) = store.finish(id, End::Failed(outcome("no")), at(13)).await.unwrap().unwrap();
    assert_eq!((kept, answer), (change, Answer::Unchanged), "an end is the end");
}

async fn an_old_approval_is_not_claimed(store: &impl Store) {
    let id = approved(store, "old approval", 10).await;
    let ClaimResult::TooOld(change) = store.claim(id, 7, at(70)).await.unwrap() else { panic!("claimed") };
    assert_eq!(change.status(), Status::Approved);
    let (change, _) = store.finish(id, End::Stale(outcome("too late")), at(71)).await.unwrap().unwrap();
    assert_eq!((change.status(), change.state().claim()), (Status::Stale, None));
    assert!(matches!(store.claim(id, 7, at(11)).await.unwrap(), ClaimResult::Lost(_)));
}

async fn a_newer_order_supersedes(store: &impl Store) {
    let old = asked(store, "superseded").await;
    let by = ChangeId::derive("newer", 0);
    let (change, answer) = decide(store, old, &Decide::Supersede { by, corrected: false }, 5).await;
    let expected = Answer::Superseded { by, at: at(5) };
    assert_eq!((change.status(), answer), (Status::Superseded, expected.clone()));
    assert_eq!(decide(store, old, &yes("ann"), 6).await.1, expected, "the old card is pressed");
}

async fn what_is_not_on_record_is_not_found(store: &impl Store) {
    let change = ChangeId::derive("nowhere", 0);
    let id = ItemId { request: change.into(), change };
    assert_eq!(store.get(change).await.unwrap(), None);
    assert_eq!(store.request(id.request).await.unwrap(), None);
    assert_eq!(store.decide(id.request, &yes("ann"), at(1)).await.unwrap(), None);
    assert_eq!(store.finish(id, End::Failed(outcome("no")), at(1)).await.unwrap(), None);
    assert_eq!(store.card_posted(id.request, "card").await.unwrap(), None);
    assert_eq!(store.progress_posted(id, "progress").await.unwrap(), None);
    assert!(matches!(store.claim(id, 7, at(1)).await.unwrap(), ClaimResult::NotFound));
    assert!(matches!(store.claim_again(id, 7, at(1)).await.unwrap(), ClaimResult::NotFound));
}

fn ids(found: &Found) -> Vec<ChangeId> {
    assert!(found.unreadable.is_empty(), "{:?}", found.unreadable);
    found.changes.iter().map(Change::id).collect()
}

async fn lists_hold_what_they_say(store: &impl Store) {
    let waiting = asked(store, "listed: waiting").await;
    assert!(ids(&store.unfinished().await.unwrap()).contains(&waiting.change), "its card never went out");
    let posted = store.card_posted(waiting.request, "card").await.unwrap().unwrap();
    assert!(posted.is_on_card("room", "card"));
    let agreed = approved(store, "listed: approved", 10).await;
    let unknown = approved(store, "listed: unknown", 10).await;
    assert!(matches!(store.claim(unknown, 7, at(11)).await.unwrap(), ClaimResult::Won(_)));
    store.finish(unknown, End::Unknown(outcome("no answer")), at(12)).await.unwrap();
    let done = asked(store, "listed: declined").await;
    decide(store, done, &no("ann"), 1).await;

    let unfinished = ids(&store.unfinished().await.unwrap());
    let listed = [waiting, agreed, unknown, done].map(|id| unfinished.contains(&id.change));
    assert_eq!(listed, [false, true, true, false]);
    let open = async |seconds| ids(&store.expired_open(at(seconds)).await.unwrap());
    assert!(!open(599).await.contains(&waiting.change));
    let past = open(600).await;
    assert_eq!([waiting, agreed, unknown, done].map(|id| past.contains(&id.change)), [true, false, false, false]);
    assert_eq!(decide(store, waiting, &Decide::Expire, 599).await.1, Answer::Unchanged);
    assert!(ids(&store.waiting_of("id-of-ann").await.unwrap()).contains(&waiting.change));
    assert!(ids(&store.waiting_of("id-of-eve").await.unwrap()).is_empty());
    assert_eq!(decide(store, waiting, &Decide::Expire, 600).await.1, Answer::Expired { at: at(600) });
    assert!(!open(600).await.contains(&waiting.change));
    assert!(!ids(&store.waiting_of("id-of-ann").await.unwrap()).contains(&waiting.change));
}

async fn everything_is_there_after_a_restart<S: Store>(open: &impl AsyncFn() -> S) {
    let store = open().await;
    let id = asked(&store, "kept").await;
    store.card_posted(id.request, "card").await.unwrap();
    store.progress_posted(id, "progress").await.unwrap();
    decide(&store, id, &yes("ann"), 5).await;
    assert!(matches!(store.claim(id, 7, at(6)).await.unwrap(), ClaimResult::Won(_)));
    store.finish(id, End::Applied(outcome("3 of 3")), at(7)).await.unwrap();
    let before = store.get(id.change).await.unwrap().unwrap();
    assert_eq!((before.card(), before.progress()), (Some("card"), Some("progress")));
    drop(store);
    let store = open().await;
    assert_eq!(store.get(id.change).await.unwrap(), Some(before));
}

async fn what_a_dead_run_claimed_is_claimed_again_once<S: Store>(open: &impl AsyncFn() -> S) {
    let store = open().await;
    let (fresh, old) = (approved(&store, "dead run", 10).await, approved(&store, "dead run, old", 10).await);
    for id in [fresh, old] {
        assert!(matches!(store.claim(id, 7, at(11)).await.unwrap(), ClaimResult::Won(_)));
    }
    drop(store);
    let store = open().await;
    assert!(matches!(store.claim(fresh, 7, at(20)).await.unwrap(), ClaimResult::Lost(_)), "it is claimed");
    assert!(
        matches!(store.claim_again(fresh, 8, at(20)).await.unwrap(), ClaimResult::Lost(_)),
        "something was written"
    );
    assert!(matches!(store.claim_again(old, 7, at(70)).await.unwrap(), ClaimResult::TooOld(_)));
    let claims = join_all((0..4).map(|_| store.claim_again(fresh, 7, at(20)))).await;
    assert_eq!(claims.into_iter().filter(|claim| matches!(claim, Ok(ClaimResult::Won(_)))).count(), 1);
}

async fn several_people_are_counted_once_each(store: &impl Store) {
    let two = Approval::Named { people: vec!["example.com".into()], count: 2 };
    let change = Change::asking(Order { approval: two, ..order("two of them") }).unwrap();
    let id = ItemId::from(&change);
    store.record(change.into()).await.unwrap();
    assert_eq!(decide(store, id, &yes("ann"), 1).await.1, Answer::NotYours(Denial::OwnOrder));
    let bo = yes("bo");
    let answers = join_all((0..8).map(|second| decide(store, id, &bo, second))).await;
    let counted = answers.iter().filter(|(_, answer)| *answer == Answer::Counted { have: 1, needed: 2 }).count();
    assert_eq!(counted, 1, "eight presses of one person are one yes");
    assert!(matches!(store.claim(id, 7, at(9)).await.unwrap(), ClaimResult::Lost(_)), "one yes is not enough");
    let (change, answer) = decide(store, id, &yes("eve"), 10).await;
    assert_eq!(answer, Answer::Approved);
    let decision = change.state().decision().unwrap();
    assert_eq!((&decision.by, decision.also.as_slice()), (&person("eve"), [person("bo")].as_slice()));
}

async fn what_is_only_observed_is_never_claimed(store: &impl Store) {
    let change = Change::asking(Order { observe: true, ..order("observed") }).unwrap();
    let id = ItemId::from(&change);
    store.record(change.into()).await.unwrap();
    assert_eq!(decide(store, id, &yes("ann"), 1).await.1, Answer::Approved);
    assert!(matches!(store.claim(id, 7, at(2)).await.unwrap(), ClaimResult::Lost(_)));
    let (change, _) = store.finish(id, End::Observed(outcome("shown")), at(3)).await.unwrap().unwrap();
    assert_eq!(change.status(), Status::Observed);
    assert!(matches!(store.claim(id, 7, at(4)).await.unwrap(), ClaimResult::Lost(_)));
}

async fn an_end_is_unreported_until_it_is_reported(store: &impl Store) {
    let id = approved(store, "unreported", 1).await;
    let is_unreported = async |since| {
        let found = store.unreported(at(since)).await.unwrap();
        found.changes.iter().any(|change| change.id() == id.change)
    };
    assert!(!is_unreported(0).await, "nothing has ended");
    assert!(matches!(store.claim(id, 7, at(2)).await.unwrap(), ClaimResult::Won(_)));
    let before = store.get(id.change).await.unwrap().unwrap();
    store.finish(id, End::Applied(outcome("done")), at(3)).await.unwrap();
    assert!(is_unreported(0).await, "applied, and the room does not know");
    assert!(!is_unreported(1).await, "ordered before");
    let mark = async |change: &Change| store.mark_reported(change).await.unwrap().unwrap();
    let ended = store.get(id.change).await.unwrap().unwrap();
    assert!(!mark(&before).await.is_reported(), "its card shows it as it was before");
    assert!(is_unreported(0).await);
    assert!(mark(&ended).await.is_reported());
    assert!(!is_unreported(0).await, "reported");
    let unknown = approved(store, "unreported: unknown", 1).await;
    assert!(matches!(store.claim(unknown, 7, at(2)).await.unwrap(), ClaimResult::Won(_)));
    store.finish(unknown, End::Unknown(outcome("nobody can tell")), at(3)).await.unwrap();
    let found = store.unreported(at(0)).await.unwrap();
    assert!(
        found.changes.iter().any(|change| change.id() == unknown.change),
        "nobody can tell, and the room does not know that"
    );
    let declined = asked(store, "unreported: declined").await;
    decide(store, declined, &no("ann"), 1).await;
    let is_unreported =
        async || store.unreported(at(0)).await.unwrap().changes.iter().any(|change| change.id() == declined.change);
    assert!(!is_unreported().await, "no card has gone out");
    store.card_posted(declined.request, "card").await.unwrap();
    assert!(is_unreported().await, "its card still has buttons");
    mark(&store.get(declined.change).await.unwrap().unwrap()).await;
    assert!(!is_unreported().await);
}
