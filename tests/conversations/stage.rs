//! Plays a conversation to a whole bot, and compares the result with the file, line by line.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::{Patch, PatchParams};
use readback_core::domain::Score;
use readback_sim::cluster::Seed;
use readback_sim::room::CardEdits;
use serde_json::{Value, json};

use super::script::{Action, Script};
use super::{folder, shown};
use crate::support::bot::{Bot, Local, Setup, now};

/// The timeout of an expected reply. Far above the normal time, because a busy machine is slow and not wrong.
const TIMEOUT: Duration = Duration::from_secs(40);
/// The polling interval.
const INTERVAL: Duration = Duration::from_millis(20);
/// In bless mode: when nothing has changed for this long, the reply is complete.
const QUIET: Duration = Duration::from_secs(5);
/// The interval at which the bot looks for what is due.
const SWEEP: SignedDuration = SignedDuration::from_secs(15);

/// Plays the conversation of this name. With `READBACK_BLESS` in the environment, the file is rewritten with the
/// result.
///
/// # Panics
/// If the result differs from the file.
pub(super) async fn perform(name: &str) {
    let path = folder().join(format!("{name}.txt"));
    let written = fs::read_to_string(&path).unwrap();
    let script = Script::parse(&written);
    let bless = std::env::var_os("READBACK_BLESS").is_some();
    let mut stage = Stage::set(name, &script).await;
    let mut lines = script.head.clone();
    for step in &script.steps {
        stage.play(&step.action).await;
        let replies = if bless { stage.all_replies().await } else { stage.replies(&step.expected).await };
        lines.push(step.line.clone());
        lines.extend(replies);
        compare(name, bless, &lines, &script, &written);
    }
    stage.drain().await;
    lines.push("calls:".to_owned());
    lines.extend(stage.local.tap.writes().iter().flat_map(shown::call));
    let played = lines.join("\n") + "\n";
    if bless {
        fs::write(&path, played).unwrap();
    } else {
        assert_eq!(played, written, "{name}: the conversation differs from its file");
    }
}

/// Fails at the first step that differs, not at the end.
fn compare(name: &str, bless: bool, lines: &[String], script: &Script, written: &str) {
    let so_far = lines.join("\n");
    let expected: Vec<&str> = written.lines().take(lines.len()).collect();
    assert!(
        bless || so_far == expected.join("\n"),
        "{name} went:\n{so_far}\n\nexpected:\n{written}\n({} steps)",
        script.steps.len()
    );
}

/// A message of the bot, as it was last read.
#[derive(Clone, PartialEq)]
struct Seen {
    id: String,
    lines: Vec<String>,
}

struct Stage {
    name: String,
    local: Local,
    bot: Bot,
    seen: Vec<Seen>,
    /// The messages with cards, in the order of their appearance.
    cards: Vec<Value>,
    used_private: bool,
    card_life: SignedDuration,
}

fn three_minutes_ago() -> Timestamp {
    now() - SignedDuration::from_mins(3)
}

impl Stage {
    async fn set(name: &str, script: &Script) -> Self {
        let mut seed = Seed::quick();
        for workload in &mut seed.workloads {
            // So that a failing rollout ends within the test.
            workload.deadline = workload.deadline.min(3);
        }
        let local = Local::start(seed).await;
        let mut setup = Setup::default();
        if script.late {
            setup.room_clock = three_minutes_ago;
        }
        if let Some(seconds) = script.card_seconds {
            setup.card_life = SignedDuration::from_secs(seconds);
        }
        (setup.policy, setup.observe) = (script.policy.clone(), script.observe);
        if script.unsure {
            setup.act = Score::ONE;
        }
        let card_life = setup.card_life;
        let bot = Bot::start(setup, local.connection()).await;
        Self { name: name.to_owned(), local, bot, seen: Vec::new(), cards: Vec::new(), used_private: false, card_life }
    }

