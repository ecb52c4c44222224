//! Adaptive Cards as attachments: what Webex accepts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fault::Fault;

const CONTENT_TYPE: &str = "application/vnd.microsoft.card.adaptive";
/// Webex accepts at most five actions on a card.
const MOST_ACTIONS: usize = 5;
/// Webex accepts cards up to version 1.3.
const VERSIONS: [&str; 4] = ["1.0", "1.1", "1.2", "1.3"];

/// One attachment of a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment {
    content_type: String,
    content: Value,
}

/// The card, if there is one and Webex would accept it.
pub(super) fn one_card(attachments: &[Attachment]) -> Result<Vec<Attachment>, Fault> {
    let invalid = || Fault::bad("One (or more) of the arguments is invalid.");
    match attachments {
        [] => Ok(Vec::new()),
        [card] if card.content_type == CONTENT_TYPE && is_card(&card.content) => Ok(vec![card.clone()]),
        [_] => Err(invalid()),
        [_, _, ..] => Err(Fault::bad("A message takes one card at most.")),
    }
}

fn is_card(content: &Value) -> bool {
    let actions = content.get("actions").map_or(0, |actions| actions.as_array().map_or(usize::MAX, Vec::len));
    content.get("type").and_then(Value::as_str) == Some("AdaptiveCard")
        && content.get("version").and_then(Value::as_str).is_some_and(|version| VERSIONS.contains(&version))
        && content.get("body").is_none_or(Value::is_array)
        && actions <= MOST_ACTIONS
}
