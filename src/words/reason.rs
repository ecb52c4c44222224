//! Why a command is refused, needs clarification, needs confirmation, or is ignored.

use super::{denial, doubt, invalid_value, mild, phrase, phrase_verb, plain};
use readback_core::{
    command::{Command, CommandSummary},
    domain::{Amount, Intent, ObjectRef},
    policy::{Caution, Denial, Impossible, Reason, Unclear},
    resolve::NotFound,
};

/// The reasons as one answer to a person whose command is not carried out.
pub fn reasons(reasons: &[Reason]) -> String {
    let text = sentences(reasons).join(" ");
    if reasons.last().is_some_and(is_question) { text } else { nothing_done(&text) }
}

/// The same about a part of a message whose other parts are carried out or asked about.
pub fn reasons_of_a_part(reasons: &[Reason]) -> String {
    let text = sentences(reasons).join(" ");
    if reasons.last().is_some_and(is_question) { text } else { format!("{text} Nothing was done about that.") }
}

/// A denial by the policy, as an answer.
pub fn refused_by_policy(why: &Denial) -> String {
    nothing_done(&mild(&denial(why)))
}

/// A denial by the cluster, with the cluster's own message, as an answer.
pub fn forbidden(why: &str) -> String {
    nothing_done(&mild(why))
}

fn nothing_done(text: &str) -> String {
    format!("{text} Nothing was done.")
}

/// The reasons as sentences, escaped for a message.
pub fn sentences(reasons: &[Reason]) -> Vec<String> {
    reasons.iter().map(|one| mild(&reason(one))).collect()
}

/// The reasons for a question asked as text, and what has been read so far.
pub fn question(command: &Command, reasons: &[Reason]) -> String {
    let asked = self::reasons(reasons);
    // This reason already quotes what was read.
    if reasons.iter().any(|one| matches!(one, Reason::Unclear(Unclear::NotUnderstood(_)))) {
        return asked;
    }
    format!("{asked} I read: {}.", mild(&phrase(&command.into())))
}

/// Whether a reason asks for something, so that "Nothing was done" need not be added.
const fn is_question(reason: &Reason) -> bool {
    matches!(reason, Reason::Unclear(unclear) if !matches!(unclear, Unclear::NoDeploymentThere | Unclear::NotUnderstood(_)))
}

/// A reason as a sentence. Quoted words and names are not escaped.
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Denied(why) => denial(why),
        Reason::Impossible(why) => impossible(why),
        Reason::Unclear(what) => unclear(what),
        Reason::Caution(why) => caution(why),
        Reason::Doubt(why) => doubt(why),
        Reason::NothingOrdered => "I found no order or question for me there.".to_owned(),
        Reason::NothingOpen => "No question is open, so there is nothing to answer.".to_owned(),
        Reason::Overruled(why) => super::overruled(why),
        Reason::Text(sentence) => sentence.clone(),
    }
}

fn impossible(why: &Impossible) -> String {
    match why {
        Impossible::InvalidValue(invalid) => invalid_value(invalid),
        Impossible::NotFound { said, place, missing } => not_found(said, place, missing),
        Impossible::NothingToUndo => "There is no change of mine to undo.".to_owned(),
        Impossible::ImpossibleCount { name, now } => {
            format!("`{name}` has {now} replicas: it cannot have fewer than none, or more than Kubernetes can count.")
        }
        Impossible::AboveLimit { of: Some((name, now)), wanted, most } => {
            format!("`{name}` stays at {now}: {wanted} is above the limit of {most} replicas.")
        }
        Impossible::AboveLimit { of: None, wanted, most } => {
            format!("{wanted} is above the limit of {most} replicas.")
        }
        Impossible::MinAboveMax { min, max } => format!("The minimum of {min} is above the maximum of {max}."),
        Impossible::AutoscalerToZero => "An autoscaler keeps at least one replica.".to_owned(),
        Impossible::CpuTargetOfZero => "A CPU target of 0 percent is not possible.".to_owned(),
        Impossible::RevisionZero => "There is no revision 0: revisions count from 1.".to_owned(),
    }
}

fn unclear(what: &Unclear) -> String {
    match what {
        Unclear::OpenPronoun(said) => format!("Which Deployment is “{said}”?"),
        Unclear::WhichDeployment(verb) => format!("Which Deployment should I {}?", phrase_verb(*verb)),
        Unclear::MissingValue { verb, said } => missing_value(*verb, said.as_deref()),
        Unclear::Several { said, targets } => {
            let said = said.as_deref().unwrap_or("that");
            format!("“{said}” matches {} Deployments: {}. Which one?", targets.len(), objects(targets))
        }
        Unclear::NoDeploymentThere => "There is no Deployment there.".to_owned(),
        Unclear::Ambiguous(readings) => {
            let readings: Vec<String> = readings.iter().map(reading).collect();
            format!("That could be {}. Which one?", readings.join(", or "))
        }
        Unclear::RoundsToNothing { name, now } => {
            format!("`{name}` has {now} and a reduction that small rounds to no change. How many should it have?")
        }
        Unclear::NotUnderstood(read) => {
            format!("I am not sure enough what is meant. What I read, perhaps wrongly: {}.", phrase(read))
        }
    }
}

