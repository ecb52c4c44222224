//! The request behind a change: the part that never changes.

use std::fmt;

use jiff::Timestamp;
use json_patch::Patch;
use serde::{Deserialize, Serialize};

use super::{ChangeId, ChangeSpec, Field, FieldChange, InvalidOrder, Note, RequestId, invalid_order::suits};
use crate::{
    domain::{Intent, ObjectRef, Person, WriteKind},
    policy::{ActsAs, Approval, ProposedChange, Reason},
};

/// Maximum characters of a message that are kept.
const WORDS: usize = 1000;

/// A person, as known at the time of the request or decision.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The Webex person id. It alone identifies the person.
    pub person_id: String,
    /// The display name.
    pub name: String,
    /// The first email address, in lower case.
    pub email: String,
}

impl Actor {
    /// Whether both are the same person. A person without an id is the same as nobody.
    pub fn is_same_person(&self, other: &Self) -> bool {
        !self.person_id.is_empty() && self.person_id == other.person_id
    }
}

impl From<&Person> for Actor {
    fn from(person: &Person) -> Self {
        Self { person_id: person.id.clone(), name: person.name.clone(), email: person.email().to_owned() }
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Who").field("person_id", &self.person_id).finish_non_exhaustive()
    }
}

/// The undo of a change: restores the old values, provided that the new ones are still live.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Inverse {
    /// A patch that tests the uid and the new values, then writes the old ones.
    pub patch: Patch,
    /// How the patch reaches the API server.
    #[serde(default)]
    pub means: WriteKind,
    /// The change's effects, reversed.
    pub effects: Vec<FieldChange>,
    /// The old values as a request, so that the policy judges the undo like any other change.
    pub draft: ChangeSpec,
}

impl fmt::Debug for Inverse {
    /// Omits the values, as [`Order`] does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inverse").finish_non_exhaustive()
    }
}

/// Everything that is known about a requested write when it is recorded.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The Webex id of the message with the request.
    pub message_id: String,
    /// The index of the command in the message, from 0.
    pub position: u32,
    /// The person who requested it.
    pub requester: Actor,
    /// The room of the request.
    pub room_id: String,
    /// The root message of the thread for replies.
    pub thread_id: String,
    /// The text of the message, truncated to 1000 characters.
    pub words: String,
    /// The intent.
    pub intent: Intent,
    /// The object to write to.
    pub target: ObjectRef,
    /// The object's name for replies, qualified as far as needed to be unambiguous; empty if the bare name is.
    #[serde(default)]
    pub called: String,
    /// The object's uid when it was read. An object of the same name with another uid is not the one that was shown.
    pub uid: String,
    /// The patch to send. Its `test` operations pin the uid and the old values.
    pub patch: Patch,
    /// How the patch reaches the API server.
    #[serde(default)]
    pub means: WriteKind,
    /// The cluster identity to impersonate; `None` sends it as readback itself.
    #[serde(default)]
    pub acts_as: Option<ActsAs>,
    /// The effects, before and after, as shown on the card.
    pub effects: Vec<FieldChange>,
    /// Why it needs confirmation; empty if it needs none.
    pub reasons: Vec<Reason>,
    /// Who must approve it.
    #[serde(default)]
    pub approval: Approval,
    /// Foreseeable consequences, to be shown before it is sent.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// The API server's warnings from the dry run, verbatim.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The values that can be corrected on the card, if the reading of the message was uncertain.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// The request without its target's live state, for planning it again.
    #[serde(default)]
    pub draft: Option<ChangeSpec>,
    /// How to undo it; `None` if it cannot be undone.
    #[serde(default)]
    pub inverse: Option<Inverse>,
    /// The change that this one undoes.
    #[serde(default)]
    pub undoes: Option<ChangeId>,
    /// The verb of the change that this one undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_back: Option<Intent>,
    /// The request that it corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<RequestId>,
    /// Whether it was requested in a direct message, which nobody else sees.
    #[serde(default)]
    pub private: bool,
    /// Whether it is in observe-only mode: shown, but never sent.
    #[serde(default)]
    pub observe: bool,
    /// Whether the pod template changes, which replaces pods.
    pub template_changed: bool,
    /// When the message was sent, according to Webex. Decides which of two requests is the newer one.
    pub said: Timestamp,
    /// When it was recorded. A change that needs no card is approved at this time.
    pub created: Timestamp,
    /// The expiry: it cannot be approved at or after this time.
    pub expires: Timestamp,
}

