//! Plans the deletion of a Deployment. Its manifest is kept, so that it can be recreated.

use super::planned::{Plan, Planned, refused};
use crate as cluster;
use crate::{Live, Removal, forecast::Intended};
use readback_core::{
    change::{ChangeSpec, FieldChange, Inverse, Note, Running},
    domain::{Intent, WriteKind},
};

pub(super) fn delete(live: &Live, removal: &Removal) -> Planned {
    let effects = vec![FieldChange::Existence { from: Some(running(live)), to: None }];
    match cluster::remove(live, removal) {
        Ok(write) => {
            let inverse = Some(Inverse {
                patch: json_patch::Patch::default(),
                means: WriteKind::Recreate(removal.manifest.clone()),
                effects: effects.iter().map(FieldChange::reversed).collect(),
                draft: ChangeSpec::new(Intent::Delete),
            });
            let notes = vec![Note::PodsEnd, Note::RevisionsLost];
            let intended = Intended::Delete;
            Planned::Write(Box::new(Plan { write, effects, template_changed: false, notes, inverse, intended }))
        }
        Err(why) => refused(why),
    }
}

fn running(live: &Live) -> Running {
    let serving = live.containers().iter().filter(|one| !one.init);
    Running { replicas: live.replicas(), images: serving.map(|one| one.image.clone()).collect() }
}
