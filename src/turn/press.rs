//! A press on a card: authorised by the person whom Webex gives, consumed once, always answered.

use super::{At, Bot, Fault, Place, Turn, now};
use crate::{
    cards::{Press, pressed},
    change::{Answer, Change, Decide, Store, Who, store::Delivery},
    domain::Person,
    edge::{Freshness, freshness},
    webex::{AttachmentAction, WebexError},
    words,
};

impl Bot {
    /// Handles a press by its id.
    pub(super) async fn press(&self, id: &str) -> Turn {
        let action = match self.0.webex.attachment_action(id).await {
            Ok(action) => action,
            Err(WebexError::NotFound { .. }) => return Ok("gone"),
            Err(error) => return Err(error).unplaced("reading the press"),
        };
        if self.is_me(&action.person_id) {
            return Ok("own");
        }
        let pressed = pressed(&action.inputs);
        let place = self.place_of(&action).await?;
        let change = match pressed {
            Some((id, _)) => self.0.store.get(id).await.before(&place, "looking up the change")?,
            None => None,
        };
        if self.0.store.seen(Delivery::Action, &action.id, now()).await.before(&place, "remembering the press")? {
            return Ok("repeat");
        }
        let person = self.0.webex.person(&action.person_id).await.before(&place, "asking who pressed")?;
        if person.is_bot {
            return Ok("bot");
        }
        let change = change.filter(|change| change.is_on_card(&action.room_id, &action.message_id));
        let refusal = match (&change, freshness(action.created, now())) {
            _ if !self.0.people.allows(&person) => Some(words::NOT_LISTED.to_owned()),
            (None, _) => Some(words::UNKNOWN_CARD.to_owned()),
            (Some(_), Freshness::Stale { age }) => Some(words::press_too_late(age)),
            (Some(_), Freshness::Ahead { .. }) => Some(words::FROM_THE_FUTURE.to_owned()),
            (Some(_), Freshness::Fresh) => None,
        };
        let (Some(change), Some((_, press)), None) = (change, pressed, &refusal) else {
            let text = refusal.unwrap_or_else(|| words::UNKNOWN_CARD.to_owned());
            self.reply(&place, &person, &text).await.before(&place, "answering the press")?;
            return Ok("refused press");
        };
        let who = Who::from(&person);
        let decide = match press {
            Press::Confirm => Decide::Approve { who: who.clone() },
            Press::Cancel => Decide::Decline { who: who.clone() },
        };
        let decided = self.0.store.decide(change.id(), &decide, now()).await.before(&place, "deciding")?;
        let Some((change, answer)) = decided else {
            self.reply(&place, &person, words::UNKNOWN_CARD).await.before(&place, "answering the press")?;
            return Ok("unknown change");
        };
        self.decided(&change, answer, &place, &person).await
    }

    /// Does and says what a decision came to.
    async fn decided(&self, change: &Change, answer: Answer, place: &Place, person: &Person) -> Turn {
        match answer {
            Answer::Approved => {
                if let Some(line) = self.send(change, place, person).await? {
                    self.reply(place, person, &line).await.after(place, "answering the press")?;
                }
                Ok("approved")
            }
            Answer::Declined => {
                self.close(change).await;
                Ok("declined")
            }
            Answer::NotYours { .. }
            | Answer::AlreadyDecided { .. }
            | Answer::Expired { .. }
            | Answer::Superseded { .. }
            | Answer::Claimed
            | Answer::TooOld
            | Answer::Ended
            | Answer::Unchanged => {
                self.reply(place, person, &words::press(&answer, change, &Who::from(person)))
                    .await
                    .before(place, "answering the press")?;
                // An old card may still show buttons: what has ended is shown as ended.
                if matches!(answer, Answer::Expired { .. } | Answer::Superseded { .. }) {
                    self.close(change).await;
                }
                Ok("late press")
            }
        }
    }

    /// Where the answer to a press belongs. A card stands in a thread, and threads are flat: Webex takes no answer to the
    /// card itself, only to the first message of its thread.
    async fn place_of(&self, action: &AttachmentAction) -> Result<Place, Fault> {
        let thread = match self.0.webex.message(&action.message_id).await {
            Ok(message) => Some(message.thread().to_owned()),
            // The card is gone: it was posted anew, or somebody deleted it.
            Err(WebexError::NotFound { .. }) => None,
            Err(error) => return Err(error).unplaced("reading the card"),
        };
        Ok(Place { room: action.room_id.clone(), thread })
    }
}
