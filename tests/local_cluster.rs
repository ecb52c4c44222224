//! The local cluster of the demo, driven by a client that somebody else wrote.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    authorization::v1::{SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
    core::v1::{Event, Namespace, Pod},
};
use kube::{
    Api, Client, Config,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
    config::{KubeConfigOptions, Kubeconfig},
    runtime::watcher,
};
use readback::demo::cluster::{LocalCluster, Pace, Seed, serve};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

#[expect(clippy::disallowed_methods, reason = "a test of a server that runs in real time")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// A served cluster; it ends with the value.
struct Local {
    cluster: LocalCluster,
    client: Client,
    stop: CancellationToken,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Local {
    async fn start() -> Self {
        Self::with(Seed::quick()).await
    }

    async fn with(seed: Seed) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cluster = LocalCluster::on(&listener).unwrap();
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let (served, until) = (cluster.clone(), stop.clone());
        tasks.spawn(async move { serve(listener, &served, seed, now, until).await });
        let kubeconfig = Kubeconfig::from_yaml(&cluster.kubeconfig("default")).unwrap();
        assert_eq!(kubeconfig.current_context.as_deref(), Some("readback-demo"));
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        assert_eq!(config.default_namespace, "default");
        let client = Client::try_from(config).unwrap();
        Self { cluster, client, stop, tasks }
    }

