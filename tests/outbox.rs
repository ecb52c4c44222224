//! What the room must be told is told once and in its order, although Webex does not take it at first and the bot is killed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http::Method;
use readback_sim::cluster::Seed;
use serde_json::Value;

use crate::support::bot::room::OpenRoom;
use crate::support::bot::{Bot, Local, Setup, now};
use crate::support::program::{Program, Serving};
use crate::support::trouble::{Call, FaultProxy, Rule, Trouble};
use crate::support::wait::PATIENCE;

const UNAVAILABLE: Trouble = Trouble::Status(502, None);

fn text(message: &Value) -> &str {
    message["markdown"].as_str().unwrap_or_default()
}

fn is_post(call: &Call) -> bool {
    call.method == Method::POST && call.path == "/messages"
}

/// The program, which can be killed, behind a proxy that spoils its calls to Webex.
struct Scene {
    room: OpenRoom,
    proxy: FaultProxy,
    program: Program,
    _local: Local,
}

impl Scene {
    async fn set() -> Self {
        let local = Local::start(Seed::quick()).await;
        let room = OpenRoom::new(now).await;
        let proxy = FaultProxy::before(&room.base, Vec::new()).await;
        let program = Program::new(&room, &proxy.url, &local.tap.url, local.token(), "default").hooked();
        Self { room, proxy, program, _local: local }
    }

    async fn serve(&self) -> Serving {
        let serving = self.program.serve().await;
        self.room.hooked(&self.program.url("/webex")).await;
        serving
    }

    /// Has Ann ask something whose answer meets this trouble, and kills the program then. Returns her message.
    async fn killed_at_the_answer(&self, trouble: Trouble) -> String {
        let serving = self.serve().await;
        self.proxy.set(vec![Rule::new(Method::POST, "/messages", trouble)]);
        let question = self.room.say("Ann", "status of nginx-deployment").await;
        self.proxy.called(1, is_post).await;
        drop(serving);
        self.proxy.set(Vec::new());
        question
    }

