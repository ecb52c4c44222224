//! Converts commands to change specs, which omit the wording and the confidence, and back.

use readback_cluster::Live;
use readback_core::{
    change::{ChangeSpec, Field},
    command::{Command, Mention},
    domain::{Amount, ImageChange, Intent, ObjectRef, Score},
};

/// What a command asks for, independent of the Deployment it names.
pub(super) fn draft_of(command: &Command) -> ChangeSpec {
    ChangeSpec {
        intent: command.intent,
        replicas: command.replicas,
        image: command.image.clone(),
        container: command.container.as_ref().map(|mention| mention.name().to_owned()),
        revision: command.revision,
        min: command.min,
        max: command.max,
        cpu: command.cpu,
        doubts: command.doubts.clone(),
    }
}

/// Whether it has all the values that its verb requires.
pub(super) fn is_complete(draft: &ChangeSpec) -> bool {
    (draft.intent != Intent::Scale || draft.replicas.is_some())
        && (draft.intent != Intent::SetImage || draft.image.is_some())
        && (draft.intent != Intent::Autoscale || draft.max.is_some())
}

/// The command that requests this on exactly that Deployment. Its confidence is 1, because a person chose it.
pub(super) fn command_of(draft: &ChangeSpec, object: &ObjectRef) -> Command {
    let mut command = Command::new(draft.intent, Score::ONE);
    fill(&mut command, draft);
    aim(&mut command, object);
    command
}

/// Copies the values of a spec into a command, and appends its doubts.
pub(super) fn fill(command: &mut Command, draft: &ChangeSpec) {
    command.intent = draft.intent;
    command.replicas = draft.replicas;
    command.image.clone_from(&draft.image);
    (command.revision, command.min, command.max, command.cpu) = (draft.revision, draft.min, draft.max, draft.cpu);
    command.container = draft.container.as_ref().map(|name| Mention::new(name.clone(), false));
    command.doubts.extend(draft.doubts.iter().cloned());
}

/// Makes a command target exactly that Deployment.
pub(super) fn aim(command: &mut Command, object: &ObjectRef) {
    let exact = |name: &str| Some(Mention::new(name, false));
    command.deployment = exact(object.name.as_str());
    command.namespace = exact(object.namespace.as_str());
    command.cluster = exact(object.cluster.as_str());
}

/// The values that can be entered on the card, prefilled with the known ones. `most` is the policy's replica limit.
pub(super) fn fields(draft: &ChangeSpec, live: Option<&Live>, most: u32) -> Vec<Field> {
    let mut fields = Vec::new();
    if draft.intent == Intent::Scale {
        let known = match (draft.replicas, live) {
            (Some(amount), Some(live)) => amount.from(live.replicas()),
            (Some(Amount::To(n)), None) => Some(n),
            (None, Some(live)) => Some(live.replicas()),
            (Some(Amount::By(_) | Amount::Times(_)) | None, None) => None,
        };
        fields.push(Field::Replicas { known: known.filter(|n| *n <= most), most });
    }
    if draft.intent == Intent::SetImage {
        let known = draft.image.as_ref().map(|image| match image {
            ImageChange::Tag(text) | ImageChange::Digest(text) | ImageChange::Reference(text) => text.clone(),
        });
        fields.push(Field::Image { known });
        fields.extend(live.and_then(|live| containers(draft, live)));
    }
    fields
}

/// The container field, if there are several containers to choose from.
fn containers(draft: &ChangeSpec, live: &Live) -> Option<Field> {
    let names: Vec<String> =
        live.containers().iter().filter(|one| !one.init).map(|one| one.name.clone()).take(20).collect();
    let known = draft.container.clone().filter(|request| names.contains(request));
    (names.len() > 1).then_some(Field::Container { names, known })
}
