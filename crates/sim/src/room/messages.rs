//! Messages: post, edit, delete, read.

use serde::Deserialize;

use super::cards::{Attachment, one_card};
use super::fault::Fault;
use super::id::{self, Kind};
use super::mark::{self, Mentioned, Rendered};
use super::objects::{EventKind, Member, Message, RoomKind, Space};
use super::seed::CardEdits;
use super::state::RoomState;

/// Webex's limit for `text` and for `markdown`, in bytes.
const LONGEST: usize = 7_439;
/// Webex refuses the eleventh edit.
const MOST_EDITS: u32 = 10;

/// The body of a POST or a PUT.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Draft {
    room_id: Option<String>,
    to_person_id: Option<String>,
    parent_id: Option<String>,
    text: Option<String>,
    markdown: Option<String>,
    attachments: Option<Vec<Attachment>>,
}

/// Which messages to list.
pub(super) struct MessageFilter<'q> {
    /// The room.
    pub(super) room_id: &'q str,
    /// Only those in this thread.
    pub(super) parent_id: Option<&'q str>,
    /// Only those that mention this person: `me`, or the caller's id.
    pub(super) mentioned: Option<&'q str>,
}

/// The content of a message, before it has a place and a sender.
struct Content {
    text: Option<String>,
    markdown: Option<String>,
    rendered: Option<Rendered>,
    attachments: Vec<Attachment>,
}

impl RoomState {
    /// Posts a message of `caller`.
    pub(super) fn post(&mut self, caller: &str, draft: Draft, now: &str) -> Result<Message, Fault> {
        let content = self.content(caller, &draft)?;
        let room_id = self.destination(caller, &draft, now)?;
        let parent_id = draft.parent_id.map(|parent| self.thread_root(&room_id, parent)).transpose()?;
        let space = self.space(caller, &room_id)?;
        let email = self.member(caller).map_or("", |p| p.email()).to_owned();
        let message = Message {
            id: id::fresh(Kind::Message),
            parent_id,
            room_type: space.kind,
            room_id,
            text: None,
            markdown: None,
            html: None,
            attachments: Vec::new(),
            person_id: caller.to_owned(),
            person_email: email,
            mentioned_people: Vec::new(),
            created: now.to_owned(),
            updated: None,
            edits: 0,
        };
        let message = filled(message, content);
        if self.messages.len() >= self.capacity {
            self.messages.pop_front();
        }
        self.messages.push_back(message.clone());
        self.record(EventKind::Posted, caller, &message);
        Ok(message)
    }

    /// Replaces the content of one of `caller`'s own messages.
    pub(super) fn edit(&mut self, caller: &str, id: &str, draft: &Draft, now: &str) -> Result<Message, Fault> {
        let at = self.own(caller, id, "edit")?;
        let old = &self.messages[at];
        if draft.room_id.as_deref() != Some(old.room_id.as_str()) {
            return Err(Fault::bad("roomId must be the room of the message"));
        }
        if old.edits >= MOST_EDITS {
            return Err(Fault::bad(format!("A message can be edited {MOST_EDITS} times at most.")));
        }
        let with_card = !old.attachments.is_empty() || draft.attachments.as_ref().is_some_and(|a| !a.is_empty());
        if with_card && self.switches.card_edits == CardEdits::Refused {
            return Err(Fault::bad("Edits of messages containing files or attachments are not currently supported."));
        }
        let content = self.content(caller, draft)?;
        let old = &self.messages[at];
        let next = Message { updated: Some(now.to_owned()), edits: old.edits + 1, ..old.clone() };
        let message = filled(next, content);
        self.messages[at] = message.clone();
        self.record(EventKind::Edited, caller, &message);
        Ok(message)
    }

    /// Deletes one of `caller`'s own messages.
    pub(super) fn delete(&mut self, caller: &str, id: &str) -> Result<(), Fault> {
        let at = self.own(caller, id, "delete")?;
        if let Some(message) = self.messages.remove(at) {
            self.record(EventKind::Deleted, caller, &message);
        }
        Ok(())
    }

    /// The message, if `caller` may read it.
    pub(super) fn message(&self, caller: &str, id: &str) -> Result<&Message, Fault> {
        let found = self.messages.iter().rev().find(|message| message.id == id && self.sees(caller, message));
        found.ok_or_else(|| Fault::missing("message"))
    }

