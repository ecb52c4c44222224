use serde_json::json;

use super::*;
use crate::stand_in::{deployment, live_of};

#[test]
fn a_deployment_is_read_with_the_defaults_of_the_api() {
    let mut raw = deployment();
    raw["spec"].as_object_mut().unwrap().remove("replicas");
    let live = live_of(&raw);
    assert_eq!((live.replicas(), live.paused(), live.revision_history_limit()), (1, false, 10));
    assert_eq!((live.strategy(), live.progress_deadline_seconds()), (Strategy::RollingUpdate, 600));
    assert_eq!(live.object().to_string(), "shop/web");
    assert_eq!(live.selector().map(ToString::to_string).as_deref(), Ok("app=web"));
}

#[test]
fn containers_are_distinguished_by_their_kind() {
    let mut raw = deployment();
    raw["spec"]["template"]["spec"]["initContainers"] = json!([
        {"name": "migrate", "image": "tools:1"},
        {"name": "proxy", "image": "envoy:2", "restartPolicy": "Always"},
    ]);
    let live = live_of(&raw);
    let kinds = live.containers().iter().map(|c| (c.name.as_str(), c.init, c.restart_always, c.index));
    let expected = [("web", false, false, 0), ("migrate", true, false, 0), ("proxy", true, true, 1)];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_not_a_deployment_is_refused_without_a_panic() {
    for wrong in [
        json!(null),
        json!([]),
        json!({}),
        json!({"metadata": {"name": "../x", "namespace": "shop", "uid": "u"}}),
        json!({"metadata": {"name": "web", "uid": "u"}}),
        json!({"metadata": {"name": "web", "namespace": "shop"}}),
        json!({"metadata": {"name": "web", "namespace": "shop", "uid": "u"}, "spec": {"replicas": "many"}}),
    ] {
        assert!(Live::from_api(&ClusterName::parse("main").unwrap(), &wrong).is_err(), "{wrong}");
    }
}

#[test]
fn template_annotations_are_not_printed() {
    let mut raw = deployment();
    raw["spec"]["template"]["metadata"]["annotations"] = json!({"vault": "s3cret"});
    assert!(!format!("{:?}", live_of(&raw)).contains("s3cret"));
}

#[test]
fn every_operator_of_a_selector_is_written_out() {
    let mut raw = deployment();
    raw["spec"]["selector"] = json!({"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": [
        {"key": "tier", "operator": "In", "values": ["x", "y"]},
        {"key": "track", "operator": "NotIn", "values": ["canary"]},
        {"key": "team", "operator": "Exists"},
        {"key": "old", "operator": "DoesNotExist"},
    ]});
    let written = live_of(&raw).selector().map(ToString::to_string);
    assert_eq!(written.as_deref(), Ok("a=1,b=2,tier in (x,y),track notin (canary),team,!old"));
}

#[test]
fn an_unknown_operator_of_a_selector_is_an_error() {
    for rule in [json!({"key": "tier", "operator": "Near", "values": ["x"]}), json!({"key": "tier", "operator": "In"})]
    {
        let mut raw = deployment();
        raw["spec"]["selector"]["matchExpressions"] = json!([rule]);
        assert!(matches!(live_of(&raw).selector(), Err(CallError::Selector { .. })), "{rule}");
    }
}