impl fmt::Debug for Order {
    /// Omits the message and the values: the patch of a pod template can contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("intent", &self.intent).field("target", &self.target).finish_non_exhaustive()
    }
}

impl Order {
    /// The verb that has to be granted: for an undo, the verb of the undone change.
    pub fn verb(&self) -> Intent {
        if self.intent != Intent::Undo {
            return self.intent;
        }
        let inverse = self.draft.as_ref().map(|draft| draft.intent);
        self.takes_back.or(inverse).unwrap_or(Intent::Undo)
    }

    /// The change that it would make, for the policy.
    pub fn proposed(&self) -> ProposedChange<'_> {
        let takes_back = self.intent == Intent::Undo;
        ProposedChange { takes_back, ..ProposedChange::of_write(self.verb(), &self.target, &self.patch, &self.means) }
    }

    /// The number of replicas after the change, if it sets one.
    pub fn replicas_after(&self) -> Option<u32> {
        self.effects.iter().find_map(FieldChange::replicas_after)
    }

    /// The images that containers would run after the change, where they change.
    pub fn images_after(&self) -> impl Iterator<Item = &str> {
        self.effects.iter().filter_map(FieldChange::image_after)
    }

    /// The object's name for use in a sentence.
    pub fn called(&self) -> String {
        if self.called.is_empty() { format!("`{}`", self.target.name) } else { self.called.clone() }
    }

    /// Validates the order and truncates its message.
    ///
    /// # Errors
    /// The patch could hit another object than the one that was shown, or changes nothing.
    pub(super) fn fit(mut self) -> Result<Self, InvalidOrder> {
        suits(&self.means, &self.patch, &self.uid)?;
        if let Some((end, _)) = self.words.char_indices().nth(WORDS) {
            self.words.truncate(end);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::samples::order;
    use super::*;

    fn with_patch(patch: Value) -> Result<Order, InvalidOrder> {
        Order { patch: serde_json::from_value(patch).expect("a patch"), ..order() }.fit()
    }

    #[test]
    fn a_patch_must_test_the_uid_that_was_shown_before_it_writes() {
        let test = json!({"op": "test", "path": "/metadata/uid", "value": "u1"});
        let write = json!({"op": "replace", "path": "/spec/replicas", "value": 3});
        assert!(with_patch(json!([test, write])).is_ok());
        assert_eq!(with_patch(json!([write])).err(), Some(InvalidOrder::Unpinned));
        assert_eq!(with_patch(json!([write, test])).err(), Some(InvalidOrder::Unpinned));
        let other = json!({"op": "test", "path": "/metadata/uid", "value": "u2"});
        assert_eq!(with_patch(json!([other, write])).err(), Some(InvalidOrder::Unpinned));
        assert_eq!(with_patch(json!([test])).err(), Some(InvalidOrder::Empty));
        assert_eq!(with_patch(json!([])).err(), Some(InvalidOrder::Empty));
    }

    #[test]
    fn an_empty_uid_pins_nothing() {
        let patch = json!([
            {"op": "test", "path": "/metadata/uid", "value": ""}, {"op": "replace", "path": "/spec/replicas", "value": 3}
        ]);
        let order = Order { uid: String::new(), patch: serde_json::from_value(patch).expect("a patch"), ..order() };
        assert_eq!(order.fit().err(), Some(InvalidOrder::Unpinned));
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let kept = Order { words: "ä".repeat(5000), ..order() }.fit().expect("fit").words;
        assert_eq!(kept, "ä".repeat(1000));
    }
}
