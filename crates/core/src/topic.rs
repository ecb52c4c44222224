//! What was discussed last in a room or thread: "it" and "the same" refer to that.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{change::ChangeSpec, domain::ObjectRef};

/// How long a topic is remembered: later, nobody knows what "it" referred to.
pub const REMEMBERED: SignedDuration = SignedDuration::from_mins(15);

/// A room, or one of its threads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPlace {
    /// The Webex id of the room.
    pub room: String,
    /// The id of the thread's first message; `None` for the room as a whole.
    pub thread: Option<String>,
}

/// The Deployment and the order discussed last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    /// The Deployment discussed last.
    pub object: ObjectRef,
    /// The last order, with the Deployment it was for.
    pub ordered: Option<(ObjectRef, ChangeSpec)>,
    /// When it was discussed.
    pub at: Timestamp,
}

impl Topic {
    /// Whether it is still remembered.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).abs() < REMEMBERED
    }

    /// The topic after this Deployment was discussed. A question in between does not forget the order.
    #[must_use]
    pub fn after(before: Option<&Self>, object: &ObjectRef, ordered: Option<&ChangeSpec>, now: Timestamp) -> Self {
        let before = before.filter(|topic| topic.is_fresh(now)).and_then(|topic| topic.ordered.clone());
        let ordered = ordered.cloned().map(|spec| (object.clone(), spec)).or(before);
        Self { object: object.clone(), ordered, at: now }
    }
}
