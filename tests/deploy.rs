//! The manifests in `deploy/`: valid, least privilege, and consistent with the program.

use std::{fs, path::PathBuf, process::Command};

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Secret};
use kube::{Api, api::DeleteParams};
use readback::config::{self, ClusterSource, Environment, Flags, Loaded, Problems, Purpose};
use serde_json::{Value, json};

use crate::support::{plane::Plane, wait};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

fn manifests(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder().join(file)).unwrap();
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn one(file: &str, kind: &str) -> Value {
    let found: Vec<Value> = manifests(file).into_iter().filter(|object| object["kind"] == kind).collect();
    let [object] = found.try_into().unwrap_or_else(|found| panic!("{file}: one {kind}, not {found:?}"));
    object
}

fn everything() -> Vec<Value> {
    let paths = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let manifests_only = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let files: Vec<String> = manifests_only.map(|path| path.file_name().unwrap().to_str().unwrap().into()).collect();
    assert!(files.len() >= 3, "{files:?}");
    let roles = ["roles/scale-only.yaml".to_owned(), "roles/full.yaml".to_owned()];
    files.iter().chain(&roles).flat_map(|file| manifests(file)).collect()
}

/// The settings as read in the pod, with these secrets filled in.
fn in_the_pod(token: &str, secret: &str) -> Result<Loaded, Problems> {
    let file = one("readback.yaml", "ConfigMap")["data"]["readback.toml"].as_str().unwrap().to_owned();
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("readback.toml"), file).unwrap();
    let environment: Environment = [
        ("WEBEX_BOT_TOKEN", token),
        ("WEBEX_WEBHOOK_SECRET", secret),
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("HOME", home.path().to_str().unwrap()),
    ]
    .into_iter()
    .collect();
    config::load_from(Purpose::Serve, &Flags::new(), &environment, home.path())
}

#[test]
fn every_object_is_named_and_none_is_outside_its_namespace() {
    for object in everything() {
        let name = object["metadata"]["name"].as_str();
        assert!(object["apiVersion"].is_string() && name.is_some(), "{object}");
        assert!(!object["kind"].as_str().unwrap().starts_with("Cluster"), "{object}");
        assert!(object["metadata"]["namespace"].is_null(), "the namespace comes from `kubectl -n`: {object}");
    }
}

#[test]
fn no_role_has_a_wildcard_and_each_replaces_the_other() {
    let roles: Vec<Value> = everything().into_iter().filter(|object| object["kind"] == "Role").collect();
    assert_eq!(roles.len(), 3, "{roles:?}");
    for role in roles {
        assert!(!role["rules"].to_string().contains('*'), "{role}");
        assert_eq!(
            (&role["metadata"]["name"], &role["metadata"]["labels"]["readback.dev/grant"]),
            (&json!("readback"), &json!("role"))
        );
    }
}

#[test]
fn the_sample_is_two_replicas_of_nginx_1_20() {
    let sample = one("sample.yaml", "Deployment");
    assert_eq!((&sample["metadata"]["name"], &sample["spec"]["replicas"]), (&json!("nginx-deployment"), &json!(2)));
    let containers = sample["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    assert_eq!((containers.len(), &containers[0]["image"]), (1, &json!("nginx:1.20")));
}

#[test]
fn readback_runs_alone_unprivileged_and_with_its_file_on_a_volume() {
    let deployment = one("readback.yaml", "Deployment");
    let spec = &deployment["spec"];
    assert_eq!((&spec["replicas"], &spec["strategy"]), (&json!(1), &json!({"type": "Recreate"})));
    let pod = &spec["template"]["spec"];
    assert_eq!((&pod["serviceAccountName"], &pod["enableServiceLinks"]), (&json!("readback"), &json!(false)));
    assert_eq!(pod["securityContext"]["runAsNonRoot"], json!(true));
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], json!("RuntimeDefault"));
    assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() >= 30);
    let container = &pod["containers"][0];
    assert_eq!(
        container["securityContext"],
        json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}})
    );
    let probes = ["livenessProbe", "startupProbe", "readinessProbe"].map(|probe| &container[probe]["httpGet"]["path"]);
    assert_eq!(probes, [&json!("/healthz"), &json!("/healthz"), &json!("/readyz")]);
    assert!(container["resources"]["requests"]["memory"].is_string() && container["resources"]["limits"].is_object());

    let settings = in_the_pod("t0ken", "s3cret").unwrap().settings;
    let mounts = container["volumeMounts"].as_array().unwrap();
    let data = mounts.iter().find(|mount| mount["name"] == "data").unwrap()["mountPath"].as_str().unwrap();
    assert_eq!(settings.database.parent().unwrap().to_str(), Some(data), "the only place it can write");
    assert_eq!(container["ports"][0]["containerPort"], json!(settings.server.port));
    assert_eq!(container["args"], json!(["serve"]));
    let image = container["image"].as_str().unwrap();
    assert!(image.ends_with(&format!(":{}", env!("CARGO_PKG_VERSION"))), "{image}");
}

