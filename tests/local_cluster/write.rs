//! The writes of a client, and their preconditions.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::json;
use tokio::time::timeout;

use super::{Local, PATIENCE, code, image_patch, is_done, operations, spec_replicas};

#[tokio::test]
async fn a_scale_patch_with_its_preconditions_is_all_or_nothing() {
    let local = Local::start().await;
    let api = local.deployments("default");
    let before = api.get("nginx-deployment").await.unwrap();
    let patch = |uid: &str, from: i32| {
        operations(json!([
            { "op": "test", "path": "/metadata/uid", "value": uid },
            { "op": "test", "path": "/spec/replicas", "value": from },
            { "op": "replace", "path": "/spec/replicas", "value": 5 },
        ]))
    };
    let uid = before.metadata.uid.clone().unwrap();
    let params = PatchParams { field_manager: Some("readback".into()), ..PatchParams::default() };
    for stale in [patch(&uid, 4), patch("other", 2)] {
        let refused = api.patch("nginx-deployment", &params, &stale).await.unwrap_err();
        assert_eq!(code(&refused), 422);
        let refused = api.patch_scale("nginx-deployment", &params, &stale).await.unwrap_err();
        assert_eq!(code(&refused), 422);
    }
    assert_eq!(api.get("nginx-deployment").await.unwrap(), before, "nothing changed");

    let scale = api.patch_scale("nginx-deployment", &params, &patch(&uid, 2)).await.unwrap();
    assert_eq!(scale.spec.unwrap().replicas, Some(5));
    let after = local.until("default", "nginx-deployment", is_done).await;
    assert_eq!(after.metadata.generation, before.metadata.generation.map(|n| n + 1));
    let mine = after.metadata.managed_fields.unwrap().into_iter().find(|f| f.manager.as_deref() == Some("readback"));
    let mine = mine.unwrap();
    assert_eq!((mine.subresource.as_deref(), mine.operation.as_deref()), (Some("scale"), Some("Update")));
    assert_eq!(mine.fields_v1.unwrap().0, json!({ "f:spec": { "f:replicas": {} } }));
}

#[tokio::test]
async fn a_dry_run_returns_the_result_and_stores_nothing() {
    let local = Local::start().await;
    let api = local.deployments("default");
    let before = api.get("nginx-deployment").await.unwrap();
    let params = PatchParams { dry_run: true, ..PatchParams::default() };
    let would = api.patch("nginx-deployment", &params, &image_patch("nginx", "nginx:1.21")).await.unwrap();
    let image = would.spec.unwrap().template.spec.unwrap().containers[0].image.clone();
    assert_eq!(image.as_deref(), Some("nginx:1.21"));
    assert_eq!(would.metadata.generation, Some(2));
    let bad = Patch::Merge(json!({ "spec": { "replicas": -1 } }));
    assert_eq!(code(&api.patch("nginx-deployment", &params, &bad).await.unwrap_err()), 422);
    assert_eq!(api.get("nginx-deployment").await.unwrap(), before);
}

#[tokio::test]
async fn a_replacement_of_an_old_version_conflicts() {
    let local = Local::start().await;
    let api = local.deployments("monitoring");
    let mut mine = api.get("grafana").await.unwrap();
    let other = Patch::Merge(json!({ "metadata": { "labels": { "touched": "yes" } } }));
    api.patch("grafana", &PatchParams::default(), &other).await.unwrap();
    mine.spec.as_mut().unwrap().replicas = Some(2);
    let refused = api.replace("grafana", &PostParams::default(), &mine).await.unwrap_err();
    assert_eq!(code(&refused), 409);
    let mut scale = api.get_scale("grafana").await.unwrap();
    scale.metadata.resource_version = mine.metadata.resource_version.clone();
    assert_eq!(code(&api.replace_scale("grafana", &PostParams::default(), &scale).await.unwrap_err()), 409);
    mine.metadata.resource_version = api.get("grafana").await.unwrap().metadata.resource_version;
    let replaced = api.replace("grafana", &PostParams::default(), &mine).await.unwrap();
    assert_eq!(spec_replicas(&replaced), Some(2));
}

#[tokio::test]
async fn a_deployment_can_be_created_and_deleted_with_all_it_owns() {
    let local = Local::start().await;
    let api = local.deployments("default");
    let hello: Deployment = serde_json::from_value(json!({ "metadata": { "name": "hello" }, "spec": {
        "selector": { "matchLabels": { "app": "hello" } }, "template": { "metadata": { "labels": { "app": "hello" } },
            "spec": { "containers": [{ "name": "hello", "image": "hello" }] } } } }))
    .unwrap();
    let made = api.create(&PostParams::default(), &hello).await.unwrap();
    assert_eq!(spec_replicas(&made), Some(1));
    assert_eq!(code(&api.create(&PostParams::default(), &hello).await.unwrap_err()), 409);
    assert_eq!(code(&local.deployments("nowhere").create(&PostParams::default(), &hello).await.unwrap_err()), 404);
    local.until("default", "hello", is_done).await;
    let version = made.metadata.resource_version.clone();
    for stale in [
        Preconditions { uid: Some("other".into()), resource_version: None },
        Preconditions { uid: made.metadata.uid.clone(), resource_version: version },
    ] {
        let params = DeleteParams { preconditions: Some(stale), ..DeleteParams::background() };
        assert_eq!(code(&api.delete("hello", &params).await.unwrap_err()), 409);
    }
    api.delete("hello", &DeleteParams { dry_run: true, ..DeleteParams::default() }).await.unwrap();
    let uid = Preconditions { uid: made.metadata.uid.clone(), resource_version: None };
    let kept = api.get("hello").await.unwrap();
    api.delete("hello", &DeleteParams { preconditions: Some(uid), ..DeleteParams::background() }).await.unwrap();
    assert!(api.get_opt("hello").await.unwrap().is_none());
    let pods: Api<Pod> = Api::namespaced(local.client.clone(), "default");
    let gone = async {
        while !pods.list(&ListParams::default().labels("app=hello")).await.unwrap().items.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
    let manifest = Deployment { metadata: hello.metadata, spec: kept.spec.clone(), status: None };
    let tried = PostParams { dry_run: true, ..PostParams::default() };
    api.create(&tried, &manifest).await.unwrap();
    assert!(api.get_opt("hello").await.unwrap().is_none());
    assert_eq!(api.create(&PostParams::default(), &manifest).await.unwrap().spec, kept.spec);
}
