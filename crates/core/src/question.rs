//! Questions about an unclear request: which of several objects, or a missing value. A question has its own card, is
//! recorded, and can be answered once. An answer changes nothing by itself: the completed request is resolved, planned
//! and judged like any other.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    change::{Actor, ChangeId, ChangeRequest, ChangeSpec, Field},
    domain::ObjectRef,
};

/// A question to one person.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The opaque id that the card contains.
    pub id: ChangeId,
    /// The person who is asked. Nobody else can answer.
    pub asked: Actor,
    /// The room.
    pub room_id: String,
    /// The root message of the thread with the card.
    pub thread_id: String,
    /// The text of the message.
    pub words: String,
    /// Whether the message was a direct message.
    pub private: bool,
    /// The question itself.
    #[serde(rename = "text")]
    pub prompt: Prompt,
    /// The choices; exactly one if only values are missing.
    pub choices: Vec<Choice>,
    /// The values that can be entered.
    pub fields: Vec<Field>,
    /// When the message was sent, according to Webex.
    pub said: Timestamp,
    /// When it was recorded.
    pub created: Timestamp,
    /// The expiry: it cannot be answered at or after this time.
    pub expires: Timestamp,
    /// The id of the message with the card, once posted.
    pub card: Option<String>,
    /// The state.
    pub state: QuestionState,
}

impl fmt::Debug for Question {
    /// Omits the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// One choice of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The label of its button.
    pub label: ChoiceLabel,
    /// The Deployment.
    pub target: ObjectRef,
    /// The request for that Deployment.
    pub draft: ChangeSpec,
}

/// The state of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum QuestionState {
    /// It can be answered.
    Open,
    /// It was answered.
    Answered {
        /// The index of the choice, from 0.
        choice: usize,
        /// When.
        at: Timestamp,
        /// Derived from the press or the message that answered it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<ChangeId>,
    },
    /// The person dismissed it.
    Dismissed {
        /// When.
        at: Timestamp,
    },
    /// It expired unanswered.
    Expired {
        /// When it expired.
        at: Timestamp,
    },
    /// The person made a newer request for one of its Deployments.
    Superseded {
        /// When.
        at: Timestamp,
    },
}

/// An event in the lifecycle of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Somebody picks the choice at this index, from 0, with the press or the message that this id is derived from.
    Pick(Actor, usize, ChangeId),
    /// Somebody dismisses the question.
    Dismiss(Actor),
    /// Expire the question if it is past its expiry.
    Expire,
    /// The person made a newer request.
    Supersede,
}

/// The result of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replied {
    /// This reply answered it.
    Picked,
    /// This reply dismissed it.
    Dismissed,
    /// It has expired.
    Expired,
    /// It was superseded by a newer request.
    Superseded,
    /// This person was not asked. Nothing changed.
    NotYours,
    /// There is no such choice. Nothing changed.
    NoSuchChoice,
    /// It had already ended. Nothing changed.
    Over,
    /// The reply does not apply. Nothing changed.
    Unchanged,
}

/// The state that follows `reply`, and its result. Pure: the caller passes `now` and saves the state before acting.
pub fn step(question: &Question, reply: &Reply, now: Timestamp) -> (QuestionState, Replied) {
    let stays = |replied| (question.state, replied);
    // The same press again: what it ordered may not be on record yet.
    if let (QuestionState::Answered { choice, answer, .. }, Reply::Pick(_, picked, press)) = (question.state, reply)
        && choice == *picked
        && answer == Some(*press)
    {
        return stays(Replied::Picked);
    }
    if question.state != QuestionState::Open {
        return stays(Replied::Over);
    }
    let by = match reply {
        Reply::Pick(who, _, _) | Reply::Dismiss(who) => Some(who),
        Reply::Expire | Reply::Supersede => None,
    };
    if by.is_some_and(|who| !question.asked.is_same_person(who)) {
        return stays(Replied::NotYours);
    }
    if now >= question.expires {
        return (QuestionState::Expired { at: question.expires }, Replied::Expired);
    }
    match reply {
        Reply::Pick(_, choice, _) if *choice >= question.choices.len() => stays(Replied::NoSuchChoice),
        Reply::Pick(_, choice, press) => {
            (QuestionState::Answered { choice: *choice, at: now, answer: Some(*press) }, Replied::Picked)
        }
        Reply::Dismiss(_) => (QuestionState::Dismissed { at: now }, Replied::Dismissed),
        Reply::Supersede => (QuestionState::Superseded { at: now }, Replied::Superseded),
        Reply::Expire => stays(Replied::Unchanged),
    }
}

