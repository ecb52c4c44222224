use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    super::{
        failure::Failure,
        kind::Kind,
        patch::Patch,
        seed::Seed,
        state::{Cluster, MOST_EVENTS, MOST_PODS, condition},
        store::{items, name_of, number, replicas, text},
        write::{self, Options},
    },
    strategy::{Size, Strategy},
};

/// A cluster and its clock.
struct Demo {
    cluster: Cluster,
    now: Timestamp,
}

impl Demo {
    fn start() -> Self {
        let now = "2026-01-20T12:00:00Z".parse().unwrap();
        Self { cluster: Seed::demo().build(now).unwrap(), now }
    }

    fn patch(&mut self, place: (&str, &str), patch: Value) -> Value {
        self.try_patch(place, patch).unwrap()
    }

    fn try_patch(&mut self, place: (&str, &str), patch: Value) -> Result<Value, Failure> {
        let options = Options::of("test", self.now);
        let patch = Patch::Strategic(patch);
        write::change(&mut self.cluster.store, Kind::Deployment, place, &options, |now| patch.apply(now))
    }

    fn image(&mut self, place: (&str, &str), container: &str, image: &str) {
        let containers = json!([{ "name": container, "image": image }]);
        self.patch(place, json!({ "spec": { "template": { "spec": { "containers": containers } } } }));
    }