/// The sentence of a reason on a card that changes `on_card` Deployments: the order may have named more, of which some
/// were refused or need no change.
pub fn reason_on_card(why: &Reason, on_card: usize) -> String {
    match why {
        Reason::Caution(Caution::SeveralDeployments(named)) if on_card == 1 => {
            format!("The order named {named} Deployments; this card changes 1 of them.")
        }
        Reason::Caution(Caution::MessageChangesSeveral) if on_card == 1 => {
            "The message orders more than what is on this card.".to_owned()
        }
        Reason::Caution(Caution::SeveralDeployments(_)) => caution(&Caution::SeveralDeployments(on_card)),
        Reason::Caution(_)
        | Reason::Denied(_)
        | Reason::Impossible(_)
        | Reason::Unclear(_)
        | Reason::Doubt(_)
        | Reason::NothingOrdered
        | Reason::NothingOpen
        | Reason::Overruled(_)
        | Reason::Text(_) => reason(why),
    }
}

/// A consequence of the change that should be seen before it is made.
fn caution(why: &Caution) -> String {
    match why {
        Caution::Destructive(verb) => destructive(*verb).to_owned(),
        Caution::ScaledToZero(name) => format!("With 0 replicas, `{name}` serves nobody."),
        Caution::ScaledBelowHalf { name, now, wanted } => {
            format!("{wanted} is fewer than half of the {now} that `{name}` has.")
        }
        Caution::LargeIncrease { name, now, added } => {
            format!("That adds {added} replicas to the {now} that `{name}` has.")
        }
        Caution::SeveralDeployments(count) => format!("This changes {count} Deployments."),
        Caution::MessageChangesSeveral => "This message changes more than one Deployment.".to_owned(),
        Caution::OtherChangePending => {
            "Another change of the same Deployment in this message needs an answer first.".to_owned()
        }
        Caution::Protected(namespace) => format!("`{namespace}` is a protected namespace."),
        Caution::ConfirmedThere => "The policy wants that confirmed there.".to_owned(),
        Caution::NeedsOtherApproval => "Changes there need somebody else's approval.".to_owned(),
    }
}

fn missing_value(verb: Intent, said: Option<&str>) -> String {
    let name = said.map_or_else(|| "it".to_owned(), |said| format!("“{said}”"));
    if verb == Intent::SetImage {
        format!("Which image or tag should {name} run?")
    } else if verb == Intent::Autoscale {
        format!("How many replicas may the autoscaler of {name} go up to?")
    } else {
        format!("How many replicas should {name} have?")
    }
}

fn not_found(said: &str, place: &[String], missing: &NotFound) -> String {
    match missing {
        NotFound::Place { said } => format!("There is no namespace or cluster like “{said}” here."),
        NotFound::Elsewhere(elsewhere) => {
            format!("There is no “{said}” in {}; there is {}.", place.join(" · "), objects(elsewhere))
        }
        NotFound::OtherKind { kind, object } => format!(
            "`{}` in `{}` is a {}: I look at and change Deployments only.",
            object.name,
            object.namespace,
            kind.as_str()
        ),
        NotFound::Nothing { near } if near.is_empty() => format!("There is no Deployment like “{said}”."),
        NotFound::Nothing { near } => {
            format!("There is no Deployment like “{said}”. The nearest: {}.", objects(near))
        }
    }
}

/// The first few objects, and how many more there are.
fn objects(objects: &[ObjectRef]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = objects.iter().take(SHOWN).map(|object| format!("`{object}`")).collect();
    let more = objects.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// One of several readings, in short form.
fn reading(read: &CommandSummary) -> String {
    match (read.replicas, &read.image) {
        (Some(Amount::To(n)), _) => format!("{n} replicas"),
        (Some(Amount::By(n)), _) if n < 0 => format!("{} replicas fewer", n.unsigned_abs()),
        (Some(Amount::By(n)), _) => format!("{n} replicas more"),
        (Some(Amount::Times(f)), _) => format!("{f} times as many replicas"),
        (None, Some(image)) => format!("image tag `{}`", plain(&image.to_string())),
        (None, None) => phrase_verb(read.intent).to_owned(),
    }
}

fn destructive(verb: Intent) -> &'static str {
    match verb {
        Intent::Delete => "Deleting a Deployment removes all of its pods.",
        Intent::Rollback => "A rollback replaces all pods.",
        Intent::Restart => "A restart replaces all pods.",
        Intent::SetImage => "A new image replaces all pods.",
        Intent::Autoscale => "From then on, an autoscaler changes the number of replicas by itself.",
        Intent::Undo => "An undo is a change, too.",
        Intent::Scale
        | Intent::Pause
        | Intent::Resume
        | Intent::Status
        | Intent::List
        | Intent::History
        | Intent::Logs
        | Intent::Confirm
        | Intent::Cancel
        | Intent::Help
        | Intent::None => "That changes what is running.",
    }
}
