//! What readback's own role allows, from `SelfSubjectAccessReview`, cached for a while. A right that could not be
//! reviewed counts as allowed: the API server enforces it anyway, with a true error.

use std::{collections::BTreeMap, sync::PoisonError};

use serde_json::{Value, json};

use super::{CallError, Cluster};
use readback_core::domain::{Intent, Namespace};

/// One right that a role can grant in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Access {
    /// `patch`.
    pub verb: &'static str,
    /// The API group; empty for the core one.
    pub group: &'static str,
    /// The resource, with its subresource: `deployments/scale`.
    pub resource: &'static str,
}

const fn access(verb: &'static str, group: &'static str, resource: &'static str) -> Access {
    Access { verb, group, resource }
}

const READ: Access = access("get", "apps", "deployments");
const LIST: Access = access("list", "apps", "deployments");
const WATCH: Access = access("watch", "apps", "deployments");
const PATCH: Access = access("patch", "apps", "deployments");
const SCALE: Access = access("patch", "apps", "deployments/scale");
const DELETE: Access = access("delete", "apps", "deployments");
const CREATE: Access = access("create", "apps", "deployments");
const REPLICA_SETS: Access = access("list", "apps", "replicasets");
const PODS: Access = access("list", "", "pods");
const LOGS: Access = access("get", "", "pods/log");
const EVENTS: Access = access("list", "", "events");
const LIST_SCALERS: Access = access("list", "autoscaling", "horizontalpodautoscalers");
const READ_SCALER: Access = access("get", "autoscaling", "horizontalpodautoscalers");
const MAKE_SCALER: Access = access("create", "autoscaling", "horizontalpodautoscalers");
const PATCH_SCALER: Access = access("patch", "autoscaling", "horizontalpodautoscalers");
const DELETE_SCALER: Access = access("delete", "autoscaling", "horizontalpodautoscalers");
const BUDGETS: Access = access("list", "policy", "poddisruptionbudgets");
const STATEFUL_SETS: Access = access("list", "apps", "statefulsets");
const DAEMON_SETS: Access = access("list", "apps", "daemonsets");

impl Access {
    /// Every right that is ever used, with what does not work without it; without the first three nothing works at all.
    pub const ALL: [(Self, &'static str); 19] = [
        (READ, ""),
        (LIST, ""),
        (WATCH, ""),
        (PATCH, "images, restarts, rollbacks, pausing and resuming are not offered"),
        (SCALE, "scaling is offered only where `patch` on `deployments` is allowed"),
        (DELETE, "deleting is not offered"),
        (CREATE, "a deletion cannot be taken back"),
        (REPLICA_SETS, "rollbacks and histories are not offered, and old pods are not told from new ones"),
        (PODS, "rollouts are followed without saying why pods fail"),
        (LOGS, "logs are not offered"),
        (EVENTS, "a status does not show the last warnings"),
        (LIST_SCALERS, "cards cannot say what an autoscaler will make of a change"),
        (READ_SCALER, "autoscalers are not changed"),
        (MAKE_SCALER, "autoscalers are not made"),
        (PATCH_SCALER, "autoscalers are not changed"),
        (DELETE_SCALER, "a new autoscaler cannot be taken back"),
        (BUDGETS, "cards cannot say what a disruption budget will make of a change"),
        (STATEFUL_SETS, "a StatefulSet of a name that was said is not recognised"),
        (DAEMON_SETS, "a DaemonSet of a name that was said is not recognised"),
    ];
}

/// What a command needs besides reading the Deployment: one right of each group.
pub fn needed(verb: Intent) -> &'static [&'static [Access]] {
    match verb {
        Intent::Scale => &[&[PATCH, SCALE]],
        Intent::SetImage | Intent::Restart | Intent::Pause | Intent::Resume => &[&[PATCH]],
        Intent::Rollback => &[&[PATCH], &[REPLICA_SETS]],
        Intent::Autoscale => &[&[LIST_SCALERS], &[READ_SCALER], &[MAKE_SCALER], &[PATCH_SCALER]],
        Intent::Delete => &[&[DELETE]],
        Intent::History => &[&[REPLICA_SETS]],
        Intent::Logs => &[&[PODS], &[LOGS]],
        Intent::Undo
        | Intent::Status
        | Intent::List
        | Intent::Confirm
        | Intent::Cancel
        | Intent::Help
        | Intent::None => &[],
    }
}

/// The reviewed rights of the role in one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights(BTreeMap<Access, bool>);

