//! A write: one change of one Deployment, with all data for its request.

use json_patch::{Patch, PatchOperation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use readback_core::{
    change::Change,
    domain::{ObjectRef, WriteKind},
    policy::ActsAs,
};

/// One change of one Deployment, including its preconditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Write {
    /// The Deployment.
    pub object: ObjectRef,
    /// The Deployment's uid. A patch of the Deployment tests it too.
    pub uid: String,
    /// Tests of the old values, then writes of the new ones.
    pub patch: Patch,
    /// How it reaches the API server.
    pub means: WriteKind,
    /// The cluster identity to impersonate; `None` sends it as readback itself.
    pub acts_as: Option<ActsAs>,
    /// The id of the change, for the API server's audit log; empty for a write that is only previewed.
    pub change: String,
}

impl Write {
    /// Whether the outcome can be seen on the Deployment itself.
    pub(super) const fn shows_deployment(&self) -> bool {
        self.means.patches_deployment() || matches!(self.means, WriteKind::Delete | WriteKind::Recreate(_))
    }

    /// The write of a recorded change.
    pub fn of(change: &Change) -> Self {
        let order = change.order();
        Self {
            object: order.target.clone(),
            uid: order.uid.clone(),
            patch: order.patch.clone(),
            means: order.means.clone(),
            acts_as: order.acts_as.clone(),
            change: change.id().to_string(),
        }
    }

    /// Whether its tests hold on the current object.
    pub(super) fn holds(&self, raw: &Value) -> bool {
        let tests = self.patch.iter().filter(|op| matches!(op, PatchOperation::Test(_))).cloned().collect();
        json_patch::patch(&mut raw.clone(), &json_patch::Patch(tests)).is_ok()
    }
}
