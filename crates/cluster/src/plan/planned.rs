//! The input of planning besides the Deployment, and its result.

use super::refusal::{PlanRefusal, Unchanged};
use crate::{CallError, PatchRefusal, Removal, Revision, Scaler, Write, forecast::Intended, inverse};
use readback_core::{
    change::{ChangeSpec, FieldChange, Inverse, Note},
    question::MissingValue,
};

/// Related objects, read for the commands that need more than the Deployment.
#[derive(Clone, Debug, Default)]
pub enum RelatedObjects {
    /// Nothing is needed.
    #[default]
    Nothing,
    /// Its revisions, newest first.
    Revisions(Vec<Revision>),
    /// Its autoscaler, if it has one.
    Autoscaler(Option<Scaler>),
    /// What is needed to delete it, and to recreate it.
    Removal(Box<Removal>),
    /// They could not be read.
    Unreadable(CallError),
}

/// A write, ready to be recorded.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The write.
    pub write: Write,
    /// Its effects, before and after.
    pub effects: Vec<FieldChange>,
    /// Whether pods are replaced.
    pub template_changed: bool,
    /// Foreseeable consequences, to be shown before it is sent.
    pub notes: Vec<Note>,
    /// How to undo it; `None` if it cannot be undone.
    pub inverse: Option<Inverse>,
    /// The intended change, as input of the forecast.
    pub intended: Intended,
}

impl Plan {
    /// The images after the change, where they change.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.effects.iter().filter_map(FieldChange::image_after)
    }
}

/// The result of planning.
#[derive(Clone, Debug)]
pub enum Planned {
    /// Something would change.
    Write(Box<Plan>),
    /// The Deployment already has the requested state.
    Unchanged(Unchanged),
    /// It is impossible.
    Refused(PlanRefusal),
    /// A required value is missing.
    Ask(MissingValue),
    /// This command cannot be planned.
    NotOffered,
}

/// The undo of a write: its inverse patch and its effects reversed. `None` if the patch has no inverse.
pub(super) fn taken_back(write: &Write, effects: &[FieldChange], draft: ChangeSpec) -> Option<Inverse> {
    let patch = inverse(&write.patch)?;
    let effects = effects.iter().map(FieldChange::reversed).collect();
    Some(Inverse { patch, means: write.means.clone(), effects, draft })
}

/// The refusal of a plan whose patch cannot be built.
pub(super) const fn refused(why: PatchRefusal) -> Planned {
    Planned::Refused(PlanRefusal::Patch(why))
}
