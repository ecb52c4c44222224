//! The HTTP request of a write, by its kind, and the object that shows its outcome.

use http::{Method, Request};
use json_patch::{AddOperation, Patch, PatchOperation, TestOperation, jsonptr::PointerBuf};
use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler};
use kube::api::{DeleteParams, Preconditions};
use serde_json::{Value, json};

use super::{
    CallError, Cluster, Write,
    owner::FIELD_MANAGER,
    wire::{Answer, NoAnswer, objects, path_of},
};
use readback_core::domain::{ObjectRef, WriteKind};

/// Records the change id in the API server's audit log: the extra `readback.dev/change` of the impersonated user.
const CHANGE_EXTRA: &str = "impersonate-extra-readback.dev%2fchange";
/// Maximum attempts of a deletion that conflicts with concurrent writes, mostly of the status.
const TRIES: usize = 4;

impl Write {
    /// The path of the object that shows the outcome.
    fn shown_at(&self) -> String {
        let ObjectRef { namespace, name, .. } = &self.object;
        let autoscaler = |name: &str| path_of::<HorizontalPodAutoscaler>(namespace, name);
        match &self.means {
            WriteKind::Deployment | WriteKind::Scale | WriteKind::Delete | WriteKind::Recreate(_) => {
                path_of::<Deployment>(namespace, name.as_str())
            }
            WriteKind::Autoscaler { name, .. } | WriteKind::DropAutoscaler { name, .. } => autoscaler(name),
            WriteKind::NewAutoscaler(manifest) => autoscaler(manifest.name()),
        }
    }
}

/// Whether a claimed change may still be sent at the moment of the question.
pub(super) type Due<'d> = &'d (dyn Fn() -> bool + Send + Sync);

/// What a write is sent for.
#[derive(Clone, Copy)]
pub(super) enum Sending<'d> {
    /// To see what would happen: nothing is stored.
    DryRun,
    /// To change the object. Asked right before the request is sent, because the machine may have been suspended since
    /// the claim.
    ForReal(Due<'d>),
}

impl Sending<'_> {
    const fn is_dry_run(self) -> bool {
        matches!(self, Self::DryRun)
    }

    fn is_due(self) -> bool {
        match self {
            Self::DryRun => true,
            Self::ForReal(due) => due(),
        }
    }
}

impl Cluster {
    /// The object that shows the outcome of a write; `None` if none has that name.
    pub(super) async fn shown(&self, write: &Write) -> Result<Option<Value>, CallError> {
        if !self.covers(&write.object) {
            return Err(CallError::outside(&write.object));
        }
        self.get(&write.shown_at()).await
    }

    /// Sends a write, or a dry run of it.
    pub(super) async fn send(&self, write: &Write, sending: Sending<'_>) -> Result<Answer, NoAnswer> {
        let dry = if sending.is_dry_run() { "&dryRun=All" } else { "" };
        // kube's own builders set no server-side timeout on writes.
        let query = format!("?fieldManager={FIELD_MANAGER}&timeout={}s{dry}", self.server_timeout().as_secs());
        let namespace = &write.object.namespace;
        match &write.means {
            WriteKind::Deployment | WriteKind::Autoscaler { .. } => {
                self.patch(&format!("{}{query}", write.shown_at()), write, &write.sent(), sending).await
            }
            WriteKind::Scale => {
                let path = format!("{}/scale{query}", write.shown_at());
                self.patch(&path, write, &of_scale(&write.patch), sending).await
            }
            WriteKind::Recreate(manifest) => {
                let path = format!("{}{query}", objects::<Deployment>(namespace).url_path);
                self.submit(write, sending, (Method::POST, &path), ("application/json", &manifest.0)).await
            }
            WriteKind::NewAutoscaler(manifest) => {
                let path = format!("{}{query}", objects::<HorizontalPodAutoscaler>(namespace).url_path);
                self.submit(write, sending, (Method::POST, &path), ("application/json", &manifest.0)).await
            }
            WriteKind::Delete | WriteKind::DropAutoscaler { .. } => self.erase(write, sending).await,
        }
    }

    async fn patch(&self, path: &str, write: &Write, patch: &Patch, sending: Sending<'_>) -> Result<Answer, NoAnswer> {
        let body = serde_json::to_value(patch).map_err(|_| NoAnswer::NotSent(CallError::Unbuilt))?;
        self.submit(write, sending, (Method::PATCH, path), ("application/json-patch+json", &body)).await
    }