impl Question {
    /// Whether a button press in this room, on this message, belongs to its card.
    pub fn is_on_card(&self, room_id: &str, message_id: &str) -> bool {
        self.room_id == room_id && self.card.as_deref() == Some(message_id)
    }

    /// Whether this Deployment is one of its choices.
    pub fn is_about(&self, object: &ObjectRef) -> bool {
        self.choices.iter().any(|choice| choice.target == *object)
    }

    /// Whether a `newer` request takes its place: of the same person, said later, and about one of its choices.
    pub fn is_superseded_by(&self, newer: &ChangeRequest) -> bool {
        let order = newer.first().order();
        self.state == QuestionState::Open
            && self.asked.is_same_person(&order.requester)
            && self.said < order.said
            && newer.items().any(|item| self.is_about(item.target()))
    }

    /// Whether it can still be answered.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == QuestionState::Open && now < self.expires
    }
}

mod prompt;
#[cfg(any(test, feature = "testing"))]
pub mod samples;

pub use prompt::{ChoiceLabel, MissingValue, OpenId, Prompt};

#[cfg(test)]
mod tests {
    use super::{
        samples::{at, person, question},
        *,
    };

    fn press() -> ChangeId {
        ChangeId::derive("press", 0)
    }

    #[test]
    fn the_press_that_answered_it_still_answers_it_and_no_other_does() {
        let ann = person("ann");
        let (state, _) = step(&question(), &Reply::Pick(ann.clone(), 1, press()), at(1));
        let answered = Question { state, ..question() };
        assert_eq!(step(&answered, &Reply::Pick(ann.clone(), 1, press()), at(9)), (state, Replied::Picked));
        let other = ChangeId::derive("another press", 0);
        for reply in [Reply::Pick(ann.clone(), 1, other), Reply::Pick(ann, 0, press())] {
            assert_eq!(step(&answered, &reply, at(9)), (state, Replied::Over));
        }
    }

    #[test]
    fn every_reply_to_every_state_is_as_in_the_table() {
        let (ann, eve) = (person("ann"), person("eve"));
        let replies = [
            Reply::Pick(ann.clone(), 1, press()),
            Reply::Pick(ann.clone(), 2, press()),
            Reply::Pick(eve.clone(), 1, press()),
            Reply::Dismiss(ann),
            Reply::Dismiss(eve),
            Reply::Expire,
            Reply::Supersede,
        ];
        let answers = |state, now| {
            let question = Question { state, ..question() };
            replies.iter().map(|reply| step(&question, reply, at(now)).1).collect::<Vec<_>>()
        };
        let fresh = [
            Replied::Picked,
            Replied::NoSuchChoice,
            Replied::NotYours,
            Replied::Dismissed,
            Replied::NotYours,
            Replied::Unchanged,
            Replied::Superseded,
        ];
        assert_eq!(answers(QuestionState::Open, 599), fresh);
        let late = |reply: Replied| if reply == Replied::NotYours { reply } else { Replied::Expired };
        assert_eq!(answers(QuestionState::Open, 600), fresh.map(late));
        let ended = [
            QuestionState::Answered { choice: 0, at: at(1), answer: None },
            QuestionState::Dismissed { at: at(1) },
            QuestionState::Expired { at: at(600) },
            QuestionState::Superseded { at: at(1) },
        ];
        for state in ended {
            for now in [10, 700] {
                assert_eq!(answers(state, now), [Replied::Over; 7], "{state:?}");
            }
        }
    }

    #[test]
    fn an_answer_claims_a_move_exactly_where_there_was_one() {
        let question = question();
        let moves = [Reply::Pick(person("ann"), 0, press()), Reply::Dismiss(person("ann")), Reply::Supersede];
        for reply in moves {
            assert_ne!(step(&question, &reply, at(1)).0, QuestionState::Open, "{reply:?}");
        }
        for reply in [Reply::Pick(person("eve"), 0, press()), Reply::Pick(person("ann"), 9, press()), Reply::Expire] {
            assert_eq!(step(&question, &reply, at(1)).0, QuestionState::Open, "{reply:?}");
        }
    }
}
