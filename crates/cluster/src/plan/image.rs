//! Plans a change of an image: which container is meant, and which image it gets.

use super::{
    planned::{Plan, Planned, refused, taken_back},
    refusal::{PlanRefusal, Unchanged},
};
use crate as cluster;
use crate::{Container, Live, PatchRefusal, forecast::Intended};
use readback_core::{
    change::{ChangeSpec, FieldChange, Note},
    command::Command,
    domain::{ImageChange, ImageReference, Intent},
    question::MissingValue,
};

pub(super) fn set_image(command: &Command, live: &Live, cause: &str) -> Planned {
    let Some(change) = &command.image else {
        return Planned::Ask(MissingValue::Image);
    };
    let said = command.container.as_ref().map(readback_core::command::Mention::name);
    let container = match container(live, said, change) {
        Ok(container) => container,
        Err(planned) => return planned,
    };
    let Some(image) = new_image(change, &container.image) else {
        return Planned::Refused(PlanRefusal::NoReference { image: container.image.clone() });
    };
    let effects = vec![FieldChange::Image {
        container: container.name.clone(),
        only: live.containers().len() == 1,
        from: Some(container.image.clone()),
        to: Some(image.to_string()),
    }];
    match cluster::set_image(live, &container.name, &image, cause) {
        Ok(write) => {
            let notes = said_otherwise(command, &container.image);
            let intended = Intended::Image {
                container: container.name.clone(),
                before: container.image.clone(),
                after: image.to_string(),
            };
            let back = ChangeSpec {
                image: Some(ImageChange::Reference(container.image.clone())),
                container: Some(container.name.clone()),
                ..ChangeSpec::new(Intent::SetImage)
            };
            let inverse = taken_back(&write, &effects, back);
            Planned::Write(Box::new(Plan { write, effects, template_changed: true, notes, inverse, intended }))
        }
        Err(PatchRefusal::Unchanged) => Planned::Unchanged(Unchanged::Image(image.to_string())),
        Err(why) => refused(why),
    }
}

/// The container that is meant: by its name, by its repository, or because it is the only one. Never simply the first.
fn container<'l>(live: &'l Live, said: Option<&str>, change: &ImageChange) -> Result<&'l Container, Planned> {
    let all = live.containers();
    let names = |containers: &[&Container]| containers.iter().map(|one| one.name.clone()).collect();
    if let Some(said) = said {
        let exact = all.iter().find(|one| one.name == said);
        let near: Vec<&Container> = all.iter().filter(|one| one.name.contains(&said.to_lowercase())).collect();
        return match (exact, near.as_slice()) {
            (Some(one), _) => Ok(one),
            (None, [one]) => Ok(*one),
            _ => Err(Planned::Refused(PlanRefusal::NoContainer {
                said: said.to_owned(),
                names: names(&all.iter().collect::<Vec<_>>()),
            })),
        };
    }
    let serving: Vec<&Container> = all.iter().filter(|one| !one.init).collect();
    if let [one] = serving.as_slice() {
        return Ok(one);
    }
    if let ImageChange::Reference(whole) = change {
        let wanted = ImageReference::parse(whole).map(|image| image.full_repository());
        let same: Vec<&&Container> = serving
            .iter()
            .filter(|one| {
                ImageReference::parse(&one.image).map(|image| image.full_repository()) == wanted && wanted.is_ok()
            })
            .collect();
        if let [one] = same.as_slice() {
            return Ok(one);
        }
    }
    Err(Planned::Ask(MissingValue::Container { names: names(&serving) }))
}

fn new_image(change: &ImageChange, current: &str) -> Option<ImageReference> {
    match change {
        ImageChange::Reference(whole) => ImageReference::parse(whole).ok(),
        ImageChange::Tag(_) | ImageChange::Digest(_) => {
            ImageReference::parse(current).ok().map(|current| change.from(&current))
        }
    }
}

/// A note if the user claimed another current image than the live one.
fn said_otherwise(command: &Command, before: &str) -> Vec<Note> {
    let tag = ImageReference::parse(before).ok().and_then(|image| image.tag);
    let other = command.old.as_ref().map(|old| old.words.as_str()).filter(|old| tag.as_deref() != Some(*old));
    other.map(|old| Note::SaidOtherwise { said: old.to_owned(), runs: before.to_owned() }).into_iter().collect()
}
