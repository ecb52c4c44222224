use serde_json::{Value, json};

use super::*;
use crate::domain::{ClusterName, DeploymentName, Manifest, Namespace, ObjectRef, WriteKind};

const POLICY: &str = r#"
[[grant]]
people = ["ann@example.com", "bo@example.com"]
namespaces = ["*"]
verbs = ["all"]

[[place]]
namespaces = ["shop"]
max_replicas = 10
registries = ["registry.example.com"]
unconfirmed = ["restart"]

[[place]]
namespaces = ["git"]
gitops = "refuse"

[[place]]
namespaces = ["night"]
quiet = [{ days = "Mon-Sun", from = "00:00", to = "24:00", zone = "UTC" }]

[[place]]
namespaces = ["prod"]
protected = true
approvers = "other"
confirm = ["pause"]
"#;

fn object(namespace: &str) -> ObjectRef {
    ObjectRef {
        cluster: ClusterName::parse("main").expect("valid"),
        namespace: Namespace::parse(namespace).expect("valid"),
        name: DeploymentName::parse("web").expect("valid"),
    }
}

fn judged(proposed: &ProposedChange<'_>, email: &str) -> Judgement {
    let policy = Policy::parse(POLICY, &Limits::default()).expect("valid");
    let person = Person { id: email.into(), emails: vec![email.into()], name: "P".into(), is_bot: false };
    let actor = ActorInRoom { person: &person, room: "room", private: false };
    policy.evaluate(proposed, &actor, "2026-11-27T12:00:00Z".parse().expect("a moment"))
}

fn patch(operations: Value) -> json_patch::Patch {
    serde_json::from_value(operations).expect("a patch")
}

fn scaled(from: u32, to: u32) -> json_patch::Patch {
    patch(json!([
        {"op": "test", "path": "/spec/replicas", "value": from},
        {"op": "replace", "path": "/spec/replicas", "value": to},
    ]))
}

fn manifest(kind: fn(Manifest) -> WriteKind, value: Value) -> WriteKind {
    kind(Manifest(value))
}

fn is_denied(judgement: &Judgement, wanted: fn(&Denial) -> bool) -> bool {
    matches!(judgement, Judgement::Denied(denial) if wanted(denial))
}

#[test]
fn who_may_not_is_denied_before_anything_else_is_said() {
    for namespace in ["default", "night", "git"] {
        let object = object(namespace);
        let proposed = ProposedChange::of_verb(Intent::Scale, &object);
        let judgement = judged(&proposed, "eve@example.com");
        assert!(is_denied(&judgement, |denial| matches!(denial, Denial::NotGranted { .. })), "{namespace}");
    }
}

#[test]
fn a_number_of_replicas_is_limited_whatever_writes_it() {
    let shop = object("shop");
    let none = patch(json!([]));
    let eleven = json!({"spec": {"replicas": 11, "template": {"spec": {"containers": []}}}});
    let scaler = json!({"spec": {"maxReplicas": 11}});
    let max = patch(json!([{"op": "replace", "path": "/spec/maxReplicas", "value": 11}]));
    let by_name = WriteKind::Autoscaler { name: "web".into(), uid: "u".into() };
    for (what, verb, patch, means) in [
        ("a patch", Intent::Scale, &scaled(9, 11), WriteKind::Deployment),
        ("the scale subresource", Intent::Scale, &scaled(9, 11), WriteKind::Scale),
        ("a rollback", Intent::Rollback, &scaled(9, 11), WriteKind::Deployment),
        ("a manifest", Intent::Delete, &none, manifest(WriteKind::Recreate, eleven)),
        ("a new autoscaler", Intent::Autoscale, &none, manifest(WriteKind::NewAutoscaler, scaler)),
        ("an autoscaler", Intent::Autoscale, &max, by_name),
    ] {
        let judgement = judged(&ProposedChange::of_write(verb, &shop, patch, &means), "ann@example.com");
        assert!(
            is_denied(&judgement, |denial| matches!(denial, Denial::TooManyReplicas { wanted: 11, most: 10, .. })),
            "{what}"
        );
    }
    let ten = ProposedChange::of_write(Intent::Scale, &shop, &scaled(9, 10), &WriteKind::Deployment);
    assert_eq!(judged(&ten, "ann@example.com"), Judgement::Allowed);
}

