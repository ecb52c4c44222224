//! API discovery: the versions, groups and resources that clients request before anything else.

use serde_json::{Value, json};

use super::{kind::Kind, review};

/// The API groups besides the core one, with the served version.
const GROUPS: [(&str, &str); 5] =
    [("apps", "v1"), (review::GROUP, "v1"), ("autoscaling", "v2"), ("batch", "v1"), ("policy", "v1")];

/// The document at a discovery path, given as its segments.
pub(crate) fn document(path: &[&str]) -> Option<Value> {
    match path {
        ["version"] => Some(json!({ "major": "1", "minor": "36", "gitVersion": "v1.36.0-readback-demo",
            "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "",
            "compiler": "", "platform": "" })),
        ["openapi", "v3"] => Some(json!({ "paths": {
            "apis/apps/v1": { "serverRelativeURL": "/openapi/v3/apis/apps/v1" },
            "apis/autoscaling/v2": { "serverRelativeURL": "/openapi/v3/apis/autoscaling/v2" },
        } })),
        ["openapi", "v3", "apis", "apps", "v1"] => Some(schema(Kind::Deployment)),
        ["openapi", "v3", "apis", "autoscaling", "v2"] => Some(schema(Kind::HorizontalPodAutoscaler)),
        ["api"] => Some(json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })),
        ["apis"] => Some(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": GROUPS.map(group) })),
        ["api", "v1"] => Some(resources("v1", &kinds(""))),
        ["apis", review::GROUP, "v1"] => {
            let (kind, plural) = review::REVIEW;
            let review = json!({ "name": plural, "singularName": kind.to_lowercase(), "namespaced": false,
                "kind": kind, "verbs": ["create"] });
            Some(resources(&format!("{}/v1", review::GROUP), &[review]))
        }
        ["apis", name, version] => {
            GROUPS.contains(&(*name, *version)).then(|| resources(&format!("{name}/{version}"), &kinds(name)))
        }
        _ => None,
    }
}

/// As much of a schema as kubectl looks for before it creates an object: that the server validates fields itself.
fn schema(kind: Kind) -> Value {
    let (group, version) = kind.api_version().split_once('/').unwrap_or_default();
    let path = format!("/apis/{group}/{version}/namespaces/{{namespace}}/{}/{{name}}", kind.plural());
    let parameter = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string" } });
    json!({ "openapi": "3.0.0", "info": { "title": "Kubernetes", "version": "v1.36.0" }, "paths": { path: { "patch": {
        "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation")],
        "responses": { "200": { "description": "OK" } }, "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": { "group": group, "version": version, "kind": kind.name() } } } } })
}

fn group((name, version): (&str, &str)) -> Value {
    let version = json!({ "groupVersion": format!("{name}/{version}"), "version": version });
    json!({ "name": name, "versions": [version], "preferredVersion": version })
}

fn resources(version: &str, offered: &[Value]) -> Value {
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": offered })
}

fn kinds(group: &str) -> Vec<Value> {
    let mut offered = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.group() == group) {
        let everyday = !matches!(kind, Kind::Namespace | Kind::Event | Kind::PodDisruptionBudget);
        let categories: &[&str] = if everyday { &["all"] } else { &[] };
        offered.push(json!({ "name": kind.plural(), "singularName": kind.name().to_lowercase(), "kind": kind.name(),
            "namespaced": kind.is_namespaced(), "verbs": kind.verbs(), "shortNames": [kind.short()],
            "categories": categories }));
        if let Some((subresource, verbs)) = kind.subresource() {
            let mut one = json!({ "name": format!("{}/{subresource}", kind.plural()), "singularName": "",
                "namespaced": true, "kind": kind.name(), "verbs": verbs });
            if subresource == "scale" {
                one["kind"] = json!("Scale");
                one["group"] = json!("autoscaling");
                one["version"] = json!("v1");
            }
            offered.push(one);
        }
    }
    offered
}
