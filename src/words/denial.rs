//! Why the policy denies something.

use jiff::civil::Time;

use super::{and, or, verb_name, verb_names};
use readback_core::{
    domain::{Intent, Namespace},
    policy::{Approval, Denial, ImageDenial, QuietUntil},
};

/// A denial in one or two sentences. Quoted names are mostly unescaped; the caller escapes the text with `mild`.
pub fn denial(denial: &Denial) -> String {
    match denial {
        Denial::NotGranted { verb, namespace, theirs, others } => {
            not_granted(*verb, namespace.as_ref(), theirs, others)
        }
        Denial::Quiet { namespace, until } => {
            format!("Changes in `{namespace}` are frozen until {}.", quiet_until(until))
        }
        Denial::NotAnApprover(approval) => not_an_approver(approval),
        Denial::NoIdentity => "I act in the cluster under the name of whoever orders, and I was not told which is yours. Whoever runs me can add you.".to_owned(),
        Denial::SeveralIdentities => "I act in the cluster under the name of whoever orders, and you have more than one there. Whoever runs me can settle that.".to_owned(),
        Denial::OtherIdentity => "The name in the cluster of the one who ordered this is another one now, so it is not sent. Say it again if it still holds.".to_owned(),
        Denial::TooManyReplicas { name, wanted, most } => {
            format!("The limit for `{name}` is {most} replicas now, and {wanted} is above it.")
        }
        Denial::Image(image) => image_denial(image),
        Denial::KeptInGit { name, tool } => {
            format!("{tool} keeps `{name}` as it stands in Git and would put this back. Change it there.")
        }
        Denial::OwnRole { verb, namespace, lacking } => format!(
            "I may not {} in `{namespace}`: my role there lacks {lacking}. Whoever runs me can grant it.",
            verb_name(*verb)
        ),
        Denial::StricterNow => "The policy has changed since: changes there need somebody else's approval now. Say it again to ask for it.".to_owned(),
        Denial::ApprovalLapsed { name } => {
            format!("{} has approved it before, and may no longer: say it again to ask anew.", super::plain(name))
        }
        Denial::RequesterGone => "Webex does not know the one who ordered it any more.".to_owned(),
    }
}

/// The text for an approved change that is not sent, because the policy no longer allows it.
pub fn denied_since(why: &Denial) -> String {
    format!("Not applied: {} Nothing was changed.", super::mild(&denial(why)))
}

/// What the person may do there, and who may do what was requested.
fn not_granted(verb: Intent, namespace: Option<&Namespace>, theirs: &[Intent], others: &[String]) -> String {
    const NAMED: usize = 3;
    let place = namespace.map_or_else(String::new, |namespace| format!(" in `{namespace}`"));
    // List only rights of the same kind: a person who wants to change something knows that reading is a separate
    // permission.
    let theirs: Vec<Intent> = theirs.iter().copied().filter(|one| one.is_write() == verb.is_write()).collect();
    let verbs = verb_names(&theirs);
    let what = if verbs.is_empty() {
        format!("You may not {}{place}.", verb_name(verb))
    } else {
        format!("You may {}{place}, not {}.", and(&verbs), verb_name(verb))
    };
    let who: Vec<String> = others.iter().take(NAMED).map(|one| one.trim_start_matches('@').to_owned()).collect();
    match (who.as_slice(), others.len() > NAMED) {
        ([], _) => format!("{what} Nobody may."),
        (some, true) => format!("{what} {} and others may.", some.join(", ")),
        (some, false) => format!("{what} {} may.", and(some)),
    }
}

fn quiet_until(until: &QuietUntil) -> String {
    let QuietUntil { time, tomorrow, zone } = until;
    match (tomorrow, *time == Time::midnight()) {
        (true, true) => format!("midnight ({zone})"),
        (true, false) => format!("{} tomorrow ({zone})", time.strftime("%H:%M")),
        (false, _) => format!("{} ({zone})", time.strftime("%H:%M")),
    }
}

/// The text for a person whose approval does not count.
fn not_an_approver(approval: &Approval) -> String {
    match approval {
        Approval::Own => "Only the one who ordered it can confirm it.".to_owned(),
        Approval::Other => "It needs the approval of somebody else who may do that there.".to_owned(),
        Approval::Named { people, count } => {
            format!("It needs the approval of {count} of {}.", or(people))
        }
    }
}

fn image_denial(denial: &ImageDenial) -> String {
    match denial {
        ImageDenial::Repository { repository, allowed } => {
            format!("Images from `{repository}` are not allowed here; allowed: {}.", allowed.join(", "))
        }
        ImageDenial::Tag { tag, allowed } if allowed.is_empty() => format!("The tag `{tag}` is not allowed here."),
        ImageDenial::Tag { tag, allowed } => {
            format!("The tag `{tag}` may not run here; allowed: {}.", allowed.join(", "))
        }
        ImageDenial::Unreadable { image } => format!(
            "`{}` is not an image reference that I can read, so I cannot tell whether it may run here.",
            super::plain(image)
        ),
    }
}
