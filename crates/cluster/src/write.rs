//! A write: one change of one Deployment with everything that its request needs.

use json_patch::{Patch, PatchOperation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use readback_core::{
    change::{ActsAs, Change, WriteKind},
    domain::ObjectRef,
};

/// One change of one Deployment, complete with its preconditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Write {
    /// The Deployment.
    pub object: ObjectRef,
    /// Its identity; the patch tests it too.
    pub uid: String,
    /// Tests of the old values, then the new ones.
    pub patch: Patch,
    /// How it is sent.
    pub means: WriteKind,
    /// Under whose name it is sent; none is readback's own.
    pub acts_as: Option<ActsAs>,
    /// The change that it carries out, for the API server's audit log; empty for one that is only tried.
    pub change: String,
}

impl Write {
    /// Whether the Deployment itself shows what became of it.
    pub(super) const fn shows_deployment(&self) -> bool {
        self.means.patches_deployment() || matches!(self.means, WriteKind::Delete | WriteKind::Recreate(_))
    }

    /// What a change on record writes.
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
