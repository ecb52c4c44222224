//! The people in the room at the start, and the faults it can simulate.

use secrecy::SecretString;
use uuid::Uuid;

use super::id;

/// The role of a person towards the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A person whom the bot serves.
    Allowed,
    /// A person whom the bot does not serve.
    Stranger,
    /// The bot.
    Bot,
}

/// One person, or the bot, at the start of the room.
#[derive(Clone, Debug)]
pub struct PersonSeed {
    /// The name that the room shows.
    pub name: String,
    /// Their email address, lower case; the Webex id is derived from it.
    pub email: String,
    /// The token they send as `Authorization: Bearer …`.
    pub token: SecretString,
    /// Their role towards the bot.
    pub role: Role,
}

impl PersonSeed {
    /// A person with a random token.
    pub fn new(name: &str, email: &str, role: Role) -> Self {
        // Three parts with the organisation last: some Webex clients refuse a token in any other format.
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
    /// The simulated faults.
    pub switches: Switches,
    /// Maximum messages, and maximum card actions; beyond it the oldest is dropped.
    pub capacity: usize,
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
        Self { title: "ops".to_owned(), people, switches: Switches::default(), capacity: 2_000 }
    }
}

/// Simulated faults for tests. The default has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Switches {
    /// The outcome of editing a message with a card: public statements about Webex contradict each other.
    pub card_edits: CardEdits,
    /// How many further calls of bots are exempt from the next switch.
    pub spare_calls: u32,
    /// How many further calls of bots are answered 429: Webex limits programs, not people.
    pub refuse_calls: u32,
    /// The `Retry-After` of those responses, in seconds.
    pub retry_after: u32,
    /// Deliver every webhook event twice.
    pub deliver_twice: bool,
    /// Keep webhook events back. They are delivered once this is off again.
    pub hold_deliveries: bool,
    /// Deliver the events that were kept back newest first.
    pub reverse_deliveries: bool,
}

/// The outcome of editing a message with a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CardEdits {
    /// The message is replaced, with the new card or without one.
    #[default]
    Allowed,
    /// 400, as the official documentation says.
    Refused,
}
