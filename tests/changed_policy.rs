//! The policy changes between the order and the decision: what counts is the policy of the decision.

use readback_sim::cluster::Seed;
use serde_json::Value;

use crate::support::bot::{Bot, Local, Setup};

const GRANT: &str = r#"
[[grant]]
people = ["ann@example.com", "bo@example.com"]
namespaces = ["*"]
verbs = ["read", "write"]
"#;

/// Whether any call has changed something.
fn has_written(local: &Local) -> bool {
    local.tap.writes().iter().any(|call| !call.is_dry_run() && call.status == Some(200))
}

struct Scene {
    local: Local,
    bot: Bot,
}

impl Scene {
    async fn with(place: &str) -> Self {
        let local = Local::start(Seed::quick()).await;
        let policy = Some(format!("{GRANT}{place}"));
        let bot = Bot::start(Setup { policy, ..Setup::default() }, local.connection()).await;
        Self { local, bot }
    }

    /// Says something that is asked about; returns the message's id and the card.
    async fn asked(&self, words: &str) -> (String, Value) {
        let order = self.bot.room.say("Ann", words).await;
        let card = self.bot.room.card(&order).await;
        (order, card)
    }

    async fn restart_with(&mut self, policy: &str) {
        self.bot.stop().await;
        self.bot.set_policy(policy);
        self.bot.run().await;
    }
}

#[tokio::test]
async fn an_earlier_approval_is_judged_by_the_list_of_today() {
    let mut scene = Scene::with(
        "[[place]]\nnamespaces = [\"monitoring\"]\napprovers = { people = [\"bo@example.com\", \"eve@example.org\"], count = 2 }\n",
    )
    .await;
    let (order, card) = scene.asked("restart grafana").await;
    scene.bot.room.press("Bo", &card, "confirm").await;
    scene.bot.room.told(&order, "1 of 2").await;
    let other = "[[place]]\nnamespaces = [\"monitoring\"]\napprovers = { people = [\"mei@example.com\", \"eve@example.org\"], count = 2 }\n";
    scene.restart_with(&format!("{GRANT}{other}")).await;
    scene.bot.room.press("Eve", &card, "confirm").await;
    scene.bot.room.told(&order, "Bo has approved it before, and may no longer").await;
    assert!(!has_written(&scene.local));
}

#[tokio::test]
async fn what_a_git_tool_keeps_is_refused_at_the_decision_too() {
    let mut scene = Scene::with("").await;
    let (order, card) = scene.asked("scale prometheus-server to 2").await;
    scene.restart_with(&format!("{GRANT}[[place]]\nnamespaces = [\"monitoring\"]\ngitops = \"refuse\"\n")).await;
    scene.bot.room.press("Ann", &card, "confirm").await;
    scene.bot.room.told(&order, "keeps `prometheus-server` as it stands in Git").await;
    assert!(!has_written(&scene.local));
}

#[tokio::test]
async fn an_image_is_judged_by_the_list_of_today() {
    let mut scene = Scene::with("").await;
    let (order, card) = scene.asked("update nginx to 1.21").await;
    let place = "[[place]]\nnamespaces = [\"default\"]\nregistries = [\"registry.example.com\"]\n";
    scene.restart_with(&format!("{GRANT}{place}")).await;
    scene.bot.room.press("Ann", &card, "confirm").await;
    scene.bot.room.told(&order, "Images from `docker.io/library/nginx` are not allowed here").await;
    assert!(!has_written(&scene.local));
}

#[tokio::test]
async fn a_pause_is_taken_back_by_whoever_may_pause() {
    let local = Local::start(Seed::quick()).await;
    let policy = "[[grant]]\npeople = [\"ann@example.com\"]\nnamespaces = [\"*\"]\nverbs = [\"read\", \"pause\"]\n";
    let setup = Setup { policy: Some(policy.to_owned()), ..Setup::default() };
    let bot = Bot::start(setup, local.connection()).await;
    let pause = bot.room.say("Ann", "pause the rollout of nginx-deployment").await;
    bot.room.told(&pause, "nothing rolls out until you say").await;
    let undo = bot.room.say("Ann", "undo that").await;
    let card = bot.room.card(&undo).await;
    bot.room.press("Ann", &card, "confirm").await;
    bot.room.told(&undo, "Done").await;
}
