//! The write path against a real control plane, under the Role in `deploy/`. What was really sent is in the API
//! server's audit log, which no code of this repository writes.

mod crash;
mod crash_items;
mod faults;
mod impersonate;
mod latency;
mod lost;
mod roles;

use std::path::Path;

use jiff::SignedDuration;
use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::support::bot::{Bot, Setup, on_plane};
use crate::support::kubelet::{Kubelet, Rules};
use crate::support::plane::Plane;
use crate::support::plane::access::Account;
use crate::support::plane::audit::Event;
use crate::support::wait;

/// The name of the sample Deployment.
const NGINX: &str = "nginx-deployment";

/// One namespace with the sample Deployment and readback's service account.
struct Scene {
    plane: &'static Plane,
    namespace: String,
    account: Account,
    deployments: Api<Deployment>,
    _kubelet: Kubelet,
}

fn shipped(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)).unwrap()
}

impl Scene {
    /// With the shipped Role.
    async fn set(rules: Rules) -> Self {
        Self::with_role(rules, &shipped("rbac.yaml")).await
    }

    async fn with_role(rules: Rules, role: &str) -> Self {
        let plane = Plane::shared().await;
        let namespace = plane.namespace().await;
        let kubelet = Kubelet::start(plane, &namespace, rules);
        plane.apply(&namespace, &shipped("sample.yaml")).await;
        let account = plane.service_account(&namespace, role).await;
        let deployments: Api<Deployment> = Api::namespaced(plane.admin(), &namespace);
        wait::until(&deployments, NGINX, "2/2", settled(2)).await;
        Self { plane, namespace, account, deployments, _kubelet: kubelet }
    }

    async fn bot(&self) -> Bot {
        self.bot_with(Setup::default()).await
    }

    async fn bot_with(&self, setup: Setup) -> Bot {
        Bot::start(setup, on_plane(self.plane, &self.account, &self.namespace)).await
    }

    async fn live(&self) -> Deployment {
        self.deployments.get(NGINX).await.unwrap()
    }

    async fn somebody_else_patches(&self, patch: Value) {
        self.deployments.patch(NGINX, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    /// All requests of readback's account other than reads, in order: dry runs, then the others.
    async fn writes(&self) -> (Vec<Event>, Vec<Event>) {
        let user = &self.account.user;
        let own = |event: &Event| event.user() == user && event.is_write() && !is_of_the_fixture(event);
        let sent = self.plane.audit(own).await;
        sent.into_iter().partition(|event| event.request_uri.contains("dryRun=All"))
    }

    /// Fails if the account requested anything that the shipped Role does not grant.
    async fn stayed_within_its_role(&self) {
        let user = &self.account.user;
        let asked = self.plane.audit(|event| event.user() == user).await;
        assert!(!asked.is_empty(), "the witness saw nothing of {user}");
        let granted = [
            ("deployments", &["get", "list", "watch", "patch"][..]),
            ("replicasets", &["list"]),
            ("pods", &["list"]),
            ("events", &["list"]),
            ("horizontalpodautoscalers", &["list"]),
            ("poddisruptionbudgets", &["list"]),
            ("cronjobs", &["list"]),
        ];
        for event in asked.iter().filter(|event| !is_of_the_fixture(event)) {
            let verbs = granted.iter().find(|(resource, _)| *resource == event.resource()).map(|(_, verbs)| *verbs);
            let allowed = verbs.is_some_and(|verbs| verbs.contains(&event.verb.as_str()));
            let at_home = event.namespace() == self.namespace && event.subresource().is_empty();
            assert!(allowed && at_home, "outside the Role: {event:?}");
        }
    }
}

/// The test support checks as the account whether a Role is in force; these requests are not the bot's.
fn is_of_the_fixture(event: &Event) -> bool {
    event.resource() == "selfsubjectaccessreviews"
}

fn settled(replicas: i32) -> impl Fn(Option<&Deployment>) -> bool {
    move |web| {
        let Some(Deployment { metadata, status: Some(status), .. }) = web else { return false };
        status.observed_generation == metadata.generation
            && status.updated_replicas == Some(replicas)
            && status.available_replicas == Some(replicas)
            && status.replicas == Some(replicas)
    }
}

fn replicas(deployment: &Deployment) -> Option<i32> {
    deployment.spec.as_ref()?.replicas
}

fn image(deployment: &Deployment) -> Option<&str> {
    deployment.spec.as_ref()?.template.spec.as_ref()?.containers[0].image.as_deref()
}

fn change_cause(deployment: &Deployment) -> Option<&String> {
    deployment.metadata.annotations.as_ref()?.get("kubernetes.io/change-cause")
}

/// The single write in the log, which must be a patch of the sample by readback, under its own name.
fn the_patch<'e>(scene: &Scene, sent: &'e [Event], code: u16) -> &'e Value {
    let [patch] = sent else { panic!("one write was to be sent, the log has {sent:#?}") };
    assert_eq!((patch.verb.as_str(), patch.resource(), patch.subresource()), ("patch", "deployments", ""));
    assert_eq!((patch.namespace(), patch.name(), patch.code()), (scene.namespace.as_str(), NGINX, Some(code)));
    assert!(patch.request_uri.contains("fieldManager=readback"), "{}", patch.request_uri);
    &patch.request_object
}

