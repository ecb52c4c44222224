//! Back to an earlier revision: which one, and what that changes.

use super::{Plan, Planned, name, refused, taken_back};
use crate as cluster;
use crate::{Live, PatchRefusal, Revision, forecast::Intended};
use readback_core::{
    change::{ChangeSpec, Effect},
    command::Command,
    domain::Intent,
};

/// So many kept revisions are named when the one that was said is not among them.
const NAMED: usize = 8;

pub(super) fn roll_back(command: &Command, live: &Live, revisions: &[Revision], cause: &str) -> Planned {
    let current = revisions.iter().find(|one| one.is_of(live));
    let wanted = match command.revision {
        Some(number) => revisions.iter().find(|one| one.number == u64::from(number)),
        // As `kubectl rollout undo`: the newest that it is not at now.
        None => revisions.iter().find(|one| !one.is_of(live)),
    };
    let Some(wanted) = wanted else { return Planned::Refused(missing(command.revision, live, revisions)) };
    match cluster::roll_back(live, wanted, cause) {
        Ok(write) => {
            let now = current.map_or_else(|| "now".to_owned(), |one| one.number.to_string());
            let mut effects =
                vec![Effect { what: "revision".into(), before: now, after: format!("as in {}", wanted.number) }];
            effects.extend(images(live, wanted));
            let containers =
                effects.iter().skip(1).filter_map(|one| one.what.strip_prefix("image of ")).map(str::to_owned);
            let intended = Intended::RollBack { containers: containers.collect() };
            let back = ChangeSpec {
                revision: current.and_then(|one| u32::try_from(one.number).ok()),
                ..ChangeSpec::new(Intent::Rollback)
            };
            let inverse = taken_back(&write, &effects, back);
            let notes = notes(live, wanted);
            Planned::Write(Box::new(Plan { write, effects, template_changed: true, notes, inverse, intended }))
        }
        Err(PatchRefusal::Unchanged) => {
            Planned::Unchanged(format!("{} is at revision {} already. Nothing was sent.", name(live), wanted.number))
        }
        Err(why) => refused(live, &why),
    }
}

/// Each image that it changes.
fn images(live: &Live, wanted: &Revision) -> Vec<Effect> {
    let now = |container: &str| live.containers().iter().find(|one| one.name == container);
    let differs = |(container, image): &(String, String)| {
        let before = now(container).map_or("none", |one| one.image.as_str());
        (before != image).then(|| Effect {
            what: format!("image of {container}"),
            before: before.to_owned(),
            after: image.clone(),
        })
    };
    wanted.images.iter().filter_map(differs).collect()
}

fn notes(live: &Live, wanted: &Revision) -> Vec<String> {
    let mut notes = Vec::new();
    let others = wanted.differences(live);
    if !others.is_empty() {
        notes.push(format!("It also puts back: {}.", others.join(", ")));
    }
    if let Some(cause) = &wanted.cause {
        notes.push(format!("Revision {} says of itself: “{cause}”.", wanted.number));
    }
    notes.push("Replicas, autoscalers, ConfigMaps and Secrets stay as they are now.".to_owned());
    notes
}

fn missing(wanted: Option<u32>, live: &Live, revisions: &[Revision]) -> String {
    let kept: Vec<String> = revisions.iter().take(NAMED).map(|one| one.number.to_string()).collect();
    match wanted {
        _ if live.revision_history_limit() == 0 => {
            format!("{} keeps no earlier revisions, so it cannot be rolled back. Nothing was changed.", name(live))
        }
        Some(number) if !kept.is_empty() => format!(
            "{} has no revision {number} any more; it has {}. Nothing was changed.",
            name(live),
            kept.join(", ")
        ),
        Some(_) | None => {
            format!("{} has no earlier revision to go back to. Nothing was changed.", name(live))
        }
    }
}