    async fn play(&mut self, action: &Action) {
        let room = &self.bot.room;
        match action {
            Action::Say { who, text, in_private: false } => drop(room.say(who, text).await),
            Action::Say { who, text, in_private: true } => {
                room.say_in_private(who, text).await;
                self.used_private = true;
            }
            Action::Reply { who, text, to } => {
                let root = self.card(*to)["parentId"].as_str().unwrap();
                room.say_in_thread(who, text, root).await;
            }
            Action::Press { who, title, of, on, times, typed } => {
                let mut inputs = self.button(*of, title).await;
                for (field, value) in typed {
                    inputs[field] = json!(value);
                }
                for _ in 0..*times {
                    room.press_with(who, self.card(*on)["id"].as_str().unwrap(), &inputs).await;
                }
            }
            Action::PressMadeUp { who, press, on } => {
                let made_up = self.change_on(*on).chars().rev().collect::<String>();
                let inputs = json!({ "request": made_up, "press": press });
                room.press_with(who, self.card(*on)["id"].as_str().unwrap(), &inputs).await;
            }
            Action::Scale { namespace, name, replicas } => self.scale(namespace, name, *replicas).await,
            Action::Restart => {
                self.bot.stop().await;
                self.bot.run().await;
            }
            Action::WaitForExpiry => self.wait(self.card_life * 2).await,
            // Half of the time, and the interval at which the bot looks.
            Action::WaitForReminder => self.wait(self.card_life / 2 + SWEEP).await,
            Action::DeliverTwice => room.switch(|room| room.deliver_twice = true),
            Action::RefuseCardEdits => room.switch(|room| room.card_edits = CardEdits::Refused),
            Action::RefuseCalls { count } => room.switch(|room| (room.refuse_calls, room.retry_after) = (*count, 1)),
        }
    }

    fn card(&self, letter: char) -> &Value {
        &self.cards[usize::from(letter as u8 - b'A')]
    }

    /// The inputs of a card's button: one that it has now, else one that it had when the card appeared, including the
    /// prefilled inputs.
    async fn button(&self, letter: char, title: &str) -> Value {
        let first = self.card(letter);
        let now = self.bot.room.said_by_bot().await.into_iter().find(|message| message["id"] == first["id"]);
        let content = |message: &Value| message["attachments"][0]["content"].clone();
        for card in now.iter().chain([first]).map(content) {
            let actions = card["actions"].as_array().cloned().unwrap_or_default();
            if let Some(action) = actions.iter().find(|action| action["title"] == title) {
                let mut inputs = action["data"].clone();
                for field in card["body"].as_array().into_iter().flatten() {
                    if let (Some(id), false) = (field["id"].as_str(), field["value"].is_null()) {
                        inputs[id] = field["value"].clone();
                    }
                }
                return inputs;
            }
        }
        panic!("card {letter} has no button {title}");
    }

    /// The id in the buttons of a card when it appeared.
    fn change_on(&self, letter: char) -> &str {
        self.card(letter)["attachments"][0]["content"]["actions"][0]["data"]["request"].as_str().unwrap()
    }

