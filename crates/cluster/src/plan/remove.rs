//! Removing a Deployment. What it was is kept, so that it can be made again.

use super::{Plan, Planned, refused};
use crate as cluster;
use crate::{Live, Removal, forecast::Intended};
use readback_core::{
    change::{ChangeSpec, Effect, Inverse, WriteKind},
    domain::Intent,
};

pub(super) fn delete(live: &Live, removal: &Removal) -> Planned {
    let effects = vec![Effect { what: "Deployment".into(), before: running(live), after: "deleted".into() }];
    match cluster::remove(live, removal) {
        Ok(write) => {
            let inverse = Some(Inverse {
                patch: json_patch::Patch::default(),
                means: WriteKind::Recreate(removal.manifest.clone()),
                effects: effects.iter().map(Effect::reversed).collect(),
                draft: ChangeSpec::new(Intent::Delete),
            });
            let notes = vec![
                "Its pods end. Services, autoscalers and everything else that belongs to it stay.".to_owned(),
                "Undo makes it again as it is now; its earlier revisions are lost.".to_owned(),
            ];
            let intended = Intended::Delete;
            Planned::Write(Box::new(Plan { write, effects, template_changed: false, notes, inverse, intended }))
        }
        Err(why) => refused(live, &why),
    }
}

fn running(live: &Live) -> String {
    let images: Vec<&str> = live.containers().iter().filter(|one| !one.init).map(|one| one.image.as_str()).collect();
    let pods = if live.replicas() == 1 { "1 pod".to_owned() } else { format!("{} pods", live.replicas()) };
    format!("{pods} of {}", images.join(", "))
}
