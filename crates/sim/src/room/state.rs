//! The state of the room: in memory, bounded, changed only by the methods of `RoomState`, which use no network.

use std::collections::VecDeque;

use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::fault::Fault;
use super::id::{self, Kind};
use super::objects::{Action, EventKind, Member, Message, Profile, RoomEvent, RoomKind, Space, Webhook};
use super::posting::Posting;
use super::seed::{Role, RoomSeed, Switches};

/// Maximum deliveries kept back; beyond it the oldest is dropped.
const MOST_HELD: usize = 2_000;

/// The room's state.
#[derive(Debug)]
pub(super) struct RoomState {
    pub(super) people: Vec<Member>,
    pub(super) spaces: Vec<Space>,
    /// Oldest first.
    pub(super) messages: VecDeque<Message>,
    /// Oldest first.
    pub(super) actions: VecDeque<Action>,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) switches: Switches,
    /// Maximum messages, and maximum card actions.
    pub(super) capacity: usize,
    /// Events that were not published yet.
    pub(super) events: Vec<RoomEvent>,
    /// Deliveries that are kept back, oldest first.
    held: VecDeque<Posting>,
}

impl RoomState {
    /// The room before its first message.
    pub(super) fn new(seed: RoomSeed, now: Timestamp) -> Self {
        let created = stamp(now);
        let organization = id::lasting(Kind::Organization, "readback");
        let people = seed.people.into_iter().map(|person| {
            let kind = if person.role == Role::Bot { "bot" } else { "person" };
            let profile = Profile {
                id: id::lasting(Kind::Person, &person.email),
                display_name: person.name,
                emails: vec![person.email],
                org_id: organization.clone(),
                created: created.clone(),
                kind,
            };
            Member { profile, role: person.role, token: person.token }
        });
        let mut state = Self {
            people: people.collect(),
            spaces: Vec::new(),
            messages: VecDeque::new(),
            actions: VecDeque::new(),
            webhooks: Vec::new(),
            switches: seed.switches,
            capacity: seed.capacity,
            events: Vec::new(),
            held: VecDeque::new(),
        };
        state.create_rooms(seed.title, &created);
        state
    }

    /// One room for everybody, and one for each person with each bot.
    fn create_rooms(&mut self, title: String, created: &str) {
        let everybody: Vec<String> = self.people.iter().map(|p| p.id().to_owned()).collect();
        self.spaces.push(Space {
            id: id::lasting(Kind::Room, &title),
            title,
            kind: RoomKind::Group,
            members: everybody,
            created: created.to_owned(),
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

    /// The direct room of two people, created if there is none.
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
        };
        let id = space.id.clone();
        self.spaces.push(space);
        id
    }

    /// The person with this token. Compared in full each time: the room is on loopback, its tokens are drawn at its
    /// start.
    pub(super) fn bearer(&self, token: &str) -> Option<&Member> {
        self.people.iter().find(|p| p.token.expose_secret() == token)
    }

    /// The person with this id.
    pub(super) fn member(&self, id: &str) -> Option<&Member> {
        self.people.iter().find(|p| p.id() == id)
    }

    /// The person with this email address.
    pub(super) fn by_email(&self, email: &str) -> Option<&Member> {
        self.people.iter().find(|p| p.email().eq_ignore_ascii_case(email))
    }

    /// The room, if `viewer` is a member.
    pub(super) fn space(&self, viewer: &str, id: &str) -> Result<&Space, Fault> {
        let inside = |space: &&Space| space.id == id && space.members.iter().any(|m| m == viewer);
        self.spaces.iter().find(inside).ok_or_else(|| Fault::missing("room"))
    }

    /// Whether `viewer` may read the message: a bot in a group room reads its own and those that mention it.
    pub(super) fn sees(&self, viewer: &str, message: &Message) -> bool {
        let Ok(space) = self.space(viewer, &message.room_id) else { return false };
        let is_bot = self.member(viewer).is_some_and(Member::is_bot);
        !is_bot
            || space.kind == RoomKind::Direct
            || message.person_id == viewer
            || message.mentioned_people.iter().any(|id| id == viewer)
    }

    /// The deliveries of an event that may leave now: none while deliveries are kept back.
    pub(super) fn outgoing(&mut self, event: &RoomEvent) -> Vec<Posting> {
        let postings: Vec<Posting> = self.listeners(event).map(|hook| Posting::new(hook, event)).collect();
        if !self.switches.hold_deliveries {
            return postings;
        }
        for posting in postings {
            if self.held.len() >= MOST_HELD {
                self.held.pop_front();
            }
            self.held.push_back(posting);
        }
        Vec::new()
    }

    /// The deliveries that were kept back, in the order in which they leave: none while they still are.
    pub(super) fn released(&mut self) -> Vec<Posting> {
        if self.switches.hold_deliveries {
            return Vec::new();
        }
        let mut released: Vec<Posting> = self.held.drain(..).collect();
        if self.switches.reverse_deliveries {
            released.reverse();
        }
        released
    }

    /// Records an event.
    pub(super) fn record(&mut self, kind: EventKind, actor: &str, message: &Message) {
        self.events.push(RoomEvent { kind, actor: actor.to_owned(), message: message.clone() });
    }
}

/// A time in Webex's format, to the millisecond.
pub(super) fn stamp(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