impl Rights {
    /// The missing right: ``it needs `patch` on `deployments` ``. `None` if nothing is missing.
    pub fn lacks(&self, verb: Intent) -> Option<String> {
        let denied = |access: &Access| self.0.get(access) == Some(&false);
        let missing: Vec<&[Access]> = needed(verb).iter().filter(|group| group.iter().all(denied)).copied().collect();
        let one = |access: &Access| format!("`{}` on `{}`", access.verb, access.resource);
        let groups: Vec<String> =
            missing.iter().map(|group| group.iter().map(one).collect::<Vec<_>>().join(" or ")).collect();
        (!groups.is_empty()).then(|| groups.join(", and "))
    }

    /// Whether scaling uses the subresource, because the role allows no more.
    pub fn scales_only(&self) -> bool {
        self.0.get(&PATCH) == Some(&false) && self.0.get(&SCALE) != Some(&false)
    }
}

impl Cluster {
    /// The last known rights in a namespace.
    pub fn rights(&self, namespace: &Namespace) -> Rights {
        self.state.rights.lock().unwrap_or_else(PoisonError::into_inner).get(namespace).cloned().unwrap_or_default()
    }

    /// The last known rights in every namespace.
    pub fn all_rights(&self) -> Vec<Rights> {
        self.namespaces().iter().map(|namespace| self.rights(namespace)).collect()
    }

    /// Reviews the rights in every namespace again. A failed review keeps the last known result.
    pub async fn ask_rights(&self) {
        for namespace in self.namespaces() {
            let mut rights = self.rights(namespace);
            let asked = Access::ALL.map(|(access, _)| async move { (access, self.may(namespace, access).await) });
            for (access, answer) in futures::future::join_all(asked).await {
                match answer {
                    Ok(allowed) => {
                        rights.0.insert(access, allowed);
                    }
                    Err(error) => tracing::debug!(%error, %namespace, "what the role allows could not be asked"),
                }
            }
            self.state.rights.lock().unwrap_or_else(PoisonError::into_inner).insert(namespace.clone(), rights);
        }
    }

    /// Whether the role grants it, according to the API server.
    pub(super) async fn may(&self, namespace: &Namespace, access: Access) -> Result<bool, CallError> {
        let (resource, subresource) = access.resource.split_once('/').unwrap_or((access.resource, ""));
        let mut asked =
            json!({"namespace": namespace, "verb": access.verb, "group": access.group, "resource": resource});
        if !subresource.is_empty() {
            asked["subresource"] = json!(subresource);
        }
        let question = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked}});
        let answer = self.review("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &question).await?;
        Ok(answer.pointer("/status/allowed") == Some(&Value::Bool(true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{Api, Reply};

    fn without(denied: &[Access]) -> Rights {
        Rights(Access::ALL.iter().map(|(access, _)| (*access, !denied.contains(access))).collect())
    }

    #[test]
    fn a_missing_right_is_named() {
        assert_eq!(without(&[]).lacks(Intent::Delete), None);
        assert_eq!(without(&[DELETE]).lacks(Intent::Delete).as_deref(), Some("`delete` on `deployments`"));
        let scale_only = without(&[PATCH]);
        assert_eq!((scale_only.lacks(Intent::Scale), scale_only.scales_only()), (None, true));
        assert_eq!(scale_only.lacks(Intent::Restart).as_deref(), Some("`patch` on `deployments`"));
        let none = without(&[PATCH, SCALE]);
        assert!(!none.scales_only());
        assert_eq!(
            none.lacks(Intent::Scale).as_deref(),
            Some("`patch` on `deployments` or `patch` on `deployments/scale`")
        );
        assert_eq!(
            without(&[PODS, LOGS]).lacks(Intent::Logs).as_deref(),
            Some("`list` on `pods`, and `get` on `pods/log`")
        );
        assert_eq!(Rights::default().lacks(Intent::Delete), None, "a right that was never reviewed counts as granted");
    }

    #[tokio::test]
    async fn the_subresource_is_reviewed_as_a_subresource() {
        let api = Api::start(|call| {
            let asked = &call.json()["spec"]["resourceAttributes"];
            Reply::json(201, json!({"status": {"allowed": asked["subresource"] == "scale" || asked["verb"] == "get"}}))
        })
        .await;
        let cluster = api.cluster().await;
        cluster.ask_rights().await;
        let rights = cluster.rights(&cluster.namespaces()[0]);
        assert!(rights.scales_only());
        assert!(rights.lacks(Intent::Delete).is_some() && rights.lacks(Intent::Status).is_none());
        assert_eq!(api.calls().len(), Access::ALL.len());
    }
}
