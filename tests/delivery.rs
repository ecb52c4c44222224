//! What Webex delivers is handled and answered, whatever happens to the calls around it, and in the order in which it was said.

use std::time::Duration;

use http::Method;
use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use readback_sim::cluster::Seed;
use serde_json::Value;

use crate::support::bot::{Bot, Local, Setup};
use crate::support::trouble::{Rule, Trouble};
use crate::support::wait::PATIENCE;

const DEADLINE: Duration = Duration::from_secs(2);

/// A bot behind a proxy that spoils its calls to Webex, and its cluster.
struct Scene {
    bot: Bot,
    local: Local,
}

impl Scene {
    async fn set() -> Self {
        let local = Local::start(Seed::quick()).await;
        let setup = Setup { webex_deadline: Some(DEADLINE), ..Setup::default() };
        let bot = Bot::start_behind(setup, local.connection(), Vec::new()).await;
        Self { bot, local }
    }

    fn spoil(&self, method: Method, prefix: &'static str, trouble: Trouble, times: usize) {
        self.bot.proxy().set(vec![Rule::new(method, prefix, trouble).times(times)]);
    }

    async fn replicas(&self) -> Option<i32> {
        let api: Api<Deployment> = Api::namespaced(self.local.client.clone(), "default");
        api.get("nginx-deployment").await.unwrap().spec.unwrap().replicas
    }

    /// The patches of the Deployment that the bot has sent, without dry runs.
    fn writes(&self) -> usize {
        let writes = self.local.tap.writes();
        writes.iter().filter(|call| !call.is_dry_run() && call.uri.contains("nginx-deployment")).count()
    }

    /// All cards with buttons in the thread.
    async fn open_cards(&self, root: &str) -> Vec<Value> {
        let said = self.bot.room.said_by_bot().await;
        let has_buttons = |message: &Value| {
            let buttons = message["attachments"][0]["content"]["actions"].as_array();
            message["parentId"] == root && buttons.is_some_and(|buttons| !buttons.is_empty())
        };
        said.into_iter().filter(has_buttons).collect()
    }
}

/// Each trouble, and how often it happens: more often than one turn tries, and less often than is given up after.
const TROUBLES: [(Trouble, usize); 12] = [
    (Trouble::Status(401, None), 2),
    (Trouble::Status(408, None), 6),
    (Trouble::Status(500, None), 6),
    (Trouble::Status(502, None), 6),
    (Trouble::Status(503, None), 6),
    (Trouble::Status(429, Some(3)), 2),
    (Trouble::ResetBefore, 6),
    (Trouble::Stall, 4),
    (Trouble::Cut, 6),
    (Trouble::Oversized, 2),
    (Trouble::Mistyped, 2),
    (Trouble::WrongId, 2),
];

