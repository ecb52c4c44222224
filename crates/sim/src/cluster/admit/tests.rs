use super::*;

fn writer() -> Writer {
    Writer { manager: "test".into(), subresource: "" }
}

fn web() -> Value {
    let wanted = json!({ "metadata": { "name": "web" }, "spec": { "replicas": 2, "x-unknown": "kept",
        "selector": { "matchLabels": { "app": "web" } },
        "template": { "metadata": { "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "app", "image": "web:1" }] } } } });
    let mut made = newborn(Kind::Deployment, wanted, "shop", &writer(), Timestamp::UNIX_EPOCH).unwrap();
    made["metadata"]["resourceVersion"] = json!("7");
    made
}

fn changed(pointer: &str, value: Value) -> Result<Value, Failure> {
    let current = web();
    let mut wanted = current.clone();
    *wanted.pointer_mut(pointer).unwrap() = value;
    successor(Kind::Deployment, &current, Wanted::Patched(wanted), &writer(), Timestamp::UNIX_EPOCH)
}

#[test]
fn only_a_changed_spec_raises_the_generation() {
    let current = web();
    assert_eq!(current["metadata"]["generation"], 1);
    assert_eq!(changed("/spec/replicas", json!(3)).unwrap()["metadata"]["generation"], 2);
    assert_eq!(changed("/metadata", json!({ "labels": { "a": "b" } })).unwrap()["metadata"]["generation"], 1);
    assert_eq!(changed("/status", json!({ "replicas": 9 })).unwrap()["status"], json!({}));
    let whole = Wanted::Whole(current.clone());
    let same = successor(Kind::Deployment, &current, whole, &writer(), Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(same, current);
    assert_eq!(same["spec"]["x-unknown"], "kept");
}

#[test]
fn what_the_api_server_refuses_is_refused_with_its_code() {
    let container = "/spec/template/spec/containers/0";
    for (pointer, value, code, field) in [
        ("/spec/replicas", json!(-1), 422, "spec.replicas"),
        ("/spec/replicas", json!(3_000_000_000_u64), 422, "patch"),
        ("/spec/replicas", json!("3"), 422, "patch"),
        ("/spec/template", json!(null), 422, "spec.template"),
        ("/spec/template/spec/containers", json!([]), 422, "containers"),
        ("/spec/template/spec/containers", json!({}), 422, "patch"),
        (&format!("{container}/image"), json!(""), 422, "containers[0].image"),
        (&format!("{container}/name"), json!("A b"), 422, "containers[0].name"),
        ("/spec/selector/matchLabels/app", json!("api"), 422, "immutable"),
        ("/spec/template/metadata/labels/app", json!("api"), 422, "does not match template"),
        ("/spec/strategy/rollingUpdate/maxSurge", json!("many"), 422, "maxSurge"),
        ("/spec/strategy/type", json!("Burn"), 422, "supported values"),
        ("/spec/progressDeadlineSeconds", json!(0), 422, "progressDeadlineSeconds"),
        ("/metadata/name", json!("other"), 400, "name"),
        ("/metadata/uid", json!("other"), 422, "metadata.uid"),
        ("/metadata/resourceVersion", json!("6"), 409, "has been modified"),
        ("", json!([]), 422, "patch"),
    ] {
        let failure = changed(pointer, value.clone()).unwrap_err();
        assert_eq!(failure.code, code, "{pointer} = {value}");
        assert!(failure.status().to_string().contains(field), "{pointer} = {value}: {failure:?}");
    }
}

#[test]
fn a_uid_that_is_another_conflicts_in_a_replacement() {
    let mut other = web();
    other["metadata"]["uid"] = json!("other");
    let refused = successor(Kind::Deployment, &web(), Wanted::Whole(other), &writer(), Timestamp::UNIX_EPOCH);
    assert_eq!(refused.unwrap_err().code, 409);
    let shapeless = successor(Kind::Deployment, &web(), Wanted::Whole(json!([])), &writer(), Timestamp::UNIX_EPOCH);
    assert_eq!(shapeless.unwrap_err().code, 400);
}

#[test]
fn an_autoscaler_gets_its_defaults_and_its_faults_are_named_in_order() {
    let made = |spec: Value| {
        let wanted = json!({ "metadata": { "name": "web" }, "spec": spec });
        newborn(Kind::HorizontalPodAutoscaler, wanted, "shop", &writer(), Timestamp::UNIX_EPOCH)
    };
    let target = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" });
    let plain = made(json!({ "scaleTargetRef": target, "maxReplicas": 3 })).unwrap();
    assert_eq!(plain["spec"]["minReplicas"], 1);
    assert_eq!(plain["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 80);
    assert!(plain["metadata"].get("generation").is_none());
    for (spec, expected) in [
        (
            json!({}),
            "[spec.maxReplicas: Required value: must be set and greater than 0, spec.maxReplicas: Invalid value: 0: must \
             be greater than or equal to `minReplicas`, spec.scaleTargetRef.kind: Required value, \
             spec.scaleTargetRef.name: Required value, spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion \
             must specify API group]",
        ),
        (
            json!({ "scaleTargetRef": target, "minReplicas": 4, "maxReplicas": 3 }),
            "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`",
        ),
    ] {
        let message = made(spec).unwrap_err().status()["message"].clone();
        assert_eq!(message, format!("HorizontalPodAutoscaler.autoscaling \"web\" is invalid: {expected}"));
    }
}
