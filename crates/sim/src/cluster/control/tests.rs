use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    super::{
        Seed,
        admit::Wanted,
        failure::Failure,
        kind::Kind,
        patch::Patch,
        store::{items, name_of, number, replicas, text},
        write::{self, Options},
    },
    Cluster, MOST_PODS, condition,
    rollout::{Size, Strategy},
};

/// A cluster and its clock.
struct World {
    cluster: Cluster,
    now: Timestamp,
}

impl World {
    fn demo() -> Self {
        let now = "2026-01-20T12:00:00Z".parse().unwrap();
        Self { cluster: Seed::demo().grow(now).unwrap(), now }
    }

    fn patch(&mut self, place: (&str, &str), patch: Value) -> Value {
        self.try_patch(place, patch).unwrap()
    }

    fn try_patch(&mut self, place: (&str, &str), patch: Value) -> Result<Value, Failure> {
        let options = Options::of("test", self.now);
        let patch = Patch::Strategic(patch);
        write::change(&mut self.cluster.store, Kind::Deployment, place, &options, |now| {
            patch.apply(now).map(Wanted::Patched)
        })
    }

    fn image(&mut self, place: (&str, &str), container: &str, image: &str) {
        let containers = json!([{ "name": container, "image": image }]);
        self.patch(place, json!({ "spec": { "template": { "spec": { "containers": containers } } } }));
    }

    /// Runs for so many milliseconds, looking at the Deployment after each step.
    fn run(&mut self, millis: i64, mut look: impl FnMut(&Cluster)) {
        for _ in 0..millis / 100 {
            self.now += SignedDuration::from_millis(100);
            self.cluster.step(self.now);
            look(&self.cluster);
        }
    }

    fn get(&self, (namespace, name): (&str, &str)) -> Value {
        (**self.cluster.store.get(Kind::Deployment, namespace, name).unwrap()).clone()
    }

    fn sets(&self, place: (&str, &str)) -> Vec<Value> {
        self.cluster.owned(Kind::ReplicaSet, &self.get(place)).iter().map(|set| (**set).clone()).collect()
    }

    fn waiting(&self, namespace: &str) -> Vec<String> {
        let pods = self.cluster.store.list(Kind::Pod, Some(namespace));
        let reasons = pods.map(|pod| text(pod, "/status/containerStatuses/0/state/waiting/reason").to_owned());
        reasons.filter(|reason| !reason.is_empty()).collect()
    }
}

const NGINX: (&str, &str) = ("default", "nginx-deployment");
const CHECKOUT: (&str, &str) = ("staging", "checkout-service");

fn is_done(deployment: &Value) -> bool {
    let wanted = replicas(deployment);
    number(deployment, "/status/observedGeneration") == number(deployment, "/metadata/generation")
        && ["updatedReplicas", "replicas", "availableReplicas"]
            .iter()
            .all(|field| number(deployment, &format!("/status/{field}")) == wanted)
}

