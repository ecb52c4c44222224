//! Workloads of other kinds: known by name, so that somebody who names one is not told that there is nothing like it.

use http::Request;
use serde_json::Value;

use super::{Cluster, ReadError};
use readback_core::domain::{DeploymentName, Namespace, ObjectRef, OtherKind};

const fn plural(kind: OtherKind) -> &'static str {
    match kind {
        OtherKind::StatefulSet => "statefulsets",
        OtherKind::DaemonSet => "daemonsets",
    }
}

/// Names are all that is wanted.
const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";
/// So many of one kind are looked at in a namespace.
const MOST: u32 = 1000;

impl Cluster {
    /// The workloads of other kinds in a namespace. What the role does not let it see is left out.
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

    async fn names_of(&self, namespace: &Namespace, kind: OtherKind) -> Result<Vec<DeploymentName>, ReadError> {
        let path = format!("/apis/apps/v1/namespaces/{namespace}/{}?limit={MOST}", plural(kind));
        let request = Request::get(path).header("accept", METADATA_ONLY).body(Vec::new());
        let request = request.map_err(|_| ReadError::Failed("the request could not be built".into()))?;
        let listed = self.answered(request).await?.unwrap_or_default();
        let items = listed["items"].as_array().into_iter().flatten();
        let name =
            |item: &Value| item.pointer("/metadata/name").and_then(Value::as_str).and_then(DeploymentName::parse);
        Ok(items.filter_map(name).collect())
    }
}
