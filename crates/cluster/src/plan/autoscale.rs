//! Plans a change of the autoscaler, or the creation of one.

use super::{
    planned::{Plan, Planned, refused},
    refusal::{PlanRefusal, Unchanged},
};
use crate as cluster;
use crate::{Bounds, Live, PatchRefusal, Scaler, USUAL_CPU, Write, forecast::Intended};
use readback_core::{
    change::{AutoscalerBounds, ChangeSpec, FieldChange, Inverse, Note},
    command::Command,
    domain::{Intent, WriteKind},
    question::MissingValue,
};

pub(super) fn autoscale(command: &Command, live: &Live, scaler: Option<&Scaler>) -> Planned {
    let Some(max) = command.max else {
        return Planned::Ask(MissingValue::AutoscalerMaximum);
    };
    let bounds = Bounds { min: command.min, max, cpu: command.cpu };
    let min = bounds.min.or(scaler.map(|scaler| scaler.min)).unwrap_or(1);
    if let Some(refusal) = impossible(scaler, min, max) {
        return Planned::Refused(refusal);
    }
    match cluster::autoscale(live, scaler, bounds) {
        Ok(write) => {
            let cpu = bounds.cpu.or_else(|| scaler.map_or(Some(USUAL_CPU), |scaler| scaler.cpu));
            let effects =
                vec![FieldChange::Autoscaler { from: scaler.map(kept), to: Some(AutoscalerBounds { min, max, cpu }) }];
            let inverse = inverse(&write, scaler, &effects);
            let notes = notes(live, scaler, bounds, min);
            let intended = Intended::Autoscale { min, max };
            Planned::Write(Box::new(Plan { write, effects, template_changed: false, notes, inverse, intended }))
        }
        Err(PatchRefusal::Unchanged) => Planned::Unchanged(Unchanged::Autoscaler),
        Err(why) => refused(why),
    }
}

fn impossible(scaler: Option<&Scaler>, min: u32, max: u32) -> Option<PlanRefusal> {
    if min > max {
        return Some(PlanRefusal::MinimumAbove { min, max });
    }
    let owner = scaler?.controller.clone()?;
    Some(PlanRefusal::AutoscalerOf { owner })
}

/// The bounds of an autoscaler.
const fn kept(scaler: &Scaler) -> AutoscalerBounds {
    AutoscalerBounds { min: scaler.min, max: scaler.max, cpu: scaler.cpu }
}

fn inverse(write: &Write, scaler: Option<&Scaler>, effects: &[FieldChange]) -> Option<Inverse> {
    let reversed = effects.iter().map(FieldChange::reversed).collect();
    let draft = ChangeSpec {
        min: scaler.map(|scaler| scaler.min),
        max: scaler.map(|scaler| scaler.max),
        cpu: scaler.and_then(|scaler| scaler.cpu),
        ..ChangeSpec::new(Intent::Autoscale)
    };
    let (patch, means) = match &write.means {
        WriteKind::NewAutoscaler(manifest) => {
            let means = WriteKind::DropAutoscaler { name: manifest.name().to_owned(), uid: String::new() };
            (cluster::as_made(manifest), means)
        }
        WriteKind::Deployment
        | WriteKind::Scale
        | WriteKind::Delete
        | WriteKind::Recreate(_)
        | WriteKind::Autoscaler { .. }
        | WriteKind::DropAutoscaler { .. } => (cluster::inverse(&write.patch)?, write.means.clone()),
    };
    Some(Inverse { patch, means, effects: reversed, draft })
}

fn notes(live: &Live, scaler: Option<&Scaler>, bounds: Bounds, min: u32) -> Vec<Note> {
    let mut notes = Vec::new();
    let now = live.replicas();
    if scaler.is_none() && bounds.min.is_none() {
        notes.push(Note::UsualMinimum);
    }
    if now == 0 {
        notes.push(Note::AutoscalerIdle);
    } else if now < min {
        notes.push(Note::ScaledAtOnce { from: now, to: min });
    } else if now > bounds.max {
        notes.push(Note::ScaledAtOnce { from: now, to: bounds.max });
    }
    if bounds.cpu.is_some() || scaler.is_none_or(|scaler| scaler.cpu.is_some()) {
        let containers = live.containers_without_cpu_request();
        if !containers.is_empty() {
            notes.push(Note::NoCpuRequest { containers });
        }
    }
    notes
}