    /// The answers to a message, once everything of the room that came before now is answered, and nothing is left to be sent.
    async fn answers(&self, question: &str) -> Vec<Value> {
        self.room.told(question, "nginx-deployment").await;
        let help = self.room.say("Ann", "help").await;
        self.room.told(&help, "Say it in plain words").await;
        let started = Instant::now();
        while self.program.figure("readback_outbox_waiting").await != Some(0.0) {
            assert!(started.elapsed() < PATIENCE, "something is not sent: {}", self.program.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.room.said_in_thread(question).await
    }
}

#[tokio::test]
async fn a_reply_that_webex_does_not_take_before_a_kill_arrives_once_after_the_restart() {
    let scene = Scene::set().await;
    let question = scene.killed_at_the_answer(UNAVAILABLE).await;
    let _serving = scene.serve().await;
    assert_eq!(scene.answers(&question).await.len(), 1);
}

#[tokio::test]
async fn a_reply_on_record_is_not_said_twice_when_its_turn_runs_again_after_a_kill() {
    let scene = Scene::set().await;
    // The turn waits for the answer of Webex when it is killed, so that it runs again.
    let question = scene.killed_at_the_answer(Trouble::Stall).await;
    let _serving = scene.serve().await;
    assert_eq!(scene.answers(&question).await.len(), 1);
    assert!(scene.program.log().contains("answered before"), "its turn ran again: {}", scene.program.log());
}

#[tokio::test]
async fn a_reply_whose_posting_was_not_answered_is_found_and_not_said_twice() {
    let local = Local::start(Seed::quick()).await;
    let bot = Bot::start_behind(Setup::default(), local.connection(), Vec::new()).await;
    bot.proxy().set(vec![Rule::new(Method::POST, "/messages", Trouble::ResetAfter).times(1)]);
    let question = bot.room.say("Ann", "status of nginx-deployment").await;
    bot.room.told(&question, "nginx:1.20").await;
    // What is said later in the thread waits until it is certain that the first one is there.
    bot.room.say_in_thread("Ann", "help", &question).await;
    bot.room.told(&question, "Say it in plain words").await;
    let said = bot.room.said_in_thread(&question).await;
    assert_eq!(said.len(), 2, "{said:#?}");
}

#[tokio::test]
async fn a_reply_in_a_direct_room_that_a_killed_run_has_posted_is_found_by_the_next_one() {
    let scene = Scene::set().await;
    let serving = scene.serve().await;
    // It is posted, and the run that waits for the answer is killed.
    scene.proxy.set(vec![Rule::new(Method::POST, "/messages", Trouble::Slow(Duration::from_mins(1)))]);
    let question = scene.room.say_in_private("Ann", "status of nginx-deployment").await;
    scene.room.told(&question, "nginx:1.20").await;
    drop(serving);
    scene.proxy.set(Vec::new());
    let _serving = scene.serve().await;
    assert_eq!(scene.answers(&question).await.len(), 1);
}

#[tokio::test]
async fn two_replies_of_a_thread_arrive_in_their_order_after_an_outage() {
    let local = Local::start(Seed::quick()).await;
    let bot = Bot::start_behind(Setup::default(), local.connection(), Vec::new()).await;
    // The second one would be taken at once.
    bot.proxy().set(vec![Rule::new(Method::POST, "/messages", UNAVAILABLE).times(1)]);
    let root = bot.room.say("Ann", "help").await;
    bot.room.say_in_thread("Ann", "status of nginx-deployment", &root).await;
    bot.room.told(&root, "nginx:1.20").await;
    let said = bot.room.said_in_thread(&root).await;
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(text(&said[0]).contains("Say it in plain words") && text(&said[1]).contains("nginx:1.20"), "{said:#?}");
}

#[tokio::test]
async fn the_end_of_a_question_is_shown_on_its_card_when_webex_answers_again() {
    let local = Local::start(Seed::quick()).await;
    let bot = Bot::start_behind(Setup::default(), local.connection(), Vec::new()).await;
    let order = bot.room.say("Ann", "scale payments-api to 4").await;
    let card = bot.room.card(&order).await;
    bot.proxy().set(vec![Rule::new(Method::PUT, "/messages/", UNAVAILABLE).times(2)]);
    let none = card["attachments"][0]["content"]["actions"].as_array().unwrap().last().unwrap();
    bot.room.press_with("Ann", card["id"].as_str().unwrap(), &none["data"]).await;
    let closed = |message: &Value| message["id"] == card["id"] && message.to_string().contains("Cancelled");
    bot.room.reply(&order, "the card with its end", closed).await;
    assert_eq!(bot.room.said_in_thread(&order).await.len(), 1);
}

#[tokio::test]
async fn the_end_of_a_question_that_was_not_yet_to_be_shown_is_shown_by_the_next_run() {
    let local = Local::start(Seed::quick()).await;
    let mut bot = Bot::start_behind(Setup::default(), local.connection(), Vec::new()).await;
    let order = bot.room.say("Ann", "scale payments-api to 4").await;
    let card = bot.room.card(&order).await;
    bot.proxy().set(vec![Rule::new(Method::PUT, "/messages/", UNAVAILABLE)]);
    let none = card["attachments"][0]["content"]["actions"].as_array().unwrap().last().unwrap();
    bot.room.press_with("Ann", card["id"].as_str().unwrap(), &none["data"]).await;
    bot.proxy().called(1, |call| call.method == Method::PUT).await;
    bot.stop().await;
    // As if it had been killed between the two records.
    let records = rusqlite::Connection::open(bot.database()).unwrap();
    let forgotten = records.execute("DELETE FROM outbox WHERE key LIKE 'question %'", []).unwrap();
    assert_eq!(forgotten, 1);
    drop(records);
    bot.proxy().set(Vec::new());
    bot.run().await;
    let closed = |message: &Value| message["id"] == card["id"] && message.to_string().contains("Cancelled");
    bot.room.reply(&order, "the card with its end", closed).await;
}

#[tokio::test]
async fn a_change_of_a_direct_message_is_announced_when_webex_answers_again() {
    let local = Local::start(Seed::quick()).await;
    let policy = "announce = \"THE_ROOM\"\n[[grant]]\npeople = [\"ann@example.com\"]\nnamespaces = [\"*\"]\n\
                  verbs = [\"read\", \"write\"]\n";
    let setup = Setup { policy: Some(policy.into()), ..Setup::default() };
    let bot = Bot::start_behind(setup, local.connection(), Vec::new()).await;
    // The announcement is what is told first.
    bot.proxy().set(vec![Rule::new(Method::POST, "/messages", UNAVAILABLE).times(1)]);
    let order = bot.room.say_in_private("Ann", "scale nginx-deployment to 4").await;
    bot.room.told(&order, "Done").await;
    let group = bot.room.id(bot.room.person("Ann"), "group").await;
    let started = Instant::now();
    loop {
        let said = bot.room.said_by_bot().await;
        let announced = said.iter().filter(|message| message["roomId"] == group.as_str()).count();
        if announced > 0 {
            assert_eq!(announced, 1, "{said:#?}");
            return;
        }
        assert!(started.elapsed() < PATIENCE, "it is not announced: {said:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn no_message_is_edited_more_than_ten_times_however_often_the_bot_restarts() {
    let mut seed = Seed::quick();
    for workload in &mut seed.workloads {
        workload.deadline = 600;
    }
    let local = Local::start(seed).await;
    let mut bot = Bot::start_behind(Setup::default(), local.connection(), Vec::new()).await;
    let order = bot.room.say("Ann", "update checkout-service to 2.4 in staging").await;
    let card = bot.room.card(&order).await;
    bot.room.press("Ann", &card, "confirm").await;
    bot.room.told(&order, "I keep watching").await;
    let is_shown = |message: &Value| text(message).contains("Confirmed by Ann");
    for _ in 0..5 {
        bot.stop().await;
        bot.room.told(&order, "It was still under way when I had to restart").await;
        bot.run().await;
        // Late in the life of a message only the end of its rollout is told, besides what a restart says.
        let follows = |message: &Value| is_shown(message) && !text(message).contains("when I had to restart");
        bot.room.reply(&order, "that the rollout is followed again", follows).await;
        // What is said now is answered after everything of the last run is settled.
        let help = bot.room.say("Ann", "help").await;
        bot.room.told(&help, "Say it in plain words").await;
    }
    let mut edits = BTreeMap::<String, usize>::new();
    for call in bot.proxy().calls().into_iter().filter(|call| call.method == Method::PUT) {
        *edits.entry(call.path).or_default() += 1;
    }
    let first = edits.get(&format!("/messages/{}", card["id"].as_str().unwrap())).copied();
    assert!(edits.values().all(|count| *count <= 10), "{edits:#?}");
    assert_eq!(first, Some(10), "then it was posted anew: {edits:#?}");
    let said = bot.room.said_in_thread(&order).await;
    let shown: Vec<_> = said.iter().filter(|message| is_shown(message)).collect();
    assert!(shown.len() == 1 && shown[0]["id"] != card["id"], "{said:#?}");
}
