//! Read requests: logs without secrets, and lists in as many messages as needed.

use readback_sim::cluster::Seed;
use serde_json::{Value, json};

use crate::support::bot::{Bot, Local, Setup};

#[tokio::test]
async fn what_looks_like_a_secret_never_reaches_the_room() {
    let local = Local::start(Seed::demo()).await;
    let bot = Bot::start(Setup::default(), local.connection()).await;
    let order = bot.room.say("Ann", "last 5 lines of checkout-service").await;
    let told = bot.room.told(&order, "last 5 lines").await;
    let text = told["markdown"].as_str().unwrap();
    assert!(text.contains("Log of 1 of 4 pods of `checkout-service`") && text.contains("```text"), "{text}");
    assert!(text.contains("[hidden]") && text.contains("One thing that looks like a secret is hidden."), "{text}");
    assert!(!text.contains("eyJ"), "{text}");
    let block = text.split("```").nth(1).unwrap();
    assert_eq!(block.lines().filter(|line| !line.is_empty() && *line != "text").count(), 5, "{block}");
}

#[tokio::test]
async fn a_failed_rollout_offers_the_logs_of_its_pods() {
    let local = Local::start(Seed::demo()).await;
    let bot = Bot::start(Setup::default(), local.connection()).await;
    let order = bot.room.say("Ann", "update cart-service to 3.1-crash").await;
    let card = bot.room.card(&order).await;
    bot.room.press("Ann", &card, "confirm").await;
    let offers_logs = |message: &Value| {
        message["id"] != card["id"] && message["attachments"][0]["content"]["actions"].to_string().contains("logs")
    };
    let failed = bot.room.reply(&order, "a message of its own with Logs", offers_logs).await;
    assert!(failed["markdown"].as_str().unwrap().contains("keeps crashing"), "{failed}");
    bot.room.press("Ann", &failed, "logs").await;
    let told = bot.room.told(&order, "of the run before this one").await;
    assert!(told["markdown"].as_str().unwrap().contains("cart-service"), "{told}");
}

#[tokio::test]
async fn the_log_of_an_old_pod_is_offered_and_a_made_up_button_reads_nothing() {
    let local = Local::start(Seed::quick()).await;
    let bot = Bot::start(Setup::default(), local.connection()).await;
    let order = bot.room.say("Ann", "update checkout-service to 2.4 in staging").await;
    let card = bot.room.card(&order).await;
    bot.room.press("Ann", &card, "confirm").await;
    bot.room.told(&order, "cannot be pulled").await;
    let asked = bot.room.say("Ann", "logs of checkout-service").await;
    let offered = bot.room.told(&asked, "has not started, so it has printed nothing").await;
    let button = offered["attachments"][0]["content"]["actions"][0]["data"].clone();
    assert_eq!(button["press"], "old_logs", "{offered}");
    // The card of the change does not carry that button, and no card carries the other one.
    let made_up =
        json!({"press": "restart", "cluster": button["cluster"], "namespace": "staging", "deployment": "search"});
    for (on, inputs) in [(&card, &button), (&offered, &made_up)] {
        bot.room.press_with("Ann", on["id"].as_str().unwrap(), inputs).await;
    }
    bot.room.told(&order, "I do not know this card").await;
    bot.room.told(&asked, "I do not know this card").await;
    bot.room.press_with("Ann", offered["id"].as_str().unwrap(), &button).await;
    let told = bot.room.told(&asked, "one that serves").await;
    let text = told["markdown"].as_str().unwrap();
    assert!(text.contains("pods of `checkout-service`, one that serves") && !text.contains("eyJ"), "{text}");
}
