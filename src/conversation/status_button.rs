//! A pressed button of the card of a Deployment.

use crate::{
    cards::{self, StatusPress},
    words,
};
use readback_core::domain::ObjectRef;
use readback_webex::{AttachmentAction, Message, RoomKind};

/// A button of the card of a Deployment, as the bot's own message carries it.
pub(super) struct StatusButton {
    /// The Deployment.
    pub(super) object: ObjectRef,
    /// What was pressed.
    pub(super) press: StatusPress,
    /// The thread of the card.
    pub(super) thread: String,
    /// What stands for the words of the order.
    pub(super) words: String,
    /// Whether the card is in a direct room.
    pub(super) private: bool,
}

impl StatusButton {
    /// The pressed button; `None` if this message does not carry it. The inputs can say anything.
    pub(super) fn pressed(action: &AttachmentAction, message: &Message) -> Option<Self> {
        let (object, press) = cards::on_status(&action.inputs)?;
        let is_it = |data| cards::on_status(data).is_some_and(|found| found == (object.clone(), press));
        let carries = message.room_id == action.room_id && message.card_data().any(is_it);
        carries.then(|| Self {
            thread: message.thread().to_owned(),
            words: words::button_words(press.title()),
            private: message.room_kind == RoomKind::Direct,
            object,
            press,
        })
    }
}
