//! The card of a decided change: its progress or its outcome. Confirm and Cancel are gone; follow-up actions are
//! offered.

use serde_json::{Value, json};

use super::{Shown, button, card, heading, subtle, unticked};
use crate::words;
use readback_core::change::Change;
use readback_webex::escape_markdown;

/// The follow-up actions offered for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Nothing.
    Nothing,
    /// Undo the change.
    Undo,
    /// Request it again, planned on the current state.
    Again,
    /// Show the logs of its pods.
    Logs,
    /// Undo the change, or show the logs of its pods.
    UndoOrLogs,
}

impl Offer {
    fn buttons(self, change: &Change) -> Vec<Value> {
        let data = |press: &str| json!({"change": change.id().to_string(), "press": press});
        match self {
            Self::Nothing => Vec::new(),
            Self::Undo => vec![button("Undo", "default", &data("undo"))],
            Self::Again => vec![button("Ask again", "default", &data("again"))],
            Self::Logs => vec![button("Logs", "default", &data("logs"))],
            Self::UndoOrLogs => {
                vec![button("Undo", "default", &data("undo")), button("Logs", "default", &data("logs"))]
            }
        }
    }

    /// The same offer with the logs added.
    #[must_use]
    pub const fn with_logs(self) -> Self {
        match self {
            Self::Nothing | Self::Logs => Self::Logs,
            Self::Undo | Self::UndoOrLogs => Self::UndoOrLogs,
            Self::Again => Self::Again,
        }
    }
}

/// The card of a change that is under way or has ended.
pub fn outcome(change: &Change, state: &str, offer: Offer) -> Shown {
    let order = change.order();
    let effects = words::summaries(&order.effects);
    let markdown = format!("{} {}\n\n{state}", order.called(), escape_markdown(&effects));
    let place = format!("{} · {}", order.target.cluster, order.target.namespace);
    let body = [
        heading(&format!("`{}`", order.target.name)),
        subtle(&place),
        json!({"type": "TextBlock", "text": escape_markdown(&effects), "wrap": true}),
        json!({"type": "TextBlock", "text": unticked(state), "wrap": true, "weight": "Bolder"}),
    ];
    Shown { card: card(&body, &offer.buttons(change), &markdown), markdown }
}

/// The outcome of a change that had no confirmation card: one line and the follow-up actions. `addressed` is the same
/// line as a message with a mention of the person.
pub fn done(change: &Change, line: &str, addressed: &str, offer: Offer) -> Shown {
    let body = [json!({"type": "TextBlock", "text": unticked(line), "wrap": true})];
    Shown { card: card(&body, &offer.buttons(change), line), markdown: addressed.to_owned() }
}
