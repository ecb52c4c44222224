//! Objects in the API server's format, for the tests of this crate and of those that depend on it.
#![expect(clippy::missing_panics_doc, reason = "tests")]

use serde_json::{Value, json};

pub use crate::verdict::{WriteVerdict, judge_write_error};
use crate::{Compared, Live, Write, owner, patch};
use readback_core::domain::ClusterName;

/// `web` in `shop`, two of two replicas of nginx:1.20, fully rolled out.
pub fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid-1", "resourceVersion": "10", "generation": 1,
            "labels": {"app": "web"}, "annotations": {"deployment.kubernetes.io/revision": "1"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx:1.20"}]}}},
        "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2},
    })
}

/// The comparison of a write with a Deployment of a test.
pub fn compared(write: &Write, raw: &Value) -> Compared {
    Compared { live: Some(live_of(raw)), trace: patch::trace(write, Some(raw)), by: owner::written_by(write, raw) }
}

/// The patch of a write as it is sent.
pub fn sent(write: &Write) -> json_patch::Patch {
    write.sent()
}

/// This object as a live Deployment.
pub fn live_of(raw: &Value) -> Live {
    Live::from_api(&ClusterName::parse("main").expect("valid"), raw).expect("a Deployment")
}