    /// Deletes the object if everything that the write tests holds, and nothing was written since that was read: the
    /// API server itself compares uid and resourceVersion. It refuses with 409 if the status changed in between;
    /// nothing was deleted then, so the object is read and the deletion tried again.
    async fn erase(&self, write: &Write, sending: Sending<'_>) -> Result<Answer, NoAnswer> {
        let refused = |status| Answer { status, warnings: Vec::new(), body: Vec::new() };
        for _ in 0..TRIES {
            let raw = match self.shown(write).await {
                Ok(Some(raw)) if write.holds(&raw) => raw,
                Ok(Some(_)) => return Ok(refused(409)),
                Ok(None) => return Ok(refused(404)),
                Err(error) => return Err(NoAnswer::NotSent(error)),
            };
            let options = options(&raw, sending.is_dry_run()).and_then(|options| serde_json::to_value(options).ok());
            let options = options.ok_or(NoAnswer::NotSent(CallError::Unbuilt))?;
            let path = format!("{}?timeout={}s", write.shown_at(), self.server_timeout().as_secs());
            let answer = self.submit(write, sending, (Method::DELETE, &path), ("application/json", &options)).await?;
            if answer.status != 409 {
                return Ok(answer);
            }
        }
        Ok(refused(409))
    }

    async fn submit(
        &self,
        write: &Write,
        sending: Sending<'_>,
        (method, path): (Method, &str),
        (kind, body): (&str, &Value),
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
        let request = request.body(body.to_string().into_bytes()).map_err(|_| NoAnswer::NotSent(CallError::Unbuilt))?;
        if !sending.is_due() {
            return Err(NoAnswer::NotSent(CallError::TooLate));
        }
        self.call(request, self.longest_on_the_way()).await
    }
}

/// The garbage collector deletes the pods, as with `kubectl delete`. `None` for an object without uid or
/// resourceVersion: nothing is deleted without preconditions.
fn options(raw: &Value, dry_run: bool) -> Option<DeleteParams> {
    let of = |field: &str| raw["metadata"][field].as_str().map(str::to_owned);
    let preconditions = Preconditions { uid: Some(of("uid")?), resource_version: Some(of("resourceVersion")?) };
    Some(DeleteParams { dry_run, preconditions: Some(preconditions), ..DeleteParams::background() })
}

/// The patch of a Scale that changes the same as this patch of the Deployment. A Scale of 0 has no `replicas`: its `spec` is
/// empty (`omitempty` of `ScaleSpec` in k8s.io/api/autoscaling/v1), so that is tested, and the number is added.
fn of_scale(patch: &Patch) -> Patch {
    const REPLICAS: &str = "/spec/replicas";
    let none = |operation: &PatchOperation| matches!(operation, PatchOperation::Test(test) if test.path.as_str() == REPLICAS && test.value == 0);
    if !patch.0.iter().any(none) {
        return patch.clone();
    }
    let of_one = |operation: &PatchOperation| {
        if let PatchOperation::Test(test) = operation
            && test.path.as_str() == REPLICAS
        {
            return PatchOperation::Test(TestOperation { path: PointerBuf::from_tokens(["spec"]), value: json!({}) });
        }
        if let PatchOperation::Replace(replace) = operation
            && replace.path.as_str() == REPLICAS
        {
            return PatchOperation::Add(AddOperation { path: replace.path.clone(), value: replace.value.clone() });
        }
        operation.clone()
    };
    Patch(patch.0.iter().map(of_one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(from: u32, to: u32) -> Patch {
        let operations = json!([
            {"op": "test", "path": "/metadata/uid", "value": "u"},
            {"op": "test", "path": "/spec/replicas", "value": from},
            {"op": "replace", "path": "/spec/replicas", "value": to},
        ]);
        serde_json::from_value(operations).expect("a patch")
    }

    #[test]
    fn a_scale_of_nothing_has_no_replicas_to_test() {
        assert_eq!(of_scale(&patch(2, 0)), patch(2, 0));
        let from_nothing = json!([
            {"op": "test", "path": "/metadata/uid", "value": "u"},
            {"op": "test", "path": "/spec", "value": {}},
            {"op": "add", "path": "/spec/replicas", "value": 2},
        ]);
        assert_eq!(serde_json::to_value(of_scale(&patch(0, 2))).expect("JSON"), from_nothing);
    }
}
