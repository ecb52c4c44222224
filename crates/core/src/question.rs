//! A question about an order that is not clear yet: which of several, or a value that is missing. It has a card of its own,
//! it is on record, and an answer to it uses it up. Answering changes nothing by itself: what was answered is looked up,
//! planned and judged like any order.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    change::{Actor, ChangeId, ChangeSpec, Field},
    domain::ObjectRef,
};

/// One question to one person.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The opaque id that the card carries.
    pub id: ChangeId,
    /// Who is asked. Nobody else can answer.
    pub asked: Actor,
    /// The room.
    pub room_id: String,
    /// The first message of the thread that the card stands in.
    pub thread_id: String,
    /// What was heard.
    pub words: String,
    /// Whether it was said in a direct message.
    pub private: bool,
    /// What is asked.
    #[serde(rename = "text")]
    pub prompt: Prompt,
    /// What can be picked; a single one where only values are missing.
    pub choices: Vec<Choice>,
    /// The values that can be typed.
    pub fields: Vec<Field>,
    /// When the message was sent, as Webex has it.
    pub said: Timestamp,
    /// When it was put on record.
    pub created: Timestamp,
    /// From this moment on it can no longer be answered.
    pub expires: Timestamp,
    /// The message that carries the card, once it is posted.
    pub card: Option<String>,
    /// Where it stands.
    pub state: QuestionState,
}

impl fmt::Debug for Question {
    /// Leaves out the words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// One thing that can be picked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// How it is called on its button.
    pub label: ChoiceLabel,
    /// The Deployment.
    pub target: ObjectRef,
    /// What would be asked of it.
    pub draft: ChangeSpec,
}

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum QuestionState {
    /// It can be answered.
    Open,
    /// It was answered.
    Answered {
        /// With which choice, from 0.
        choice: usize,
        /// When.
        at: Timestamp,
    },
    /// The person wants none of it.
    Dismissed {
        /// When.
        at: Timestamp,
    },
    /// Nobody answered in time.
    Expired {
        /// The end of its time.
        at: Timestamp,
    },
    /// The person ordered something newer about one of its Deployments.
    Superseded {
        /// When.
        at: Timestamp,
    },
}

/// What can happen to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Somebody picks this choice, from 0.
    Pick(Actor, usize),
    /// Somebody wants none of it.
    Dismiss(Actor),
    /// Somebody looks at the clock.
    Expire,
    /// The person ordered something newer.
    Supersede,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replied {
    /// This reply answered it.
    Picked,
    /// This reply ended it without an answer.
    Dismissed,
    /// Its time is over.
    Expired,
    /// A newer order took its place.
    Superseded,
    /// Somebody else was asked. Nothing changed.
    NotYours,
    /// There is no such choice. Nothing changed.
    NoSuchChoice,
    /// It had ended before. Nothing changed.
    Over,
    /// It does not fit. Nothing changed.
    Unchanged,
}

/// Where `reply` leads. Pure: the caller passes `now` and saves the state before it acts.
pub fn step(question: &Question, reply: &Reply, now: Timestamp) -> (QuestionState, Replied) {
    let stays = |replied| (question.state, replied);
    if question.state != QuestionState::Open {
        return stays(Replied::Over);
    }
    let by = match reply {
        Reply::Pick(who, _) | Reply::Dismiss(who) => Some(who),
        Reply::Expire | Reply::Supersede => None,
    };
    if by.is_some_and(|who| !question.asked.is_same_person(who)) {
        return stays(Replied::NotYours);
    }
    if now >= question.expires {
        return (QuestionState::Expired { at: question.expires }, Replied::Expired);
    }
    match reply {
        Reply::Pick(_, choice) if *choice >= question.choices.len() => stays(Replied::NoSuchChoice),
        Reply::Pick(_, choice) => (QuestionState::Answered { choice: *choice, at: now }, Replied::Picked),
        Reply::Dismiss(_) => (QuestionState::Dismissed { at: now }, Replied::Dismissed),
        Reply::Supersede => (QuestionState::Superseded { at: now }, Replied::Superseded),
        Reply::Expire => stays(Replied::Unchanged),
    }
}

impl Question {
    /// Whether a press in this room, on this message, is a press on its card.
    pub fn is_on_card(&self, room_id: &str, message_id: &str) -> bool {
        self.room_id == room_id && self.card.as_deref() == Some(message_id)
    }

    /// Whether it is about this Deployment, among others.
    pub fn is_about(&self, object: &ObjectRef) -> bool {
        self.choices.iter().any(|choice| choice.target == *object)
    }

    /// Whether it can still be answered.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == QuestionState::Open && now < self.expires
    }
}

mod prompt;
#[cfg(any(test, feature = "testing"))]
pub mod samples;

pub use prompt::{ChoiceLabel, MissingValue, Prompt};

#[cfg(test)]
mod tests {
    use super::{
        samples::{at, person, question},
        *,
    };

    #[test]
    fn every_reply_to_every_state_is_as_in_the_table() {
        let (ann, eve) = (person("ann"), person("eve"));
        let replies = [
            Reply::Pick(ann.clone(), 1),
            Reply::Pick(ann.clone(), 2),
            Reply::Pick(eve.clone(), 1),
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
            QuestionState::Answered { choice: 0, at: at(1) },
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
        let moves = [Reply::Pick(person("ann"), 0), Reply::Dismiss(person("ann")), Reply::Supersede];
        for reply in moves {
            assert_ne!(step(&question, &reply, at(1)).0, QuestionState::Open, "{reply:?}");
        }
        for reply in [Reply::Pick(person("eve"), 0), Reply::Pick(person("ann"), 9), Reply::Expire] {
            assert_eq!(step(&question, &reply, at(1)).0, QuestionState::Open, "{reply:?}");
        }
    }
}
