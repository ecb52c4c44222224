//! What was ordered: the part of a change that never changes.

use std::fmt;

use jiff::Timestamp;
use json_patch::Patch;
use serde::{Deserialize, Serialize};

use super::{ChangeId, ChangeSpec, Field, FieldChange, InvalidOrder, Note, WriteKind};
use crate::{
    domain::{Intent, ObjectRef, Person},
    policy::{Approval, Reason},
};

/// The most characters of a message that are kept.
const WORDS: usize = 1000;

/// A person as they were when they asked or decided.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The Webex person id: what identifies them.
    pub person_id: String,
    /// The name to show.
    pub name: String,
    /// The first address, lower case.
    pub email: String,
}

impl Actor {
    /// Whether both are one person. Nobody is the same as a person without an id.
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

/// A user of the cluster under whose name a change is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActsAs {
    /// The user.
    pub user: String,
    /// The groups.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// What takes a change back: its old values, where the new ones are still there.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Inverse {
    /// Tests the uid and the new values, then writes the old ones.
    pub patch: Patch,
    /// How it is sent.
    #[serde(default)]
    pub means: WriteKind,
    /// Before and after, the other way round.
    pub effects: Vec<FieldChange>,
    /// The old values as an order, to be judged like one.
    pub draft: ChangeSpec,
}

impl fmt::Debug for Inverse {
    /// Leaves out the values, as [`Order`] does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inverse").finish_non_exhaustive()
    }
}

/// Everything known about a write when it is recorded.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The Webex id of the message that ordered it.
    pub message_id: String,
    /// Which command of the message it is, from 0.
    pub position: u32,
    /// Who ordered it.
    pub requester: Actor,
    /// The room in which it was ordered.
    pub room_id: String,
    /// The root of the thread that the answer belongs to.
    pub thread_id: String,
    /// What was heard, cut to a thousand characters.
    pub words: String,
    /// What it asks for.
    pub intent: Intent,
    /// The object.
    pub target: ObjectRef,
    /// How it is called in answers, with as much of its place as it takes to know it; empty for its bare name.
    #[serde(default)]
    pub called: String,
    /// The object's uid when it was read: another object of the same name is not the one that was shown.
    pub uid: String,
    /// What is sent. Its `test` operations pin the uid and the old values.
    pub patch: Patch,
    /// How it is sent.
    #[serde(default)]
    pub means: WriteKind,
    /// Under whose name it is sent; none is readback's own.
    #[serde(default)]
    pub acts_as: Option<ActsAs>,
    /// Before and after, as the card shows them.
    pub effects: Vec<FieldChange>,
    /// Why it needs confirming. Empty if it does not.
    pub reasons: Vec<Reason>,
    /// Whose yes it needs.
    #[serde(default)]
    pub approval: Approval,
    /// What to know before it is sent: what will happen to it, as far as that can be foreseen.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// What the API server warned of in the dry run, in its own words.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The values that its card offers to correct, where the words were not understood for certain.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What was asked for, to plan it anew.
    #[serde(default)]
    pub draft: Option<ChangeSpec>,
    /// What takes it back; none where nothing does.
    #[serde(default)]
    pub inverse: Option<Inverse>,
    /// What it was ordered together with, on one card.
    #[serde(default)]
    pub batch: Option<ChangeId>,
    /// The change that this one takes back.
    #[serde(default)]
    pub undoes: Option<ChangeId>,
    /// The verb of the change that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_back: Option<Intent>,
    /// Whether it was ordered in a direct message, where nobody else sees it.
    #[serde(default)]
    pub private: bool,
    /// Whether it is only shown, and never sent.
    #[serde(default)]
    pub observe: bool,
    /// Whether the pod template changes, so that pods are replaced.
    pub template_changed: bool,
    /// When the message was sent, as Webex has it. It says which of two orders is the newer one.
    pub said: Timestamp,
    /// When the order was put on record. What needs no card is approved at this moment.
    pub created: Timestamp,
    /// From this moment on it can no longer be approved.
    pub expires: Timestamp,
}

impl fmt::Debug for Order {
    /// Leaves out the words and the values: a patch of a pod template can hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("intent", &self.intent).field("target", &self.target).finish_non_exhaustive()
    }
}

impl Order {
    /// The verb that somebody needs the right to: for taking back, the one that is taken back.
    pub fn verb(&self) -> Intent {
        if self.intent != Intent::Undo {
            return self.intent;
        }
        let inverse = self.draft.as_ref().map(|draft| draft.intent);
        self.takes_back.or(inverse).unwrap_or(Intent::Undo)
    }

    /// The number of replicas that it sets, if it sets one.
    pub fn replicas_after(&self) -> Option<u32> {
        self.effects.iter().find_map(FieldChange::replicas_after)
    }

    /// The images that would run by it, where they change.
    pub fn images_after(&self) -> impl Iterator<Item = &str> {
        self.effects.iter().filter_map(FieldChange::image_after)
    }

    /// How the object is called in a sentence.
    pub fn called(&self) -> String {
        if self.called.is_empty() { format!("`{}`", self.target.name) } else { self.called.clone() }
    }

    /// The order with its words cut, if its patch can only hit the object that was shown.
    pub(super) fn fit(mut self) -> Result<Self, InvalidOrder> {
        self.means.suits(&self.patch, &self.uid)?;
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