#[test]
fn the_demo_starts_settled_with_a_dozen_deployments_in_three_namespaces() {
    let mut world = World::demo();
    let revision = world.cluster.store.revision();
    assert_eq!(world.cluster.store.list(Kind::Namespace, None).count(), 3);
    assert_eq!(world.cluster.store.list(Kind::Deployment, None).count(), 12);
    for deployment in world.cluster.store.list(Kind::Deployment, None) {
        assert!(is_done(deployment), "{deployment}");
        assert_eq!(condition(deployment, "Progressing")["reason"], "NewReplicaSetAvailable");
        assert_eq!(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    }
    world.run(5_000, |_| {});
    assert_eq!(world.cluster.store.revision(), revision, "nothing is written while nothing happens");
    assert!(!world.cluster.step(world.now), "nothing is under way");
}

#[test]
fn scaling_takes_a_second_and_makes_no_revision() {
    let mut world = World::demo();
    world.patch(NGINX, json!({ "spec": { "replicas": 3 } }));
    world.run(300, |_| {});
    let halfway = world.get(NGINX);
    assert_eq!((number(&halfway, "/status/replicas"), number(&halfway, "/status/readyReplicas")), (3, 2));
    assert_eq!(condition(&halfway, "Progressing")["reason"], "NewReplicaSetAvailable");
    world.run(2_000, |_| {});
    assert!(is_done(&world.get(NGINX)));
    assert_eq!(world.sets(NGINX).len(), 1);
    world.patch(NGINX, json!({ "spec": { "replicas": 0 } }));
    world.run(2_000, |_| {});
    let none = world.get(NGINX);
    assert!(is_done(&none) && none["status"].get("replicas").is_none(), "{none}");
}

#[test]
fn a_rolling_update_keeps_its_limits_and_ends_with_the_old_set_kept_empty() {
    let mut world = World::demo();
    world.image(CHECKOUT, "checkout", "checkout:2.3.1");
    let (mut fewest, mut most, mut steps) = (i64::MAX, 0, 0);
    let mut last = Value::Null;
    world.run(8_000, |cluster| {
        let live = cluster.store.get(Kind::Deployment, CHECKOUT.0, CHECKOUT.1).unwrap();
        fewest = fewest.min(number(live, "/status/availableReplicas"));
        most = most.max(number(live, "/status/replicas"));
        steps += usize::from(live["status"] != last);
        last = live["status"].clone();
    });
    assert!(fewest >= 3 && most <= 5, "between {fewest} available and {most} in all");
    assert!(steps >= 5, "{steps} visible steps");
    let done = world.get(CHECKOUT);
    assert!(is_done(&done), "{done}");
    assert_eq!(condition(&done, "Progressing")["reason"], "NewReplicaSetAvailable");
    assert_eq!(done["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    let mut sets = world.sets(CHECKOUT);
    sets.sort_by_key(replicas);
    assert_eq!(sets.iter().map(replicas).collect::<Vec<_>>(), [0, 4]);
    assert_eq!(sets[0]["spec"]["template"]["spec"]["containers"][0]["image"], "checkout:2.3");
}

#[test]
fn a_bad_tag_is_named_on_the_pod_then_misses_its_deadline_and_the_way_back_works() {
    let mut world = World::demo();
    world.image(CHECKOUT, "checkout", "checkout:2.4");
    world.run(1_500, |_| {});
    assert_eq!(world.waiting("staging"), ["ErrImagePull", "ErrImagePull"]);
    let events: Vec<_> = world.cluster.store.list(Kind::Event, Some("staging")).cloned().collect();
    let failed = events.iter().find(|event| event["reason"] == "Failed").unwrap();
    assert_eq!(failed["message"], "failed to pull image \"checkout:2.4\": not found");
    assert_eq!((&failed["type"], &failed["involvedObject"]["kind"]), (&json!("Warning"), &json!("Pod")));
    world.run(4_000, |_| {});
    assert_eq!(world.waiting("staging"), ["ImagePullBackOff", "ImagePullBackOff"]);
    let stuck = world.get(CHECKOUT);
    assert_eq!(number(&stuck, "/status/availableReplicas"), 3, "the old pods keep serving");
    assert_eq!(condition(&stuck, "Available")["status"], "True");
    assert_eq!(condition(&stuck, "Progressing")["reason"], "ReplicaSetUpdated");
    world.now += SignedDuration::from_secs(30);
    world.run(200, |_| {});
    assert_eq!(condition(&world.get(CHECKOUT), "Progressing")["reason"], "ProgressDeadlineExceeded");
    assert!(!world.cluster.step(world.now), "a failed rollout stays as it is");

    world.image(CHECKOUT, "checkout", "checkout:2.3");
    world.run(100, |_| {});
    assert_ne!(condition(&world.get(CHECKOUT), "Progressing")["reason"], "ProgressDeadlineExceeded");
    world.run(5_000, |_| {});
    let back = world.get(CHECKOUT);
    assert!(is_done(&back), "{back}");
    assert_eq!(back["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
    assert_eq!(world.sets(CHECKOUT).len(), 2, "the first set is used again");
    assert_eq!(world.waiting("staging"), Vec::<String>::new());
}

#[test]
fn a_paused_deployment_queues_its_template_but_scales() {
    let mut world = World::demo();
    world.patch(NGINX, json!({ "spec": { "paused": true } }));
    world.image(NGINX, "nginx", "nginx:1.21");
    world.patch(NGINX, json!({ "spec": { "replicas": 4 } }));
    world.run(4_000, |_| {});
    let paused = world.get(NGINX);
    assert_eq!(world.sets(NGINX).len(), 1);
    assert_eq!((number(&paused, "/status/readyReplicas"), number(&paused, "/status/updatedReplicas")), (4, 0));
    assert_eq!(condition(&paused, "Progressing")["reason"], "DeploymentPaused");
    world.now += SignedDuration::from_hours(1);
    world.patch(NGINX, json!({ "spec": { "paused": null } }));
    world.run(6_000, |cluster| {
        let live = cluster.store.get(Kind::Deployment, NGINX.0, NGINX.1).unwrap();
        assert_ne!(condition(live, "Progressing")["reason"], "ProgressDeadlineExceeded");
    });
    assert!(is_done(&world.get(NGINX)));
    assert_eq!(world.sets(NGINX).len(), 2);
}

#[test]
fn a_restart_replaces_every_pod_and_recreate_ends_all_before_it_begins() {
    let mut world = World::demo();
    let names = |world: &World| {
        let pods = world.cluster.store.list(Kind::Pod, Some("default"));
        let names = pods.map(|pod| name_of(pod).to_owned());
        names.filter(|name| name.starts_with("nginx")).collect::<Vec<_>>()
    };
    let before = names(&world);
    let restart = |at: &str| json!({ "spec": { "template": { "metadata": { "annotations": { "kubectl.kubernetes.io/restartedAt": at } } } } });
    world.patch(NGINX, restart("2026-01-20T12:00:00Z"));
    world.run(6_000, |_| {});
    let after = names(&world);
    assert_eq!(after.len(), 2);
    assert!(before.iter().all(|name| !after.contains(name)), "{before:?} {after:?}");

    world.patch(NGINX, json!({ "spec": { "strategy": { "type": "Recreate", "rollingUpdate": null } } }));
    world.patch(NGINX, restart("2026-01-20T12:10:00Z"));
    let mut fewest = usize::MAX;
    world.run(6_000, |cluster| {
        let pods = cluster.store.list(Kind::Pod, Some("default")).filter(|pod| name_of(pod).starts_with("nginx"));
        fewest = fewest.min(pods.count());
    });
    assert_eq!(fewest, 0);
    assert!(is_done(&world.get(NGINX)));
}

#[test]
fn a_deleted_deployment_takes_its_sets_and_pods_along() {
    let mut world = World::demo();
    let options = Options::of("test", world.now);
    write::delete(&mut world.cluster.store, Kind::Deployment, NGINX, &json!({}), &options).unwrap();
    world.run(2_000, |_| {});
    for kind in [Kind::ReplicaSet, Kind::Pod] {
        assert!(world.cluster.store.list(kind, None).all(|object| !name_of(object).starts_with("nginx")), "{kind:?}");
    }
}

#[test]
fn more_pods_than_fit_are_not_made_the_deployment_says_why_and_events_are_bounded() {
    let mut world = World::demo();
    world.patch(NGINX, json!({ "spec": { "replicas": i32::MAX } }));
    world.run(1_600, |_| {});
    assert_eq!(world.cluster.store.list(Kind::Pod, Some("default")).count(), MOST_PODS);
    let full = world.get(NGINX);
    let failure = condition(&full, "ReplicaFailure");
    assert!(text(failure, "/message").contains("exceeded quota"), "{full}");
    world.patch(NGINX, json!({ "spec": { "replicas": 2 } }));
    world.run(1_200, |_| {});
    assert!(is_done(&world.get(NGINX)));
    assert!(condition(&world.get(NGINX), "ReplicaFailure").is_null());
    assert_eq!(world.cluster.store.list(Kind::Event, None).count(), super::MOST_EVENTS);
}

#[test]
fn old_sets_are_kept_as_long_as_the_history_limit_says() {
    let mut world = World::demo();
    world.patch(NGINX, json!({ "spec": { "revisionHistoryLimit": 2 } }));
    for n in 0..20 {
        world.image(NGINX, "nginx", &format!("nginx:1.{n}"));
        world.run(300, |_| {});
    }
    world.run(6_000, |_| {});
    assert!(is_done(&world.get(NGINX)));
    assert_eq!(world.sets(NGINX).len(), 3);
}

#[test]
fn a_sidecar_counts_as_a_container_of_its_pod() {
    let mut world = World::demo();
    let payments = ("default", "payments-api");
    world.image(payments, "envoy", "envoyproxy/envoy:broken");
    world.run(5_000, |_| {});
    let pods = world.cluster.store.list(Kind::Pod, Some("default")).filter(|pod| name_of(pod).starts_with("payments"));
    let stuck: Vec<_> = pods.filter(|pod| pod["status"]["phase"] == "Pending").collect();
    assert_eq!(stuck.len(), 1);
    let ready: Vec<_> = items(stuck[0], "/status/containerStatuses").iter().map(|status| &status["ready"]).collect();
    assert_eq!(ready, [true, false]);
}

#[test]
fn sizes_never_break_the_limits_of_the_strategy() {
    use proptest::prelude::{Strategy as _, any, prop, prop_assert, prop_assert_eq, proptest};
    let size = (0..20_i64, 0..20_i64, 0..20_i64).prop_map(|(wanted, available, existing)| Size {
        wanted,
        available: available.min(wanted),
        existing,
    });
    let strategy = (0..20_i64, 0..5_i64, 0..5_i64, any::<bool>(), any::<bool>()).prop_map(
        |(replicas, surge, unavailable, recreate, paused)| Strategy { replicas, surge, unavailable, recreate, paused },
    );
    proptest!(|(strategy in strategy, new in prop::option::of(size.clone()), old in prop::collection::vec(size, 0..4))| {
        let (to, old_to) = strategy.next(new, &old);
        prop_assert_eq!(old.len(), old_to.len());
        prop_assert_eq!(to.is_some(), new.is_some());
        prop_assert!(to.unwrap_or(0) >= 0 && old_to.iter().all(|size| *size >= 0));
        if let (Some(new), Some(to), false, false) = (new, to, strategy.paused, strategy.recreate) {
            let total = new.wanted + old.iter().map(|size| size.wanted).sum::<i64>();
            let total_to = to + old_to.iter().sum::<i64>();
            prop_assert!(total_to <= total.max(strategy.replicas + strategy.surge));
            let available = new.available + old.iter().map(|size| size.available).sum::<i64>();
            let kept = new.available + old.iter().zip(&old_to).map(|(size, to)| size.available.min(*to)).sum::<i64>();
            prop_assert!(kept >= available.min(strategy.replicas - strategy.unavailable));
        }
    });
}