    fn deployments(&self, namespace: &str) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Waits until the Deployment is as described.
    async fn until(&self, namespace: &str, name: &str, is: impl Fn(&Deployment) -> bool) -> Deployment {
        let api = self.deployments(namespace);
        let wait = async {
            loop {
                let live = api.get(name).await.unwrap();
                if is(&live) {
                    return live;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, wait).await.unwrap()
    }

    /// A raw request with the token: its status and its answer.
    async fn raw(&self, method: &str, path: &str, media: &str, body: Vec<u8>) -> (u16, Value) {
        let url = format!("{}{path}", self.cluster.url);
        // Without a provider named here, reqwest takes the process's; both are ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let request = reqwest::Client::new()
            .request(method.parse().unwrap(), url)
            .bearer_auth(self.cluster.token.expose_secret())
            .header("content-type", media)
            .body(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }
}

fn code(error: &kube::Error) -> u16 {
    if let kube::Error::Api(status) = error { status.code } else { panic!("{error}") }
}

fn spec_replicas(deployment: &Deployment) -> Option<i32> {
    deployment.spec.as_ref()?.replicas
}

fn is_done(deployment: &Deployment) -> bool {
    let (wanted, status) = (spec_replicas(deployment), deployment.status.clone().unwrap_or_default());
    status.observed_generation >= deployment.metadata.generation
        && [status.replicas, status.updated_replicas, status.available_replicas].iter().all(|count| *count == wanted)
}

fn progress(deployment: &Deployment) -> String {
    let conditions = deployment.status.clone().and_then(|status| status.conditions).unwrap_or_default();
    conditions.into_iter().find(|c| c.type_ == "Progressing").and_then(|c| c.reason).unwrap_or_default()
}

fn image_patch(container: &str, image: &str) -> Patch<Value> {
    let containers = json!([{ "name": container, "image": image }]);
    Patch::Strategic(json!({ "spec": { "template": { "spec": { "containers": containers } } } }))
}

fn operations(patch: Value) -> Patch<()> {
    Patch::Json(serde_json::from_value(patch).unwrap())
}

#[tokio::test]
async fn the_demo_has_a_dozen_deployments_with_sets_and_pods_in_three_namespaces() {
    let local = Local::start().await;
    let all = ListParams::default();
    assert_eq!(Api::<Namespace>::all(local.client.clone()).list(&all).await.unwrap().items.len(), 3);
    let deployments = Api::<Deployment>::all(local.client.clone()).list(&all).await.unwrap();
    assert_eq!(deployments.items.len(), 12);
    assert!(deployments.items.iter().all(is_done));
    assert!(deployments.metadata.resource_version.is_some());
    assert_eq!(Api::<ReplicaSet>::all(local.client.clone()).list(&all).await.unwrap().items.len(), 12);
    assert_eq!(local.deployments("staging").list(&all).await.unwrap().items.len(), 4);
    let pods: Api<Pod> = Api::namespaced(local.client.clone(), "staging");
    let checkout = pods.list(&ListParams::default().labels("app=checkout-service")).await.unwrap();
    assert_eq!(checkout.items.len(), 4);
    let named = local.deployments("default").list(&ListParams::default().fields("metadata.name=redis-cache")).await;
    assert_eq!(named.unwrap().items.len(), 1);
    assert!(local.deployments("default").get_opt("grafana").await.unwrap().is_none());
    assert_eq!(local.client.apiserver_version().await.unwrap().major, "1");
}

#[tokio::test]
async fn list_then_watch_sees_each_change_once_and_in_order() {
    let local = Local::start().await;
    let api = local.deployments("default");
    let version = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let params = WatchParams::default().fields("metadata.name=nginx-deployment");
    let mut events = api.watch(&params, &version).await.unwrap().boxed();
    let three = json!({ "spec": { "replicas": 3 } });
    let scaled = api.patch("nginx-deployment", &PatchParams::default(), &Patch::Merge(three)).await.unwrap();
    assert_eq!(spec_replicas(&scaled), Some(3));
    let mut last = version.parse::<u64>().unwrap();
    let watching = async {
        while let Some(event) = events.try_next().await.unwrap() {
            let WatchEvent::Modified(live) = event else { panic!("{event:?}") };
            let version = live.metadata.resource_version.as_ref().unwrap().parse::<u64>().unwrap();
            assert!(version > last, "{version} after {last}");
            last = version;
            if is_done(&live) {
                return live;
            }
        }
        panic!("the watch ended");
    };
    let done = timeout(PATIENCE, watching).await.unwrap();
    assert_eq!(done.status.unwrap().ready_replicas, Some(3));
}

#[tokio::test]
async fn both_ways_in_which_a_client_library_watches_reach_the_same_state() {
    let local = Local::start().await;
    for config in [watcher::Config::default(), watcher::Config::default().streaming_lists()] {
        let mut events = watcher(local.deployments("staging"), config).boxed();
        let mut names = Vec::new();
        let listing = async {
            loop {
                match events.try_next().await.unwrap().unwrap() {
                    watcher::Event::InitApply(found) => names.push(found.metadata.name.unwrap()),
                    watcher::Event::InitDone => return,
                    watcher::Event::Init => {}
                    other @ (watcher::Event::Apply(_) | watcher::Event::Delete(_)) => panic!("{other:?} while listing"),
                }
            }
        };
        timeout(PATIENCE, listing).await.unwrap();
        names.sort();
        assert_eq!(names, ["cart-service", "checkout-service", "payments-api", "search"]);
    }
}

#[tokio::test]
async fn a_watch_from_an_old_version_is_gone() {
    let local = Local::start().await;
    let api = local.deployments("default");
    let mut events = api.watch(&WatchParams::default(), "1").await.unwrap().boxed();
    let WatchEvent::Error(status) = events.try_next().await.unwrap().unwrap() else { panic!("no error") };
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
    assert!(timeout(PATIENCE, events.try_next()).await.unwrap().unwrap().is_none(), "and it is closed");
}

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
async fn a_dry_run_tells_what_would_be_and_stores_nothing() {
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
async fn a_replacement_made_from_an_old_version_conflicts() {
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
async fn a_rollout_to_the_bad_tag_names_its_trouble_and_misses_its_deadline() {
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
    api.delete("hello", &DeleteParams::default()).await.unwrap();
    assert!(api.get_opt("hello").await.unwrap().is_none());
    let pods: Api<Pod> = Api::namespaced(local.client.clone(), "default");
    let gone = async {
        while !pods.list(&ListParams::default().labels("app=hello")).await.unwrap().items.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test]
async fn who_has_the_token_may_ask_what_it_may_do_and_nobody_else_gets_in() {
    let local = Local::start().await;
    let reviews: Api<SelfSubjectAccessReview> = Api::all(local.client.clone());
    let review =
        SelfSubjectAccessReview { spec: SelfSubjectAccessReviewSpec::default(), ..SelfSubjectAccessReview::default() };
    let answer = reviews.create(&PostParams::default(), &review).await.unwrap();
    assert!(answer.status.unwrap().allowed);
    let stranger = Client::try_from(Config::new(local.cluster.url.parse().unwrap())).unwrap();
    let refused = Api::<Deployment>::all(stranger.clone()).list(&ListParams::default()).await.unwrap_err();
    assert_eq!(code(&refused), 401);
    let guessed = Client::try_from(Config::new(format!("{}/x", local.cluster.url).parse().unwrap())).unwrap();
    let refused = Api::<Namespace>::all(guessed).list(&ListParams::default()).await.unwrap_err();
    assert_eq!(code(&refused), 401);
    assert!(stranger.apiserver_version().await.is_ok(), "the version is public, as in a real cluster");
    assert!(!format!("{:?}", local.cluster).contains(local.cluster.token.expose_secret()));
}

#[tokio::test]
async fn hostile_requests_get_a_status_and_change_nothing() {
    let local = Local::start().await;
    let (json, merge) = ("application/json", "application/merge-patch+json");
    let nginx = "/apis/apps/v1/namespaces/default/deployments/nginx-deployment";
    let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let cases: Vec<(&str, String, &str, Vec<u8>, u16)> = vec![
        ("PATCH", nginx.into(), merge, vec![b' '; (1 << 20) + 1], 413),
        ("PATCH", nginx.into(), merge, deep.clone().into_bytes(), 400),
        ("PATCH", nginx.into(), merge, b"\xff\xfe".to_vec(), 400),
        ("PATCH", nginx.into(), "text/plain", b"{}".to_vec(), 415),
        ("PATCH", nginx.into(), merge, b"{\"spec\":null}".to_vec(), 422),
        ("PATCH", nginx.into(), merge, b"{\"metadata\":[]}".to_vec(), 422),
        ("PATCH", format!("{nginx}/scale"), merge, b"{\"spec\":{\"replicas\":2147483648}}".to_vec(), 422),
        ("PATCH", format!("{nginx}?dryRun=None"), merge, b"{}".to_vec(), 400),
        ("PATCH", format!("{nginx}?fieldManager={}", "x".repeat(200)), merge, b"{}".to_vec(), 400),
        ("PUT", nginx.into(), json, b"[]".to_vec(), 400),
        ("PUT", nginx.into(), "application/vnd.kubernetes.protobuf", b"k8s\0".to_vec(), 415),
        ("PUT", nginx.into(), json, b"{}".to_vec(), 422),
        ("DELETE", nginx.into(), json, b"{\"preconditions\":{\"uid\":\"x\"}}".to_vec(), 409),
        ("DELETE", "/apis/apps/v1/namespaces/default/deployments".into(), json, Vec::new(), 405),
        ("POST", nginx.into(), json, b"{}".to_vec(), 405),
        ("PATCH", "/api/v1/namespaces/default".into(), merge, b"{}".to_vec(), 405),
        ("GET", "/apis/apps/v1/deployments?labelSelector=((".into(), json, Vec::new(), 400),
        ("GET", "/apis/apps/v1/deployments?watch=1&resourceVersion=-1".into(), json, Vec::new(), 400),
        ("GET", "/apis/apps/v1/namespaces/default/deployments/%2e%2e".into(), json, Vec::new(), 404),
        ("GET", "/apis/apps/v1/statefulsets".into(), json, Vec::new(), 404),
        ("GET", "/".into(), json, Vec::new(), 404),
    ];
    let before = local.deployments("default").get("nginx-deployment").await.unwrap();
    for (method, path, media, body, expected) in cases {
        let (code, status) = local.raw(method, &path, media, body).await;
        assert_eq!(code, expected, "{method} {path}: {status}");
        assert_eq!((&status["kind"], &status["code"]), (&json!("Status"), &json!(expected)), "{method} {path}");
    }
    assert_eq!(local.deployments("default").get("nginx-deployment").await.unwrap(), before);
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_ends_its_watches_and_returns() {
    let mut local = Local::with(Seed { pace: Pace::visible(), ..Seed::demo() }).await;
    let api = local.deployments("default");
    let mut events = api.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    assert!(events.try_next().await.unwrap().is_some());
    local.stop.cancel();
    let ended = async { while let Ok(Some(_)) = events.try_next().await {} };
    timeout(PATIENCE, ended).await.unwrap();
    let served = timeout(PATIENCE, local.tasks.join_next()).await.unwrap();
    served.unwrap().unwrap().unwrap();
}
