//! What the edge hands over: ids only, to be fetched with the bot's own token before anything is believed.

use jiff::Timestamp;

/// Something happened in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Somebody wrote a message that the bot may read.
    Message {
        /// The message's id.
        id: String,
        /// The room.
        room: String,
        /// Who wrote it, as the delivery says.
        person: String,
        /// When, as the delivery says; the fetched message's time is the one that counts.
        created: Option<Timestamp>,
    },
    /// Somebody pressed a button on a card.
    Press {
        /// The attachment action's id.
        id: String,
        /// The message that holds the card.
        message: String,
        /// The room.
        room: String,
        /// Who pressed, as the delivery says.
        person: String,
        /// When, as the delivery says.
        created: Option<Timestamp>,
    },
}

impl Notice {
    /// The id of the message or of the press.
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

    /// Who did it, as the delivery says.
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
