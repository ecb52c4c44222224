//! The program killed between two changes of one card, and restarted on the same database: each change was made at most
//! once, none without the one that it was planned on, and the card tells the truth about each.

use super::crash::{Scenario, is_the_change};
use super::{image, replicas};
use crate::support::plane::audit::Event;
use crate::support::tap::Gate;

/// Two changes of one Deployment.
const ORDER: &str = "scale nginx-deployment to 3 and update nginx-deployment to nginx:1.21";

/// The paths that each write of the program replaced, and its status, in the order in which they arrived.
async fn written(scenario: &Scenario) -> Vec<(String, Option<u16>)> {
    let (_, sent) = scenario.scene.writes().await;
    let path = |event: &Event| {
        let operations = event.request_object.as_array().cloned().unwrap_or_default();
        let write = operations.iter().find(|operation| operation["op"] != "test").cloned().unwrap_or_default();
        write["path"].as_str().unwrap_or_default().to_owned()
    };
    sent.iter().map(|event| (path(event), event.code())).collect()
}

const REPLICAS: &str = "/spec/replicas";

#[tokio::test]
async fn killed_between_two_changes_of_a_card_the_next_run_makes_the_second_one() {
    let scenario = Scenario::begin().await;
    scenario.tap.set(Gate::BeforeAnswers);
    let serving = scenario.serve().await;
    let order = scenario.confirm_order(ORDER).await;
    // The first one is applied, and its answer is held.
    scenario.tap.until(true, is_the_change).await;
    drop(serving);
    assert_eq!(written(&scenario).await.len(), 1, "the second one waits for the first");
    scenario.tap.set(Gate::Open);

    let _serving = scenario.serve().await;
    scenario.room.told(&order, "Done, 3 of 3").await;
    let live = scenario.scene.live().await;
    assert_eq!((replicas(&live), image(&live)), (Some(3), Some("nginx:1.21")));
    let written = written(&scenario).await;
    assert_eq!(written.len(), 2, "{written:?}");
    assert_eq!(written[0], (REPLICAS.to_owned(), Some(200)), "{written:?}");
    assert!(written[1].0.ends_with("/image") && written[1].1 == Some(200), "{written:?}");
    scenario.scene.stayed_within_its_role().await;
}

#[tokio::test]
async fn killed_before_the_first_of_two_arrives_nothing_is_made_that_was_planned_on_it() {
    let scenario = Scenario::begin().await;
    scenario.tap.set(Gate::BeforeWrites);
    let serving = scenario.serve().await;
    let order = scenario.confirm_order(ORDER).await;
    scenario.tap.until(false, is_the_change).await;
    drop(serving);
    scenario.tap.abandoned().await;
    scenario.scene.somebody_else_patches(serde_json::json!({"spec": {"replicas": 5}})).await;
    scenario.tap.set(Gate::Open);

    let _serving = scenario.serve().await;
    let told = scenario.room.told(&order, "the change before it was not made").await;
    let told = told["markdown"].as_str().unwrap_or_default();
    assert!(told.contains("has 5 replicas"), "{told}");
    let live = scenario.scene.live().await;
    assert_eq!((replicas(&live), image(&live)), (Some(5), Some("nginx:1.20")));
    let written = written(&scenario).await;
    assert!(written.is_empty(), "{written:?}");
}
