//! The real control plane and the kubelet double do what the other tests rely on.

use std::fs;
use std::process::Command;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use crate::support::kubelet::{Kubelet, Rules};
use crate::support::plane::{Plane, Supervisor, is_running};
use crate::support::wait;

const READER: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: ServiceAccount, name: reader}
";

async fn deploy(client: &Client, namespace: &str, replicas: u16) -> Api<Deployment> {
    let web = json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "registry.example/web:1.0"}]},
            },
        },
    });
    let deployments = Api::namespaced(client.clone(), namespace);
    deployments.create(&PostParams::default(), &serde_json::from_value(web).unwrap()).await.unwrap();
    deployments
}

/// All replicas have the newest template, are available, and no other pods exist.
fn settled(replicas: i32) -> impl Fn(Option<&Deployment>) -> bool {
    move |web| {
        let Some(Deployment { metadata, status: Some(status), .. }) = web else { return false };
        status.observed_generation == metadata.generation
            && status.updated_replicas == Some(replicas)
            && status.available_replicas == Some(replicas)
            && status.replicas == Some(replicas)
    }
}

fn waits_with(reason: &str) -> impl Fn(Option<&Pod>) -> bool {
    move |pod| {
        let statuses = pod.and_then(|pod| pod.status.as_ref()?.container_statuses.as_ref());
        statuses.into_iter().flatten().any(|container| {
            let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref());
            waiting.is_some_and(|waiting| waiting.reason.as_deref() == Some(reason) && waiting.message.is_some())
        })
    }
}

#[tokio::test]
async fn a_deployment_becomes_ready_and_follows_its_scale_and_the_audit_log_has_the_patch() {
    let plane = Plane::shared().await;
    let namespace = plane.namespace().await;
    let _kubelet = Kubelet::start(plane, &namespace, Rules::default());
    let deployments = deploy(&plane.admin(), &namespace, 2).await;
    wait::until(&deployments, "web", "2/2", settled(2)).await;

    let before = plane.audit(|event| event.namespace() == namespace && event.subresource() == "scale").await;
    assert!(before.is_empty(), "nobody has asked for the scale yet: {before:?}");

    let three = Patch::Merge(json!({"spec": {"replicas": 3}}));
    deployments.patch_scale("web", &PatchParams::default(), &three).await.unwrap();
    wait::until(&deployments, "web", "3/3", settled(3)).await;

    let patches = plane
        .audit(|event| event.verb == "patch" && event.namespace() == namespace && event.resource() == "deployments")
        .await;
    let [patch] = patches.as_slice() else { panic!("one patch was sent, the log has {patches:?}") };
    assert_eq!((patch.subresource(), patch.name(), patch.user()), ("scale", "web", "admin"));
    assert_eq!((patch.code(), &patch.request_object), (Some(200), &json!({"spec": {"replicas": 3}})));
    assert!(patch.is_write() && patch.stage == "ResponseComplete", "{patch:?}");
}

