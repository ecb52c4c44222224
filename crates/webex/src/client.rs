//! The Webex client: one method per API call, authenticated with the bot's own token.

use std::{fmt, sync::Arc};

use dashmap::DashMap;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    dates::UnheardDate,
    error::WebexError,
    id, markdown,
    settings::{BadSettings, WebexSettings},
    transport::{Reply, Transport},
    wire::{self, AttachmentAction, Message, Webhook},
};
use readback_core::domain::Person;

const CARD: &str = "application/vnd.microsoft.card.adaptive";
/// How long a person's name may be served from the cache.
const CACHED_FOR: SignedDuration = SignedDuration::from_mins(10);
const MOST_CACHED: usize = 1_000;
/// Maximum pages of webhooks to read: each holds 100, and a bot has a handful.
const MOST_PAGES: usize = 10;
/// Maximum pages of a room's members to read.
const MOST_PAGES_OF_MEMBERS: usize = 3;

/// A message to post.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Post {
    /// The room's id.
    pub room: String,
    /// The root message of the thread to reply in.
    pub parent: Option<String>,
    /// The text. With a card, it is the fallback for clients that cannot show the card. Cut at 7,439 bytes.
    pub markdown: String,
    /// An Adaptive Card.
    pub card: Option<Value>,
}

/// The wanted state of one of the bot's webhooks.
#[derive(Clone, Debug)]
pub struct NewWebhook<'a> {
    /// Its name.
    pub name: &'a str,
    /// The URL it delivers to.
    pub target_url: &'a str,
    /// The resource it watches.
    pub resource: &'a str,
    /// The event of that resource it watches.
    pub event: &'a str,
    /// The key for the signature.
    pub secret: &'a SecretString,
}

/// A client for one bot account. Clones share their connections.
#[derive(Clone)]
pub struct Webex {
    transport: Arc<Transport>,
    known: Arc<DashMap<String, (Person, Timestamp)>>,
}

impl fmt::Debug for Webex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webex").field("base", &self.transport.base().as_str()).finish_non_exhaustive()
    }
}

impl Webex {
    /// A client with these settings. No request is sent yet.
    ///
    /// # Errors
    /// The setting that is not usable.
    pub fn new(settings: WebexSettings) -> Result<Self, BadSettings> {
        Ok(Self { transport: Arc::new(Transport::new(settings)?), known: Arc::default() })
    }

    /// The bot itself.
    pub async fn me(&self) -> Result<Person, WebexError> {
        self.get::<wire::Person>("person", &["people", "me"]).await.map(Person::from)
    }

    /// A person as Webex knows them now. Use this for every decision on what a person may do.
    pub async fn person(&self, id: &str) -> Result<Person, WebexError> {
        let person: Person = self.get::<wire::Person>("person", &["people", checked(id)?]).await?.into();
        let person = asked_for("person", id, person, |person| &person.id)?;
        self.remember(&person);
        Ok(person)
    }

    /// A person, from a cache of at most ten minutes: to show a name, never to decide.
    pub async fn known_person(&self, id: &str) -> Result<Person, WebexError> {
        let now = now();
        if let Some(entry) = self.known.get(id)
            && now.duration_since(entry.1) <= CACHED_FOR
        {
            return Ok(entry.0.clone());
        }
        self.person(id).await
    }

    /// A message that the bot may read.
    pub async fn message(&self, id: &str) -> Result<Message, WebexError> {
        let message = self.get("message", &["messages", checked(id)?]).await?;
        asked_for("message", id, message, |message: &Message| &message.id)
    }

    /// At most `most` messages of a room, newest first. Webex lets a bot list a direct room, and refuses a group room.
    pub async fn newest_messages(&self, room: &str, most: u32) -> Result<Vec<Message>, WebexError> {
        let mut url = self.transport.at(&["messages"]);
        url.query_pairs_mut().append_pair("roomId", room).append_pair("max", &most.to_string());
        let reply = self.transport.call(Method::GET, url, None).await?;
        parsed::<wire::Messages>(&reply, "list of messages").map(|list| list.items)
    }

    /// The members of a room, each with the one address that Webex lists; `None` if there are too many to read. To name
    /// people, never to decide what they may do.
    pub async fn members(&self, room: &str) -> Result<Option<Vec<Person>>, WebexError> {
        let mut url = self.transport.at(&["memberships"]);
        url.query_pairs_mut().append_pair("roomId", room).append_pair("max", "1000");
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES_OF_MEMBERS {
            let reply = self.transport.call(Method::GET, url, None).await?;
            all.extend(parsed::<wire::Memberships>(&reply, "list of members")?.items.into_iter().map(Person::from));
            match reply.next {
                Some(next) => url = next,
                None => return Ok(Some(all)),
            }
        }
        Ok(None)
    }

    /// A card action on one of the bot's cards.
    pub async fn attachment_action(&self, id: &str) -> Result<AttachmentAction, WebexError> {
        let action = self.get("attachment action", &["attachment", "actions", checked(id)?]).await?;
        asked_for("attachment action", id, action, |action: &AttachmentAction| &action.id)
    }