    async fn scale(&self, namespace: &str, name: &str, replicas: u32) {
        let api: Api<Deployment> = Api::namespaced(self.local.client.clone(), namespace);
        let patch = Patch::Merge(json!({ "spec": { "replicas": replicas } }));
        api.patch(name, &PatchParams::default(), &patch).await.unwrap();
        // The text of a card about starting pods would depend on the time. An autoscaler may keep a different replica
        // count.
        let end = now() + SignedDuration::from_secs(3);
        let wanted = i32::try_from(replicas).ok().filter(|wanted| *wanted > 0);
        while now() < end && api.get(name).await.unwrap().status.and_then(|status| status.available_replicas) != wanted
        {
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Twice the life of a card is past the time of every card, however late it appeared.
    async fn wait(&self, time: SignedDuration) {
        let end = now() + time;
        while now() < end {
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Stores every card as it was shown, for the browser test to render.
    fn keep(&self, letter: char, card: &Value) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cards");
        fs::create_dir_all(&folder).unwrap();
        let shown = shown::card_lines(card).join("\n");
        let print = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, shown.as_bytes()).simple().to_string();
        let file = folder.join(format!("{}-{letter}-{}.json", self.name, &print[..8]));
        fs::write(file, serde_json::to_string(card).unwrap()).unwrap();
    }

    /// What is new in the room since the last read, as lines; and the current room.
    async fn look(&mut self) -> (Vec<String>, Vec<Seen>) {
        let mut now = Vec::new();
        for message in self.bot.room.said_by_bot().await {
            let id = message["id"].as_str().unwrap().to_owned();
            let letter = message["attachments"].is_array().then(|| self.letter(&id, &message));
            if let Some(letter) = letter {
                self.keep(letter, &message["attachments"][0]["content"]);
            }
            now.push(Seen { id, lines: shown::message(&message, letter) });
        }
        let gone = self.seen.iter().filter(|old| !now.iter().any(|new| new.id == old.id));
        let mut lines: Vec<String> = gone.map(|old| format!("bot deletes {}", self.name(&old.id))).collect();
        lines.extend(now.iter().filter(|new| !self.seen.contains(new)).flat_map(|new| new.lines.clone()));
        (lines, now)
    }

    /// The letter of a card. A new one without buttons is an older card, posted again.
    fn letter(&mut self, id: &str, message: &Value) -> char {
        let card = |message: &Value| message["attachments"][0]["content"].clone();
        let title = shown::card_title(&card(message));
        let is_question = |action: &Value| !["Undo", "Ask again"].contains(&action["title"].as_str().unwrap());
        let asks = card(message)["actions"].as_array().unwrap().iter().any(is_question);
        let known = self.cards.iter().position(|card| card["id"] == id);
        let posted_anew = || {
            let about = |old: &Value| shown::card_title(&card(old)).contains(&title);
            self.cards.iter().rposition(about).filter(|_| !asks)
        };
        let at = known.or_else(posted_anew).unwrap_or_else(|| {
            self.cards.push(message.clone());
            self.cards.len() - 1
        });
        char::from(b'A' + u8::try_from(at).unwrap())
    }

    fn name(&self, id: &str) -> String {
        match self.cards.iter().position(|card| card["id"] == id) {
            Some(at) => format!("[card {}]", char::from(b'A' + u8::try_from(at).unwrap())),
            None => "a message".to_owned(),
        }
    }

    /// What the bot has said since the last step: the expected reply, or whatever there is at the timeout.
    async fn replies(&mut self, expected: &[String]) -> Vec<String> {
        let started = Instant::now();
        loop {
            let (lines, seen) = self.look().await;
            if lines == expected || started.elapsed() > TIMEOUT {
                self.seen = seen;
                return lines;
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    async fn all_replies(&mut self) -> Vec<String> {
        let (mut last, mut since) = (Vec::new(), Instant::now());
        loop {
            let (lines, seen) = self.look().await;
            if lines != last {
                (last, since) = (lines, Instant::now());
            } else if since.elapsed() > QUIET {
                self.seen = seen;
                return last;
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Asks for help in every room that was used: a room is processed in order, so that once it is answered everything
    /// before is done, and any other message by then is unexpected.
    async fn drain(&mut self) {
        let mut roots = vec![self.bot.room.say("Ann", "help").await];
        if self.used_private {
            roots.push(self.bot.room.say_in_private("Ann", "help").await);
        }
        for root in &roots {
            self.bot.room.told(root, "Say it in plain words").await;
        }
        let before = self.seen.len();
        let (lines, seen) = self.look().await;
        let unknown = seen.iter().filter(|new| !self.seen.contains(new)).count();
        assert_eq!((seen.len(), unknown), (before + roots.len(), roots.len()), "the bot said more: {lines:#?}");
    }
}
