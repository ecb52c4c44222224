//! Answers that are lost: the patch is held on its way for longer than the bot waits.

use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::{NGINX, Scene, replicas, the_patch};
use crate::support::bot::{Bot, Setup, on_tapped_plane};
use crate::support::kubelet::Rules;
use crate::support::tap::{Call, Gate, Tap};

const ORDER: &str = "bump nginx to 3 please";

/// A bot that reaches the control plane through a tap.
async fn through_a_tap(scene: &Scene) -> (Tap, Bot) {
    let tap = Tap::on(scene.plane.url(), Some(scene.plane.ca_pem())).await;
    let connection = on_tapped_plane(&tap, &scene.account, &scene.namespace);
    let bot = Bot::start(Setup::default(), connection).await;
    (tap, bot)
}

fn is_the_change(call: &Call) -> bool {
    call.is_write() && !call.is_dry_run() && call.uri.contains(NGINX)
}

#[tokio::test]
async fn a_patch_held_on_its_way_is_told_as_what_it_was() {
    let scene = Scene::set(Rules::default()).await;
    let (tap, bot) = through_a_tap(&scene).await;
    tap.set(Gate::Late);
    let order = bot.room.say("Ann", ORDER).await;
    tap.holding().await;
    bot.room.told(&order, "I have no answer yet whether `nginx-deployment` was changed").await;
    assert_eq!(replicas(&scene.live().await), Some(2));

    tap.set(Gate::Open);
    bot.room.told(&order, "`nginx-deployment` 2 → 3. Done, 3 of 3 ready").await;
    assert_eq!(replicas(&scene.live().await), Some(3));
    let (_, sent) = scene.writes().await;
    the_patch(&scene, &sent, 200);
}

#[tokio::test]
async fn a_patch_held_on_its_way_is_for_the_spec_that_was_read_and_no_later_one() {
    let scene = Scene::set(Rules::default()).await;
    let (tap, bot) = through_a_tap(&scene).await;
    tap.set(Gate::Late);
    let order = bot.room.say("Ann", ORDER).await;
    tap.holding().await;
    bot.room.told(&order, "I have no answer yet whether").await;
    scene.somebody_else_patches(json!({"spec": {"replicas": 6}})).await;
    bot.room.told(&order, "was at 2 when you asked, and it has 6 replicas now").await;

    // There and back: the old values are there again when it arrives.
    scene.somebody_else_patches(json!({"spec": {"replicas": 2}})).await;
    tap.set(Gate::Open);
    let arrived = tap.until(true, is_the_change).await;
    assert_eq!((arrived.status, replicas(&scene.live().await)), (Some(422), Some(2)));
}

#[tokio::test]
async fn a_lost_change_that_somebody_else_made_is_not_ours() {
    let scene = Scene::set(Rules::default()).await;
    let (tap, bot) = through_a_tap(&scene).await;
    tap.set(Gate::Late);
    let order = bot.room.say("Ann", ORDER).await;
    tap.holding().await;
    // As `kubectl scale` does it: through the subresource, under a name of its own.
    let three = Patch::Merge(json!({"spec": {"replicas": 3}}));
    let params = PatchParams { field_manager: Some("kubectl".into()), ..PatchParams::default() };
    scene.deployments.patch_scale(NGINX, &params, &three).await.unwrap();
    bot.room.told(&order, "Not changed by this order: `kubectl` has set the same in the meantime").await;

    tap.set(Gate::Open);
    assert_eq!(tap.until(true, is_the_change).await.status, Some(422), "it is refused");
    assert_eq!(replicas(&scene.live().await), Some(3));
}

#[tokio::test]
async fn a_lost_answer_to_a_change_of_ours_is_known_by_its_manager() {
    let scene = Scene::set(Rules::default()).await;
    let (tap, bot) = through_a_tap(&scene).await;
    tap.set(Gate::BeforeAnswers);
    for (text, told) in [
        (ORDER, "`nginx-deployment` 2 → 3. Done, 3 of 3 ready"),
        ("kubectl set image deployment/nginx-deployment nginx=nginx:1.21", "Done, 3 of 3 updated and ready"),
    ] {
        let order = bot.room.say("Ann", text).await;
        if text != ORDER {
            let card = bot.room.card(&order).await;
            bot.room.press("Ann", &card, "confirm").await;
        }
        bot.room.told(&order, told).await;
    }
}
