use super::*;

fn writer() -> Writer {
    Writer { manager: "test".into(), subresource: "" }
}

fn web() -> Value {
    let wanted = json!({ "metadata": { "name": "web" }, "spec": { "replicas": 2, "x-unknown": "kept",
        "selector": { "matchLabels": { "app": "web" } },
        "template": { "metadata": { "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "app", "image": "web:1" }] } } } });
    let mut made = created(Kind::Deployment, wanted, "shop", &writer(), Timestamp::UNIX_EPOCH).unwrap();
    made["metadata"]["resourceVersion"] = json!("7");
    made
}

fn changed(pointer: &str, value: Value) -> Result<Value, Failure> {
    let current = web();
    let mut wanted = current.clone();
    *wanted.pointer_mut(pointer).unwrap() = value;
    updated(Kind::Deployment, &current, wanted, &writer(), Timestamp::UNIX_EPOCH)
}

#[test]
fn only_a_changed_spec_raises_the_generation() {
    let current = web();
    assert_eq!(current["metadata"]["generation"], 1);
    assert_eq!(changed("/spec/replicas", json!(3)).unwrap()["metadata"]["generation"], 2);
    assert_eq!(changed("/metadata", json!({ "labels": { "a": "b" } })).unwrap()["metadata"]["generation"], 1);
    assert_eq!(changed("/status", json!({ "replicas": 9 })).unwrap()["status"], json!({}));
    let same = updated(Kind::Deployment, &current, current.clone(), &writer(), Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(same, current);
    assert_eq!(same["spec"]["x-unknown"], "kept");
    let sent_back = json!({ "metadata": { "creationTimestamp": null, "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "app", "image": "web:1", "resources": {} }] } });
    assert_eq!(
        changed("/spec/template", sent_back).unwrap()["spec"],
        current["spec"],
        "as `kubectl rollout undo` sends a template"
    );
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
        (&format!("{container}/image"), json!(""), 422, "containers[0].image"),
        ("/spec/selector/matchLabels/app", json!("api"), 422, "immutable"),
        ("/spec/template/metadata/labels/app", json!("api"), 422, "does not match template"),
        ("/metadata/name", json!("other"), 400, "name"),
        ("/metadata/uid", json!("other"), 409, "UID"),
        ("/metadata/resourceVersion", json!("6"), 409, "has been modified"),
        ("", json!([]), 422, "patch"),
    ] {
        let failure = changed(pointer, value.clone()).unwrap_err();
        assert_eq!(failure.code, code, "{pointer} = {value}");
        assert!(failure.status().to_string().contains(field), "{pointer} = {value}: {failure:?}");
    }
}

#[test]
fn an_autoscaler_gets_its_defaults_and_its_validation_errors_are_named() {
    let made = |spec: Value| {
        let wanted = json!({ "metadata": { "name": "web" }, "spec": spec });
        created(Kind::HorizontalPodAutoscaler, wanted, "shop", &writer(), Timestamp::UNIX_EPOCH)
    };
    let target = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" });
    let plain = made(json!({ "scaleTargetRef": target, "maxReplicas": 3 })).unwrap();
    assert_eq!(plain["spec"]["minReplicas"], 1);
    assert_eq!(plain["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 80);
    let refused = made(json!({ "scaleTargetRef": target, "minReplicas": 4, "maxReplicas": 3 })).unwrap_err();
    let expected = "HorizontalPodAutoscaler.autoscaling \"web\" is invalid: spec.maxReplicas: Invalid value: 3: must be \
                    greater than or equal to `minReplicas`";
    assert_eq!(refused.status()["message"], expected);
    assert_eq!(made(json!({})).unwrap_err().code, 422);
}
