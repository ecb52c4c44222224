use serde_json::{Value, json};

use super::*;
use crate::{
    cluster::stand_in::live_of,
    domain::{Amount, Score},
    nlu::heard::Mention,
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
    plan(command, &live_of(raw), "why", Timestamp::UNIX_EPOCH)
}

fn written(command: &Command, raw: &Value) -> (Box<Plan>, Value) {
    let Planned::Write(plan) = planned(command, raw) else { panic!("{:?}", planned(command, raw)) };
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
    assert_eq!((plan.effects[0].before.as_str(), plan.effects[0].after.as_str()), ("2", "3"));
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
    let command = Command { old: Some("0.9".into()), ..image(ImageChange::Tag("latest".into())) };
    let (plan, after) = written(&command, &raw);
    assert_eq!(after["spec"]["template"]["spec"]["containers"][0]["image"], "web:latest");
    assert_eq!(plan.notes, [format!("You said it runs 0.9; it runs `{digest}`.")]);
    assert_eq!(plan.image(), Some("web:latest"));
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
        assert_eq!(inverse.effects, plan.effects.iter().map(Effect::reversed).collect::<Vec<_>>());
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
fn other_verbs_are_not_offered() {
    for intent in Intent::ALL {
        let offered = matches!(intent, Intent::Scale | Intent::SetImage | Intent::Restart);
        let planned = planned(&Command::new(intent, Score::ONE), &object(2, &one("web:1")));
        assert_eq!(!matches!(planned, Planned::NotOffered), offered, "{intent}");
    }
}
