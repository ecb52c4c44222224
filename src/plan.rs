//! A command and a live object become a plan: the exact patch, what it changes, and what to know before it is sent.
//!
//! The only way from words to a write, and it needs a [`Live`] object, which only a cluster that was read can give.

use jiff::Timestamp;

use crate::{
    change::{Draft, Effect, Inverse},
    cluster::{self, Container, Live, PatchRefusal, Write},
    domain::{Amount, ImageChange, ImageReference, Intent},
    forecast::Intended,
    nlu::heard::Command,
};

#[cfg(test)]
mod tests;

/// A write, ready to be recorded.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What would be sent.
    pub write: Write,
    /// What it changes, before and after.
    pub effects: Vec<Effect>,
    /// Whether pods are replaced.
    pub template_changed: bool,
    /// What to know before it is sent, as sentences.
    pub notes: Vec<String>,
    /// What takes it back; none where nothing does.
    pub inverse: Option<Inverse>,
    /// The same, to look ahead.
    pub intended: Intended,
}

impl Plan {
    /// The image that would run, where it changes.
    pub fn image(&self) -> Option<&str> {
        match &self.intended {
            Intended::Image { after, .. } => Some(after),
            Intended::Scale { .. } | Intended::Restart => None,
        }
    }
}

/// What came of planning.
#[derive(Clone, Debug)]
pub enum Planned {
    /// Something would change.
    Write(Box<Plan>),
    /// It is already so: a sentence.
    Unchanged(String),
    /// It cannot be done: a sentence.
    Refused(String),
    /// Something is still open: a question.
    Ask(String),
    /// This verb is understood and not offered.
    NotOffered,
}

/// Plans one command on one live object. `cause` is what the change-cause annotation will say.
pub fn plan(command: &Command, live: &Live, cause: &str, now: Timestamp) -> Planned {
    match command.intent {
        Intent::Scale => scale(command, live),
        Intent::SetImage => set_image(command, live, cause),
        Intent::Restart => restart(live, cause, now),
        Intent::Rollback
        | Intent::Pause
        | Intent::Resume
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
        | Intent::None => Planned::NotOffered,
    }
}

