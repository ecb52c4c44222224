//! The one request that a write is, by its means, and the object that shows what became of it.

use http::{Method, Request};
use json_patch::PatchOperation;
use k8s_openapi::{Resource as _, api::autoscaling::v2::HorizontalPodAutoscaler};
use serde_json::{Value, json};

use super::{
    Cluster, ReadError, Write,
    wire::{Answer, NoAnswer, deployment_path, deployments_path},
};
use readback_core::{change::Means, domain::Namespace};

/// Who the API server records as the owner of the changed fields.
pub(super) const FIELD_MANAGER: &str = "readback";
/// Where the API server's audit log finds the change: the extra `readback.dev/change` of the impersonated user.
const CHANGE_EXTRA: &str = "impersonate-extra-readback.dev%2fchange";
/// How often a deletion is tried whose object was written in the same moment, by its status mostly.
const TRIES: usize = 4;

/// `/apis/autoscaling/v2/namespaces/NS/horizontalpodautoscalers`.
pub(super) fn autoscalers_path(namespace: &Namespace) -> String {
    let version = HorizontalPodAutoscaler::API_VERSION;
    format!("/apis/{version}/namespaces/{namespace}/horizontalpodautoscalers")
}

impl Write {
    /// The object that shows what became of it.
    fn shown_at(&self) -> String {
        let autoscaler = |name: &str| format!("{}/{name}", autoscalers_path(&self.object.namespace));
        match &self.means {
            Means::Deployment | Means::Scale | Means::Delete | Means::Recreate(_) => deployment_path(&self.object),
            Means::Autoscaler { name, .. } | Means::DropAutoscaler { name, .. } => autoscaler(name),
            Means::NewAutoscaler(manifest) => autoscaler(manifest.name()),
        }
    }

    /// Whether its tests hold on the object as it is.
    pub(super) fn holds(&self, raw: &Value) -> bool {
        let tests = self.patch.iter().filter(|op| matches!(op, PatchOperation::Test(_))).cloned().collect();
        json_patch::patch(&mut raw.clone(), &json_patch::Patch(tests)).is_ok()
    }
}

impl Cluster {
    /// The object that shows what became of a write; `None` when there is none of that name.
    pub(super) async fn shown(&self, write: &Write) -> Result<Option<Value>, ReadError> {
        if !self.covers(&write.object) {
            return Err(ReadError::Outside(write.object.to_string()));
        }
        self.get(&write.shown_at()).await
    }

    /// Sends a write, or tries it out.
    pub(super) async fn send(&self, write: &Write, dry_run: bool) -> Result<Answer, NoAnswer> {
        let dry = if dry_run { "&dryRun=All" } else { "" };
        let query = format!("?fieldManager={FIELD_MANAGER}&timeout={}s{dry}", self.server_timeout().as_secs());
        match &write.means {
            Means::Deployment | Means::Autoscaler { .. } => {
                self.patch(&format!("{}{query}", write.shown_at()), write).await
            }
            Means::Scale => self.patch(&format!("{}/scale{query}", deployment_path(&write.object)), write).await,
            Means::Recreate(manifest) => {
                let path = format!("{}{query}", deployments_path(&write.object.namespace));
                self.submit(write, Method::POST, &path, "application/json", &manifest.0).await
            }
            Means::NewAutoscaler(manifest) => {
                let path = format!("{}{query}", autoscalers_path(&write.object.namespace));
                self.submit(write, Method::POST, &path, "application/json", &manifest.0).await
            }
            Means::Delete | Means::DropAutoscaler { .. } => self.erase(write, dry_run).await,
        }
    }

    async fn patch(&self, path: &str, write: &Write) -> Result<Answer, NoAnswer> {
        let body =
            serde_json::to_value(&write.patch).map_err(|_| NoAnswer::NotSent("the patch cannot be written".into()))?;
        self.submit(write, Method::PATCH, path, "application/json-patch+json", &body).await
    }

    /// Deletes the object where everything that the write tests holds, and nothing was written since that was looked at: the
    /// API server itself compares uid and resourceVersion. It refuses with 409 where the status has moved in between, and
    /// then nothing was deleted, so it is looked at and tried again.
    async fn erase(&self, write: &Write, dry_run: bool) -> Result<Answer, NoAnswer> {
        let refused = |status| Answer { status, warnings: Vec::new(), body: Vec::new() };
        for _ in 0..TRIES {
            let raw = match self.shown(write).await {
                Ok(Some(raw)) if write.holds(&raw) => raw,
                Ok(Some(_)) => return Ok(refused(409)),
                Ok(None) => return Ok(refused(404)),
                Err(error) => return Err(NoAnswer::NotSent(error.to_string())),
            };
            let options = options(&raw, dry_run);
            let path = format!("{}?timeout={}s", write.shown_at(), self.server_timeout().as_secs());
            let answer = self.submit(write, Method::DELETE, &path, "application/json", &options).await?;
            if answer.status != 409 {
                return Ok(answer);
            }
        }
        Ok(refused(409))
    }

    async fn submit(
        &self,
        write: &Write,
        method: Method,
        path: &str,
        kind: &str,
        body: &Value,
    ) -> Result<Answer, NoAnswer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "application/json")
            .header("content-type", kind);
        if let Some(acts_as) = &write.acts_as {
            request = request.header("impersonate-user", &acts_as.user);
            for group in &acts_as.groups {
                request = request.header("impersonate-group", group);
            }
            if !write.change.is_empty() {
                request = request.header(CHANGE_EXTRA, &write.change);
            }
        }
        let request = request
            .body(body.to_string().into_bytes())
            .map_err(|_| NoAnswer::NotSent("the request could not be built".into()))?;
        self.call(request, self.longest_on_the_way()).await
    }
}

/// Pods are ended by the garbage collector, as `kubectl delete` has it.
fn options(raw: &Value, dry_run: bool) -> Value {
    let of = |field: &str| raw.pointer(&format!("/metadata/{field}")).cloned().unwrap_or_default();
    let mut options = json!({
        "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
        "preconditions": {"uid": of("uid"), "resourceVersion": of("resourceVersion")},
    });
    if dry_run {
        options["dryRun"] = json!(["All"]);
    }
    options
}
