//! Who is in the room at the start, and how it misbehaves on request.

use secrecy::SecretString;
use uuid::Uuid;

use super::id;

/// What somebody in the room is to the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A person whom the bot serves.
    Allowed,
    /// A person whom the bot does not serve.
    Stranger,
    /// The bot.
    Bot,
}

/// One person, or the bot, as the room begins.
#[derive(Clone, Debug)]
pub struct PersonSeed {
    /// The name that the room shows.
    pub name: String,
    /// Their address, lower case; the Webex id follows from it.
    pub email: String,
    /// What they send as `Authorization: Bearer …`.
    pub token: SecretString,
    /// What they are to the bot.
    pub role: Role,
}

impl PersonSeed {
    /// Somebody with a token that is drawn at random.
    pub fn new(name: &str, email: &str, role: Role) -> Self {
        // Three parts with the organisation last: some Webex clients refuse a token of any other shape.
        let token = format!("{}_PF84_{}", Uuid::new_v4().simple(), id::uuid_of("organization"));
        Self { name: name.to_owned(), email: email.to_owned(), token: token.into(), role }
    }
}

/// The room at its start.
#[derive(Clone, Debug)]
pub struct RoomSeed {
    /// The title of the group room that everybody is in.
    pub title: String,
    /// Everybody; each person also gets a direct room with each bot.
    pub people: Vec<PersonSeed>,
    /// How it misbehaves.
    pub switches: Switches,
}

impl RoomSeed {
    /// Ann and Bo, whom the bot serves, Eve, whom it does not, and the bot, in the room `ops`.
    pub fn demo() -> Self {
        let people = vec![
            PersonSeed::new("Ann", "ann@example.com", Role::Allowed),
            PersonSeed::new("Bo", "bo@example.com", Role::Allowed),
            PersonSeed::new("Eve", "eve@example.org", Role::Stranger),
            PersonSeed::new("readback", "readback@webex.bot", Role::Bot),
        ];
        Self { title: "ops".to_owned(), people, switches: Switches::default() }
    }
}

/// Faults that tests ask for. The default is a room without any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Switches {
    /// What becomes of an edit of a message with a card: public statements about Webex contradict each other.
    pub card_edits: CardEdits,
    /// This many further calls of bots are answered whatever the next switch says.
    pub spare_calls: u32,
    /// This many further calls of bots are answered 429: Webex limits a program, not its people.
    pub refuse_calls: u32,
    /// The `Retry-After` of those answers, in seconds.
    pub retry_after: u32,
    /// Deliver every webhook event twice.
    pub deliver_twice: bool,
}

/// What becomes of an edit of a message with a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CardEdits {
    /// The message becomes what the edit says, with the card that it brings or without one.
    #[default]
    Allowed,
    /// 400, as the official description says.
    Refused,
}
