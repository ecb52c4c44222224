//! What the API offers: versions, groups and resources, as clients ask for them before anything else.

use serde_json::{Value, json};

use super::kind::Kind;

/// The groups beside the core one; all are at version 1. `autoscaling` only names the kind of `deployments/scale`, and
/// kubectl calls a group without resources broken, so it is not among them.
const GROUPS: [&str; 2] = ["apps", "authorization.k8s.io"];

/// The document at a discovery path, given in its segments.
pub(crate) fn document(path: &[&str]) -> Option<Value> {
    match path {
        ["version"] => Some(json!({
            "major": "1", "minor": "36", "gitVersion": "v1.36.0-readback-demo", "gitCommit": "", "gitTreeState": "clean",
            "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "",
        })),
        ["api"] => Some(json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })),
        ["apis"] => Some(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": GROUPS.map(group) })),
        ["apis", name] => GROUPS.contains(name).then(|| {
            let mut group = group(name);
            group["kind"] = json!("APIGroup");
            group["apiVersion"] = json!("v1");
            group
        }),
        ["api", "v1"] => Some(resources("v1", &kinds(""))),
        ["apis", "apps", "v1"] => {
            let mut offered = kinds("apps");
            offered.push(
                json!({ "name": "deployments/scale", "singularName": "", "namespaced": true, "group": "autoscaling",
                "version": "v1", "kind": "Scale", "verbs": ["get", "patch", "update"] }),
            );
            Some(resources("apps/v1", &offered))
        }
        ["apis", "autoscaling", "v1"] => Some(resources("autoscaling/v1", &[])),
        ["apis", "authorization.k8s.io", "v1"] => {
            let review = json!({ "name": "selfsubjectaccessreviews", "singularName": "selfsubjectaccessreview",
                "namespaced": false, "kind": "SelfSubjectAccessReview", "verbs": ["create"] });
            Some(resources("authorization.k8s.io/v1", &[review]))
        }
        _ => None,
    }
}

fn group(name: &str) -> Value {
    let version = json!({ "groupVersion": format!("{name}/v1"), "version": "v1" });
    json!({ "name": name, "versions": [version], "preferredVersion": version })
}

fn resources(version: &str, offered: &[Value]) -> Value {
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": offered })
}

fn kinds(group: &str) -> Vec<Value> {
    Kind::ALL
        .into_iter()
        .filter(|kind| kind.group() == group)
        .map(|kind| {
            json!({ "name": kind.plural(), "singularName": kind.name().to_lowercase(), "namespaced": kind.is_namespaced(),
                "kind": kind.name(), "verbs": kind.verbs(), "shortNames": [kind.short()],
                "categories": if matches!(kind, Kind::Namespace | Kind::Event) { json!([]) } else { json!(["all"]) } })
        })
        .collect()
}
