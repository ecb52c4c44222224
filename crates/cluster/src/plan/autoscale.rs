//! An autoscaler: the one that is there is changed, or a new one is made.

use super::{Plan, Planned, name, refused};
use crate as cluster;
use crate::{Bounds, Live, PatchRefusal, Scaler, USUAL_CPU, Write, forecast::Intended};
use readback_core::{
    change::{ChangeSpec, Effect, Inverse, WriteKind},
    command::Command,
    domain::Intent,
};

pub(super) fn autoscale(command: &Command, live: &Live, scaler: Option<&Scaler>) -> Planned {
    let Some(max) = command.max else {
        return Planned::Ask(format!("How many replicas may the autoscaler of {} go up to?", name(live)));
    };
    let bounds = Bounds { min: command.min, max, cpu: command.cpu };
    let min = bounds.min.or(scaler.map(|scaler| scaler.min)).unwrap_or(1);
    if let Some(refusal) = impossible(live, scaler, min, max) {
        return Planned::Refused(refusal);
    }
    match cluster::autoscale(live, scaler, bounds) {
        Ok(write) => {
            let effects = vec![Effect {
                what: "autoscaler".into(),
                before: scaler.map_or_else(|| "none".to_owned(), told),
                after: text(min, max, bounds.cpu.or_else(|| scaler.map_or(Some(USUAL_CPU), |scaler| scaler.cpu))),
            }];
            let inverse = inverse(&write, scaler, &effects);
            let notes = notes(live, scaler, bounds, min);
            let intended = Intended::Autoscale { min, max };
            Planned::Write(Box::new(Plan { write, effects, template_changed: false, notes, inverse, intended }))
        }
        Err(PatchRefusal::Unchanged) => {
            Planned::Unchanged(format!("The autoscaler of {} keeps to that already. Nothing was sent.", name(live)))
        }
        Err(why) => refused(live, &why),
    }
}

fn impossible(live: &Live, scaler: Option<&Scaler>, min: u32, max: u32) -> Option<String> {
    if min > max {
        return Some(format!(
            "The autoscaler of {} keeps at least {min}, which is above {max}: say the minimum as well. Nothing was changed.",
            name(live)
        ));
    }
    let owner = scaler?.controller.as_ref()?;
    Some(format!(
        "The autoscaler of {} belongs to {owner}, which would put it back: change it there. Nothing was changed.",
        name(live)
    ))
}

/// What an autoscaler keeps to, in a few words.
fn told(scaler: &Scaler) -> String {
    text(scaler.min, scaler.max, scaler.cpu)
}

fn text(min: u32, max: u32, cpu: Option<u32>) -> String {
    let aim = cpu.map(|percent| format!(" at {percent} % CPU")).unwrap_or_default();
    format!("{min} to {max} pods{aim}")
}

fn inverse(write: &Write, scaler: Option<&Scaler>, effects: &[Effect]) -> Option<Inverse> {
    let reversed = effects.iter().map(Effect::reversed).collect();
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

fn notes(live: &Live, scaler: Option<&Scaler>, bounds: Bounds, min: u32) -> Vec<String> {
    let mut notes = Vec::new();
    let now = live.replicas();
    if scaler.is_none() && bounds.min.is_none() {
        notes.push("No minimum was said: it is 1, as Kubernetes has it.".to_owned());
    }
    if now == 0 {
        notes.push("It has 0 replicas: an autoscaler does nothing until it has at least one.".to_owned());
    } else if now < min {
        notes.push(format!("It has {now} now and goes up to {min} at once."));
    } else if now > bounds.max {
        notes.push(format!("It has {now} now and goes down to {} at once.", bounds.max));
    }
    if bounds.cpu.is_some() || scaler.is_none_or(|scaler| scaler.cpu.is_some()) {
        let bare = live.containers_without_cpu_request();
        if !bare.is_empty() {
            let names = bare.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            notes.push(format!("No CPU is requested for {names}: without that, a CPU target cannot be computed."));
        }
    }
    notes
}
