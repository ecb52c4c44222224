//! Autoscalers can be created, changed and deleted, and keep a Deployment between their bounds.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::{Value, json};

use super::{Local, code, is_done, operations, spec_replicas};

fn autoscaler(spec: &Value) -> HorizontalPodAutoscaler {
    let mut whole = json!({ "metadata": { "name": "nginx" }, "spec": { "scaleTargetRef": {
        "apiVersion": "apps/v1", "kind": "Deployment", "name": "nginx-deployment" } } });
    json_patch::merge(&mut whole["spec"], spec);
    serde_json::from_value(whole).unwrap()
}

#[tokio::test]
async fn a_created_autoscaler_scales_its_deployment_and_a_deleted_one_does_not() {
    let local = Local::start().await;
    let api: Api<HorizontalPodAutoscaler> = Api::namespaced(local.client.clone(), "default");
    let (tried, real) = (PostParams { dry_run: true, ..PostParams::default() }, PostParams::default());
    let wanted = autoscaler(&json!({ "minReplicas": 4, "maxReplicas": 6 }));
    api.create(&tried, &wanted).await.unwrap();
    assert!(api.get_opt("nginx").await.unwrap().is_none(), "a dry run stores nothing");
    let made = api.create(&real, &wanted).await.unwrap();
    assert_eq!(made.spec.metrics.map(|metrics| metrics.len()), Some(1), "the default metric");
    assert_eq!(code(&api.create(&real, &wanted).await.unwrap_err()), 409);
    local.until("default", "nginx-deployment", |live| spec_replicas(live) == Some(4) && is_done(live)).await;

    let lower = operations(json!([{ "op": "test", "path": "/metadata/uid", "value": made.metadata.uid },
        { "op": "replace", "path": "/spec/minReplicas", "value": 1 }, { "op": "replace", "path": "/spec/maxReplicas", "value": 3 }]));
    let params = PatchParams { dry_run: true, ..PatchParams::default() };
    api.patch("nginx", &params, &lower).await.unwrap();
    assert_eq!(api.get("nginx").await.unwrap().spec.max_replicas, 6);
    api.patch("nginx", &PatchParams::default(), &lower).await.unwrap();
    local.until("default", "nginx-deployment", |live| spec_replicas(live) == Some(3) && is_done(live)).await;

    let other = Preconditions { uid: Some("other".into()), resource_version: None };
    let wrong = DeleteParams { preconditions: Some(other), ..DeleteParams::default() };
    assert_eq!(code(&api.delete("nginx", &wrong).await.unwrap_err()), 409);
    api.delete("nginx", &DeleteParams { dry_run: true, ..DeleteParams::default() }).await.unwrap();
    api.delete("nginx", &DeleteParams::default()).await.unwrap();
    assert!(api.get_opt("nginx").await.unwrap().is_none());
    let seven = Patch::Merge(json!({ "spec": { "replicas": 7 } }));
    local.deployments("default").patch("nginx-deployment", &PatchParams::default(), &seven).await.unwrap();
    local.until("default", "nginx-deployment", |live| spec_replicas(live) == Some(7) && is_done(live)).await;
}

#[tokio::test]
async fn invalid_bounds_are_refused_and_a_budget_can_only_be_read() {
    let local = Local::start().await;
    let api: Api<HorizontalPodAutoscaler> = Api::namespaced(local.client.clone(), "default");
    for spec in [json!({}), json!({ "maxReplicas": 0 }), json!({ "minReplicas": 4, "maxReplicas": 3 })] {
        let refused = api.create(&PostParams::default(), &autoscaler(&spec)).await.unwrap_err();
        assert_eq!(code(&refused), 422, "{spec}");
    }
    for patch in [json!({ "minReplicas": 7 }), json!({ "maxReplicas": -1 }), json!({ "scaleTargetRef": null })] {
        let merge = Patch::Merge(json!({ "spec": patch }));
        assert_eq!(
            code(&api.patch("web-frontend", &PatchParams::default(), &merge).await.unwrap_err()),
            422,
            "{patch}"
        );
    }
    assert_eq!(api.list(&ListParams::default()).await.unwrap().items.len(), 1);
    let budgets: Api<PodDisruptionBudget> = Api::namespaced(local.client.clone(), "monitoring");
    assert_eq!(budgets.list(&ListParams::default()).await.unwrap().items.len(), 1);
    assert_eq!(code(&budgets.delete("loki-gateway", &DeleteParams::default()).await.unwrap_err()), 405);
}
