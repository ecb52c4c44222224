//! Updates of a recorded change request.

use jiff::Timestamp;

use super::{Answer, ChangeId, ChangeRequest, Decide, Event, RolloutFailure, State};

/// An update of a recorded request. A store applies it in one compare-and-set.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// A decision about the whole request.
    Decide(Decide),
    /// An event of one of its changes.
    Item(ChangeId, Event),
    /// The card was posted as this message.
    CardPosted(String),
    /// The progress of this change was posted as this message.
    ProgressPosted(ChangeId, String),
    /// The failure of this change's rollout was told in a message of its own.
    FailurePosted(ChangeId, RolloutFailure),
    /// The outcome of this change, including the rollout's, was reported to the room, as of this state. In another state it was
    /// not: what was told is not what came of it.
    Reported(ChangeId, Box<State>),
}

impl Update {
    /// The request after the update, and the answer: [`Answer::Unchanged`] unless the update is a decision or an event. Pure.
    #[must_use]
    pub fn apply(&self, request: ChangeRequest, now: Timestamp) -> (ChangeRequest, Answer) {
        let noted = match self {
            Self::Decide(decide) => return request.decide(decide, now),
            // A change is never decided by itself.
            Self::Item(_, Event::Decide(decide)) => return request.decide(decide, now),
            Self::Item(id, event) => return request.advance(*id, event, now),
            Self::CardPosted(message_id) => request.on_card(message_id),
            Self::ProgressPosted(id, message_id) => request.edit(*id, |item| item.progress = Some(message_id.clone())),
            Self::FailurePosted(id, failure) => request.edit(*id, |item| item.failure = Some(failure.clone())),
            Self::Reported(id, told) => request.edit(*id, |item| item.reported |= item.state == **told),
        };
        (noted, Answer::Unchanged)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        Change, Decision, End, EndReason, Outcome, RunId,
        samples::{at, order, person},
    };
    use super::*;

    #[test]
    fn only_the_state_that_was_told_is_reported() {
        let claimed = State::Claimed {
            approved: Decision::of(person("ann"), at(0)),
            claim: super::super::Claim { generation: 7, run_id: RunId::fresh(), at: at(1) },
        };
        let change = Change::asking(order()).expect("fit").moved(claimed);
        let id = change.id();
        let told = |change: &Change| Update::Reported(id, Box::new(change.state().clone()));
        let end = |text: &str| End::Unknown(Outcome::of(EndReason::Text(text.into())));
        let ends = |request: ChangeRequest, end| Update::Item(id, Event::End(end)).apply(request, at(2)).0;

        let unknown = ends(change.clone().into(), end("nobody can tell"));
        let (kept, answer) = told(&change).apply(unknown.clone(), at(3));
        assert_eq!((&kept, answer), (&unknown, Answer::Unchanged), "the card shows it as it was before its end");
        let (reported, _) = told(unknown.first()).apply(unknown.clone(), at(3));
        assert!(reported.first().is_reported());
        let settled = ends(reported, End::Applied(Outcome::of(EndReason::Applied)));
        let (kept, _) = told(unknown.first()).apply(settled.clone(), at(4));
        assert_eq!(kept, settled, "it was known by then");
        let (reported, _) = told(settled.first()).apply(settled.clone(), at(4));
        assert!(told(unknown.first()).apply(reported, at(5)).0.first().is_reported(), "once reported, it stays so");
    }
}
