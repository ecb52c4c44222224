//! Everything the room holds. In memory, bounded, changed only by the methods of `World`, which know no network.

use std::collections::VecDeque;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::actions::Action;
use super::fault::Fault;
use super::id::{self, Kind};
use super::messages::Message;
use super::seed::{Role, RoomSeed, Switches};
use super::webhooks::Webhook;

/// The oldest message goes when there are more.
pub(super) const MOST_MESSAGES: usize = 2_000;
/// The oldest press goes when there are more.
pub(super) const MOST_ACTIONS: usize = 2_000;

/// Somebody in the room.
#[derive(Debug)]
pub(super) struct Resident {
    pub(super) profile: Profile,
    pub(super) role: Role,
    pub(super) token: SecretString,
}

impl Resident {
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

/// A person as Webex shows them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    pub(super) id: String,
    pub(super) emails: Vec<String>,
    pub(super) display_name: String,
    pub(super) nick_name: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) user_name: String,
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
    pub(super) last_activity: String,
}

/// Whether a room is for many or for two.
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

/// Something that happened, for webhooks and for the page.
#[derive(Clone, Debug)]
pub(super) struct News {
    pub(super) what: What,
    /// Who did it.
    pub(super) actor: String,
    /// The message it is about; of a press, the message with the card.
    pub(super) message: Message,
}

/// What happened.
#[derive(Clone, Debug)]
pub(super) enum What {
    Posted,
    Edited,
    Deleted,
    Pressed(Action),
}

impl What {
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

/// The room's state.
#[derive(Debug)]
pub(super) struct World {
    pub(super) people: Vec<Resident>,
    pub(super) spaces: Vec<Space>,
    /// Oldest first.
    pub(super) messages: VecDeque<Message>,
    /// Oldest first.
    pub(super) actions: VecDeque<Action>,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) switches: Switches,
    /// Deliveries that never arrived.
    pub(super) undelivered: u64,
    pub(super) news: Vec<News>,
}

impl World {
    /// The room before anybody has spoken.
    pub(super) fn new(seed: RoomSeed, now: Timestamp) -> Self {
        let created = stamp(now);
        let organization = id::lasting(Kind::Organization, "readback");
        let residents = seed.people.into_iter().map(|person| {
            let kind = if person.role == Role::Bot { "bot" } else { "person" };
            let profile = Profile {
                id: id::lasting(Kind::Person, &person.email),
                display_name: person.name.clone(),
                nick_name: person.name.clone(),
                first_name: person.name,
                last_name: String::new(),
                user_name: person.email.clone(),
                emails: vec![person.email],
                org_id: organization.clone(),
                created: created.clone(),
                kind,
            };
            Resident { profile, role: person.role, token: person.token }
        });
        let mut world = Self {
            people: residents.collect(),
            spaces: Vec::new(),
            messages: VecDeque::new(),
            actions: VecDeque::new(),
            webhooks: Vec::new(),
            switches: seed.switches,
            undelivered: 0,
            news: Vec::new(),
        };
        world.furnish(seed.title, &created);
        world
    }

    /// One room for all, and one for each person with each bot.
    fn furnish(&mut self, title: String, created: &str) {
        let everybody: Vec<String> = self.people.iter().map(|p| p.id().to_owned()).collect();
        self.spaces.push(Space {
            id: id::lasting(Kind::Room, &title),
            title,
            kind: RoomKind::Group,
            members: everybody,
            created: created.to_owned(),
            last_activity: created.to_owned(),
        });
        let (bots, people): (Vec<_>, Vec<_>) = self.people.iter().partition(|p| p.is_bot());
        let pairs: Vec<(String, String)> = people
            .iter()
            .flat_map(|person| bots.iter().map(|bot| (person.id().to_owned(), bot.id().to_owned())))
            .collect();
        for (person, bot) in pairs {
            self.direct_room(&person, &bot, created);
        }
    }

    /// The room of these two, made when there is none.
    pub(super) fn direct_room(&mut self, one: &str, other: &str, now: &str) -> String {
        let is_theirs = |space: &&Space| {
            space.kind == RoomKind::Direct && [one, other].iter().all(|who| space.members.iter().any(|m| m == who))
        };
        if let Some(space) = self.spaces.iter().find(is_theirs) {
            return space.id.clone();
        }
        let (first, second) = if one < other { (one, other) } else { (other, one) };
        let space = Space {
            id: id::lasting(Kind::Room, &format!("{first}:{second}")),
            title: String::new(),
            kind: RoomKind::Direct,
            members: vec![one.to_owned(), other.to_owned()],
            created: now.to_owned(),
            last_activity: now.to_owned(),
        };
        let id = space.id.clone();
        self.spaces.push(space);
        id
    }

    /// The one with this token. Compared in full each time: the room is on loopback, its tokens are drawn at its start.
    pub(super) fn bearer(&self, token: &str) -> Option<&Resident> {
        self.people.iter().find(|p| p.token.expose_secret() == token)
    }

    /// The one with this id.
    pub(super) fn resident(&self, id: &str) -> Option<&Resident> {
        self.people.iter().find(|p| p.id() == id)
    }

    /// The one with this address.
    pub(super) fn by_email(&self, email: &str) -> Option<&Resident> {
        self.people.iter().find(|p| p.email().eq_ignore_ascii_case(email))
    }

    /// The room, if `viewer` is in it.
    pub(super) fn space(&self, viewer: &str, id: &str) -> Result<&Space, Fault> {
        let inside = |space: &&Space| space.id == id && space.members.iter().any(|m| m == viewer);
        self.spaces.iter().find(inside).ok_or_else(|| Fault::missing("room"))
    }

    /// Whether `viewer` may read the message: a bot in a group room reads its own and those that mention it.
    pub(super) fn sees(&self, viewer: &str, message: &Message) -> bool {
        let Ok(space) = self.space(viewer, &message.room_id) else { return false };
        let is_bot = self.resident(viewer).is_some_and(Resident::is_bot);
        !is_bot
            || space.kind == RoomKind::Direct
            || message.person_id == viewer
            || message.mentioned_people.iter().any(|id| id == viewer)
    }

    /// Notes that something happened.
    pub(super) fn tell(&mut self, what: What, actor: &str, message: &Message) {
        self.news.push(News { what, actor: actor.to_owned(), message: message.clone() });
    }
}

/// A moment as Webex writes it, to the millisecond.
pub(super) fn stamp(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
