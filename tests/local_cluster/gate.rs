//! Authentication, and hostile requests.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, Config};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Local, code};

#[tokio::test]
async fn the_token_authenticates_and_reviews_its_rights_and_nothing_else_does() {
    let local = Local::start().await;
    let reviews: Api<SelfSubjectAccessReview> = Api::all(local.client.clone());
    for (resource, verb, expected) in [("deployments", "patch", true), ("daemonsets", "delete", false)] {
        let attributes = ResourceAttributes {
            group: Some("apps".into()),
            resource: Some(resource.into()),
            verb: Some(verb.into()),
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let answer = reviews.create(&PostParams::default(), &review).await.unwrap();
        assert_eq!(answer.status.unwrap().allowed, expected, "{verb} {resource}");
    }
    let stranger = Client::try_from(Config::new(local.cluster.url.parse().unwrap())).unwrap();
    let refused = Api::<Deployment>::all(stranger.clone()).list(&ListParams::default()).await.unwrap_err();
    assert_eq!(code(&refused), 401);
    let guessed = Client::try_from(Config::new(format!("{}/x", local.cluster.url).parse().unwrap())).unwrap();
    let refused = Api::<Namespace>::all(guessed).list(&ListParams::default()).await.unwrap_err();
    assert_eq!(code(&refused), 401);
    assert!(stranger.apiserver_version().await.is_ok(), "the version is public, as in a real cluster");
    assert!(!format!("{:?}", local.cluster).contains(local.cluster.token.expose_secret()));
}

#[tokio::test]
async fn hostile_requests_get_a_status_and_change_nothing() {
    let local = Local::start().await;
    let (json, merge) = ("application/json", "application/merge-patch+json");
    let nginx = "/apis/apps/v1/namespaces/default/deployments/nginx-deployment";
    let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let cases: Vec<(&str, String, &str, Vec<u8>, u16)> = vec![
        ("PATCH", nginx.into(), merge, vec![b' '; (1 << 20) + 1], 413),
        ("PATCH", nginx.into(), merge, deep.clone().into_bytes(), 400),
        ("PATCH", nginx.into(), merge, b"\xff\xfe".to_vec(), 400),
        ("PATCH", nginx.into(), "text/plain", b"{}".to_vec(), 415),
        ("PATCH", nginx.into(), merge, b"{\"spec\":null}".to_vec(), 422),
        ("PATCH", nginx.into(), merge, b"{\"metadata\":[]}".to_vec(), 422),
        ("PATCH", format!("{nginx}/scale"), merge, b"{\"spec\":{\"replicas\":2147483648}}".to_vec(), 422),
        ("PATCH", format!("{nginx}?dryRun=None"), merge, b"{}".to_vec(), 400),
        ("PUT", nginx.into(), json, b"[]".to_vec(), 400),
        ("PUT", nginx.into(), "application/vnd.kubernetes.protobuf", b"k8s\0".to_vec(), 415),
        ("PUT", nginx.into(), json, b"{}".to_vec(), 422),
        ("DELETE", nginx.into(), json, b"{\"preconditions\":{\"uid\":\"x\"}}".to_vec(), 409),
        ("DELETE", "/apis/apps/v1/namespaces/default/deployments".into(), json, Vec::new(), 405),
        ("POST", nginx.into(), json, b"{}".to_vec(), 405),
        ("PATCH", "/api/v1/namespaces/default".into(), merge, b"{}".to_vec(), 405),
        ("GET", "/apis/apps/v1/deployments?labelSelector=((".into(), json, Vec::new(), 400),
        ("GET", "/apis/apps/v1/deployments?watch=1&resourceVersion=-1".into(), json, Vec::new(), 400),
        ("GET", "/apis/apps/v1/namespaces/default/deployments/%2e%2e".into(), json, Vec::new(), 404),
        ("GET", "/apis/apps/v1/controllerrevisions".into(), json, Vec::new(), 404),
        ("PATCH", "/apis/apps/v1/namespaces/default/statefulsets/postgres".into(), merge, b"{}".to_vec(), 405),
        ("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets".into(), json, b"{}".to_vec(), 405),
        ("GET", "/api/v1/namespaces/default/pods/nobody/log".into(), json, Vec::new(), 404),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".into(), json, b"{}".to_vec(), 400),
        ("GET", "/".into(), json, Vec::new(), 404),
    ];
    let before = local.deployments("default").get("nginx-deployment").await.unwrap();
    for (method, path, media, body, expected) in cases {
        let (code, status) = local.raw(method, &path, media, body).await;
        assert_eq!(code, expected, "{method} {path}: {status}");
        assert_eq!((&status["kind"], &status["code"]), (&json!("Status"), &json!(expected)), "{method} {path}");
    }
    assert_eq!(local.deployments("default").get("nginx-deployment").await.unwrap(), before);
}
