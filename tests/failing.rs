//! Rollouts that fail: each is told once, in a message of its own that mentions the person and offers what helps.

use std::time::{Duration, Instant};

use http::Method;
use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::{Patch, PatchParams};
use readback_sim::cluster::Seed;
use serde_json::{Value, json};

use crate::support::bot::{Bot, Local, Setup};
use crate::support::trouble::{FaultProxy, Rule, Trouble};
use crate::support::wait::PATIENCE;

/// A cluster without this image, where a rollout has so many seconds.
async fn cluster(deadline: u16) -> Local {
    let mut seed = Seed::quick();
    for workload in &mut seed.workloads {
        workload.deadline = deadline;
    }
    Local::start(seed).await
}

fn text(message: &Value) -> &str {
    message["markdown"].as_str().unwrap_or_default()
}

fn buttons(message: &Value) -> Vec<&str> {
    let actions = message["attachments"][0]["content"]["actions"].as_array();
    actions.into_iter().flatten().filter_map(|action| action["data"]["press"].as_str()).collect()
}

/// Ann confirms an image that no registry has. Returns her message and the card.
async fn order_what_fails(bot: &Bot) -> (String, Value) {
    let order = bot.room.say("Ann", "update checkout-service to 2.4 in staging").await;
    let card = bot.room.card(&order).await;
    bot.room.press("Ann", &card, "confirm").await;
    (order, card)
}

/// The messages that tell the failure, beside the card.
fn failures<'m>(said: &'m [Value], card: &Value) -> Vec<&'m Value> {
    said.iter().filter(|message| message["id"] != card["id"] && text(message).contains("cannot be pulled")).collect()
}

async fn failure(bot: &Bot, order: &str, card: &Value) -> Value {
    let is_failure = |message: &Value| message["id"] != card["id"] && text(message).contains("Not rolling out");
    bot.room.reply(order, "that it fails, in a message of its own", is_failure).await
}

/// Waits until the message has no buttons and says this.
async fn is_closed(bot: &Bot, order: &str, message: &Value, words: &str) {
    let closed = |now: &Value| now["id"] == message["id"] && buttons(now).is_empty() && text(now).contains(words);
    bot.room.reply(order, &format!("the message without buttons, and “{words}”"), closed).await;
}

#[tokio::test]
async fn a_failure_is_told_once_however_often_the_bot_restarts_and_its_undo_still_works() {
    let local = cluster(600).await;
    let mut bot = Bot::start(Setup::default(), local.connection()).await;
    let (order, card) = order_what_fails(&bot).await;
    let told = failure(&bot, &order, &card).await;
    assert!(text(&told).contains("<@personId:") && text(&told).contains("The 3 old pods are still serving."), "{told}");
    assert_eq!(buttons(&told), ["undo"], "a pod without its image has printed nothing");
    bot.room.told(&order, "I keep watching").await;

    bot.stop().await;
    bot.room.told(&order, "It was still under way when I had to restart").await;
    bot.run().await;
    let card_now = bot.room.told(&order, "I keep watching").await;
    assert_eq!((&card_now["id"], buttons(&card_now).len()), (&card["id"], 0), "the other message offers Undo");
    let said = bot.room.said_in_thread(&order).await;
    assert_eq!(failures(&said, &card), [&told], "it is not told again, and not changed");

    // On a copy elsewhere the press does not count.
    let elsewhere = bot.room.say("Ann", "restart grafana").await;
    let copy = bot.room.card(&elsewhere).await;
    let undo = told["attachments"][0]["content"]["actions"][0]["data"].clone();
    bot.room.press_with("Ann", copy["id"].as_str().unwrap(), &undo).await;
    bot.room.told(&elsewhere, "I do not know this card").await;

    bot.room.press("Ann", &told, "undo").await;
    let asks = |message: &Value| buttons(message).contains(&"confirm");
    let undo = bot.room.reply(&order, "the card of the undo", asks).await;
    bot.room.press("Ann", &undo, "confirm").await;
    is_closed(&bot, &order, &told, "Undone by Ann").await;
    is_closed(&bot, &order, &card, "Undone by Ann").await;
    let said = bot.room.said_in_thread(&order).await;
    let [told] = failures(&said, &card)[..] else { panic!("{said:#?}") };
    assert!(
        text(told).contains("It was not rolling out: the image `checkout:2.4` cannot be pulled (not found)."),
        "{told}"
    );
}

