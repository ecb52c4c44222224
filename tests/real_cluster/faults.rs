//! Faults of the cluster that the room is told of by name.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;

use super::{NGINX, Scene, replicas, shipped};
use crate::support::kubelet::Rules;
use crate::support::wait::PATIENCE;

#[tokio::test]
async fn a_right_that_the_role_has_lost_is_named_and_nothing_is_changed() {
    let scene = Scene::set(Rules::default()).await;
    let bot = scene.bot().await;
    let (full, less) = ("verbs: [get, list, watch, patch]", "verbs: [list, watch, patch]");
    let role = shipped("rbac.yaml").replace(full, less);
    assert!(role.contains(less), "the shipped Role grants get in the words that this test takes away");
    scene.plane.apply(&scene.namespace, &role).await;
    let own: Api<Deployment> = Api::namespaced(scene.plane.client(&scene.account.token), &scene.namespace);
    let started = Instant::now();
    while own.get(NGINX).await.is_ok() {
        assert!(started.elapsed() < PATIENCE, "the Role still grants get");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    for order in ["bump nginx to 3 please", "how is nginx-deployment doing?"] {
        let order = bot.room.say("Ann", order).await;
        let told = bot.room.told(&order, "my role there lacks `get` on `deployments`").await;
        let text = told["markdown"].as_str().unwrap();
        assert!(text.contains("The cluster `main` refused that") && text.ends_with("Nothing was changed."), "{text}");
    }
    assert_eq!(replicas(&scene.live().await), Some(2));
    let (dry, sent) = scene.writes().await;
    assert_eq!((dry.len(), sent.len()), (0, 0), "{sent:#?}");
}