#[test]
fn the_service_and_the_names_match() {
    let (service, deployment) = (one("readback.yaml", "Service"), one("readback.yaml", "Deployment"));
    assert_eq!(service["spec"]["selector"], deployment["spec"]["template"]["metadata"]["labels"]);
    assert_eq!(deployment["spec"]["selector"]["matchLabels"], service["spec"]["selector"]);
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(service["spec"]["ports"][0]["targetPort"], container["ports"][0]["name"]);
    let binding = one("rbac.yaml", "RoleBinding");
    assert_eq!(binding["roleRef"]["name"], one("rbac.yaml", "Role")["metadata"]["name"]);
    assert_eq!(binding["subjects"], json!([{"kind": "ServiceAccount", "name": "readback"}]));
    assert_eq!(one("rbac.yaml", "ServiceAccount")["metadata"]["name"], json!("readback"));
}

#[test]
fn the_pod_starts_once_its_secrets_are_filled_in_and_reports_them_before() {
    let loaded = in_the_pod("t0ken", "s3cret").unwrap();
    assert!(matches!(loaded.settings.cluster.source, Some(ClusterSource::InCluster)));
    assert!(loaded.settings.policy.people.is_empty(), "no person is allowed by default");

    let secret = one("readback.yaml", "Secret")["stringData"].clone();
    let variables = config::all().flat_map(|about| about.env.iter().copied()).collect::<Vec<_>>();
    let keys: Vec<&String> = secret.as_object().unwrap().keys().collect();
    assert!(keys.iter().all(|key| variables.contains(&key.as_str())), "{keys:?}");
    let shipped = |key: &str| secret[key].as_str().unwrap();
    let problems = in_the_pod(shipped("WEBEX_BOT_TOKEN"), shipped("WEBEX_WEBHOOK_SECRET")).unwrap_err().0;
    let names: Vec<&str> = problems.iter().map(|problem| problem.name.as_str()).collect();
    assert_eq!(names, ["WEBEX_BOT_TOKEN", "WEBEX_WEBHOOK_SECRET"]);
}

#[tokio::test]
async fn a_real_api_server_accepts_them_with_kubectl_and_the_token_authenticates() {
    let plane = Plane::shared().await;
    let namespace = plane.namespace().await;
    let mut kubectl = Command::new(plane.programs().join("kubectl"));
    kubectl.arg("--kubeconfig").arg(plane.admin_kubeconfig()).args(["-n", &namespace, "apply", "--validate=strict"]);
    for file in ["sample.yaml", "rbac.yaml", "readback.yaml"] {
        kubectl.arg("-f").arg(folder().join(file));
    }
    let output = kubectl.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "no warnings: {}", String::from_utf8_lossy(&output.stderr));

    let secrets: Api<Secret> = Api::namespaced(plane.admin(), &namespace);
    let filled = |secret: Option<&Secret>| secret.and_then(|secret| secret.data.as_ref()?.get("token")).is_some();
    wait::until(&secrets, "readback-token", "filled in", filled).await;
    let token = secrets.get("readback-token").await.unwrap().data.unwrap()["token"].0.clone();
    let client = plane.client(std::str::from_utf8(&token).unwrap());
    // Waits until the role is in force.
    plane.service_account(&namespace, &fs::read_to_string(folder().join("rbac.yaml")).unwrap()).await;
    let deployments: Api<Deployment> = Api::namespaced(client, &namespace);
    let sample = deployments.get("nginx-deployment").await.unwrap();
    assert_eq!(sample.spec.unwrap().replicas, Some(2));
    let refused = deployments.delete("nginx-deployment", &DeleteParams::default()).await.unwrap_err();
    assert!(matches!(&refused, kube::Error::Api(status) if status.code == 403), "{refused}");
}
