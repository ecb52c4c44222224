use super::*;
use crate::{
    change::{
        Claim, End, Ending, Outcome, RunId, State,
        samples::{aimed_at, at, order, person},
    },
    policy::Approval,
};

fn item(position: u32, name: &str) -> Change {
    Change::asking(aimed_at(name, Order { position, ..order() })).expect("fit")
}

/// Two changes of `web`, and one of `api` between them.
fn three() -> ChangeRequest {
    ChangeRequest::new(vec![item(2, "web"), item(0, "web"), item(1, "api")]).expect("one request")
}

fn approve() -> Decide {
    Decide::Approve { who: person("ann"), authorization: Ok(()), cause: None }
}

fn statuses(request: &ChangeRequest) -> Vec<Status> {
    request.items().map(Change::status).collect()
}

#[test]
fn a_request_has_the_id_of_its_first_change_and_a_single_change_is_one() {
    let request = three();
    assert_eq!(request.id(), RequestId::from(ChangeId::derive("m1", 0)));
    assert!(request.items().all(|item| item.request() == request.id() && !item.is_alone()));
    assert_eq!(request.items().map(|item| item.order().position).collect::<Vec<_>>(), [0, 1, 2]);
    let single = ChangeRequest::from(item(4, "web"));
    assert_eq!(single.id(), RequestId::from(ChangeId::derive("m1", 4)));
    assert_eq!(single.single(), Some(single.first()));
    assert_eq!(ChangeRequest::new(vec![item(4, "web")]), Ok(single));
}

#[test]
fn what_different_people_decide_is_no_request() {
    let mixed = |other: Order| {
        let other = Change::asking(Order { position: 1, ..other }).expect("fit");
        ChangeRequest::new(vec![item(0, "web"), other])
    };
    assert!(mixed(order()).is_ok());
    assert_eq!(mixed(Order { approval: Approval::Other, ..order() }), Err(Ungrouped::Mixed));
    assert_eq!(mixed(Order { message_id: "m2".into(), ..order() }), Err(Ungrouped::Mixed));
    assert_eq!(mixed(Order { requester: person("bo"), ..order() }), Err(Ungrouped::Mixed));
    assert_eq!(mixed(Order { room_id: "elsewhere".into(), ..order() }), Err(Ungrouped::Mixed));
    assert_eq!(ChangeRequest::new(vec![item(0, "web"), item(0, "api")]), Err(Ungrouped::Mixed), "the same position");
    assert_eq!(ChangeRequest::new(Vec::new()), Err(Ungrouped::Empty));
}

#[test]
fn they_expire_together() {
    let late = Change::asking(aimed_at("api", Order { position: 1, expires: at(700), ..order() })).expect("fit");
    let request = ChangeRequest::new(vec![item(0, "web"), late]).expect("one request");
    let (expired, answer) = request.decide(&approve(), at(600));
    assert_eq!((statuses(&expired), answer), (vec![Status::Expired; 2], Answer::Expired { at: at(600) }));
}

#[test]
fn a_decision_moves_every_change_or_none() {
    let (approved, answer) = three().decide(&approve(), at(1));
    assert_eq!((statuses(&approved), answer), (vec![Status::Approved; 3], Answer::Approved));
    let run_id = RunId::fresh();
    let api = approved.items().nth(1).expect("three").id();
    let claim = Event::Claim { generation: 7, run_id };
    let (claimed, answer) = approved.clone().advance(api, &claim, at(2));
    assert_eq!(answer, Answer::Claimed);
    let decline = Decide::Decline { who: person("ann"), authorization: Ok(()), cause: None };
    let (kept, answer) = claimed.clone().decide(&decline, at(3));
    assert!(matches!(answer, Answer::AlreadyDecided { status: Status::Claimed, .. }), "{answer:?}");
    assert_eq!(kept, claimed);
    let (declined, answer) = approved.decide(&decline, at(3));
    assert_eq!((statuses(&declined), answer), (vec![Status::Declined; 3], Answer::Declined));
    assert_eq!(declined.advance(api, &claim, at(4)).1, Answer::Unchanged);
}

#[test]
fn what_was_left_undecided_is_decided_with_the_rest() {
    let half = three();
    let first = half.first().id();
    let half = half.edit(first, |item| item.state = State::Declined(Decision::of(person("ann"), at(1))));
    assert!(half.is_waiting());
    let (approved, answer) = half.clone().decide(&approve(), at(2));
    assert_eq!(
        (statuses(&approved), answer),
        (vec![Status::Declined, Status::Approved, Status::Approved], Answer::Approved)
    );
    let (expired, answer) = half.decide(&Decide::Expire, at(600));
    assert_eq!(answer, Answer::Expired { at: at(600) });
    assert!(!expired.is_waiting());
}

#[test]
fn what_would_need_two_answers_is_not_decided() {
    let two = Approval::Named { people: vec!["example.com".into()], count: 2 };
    let with = |position, approval| {
        let order = Order { position, approval, ..order() };
        Change { request: Some(ChangeId::derive("m1", 0).into()), ..Change::asking(order).expect("fit") }
    };
    for (first, second) in [(Approval::Other, two.clone()), (two, Approval::Other)] {
        let mixed = ChangeRequest::read(vec![with(0, first), with(1, second)]).expect("of an earlier version");
        let bo = Decide::Approve { who: person("bo"), authorization: Ok(()), cause: None };
        assert_eq!(mixed.clone().decide(&bo, at(1)), (mixed, Answer::Unchanged));
    }
}

