//! Plans a rollback: which revision, and what it changes.

use super::{
    planned::{Plan, Planned, refused, taken_back},
    refusal::{PlanRefusal, Unchanged},
};
use crate as cluster;
use crate::{Live, PatchRefusal, Revision, forecast::Intended};
use readback_core::{
    change::{ChangeSpec, FieldChange, Note, TemplateOf},
    command::Command,
    domain::Intent,
};

/// Maximum retained revisions listed if the requested one is not among them.
const NAMED: usize = 8;

pub(super) fn roll_back(command: &Command, live: &Live, revisions: &[Revision], cause: &str) -> Planned {
    let current = revisions.iter().find(|one| one.is_of(live));
    let wanted = match command.revision {
        Some(number) => revisions.iter().find(|one| one.number == u64::from(number)),
        // As in `kubectl rollout undo`: the newest one that is not the current one.
        None => revisions.iter().find(|one| !one.is_of(live)),
    };
    let Some(wanted) = wanted else { return Planned::Refused(missing(command.revision, live, revisions)) };
    match cluster::roll_back(live, wanted, cause) {
        Ok(write) => {
            let from = current.map_or(TemplateOf::Live, |one| TemplateOf::Revision(one.number));
            let mut effects = vec![FieldChange::Template { from, to: TemplateOf::AsIn(wanted.number) }];
            effects.extend(images(live, wanted));
            let containers = effects.iter().filter_map(FieldChange::container).map(str::to_owned);
            let intended = Intended::RollBack { containers: containers.collect() };
            let back = ChangeSpec {
                revision: current.and_then(|one| u32::try_from(one.number).ok()),
                ..ChangeSpec::new(Intent::Rollback)
            };
            let inverse = taken_back(&write, &effects, back);
            let notes = notes(live, wanted);
            Planned::Write(Box::new(Plan { write, effects, template_changed: true, notes, inverse, intended }))
        }
        Err(PatchRefusal::Unchanged) => Planned::Unchanged(Unchanged::Revision(wanted.number)),
        Err(why) => refused(why),
    }
}

/// The images that the rollback changes.
fn images(live: &Live, wanted: &Revision) -> Vec<FieldChange> {
    let now = |container: &str| live.containers().iter().find(|one| one.name == container);
    let differs = |(container, image): &(String, String)| {
        let from = now(container).map(|one| one.image.clone());
        (from.as_ref() != Some(image)).then(|| FieldChange::Image {
            container: container.clone(),
            only: false,
            from,
            to: Some(image.clone()),
        })
    };
    wanted.images.iter().filter_map(differs).collect()
}

fn notes(live: &Live, wanted: &Revision) -> Vec<Note> {
    let mut notes = Vec::new();
    let fields = wanted.differences(live);
    if !fields.is_empty() {
        notes.push(Note::AlsoPutsBack { fields });
    }
    if let Some(cause) = &wanted.cause {
        notes.push(Note::RevisionCause { revision: wanted.number, cause: cause.clone() });
    }
    notes.push(Note::OnlyTemplate);
    notes
}

fn missing(wanted: Option<u32>, live: &Live, revisions: &[Revision]) -> PlanRefusal {
    let kept: Vec<u64> = revisions.iter().take(NAMED).map(|one| one.number).collect();
    match wanted {
        _ if live.revision_history_limit() == 0 => PlanRefusal::KeepsNoRevisions,
        Some(wanted) if !kept.is_empty() => PlanRefusal::NoSuchRevision { wanted, kept },
        Some(_) | None => PlanRefusal::NoEarlierRevision,
    }
}
