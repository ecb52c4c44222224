//! Finds a message whose posting was not answered, so that it is not posted a second time.

use crate::edge::OwnMessages;
use jiff::SignedDuration;
use readback_core::{
    domain::webex_id,
    outbox::{Content, Unsent},
};
use readback_webex::{Message, Webex, WebexError, markdown::truncate_markdown};

/// How far the clock of Webex and that of the record may differ. An earlier message with the same text is another one.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(5);
/// Maximum messages of a direct room that are looked through.
const LOOKED_THROUGH: u32 = 50;

/// The id of the message that this has become, if it is in its room: a message of the bot, with this id, in the same thread and
/// with the same text, since it was put on record. `None` too where Webex lets nobody look.
///
/// # Errors
/// Webex cannot be asked now.
pub(super) async fn find(
    webex: &Webex,
    own: &OwnMessages,
    bot: &str,
    unsent: &Unsent,
) -> Result<Option<String>, WebexError> {
    let outgoing = &unsent.outgoing;
    let Content::Post { markdown, .. } = &outgoing.content else { return Ok(None) };
    let markdown = truncate_markdown(markdown);
    let is_it = |message: &Message| {
        webex_id::same(&message.person_id, bot)
            && message.parent_id.as_deref() == outgoing.thread.as_deref()
            && message.markdown.as_deref() == Some(&*markdown)
    };
    for id in own.unknown(&outgoing.room, unsent.recorded) {
        match webex.message(&id).await {
            Ok(message) if is_it(&message) => return Ok(Some(message.id)),
            Ok(_) => {}
            Err(error) if error.is_transient() => return Err(error),
            // Deleted, or unreadable for good.
            Err(error) => tracing::info!(%error, "a message of the bot could not be looked at"),
        }
    }
    // Webex lets a bot list a direct room, and refuses that for a group room.
    let listed = match webex.newest_messages(&outgoing.room, LOOKED_THROUGH).await {
        Ok(listed) => listed,
        Err(error) if error.is_transient() => return Err(error),
        Err(_) => return Ok(None),
    };
    // By Webex's clock.
    let Ok(since) = unsent.recorded.checked_sub(CLOCKS_DIFFER) else { return Ok(None) };
    let fits = |message: &Message| message.created >= since && !own.is_known(&message.id) && is_it(message);
    // The newest come first, and what was said twice was said in this order.
    Ok(listed.into_iter().rfind(fits).map(|oldest| oldest.id))
}