#[tokio::test]
async fn a_plain_scale_is_one_patch_and_is_followed_to_its_end() {
    let scene = Scene::set(Rules::default()).await;
    let metadata = scene.live().await.metadata;
    let (uid, generation) = (metadata.uid.unwrap(), metadata.generation.unwrap());
    let bot = scene.bot().await;
    let order = bot.room.say("Ann", "bump nginx to 3 please").await;
    bot.room.told(&order, "`nginx-deployment` 2 → 3. Done, 3 of 3 ready").await;

    let live = scene.live().await;
    assert_eq!((replicas(&live), change_cause(&live)), (Some(3), None), "a scale makes no revision and no cause");
    let (dry, sent) = scene.writes().await;
    assert!(dry.is_empty(), "{dry:#?}");
    let expected = json!([
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/metadata/generation", "value": generation},
        {"op": "test", "path": "/spec/replicas", "value": 2},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]);
    assert_eq!(the_patch(&scene, &sent, 200), &expected);
    scene.stayed_within_its_role().await;
}

#[tokio::test]
async fn a_new_image_is_dry_run_before_the_card_and_sent_once_after_confirm() {
    let scene = Scene::set(Rules::default()).await;
    let bot = scene.bot().await;
    let order = bot.room.say("Ann", "update nginx to 1.21").await;
    let card = bot.room.card(&order).await;
    let (dry, sent) = scene.writes().await;
    the_patch(&scene, &dry, 200);
    assert!(sent.is_empty(), "sent before anybody confirmed: {sent:#?}");

    bot.room.press("Bo", &card, "confirm").await;
    bot.room.told(&order, "This card waits for Ann").await;
    bot.room.press("Ann", &card, "confirm").await;
    bot.room.press("Ann", &card, "confirm").await;
    bot.room.told(&order, "Done, 2 of 2 updated and ready").await;
    bot.room.told(&order, "already confirmed by you").await;

    let live = scene.live().await;
    assert_eq!(image(&live), Some("nginx:1.21"));
    assert!(change_cause(&live).unwrap().contains("ann@example.com"), "{live:#?}");
    let (_, sent) = scene.writes().await;
    let mut sent = the_patch(&scene, &sent, 200).clone();
    let generation = json!({"op": "test", "path": "/metadata/generation", "value": 1});
    assert_eq!(sent.as_array_mut().unwrap().remove(1), generation, "it is for the spec that was read");
    assert_eq!(sent, dry[0].request_object, "what was shown is what was sent");
    scene.stayed_within_its_role().await;
}

#[tokio::test]
async fn a_restart_replaces_the_pods_and_keeps_the_image() {
    let scene = Scene::set(Rules::default()).await;
    let before = scene.live().await.metadata.generation;
    let bot = scene.bot().await;
    let order = bot.room.say("Ann", "restart nginx-deployment").await;
    let card = bot.room.card(&order).await;
    bot.room.press("Ann", &card, "confirm").await;
    bot.room.told(&order, "Done, 2 of 2 updated and ready").await;

    let live = scene.live().await;
    assert_eq!((image(&live), live.metadata.generation), (Some("nginx:1.20"), before.map(|generation| generation + 1)));
    let (_, sent) = scene.writes().await;
    the_patch(&scene, &sent, 200);
    scene.stayed_within_its_role().await;
}

