//! Rollouts that are not followed, because too many are.

use readback::app::MOST_FOLLOWED;
use readback_sim::cluster::Seed;

use crate::support::bot::{Bot, Local, Setup};

#[tokio::test]
async fn a_rollout_that_is_not_followed_is_told_so_and_the_next_start_follows_it() {
    let local = Local::start(Seed::quick()).await;
    let mut bot = Bot::start(Setup { followed: 0, ..Setup::default() }, local.connection()).await;
    let alone = bot.room.say("Ann", "scale nginx-deployment to 3").await;
    bot.room.told(&alone, "I do not follow this one").await;
    let confirmed = bot.room.say("Ann", "restart grafana").await;
    let card = bot.room.card(&confirmed).await;
    bot.room.press("Ann", &card, "confirm").await;
    let told = bot.room.told(&confirmed, "I do not follow this one").await;
    assert!(told["markdown"].as_str().unwrap().contains("Confirmed by Ann"), "{told}");
    let several = bot.room.say("Ann", "scale cart-service and checkout-service to 3 in staging").await;
    let card = bot.room.card(&several).await;
    bot.room.press("Ann", &card, "confirm").await;
    bot.room.told(&several, "I do not follow this one").await;

    bot.stop().await;
    bot.set_followed(MOST_FOLLOWED);
    bot.run().await;
    for order in [alone, confirmed, several] {
        bot.room
            .reply(&order, "the end of every rollout", |message| {
                let text = message["markdown"].as_str().unwrap_or_default();
                text.contains("Done") && !text.contains("I do not follow")
            })
            .await;
    }
}