#[tokio::test]
async fn each_trouble_of_reading_a_message_is_outlasted() {
    let scene = Scene::set().await;
    for (nth, (trouble, times)) in TROUBLES.into_iter().enumerate() {
        let wanted = if nth % 2 == 0 { 3 } else { 4 };
        scene.spoil(Method::GET, "/messages/", trouble, times);
        let order = scene.bot.room.say("Ann", &format!("scale nginx-deployment to {wanted}")).await;
        scene.bot.room.told(&order, "Done").await;
        assert_eq!(scene.replicas().await, Some(wanted), "{trouble:?}");
        assert_eq!(scene.writes(), nth + 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn each_trouble_of_reading_a_press_is_outlasted() {
    let scene = Scene::set().await;
    for (nth, (trouble, times)) in TROUBLES.into_iter().enumerate() {
        let order = scene.bot.room.say("Ann", "restart nginx-deployment").await;
        let card = scene.bot.room.card(&order).await;
        scene.spoil(Method::GET, "/attachment/actions/", trouble, times);
        scene.bot.room.press("Ann", &card, "confirm").await;
        scene.bot.room.told(&order, "Done").await;
        assert_eq!(scene.writes(), nth + 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_for_good_is_told_in_its_room_and_holds_up_no_other() {
    let scene = Scene::set().await;
    scene.spoil(Method::GET, "/messages/", Trouble::Mistyped, 5);
    scene.bot.room.say("Ann", "scale nginx-deployment to 5").await;
    let next = scene.bot.room.say("Ann", "scale nginx-deployment to 3").await;
    scene.bot.room.told(&next, "Done").await;
    let said = scene.bot.room.said_by_bot().await;
    let is_fault = |message: &&Value| {
        message["parentId"].is_null()
            && message["markdown"].as_str().is_some_and(|text| text.contains("Nothing was changed"))
    };
    assert_eq!(said.iter().filter(is_fault).count(), 1, "{said:#?}");
    assert_eq!((scene.writes(), scene.replicas().await), (1, Some(3)));
}

#[tokio::test]
async fn an_answer_that_webex_does_not_take_is_given_later() {
    let scene = Scene::set().await;
    for trouble in [Trouble::Status(429, Some(3)), Trouble::Status(502, None), Trouble::ResetBefore] {
        scene.spoil(Method::POST, "/messages", trouble, 2);
        let question = scene.bot.room.say("Ann", "status of nginx-deployment").await;
        scene.bot.room.told(&question, "nginx").await;
    }
    // What was done is told later, and is not done again.
    scene.spoil(Method::POST, "/messages", Trouble::Status(502, None), 2);
    let order = scene.bot.room.say("Ann", "scale nginx-deployment to 4").await;
    scene.bot.room.told(&order, "Done").await;
    assert_eq!(scene.writes(), 1);
}

#[tokio::test]
async fn the_end_of_a_rollout_is_told_when_webex_answers_again() {
    for trouble in [Trouble::Status(429, Some(3)), Trouble::Status(502, None), Trouble::ResetBefore] {
        let scene = Scene::set().await;
        scene.spoil(Method::PUT, "/messages/", trouble, 3);
        let order = scene.bot.room.say("Ann", "scale nginx-deployment to 4").await;
        scene.bot.room.told(&order, "Done").await;
        assert_eq!(scene.open_cards(&order).await.len(), 1, "it offers Undo");
    }
}

#[tokio::test]
async fn that_a_rollout_fails_is_told_once_when_webex_answers_again() {
    for trouble in [Trouble::Status(429, Some(3)), Trouble::Status(502, None), Trouble::ResetBefore] {
        let scene = Scene::set().await;
        let room = &scene.bot.room;
        let order = room.say("Ann", "update checkout-service to 2.4 in staging").await;
        let card = room.card(&order).await;
        let rules = [Method::POST, Method::PUT].map(|method| Rule::new(method, "/messages", trouble).times(3));
        scene.bot.proxy().set(rules.to_vec());
        room.press("Ann", &card, "confirm").await;
        let is_failure = |message: &Value| {
            message["id"] != card["id"]
                && message["markdown"].as_str().is_some_and(|text| text.contains("Not rolling out"))
        };
        let told = room.reply(&order, "that it fails", is_failure).await;
        assert!(told["markdown"].as_str().unwrap().starts_with("<@personId:"), "{trouble:?} {told}");
        // The card says it, too.
        room.told(&order, "I keep watching").await;
        let said = room.said_in_thread(&order).await;
        assert_eq!(said.iter().filter(|message| is_failure(message)).count(), 1, "{trouble:?} {said:#?}");
        let open = scene.open_cards(&order).await;
        assert_eq!(open.iter().map(|open| &open["id"]).collect::<Vec<_>>(), [&told["id"]], "{trouble:?}");
    }
}

#[tokio::test]
async fn a_card_whose_edit_failed_for_a_time_loses_its_buttons() {
    let scene = Scene::set().await;
    let order = scene.bot.room.say("Ann", "restart nginx-deployment").await;
    let card = scene.bot.room.card(&order).await;
    scene.spoil(Method::PUT, "/messages/", Trouble::Status(502, None), 1);
    scene.bot.room.press("Ann", &card, "cancel").await;
    scene.bot.room.told(&order, "Cancelled by Ann").await;
    assert!(scene.open_cards(&order).await.is_empty());
    assert_eq!(scene.writes(), 0);
}

#[tokio::test]
async fn a_card_whose_post_was_not_answered_is_found_by_a_press_on_it() {
    for (pressed, left) in [(0, 0), (1, 1)] {
        let scene = Scene::set().await;
        scene.spoil(Method::POST, "/messages", Trouble::ResetAfter, 1);
        let order = scene.bot.room.say("Ann", "restart nginx-deployment").await;
        let started = std::time::Instant::now();
        let mut cards = scene.open_cards(&order).await;
        while cards.len() < 2 {
            assert!(started.elapsed() < PATIENCE, "the second card is not posted");
            tokio::time::sleep(Duration::from_millis(20)).await;
            cards = scene.open_cards(&order).await;
        }
        scene.bot.room.press("Ann", &cards[pressed], "confirm").await;
        scene.bot.room.told(&order, "Done").await;
        assert_eq!(scene.writes(), 1);
        // A restart offers no Undo, so only the second card can have buttons left.
        assert_eq!(scene.open_cards(&order).await.len(), left);
        if left > 0 {
            scene.bot.room.press("Ann", &cards[0], "confirm").await;
            let closed = |message: &Value| {
                let buttons = message["attachments"][0]["content"]["actions"].as_array();
                message["id"] == cards[0]["id"] && buttons.is_some_and(Vec::is_empty)
            };
            scene.bot.room.reply(&order, "the first card is closed", closed).await;
        }
        assert_eq!(scene.writes(), 1);
    }
}

#[tokio::test]
async fn several_changes_whose_card_was_not_posted_get_one_card_with_all_of_them() {
    let scene = Scene::set().await;
    scene.spoil(Method::POST, "/messages", Trouble::Status(502, None), 2);
    let order = scene.bot.room.say("Ann", "restart nginx-deployment and cart-service").await;
    let card = scene.bot.room.card(&order).await;
    let shown = card.to_string();
    assert!(shown.contains("nginx-deployment") && shown.contains("cart-service"), "{card}");
    scene.bot.room.press("Ann", &card, "confirm").await;
    let done = |message: &Value| message["id"] == card["id"] && message.to_string().matches("Done").count() >= 2;
    scene.bot.room.reply(&order, "both are done", done).await;
    assert_eq!(scene.writes(), 1);
    assert!(scene.open_cards(&order).await.iter().all(|open| open["id"] == card["id"]), "there is one card");
}

#[tokio::test]
async fn an_older_order_that_arrives_after_a_newer_one_asks() {
    let scene = Scene::set().await;
    let room = &scene.bot.room;
    room.switch(|room| room.hold_deliveries = true);
    let older = room.say("Ann", "scale nginx-deployment to 3").await;
    let newer = room.say("Ann", "scale nginx-deployment to 5").await;
    room.switch(|room| (room.hold_deliveries, room.reverse_deliveries) = (false, true));
    room.told(&newer, "Done").await;
    let asks = |message: &Value| message.to_string().contains("A newer order of Ann for it reached me first");
    room.reply(&older, "why it asks", asks).await;
    assert_eq!((scene.writes(), scene.replicas().await), (1, Some(5)));
    assert_eq!(scene.open_cards(&older).await.len(), 1);
}

#[tokio::test]
async fn a_no_that_overtakes_its_order_stops_it() {
    let scene = Scene::set().await;
    let room = &scene.bot.room;
    room.switch(|room| room.hold_deliveries = true);
    let order = room.say("Ann", "scale nginx-deployment to 3").await;
    room.say("Ann", "cancel that").await;
    room.switch(|room| (room.hold_deliveries, room.reverse_deliveries) = (false, true));
    room.told(&order, "You cancelled this before it reached me").await;
    // A later order is one of its own.
    let later = room.say("Ann", "scale nginx-deployment to 4").await;
    room.told(&later, "Done").await;
    assert_eq!((scene.writes(), scene.replicas().await), (1, Some(4)));
}
