//! Finds a message whose posting was not answered, so that it is not posted a second time.

use crate::edge::{OwnMessages, freshness::TOLERATED_SKEW};
use readback_core::{
    domain::webex_id,
    outbox::{Content, Unsent},
};
use readback_webex::{Message, Webex, markdown::truncate_markdown};

/// Maximum messages of a direct room that are looked through.
const LOOKED_THROUGH: u32 = 50;

/// The id of the message that this has become, if it is in its room: a message of the bot, with this id, in the same thread and
/// with the same text, since it was put on record. `None` too if Webex does not say.
pub(super) async fn find(webex: &Webex, own: &OwnMessages, bot: &str, unsent: &Unsent) -> Option<String> {
    let outgoing = &unsent.outgoing;
    let Content::Post { markdown, .. } = &outgoing.content else { return None };
    let markdown = truncate_markdown(markdown);
    let is_it = |message: &Message| {
        webex_id::same(&message.person_id, bot)
            && message.parent_id.as_deref() == outgoing.thread.as_deref()
            && message.markdown.as_deref() == Some(&*markdown)
    };
    for id in own.unknown(&outgoing.room, unsent.recorded) {
        if let Ok(message) = webex.message(&id).await
            && is_it(&message)
        {
            return Some(message.id);
        }
    }
    // Webex lets a bot list a direct room, and refuses that for a group room.
    let listed = webex.newest_messages(&outgoing.room, LOOKED_THROUGH).await.ok()?;
    // By Webex's clock.
    let since = unsent.recorded.checked_sub(TOLERATED_SKEW).ok()?;
    let fits = |message: &Message| message.created >= since && !own.is_known(&message.id) && is_it(message);
    // The newest come first, and what was said twice was said in this order.
    listed.into_iter().rfind(fits).map(|oldest| oldest.id)
}
