//! What the edge passes on: ids only; the objects are fetched with the bot's own token before anything is trusted.

use jiff::Timestamp;

/// An event in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
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
