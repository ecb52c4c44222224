//! What planning needs beside the Deployment, and what comes of it.

use super::refusal::{PlanRefusal, Unchanged};
use crate::{CallError, PatchRefusal, Removal, Revision, Scaler, Write, forecast::Intended, inverse};
use readback_core::{
    change::{ChangeSpec, FieldChange, Inverse, Note},
    question::MissingValue,
};

/// What was read beside the Deployment, for the verbs that are about more than it.
#[derive(Clone, Debug, Default)]
pub enum RelatedObjects {
    /// Nothing is needed.
    #[default]
    Nothing,
    /// Its revisions, newest first.
    Revisions(Vec<Revision>),
    /// Its autoscaler, if it has one.
    Autoscaler(Option<Scaler>),
    /// What is needed to remove it, and to have it back.
    Removal(Box<Removal>),
    /// It could not be read.
    Unreadable(CallError),
}

/// A write, ready to be recorded.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What would be sent.
    pub write: Write,
    /// What it changes, before and after.
    pub effects: Vec<FieldChange>,
    /// Whether pods are replaced.
    pub template_changed: bool,
    /// What to know before it is sent.
    pub notes: Vec<Note>,
    /// What takes it back; none where nothing does.
    pub inverse: Option<Inverse>,
    /// The same, to look ahead.
    pub intended: Intended,
}

impl Plan {
    /// The images that would run, where they change.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.effects.iter().filter_map(FieldChange::image_after)
    }
}

/// What came of planning.
#[derive(Clone, Debug)]
pub enum Planned {
    /// Something would change.
    Write(Box<Plan>),
    /// It is already so.
    Unchanged(Unchanged),
    /// It cannot be done.
    Refused(PlanRefusal),
    /// Something is still open.
    Ask(MissingValue),
    /// This verb is understood and not offered.
    NotOffered,
}

/// What takes a write back: the patch and the effects the other way round.
pub(super) fn taken_back(write: &Write, effects: &[FieldChange], draft: ChangeSpec) -> Option<Inverse> {
    let patch = inverse(&write.patch)?;
    let effects = effects.iter().map(FieldChange::reversed).collect();
    Some(Inverse { patch, means: write.means.clone(), effects, draft })
}

/// A patch that cannot be made.
pub(super) const fn refused(why: PatchRefusal) -> Planned {
    Planned::Refused(PlanRefusal::Patch(why))
}
