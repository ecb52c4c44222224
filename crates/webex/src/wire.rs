//! The objects that Webex sends: needed fields are required, all others ignored.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use readback_core::domain;
use readback_core::domain::webex_id as id;

/// The kind of room a message was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomKind {
    /// The bot and one person.
    Direct,
    /// Every other kind, also an absent or unknown one.
    Group,
}

/// A message that the bot may read.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its id.
    #[serde(deserialize_with = "valid_id")]
    pub id: String,
    /// The room.
    #[serde(deserialize_with = "valid_id")]
    pub room_id: String,
    /// The kind of room.
    #[serde(default = "group", rename = "roomType", deserialize_with = "room_kind")]
    pub room_kind: RoomKind,
    /// The root message of its thread.
    #[serde(default, deserialize_with = "optional_id")]
    pub parent_id: Option<String>,
    /// Who wrote it.
    #[serde(deserialize_with = "valid_id")]
    pub person_id: String,
    /// The text without markup.
    pub text: Option<String>,
    /// The Markdown that it was posted with, if it was.
    #[serde(default)]
    pub markdown: Option<String>,
    /// The HTML, if the message has markup or mentions.
    pub html: Option<String>,
    /// The ids of the people it mentions.
    #[serde(default)]
    pub mentioned_people: Vec<String>,
    /// When it was written, by Webex's clock.
    pub created: Timestamp,
    /// What is attached: at most one card.
    #[serde(default)]
    pub attachments: Vec<Value>,
}

impl Message {
    /// The data of the buttons of its cards.
    pub fn card_data(&self) -> impl Iterator<Item = &Map<String, Value>> {
        let actions = self.attachments.iter().filter_map(|card| card.pointer("/content/actions")?.as_array());
        actions.flatten().filter_map(|action| action.get("data")?.as_object())
    }

    /// The message that a reply in the same thread must name: threads are flat.
    pub fn thread(&self) -> &str {
        self.parent_id.as_deref().unwrap_or(&self.id)
    }
}

/// A card action.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentAction {
    /// Its id.
    #[serde(deserialize_with = "valid_id")]
    pub id: String,
    /// The message that holds the card.
    #[serde(deserialize_with = "valid_id")]
    pub message_id: String,
    /// The room.
    #[serde(deserialize_with = "valid_id")]
    pub room_id: String,
    /// The actor.
    #[serde(deserialize_with = "valid_id")]
    pub person_id: String,
    /// The button's data and the card's inputs. The actor can write anything here: do not trust it.
    #[serde(default)]
    pub inputs: Map<String, Value>,
    /// When it was submitted, by Webex's clock.
    pub created: Timestamp,
}

/// A webhook of the bot's account.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Its id.
    #[serde(deserialize_with = "valid_id")]
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// The URL it delivers to.
    #[serde(default)]
    pub target_url: String,
    /// The resource it watches.
    #[serde(default)]
    pub resource: String,
    /// The event of that resource it watches.
    #[serde(default)]
    pub event: String,
    /// The filter on these events, as a query string.
    #[serde(default)]
    pub filter: Option<String>,
    /// `active`, or `inactive` after too many failed deliveries.
    #[serde(default)]
    pub status: Option<String>,
    /// The secret, if Webex shows it.
    #[serde(default, deserialize_with = "optional_secret")]
    pub secret: Option<SecretString>,
}

/// A person, as `GET /people` returns them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Person {
    #[serde(deserialize_with = "valid_id")]
    id: String,
    #[serde(default)]
    emails: Vec<String>,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

impl From<Person> for domain::Person {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            emails: person.emails.into_iter().map(|email| email.to_lowercase()).collect(),
            name: person.display_name.unwrap_or_default(),
            // `appuser` is a guest: a human being.
            is_bot: person.kind.as_deref() == Some("bot"),
        }
    }
}

/// The domain of the addresses of bots.
const BOTS: &str = "@webex.bot";

/// A member of a room.
#[derive(Deserialize)]
pub(super) struct Membership {
    #[serde(rename = "personId", deserialize_with = "valid_id")]
    id: String,
    #[serde(rename = "personEmail", default)]
    email: Option<String>,
    #[serde(rename = "personDisplayName", default)]
    name: Option<String>,
}

