//! What a room has to be told: put on record before it is sent, and sent until Webex has it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::change::{Change, ChangeId, RequestId, State};

/// Maximum edits of one message. Webex refuses the next one.
pub const MOST_EDITS: u32 = 10;

/// A message, an edit or a deletion that a room waits for.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The same each time that the same is to be said: what is on record under a key is not said a second time.
    pub key: String,
    /// The room.
    pub room: String,
    /// The first message of the thread; `None` for the room itself.
    pub thread: Option<String>,
    /// What to send.
    pub content: Content,
    /// The changes whose end this tells, and as what.
    #[serde(default)]
    pub ends: Vec<ToldEnd>,
    /// The request that it speaks of as waiting: it is not sent any more once that is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub while_waits: Option<RequestId>,
}

/// The end of a change, as it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToldEnd {
    /// The change.
    pub change: ChangeId,
    /// Its state then. Another one is not told by this.
    pub state: State,
}

impl From<&Change> for ToldEnd {
    fn from(change: &Change) -> Self {
        Self { change: change.id(), state: change.state().clone() }
    }
}

/// What is sent.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Content {
    /// A new message.
    Post {
        /// Its text.
        markdown: String,
        /// Its card.
        card: Option<Value>,
    },
    /// Another content for one of the bot's messages.
    Edit {
        /// The message.
        message: String,
        /// Its new text.
        markdown: String,
        /// Its new card.
        card: Option<Value>,
        /// What is done if it cannot be edited.
        instead: Instead,
    },
    /// The end of one of the bot's messages.
    Delete {
        /// The message.
        message: String,
    },
}

/// What is done if a message cannot be edited: Webex refuses it, or it was edited too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instead {
    /// The message is deleted, and the text is posted.
    Post,
    /// The message is deleted.
    Delete,
}

impl Outgoing {
    /// The message that it edits.
    pub fn edits(&self) -> Option<&str> {
        match &self.content {
            Content::Edit { message, .. } => Some(message),
            Content::Post { .. } | Content::Delete { .. } => None,
        }
    }

    /// Whether an unsent `other` is of no use once this is on record: it is an edit of the message that this edits or deletes.
    pub fn supersedes(&self, other: &Self) -> bool {
        let (Content::Edit { message, .. } | Content::Delete { message }) = &self.content else { return false };
        self.key != other.key && other.edits() == Some(message)
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Outgoing");
        shown.field("key", &self.key).field("room", &self.room).field("thread", &self.thread);
        let ends: Vec<ChangeId> = self.ends.iter().map(|end| end.change).collect();
        shown.field("content", &self.content).field("ends", &ends).field("while_waits", &self.while_waits).finish()
    }
}

/// Without texts and cards.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Post { .. } => f.write_str("Post"),
            Self::Edit { message, instead, .. } => {
                f.debug_struct("Edit").field("message", message).field("instead", instead).finish_non_exhaustive()
            }
            Self::Delete { message } => f.debug_struct("Delete").field("message", message).finish(),
        }
    }
}

/// The result of putting something on record that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// It is on record now, and has to be sent.
    New,
    /// It was on record, and is not sent yet.
    Waiting,
    /// It was on record, and nothing is left to be done.
    Ended,
}

/// How the sending of something has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendEnd {
    /// Webex has it.
    Sent,
    /// Webex refuses it for good.
    Refused,
    /// Webex did not take it for as long as it is tried.
    GivenUp,
    /// What it says is not true any more.
    Outdated,
}

impl SendEnd {
    /// One word for it, for records, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::GivenUp => "given up",
            Self::Outdated => "outdated",
        }
    }
}

/// Something on record that is not sent yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsent {
    /// What to send.
    pub outgoing: Outgoing,
    /// When it was put on record.
    pub recorded: Timestamp,
    /// How often it was sent without an answer, so that the room may have it.
    pub doubts: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(key: &str, content: Content) -> Outgoing {
        Outgoing { key: key.into(), room: "R".into(), thread: None, content, ends: Vec::new(), while_waits: None }
    }

    fn edit(key: &str, message: &str) -> Outgoing {
        let (markdown, card) = ("a secret".to_owned(), Some(Value::from("a secret")));
        outgoing(key, Content::Edit { message: message.into(), markdown, card, instead: Instead::Post })
    }

    #[test]
    fn an_edit_and_a_deletion_supersede_the_edits_of_the_same_message() {
        let delete = outgoing("d", Content::Delete { message: "M".into() });
        let post = outgoing("p", Content::Post { markdown: "a secret".into(), card: None });
        for newer in [&edit("e2", "M"), &delete] {
            assert!(newer.supersedes(&edit("e1", "M")));
            assert!(!newer.supersedes(&edit("e1", "N")) && !newer.supersedes(&post));
        }
        assert!(!edit("e1", "M").supersedes(&edit("e1", "M")), "it is the same one");
        assert!(!post.supersedes(&edit("e1", "M")) && !edit("e1", "M").supersedes(&delete));
    }

    #[test]
    fn no_text_is_in_a_log() {
        let post = outgoing("p", Content::Post { markdown: "a secret".into(), card: Some("a secret".into()) });
        for shown in [format!("{post:?}"), format!("{:?}", edit("e", "M"))] {
            assert!(!shown.contains("secret"), "{shown}");
        }
    }
}
