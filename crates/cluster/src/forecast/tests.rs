use serde_json::{Value, json};

use super::*;
use crate::{Budget, stand_in::live_of};

fn web(change: impl FnOnce(&mut Value)) -> Live {
    let mut raw = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "uid": "u1", "generation": 3},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
                 "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1.20"}]}}},
        "status": {"observedGeneration": 3, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3},
    });
    change(&mut raw);
    live_of(&raw)
}

fn applied_by(manager: &str) -> Live {
    web(|raw| {
        raw["metadata"]["managedFields"] = json!([{"manager": manager, "operation": "Apply", "fieldsV1": {
            "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {"f:image": {}}}}}}}}]);
    })
}

fn scaler(keda: bool) -> Surroundings {
    let name = if keda { "keda-hpa-web" } else { "web" };
    Surroundings {
        autoscaler: Some(Autoscaler { name: name.into(), min: 4, max: 10, keda }),
        ..Surroundings::default()
    }
}

fn scale(live: &Live, to: u32, around: &Surroundings) -> Forecast {
    forecast(live, &Intended::Scale { to }, around)
}

fn picture(container: &str, before: &str, after: &str) -> Intended {
    Intended::Image { container: container.into(), before: before.into(), after: after.into() }
}

fn image(live: &Live, before: &str, after: &str) -> Vec<String> {
    forecast(live, &picture("web", before, after), &Surroundings::default()).notes
}

#[test]
fn nothing_is_said_where_nothing_is_to_be_said() {
    assert_eq!(scale(&web(|_| {}), 5, &Surroundings::default()), Forecast::default());
    assert!(image(&web(|_| {}), "web:1.20", "web:1.21").is_empty());
    assert_eq!(forecast(&web(|_| {}), &Intended::Restart, &scaler(false)), Forecast::default());
}

#[test]
fn an_autoscaler_overrules() {
    let live = web(|_| {});
    let says = |to, around: &Surroundings| scale(&live, to, around).overruled.expect("overruled");
    assert_eq!(says(3, &scaler(false)), "The autoscaler `web` keeps it between 4 and 10: it will raise 3 to 4.");
    assert_eq!(says(12, &scaler(false)), "The autoscaler `web` keeps it between 4 and 10: it will lower 12 to 10.");
    assert_eq!(says(5, &scaler(false)), "The autoscaler `web` decides between 4 and 10, so 5 may not last.");
    assert_eq!(
        says(0, &scaler(false)),
        "With 0 replicas the autoscaler `web` stops, and does not start again by itself."
    );
    assert_eq!(says(0, &scaler(true)), "The KEDA autoscaler `keda-hpa-web` starts it again when its trigger fires.");
    let off = web(|raw| raw["spec"]["replicas"] = json!(0));
    let on = scale(&off, 5, &scaler(false)).overruled.expect("overruled");
    assert_eq!(on, "The autoscaler `web` starts again with that, and decides between 4 and 10.");
}

#[test]
fn who_keeps_the_field_in_git_puts_it_back() {
    let argo = scale(&applied_by("argocd-controller"), 5, &Surroundings::default());
    assert_eq!(
        argo.overruled.as_deref(),
        Some("Argo CD keeps this number of replicas and will put it back: change it in Git.")
    );
    assert_eq!(argo.gitops.as_deref(), Some("Argo CD"));
    let live = applied_by("kustomize-controller");
    let flux = forecast(&live, &picture("web", "web:1", "web:2"), &Surroundings::default());
    assert_eq!(flux.gitops.as_deref(), Some("Flux"));
    let other = forecast(&live, &picture("proxy", "p:1", "p:2"), &Surroundings::default());
    assert_eq!(other, Forecast::default(), "another container");
    let hand = scale(&applied_by("kubectl"), 5, &Surroundings::default());
    assert_eq!((hand.overruled, hand.gitops), (None, None));
    assert_eq!(hand.notes, ["`kubectl` applies this number of replicas; when it applies again, it puts it back."]);
    let owned =
        web(|raw| raw["metadata"]["ownerReferences"] = json!([{"kind": "Rollout", "name": "web", "controller": true}]));
    assert_eq!(
        scale(&owned, 5, &Surroundings::default()).overruled.as_deref(),
        Some("It belongs to Rollout web, which may put it back.")
    );
}

#[test]
fn budgets_and_what_could_not_be_seen() {
    let live = web(|_| {});
    let around = Surroundings {
        budgets: vec![
            Budget { name: "web".into(), min_available: Some(2) },
            Budget { name: "x".into(), min_available: None },
        ],
        unknown: vec![("autoscalers", "The role may not list them.".into())],
        ..Surroundings::default()
    };
    assert_eq!(
        scale(&live, 1, &around).notes,
        [
            "The disruption budget `web` wants 2 available: with 1, no node with one of its pods can be drained.",
            "I could not look at autoscalers (The role may not list them), so I cannot say what they will make of it.",
        ]
    );
    assert_eq!(scale(&live, 2, &around).notes.len(), 2, "at the minimum nothing can be evicted either");
    for quiet in [0, 3, 5] {
        assert_eq!(scale(&live, quiet, &around).notes.len(), 1, "{quiet}");
    }
}

#[test]
fn images_by_what_they_are() {
    let live = web(|_| {});
    assert_eq!(image(&live, "web:1.20", "web:1.19"), ["The tag `1.19` is older than `1.20`."]);
    assert_eq!(image(&live, "web:v2.0.0", "web:v1.9"), ["The tag `v1.9` is older than `v2.0.0`."]);
    for quiet in [
        ("web:1.20", "web:1.20.1"),
        ("web:2024", "web:7"),
        ("web:abc", "web:1.0"),
        ("web:1.2-rc1", "web:1.1"),
        ("web:1.20.1", "web:1.20"),
    ] {
        assert!(image(&live, quiet.0, quiet.1).is_empty(), "{quiet:?}");
    }
    assert!(image(&live, "web:1", "web:latest")[0].starts_with("`latest` is"));
    assert!(image(&live, "web:1", "web")[0].starts_with("`latest` is"));
    assert_eq!(image(&live, "web:1", "reg.example.com/web:1"), ["Another repository than now: `web`."]);
    let digest = format!("web@sha256:{}", "a".repeat(64));
    assert_eq!(image(&live, &digest, "web:1.2"), ["It was pinned to a digest; the tag is not."]);
}

#[test]
fn the_state_of_the_deployment() {
    let restart = |live: &Live| forecast(live, &Intended::Restart, &Surroundings::default()).notes;
    let rolling = web(|raw| raw["status"]["updatedReplicas"] = json!(1));
    let starting = web(|raw| raw["status"]["availableReplicas"] = json!(2));
    assert_eq!(restart(&starting), ["3 of 3 are ready now."]);
    assert_eq!(restart(&rolling), ["A rollout is under way, 1 of 3 updated; this starts another."]);
    assert_eq!(
        restart(&web(|raw| raw["spec"]["paused"] = json!(true)))[0],
        "It is paused: nothing rolls out until somebody resumes it."
    );
    assert_eq!(
        restart(&web(|raw| raw["spec"]["revisionHistoryLimit"] = json!(0))),
        ["No earlier revision is kept: it could not be rolled back."]
    );
    assert_eq!(
        restart(&web(|raw| raw["spec"]["strategy"] = json!({"type": "Recreate"}))),
        ["All pods stop before the new ones start."]
    );
}
