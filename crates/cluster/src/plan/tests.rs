use serde_json::{Value, json};

use super::*;
use crate::{CallError, revisions_of, stand_in::live_of};
use readback_core::{
    change::{AutoscalerBounds, Note, TemplateOf},
    command::{Mention, StatedValue},
    domain::{Amount, ImageChange, Score, WriteKind},
};

fn object(replicas: u32, containers: &Value) -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "default", "uid": "u1", "generation": 4, "resourceVersion": "9"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}},
        },
        "status": {},
    })
}

fn one(image: &str) -> Value {
    json!([{"name": "app", "image": image}])
}

fn two() -> Value {
    json!([{"name": "app", "image": "reg:5000/team/web:1"}, {"name": "proxy", "image": "envoy:3"}])
}

fn planned(command: &Command, raw: &Value) -> Planned {
    planned_with(command, raw, &RelatedObjects::Nothing)
}

fn planned_with(command: &Command, raw: &Value, related_objects: &RelatedObjects) -> Planned {
    plan(command, &live_of(raw), related_objects, "why", Timestamp::UNIX_EPOCH)
}

fn written(command: &Command, raw: &Value) -> (Box<Plan>, Value) {
    written_with(command, raw, &RelatedObjects::Nothing)
}

fn written_with(command: &Command, raw: &Value, related_objects: &RelatedObjects) -> (Box<Plan>, Value) {
    let planned = planned_with(command, raw, related_objects);
    let Planned::Write(plan) = planned else { panic!("{planned:?}") };
    let mut after = raw.clone();
    json_patch::patch(&mut after, &plan.write.patch).expect("fits what it was made from");
    (plan, after)
}

fn scale(amount: Amount) -> Command {
    Command { replicas: Some(amount), ..Command::new(Intent::Scale, Score::ONE) }
}

fn image(image: ImageChange) -> Command {
    Command { image: Some(image), ..Command::new(Intent::SetImage, Score::ONE) }
}

#[test]
fn scaling_writes_the_number_and_nothing_else() {
    let before = object(2, &one("web:1"));
    let (plan, after) = written(&scale(Amount::Times(1.5)), &before);
    let mut wanted = before.clone();
    wanted["spec"]["replicas"] = json!(3);
    assert_eq!(after, wanted);
    assert_eq!(plan.effects, [FieldChange::Replicas { from: 2, to: 3 }]);
    assert!(!plan.template_changed);
    assert!(matches!(planned(&scale(Amount::To(2)), &before), Planned::Unchanged(_)));
    assert!(matches!(planned(&scale(Amount::By(-3)), &before), Planned::Refused(_)));
}

#[test]
fn a_tag_keeps_the_repository_and_leaves_its_cause() {
    let (plan, after) = written(&image(ImageChange::Tag("2".into())), &object(2, &one("reg:5000/team/web:1")));
    assert_eq!(after["spec"]["template"]["spec"]["containers"][0]["image"], "reg:5000/team/web:2");
    assert_eq!(after["metadata"]["annotations"]["kubernetes.io/change-cause"], "why");
    assert!(plan.template_changed);
}

#[test]
fn of_several_containers_one_must_be_meant() {
    let several = object(2, &two());
    assert!(matches!(planned(&image(ImageChange::Tag("2".into())), &several), Planned::Ask(_)));
    let by_repository = image(ImageChange::Reference("reg:5000/team/web:2".into()));
    let (_, after) = written(&by_repository, &several);
    assert_eq!(after["spec"]["template"]["spec"]["containers"][0]["image"], "reg:5000/team/web:2");
    let named =
        |words: &str| Command { container: Some(Mention::new(words, false)), ..image(ImageChange::Tag("4".into())) };
    let (_, after) = written(&named("proxy"), &several);
    assert_eq!(after["spec"]["template"]["spec"]["containers"][1]["image"], "envoy:4");
    assert!(matches!(planned(&named("nothing"), &several), Planned::Refused(_)));
}

