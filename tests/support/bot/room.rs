//! The local room as its people use it: they post, submit card actions and read, over the room's Webex API.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use readback_sim::room::{Handle, Role, Room, RoomSeed, Switches};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::person::{Person, http};
use crate::support::wait::PATIENCE;

/// The polling interval.
const LOOK: Duration = Duration::from_millis(15);

/// A room that is served until this is dropped.
pub(crate) struct OpenRoom {
    /// Its URL, without `/v1`.
    pub(crate) base: String,
    people: Vec<(String, Role, Person)>,
    emails: Vec<(Role, String)>,
    handle: Handle,
    _serving: JoinSet<()>,
    _stop: DropGuard,
}

impl OpenRoom {
    /// Ann and Bo, whom the bot serves, Eve, whom it does not, and the bot.
    pub(crate) async fn new(now: fn() -> Timestamp) -> Self {
        Self::of(RoomSeed::demo(), now).await
    }

    /// These people.
    pub(crate) async fn of(seed: RoomSeed, now: fn() -> Timestamp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let room = Room::new(seed, now);
        let handle = room.handle();
        let stop = CancellationToken::new();
        let until = stop.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move { room.serve(listener, axum::Router::new(), until).await.unwrap() });
        let client = http();
        let residents = handle.residents();
        let emails = residents.iter().map(|one| (one.role, one.email.clone())).collect();
        let people = residents.into_iter().map(|one| {
            let token = one.token.expose_secret().to_owned();
            (one.name, one.role, Person { id: one.id, token, base: base.clone(), http: client.clone() })
        });
        Self { people: people.collect(), emails, base, handle, _serving: serving, _stop: stop.drop_guard() }
    }

    /// Changes the simulated faults of the room.
    pub(crate) fn switch(&self, change: impl FnOnce(&mut Switches)) {
        self.handle.switch(change);
    }

    /// What happens from now on, as `{"type", "actorId", "data"}`.
    pub(crate) fn live(&self) -> broadcast::Receiver<Value> {
        self.handle.live()
    }

    /// The email addresses of the people whom the bot serves.
    pub(crate) fn allowed(&self) -> String {
        let allowed = self.emails.iter().filter(|(role, _)| *role == Role::Allowed);
        allowed.map(|(_, email)| email.as_str()).collect::<Vec<_>>().join(",")
    }

    /// A person by name, in any case.
    pub(crate) fn person(&self, name: &str) -> &Person {
        let found = self.people.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name));
        &found.unwrap_or_else(|| panic!("nobody in the room is called {name}")).2
    }

    /// The bot as the room knows it.
    pub(crate) fn bot(&self) -> &Person {
        &self.people.iter().find(|(_, role, _)| *role == Role::Bot).expect("a bot is in the room").2
    }

    /// The bot's token.
    pub(crate) fn bot_token(&self) -> SecretString {
        SecretString::from(self.bot().token.clone())
    }

    /// The id of the group room, or of this person's direct room with the bot.
    pub(crate) async fn id(&self, person: &Person, kind: &str) -> String {
        let (_, rooms) = person.get(&format!("/rooms?type={kind}")).await;
        rooms["items"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Posts to the bot in the group room; returns the message's id.
    pub(crate) async fn say(&self, name: &str, text: &str) -> String {
        let person = self.person(name);
        let room = self.id(person, "group").await;
        let markdown = format!("<@personId:{}> {text}", self.bot().id);
        self.post(person, &json!({ "roomId": room, "markdown": markdown })).await
    }

    /// Posts to the bot in the direct room; returns the message's id.
    pub(crate) async fn say_in_private(&self, name: &str, text: &str) -> String {
        let person = self.person(name);
        self.post(person, &json!({ "toPersonId": self.bot().id, "markdown": text })).await
    }

    /// Posts to the bot in a thread of the group room.
    pub(crate) async fn say_in_thread(&self, name: &str, text: &str, root: &str) {
        let person = self.person(name);
        let room = self.id(person, "group").await;
        let markdown = format!("<@personId:{}> {text}", self.bot().id);
        self.post(person, &json!({ "roomId": room, "markdown": markdown, "parentId": root })).await;
    }

    async fn post(&self, person: &Person, message: &Value) -> String {
        let (status, posted) = person.post("/messages", message).await;
        assert_eq!(status, 200, "{posted}");
        posted["id"].as_str().unwrap().to_owned()
    }

    /// Submits `confirm` or `cancel` on a card, with the inputs of its button.
    pub(crate) async fn press(&self, name: &str, card: &Value, press: &str) {
        let actions = card["attachments"][0]["content"]["actions"].as_array().unwrap();
        let button = actions.iter().find(|action| action["data"]["press"] == press);
        let inputs = &button.unwrap_or_else(|| panic!("the card has no `{press}`: {card}"))["data"];
        self.press_with(name, card["id"].as_str().unwrap(), inputs).await;
    }

    /// Submits any inputs, as a program could.
    pub(crate) async fn press_with(&self, name: &str, message: &str, inputs: &Value) {
        let press = json!({ "type": "submit", "messageId": message, "inputs": inputs });
        let (status, pressed) = self.person(name).post("/attachment/actions", &press).await;
        assert_eq!(status, 200, "{pressed}");
    }

    /// All messages of the bot that Ann can read, oldest first: the group room, then the direct one.
    pub(crate) async fn said_by_bot(&self) -> Vec<Value> {
        self.listed("").await
    }

    /// All messages of the bot in the thread of `root`, oldest first.
    pub(crate) async fn said_in_thread(&self, root: &str) -> Vec<Value> {
        self.listed(&format!("&parentId={root}")).await
    }

    async fn listed(&self, filter: &str) -> Vec<Value> {
        let ann = self.person("Ann");
        let mut said = Vec::new();
        for kind in ["group", "direct"] {
            let room = self.id(ann, kind).await;
            let (status, list) = ann.get(&format!("/messages?roomId={room}&max=1000{filter}")).await;
            assert_eq!(status, 200, "{list}");
            let newest_first = list["items"].as_array().unwrap().iter();
            said.extend(newest_first.rev().filter(|message| message["personId"] == self.bot().id.as_str()).cloned());
        }
        said
    }

    /// Waits for a message of the bot in the thread of `root` that fits, and returns it in its current state.
    ///
    /// # Panics
    /// If there is none within the timeout of a test; the message contains what the bot has posted instead.
    pub(crate) async fn reply(&self, root: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let mut said = self.said_in_thread(root).await;
            if let Some(at) = said.iter().position(&fits) {
                return said.swap_remove(at);
            }
            let texts: Vec<_> = said.iter().map(|message| &message["markdown"]).collect();
            assert!(started.elapsed() < PATIENCE, "waited for {what}; the bot said {texts:#?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits for a card with buttons in the thread of `root`.
    pub(crate) async fn card(&self, root: &str) -> Value {
        self.reply(root, "a card with buttons", |message| {
            message["attachments"][0]["content"]["actions"].as_array().is_some_and(|actions| !actions.is_empty())
        })
        .await
    }

    /// Waits for this text from the bot in the thread of `root`, on a card or in a message.
    pub(crate) async fn told(&self, root: &str, words: &str) -> Value {
        self.reply(root, words, |message| message["markdown"].as_str().is_some_and(|text| text.contains(words))).await
    }

    /// Waits until the bot's two webhooks deliver to this address.
    pub(crate) async fn hooked(&self, target: &str) {
        let started = Instant::now();
        loop {
            let (_, hooks) = self.bot().get("/webhooks").await;
            let ours = hooks["items"].as_array().into_iter().flatten();
            if ours.filter(|hook| hook["targetUrl"] == target && hook["status"] == "active").count() == 2 {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "the bot does not see to its webhooks: {hooks}");
            tokio::time::sleep(LOOK).await;
        }
    }
}
