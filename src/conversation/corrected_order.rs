//! The order that a correction or a continuation means: the last one with another value, or for another Deployment.

use super::spec;
use readback_core::{
    change::{Change, ChangeSpec, FieldChange, Status},
    command::{Command, Doubt, Mention},
    domain::{Amount, ImageChange, ImageReference, Intent, Score},
    policy::Reason,
    resolve::{Directory, is_strong},
};
use readback_nlu::short::correction::{Bound, Correction};

/// The order that was meant instead, or is meant next; `None` if the correction does not fit the order.
pub(super) fn corrected_order(last: &Change, correction: &Correction, directory: &Directory) -> Option<Command> {
    let spec = last.order().draft.as_ref()?;
    let with = |spec: ChangeSpec| {
        let mut command = spec::command_of(&spec, last.target());
        // What was doubtful about the order still is, unless somebody has confirmed it.
        if last.status() != Status::Applied {
            command.doubts.extend(doubts(last));
        }
        command.doubts.dedup();
        Some(command)
    };
    // Neither is ever carried out unasked.
    let asks = |spec: ChangeSpec| {
        let mut command = with(spec)?;
        command.doubts.retain(|doubt| *doubt != Doubt::Corrected);
        command.doubts.push(Doubt::Corrected);
        Some(command)
    };
    let replicas = |amount| with(ChangeSpec { replicas: Some(amount), ..spec.clone() });
    let image = |image| with(ChangeSpec { image: Some(image), ..spec.clone() });
    match (correction, spec.intent) {
        (Correction::Replicas(Amount::By(by)), Intent::Scale) => match last.status() {
            Status::Applied => replicas(Amount::By(*by)),
            // Beside an open card it is the number on the card that is too high or too low.
            Status::Waiting => replicas(Amount::To(u32::try_from(i64::from(wanted(last)?) + by).ok()?)),
            Status::Approved
            | Status::Claimed
            | Status::Unknown
            | Status::Failed
            | Status::Stale
            | Status::Observed
            | Status::Declined
            | Status::Expired
            | Status::Superseded => None,
        },
        (Correction::Replicas(amount), Intent::Scale) => replicas(*amount),
        (Correction::Number(count), Intent::Scale) => replicas(Amount::To(*count)),
        (Correction::Number(tag), Intent::SetImage) => image(tagged(spec, &tag.to_string())),
        (Correction::Image(ImageChange::Tag(tag)), Intent::SetImage) => image(tagged(spec, tag)),
        (Correction::Image(changed), Intent::SetImage) => image(changed.clone()),
        (Correction::Revision(revision) | Correction::Number(revision), Intent::Rollback) => {
            asks(ChangeSpec { revision: Some(*revision), ..spec.clone() })
        }
        (Correction::Bound(bound), Intent::Autoscale) => asks(bounded(spec, *bound)),
        (Correction::Target(words), _) => {
            other_target(last, spec, words, directory, &Doubt::Instead(last.target().clone()))
        }
        (
            Correction::Replicas(_)
            | Correction::Number(_)
            | Correction::Image(_)
            | Correction::Revision(_)
            | Correction::Bound(_),
            _,
        ) => None,
    }
}

/// The same autoscaler with another bound.
fn bounded(spec: &ChangeSpec, bound: Bound) -> ChangeSpec {
    match bound {
        Bound::Min(min) => ChangeSpec { min: Some(min), ..spec.clone() },
        Bound::Max(max) => ChangeSpec { max: Some(max), ..spec.clone() },
        Bound::Cpu(cpu) => ChangeSpec { cpu: Some(cpu), ..spec.clone() },
    }
}

/// The doubts for which the order asked.
pub(super) fn doubts(last: &Change) -> impl Iterator<Item = Doubt> {
    last.order().reasons.iter().filter_map(|reason| match reason {
        Reason::Doubt(doubt) => Some(doubt.clone()),
        Reason::Denied(_)
        | Reason::Impossible(_)
        | Reason::Unclear(_)
        | Reason::Caution(_)
        | Reason::NothingOrdered
        | Reason::NothingOpen
        | Reason::Overruled(_)
        | Reason::Text(_) => None,
    })
}

/// This tag of the image that was ordered.
fn tagged(spec: &ChangeSpec, tag: &str) -> ImageChange {
    let tag = ImageChange::Tag(tag.to_owned());
    match &spec.image {
        Some(ImageChange::Reference(ordered)) => match ImageReference::parse(ordered) {
            Ok(ordered) => ImageChange::Reference(tag.from(&ordered).to_string()),
            Err(_) => tag,
        },
        Some(ImageChange::Tag(_) | ImageChange::Digest(_)) | None => tag,
    }
}

/// The number of replicas that a change sets.
fn wanted(change: &Change) -> Option<u32> {
    change.order().effects.iter().find_map(FieldChange::replicas_after)
}

/// The same order for the Deployment that these words name: the one of the same name in that place, or another one. It asks
/// because of this doubt. `None` if they name nothing that is live.
pub(super) fn other_target(
    last: &Change,
    spec: &ChangeSpec,
    words: &str,
    directory: &Directory,
    doubt: &Doubt,
) -> Option<Command> {
    let target = last.target();
    let mention = |words: &str| Some(Mention::new(words, false));
    let with = |name: &str, namespace: Option<&str>, cluster: Option<&str>| {
        let mut command = Command::new(spec.intent, Score::ONE);
        spec::fill(&mut command, spec);
        command.deployment = mention(name);
        command.namespace = namespace.and_then(mention);
        command.cluster = cluster.and_then(mention);
        command.doubts.extend(doubts(last));
        command.doubts.push(doubt.clone());
        command
    };
    let name = target.name.as_str();
    let elsewhere = [
        with(name, Some(words), Some(target.cluster.as_str())),
        with(name, Some(target.namespace.as_str()), Some(words)),
    ];
    let found = |command: &Command| {
        let found = directory.look_up(command).and_then(Result::ok)?;
        let [one] = found.targets.as_slice() else { return None };
        (is_strong(found.strength) && !found.weak_place && one != target).then(|| one.clone())
    };
    let same_name = |command: &Command| found(command).is_some_and(|one| one.name == target.name);
    let named = with(words, None, None);
    elsewhere.into_iter().find(same_name).or_else(|| found(&named).is_some().then_some(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_tag_is_one_of_the_image_that_was_ordered() {
        let of = |image: Option<ImageChange>| ChangeSpec { image, ..ChangeSpec::new(Intent::SetImage) };
        let whole = of(Some(ImageChange::Reference("registry:5000/team/api:1.4".into())));
        assert_eq!(tagged(&whole, "1.5"), ImageChange::Reference("registry:5000/team/api:1.5".into()));
        let tag = ImageChange::Tag("1.5".into());
        assert_eq!(
            [of(None), of(Some(ImageChange::Tag("1.4".into())))].map(|spec| tagged(&spec, "1.5")),
            [tag.clone(), tag]
        );
    }
}
