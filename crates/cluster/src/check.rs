//! The checks of a cluster for `doctor`. Reads only: an access review stores nothing.

use serde_json::{Value, json};

use super::{Access, CallError, Cluster};
use readback_core::domain::Namespace;

/// One check and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The subject in a few words: ``may `patch` `deployments` in `shop` ``.
    pub what: String,
    /// Whether it passed.
    pub ok: bool,
    /// Details: the version, the reason.
    pub detail: String,
}

impl Cluster {
    /// Checks that the cluster answers, the identity of the token, and each right that readback uses in each namespace.
    pub async fn check(&self) -> Vec<Check> {
        let version = match self.get("/version").await {
            Ok(version) => version.unwrap_or_default(),
            // Without an answer nothing else can be checked.
            Err(error) => {
                return vec![Check { what: "the API server answers".into(), ok: false, detail: error.to_string() }];
            }
        };
        let version = version["gitVersion"].as_str().unwrap_or("of unknown version");
        let detail = format!("Kubernetes {}", super::verdict::plain(version));
        let mut checks = vec![Check { what: "the API server answers".into(), ok: true, detail }];
        checks.extend(self.identity().await);
        for namespace in self.namespaces() {
            for (access, without) in Access::ALL {
                checks.push(right(namespace, access, self.may(namespace, access).await, without));
            }
        }
        checks
    }

    /// The user of the token. An API server before 1.28 cannot tell, which is not an error.
    async fn identity(&self) -> Option<Check> {
        let question = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let answer = self.review("/apis/authentication.k8s.io/v1/selfsubjectreviews", &question).await.ok()?;
        let user = answer.pointer("/status/userInfo/username").and_then(Value::as_str)?;
        Some(Check { what: "signed in".into(), ok: true, detail: format!("as {}", super::verdict::plain(user)) })
    }
}

/// A right that could not be checked counts as missing. `without` says what does not work without it; if it is empty,
/// nothing works.
fn right(namespace: &Namespace, access: Access, answer: Result<bool, CallError>, without: &str) -> Check {
    let (ok, detail) = match answer {
        Ok(true) => (true, "allowed".to_owned()),
        Ok(false) if without.is_empty() => (false, "not allowed: grant it in readback's Role".to_owned()),
        Ok(false) => (true, format!("not allowed: {without}")),
        Err(error) => (false, format!("could not be checked: {error}")),
    };
    Check { what: format!("may `{}` `{}` in `{namespace}`", access.verb, access.resource), ok, detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{Api, Reply};

    #[tokio::test]
    async fn each_right_is_reviewed_and_a_missing_one_is_named() {
        let api = Api::start(|call| match call.path.as_str() {
            "/version" => Reply::json(200, json!({"gitVersion": "v1.36.3"})),
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
                let asked = &call.json()["spec"]["resourceAttributes"];
                let allowed = asked["verb"] != "watch" && asked["resource"] != "pods";
                Reply::json(201, json!({"status": {"allowed": allowed}}))
            }
            _ => Reply::json(201, json!({"status": {"userInfo": {"username": "system:serviceaccount:a:b"}}})),
        })
        .await;
        let checks = api.cluster().await.check().await;
        let told: Vec<String> =
            checks.iter().map(|check| format!("{} {} {}", check.ok, check.what, check.detail)).collect();
        assert_eq!(told.len(), 2 + Access::ALL.len());
        for line in [
            "true the API server answers Kubernetes v1.36.3",
            "true signed in as system:serviceaccount:a:b",
            "true may `get` `deployments` in `shop` allowed",
            "false may `watch` `deployments` in `shop` not allowed: grant it in readback's Role",
            "true may `patch` `deployments` in `shop` allowed",
            "true may `list` `pods` in `shop` not allowed: rollouts are followed without saying why pods fail",
        ] {
            assert!(told.iter().any(|one| one == line), "{line} is not in {told:#?}");
        }
    }

    #[tokio::test]
    async fn a_refused_token_is_reported_and_nothing_more_is_checked() {
        let api = Api::start(|_| Reply::status(401, "Unauthorized", "Unauthorized")).await;
        let checks = api.cluster().await.check().await;
        assert_eq!(checks.len(), 1);
        assert_eq!(checks[0].detail, "the credentials are not accepted");
        assert_eq!(api.calls().len(), 1);
    }

    #[test]
    fn a_right_that_could_not_be_checked_counts_as_missing() {
        let namespace = Namespace::parse("shop").unwrap();
        let (access, without) = Access::ALL[8];
        assert!(!right(&namespace, access, Err(CallError::Unreachable { cause: "x".into() }), without).ok);
    }
}