#[test]
fn what_to_know_is_noted() {
    let digest = format!("web:1@sha256:{}", "a".repeat(64));
    let raw = object(2, &one(&digest));
    let command = Command {
        old: Some(StatedValue { words: "0.9".into(), count: None }),
        ..image(ImageChange::Tag("latest".into()))
    };
    let (plan, after) = written(&command, &raw);
    assert_eq!(after["spec"]["template"]["spec"]["containers"][0]["image"], "web:latest");
    assert_eq!(plan.notes, [Note::SaidOtherwise { said: "0.9".into(), runs: digest }]);
    assert_eq!(plan.images().collect::<Vec<_>>(), ["web:latest"]);
}

#[test]
fn what_is_written_can_be_taken_back_and_a_restart_cannot() {
    for command in [scale(Amount::To(5)), image(ImageChange::Tag("2".into()))] {
        let raw = object(2, &one("web:1"));
        let (plan, after) = written(&command, &raw);
        let inverse = plan.inverse.expect("it has one");
        let mut back = after;
        json_patch::patch(&mut back, &inverse.patch).expect("it fits what was written");
        assert_eq!(back["spec"], raw["spec"], "{command:?}");
        assert!(json_patch::patch(&mut raw.clone(), &inverse.patch).is_err(), "it tests that the change is in place");
        assert_eq!(inverse.effects, plan.effects.iter().map(FieldChange::reversed).collect::<Vec<_>>());
    }
    let (plan, _) = written(&Command::new(Intent::Restart, Score::ONE), &object(2, &one("web:1")));
    assert_eq!(plan.inverse, None);
}

#[test]
fn a_restart_needs_pods_and_a_rollout_that_moves() {
    let restart = Command::new(Intent::Restart, Score::ONE);
    let (_, after) = written(&restart, &object(2, &one("web:1")));
    assert!(after["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"].is_string());
    assert!(matches!(planned(&restart, &object(0, &one("web:1"))), Planned::Unchanged(_)));
    let mut paused = object(2, &one("web:1"));
    paused["spec"]["paused"] = json!(true);
    assert!(matches!(planned(&restart, &paused), Planned::Refused(_)));
}

#[test]
fn only_what_was_read_can_be_planned() {
    for intent in Intent::ALL {
        let alone = [Intent::Scale, Intent::SetImage, Intent::Restart, Intent::Pause, Intent::Resume];
        let planned = planned(&Command::new(intent, Score::ONE), &object(2, &one("web:1")));
        assert_eq!(!matches!(planned, Planned::NotOffered), alone.contains(&intent), "{intent}");
    }
    let unreadable = RelatedObjects::Unreadable(CallError::NoCredentials);
    let rollback = Command::new(Intent::Rollback, Score::ONE);
    let refused = planned_with(&rollback, &object(2, &one("web:1")), &unreadable);
    assert!(matches!(refused, Planned::Refused(PlanRefusal::Unreadable(CallError::NoCredentials))));
}

/// A `ReplicaSet` of the object with that revision and these containers.
fn set(number: u32, containers: &Value) -> Value {
    json!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": number.to_string()},
        "ownerReferences": [{"uid": "u1"}]},
        "spec": {"template": {"metadata": {"labels": {"app": "web", "pod-template-hash": "x"}}, "spec": {"containers": containers}}}})
}

fn kept(sets: &[Value]) -> RelatedObjects {
    RelatedObjects::Revisions(revisions_of(sets, "u1"))
}

#[test]
fn a_rollback_puts_back_the_template_and_nothing_else_and_can_be_taken_back() {
    let mut raw = object(2, &one("web:3"));
    raw["metadata"]["annotations"] = json!({"team": "shop"});
    let related_objects = kept(&[set(2, &one("web:2")), set(3, &one("web:3")), set(1, &one("web:1"))]);
    let rollback = Command::new(Intent::Rollback, Score::ONE);
    let (plan, after) = written_with(&rollback, &raw, &related_objects);
    let mut wanted = raw.clone();
    wanted["spec"]["template"]["spec"]["containers"] = one("web:2");
    wanted["metadata"]["annotations"]["kubernetes.io/change-cause"] = json!("why");
    assert_eq!(after, wanted);
    let image = FieldChange::Image {
        container: "app".into(),
        only: false,
        from: Some("web:3".into()),
        to: Some("web:2".into()),
    };
    assert_eq!(plan.effects, [FieldChange::Template { from: TemplateOf::Revision(3), to: TemplateOf::AsIn(2) }, image]);
    assert_eq!(plan.images().collect::<Vec<_>>(), ["web:2"]);
    let mut back = after;
    json_patch::patch(&mut back, &plan.inverse.expect("it has one").patch).expect("it fits");
    assert_eq!(back["spec"], raw["spec"]);
    let to = |n| Command { revision: Some(n), ..rollback.clone() };
    let (_, after) = written_with(&to(1), &raw, &related_objects);
    assert_eq!(after["spec"]["template"]["spec"]["containers"], one("web:1"));
    assert!(matches!(planned_with(&to(3), &raw, &related_objects), Planned::Unchanged(_)));
    let Planned::Refused(why) = planned_with(&to(7), &raw, &related_objects) else { panic!("there is none") };
    assert_eq!(why, PlanRefusal::NoSuchRevision { wanted: 7, kept: vec![3, 2, 1] });
}