    /// The newest messages that match the filter and that `caller` may read; newest first. In a group room a bot may
    /// list only the messages that mention it.
    pub(super) fn list(&self, caller: &str, filter: &MessageFilter<'_>, most: usize) -> Result<Vec<&Message>, Fault> {
        let space = self.space(caller, filter.room_id)?;
        let is_bot = self.member(caller).is_some_and(Member::is_bot);
        if is_bot && space.kind == RoomKind::Group && filter.mentioned.is_none() {
            return Err(Fault::forbidden("A bot must list the messages of a group room with mentionedPeople=me."));
        }
        if filter.mentioned.is_some_and(|who| who != "me" && who != caller) {
            return Err(Fault::bad("mentionedPeople must be me, or the ID of the caller"));
        }
        let mentions = |message: &Message| message.mentioned_people.iter().any(|id| id == caller);
        let fits = |message: &&Message| {
            message.room_id == filter.room_id
                && filter.parent_id.is_none_or(|parent| message.parent_id.as_deref() == Some(parent))
                && (filter.mentioned.is_none() || mentions(message))
                && self.sees(caller, message)
        };
        Ok(self.messages.iter().rev().filter(fits).take(most).collect())
    }

    fn own(&self, caller: &str, id: &str, verb: &str) -> Result<usize, Fault> {
        let at = self.messages.iter().rposition(|message| message.id == id && self.sees(caller, message));
        let at = at.ok_or_else(|| Fault::missing("message"))?;
        if self.messages[at].person_id == caller {
            Ok(at)
        } else {
            Err(Fault::forbidden(format!("You may {verb} your own messages only.")))
        }
    }

    fn destination(&mut self, caller: &str, draft: &Draft, now: &str) -> Result<String, Fault> {
        let person = match (&draft.room_id, &draft.to_person_id) {
            (Some(room), None) => return self.space(caller, room).map(|space| space.id.clone()),
            (None, Some(id)) => self.member(id),
            _ => return Err(Fault::bad("Exactly one of roomId and toPersonId must not be empty.")),
        };
        let person = person.ok_or_else(|| Fault::missing("person"))?.id().to_owned();
        if person == caller {
            return Err(Fault::bad("You cannot send a message to yourself."));
        }
        Ok(self.direct_room(caller, &person, now))
    }

    fn thread_root(&self, room_id: &str, parent: String) -> Result<String, Fault> {
        let root = self.messages.iter().rev().find(|message| message.id == parent && message.room_id == room_id);
        match root {
            Some(message) if message.parent_id.is_none() => Ok(parent),
            Some(_) => Err(Fault::bad("parentId must be the first message of a thread.")),
            None => Err(Fault::missing("parent message")),
        }
    }

    fn content(&self, caller: &str, draft: &Draft) -> Result<Content, Fault> {
        let kept = |part: &Option<String>| part.clone().filter(|text| !text.trim().is_empty());
        let (text, markdown) = (kept(&draft.text), kept(&draft.markdown));
        if [&text, &markdown].into_iter().flatten().any(|part| part.len() > LONGEST) {
            return Err(Fault::bad(format!("Message length limited to {LONGEST} bytes.")));
        }
        let attachments = one_card(draft.attachments.as_deref().unwrap_or_default())?;
        if text.is_none() && markdown.is_none() && attachments.is_empty() {
            return Err(Fault::bad("Both text and file cannot be empty."));
        }
        let room = draft.room_id.as_deref().and_then(|id| self.space(caller, id).ok());
        let rendered = markdown.as_deref().map(|marked| mark::render(marked, &|who| self.mentionable(room, who)));
        Ok(Content { text, markdown, rendered, attachments })
    }

    fn mentionable(&self, room: Option<&Space>, who: Mentioned<'_>) -> Option<(String, String)> {
        let person = match who {
            Mentioned::Id(id) => self.member(id),
            Mentioned::Email(email) => self.by_email(email),
        }?;
        let inside = room.is_none_or(|space| space.members.iter().any(|m| m == person.id()));
        inside.then(|| (person.id().to_owned(), person.profile.display_name.clone()))
    }
}

fn filled(message: Message, content: Content) -> Message {
    let Content { text, markdown, rendered, attachments } = content;
    let rendered = rendered.unwrap_or_default();
    let html = (!rendered.html.is_empty()).then_some(rendered.html);
    let plain = (!rendered.text.is_empty()).then_some(rendered.text);
    Message { text: text.or(plain), markdown, html, attachments, mentioned_people: rendered.mentioned, ..message }
}
