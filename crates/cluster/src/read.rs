//! Reads Deployments, one or all, in allowed namespaces only.

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::ListParams;
use serde_json::Value;

use super::{CallError, Cluster, Live, wire::path_of};
use readback_core::{
    change::Misread,
    domain::{Namespace, ObjectRef},
};

impl Cluster {
    /// The current Deployment; `None` if none has that name.
    pub async fn read(&self, object: &ObjectRef) -> Result<Option<Live>, CallError> {
        let raw = self.read_raw(object).await?;
        raw.map(|raw| self.live(&raw)).transpose()
    }

    /// The Deployments of one namespace, or of all allowed ones, sorted. One without a valid name is left out.
    pub async fn list(&self, namespace: Option<&Namespace>) -> Result<Vec<Live>, CallError> {
        let namespaces = match namespace {
            Some(one) if !self.namespaces().contains(one) => return Err(CallError::outside(one)),
            Some(one) => std::slice::from_ref(one),
            None => self.namespaces(),
        };
        let mut found = Vec::new();
        for namespace in namespaces {
            let items = self.items::<Deployment>(namespace, ListParams::default()).await?;
            found.extend(items.iter().filter_map(|item| Live::from_api(self.name(), item).ok()));
        }
        found.retain(|live| self.covers(live.object()));
        found.sort_by(|a, b| a.object().cmp(b.object()));
        Ok(found)
    }

    /// The object as the API server returns it, for checks on single values.
    pub(super) async fn read_raw(&self, object: &ObjectRef) -> Result<Option<Value>, CallError> {
        if !self.covers(object) {
            return Err(CallError::outside(object));
        }
        self.get(&path_of::<Deployment>(&object.namespace, object.name.as_str())).await
    }

    pub(super) fn live(&self, raw: &Value) -> Result<Live, CallError> {
        Live::from_api(self.name(), raw).map_err(|why| {
            self.complain_of("no_deployment", &format!("a Deployment cannot be read: {why}"));
            CallError::misread(Misread::NotADeployment)
        })
    }
}
