use serde_json::{Value, json};

use super::*;
use crate::{Budget, stand_in::live_of};
use readback_core::change::{CallError, Surrounding};

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

fn image(live: &Live, before: &str, after: &str) -> Vec<Note> {
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
    let autoscaled = |from, to, keda: bool| {
        let name = if keda { "keda-hpa-web" } else { "web" };
        Autoscaled { name: name.into(), keda, min: 4, max: 10, from, to }
    };
    let live = web(|_| {});
    let off = web(|raw| raw["spec"]["replicas"] = json!(0));
    for (live, from, to, keda) in
        [(&live, 3, 3, false), (&live, 3, 12, false), (&live, 3, 0, true), (&off, 0, 5, false)]
    {
        let seen = scale(live, to, &scaler(keda));
        assert_eq!(seen.overruled, Some(Overruled::Autoscaler(autoscaled(from, to, keda))));
    }
    let both = scale(&applied_by("argocd-controller"), 5, &scaler(false));
    assert_eq!(both.notes, [Note::Autoscaled(autoscaled(3, 5, false))], "what Git says comes first");
}

#[test]
fn who_keeps_the_field_in_git_puts_it_back() {
    let argo = scale(&applied_by("argocd-controller"), 5, &Surroundings::default());
    assert_eq!(argo.overruled, Some(Overruled::Git { tool: "Argo CD".into(), field: OwnedField::Replicas }));
    assert_eq!(argo.gitops.as_deref(), Some("Argo CD"));
    let live = applied_by("kustomize-controller");
    let flux = forecast(&live, &picture("web", "web:1", "web:2"), &Surroundings::default());
    assert_eq!(flux.gitops.as_deref(), Some("Flux"));
    let other = forecast(&live, &picture("proxy", "p:1", "p:2"), &Surroundings::default());
    assert_eq!(other, Forecast::default(), "another container");
    let hand = scale(&applied_by("kubectl"), 5, &Surroundings::default());
    assert_eq!((hand.overruled, hand.gitops), (None, None));
    assert_eq!(hand.notes, [Note::Applied { tool: "`kubectl`".into(), field: OwnedField::Replicas }]);
    let owned =
        web(|raw| raw["metadata"]["ownerReferences"] = json!([{"kind": "Rollout", "name": "web", "controller": true}]));
    let belongs = Overruled::Controller { owner: "Rollout web".into() };
    assert_eq!(scale(&owned, 5, &Surroundings::default()).overruled, Some(belongs));
}

#[test]
fn budgets_and_what_could_not_be_seen() {
    let live = web(|_| {});
    let around = Surroundings {
        budgets: vec![
            Budget { name: "web".into(), min_available: Some(2) },
            Budget { name: "x".into(), min_available: None },
        ],
        unknown: vec![(Surrounding::Autoscalers, CallError::CutShort)],
        ..Surroundings::default()
    };
    assert_eq!(
        scale(&live, 1, &around).notes,
        [
            Note::Budget { name: "web".into(), wanted: 2, replicas: 1 },
            Note::NotLookedAt { what: Surrounding::Autoscalers, why: CallError::CutShort },
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
    let older = |new: &str, old: &str| Note::OlderTag { new: new.into(), old: old.into() };
    assert_eq!(image(&live, "web:1.20", "web:1.19"), [older("1.19", "1.20")]);
    assert_eq!(image(&live, "web:v2.0.0", "web:v1.9"), [older("v1.9", "v2.0.0")]);
    for quiet in [
        ("web:1.20", "web:1.20.1"),
        ("web:2024", "web:7"),
        ("web:abc", "web:1.0"),
        ("web:1.2-rc1", "web:1.1"),
        ("web:1.20.1", "web:1.20"),
    ] {
        assert!(image(&live, quiet.0, quiet.1).is_empty(), "{quiet:?}");
    }
    assert_eq!(image(&live, "web:1", "web:latest"), [Note::LatestTag]);
    assert_eq!(image(&live, "web:1", "web"), [Note::LatestTag]);
    assert_eq!(image(&live, "web:1", "reg.example.com/web:1"), [Note::OtherRepository { now: "web".into() }]);
    let digest = format!("web@sha256:{}", "a".repeat(64));
    assert_eq!(image(&live, &digest, "web:1.2"), [Note::DigestDropped]);
}

#[test]
fn the_state_of_the_deployment() {
    let restart = |live: &Live| forecast(live, &Intended::Restart, &Surroundings::default()).notes;
    let rolling = web(|raw| raw["status"]["updatedReplicas"] = json!(1));
    let starting = web(|raw| raw["status"]["availableReplicas"] = json!(2));
    assert_eq!(restart(&starting), [Note::Starting { ready: 3, wanted: 3 }]);
    let under_way = Note::UnderWay { updated: 1, wanted: 3, then: ThenRollout::StartsAnother };
    assert_eq!(restart(&rolling), [under_way]);
    assert_eq!(restart(&web(|raw| raw["spec"]["paused"] = json!(true)))[0], Note::Paused);
    assert_eq!(restart(&web(|raw| raw["spec"]["revisionHistoryLimit"] = json!(0))), [Note::NoRevisions]);
    assert_eq!(restart(&web(|raw| raw["spec"]["strategy"] = json!({"type": "Recreate"}))), [Note::Recreates]);
}
