//! What is accepted of a delivery from Webex: ids only. The objects are fetched with the bot's own token before anything is
//! trusted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::webex_id;

/// An event in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Notice {
    /// A new message that the bot may read.
    Message {
        /// The message's id.
        id: String,
        /// The room.
        room: String,
        /// Who wrote it, according to the delivery.
        person: String,
        /// When, according to the delivery; the time of the fetched message is authoritative.
        created: Option<Timestamp>,
    },
    /// A card action.
    Press {
        /// The attachment action's id.
        id: String,
        /// The message that holds the card.
        message: String,
        /// The room.
        room: String,
        /// The actor, according to the delivery.
        person: String,
        /// When, according to the delivery.
        created: Option<Timestamp>,
    },
}

impl Notice {
    /// The id of the message or of the card action.
    pub fn id(&self) -> &str {
        match self {
            Self::Message { id, .. } | Self::Press { id, .. } => id,
        }
    }

    /// The room it happened in.
    pub fn room(&self) -> &str {
        match self {
            Self::Message { room, .. } | Self::Press { room, .. } => room,
        }
    }

    /// When it happened, according to the delivery.
    pub const fn created(&self) -> Option<Timestamp> {
        match self {
            Self::Message { created, .. } | Self::Press { created, .. } => *created,
        }
    }

    /// The same for every delivery of this event, in whichever form Webex writes its id.
    pub fn key(&self) -> String {
        format!("{}:{}", self.kind(), webex_id::canonical(self.id()))
    }

    /// The actor, according to the delivery.
    pub fn person(&self) -> &str {
        match self {
            Self::Message { person, .. } | Self::Press { person, .. } => person,
        }
    }

    /// `message` or `press`, for metrics and logs.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Message { .. } => "message",
            Self::Press { .. } => "press",
        }
    }
}

/// A notice on record whose turn has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What was delivered.
    pub notice: Notice,
    /// When it was accepted.
    pub arrived: Timestamp,
}

/// The result of putting a notice on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is on record, and has to be handled.
    New,
    /// It was accepted before. Nothing was written.
    Repeat,
}
