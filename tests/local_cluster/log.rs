//! Container logs.

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ListParams, LogParams, Patch, PatchParams};
use serde_json::json;
use tokio::time::timeout;

use super::{Local, PATIENCE, code, image_patch};

/// The name of a pod of the Deployment.
async fn pod(pods: &Api<Pod>, app: &str) -> String {
    let found = pods.list(&ListParams::default().labels(&format!("app={app}"))).await.unwrap();
    found.items[0].metadata.name.clone().unwrap()
}

fn lines(count: i64) -> LogParams {
    LogParams { tail_lines: Some(count), ..LogParams::default() }
}

#[tokio::test]
async fn a_log_has_lines_and_that_of_the_checkout_service_a_token() {
    let local = Local::start().await;
    let staging: Api<Pod> = Api::namespaced(local.client.clone(), "staging");
    let name = pod(&staging, "checkout-service").await;
    let log = staging.logs(&name, &lines(10)).await.unwrap();
    assert_eq!((log.lines().count(), log.matches("Authorization: Bearer eyJ").count()), (10, 1), "{log}");
    let other = staging.logs(&pod(&staging, "search").await, &LogParams::default()).await.unwrap();
    assert!(other.starts_with("INFO starting search 2.17.0\n") && !other.contains("Bearer"), "{other}");
    let short = LogParams { limit_bytes: Some(7), timestamps: true, ..lines(1) };
    assert_eq!(staging.logs(&name, &short).await.unwrap().len(), 7);
}

#[tokio::test]
async fn a_container_without_a_log_reports_why() {
    let local = Local::start().await;
    let pods: Api<Pod> = Api::namespaced(local.client.clone(), "default");
    let name = pod(&pods, "payments-api").await;
    for (name, params, expected) in [
        (name.as_str(), LogParams::default(), 400),
        (name.as_str(), LogParams { container: Some("nobody".into()), ..LogParams::default() }, 400),
        (name.as_str(), LogParams { container: Some("envoy".into()), previous: true, ..LogParams::default() }, 400),
        (name.as_str(), LogParams { container: Some("envoy".into()), ..lines(-1) }, 400),
        ("nobody", LogParams::default(), 404),
    ] {
        assert_eq!(code(&pods.logs(name, &params).await.unwrap_err()), expected, "{name} {params:?}");
    }
    let params = LogParams { container: Some("envoy".into()), ..lines(3) };
    assert_eq!(pods.logs(&name, &params).await.unwrap().lines().count(), 3);
}

#[tokio::test]
async fn a_crashing_pod_keeps_its_last_log_lines() {
    let local = Local::start().await;
    let slow = Patch::Merge(json!({ "spec": { "strategy": { "rollingUpdate": { "maxSurge": 1 } } } }));
    let api = local.deployments("default");
    api.patch("redis-cache", &PatchParams::default(), &slow).await.unwrap();
    api.patch("redis-cache", &PatchParams::default(), &image_patch("redis", "redis:7.4-crash")).await.unwrap();
    let pods: Api<Pod> = Api::namespaced(local.client.clone(), "default");
    let crashed = async {
        loop {
            let found = pods.list(&ListParams::default().labels("app=redis-cache")).await.unwrap();
            let restarted = |pod: &Pod| {
                let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
                statuses.map(|status| status.restart_count).sum::<i32>() > 0
            };
            if let Some(pod) = found.items.into_iter().find(restarted) {
                return pod.metadata.name.unwrap();
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let name = timeout(PATIENCE, crashed).await.unwrap();
    let previous = LogParams { previous: true, ..lines(1) };
    assert_eq!(pods.logs(&name, &previous).await.unwrap(), "FATAL giving up after 3 attempts\n");
}
