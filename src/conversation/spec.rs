//! Commands and drafts: what was heard, without its words and its score, and back again.

use readback_cluster::Live;
use readback_core::{
    change::{ChangeSpec, Field},
    command::{Command, Mention},
    domain::{Amount, ImageChange, Intent, ObjectRef, Score},
};

/// What a command asks of whatever Deployment it names.
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

/// Whether it has all the values that its verb needs.
pub(super) fn is_complete(draft: &ChangeSpec) -> bool {
    (draft.intent != Intent::Scale || draft.replicas.is_some())
        && (draft.intent != Intent::SetImage || draft.image.is_some())
        && (draft.intent != Intent::Autoscale || draft.max.is_some())
}

/// The command that asks this of exactly that Deployment. It is certain: somebody chose it.
pub(super) fn command_of(draft: &ChangeSpec, object: &ObjectRef) -> Command {
    let mut command = Command::new(draft.intent, Score::ONE);
    fill(&mut command, draft);
    aim(&mut command, object);
    command
}

/// Lets a command ask for what the draft does.
pub(super) fn fill(command: &mut Command, draft: &ChangeSpec) {
    command.intent = draft.intent;
    command.replicas = draft.replicas;
    command.image.clone_from(&draft.image);
    (command.revision, command.min, command.max, command.cpu) = (draft.revision, draft.min, draft.max, draft.cpu);
    command.container = draft.container.as_ref().map(|name| Mention::new(name.clone(), false));
    command.doubts.extend(draft.doubts.iter().cloned());
}

/// Lets a command name exactly that Deployment.
pub(super) fn aim(command: &mut Command, object: &ObjectRef) {
    let exact = |name: &str| Some(Mention::new(name, false));
    command.deployment = exact(object.name.as_str());
    command.namespace = exact(object.namespace.as_str());
    command.cluster = exact(object.cluster.as_str());
}

/// The values of an order that can be typed on a card, with what is known of them. `most` is the policy's limit.
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

/// Which container, where there are several to choose from.
fn containers(draft: &ChangeSpec, live: &Live) -> Option<Field> {
    let names: Vec<String> =
        live.containers().iter().filter(|one| !one.init).map(|one| one.name.clone()).take(20).collect();
    let known = draft.container.clone().filter(|request| names.contains(request));
    (names.len() > 1).then_some(Field::Container { names, known })
}