fn scale(command: &Command, live: &Live) -> Planned {
    let before = live.replicas();
    let Some(after) = command.replicas.and_then(|amount| amount.from(before)) else {
        return Planned::Refused(format!("{} has {before} replicas: that many cannot be set.", name(live)));
    };
    let effects = vec![Effect { what: "replicas".into(), before: before.to_string(), after: after.to_string() }];
    match cluster::scale(live, after) {
        Ok(write) => {
            let back = Draft { replicas: Some(Amount::To(before)), ..Draft::new(Intent::Scale) };
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
        Err(PatchRefusal::Unchanged) => {
            Planned::Unchanged(format!("{} already has {after}. Nothing was sent.", name(live)))
        }
        Err(why) => refused(live, &why),
    }
}

fn set_image(command: &Command, live: &Live, cause: &str) -> Planned {
    let Some(change) = &command.image else {
        return Planned::Ask(format!("Which image or tag should {} run?", name(live)));
    };
    let said = command.container.as_ref().map(crate::nlu::heard::Mention::name);
    let container = match container(live, said, change) {
        Ok(container) => container,
        Err(planned) => return planned,
    };
    let Some(image) = new_image(change, &container.image) else {
        return Planned::Refused(format!(
            "{} runs `{}`, which is no image reference that I can take apart. Say the whole image.",
            name(live),
            container.image
        ));
    };
    let several = live.containers().len() > 1;
    let what = if several { format!("image of {}", container.name) } else { "image".to_owned() };
    let effects = vec![Effect { what, before: container.image.clone(), after: image.to_string() }];
    match cluster::set_image(live, &container.name, &image, cause) {
        Ok(write) => {
            let notes = said_otherwise(command, &container.image);
            let intended = Intended::Image {
                container: container.name.clone(),
                before: container.image.clone(),
                after: image.to_string(),
            };
            let back = Draft {
                image: Some(ImageChange::Reference(container.image.clone())),
                container: Some(container.name.clone()),
                ..Draft::new(Intent::SetImage)
            };
            let inverse = taken_back(&write, &effects, back);
            Planned::Write(Box::new(Plan { write, effects, template_changed: true, notes, inverse, intended }))
        }
        Err(PatchRefusal::Unchanged) => Planned::Unchanged(format!(
            "{} already runs `{image}`. Nothing was sent; “restart” would replace its pods.",
            name(live)
        )),
        Err(why) => refused(live, &why),
    }
}

fn restart(live: &Live, cause: &str, now: Timestamp) -> Planned {
    if live.replicas() == 0 {
        return Planned::Unchanged(format!(
            "{} has 0 replicas: there is nothing to restart. Nothing was sent.",
            name(live)
        ));
    }
    let pods = if live.replicas() == 1 { "the only pod".to_owned() } else { format!("all {} pods", live.replicas()) };
    let effects = vec![Effect { what: "pods".into(), before: pods, after: "replaced, same image".into() }];
    match cluster::restart(live, now, cause) {
        Ok(write) => {
            let (notes, intended) = (Vec::new(), Intended::Restart);
            Planned::Write(Box::new(Plan { write, effects, template_changed: true, notes, inverse: None, intended }))
        }
        Err(PatchRefusal::Unchanged) => {
            Planned::Unchanged(format!("{} was restarted this very second. Nothing was sent.", name(live)))
        }
        Err(why) => refused(live, &why),
    }
}

/// What takes a write back: the patch and the effects the other way round.
fn taken_back(write: &Write, effects: &[Effect], draft: Draft) -> Option<Inverse> {
    let patch = cluster::inverse(&write.patch)?;
    let effects = effects.iter().map(Effect::reversed).collect();
    Some(Inverse { patch, effects, draft })
}

/// The container that is meant: by its name, by its repository, or the only one. Never simply the first.
fn container<'l>(live: &'l Live, said: Option<&str>, change: &ImageChange) -> Result<&'l Container, Planned> {
    let all = live.containers();
    let names = |containers: &[&Container]| {
        containers.iter().map(|one| format!("`{}`", one.name)).collect::<Vec<_>>().join(", ")
    };
    if let Some(said) = said {
        let exact = all.iter().find(|one| one.name == said);
        let near: Vec<&Container> = all.iter().filter(|one| one.name.contains(&said.to_lowercase())).collect();
        return match (exact, near.as_slice()) {
            (Some(one), _) => Ok(one),
            (None, [one]) => Ok(*one),
            _ => Err(Planned::Refused(format!(
                "{} has no container “{}”; it has {}.",
                name(live),
                crate::words::plain(said),
                names(&all.iter().collect::<Vec<_>>())
            ))),
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
    Err(Planned::Ask(format!("{} has several containers: {}. Which one?", name(live), names(&serving))))
}

fn new_image(change: &ImageChange, current: &str) -> Option<ImageReference> {
    match change {
        ImageChange::Reference(whole) => ImageReference::parse(whole).ok(),
        ImageChange::Tag(_) | ImageChange::Digest(_) => {
            ImageReference::parse(current).ok().map(|current| change.from(&current))
        }
    }
}

/// What the speaker took for granted and is not so.
fn said_otherwise(command: &Command, before: &str) -> Vec<String> {
    let tag = ImageReference::parse(before).ok().and_then(|image| image.tag);
    let other = command.old.as_deref().filter(|old| tag.as_deref() != Some(*old));
    let note = other.map(|old| format!("You said it runs {}; it runs `{before}`.", crate::words::plain(old)));
    note.into_iter().collect()
}

fn refused(live: &Live, why: &PatchRefusal) -> Planned {
    Planned::Refused(format!("{}: {why}. Nothing was changed.", name(live)))
}

fn name(live: &Live) -> String {
    format!("`{}`", live.object().name)
}
