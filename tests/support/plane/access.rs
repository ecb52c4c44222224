//! Applies manifests as an operator would, and creates service accounts with the rights of their roles.

use std::path::PathBuf;
use std::time::Instant;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, oneshot};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::Plane;
use crate::support::wait::PATIENCE;

/// A service account of one test.
pub(crate) struct Account {
    /// Its user name in the audit log: `system:serviceaccount:NAMESPACE:NAME`.
    pub(crate) user: String,
    /// A bearer token, valid for an hour.
    pub(crate) token: String,
    /// A kubeconfig with this token.
    pub(crate) kubeconfig: PathBuf,
}

impl Plane {
    /// Applies YAML documents; objects without a namespace get this one.
    ///
    /// # Panics
    /// If the YAML or an object is refused.
    pub(crate) async fn apply(&self, namespace: &str, yaml: &str) {
        for document in documents(namespace, yaml) {
            apply(&self.admin(), namespace, document).await;
        }
    }

    /// Applies a service account with its roles and bindings, waits until they are in force, and returns a token for
    /// the account. Objects and subjects without a namespace get this one.
    ///
    /// # Panics
    /// If the YAML has no service account, an object is refused, or a binding never grants the rights of its role.
    pub(crate) async fn service_account(&self, namespace: &str, yaml: &str) -> Account {
        let documents = documents(namespace, yaml);
        self.apply(namespace, yaml).await;
        let account = documents.iter().find(|document| document["kind"] == "ServiceAccount");
        let account = account.expect("a ServiceAccount is among the documents");
        let (home, name) = (text(&account["metadata"]["namespace"]), text(&account["metadata"]["name"]));

        let token = self.token(home, name).await;
        let client = self.client(&token);
        for (scope, rule) in granted(&documents, home, name) {
            in_force(&client, scope, &rule).await;
        }
        let kubeconfig = self.write_kubeconfig(&format!("{home}-{name}"), &token, namespace).unwrap();
        Account { user: format!("system:serviceaccount:{home}:{name}"), token, kubeconfig }
    }

    async fn token(&self, namespace: &str, account: &str) -> String {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.admin(), namespace);
        let spec = TokenRequestSpec { expiration_seconds: Some(3600), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
        let answer = accounts.create_token_request(account, &PostParams::default(), &request).await.unwrap();
        answer.status.and_then(|status| status.token).expect("the answer holds the token")
    }
}

fn documents(namespace: &str, yaml: &str) -> Vec<Value> {
    let mut documents: Vec<Value> = serde_saphyr::from_multiple(yaml).expect("the manifests are YAML");
    for document in &mut documents {
        let cluster_wide = text(&document["kind"]).starts_with("Cluster");
        if !cluster_wide && document["metadata"]["namespace"].is_null() {
            document["metadata"]["namespace"] = json!(namespace);
        }
        for subject in document.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
            if subject["kind"] == "ServiceAccount" && subject["namespace"].is_null() {
                subject["namespace"] = json!(namespace);
            }
        }
    }
    documents
}

async fn apply(client: &Client, namespace: &str, mut document: Value) {
    let (group, version) =
        text(&document["apiVersion"]).rsplit_once('/').unwrap_or(("", text(&document["apiVersion"])));
    let kind = GroupVersionKind::gvk(group, version, text(&document["kind"]));
    let name = text(&document["metadata"]["name"]).to_owned();
    let (resource, capabilities) = oneshot::pinned_kind(client, &kind).await.unwrap();
    let api: Api<DynamicObject> = match capabilities.scope {
        Scope::Cluster => {
            document["metadata"].as_object_mut().expect("it has a name").remove("namespace");
            Api::all_with(client.clone(), &resource)
        }
        Scope::Namespaced => {
            let home = document["metadata"]["namespace"].as_str().unwrap_or(namespace);
            Api::namespaced_with(client.clone(), home, &resource)
        }
    };
    let parameters = PatchParams::apply("tests").force();
    if let Err(error) = api.patch(&name, &parameters, &Patch::Apply(&document)).await {
        panic!("{} `{name}` was refused: {error}", kind.kind);
    }
}

/// The rules that the documents grant to the account, each with its namespace; `None` is cluster-wide.
fn granted<'a>(documents: &'a [Value], home: &str, account: &str) -> Vec<(Option<&'a str>, PolicyRule)> {
    let names = |binding: &Value| {
        binding["subjects"].as_array().is_some_and(|subjects| {
            subjects.iter().any(|subject| subject["name"] == account && subject["namespace"] == home)
        })
    };
    let mut granted = Vec::new();
    for binding in documents.iter().filter(|document| names(document)) {
        let scope = binding["metadata"]["namespace"].as_str();
        let role = documents.iter().find(|role| {
            role["kind"] == binding["roleRef"]["kind"]
                && role["metadata"]["name"] == binding["roleRef"]["name"]
                && (role["kind"] == "ClusterRole" || role["metadata"]["namespace"].as_str() == scope)
        });
        let rules = role.map(|role| role["rules"].clone()).unwrap_or_default();
        let rules: Option<Vec<PolicyRule>> = serde_json::from_value(rules).expect("rules are rules");
        granted.extend(rules.unwrap_or_default().into_iter().map(|rule| (scope, rule)));
    }
    granted
}

/// The API server learns of a new role by a watch, shortly after it has confirmed its creation.
async fn in_force(client: &Client, scope: Option<&str>, rule: &PolicyRule) {
    let first = |list: &Option<Vec<String>>| list.as_ref().and_then(|list| list.first().cloned());
    let Some((resource, subresource)) = first(&rule.resources).map(|resource| match resource.split_once('/') {
        Some((resource, sub)) => (resource.to_owned(), Some(sub.to_owned())),
        None => (resource, None),
    }) else {
        return;
    };
    let attributes = ResourceAttributes {
        group: first(&rule.api_groups),
        resource: Some(resource),
        subresource,
        verb: rule.verbs.first().cloned(),
        name: first(&rule.resource_names),
        namespace: scope.map(str::to_owned),
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
    let review = SelfSubjectAccessReview { spec, ..Default::default() };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let started = Instant::now();
    loop {
        let answer = reviews.create(&PostParams::default(), &review).await.unwrap();
        if answer.status.is_some_and(|status| status.allowed) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "the binding does not grant {rule:?} in {scope:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
