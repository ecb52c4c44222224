//! Messages: post, edit, delete, read.

use serde::{Deserialize, Serialize};

use super::cards::{Attachment, one_card};
use super::fault::Fault;
use super::id::{self, Kind};
use super::mark::{self, Rendered, Who};
use super::seed::CardEdits;
use super::world::{MOST_MESSAGES, Resident, RoomKind, Space, What, World};

/// Webex's limit for `text` and for `markdown`, in bytes.
const LONGEST: usize = 7_439;
/// Webex refuses the eleventh edit.
const MOST_EDITS: u32 = 10;

/// A message as Webex returns it.
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) mentioned_groups: Vec<&'static str>,
    pub(super) created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) updated: Option<String>,
    pub(super) is_voice_clip: bool,
    #[serde(skip)]
    edits: u32,
}

/// The body of a POST or a PUT.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Draft {
    pub(super) room_id: Option<String>,
    pub(super) to_person_id: Option<String>,
    pub(super) to_person_email: Option<String>,
    pub(super) parent_id: Option<String>,
    pub(super) text: Option<String>,
    pub(super) markdown: Option<String>,
    pub(super) files: Option<Vec<String>>,
    pub(super) attachments: Option<Vec<Attachment>>,
}

/// The query of a list.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) room_id: String,
    pub(super) parent_id: Option<String>,
    pub(super) mentioned: Option<String>,
    pub(super) before_message: Option<String>,
    pub(super) max: usize,
}

/// What a message says, before it has a place and a sender.
struct Content {
    text: Option<String>,
    markdown: Option<String>,
    rendered: Option<Rendered>,
    attachments: Vec<Attachment>,
}

impl World {
    /// Posts what `caller` wrote.
    pub(super) fn post(&mut self, caller: &str, draft: Draft, now: &str) -> Result<Message, Fault> {
        let content = self.content(caller, &draft)?;
        let room_id = self.destination(caller, &draft, now)?;
        let parent_id = draft.parent_id.map(|parent| self.thread_root(&room_id, parent)).transpose()?;
        let space = self.space(caller, &room_id)?;
        let email = self.resident(caller).map_or("", |p| p.email()).to_owned();
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
            mentioned_groups: Vec::new(),
            created: now.to_owned(),
            updated: None,
            is_voice_clip: false,
            edits: 0,
        };
        let message = filled(message, content);
        if let Some(space) = self.spaces.iter_mut().find(|space| space.id == message.room_id) {
            now.clone_into(&mut space.last_activity);
        }
        if self.messages.len() >= MOST_MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back(message.clone());
        self.tell(What::Posted, caller, &message);
        Ok(message)
    }

    /// Replaces what `caller` said in an own message.
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
        self.tell(What::Edited, caller, &message);
        Ok(message)
    }

    /// Removes an own message.
    pub(super) fn delete(&mut self, caller: &str, id: &str) -> Result<(), Fault> {
        let at = self.own(caller, id, "delete")?;
        if let Some(message) = self.messages.remove(at) {
            self.tell(What::Deleted, caller, &message);
        }
        Ok(())
    }

    /// The message, if `caller` may read it.
    pub(super) fn message(&self, caller: &str, id: &str) -> Result<&Message, Fault> {
        let found = self.messages.iter().find(|message| message.id == id && self.sees(caller, message));
        found.ok_or_else(|| Fault::missing("message"))
    }

    /// The newest messages that fit, newest first, and whether there are older ones.
    pub(super) fn list(&self, caller: &str, ask: &Listing) -> Result<(Vec<Message>, bool), Fault> {
        let space = self.space(caller, &ask.room_id)?;
        let is_bot = self.resident(caller).is_some_and(Resident::is_bot);
        let mentioned = ask.mentioned.as_deref().map(|who| if who == "me" { caller } else { who });
        if is_bot && space.kind == RoomKind::Group && mentioned != Some(caller) {
            return Err(Fault::forbidden("A bot in a group room may only list messages with mentionedPeople=me."));
        }
        let fits = |message: &&Message| {
            message.room_id == ask.room_id
                && ask.parent_id.as_ref().is_none_or(|parent| message.parent_id.as_ref() == Some(parent))
                && mentioned.is_none_or(|who| message.mentioned_people.iter().any(|id| id == who))
        };
        let mut newest = self.messages.iter().rev();
        if let Some(before) = &ask.before_message {
            newest.find(|message| &message.id == before).ok_or_else(|| Fault::missing("message"))?;
        }
        let mut page: Vec<Message> = newest.filter(fits).take(ask.max.saturating_add(1)).cloned().collect();
        let more = page.len() > ask.max;
        page.truncate(ask.max);
        Ok((page, more))
    }

    fn own(&self, caller: &str, id: &str, verb: &str) -> Result<usize, Fault> {
        let at = self.messages.iter().position(|message| message.id == id && self.sees(caller, message));
        let at = at.ok_or_else(|| Fault::missing("message"))?;
        if self.messages[at].person_id == caller {
            Ok(at)
        } else {
            Err(Fault::forbidden(format!("You may {verb} your own messages only.")))
        }
    }

    fn destination(&mut self, caller: &str, draft: &Draft, now: &str) -> Result<String, Fault> {
        let person = match (&draft.room_id, &draft.to_person_id, &draft.to_person_email) {
            (Some(room), None, None) => return self.space(caller, room).map(|space| space.id.clone()),
            (None, Some(id), None) => self.resident(id),
            (None, None, Some(email)) => self.by_email(email),
            _ => {
                let wanted = "Exactly one of the destination fields must not be empty";
                return Err(Fault::bad(format!("{wanted} (roomId, toPersonEmail, toPersonId)")));
            }
        };
        let person = person.ok_or_else(|| Fault::missing("person"))?.id().to_owned();
        if person == caller {
            return Err(Fault::bad("You cannot send a message to yourself."));
        }
        Ok(self.direct_room(caller, &person, now))
    }

    fn thread_root(&self, room_id: &str, parent: String) -> Result<String, Fault> {
        let root = self.messages.iter().find(|message| message.id == parent && message.room_id == room_id);
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
        if draft.files.as_ref().is_some_and(|files| !files.is_empty()) {
            return Err(Fault::bad("This local room takes no files."));
        }
        let attachments = one_card(draft.attachments.as_deref().unwrap_or_default())?;
        if text.is_none() && markdown.is_none() && attachments.is_empty() {
            return Err(Fault::bad("Both text and file cannot be empty."));
        }
        let room = draft.room_id.as_deref().and_then(|id| self.space(caller, id).ok());
        let rendered = markdown.as_deref().map(|marked| mark::render(marked, &|who| self.mentionable(room, who)));
        Ok(Content { text, markdown, rendered, attachments })
    }

    fn mentionable(&self, room: Option<&Space>, who: Who<'_>) -> Option<(String, String)> {
        let person = match who {
            Who::Id(id) => self.resident(id),
            Who::Email(email) => self.by_email(email),
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
    Message {
        text: text.or(plain),
        markdown,
        html,
        attachments,
        mentioned_people: rendered.mentioned,
        mentioned_groups: if rendered.mentions_all { vec!["all"] } else { Vec::new() },
        ..message
    }
}
