//! Successful and failing rollouts of a new image.

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use serde_json::json;
use tokio::time::timeout;

use super::{Local, PATIENCE, image_patch, is_done, progress};

#[tokio::test]
async fn a_rollout_to_a_good_tag_reaches_its_end() {
    let local = Local::start().await;
    let api = local.deployments("default");
    api.patch("payments-api", &PatchParams::default(), &image_patch("envoy", "envoyproxy/envoy:v1.32.0"))
        .await
        .unwrap();
    let done =
        local.until("default", "payments-api", |live| live.metadata.generation == Some(2) && is_done(live)).await;
    assert_eq!(progress(&done), "NewReplicaSetAvailable");
    let images: Vec<_> =
        done.spec.unwrap().template.spec.unwrap().containers.into_iter().map(|c| c.image.unwrap()).collect();
    assert_eq!(images, ["registry.example.com/shop/payments-api:1.8.3", "envoyproxy/envoy:v1.32.0"]);
    let sets: Api<ReplicaSet> = Api::namespaced(local.client.clone(), "default");
    let sets = sets.list(&ListParams::default().labels("app=payments-api")).await.unwrap();
    let uid = done.metadata.uid.unwrap();
    let mut revisions: Vec<_> = sets
        .items
        .iter()
        .map(|set| {
            assert_eq!(set.metadata.owner_references.as_ref().unwrap()[0].uid, uid);
            let revision = set.metadata.annotations.as_ref().unwrap()["deployment.kubernetes.io/revision"].clone();
            (revision, set.spec.as_ref().unwrap().replicas)
        })
        .collect();
    revisions.sort();
    assert_eq!(revisions, [("1".to_owned(), Some(0)), ("2".to_owned(), Some(3))]);
}

#[tokio::test]
async fn a_rollout_to_the_bad_tag_reports_its_problem_and_misses_its_deadline() {
    let local = Local::start().await;
    let api = local.deployments("staging");
    let deadline = Patch::Merge(json!({ "spec": { "progressDeadlineSeconds": 1 } }));
    api.patch("checkout-service", &PatchParams::default(), &deadline).await.unwrap();
    let pods: Api<Pod> = Api::namespaced(local.client.clone(), "staging");
    let params = WatchParams::default().labels("app=checkout-service");
    let mut events = pods.watch(&params, "0").await.unwrap().boxed();
    api.patch("checkout-service", &PatchParams::default(), &image_patch("checkout", "checkout:2.4")).await.unwrap();
    let mut seen = Vec::new();
    let watching = async {
        while let Some(event) = events.try_next().await.unwrap() {
            let (WatchEvent::Added(pod) | WatchEvent::Modified(pod)) = event else { continue };
            let statuses = pod.status.unwrap().container_statuses.unwrap_or_default();
            let waiting = statuses.into_iter().find_map(|status| status.state?.waiting);
            seen.extend(waiting.map(|waiting| (waiting.reason.unwrap(), waiting.message.unwrap_or_default())));
            if seen.iter().any(|(reason, _)| reason == "ImagePullBackOff") {
                return;
            }
        }
    };
    timeout(PATIENCE, watching).await.unwrap();
    let pulled = seen.iter().find(|(reason, _)| reason == "ErrImagePull").unwrap();
    assert_eq!(pulled.1, "failed to pull image \"checkout:2.4\": not found");
    let failed = local.until("staging", "checkout-service", |live| progress(live) == "ProgressDeadlineExceeded").await;
    assert_eq!(failed.status.unwrap().available_replicas, Some(3));
    let events: Api<Event> = Api::namespaced(local.client.clone(), "staging");
    let warnings = events.list(&ListParams::default().fields("type=Warning,involvedObject.kind=Pod")).await.unwrap();
    assert!(warnings.items.iter().any(|event| event.reason.as_deref() == Some("Failed")));
}