impl From<Membership> for domain::Person {
    fn from(member: Membership) -> Self {
        let emails: Vec<String> = member.email.into_iter().map(|email| email.to_lowercase()).collect();
        let is_bot = emails.iter().any(|email| email.ends_with(BOTS));
        Self { id: member.id, emails, name: member.name.unwrap_or_default(), is_bot }
    }
}

/// One page of the members of a room.
#[derive(Deserialize)]
pub(super) struct Memberships {
    pub(super) items: Vec<Membership>,
}

/// The one field needed of a message that was just posted.
#[derive(Deserialize)]
pub(super) struct Posted {
    #[serde(deserialize_with = "valid_id")]
    pub(super) id: String,
}

/// One page of webhooks.
#[derive(Deserialize)]
pub(super) struct Webhooks {
    pub(super) items: Vec<Webhook>,
}

/// A list of messages.
#[derive(Deserialize)]
pub(super) struct Messages {
    pub(super) items: Vec<Message>,
}

/// The body of an error response.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Complaint {
    pub(super) message: Option<String>,
    pub(super) tracking_id: Option<String>,
}

fn valid_id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let raw = String::deserialize(from)?;
    if id::is_valid(&raw) { Ok(raw) } else { Err(D::Error::custom("not an id")) }
}

fn optional_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::<String>::deserialize(from)? {
        Some(raw) if !id::is_valid(&raw) => Err(D::Error::custom("not an id")),
        given => Ok(given),
    }
}

fn optional_secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

fn group() -> RoomKind {
    RoomKind::Group
}

fn room_kind<'de, D: Deserializer<'de>>(from: D) -> Result<RoomKind, D::Error> {
    let direct = Option::<String>::deserialize(from)?.as_deref() == Some("direct");
    Ok(if direct { RoomKind::Direct } else { RoomKind::Group })
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn a_message_requires_its_ids_and_its_time_and_nothing_else() {
        let full =
            json!({"id": "M1", "roomId": "R1", "personId": "P1", "created": "2026-11-23T02:34:36.123Z", "novel": [1]});
        let message: Message = from_value(full.clone()).unwrap();
        assert_eq!((message.room_kind, message.thread()), (RoomKind::Group, "M1"));
        for key in ["id", "roomId", "personId", "created"] {
            let mut less = full.clone();
            less.as_object_mut().unwrap().remove(key);
            assert!(from_value::<Message>(less).is_err(), "without {key}");
        }
        let mut hostile = full;
        hostile["personId"] = json!("../webhooks");
        assert!(from_value::<Message>(hostile).is_err());
    }

    #[test]
    fn a_reply_goes_to_the_root_of_the_thread() {
        let message: Message = from_value(json!({"id": "M2", "parentId": "M1", "roomId": "R", "roomType": "direct",
            "personId": "P", "created": "2015-10-18T14:26:16+00:00"}))
        .unwrap();
        assert_eq!((message.room_kind, message.thread()), (RoomKind::Direct, "M1"));
    }

    #[test]
    fn only_the_type_bot_is_a_program() {
        for (kind, expected) in [("person", false), ("bot", true), ("appuser", false)] {
            let person: Person = from_value(json!({"id": "P", "emails": ["Ann@Example.com"], "type": kind})).unwrap();
            let person = domain::Person::from(person);
            assert_eq!((person.is_bot, person.email()), (expected, "ann@example.com"), "{kind}");
        }
    }

    #[test]
    fn a_member_is_a_person_with_one_address() {
        let member = |email: &str| -> domain::Person {
            let member = json!({"id": "M", "personId": "P", "personEmail": email, "personDisplayName": "Ann"});
            from_value::<Membership>(member).unwrap().into()
        };
        let ann = member("Ann@Example.com");
        assert_eq!(
            (ann.id.as_str(), ann.email(), ann.name.as_str(), ann.is_bot),
            ("P", "ann@example.com", "Ann", false)
        );
        assert!(member("readback@webex.bot").is_bot);
        assert!(!member("eve@evil-webex.bot").is_bot, "a domain that only ends alike");
    }

    #[test]
    fn a_shown_secret_stays_out_of_debug() {
        let hook: Webhook = from_value(json!({"id": "W", "secret": "hunter2"})).unwrap();
        assert!(hook.secret.is_some() && !format!("{hook:?}").contains("hunter2"));
    }
}
