//! Workloads of other kinds: recognised by name, so that somebody who names one is not told that it does not exist.

use k8s_openapi::api::{
    apps::v1::{DaemonSet, StatefulSet},
    batch::v1::CronJob,
};
use kube::api::ListParams;
use serde_json::Value;

use super::{
    CallError, Cluster,
    wire::{built, objects},
};
use readback_core::domain::{DeploymentName, Namespace, ObjectRef, OtherKind};

/// Maximum workloads of one kind read per namespace.
const MOST: u32 = 1000;

impl Cluster {
    /// The workloads of other kinds in a namespace. Those that the role does not allow to list are left out.
    pub async fn others(&self, namespace: &Namespace) -> Vec<(OtherKind, ObjectRef)> {
        let mut found = Vec::new();
        for kind in OtherKind::ALL {
            let names = self.names_of(namespace, kind).await.unwrap_or_else(|error| {
                tracing::debug!(%error, %namespace, kind = kind.as_str(), "workloads of this kind cannot be listed");
                Vec::new()
            });
            let place = |name| ObjectRef { cluster: self.name().clone(), namespace: namespace.clone(), name };
            found.extend(names.into_iter().map(|name| (kind, place(name))));
        }
        found
    }

    async fn names_of(&self, namespace: &Namespace, kind: OtherKind) -> Result<Vec<DeploymentName>, CallError> {
        let objects = match kind {
            OtherKind::StatefulSet => objects::<StatefulSet>(namespace),
            OtherKind::DaemonSet => objects::<DaemonSet>(namespace),
            OtherKind::CronJob => objects::<CronJob>(namespace),
        };
        // Only the names are needed.
        let request = built(objects.list_metadata(&ListParams::default().limit(MOST)))?;
        let listed = self.answered(request).await?.unwrap_or_default();
        let items = listed["items"].as_array().into_iter().flatten();
        let name =
            |item: &Value| item.pointer("/metadata/name").and_then(Value::as_str).and_then(DeploymentName::parse);
        Ok(items.filter_map(name).collect())
    }
}
