//! Signs that a message may contain no request.

use serde::{Deserialize, Serialize};

/// A sign that a message may contain no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// A negation.
    Negation,
    /// A condition or a later event.
    Condition,
    /// It waits for something first: a time, an answer, an approval.
    Awaits,
    /// Another time than now.
    AnotherTime,
    /// Possibly reported speech.
    Hearsay,
    /// The request is in quotation marks.
    Quotation,
    /// It looks like pasted text.
    Pasted,
    /// It starts by addressing somebody else.
    Addressed,
    /// It is a consideration, a report or thanks.
    Musing,
    /// Possibly a joke.
    Joke,
    /// Possibly an announcement of what the speaker does: "scaling web to 4".
    Announcement,
}
