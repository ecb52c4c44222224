//! Turns a command and a live object into a plan: the exact patch, its effects, and what to know before it is sent.
//!
//! This is the only way from a command to a write. It needs a [`Live`] object, which can only be obtained by reading it
//! from a cluster.

use jiff::Timestamp;

use crate as cluster;
use crate::{Live, PatchRefusal, forecast::Intended};
use readback_core::{
    change::{ChangeSpec, FieldChange},
    command::Command,
    domain::{Amount, Intent},
};

mod autoscale;
mod image;
mod planned;
mod refusal;
mod remove;
mod revision;
#[cfg(test)]
mod tests;

pub use planned::{Plan, Planned, RelatedObjects};
use planned::{refused, taken_back};
pub use refusal::{PlanRefusal, Unchanged};

/// Plans one command on one live object. `cause` is the value of the change-cause annotation.
pub fn plan(command: &Command, live: &Live, related_objects: &RelatedObjects, cause: &str, now: Timestamp) -> Planned {
    match (command.intent, related_objects) {
        (_, RelatedObjects::Unreadable(why)) => Planned::Refused(PlanRefusal::Unreadable(why.clone())),
        (Intent::Scale, _) => scale(command, live),
        (Intent::SetImage, _) => image::set_image(command, live, cause),
        (Intent::Restart, _) => restart(live, cause, now),
        (Intent::Pause, _) => hold(live, true),
        (Intent::Resume, _) => hold(live, false),
        (Intent::Rollback, RelatedObjects::Revisions(revisions)) => {
            revision::roll_back(command, live, revisions, cause)
        }
        (Intent::Autoscale, RelatedObjects::Autoscaler(scaler)) => autoscale::autoscale(command, live, scaler.as_ref()),
        (Intent::Delete, RelatedObjects::Removal(removal)) => remove::delete(live, removal),
        (
            Intent::Rollback
            | Intent::Autoscale
            | Intent::Delete
            | Intent::Undo
            | Intent::Status
            | Intent::List
            | Intent::History
            | Intent::Logs
            | Intent::Confirm
            | Intent::Cancel
            | Intent::Help
            | Intent::None,
            _,
        ) => Planned::NotOffered,
    }
}

fn scale(command: &Command, live: &Live) -> Planned {
    let before = live.replicas();
    let Some(after) = command.replicas.and_then(|amount| amount.from(before)) else {
        return Planned::Refused(PlanRefusal::NoSuchCount { has: before });
    };
    let effects = vec![FieldChange::Replicas { from: before, to: after }];
    match cluster::scale(live, after) {
        Ok(write) => {
            let back = ChangeSpec { replicas: Some(Amount::To(before)), ..ChangeSpec::new(Intent::Scale) };
            let inverse = taken_back(&write, &effects, back);
            Planned::Write(Box::new(Plan {
                write,
                effects,
                template_changed: false,
                notes: Vec::new(),
                inverse,
                intended: Intended::Scale { to: after },
            }))
        }
        Err(PatchRefusal::Unchanged) => Planned::Unchanged(Unchanged::Replicas(after)),
        Err(why) => refused(why),
    }
}

fn restart(live: &Live, cause: &str, now: Timestamp) -> Planned {
    if live.replicas() == 0 {
        return Planned::Unchanged(Unchanged::NoPods);
    }
    let effects = vec![FieldChange::Pods { count: live.replicas() }];
    match cluster::restart(live, now, cause) {
        Ok(write) => {
            let (notes, intended) = (Vec::new(), Intended::Restart);
            Planned::Write(Box::new(Plan { write, effects, template_changed: true, notes, inverse: None, intended }))
        }
        Err(PatchRefusal::Unchanged) => Planned::Unchanged(Unchanged::RestartedNow),
        Err(why) => refused(why),
    }
}

/// Pauses or resumes the rollout.
fn hold(live: &Live, held: bool) -> Planned {
    let effects = vec![FieldChange::Paused { from: !held, to: held }];
    let (write, back, intended) = if held {
        (cluster::pause(live), Intent::Resume, Intended::Hold)
    } else {
        (cluster::resume(live), Intent::Pause, Intended::Resume)
    };
    match write {
        Ok(write) => {
            let inverse = taken_back(&write, &effects, ChangeSpec::new(back));
            // Changes made while it was paused roll out when it is resumed.
            let (template_changed, notes) = (!held, Vec::new());
            Planned::Write(Box::new(Plan { write, effects, template_changed, notes, inverse, intended }))
        }
        Err(PatchRefusal::Unchanged) if held => Planned::Unchanged(Unchanged::Held),
        Err(PatchRefusal::Unchanged) => Planned::Unchanged(Unchanged::NotHeld),
        Err(why) => refused(why),
    }
}
