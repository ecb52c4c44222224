//! A write: one change of one Deployment, with all data for its request.

use json_patch::{Patch, PatchOperation, TestOperation, jsonptr::PointerBuf};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use readback_core::{
    change::{Change, Claim},
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
    /// The claim of the change; `None` for a write that is only previewed.
    #[serde(default)]
    pub claim: Option<Claim>,
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
            claim: change.state().claim().cloned(),
        }
    }

    /// The generation at the claim.
    pub(super) fn generation(&self) -> Option<i64> {
        self.claim.as_ref().map(|claim| claim.generation)
    }

    /// The patch as it is sent: the patch of a claimed Deployment also tests the generation at the claim. However long it
    /// is held on its way, it is applied to that very spec or not at all, and so once at most.
    pub(super) fn sent(&self) -> Patch {
        let mut patch = self.patch.clone();
        if let Some(claim) = self.claim.as_ref().filter(|_| self.means.tests_generation()) {
            // After the test of the uid.
            let at = patch.0.len().min(1);
            let path = PointerBuf::from_tokens(["metadata", "generation"]);
            let test = TestOperation { path, value: json!(claim.generation) };
            patch.0.insert(at, PatchOperation::Test(test));
        }
        patch
    }

    /// Whether its tests hold on the current object.
    pub(super) fn holds(&self, raw: &Value) -> bool {
        let tests = self.patch.iter().filter(|op| matches!(op, PatchOperation::Test(_))).cloned().collect();
        json_patch::patch(&mut raw.clone(), &json_patch::Patch(tests)).is_ok()
    }
}