    /// Posts a message and returns its id. After [`WebexError::Timeout`] or [`WebexError::Network`] the message may
    /// have been posted; it is not sent again.
    pub async fn post(&self, post: &Post) -> Result<String, WebexError> {
        let mut body = content(&post.room, &post.markdown, post.card.as_ref());
        if let Some(parent) = &post.parent {
            body["parentId"] = json!(parent);
        }
        let reply = self.send(Method::POST, &["messages"], Some(&body)).await?;
        parsed::<wire::Posted>(&reply, "message").map(|posted| posted.id)
    }

    /// Replaces one of the bot's messages, including its card. Webex allows ten edits of a message and may refuse to
    /// edit one with a card: both are [`WebexError::Refused`] with status 400.
    pub async fn edit(&self, id: &str, room: &str, markdown: &str, card: Option<&Value>) -> Result<(), WebexError> {
        let body = content(room, markdown, card);
        self.send(Method::PUT, &["messages", checked(id)?], Some(&body)).await.map(drop)
    }

    /// Deletes one of the bot's messages.
    pub async fn delete(&self, id: &str) -> Result<(), WebexError> {
        self.send(Method::DELETE, &["messages", checked(id)?], None).await.map(drop)
    }

    /// All webhooks of the bot's account.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, WebexError> {
        let mut url = self.transport.at(&["webhooks"]);
        url.set_query(Some("max=100"));
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let reply = self.transport.call(Method::GET, url, None).await?;
            all.extend(parsed::<wire::Webhooks>(&reply, "list of webhooks")?.items);
            match reply.next {
                Some(next) => url = next,
                None => return Ok(all),
            }
        }
        Err(WebexError::malformed("list of webhooks"))
    }

    /// Creates a webhook.
    pub async fn create_webhook(&self, wanted: &NewWebhook<'_>) -> Result<Webhook, WebexError> {
        let body = json!({
            "name": wanted.name, "targetUrl": wanted.target_url, "resource": wanted.resource, "event": wanted.event,
            "secret": wanted.secret.expose_secret(),
        });
        parsed(&self.send(Method::POST, &["webhooks"], Some(&body)).await?, "webhook")
    }

    /// Sets a webhook's name, URL and secret, and makes it active again.
    pub async fn update_webhook(&self, id: &str, wanted: &NewWebhook<'_>) -> Result<Webhook, WebexError> {
        let body = json!({
            "name": wanted.name, "targetUrl": wanted.target_url, "secret": wanted.secret.expose_secret(),
            "status": "active",
        });
        parsed(&self.send(Method::PUT, &["webhooks", checked(id)?], Some(&body)).await?, "webhook")
    }

    /// Deletes a webhook.
    pub async fn delete_webhook(&self, id: &str) -> Result<(), WebexError> {
        self.send(Method::DELETE, &["webhooks", checked(id)?], None).await.map(drop)
    }

    async fn get<T: DeserializeOwned>(&self, what: &'static str, path: &[&str]) -> Result<T, WebexError> {
        parsed(&self.send(Method::GET, path, None).await?, what)
    }

    async fn send(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<Reply, WebexError> {
        self.transport.call(method, self.transport.at(path), body).await
    }

    fn remember(&self, person: &Person) {
        let now = now();
        if self.known.len() >= MOST_CACHED {
            self.known.retain(|_, (_, at)| now.duration_since(*at) <= CACHED_FOR);
        }
        if self.known.len() < MOST_CACHED || self.known.contains_key(&person.id) {
            self.known.insert(person.id.clone(), (person.clone(), now));
        }
    }
}

fn checked(id: &str) -> Result<&str, WebexError> {
    if id::is_valid(id) { Ok(id) } else { Err(WebexError::malformed("id")) }
}

/// Rejects an answer about another object than the one requested.
fn asked_for<T>(what: &'static str, id: &str, got: T, its_id: impl Fn(&T) -> &str) -> Result<T, WebexError> {
    if id::same(id, its_id(&got)) { Ok(got) } else { Err(WebexError::malformed(what)) }
}

fn content(room: &str, markdown: &str, card: Option<&Value>) -> Value {
    let mut body = json!({"roomId": room, "markdown": markdown::truncate_markdown(markdown)});
    if let Some(card) = card {
        body["attachments"] = json!([{"contentType": CARD, "content": card}]);
    }
    body
}

fn parsed<T: DeserializeOwned>(reply: &Reply, what: &'static str) -> Result<T, WebexError> {
    let answer = serde_json::from_slice(&reply.body)
        .map_err(|_| WebexError::Malformed { what, tracking_id: reply.tracking_id.clone() })?;
    // Something on the way may answer in Webex's place, with a clock of its own.
    reply.date.into_iter().for_each(UnheardDate::hear);
    Ok(answer)
}

/// The current time, for `Retry-After` and the cache.
#[expect(clippy::disallowed_methods, reason = "waiting as long as Webex asks needs a clock")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