#[tokio::test]
async fn a_cancelled_or_expired_change_is_never_sent() {
    let scene = Scene::set(Rules::default()).await;
    let bot = scene.bot_with(Setup { card_life: SignedDuration::from_secs(2), ..Setup::default() }).await;
    let cancelled = bot.room.say("Ann", "update nginx to 1.21").await;
    let card = bot.room.card(&cancelled).await;
    bot.room.press("Ann", &card, "cancel").await;
    bot.room.told(&cancelled, "Nothing was changed").await;

    let late = bot.room.say("Ann", "restart nginx-deployment").await;
    let card = bot.room.card(&late).await;
    let over = crate::support::bot::now() + SignedDuration::from_secs(3);
    while crate::support::bot::now() < over {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    bot.room.press("Ann", &card, "confirm").await;
    bot.room.told(&late, "Expired at").await;

    let (dry, sent) = scene.writes().await;
    assert_eq!((dry.len(), sent.len()), (2, 0), "{sent:#?}");
    assert_eq!(scene.live().await.metadata.generation, Some(1));
    scene.stayed_within_its_role().await;
}

#[tokio::test]
async fn a_change_by_somebody_else_between_card_and_confirm_wins() {
    let scene = Scene::set(Rules::default()).await;
    let bot = scene.bot().await;
    let order = bot.room.say("Ann", "scale nginx-deployment to 0").await;
    let card = bot.room.card(&order).await;
    scene.somebody_else_patches(json!({"spec": {"replicas": 6}})).await;
    bot.room.press("Ann", &card, "confirm").await;
    bot.room.told(&order, "was at 2 when you asked, and it has 6 replicas now").await;

    assert_eq!(replicas(&scene.live().await), Some(6));
    let (_, sent) = scene.writes().await;
    assert!(sent.iter().all(|event| event.code() == Some(422)) && sent.len() <= 1, "{sent:#?}");
    scene.stayed_within_its_role().await;
}

#[tokio::test]
async fn a_bad_tag_is_reported_by_name_and_the_old_pods_continue() {
    let scene = Scene::set(Rules::bad_tag("1.21")).await;
    let bot = scene.bot().await;
    let order = bot.room.say("Ann", "update nginx to 1.21").await;
    let card = bot.room.card(&order).await;
    let confirmed = std::time::Instant::now();
    bot.room.press("Ann", &card, "confirm").await;
    let is_failure = |message: &Value| {
        message["id"] != card["id"] && message["markdown"].as_str().is_some_and(|text| text.contains("Not rolling out"))
    };
    let told = bot.room.reply(&order, "that it fails, in a message of its own", is_failure).await;
    let took = confirmed.elapsed();
    // The deadline of the rollout is ten minutes.
    assert!(took < std::time::Duration::from_secs(30), "{took:?}");

    let text = told["markdown"].as_str().unwrap();
    let cause =
        "Not rolling out: the image `nginx:1.21` cannot be pulled (not found). The 2 old pods are still serving.";
    assert!(text.contains("<@personId:") && text.contains(cause), "{text}");
    let buttons = told["attachments"][0]["content"]["actions"].to_string();
    assert!(buttons.contains("undo") && !buttons.contains("logs"), "{buttons}");
    bot.room.told(&order, "Kubernetes keeps trying, and I keep watching").await;
    assert_eq!(scene.live().await.status.unwrap().available_replicas, Some(2));
    let (_, sent) = scene.writes().await;
    the_patch(&scene, &sent, 200);
    scene.stayed_within_its_role().await;
}

#[tokio::test]
async fn pods_that_a_quota_refuses_are_told_in_seconds_and_so_is_that_they_came_after_all() {
    use k8s_openapi::api::core::v1::ResourceQuota;

    let scene = Scene::set(Rules::default()).await;
    let quotas: Api<ResourceQuota> = Api::namespaced(scene.plane.admin(), &scene.namespace);
    let quota = json!({"metadata": {"name": "small"}, "spec": {"hard": {"pods": "2"}}});
    quotas.create(&PostParams::default(), &serde_json::from_value(quota).unwrap()).await.unwrap();
    let is_counted = |quota: Option<&ResourceQuota>| quota.is_some_and(|quota| quota.status.is_some());
    wait::until(&quotas, "small", "counted", is_counted).await;
    let bot = scene.bot().await;
    let order = bot.room.say("Ann", "bump nginx to 3 please").await;
    let ordered = std::time::Instant::now();
    let told =
        bot.room.told(&order, "Stuck at 2 of 3 ready: the cluster refuses new pods (exceeded quota: small").await;
    let took = ordered.elapsed();
    assert!(took < std::time::Duration::from_secs(30), "{took:?}");
    assert!(told["markdown"].as_str().unwrap().contains("<@personId:"), "{told}");

    quotas.delete("small", &DeleteParams::default()).await.unwrap();
    let done = |message: &Value| {
        let text = message["markdown"].as_str().unwrap_or_default();
        message["id"] != told["id"] && text.contains("Done after all, 3 of 3 ready")
    };
    bot.room.reply(&order, "that it is done after all", done).await;
    let closed = |message: &Value| {
        let actions = message["attachments"][0]["content"]["actions"].as_array();
        let is_told =
            message["markdown"].as_str().is_some_and(|text| text.contains("It was stuck: the cluster refuses"));
        message["id"] == told["id"] && actions.is_some_and(Vec::is_empty) && is_told
    };
    bot.room.reply(&order, "the message about the failure is closed", closed).await;
    scene.stayed_within_its_role().await;
}

#[tokio::test]
async fn a_paused_deployment_is_not_restarted() {
    let scene = Scene::set(Rules::default()).await;
    scene.somebody_else_patches(json!({"spec": {"paused": true}})).await;
    let bot = scene.bot().await;
    let order = bot.room.say("Ann", "restart nginx-deployment").await;
    bot.room.told(&order, "paused").await;
    let (dry, sent) = scene.writes().await;
    assert_eq!((dry.len(), sent.len()), (0, 0));
}

#[tokio::test]
async fn without_patch_in_the_role_the_error_is_reported_and_nothing_changes() {
    let role = shipped("rbac.yaml").replace("verbs: [get, list, watch, patch]", "verbs: [get, list, watch]");
    assert_ne!(role, shipped("rbac.yaml"), "the shipped Role grants patch in the words that this test takes away");
    let scene = Scene::with_role(Rules::default(), &role).await;
    let bot = scene.bot().await;
    let plain = bot.room.say("Ann", "bump nginx to 3 please").await;
    bot.room.told(&plain, "my role there lacks `patch` on `deployments`").await;
    let image_order = bot.room.say("Ann", "update nginx to 1.21").await;
    bot.room.told(&image_order, "my role there lacks `patch` on `deployments`").await;

    let live = scene.live().await;
    assert_eq!((replicas(&live), image(&live), live.metadata.generation), (Some(2), Some("nginx:1.20"), Some(1)));
    let (dry, sent) = scene.writes().await;
    assert_eq!((dry.len(), sent.len()), (0, 0), "what the role lacks is not even tried: {sent:#?}");
}

#[tokio::test]
async fn the_owner_that_will_overrule_a_change_is_read_from_the_real_api_server() {
    use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
    use k8s_openapi::api::policy::v1::PodDisruptionBudget;
    use readback_cluster::Cluster;

    let scene = Scene::set(Rules::default()).await;
    let made = |raw: Value| serde_json::from_value(raw).unwrap();
    let autoscaler: HorizontalPodAutoscaler = made(json!({"metadata": {"name": "nginx"}, "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NGINX}, "minReplicas": 2, "maxReplicas": 4}}));
    let budget: PodDisruptionBudget =
        serde_json::from_value(json!({"metadata": {"name": "nginx"}, "spec": {"minAvailable": 1, "selector": {}}}))
            .unwrap();
    let client = scene.plane.admin();
    Api::namespaced(client.clone(), &scene.namespace).create(&PostParams::default(), &autoscaler).await.unwrap();
    Api::namespaced(client, &scene.namespace).create(&PostParams::default(), &budget).await.unwrap();
    let applied =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NGINX}, "spec": {"replicas": 2}});
    let params = PatchParams::apply("argocd-controller").force();
    scene.deployments.patch(NGINX, &params, &Patch::Apply(applied)).await.unwrap();

    let cluster = Cluster::connect(on_plane(scene.plane, &scene.account, &scene.namespace)).await.unwrap();
    let live = cluster.list(None).await.unwrap().into_iter().find(|live| live.object().name.as_str() == NGINX).unwrap();
    let around = cluster.surroundings(&live).await;
    assert_eq!(
        around.autoscaler.map(|one| (one.name, one.min, one.max, one.keda)),
        Some(("nginx".to_owned(), 2, 4, false))
    );
    assert_eq!(around.budgets.iter().map(|one| one.min_available).collect::<Vec<_>>(), [Some(1)]);
    assert!(around.unknown.is_empty(), "{:?}", around.unknown);
    assert_eq!(live.owners().replicas.as_deref(), Some("argocd-controller"));
    // An update by another manager takes the field over: then nobody reverts it.
    scene.somebody_else_patches(json!({"spec": {"replicas": 3}})).await;
    let live = cluster.read(live.object()).await.unwrap().unwrap();
    assert_eq!(live.owners().replicas, None);
    scene.stayed_within_its_role().await;
}