    /// Runs for `millis` milliseconds, calling `look` after each step.
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
    let mut demo = Demo::start();
    let revision = demo.cluster.store.revision();
    assert_eq!(demo.cluster.store.list(Kind::Namespace, None).count(), 3);
    assert_eq!(demo.cluster.store.list(Kind::Deployment, None).count(), 12);
    for deployment in demo.cluster.store.list(Kind::Deployment, None) {
        assert!(is_done(deployment), "{deployment}");
        assert_eq!(condition(deployment, "Progressing")["reason"], "NewReplicaSetAvailable");
        assert_eq!(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    }
    demo.run(5_000, |_| {});
    assert_eq!(demo.cluster.store.revision(), revision, "nothing is written while nothing happens");
    assert!(!demo.cluster.step(demo.now), "nothing is in progress");
}

#[test]
fn scaling_takes_a_second_and_creates_no_revision() {
    let mut demo = Demo::start();
    demo.patch(NGINX, json!({ "spec": { "replicas": 3 } }));
    demo.run(300, |_| {});
    let halfway = demo.get(NGINX);
    assert_eq!((number(&halfway, "/status/replicas"), number(&halfway, "/status/readyReplicas")), (3, 2));
    assert_eq!(condition(&halfway, "Progressing")["reason"], "NewReplicaSetAvailable");
    demo.run(2_000, |_| {});
    assert!(is_done(&demo.get(NGINX)));
    assert_eq!(demo.sets(NGINX).len(), 1);
    demo.patch(NGINX, json!({ "spec": { "replicas": 0 } }));
    demo.run(2_000, |_| {});
    let none = demo.get(NGINX);
    assert!(is_done(&none) && none["status"].get("replicas").is_none(), "{none}");
}

#[test]
fn a_rolling_update_keeps_its_limits_and_ends_with_the_old_set_kept_empty() {
    let mut demo = Demo::start();
    demo.image(CHECKOUT, "checkout", "checkout:2.3.1");
    let (mut fewest, mut most, mut steps) = (i64::MAX, 0, 0);
    let mut last = Value::Null;
    demo.run(8_000, |cluster| {
        let live = cluster.store.get(Kind::Deployment, CHECKOUT.0, CHECKOUT.1).unwrap();
        fewest = fewest.min(number(live, "/status/availableReplicas"));
        most = most.max(number(live, "/status/replicas"));
        steps += usize::from(live["status"] != last);
        last = live["status"].clone();
    });
    assert!(fewest >= 3 && most <= 5, "at least {fewest} available and at most {most} in all");
    assert!(steps >= 5, "{steps} visible steps");
    let done = demo.get(CHECKOUT);
    assert!(is_done(&done), "{done}");
    assert_eq!(condition(&done, "Progressing")["reason"], "NewReplicaSetAvailable");
    assert_eq!(done["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    let mut sets = demo.sets(CHECKOUT);
    sets.sort_by_key(replicas);
    assert_eq!(sets.iter().map(replicas).collect::<Vec<_>>(), [0, 4]);
    assert_eq!(sets[0]["spec"]["template"]["spec"]["containers"][0]["image"], "checkout:2.3");
}

#[test]
fn a_bad_tag_is_reported_on_the_pod_then_misses_its_deadline_and_a_rollback_works() {
    let mut demo = Demo::start();
    demo.image(CHECKOUT, "checkout", "checkout:2.4");
    demo.run(1_500, |_| {});
    assert_eq!(demo.waiting("staging"), ["ErrImagePull", "ErrImagePull"]);
    let events: Vec<_> = demo.cluster.store.list(Kind::Event, Some("staging")).cloned().collect();
    let failed = events.iter().find(|event| event["reason"] == "Failed").unwrap();
    assert_eq!(failed["message"], "failed to pull image \"checkout:2.4\": not found");
    assert_eq!((&failed["type"], &failed["involvedObject"]["kind"]), (&json!("Warning"), &json!("Pod")));
    demo.run(4_000, |_| {});
    assert_eq!(demo.waiting("staging"), ["ImagePullBackOff", "ImagePullBackOff"]);
    let stuck = demo.get(CHECKOUT);
    assert_eq!(number(&stuck, "/status/availableReplicas"), 3, "the old pods keep serving");
    assert_eq!(condition(&stuck, "Available")["status"], "True");
    assert_eq!(condition(&stuck, "Progressing")["reason"], "ReplicaSetUpdated");
    demo.now += SignedDuration::from_secs(30);
    demo.run(200, |_| {});
    assert_eq!(condition(&demo.get(CHECKOUT), "Progressing")["reason"], "ProgressDeadlineExceeded");
    assert!(!demo.cluster.step(demo.now), "a failed rollout stays as it is");

    demo.image(CHECKOUT, "checkout", "checkout:2.3");
    demo.run(100, |_| {});
    assert_ne!(condition(&demo.get(CHECKOUT), "Progressing")["reason"], "ProgressDeadlineExceeded");
    demo.run(5_000, |_| {});
    let back = demo.get(CHECKOUT);
    assert!(is_done(&back), "{back}");
    assert_eq!(back["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
    assert_eq!(demo.sets(CHECKOUT).len(), 2, "the first set is used again");
    assert_eq!(demo.waiting("staging"), Vec::<String>::new());
}

#[test]
fn a_paused_deployment_defers_its_template_but_scales() {
    let mut demo = Demo::start();
    demo.patch(NGINX, json!({ "spec": { "paused": true } }));
    demo.image(NGINX, "nginx", "nginx:1.21");
    demo.patch(NGINX, json!({ "spec": { "replicas": 4 } }));
    demo.run(4_000, |_| {});
    let paused = demo.get(NGINX);
    assert_eq!(demo.sets(NGINX).len(), 1);
    assert_eq!((number(&paused, "/status/readyReplicas"), number(&paused, "/status/updatedReplicas")), (4, 0));
    assert_eq!(condition(&paused, "Progressing")["reason"], "DeploymentPaused");
    demo.now += SignedDuration::from_hours(1);
    demo.patch(NGINX, json!({ "spec": { "paused": null } }));
    demo.run(6_000, |cluster| {
        let live = cluster.store.get(Kind::Deployment, NGINX.0, NGINX.1).unwrap();
        assert_ne!(condition(live, "Progressing")["reason"], "ProgressDeadlineExceeded");
    });
    assert!(is_done(&demo.get(NGINX)));
    assert_eq!(demo.sets(NGINX).len(), 2);
}

#[test]
fn a_restart_replaces_every_pod_and_recreate_ends_all_before_it_starts_new_ones() {
    let mut demo = Demo::start();
    let names = |demo: &Demo| {
        let pods = demo.cluster.store.list(Kind::Pod, Some("default"));
        let names = pods.map(|pod| name_of(pod).to_owned());
        names.filter(|name| name.starts_with("nginx")).collect::<Vec<_>>()
    };
    let before = names(&demo);
    let restart = |at: &str| json!({ "spec": { "template": { "metadata": { "annotations": { "kubectl.kubernetes.io/restartedAt": at } } } } });
    demo.patch(NGINX, restart("2026-01-20T12:00:00Z"));
    demo.run(6_000, |_| {});
    let after = names(&demo);
    assert_eq!(after.len(), 2);
    assert!(before.iter().all(|name| !after.contains(name)), "{before:?} {after:?}");

    demo.patch(NGINX, json!({ "spec": { "strategy": { "type": "Recreate", "rollingUpdate": null } } }));
    demo.patch(NGINX, restart("2026-01-20T12:10:00Z"));
    let mut fewest = usize::MAX;
    demo.run(6_000, |cluster| {
        let pods = cluster.store.list(Kind::Pod, Some("default")).filter(|pod| name_of(pod).starts_with("nginx"));
        fewest = fewest.min(pods.count());
    });
    assert_eq!(fewest, 0);
    assert!(is_done(&demo.get(NGINX)));
}

#[test]
fn deleting_a_deployment_deletes_its_sets_and_pods() {
    let mut demo = Demo::start();
    let options = Options::of("test", demo.now);
    write::delete(&mut demo.cluster.store, Kind::Deployment, NGINX, &json!({}), &options).unwrap();
    demo.run(2_000, |_| {});
    for kind in [Kind::ReplicaSet, Kind::Pod] {
        assert!(demo.cluster.store.list(kind, None).all(|object| !name_of(object).starts_with("nginx")), "{kind:?}");
    }
}

#[test]
fn pods_beyond_the_quota_are_not_created_the_deployment_reports_it_and_events_are_bounded() {
    let mut demo = Demo::start();
    demo.patch(NGINX, json!({ "spec": { "replicas": i32::MAX } }));
    demo.run(1_600, |_| {});
    assert_eq!(demo.cluster.store.list(Kind::Pod, Some("default")).count(), MOST_PODS);
    let full = demo.get(NGINX);
    let failure = condition(&full, "ReplicaFailure");
    assert!(text(failure, "/message").contains("exceeded quota"), "{full}");
    demo.patch(NGINX, json!({ "spec": { "replicas": 2 } }));
    demo.run(1_200, |_| {});
    assert!(is_done(&demo.get(NGINX)));
    assert!(condition(&demo.get(NGINX), "ReplicaFailure").is_null());
    assert_eq!(demo.cluster.store.list(Kind::Event, None).count(), MOST_EVENTS);
}

#[test]
fn old_sets_are_kept_up_to_the_history_limit() {
    let mut demo = Demo::start();
    demo.patch(NGINX, json!({ "spec": { "revisionHistoryLimit": 2 } }));
    for n in 0..20 {
        demo.image(NGINX, "nginx", &format!("nginx:1.{n}"));
        demo.run(300, |_| {});
    }
    demo.run(6_000, |_| {});
    assert!(is_done(&demo.get(NGINX)));
    assert_eq!(demo.sets(NGINX).len(), 3);
}

#[test]
fn a_pull_is_seen_to_fail_before_the_pod_backs_off_however_late_one_looks() {
    let mut demo = Demo::start();
    demo.image(CHECKOUT, "checkout", "checkout:2.4");
    demo.run(100, |_| {});
    for backs_off in [false, true] {
        demo.now += SignedDuration::from_secs(10);
        demo.cluster.step(demo.now);
        let waiting = demo.waiting("staging");
        assert_eq!(waiting.contains(&"ImagePullBackOff".to_owned()), backs_off, "{waiting:?}");
        assert!(backs_off || waiting.contains(&"ErrImagePull".to_owned()), "{waiting:?}");
    }
}

#[test]
fn a_container_that_crashes_reports_it_and_keeps_crashing() {
    let mut demo = Demo::start();
    demo.image(("default", "redis-cache"), "redis", "redis:crash");
    demo.run(5_000, |_| {});
    let status = |demo: &Demo| {
        let mut pods = demo.cluster.store.list(Kind::Pod, Some("default"));
        let crashed = pods.find(|pod| text(pod, "/spec/containers/0/image") == "redis:crash").unwrap();
        (crashed["status"]["phase"].clone(), items(crashed, "/status/containerStatuses")[0].clone())
    };
    let (phase, container) = status(&demo);
    assert_eq!((&phase, &container["restartCount"]), (&json!("Running"), &json!(1)));
    assert_eq!(container["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert_eq!(container["lastState"]["terminated"]["exitCode"], 1);
    demo.run(5_000, |_| {});
    assert_eq!(status(&demo).1, container);
}

#[test]
fn sizes_never_exceed_the_limits_of_the_strategy() {
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