#[tokio::test]
async fn without_the_right_to_list_replica_sets_a_rollout_fails_at_its_deadline_only() {
    let deadline = Duration::from_secs(12);
    let local = cluster(12).await;
    let sets = Rule::new(Method::GET, "/apis/apps/v1/namespaces/staging/replicasets", Trouble::Status(403, None));
    let role = FaultProxy::before(&local.tap.url, vec![sets]).await;
    let bot = Bot::start(Setup::default(), local.connection_to(&role.url)).await;
    let order = bot.room.say("Ann", "update checkout-service to 2.4 in staging").await;
    let card = bot.room.card(&order).await;
    let confirmed = Instant::now();
    bot.room.press("Ann", &card, "confirm").await;
    let told = failure(&bot, &order, &card).await;
    assert!(confirmed.elapsed() + Duration::from_secs(1) >= deadline, "{:?} {told}", confirmed.elapsed());
    assert!(text(&told).contains("cannot be pulled (not found)"), "{told}");
    bot.room.told(&order, "Its deadline has passed").await;
}

#[tokio::test]
async fn an_order_that_overtakes_a_failing_rollout_is_named_by_its_person() {
    let local = cluster(600).await;
    let bot = Bot::start(Setup::default(), local.connection()).await;
    let (order, card) = order_what_fails(&bot).await;
    let told = failure(&bot, &order, &card).await;
    let later = bot.room.say("Bo", "update checkout-service to 2.5 in staging").await;
    let next = bot.room.card(&later).await;
    bot.room.press("Bo", &next, "confirm").await;
    is_closed(&bot, &order, &card, "A later order by Bo has changed it since").await;
    is_closed(&bot, &order, &told, "A later order by Bo has changed it since").await;
}

#[tokio::test]
async fn each_failure_of_several_changes_is_a_message_of_its_own() {
    let local = cluster(600).await;
    let bot = Bot::start(Setup::default(), local.connection()).await;
    let order = bot.room.say("Ann", "set checkout-service and cart-service in staging to 9-missing").await;
    let card = bot.room.card(&order).await;
    bot.room.press("Ann", &card, "confirm").await;
    for (name, image) in [("checkout-service", "checkout:9-missing"), ("cart-service", "cart:9-missing")] {
        let is_failure = |message: &Value| {
            message["id"] != card["id"] && text(message).contains(name) && text(message).contains("Not rolling out")
        };
        let told = bot.room.reply(&order, name, is_failure).await;
        assert!(text(&told).contains("<@personId:") && text(&told).contains(image), "{told}");
        assert_eq!(buttons(&told), ["undo"]);
        let asks = |message: &Value| buttons(message).contains(&"confirm") && text(message).contains(name);
        bot.room.press("Ann", &told, "undo").await;
        let undo = bot.room.reply(&order, "the card of the undo", asks).await;
        bot.room.press("Ann", &undo, "confirm").await;
        is_closed(&bot, &order, &told, "Undone by Ann").await;
    }
    let both = |message: &Value| message["id"] == card["id"] && text(message).matches("Undone").count() == 2;
    bot.room.reply(&order, "both are taken back", both).await;
    let said = bot.room.said_in_thread(&order).await;
    let failures = failures(&said, &card);
    assert_eq!(failures.iter().filter(|message| text(message).contains("It was not rolling out")).count(), 2);
}

