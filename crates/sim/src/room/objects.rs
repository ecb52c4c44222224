//! The objects of a room, in the format in which Webex returns them.

use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{cards::Attachment, seed::Role};

/// A person in the room.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) profile: Profile,
    pub(super) role: Role,
    pub(super) token: SecretString,
}

impl Member {
    pub(super) fn id(&self) -> &str {
        &self.profile.id
    }

    pub(super) fn email(&self) -> &str {
        self.profile.emails.first().map_or("", String::as_str)
    }

    pub(super) fn is_bot(&self) -> bool {
        self.role == Role::Bot
    }
}

/// A person, as Webex shows them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    pub(super) id: String,
    pub(super) emails: Vec<String>,
    pub(super) display_name: String,
    pub(super) org_id: String,
    pub(super) created: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

/// A room, `group` or `direct`.
#[derive(Clone, Debug)]
pub(super) struct Space {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) kind: RoomKind,
    /// Person ids.
    pub(super) members: Vec<String>,
    pub(super) created: String,
}

/// Whether a room is a group room or a direct one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RoomKind {
    Direct,
    Group,
}

impl RoomKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
        }
    }
}

/// A message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent_id: Option<String>,
    pub(super) room_id: String,
    pub(super) room_type: RoomKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) markdown: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) html: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) attachments: Vec<Attachment>,
    pub(super) person_id: String,
    pub(super) person_email: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) mentioned_people: Vec<String>,
    pub(super) created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) updated: Option<String>,
    #[serde(skip)]
    pub(super) edits: u32,
}

/// A card action.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Action {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) message_id: String,
    pub(super) inputs: Map<String, Value>,
    pub(super) person_id: String,
    pub(super) room_id: String,
    pub(super) created: String,
}

/// A webhook.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) target_url: String,
    pub(super) resource: String,
    pub(super) event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
    pub(super) created_by: String,
    pub(super) status: &'static str,
    pub(super) created: String,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("name", &self.name).field("resource", &self.resource).finish_non_exhaustive()
    }
}

/// An event, for webhooks and for the page.
#[derive(Clone, Debug)]
pub(super) struct RoomEvent {
    pub(super) kind: EventKind,
    /// The actor.
    pub(super) actor: String,
    /// The message concerned; of a card action, the message with the card.
    pub(super) message: Message,
}

/// What happened.
#[derive(Clone, Debug)]
pub(super) enum EventKind {
    Posted,
    Edited,
    Deleted,
    Pressed(Action),
}

impl EventKind {
    /// Webex's names for it: the resource and the event.
    pub(super) const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Posted => ("messages", "created"),
            Self::Edited => ("messages", "updated"),
            Self::Deleted => ("messages", "deleted"),
            Self::Pressed(_) => ("attachmentActions", "created"),
        }
    }
}
