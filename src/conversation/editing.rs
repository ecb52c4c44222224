//! Edits of the bot's messages. They are counted before they are sent, across restarts: Webex allows only some of them.

use serde_json::Value;

use crate::clock::now;
use readback_core::store::Store;
use readback_webex::{Webex, WebexError};

/// A new content for a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edit<'e> {
    pub(super) message: &'e str,
    pub(super) room: &'e str,
    pub(super) markdown: &'e str,
    pub(super) card: Option<&'e Value>,
}

/// What came of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edited {
    /// The message has the new content.
    Made,
    /// Webex refuses to edit it.
    Refused,
    /// There is no such message any more.
    Gone,
    /// It was edited as often as it can be. Webex was not asked.
    UsedUp,
}

/// Edits a message, unless it was edited `most` times.
///
/// # Errors
/// Webex cannot be asked now, or has not answered.
pub(super) async fn edit(webex: &Webex, store: &dyn Store, edit: &Edit<'_>, most: u32) -> Result<Edited, WebexError> {
    let Edit { message, room, markdown, card } = *edit;
    match store.count_edit(message, most, now()).await {
        Ok(true) => {}
        Ok(false) => return Ok(Edited::UsedUp),
        // What is shown must be true even if the database takes no writes; Webex counts, too.
        Err(error) => tracing::warn!(%error, "an edit is not counted"),
    }
    let edited = webex.edit(message, room, markdown, card).await;
    let is_counted = match &edited {
        Ok(()) => true,
        Err(error) => error.is_unanswered() || matches!(error, WebexError::Malformed { .. }),
    };
    if !is_counted && let Err(error) = store.uncount_edit(message).await {
        tracing::warn!(%error, "an edit that was not made stays counted");
    }
    match edited {
        Ok(()) => Ok(Edited::Made),
        Err(WebexError::Refused { .. }) => Ok(Edited::Refused),
        Err(WebexError::NotFound { .. }) => Ok(Edited::Gone),
        Err(error) => Err(error),
    }
}