#[tokio::test]
async fn fewer_replicas_mean_fewer_pods() {
    let plane = Plane::shared().await;
    let namespace = plane.namespace().await;
    let _kubelet = Kubelet::start(plane, &namespace, Rules::default());
    let deployments = deploy(&plane.admin(), &namespace, 3).await;
    wait::until(&deployments, "web", "3/3", settled(3)).await;

    let one = Patch::Merge(json!({"spec": {"replicas": 1}}));
    deployments.patch_scale("web", &PatchParams::default(), &one).await.unwrap();
    wait::until(&deployments, "web", "1/1", settled(1)).await;

    let pods: Api<Pod> = Api::namespaced(plane.admin(), &namespace);
    let listed = pods.list(&ListParams::default()).await.unwrap();
    for pod in &listed.items {
        if pod.metadata.deletion_timestamp.is_some() {
            let name = pod.metadata.name.as_deref().unwrap();
            wait::until(&pods, name, "gone", |pod: Option<&Pod>| pod.is_none()).await;
        }
    }
    assert_eq!(pods.list(&ListParams::default()).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_bad_tag_leaves_the_new_pod_waiting_and_the_old_ones_in_service() {
    let plane = Plane::shared().await;
    let namespace = plane.namespace().await;
    let _kubelet = Kubelet::start(plane, &namespace, Rules::bad_tag("nope"));
    let deployments = deploy(&plane.admin(), &namespace, 2).await;
    wait::until(&deployments, "web", "2/2", settled(2)).await;

    let containers = json!([{"name": "web", "image": "registry.example/web:nope"}]);
    let image = Patch::Strategic(json!({"spec": {"template": {"spec": {"containers": containers}}}}));
    deployments.patch("web", &PatchParams::default(), &image).await.unwrap();

    let surged = |web: Option<&Deployment>| {
        web.and_then(|web| web.status.as_ref()).is_some_and(|status| status.unavailable_replicas == Some(1))
    };
    wait::until(&deployments, "web", "one pod short", surged).await;
    let pods: Api<Pod> = Api::namespaced(plane.admin(), &namespace);
    let listed = pods.list(&ListParams::default()).await.unwrap();
    let is_new = |pod: &&Pod| {
        let image = pod.spec.as_ref().and_then(|spec| spec.containers[0].image.as_deref());
        image == Some("registry.example/web:nope")
    };
    let new = listed.items.iter().find(is_new).expect("the controllers made a pod of the new template");
    let name = new.metadata.name.as_deref().unwrap();
    wait::until(&pods, name, "waiting with ErrImagePull", waits_with("ErrImagePull")).await;
    wait::until(&pods, name, "waiting with ImagePullBackOff", waits_with("ImagePullBackOff")).await;

    let web = deployments.get("web").await.unwrap();
    assert_eq!(web.status.unwrap().available_replicas, Some(2), "the old pods go on serving");
    let patch = plane
        .audit_until(|event| event.verb == "patch" && event.namespace() == namespace && event.name() == "web")
        .await;
    assert_eq!((patch.resource(), patch.subresource()), ("deployments", ""));
    assert_eq!(patch.request_object["spec"]["template"]["spec"]["containers"], containers);
}

#[tokio::test]
async fn a_read_only_role_is_refused_a_patch_and_the_audit_log_has_it() {
    let plane = Plane::shared().await;
    let namespace = plane.namespace().await;
    deploy(&plane.admin(), &namespace, 2).await;
    let reader = plane.service_account(&namespace, READER).await;

    let deployments: Api<Deployment> = Api::namespaced(plane.client(&reader.token), &namespace);
    deployments.get("web").await.expect("the role allows `get`");
    let three = Patch::Merge(json!({"spec": {"replicas": 3}}));
    let refused = deployments.patch("web", &PatchParams::default(), &three).await;
    let Err(kube::Error::Api(status)) = refused else { panic!("the patch was not refused: {refused:?}") };
    assert_eq!(status.code, 403);

    let live: Api<Deployment> = Api::namespaced(plane.admin(), &namespace);
    assert_eq!(live.get("web").await.unwrap().spec.unwrap().replicas, Some(2), "nothing was changed");
    let writes =
        plane.audit(|event| event.user() == reader.user && event.resource() == "deployments" && event.is_write()).await;
    let [write] = writes.as_slice() else { panic!("one write was tried, the log has {writes:?}") };
    assert_eq!((write.verb.as_str(), write.code()), ("patch", Some(403)));
}

#[tokio::test]
async fn kubectl_works_with_the_kubeconfigs_and_is_logged_as_their_user() {
    let plane = Plane::shared().await;
    let namespace = plane.namespace().await;
    deploy(&plane.admin(), &namespace, 1).await;
    let reader = plane.service_account(&namespace, READER).await;
    for kubeconfig in [plane.admin_kubeconfig(), reader.kubeconfig] {
        let output = Command::new(plane.programs().join("kubectl"))
            .env("KUBECONFIG", &kubeconfig)
            .args(["get", "deployment", "web", "--output=name", "--namespace", &namespace])
            .output()
            .unwrap();
        let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(printed.trim(), "deployment.apps/web", "{errors}");
    }
    let reads =
        plane.audit(|event| event.verb == "get" && event.namespace() == namespace && event.name() == "web").await;
    assert!(
        reads.iter().any(|event| event.user() == reader.user && event.user_agent.starts_with("kubectl/")),
        "{reads:?}"
    );
}

#[tokio::test]
async fn the_address_and_the_certificate_are_enough_for_any_client() {
    let plane = Plane::shared().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = reqwest::Certificate::from_pem(plane.ca_pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([certificate]).build().unwrap();
    let namespaces = format!("{}/api/v1/namespaces", plane.url());
    let nobody = client.get(&namespaces).send().await.unwrap();
    assert_eq!(nobody.status(), 403, "who shows no token may not list");
    let stranger = client.get(&namespaces).bearer_auth("guessed").send().await.unwrap();
    assert_eq!(stranger.status(), 401, "who shows a wrong token is nobody");
}

#[test]
fn programs_and_their_folder_end_with_their_owner() {
    let folder = tempfile::tempdir().unwrap().keep();
    let supervisor = Supervisor::of(folder.clone()).unwrap();
    supervisor.run("quote", "printf".as_ref(), &["%s".to_owned(), "it's whole".to_owned()]).unwrap();
    supervisor.run("sleep", "sleep".as_ref(), &["1000".to_owned()]).unwrap();
    let started = std::time::Instant::now();
    while !(supervisor.has_ended("quote") && supervisor.pid("sleep").is_some_and(is_running)) {
        assert!(started.elapsed() < wait::PATIENCE, "{:?}", fs::read_to_string(folder.join("supervisor.log")));
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(supervisor.last_words("quote"), "it's whole");
    let sleep = supervisor.pid("sleep").unwrap();

    drop(supervisor);
    assert!(!is_running(sleep), "the program outlived its owner");
    assert!(!folder.exists(), "the folder outlived its owner");
}