#[test]
fn every_image_that_is_written_is_judged_and_none_is_skipped() {
    let (shop, open) = (object("shop"), object("default"));
    let bad = "docker.io/library/nginx:1";
    let pod = |containers: Value, init: Value| json!({"spec": {"containers": containers, "initContainers": init}});
    let good = json!([{"name": "web", "image": "registry.example.com/web:1"}]);
    let at = |path: &str, value: Value| patch(json!([{"op": "replace", "path": path, "value": value}]));
    for (what, patch) in [
        ("one image", at("/spec/template/spec/containers/1/image", json!(bad))),
        ("an init image", at("/spec/template/spec/initContainers/0/image", json!(bad))),
        ("a container", at("/spec/template/spec/containers/0", json!({"image": bad}))),
        ("the containers", at("/spec/template/spec/containers", json!([{"image": bad}]))),
        ("the pod", at("/spec/template/spec", json!({"containers": good, "initContainers": [{"image": bad}]}))),
        ("the template", at("/spec/template", pod(good.clone(), json!([{"image": bad}])))),
    ] {
        let proposed = ProposedChange::of_write(Intent::Rollback, &shop, &patch, &WriteKind::Deployment);
        let judgement = judged(&proposed, "ann@example.com");
        assert!(is_denied(&judgement, |denial| matches!(denial, Denial::Image(_))), "{what}: {judgement:?}");
        let elsewhere = ProposedChange { object: &open, ..proposed };
        assert!(judged(&elsewhere, "ann@example.com").denial().is_none(), "{what}: nothing is asked of images there");
    }
    let again = json!({"spec": {"template": pod(good.clone(), json!([{"image": bad}]))}});
    let means = manifest(WriteKind::Recreate, again);
    let proposed = ProposedChange::of_write(Intent::Delete, &shop, &patch(json!([])), &means);
    assert!(is_denied(&judged(&proposed, "ann@example.com"), |denial| matches!(denial, Denial::Image(_))));
}

#[test]
fn an_image_that_cannot_be_taken_apart_is_refused_where_nothing_limits_images() {
    let anywhere = object("default");
    for image in [json!("not an image"), json!(""), json!({"a": 1})] {
        let template = json!({"spec": {"containers": [{"name": "web", "image": "nginx:1"}], "initContainers": [{"name": "init", "image": image}]}});
        let patch = patch(json!([{"op": "replace", "path": "/spec/template", "value": template}]));
        let proposed = ProposedChange::of_write(Intent::Rollback, &anywhere, &patch, &WriteKind::Deployment);
        let judgement = judged(&proposed, "ann@example.com");
        let unreadable = |denial: &Denial| matches!(denial, Denial::Image(ImageDenial::Unreadable { .. }));
        assert!(is_denied(&judgement, unreadable), "{image}: {judgement:?}");
    }
}

#[test]
fn quiet_hours_and_git_are_judged_too() {
    let (night, git) = (object("night"), object("git"));
    let quiet = judged(&ProposedChange::of_verb(Intent::Restart, &night), "ann@example.com");
    assert!(is_denied(&quiet, |denial| matches!(denial, Denial::Quiet { .. })));
    let proposed = ProposedChange { kept_in_git_by: Some("Argo CD"), ..ProposedChange::of_verb(Intent::Pause, &git) };
    assert!(is_denied(&judged(&proposed, "ann@example.com"), |denial| matches!(denial, Denial::KeptInGit { .. })));
    let warned = object("default");
    assert_eq!(judged(&ProposedChange { object: &warned, ..proposed }, "ann@example.com"), Judgement::Allowed);
}

#[test]
fn what_needs_an_approval_says_whose_and_why() {
    let needs = |namespace: &str, verb, patch: &json_patch::Patch| {
        let object = object(namespace);
        let proposed = ProposedChange::of_write(verb, &object, patch, &WriteKind::Deployment);
        match judged(&proposed, "ann@example.com") {
            Judgement::NeedsApproval { by, reasons } => (by, reasons),
            other @ (Judgement::Allowed | Judgement::Denied(_)) => panic!("{namespace} {verb}: {other:?}"),
        }
    };
    let (none, web) = (patch(json!([])), DeploymentName::parse("web").expect("valid"));
    assert_eq!(needs("default", Intent::Delete, &none), (Approval::Own, vec![Caution::Destructive(Intent::Delete)]));
    assert_eq!(
        needs("default", Intent::Scale, &scaled(4, 0)),
        (Approval::Own, vec![Caution::ScaledToZero(web.clone())])
    );
    assert_eq!(
        needs("default", Intent::Scale, &scaled(2, 8)),
        (Approval::Own, vec![Caution::LargeIncrease { name: web, now: 2, added: 6 }])
    );
    let prod = Caution::Protected(Namespace::parse("prod").expect("valid"));
    assert_eq!(
        needs("prod", Intent::Pause, &none),
        (Approval::Other, vec![prod, Caution::ConfirmedThere, Caution::NeedsOtherApproval])
    );
    let shop = object("shop");
    assert_eq!(judged(&ProposedChange::of_verb(Intent::Restart, &shop), "ann@example.com"), Judgement::Allowed);
    let taken_back = ProposedChange { takes_back: true, ..ProposedChange::of_verb(Intent::Scale, &shop) };
    let reasons = vec![Caution::Destructive(Intent::Undo)];
    assert_eq!(judged(&taken_back, "ann@example.com"), Judgement::NeedsApproval { by: Approval::Own, reasons });
}