#[tokio::test]
async fn a_failure_whose_message_webex_refuses_is_told_on_the_card() {
    let local = cluster(3).await;
    let bot = Bot::start_behind(Setup::default(), local.connection(), Vec::new()).await;
    let order = bot.room.say("Ann", "update checkout-service to 2.4 in staging").await;
    let card = bot.room.card(&order).await;
    // With the buttons, and without them.
    bot.proxy().set(vec![Rule::new(Method::POST, "/messages", Trouble::Status(403, None)).times(2)]);
    bot.room.press("Ann", &card, "confirm").await;
    let offers = |message: &Value| message["id"] == card["id"] && buttons(message) == ["undo"];
    let told = bot.room.reply(&order, "the card with Undo", offers).await;
    assert!(text(&told).contains("cannot be pulled (not found). The 3 old pods are still serving."), "{told}");
    assert!(failures(&bot.room.said_in_thread(&order).await, &card).is_empty());
}

#[tokio::test]
async fn a_press_on_either_of_two_messages_about_one_failure_counts_and_the_other_loses_its_buttons() {
    for pressed in [0, 1] {
        let local = cluster(600).await;
        let bot = Bot::start_behind(Setup::default(), local.connection(), Vec::new()).await;
        let order = bot.room.say("Ann", "update checkout-service to 2.4 in staging").await;
        let card = bot.room.card(&order).await;
        bot.proxy().set(vec![Rule::new(Method::POST, "/messages", Trouble::ResetAfter).times(1)]);
        let confirmed = Instant::now();
        bot.room.press("Ann", &card, "confirm").await;
        let mut said = bot.room.said_in_thread(&order).await;
        while failures(&said, &card).len() < 2 {
            assert!(confirmed.elapsed() < PATIENCE, "it is not posted again: {said:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
            said = bot.room.said_in_thread(&order).await;
        }
        // Until the second one is on record.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let [first, second] = failures(&said, &card)[..] else { panic!("{said:#?}") };
        let (one, other) = if pressed == 0 { (first, second) } else { (second, first) };
        assert_eq!((buttons(one), buttons(other)), (vec!["undo"], vec!["undo"]));

        bot.room.press("Ann", one, "undo").await;
        let asks = |message: &Value| buttons(message).contains(&"confirm");
        let undo = bot.room.reply(&order, "the card of the undo", asks).await;
        bot.room.press("Ann", &undo, "confirm").await;
        is_closed(&bot, &order, one, "Undone by Ann").await;
        if pressed == 1 {
            // It is known by a press on it only.
            bot.room.press("Ann", other, "undo").await;
            is_closed(&bot, &order, other, "Undone by Ann").await;
        }
        let said = bot.room.said_in_thread(&order).await;
        let open = failures(&said, &card).into_iter().filter(|message| !buttons(message).is_empty());
        assert_eq!(open.count(), 0, "{said:#?}");
        assert!(said.iter().all(|message| !text(message).contains("I do not know this card")), "{said:#?}");
    }
}

#[tokio::test]
async fn what_has_passed_until_webex_takes_the_message_is_not_told_as_failing() {
    let local = cluster(3).await;
    let bot = Bot::start_behind(Setup::default(), local.connection(), Vec::new()).await;
    let order = bot.room.say("Ann", "update checkout-service to 2.4 in staging").await;
    let card = bot.room.card(&order).await;
    let wait = Duration::from_secs(75);
    bot.proxy().set(vec![Rule::new(Method::POST, "/messages", Trouble::Status(429, Some(75))).times(1)]);
    let confirmed = Instant::now();
    bot.room.press("Ann", &card, "confirm").await;
    bot.room.told(&order, "Its deadline has passed").await;
    let deployments: Api<Deployment> = Api::namespaced(local.client.clone(), "staging");
    let image =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "checkout", "image": "checkout:2.2"}]}}}});
    deployments.patch("checkout-service", &PatchParams::default(), &Patch::Strategic(image)).await.unwrap();
    tokio::time::sleep(wait.saturating_sub(confirmed.elapsed())).await;
    is_closed(&bot, &order, &card, "has changed it since").await;
    let said = bot.room.said_in_thread(&order).await;
    assert_eq!(failures(&said, &card), Vec::<&Value>::new());
}
