//! Card actions.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::fault::Fault;
use super::id::{self, Kind};
use super::objects::{Action, EventKind};
use super::state::RoomState;

/// The body of a POST.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Press {
    #[serde(rename = "type")]
    kind: String,
    message_id: String,
    #[serde(default)]
    inputs: Map<String, Value>,
}

impl RoomState {
    /// `caller` submits a card action.
    pub(super) fn press(&mut self, caller: &str, press: Press, now: &str) -> Result<Action, Fault> {
        if press.kind != "submit" {
            return Err(Fault::bad("type must be submit"));
        }
        let message = self.message(caller, &press.message_id)?.clone();
        if message.attachments.is_empty() {
            return Err(Fault::no_action("MessageId should point to an activity with cards"));
        }
        if message.person_id == caller {
            return Err(Fault::no_action("Author of a card cannot submit a cardAction on that card"));
        }
        let action = Action {
            id: id::fresh(Kind::Action),
            kind: "submit",
            message_id: press.message_id,
            inputs: press.inputs,
            person_id: caller.to_owned(),
            room_id: message.room_id.clone(),
            created: now.to_owned(),
        };
        if self.actions.len() >= self.capacity {
            self.actions.pop_front();
        }
        self.actions.push_back(action.clone());
        self.record(EventKind::Pressed(action.clone()), caller, &message);
        Ok(action)
    }

    /// The card action, readable by its actor and the card's author. It outlives the message.
    pub(super) fn action(&self, caller: &str, id: &str) -> Result<&Action, Fault> {
        let readable = |action: &&Action| {
            let author = self.messages.iter().rev().find(|m| m.id == action.message_id).map(|m| m.person_id.as_str());
            let inside = self.space(caller, &action.room_id).is_ok();
            action.id == id && inside && (action.person_id == caller || author.is_none_or(|author| author == caller))
        };
        let found = self.actions.iter().rev().find(readable);
        found.ok_or_else(|| Fault::of(http::StatusCode::NOT_FOUND, "Unable to get attachment action."))
    }
}