#[test]
fn a_rollback_needs_an_earlier_revision_and_a_rollout_that_moves() {
    let rollback = Command::new(Intent::Rollback, Score::ONE);
    let mut raw = object(2, &one("web:3"));
    let refused = |raw: &Value, sets: &[Value]| {
        let planned = planned_with(&rollback, raw, &kept(sets));
        let Planned::Refused(why) = planned else { panic!("{planned:?}") };
        why
    };
    assert_eq!(refused(&raw, &[set(3, &one("web:3"))]), PlanRefusal::NoEarlierRevision);
    raw["spec"]["revisionHistoryLimit"] = json!(0);
    assert_eq!(refused(&raw, &[]), PlanRefusal::KeepsNoRevisions);
    raw["spec"]["paused"] = json!(true);
    assert_eq!(refused(&raw, &[set(2, &one("web:2"))]), PlanRefusal::Patch(PatchRefusal::Paused));
}

#[test]
fn holding_and_letting_go_are_each_others_inverse() {
    let free = object(2, &one("web:1"));
    let (hold, held) = written(&Command::new(Intent::Pause, Score::ONE), &free);
    assert_eq!(held["spec"]["paused"], true);
    assert!(!hold.template_changed, "nothing rolls out");
    let (release, after) = written(&Command::new(Intent::Resume, Score::ONE), &held);
    assert_eq!(after, free);
    assert!(release.template_changed, "what was queued rolls out");
    for (plan, from, to) in [(hold, &held, &free), (release, &free, &held)] {
        let mut back = from.clone();
        let inverse = plan.inverse.expect("it has one");
        json_patch::patch(&mut back, &inverse.patch).expect("it fits");
        assert_eq!(back, *to);
        assert!(crate::inverse(&inverse.patch).is_some(), "and that can be taken back again");
    }
    assert!(matches!(planned(&Command::new(Intent::Resume, Score::ONE), &free), Planned::Unchanged(_)));
    assert!(matches!(planned(&Command::new(Intent::Pause, Score::ONE), &held), Planned::Unchanged(_)));
}

#[test]
fn a_new_autoscaler_says_what_it_keeps_to_and_what_it_does_at_once() {
    let command = Command { max: Some(10), min: Some(4), ..Command::new(Intent::Autoscale, Score::ONE) };
    let (plan, _) = written_with(&command, &object(2, &one("web:1")), &RelatedObjects::Autoscaler(None));
    let kept = AutoscalerBounds { min: 4, max: 10, cpu: Some(80) };
    assert_eq!(plan.effects, [FieldChange::Autoscaler { from: None, to: Some(kept) }]);
    let no_cpu = Note::NoCpuRequest { containers: vec!["app".into()] };
    assert_eq!(plan.notes, [Note::ScaledAtOnce { from: 2, to: 4 }, no_cpu]);
    let inverse = plan.inverse.expect("it has one");
    assert_eq!(inverse.means, WriteKind::DropAutoscaler { name: "web".into(), uid: String::new() });
    let unsaid = Command::new(Intent::Autoscale, Score::ONE);
    let asked = planned_with(&unsaid, &object(2, &one("web:1")), &RelatedObjects::Autoscaler(None));
    assert!(matches!(asked, Planned::Ask(_)));
}