#[test]
fn a_change_is_claimed_only_after_what_it_was_planned_on_was_applied() {
    let (approved, _) = three().decide(&approve(), at(1));
    let run_id = RunId::fresh();
    let [first, _, second] = approved.items().map(Change::id).collect::<Vec<_>>()[..] else { panic!("three") };
    let claim = |id, request: &ChangeRequest, now| {
        request.clone().advance(id, &Event::Claim { generation: 7, run_id: run_id.clone() }, at(now))
    };
    assert_eq!(claim(second, &approved, 2).1, Answer::Unchanged, "the first one is not sent");
    let (claimed, _) = claim(first, &approved, 2);
    assert_eq!(claim(second, &claimed, 3).1, Answer::Unchanged, "it is on its way");
    let ends = [End::Applied, End::Failed, End::Stale, End::Unknown, End::Observed];
    for end in ends.map(|end: fn(Outcome) -> End| end(Outcome::default())) {
        let then = if matches!(end, End::Applied(_)) { Answer::Claimed } else { Answer::Unchanged };
        let (ended, _) = claimed.clone().advance(first, &Event::End(end), at(4));
        assert_eq!(claim(second, &ended, 5).1, then, "{:?}", ended.first().status());
    }
    let again = Event::ClaimAgain { generation: 7, run_id: RunId::fresh() };
    let dead = claimed.edit(second, |item| {
        let claim = Claim { generation: 7, run_id: RunId::fresh(), at: at(2) };
        item.state = State::Claimed { approved: Decision::of(person("ann"), at(1)), claim };
    });
    assert_eq!(dead.advance(second, &again, at(5)).1, Answer::Unchanged, "not after a crash either");
}

#[test]
fn an_approval_is_as_fresh_as_what_was_last_done_because_of_it() {
    let (approved, _) = three().decide(&approve(), at(0));
    let run_id = RunId::fresh();
    let api = approved.items().nth(1).expect("three").id();
    let ended = |run_id: RunId, at_second| {
        let claim = Some(Claim { generation: 7, run_id, at: at(1) });
        let outcome = Outcome::default();
        let ending = Ending { approved: Decision::of(person("ann"), at(0)), claim, outcome, at: at(at_second) };
        approved.clone().edit(approved.first().id(), |item| item.state = State::Applied(ending))
    };
    let claim = |request: ChangeRequest, now| {
        request.advance(api, &Event::Claim { generation: 7, run_id: run_id.clone() }, at(now)).1
    };
    assert_eq!(claim(approved.clone(), 60), Answer::TooOld);
    assert_eq!(claim(ended(run_id.clone(), 50), 109), Answer::Claimed);
    assert_eq!(claim(ended(run_id.clone(), 50), 110), Answer::TooOld, "a minute after that");
    assert_eq!(claim(ended(RunId::fresh(), 50), 60), Answer::TooOld, "another run did that");
}

#[test]
fn only_a_later_message_of_the_same_person_about_one_of_the_same_objects_supersedes() {
    let older = three();
    let later = Order { message_id: "m2".into(), said: at(5), ..order() };
    let supersedes = |name: &str, order: Order| {
        ChangeRequest::from(Change::asking(aimed_at(name, order)).expect("fit")).supersedes(&older)
    };
    assert!(supersedes("web", later.clone()) && supersedes("api", later.clone()));
    assert!(!supersedes("web", Order { message_id: order().message_id, position: 7, ..later.clone() }), "same message");
    assert!(!supersedes("web", Order { requester: person("bo"), ..later.clone() }), "somebody else");
    assert!(!supersedes("web", Order { said: at(-5), ..later.clone() }), "an earlier message");
    assert!(!supersedes("other", later.clone()), "another object");
    let newer = ChangeRequest::from(Change::asking(aimed_at("web", later)).expect("fit"));
    let (decided, _) = older.clone().decide(&approve(), at(1));
    assert!(!newer.supersedes(&decided), "already decided");
}

#[test]
fn what_is_superseded_knows_whether_it_was_corrected() {
    let older = three();
    for (corrects, corrected) in
        [(Some(older.id()), true), (Some(ChangeId::derive("m9", 0).into()), false), (None, false)]
    {
        let newer = Order { message_id: "m2".into(), said: at(5), corrects, ..order() };
        let newer = ChangeRequest::from(Change::asking(aimed_at("web", newer)).expect("fit"));
        let moved = newer.supersede(&older).expect("superseded");
        let is_so = |item: &Change| matches!(item.state(), State::Superseded { corrected: so, .. } if *so == corrected);
        assert!(moved.items().all(is_so), "{corrects:?}");
    }
}

#[test]
fn the_changes_of_an_object_are_in_order() {
    let groups: Vec<Vec<u32>> =
        three().by_object().into_iter().map(|group| group.iter().map(|item| item.order.position).collect()).collect();
    assert_eq!(groups, [vec![0, 2], vec![1]]);
}
