//! What the API offers: versions, groups and resources, as clients ask for them before anything else.

use serde_json::{Value, json};

use super::kind::Kind;

/// The groups beside the core one, with the version that is served.
const GROUPS: [(&str, &str); 4] =
    [("apps", "v1"), ("authorization.k8s.io", "v1"), ("autoscaling", "v2"), ("policy", "v1")];

/// The document at a discovery path, given in its segments.
pub(crate) fn document(path: &[&str]) -> Option<Value> {
    match path {
        ["version"] => Some(json!({
            "major": "1", "minor": "36", "gitVersion": "v1.36.0-readback-demo", "gitCommit": "", "gitTreeState": "clean",
            "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "",
        })),
        ["api"] => Some(json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })),
        ["apis"] => Some(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": GROUPS.map(group) })),
        ["apis", name] => GROUPS.iter().find(|(group, _)| group == name).map(|one| {
            let mut group = group(*one);
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
        ["apis", "autoscaling", "v2"] => Some(resources("autoscaling/v2", &kinds("autoscaling"))),
        ["apis", "policy", "v1"] => Some(resources("policy/v1", &kinds("policy"))),
        ["apis", "authorization.k8s.io", "v1"] => {
            let review = json!({ "name": "selfsubjectaccessreviews", "singularName": "selfsubjectaccessreview",
                "namespaced": false, "kind": "SelfSubjectAccessReview", "verbs": ["create"] });
            Some(resources("authorization.k8s.io/v1", &[review]))
        }
        _ => None,
    }
}

fn group((name, version): (&str, &str)) -> Value {
    let version = json!({ "groupVersion": format!("{name}/{version}"), "version": version });
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
