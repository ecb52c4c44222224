//! Why something failed or was refused.

use jiff::Timestamp;

use super::{clock, ended, ending::escape_causes, ignored, look::health_of, mild, sentences, summaries, taken_back_by};
use readback_cluster::{Cause, Description};
use readback_core::{
    change::{Change, RolloutFailure, Status},
    command::Doubt,
    domain::DeploymentName,
    policy::{Denial, Impossible, Reason},
};
use readback_nlu::short::talk::Talk;
use readback_webex::{code, escape_markdown};

/// The answer if nothing was ordered, asked or refused here lately.
pub const NOTHING_TO_EXPLAIN: &str = "I find nothing here to explain.";

/// The answer if nothing has failed here lately.
pub const NO_FAILURE: &str = "I know of no order here that failed. “How is web?” shows how a Deployment is.";

/// A change whose rollout failed, with what is known of it now.
#[derive(Debug)]
pub struct FailedRollout<'w> {
    /// The change.
    pub change: &'w Change,
    /// Its failure.
    pub failure: &'w RolloutFailure,
    /// The change that has undone it.
    pub undone: Option<Change>,
    /// The Deployment now; `None` if it was not read.
    pub now: Option<Description>,
    /// The last line that the failing container has printed, ready to be shown.
    pub last_line: Option<String>,
}

/// Why a rollout failed: its cause, the pod, what the Deployment is like now, and the last line of the log.
pub fn why_failed(failed: &FailedRollout<'_>) -> String {
    let change = failed.change;
    let cause = match &failed.failure.cause {
        Some(cause) => clause(cause),
        None => "its pods did not become ready in time, and no cause is known".to_owned(),
    };
    let state = match (&failed.undone, &failed.now) {
        (Some(undo), _) => format!(" {}", taken_back_by(undo)),
        (None, Some(now)) => format!(" Now: {}.", health_of(now)),
        (None, None) => String::new(),
    };
    let last = failed.last_line.as_ref().map(|line| format!(" The last line of its log:\n{line}")).unwrap_or_default();
    format!("{}, failed: {cause}.{state}{last}", what(change))
}

fn clause(cause: &Cause) -> String {
    let pod = cause.pod.as_ref().map(|pod| format!(", pod {}", code(pod))).unwrap_or_default();
    format!("{}{pod}", escape_causes(&cause.to_string()))
}

/// What came of a change, and why it was asked about.
pub fn why_ended(change: &Change) -> String {
    let reasons = sentences(&change.order().reasons);
    let why = if reasons.is_empty() { String::new() } else { format!(" I asked because: {}", reasons.join(" ")) };
    // An order that needed no yes was confirmed by nobody.
    let done_at_once = change.status() == Status::Applied && change.card().is_none();
    let state = if done_at_once { "Done.".to_owned() } else { ended(change) };
    format!("{}: {}{why}", what(change), state.trim())
}

/// "`web` web:1 → web:2, ordered by Ann at 14:21 UTC".
fn what(change: &Change) -> String {
    let order = change.order();
    let (effects, by) = (escape_markdown(&summaries(&order.effects)), escape_markdown(&order.requester.name));
    format!("{} {effects}, ordered by {by} at {}", order.called(), clock(order.created))
}

/// Why something was refused, and what would be allowed.
pub fn why_refused(at: Timestamp, reasons: &[Reason]) -> String {
    let allowed = reasons.iter().filter_map(allowed).map(|sentence| mild(&sentence));
    let told: Vec<String> = sentences(reasons).into_iter().chain(allowed).collect();
    format!("What you said at {}: {}", clock(at), told.join(" "))
}

/// Why nothing was done about a message that was read as ordering nothing.
pub fn why_ignored(at: Timestamp, talk: Talk, reasons: &[Reason]) -> String {
    let why = ignored(talk, reasons).unwrap_or_default();
    let plainly = "Said as a plain order, like “scale web to 3”, it would be read as one.";
    let is_doubted = reasons.iter().any(|reason| matches!(reason, Reason::Doubt(Doubt::OrdersNothing(_))));
    format!("What you said at {}: {why}{}", clock(at), if is_doubted { format!(" {plainly}") } else { String::new() })
}

/// What would not be refused for this reason, where the reason itself does not say it.
fn allowed(reason: &Reason) -> Option<String> {
    match reason {
        Reason::Denied(denial) => allowed_by_policy(denial),
        Reason::Impossible(Impossible::AboveLimit { of, most, .. }) => {
            Some(up_to(of.as_ref().map(|(name, _)| name), *most))
        }
        Reason::Impossible(_)
        | Reason::Unclear(_)
        | Reason::Caution(_)
        | Reason::Doubt(_)
        | Reason::NothingOrdered
        | Reason::NothingOpen
        | Reason::Overruled(_)
        | Reason::Text(_) => None,
    }
}

fn allowed_by_policy(denial: &Denial) -> Option<String> {
    match denial {
        Denial::TooManyReplicas { name, most, .. } => Some(up_to(Some(name), *most)),
        Denial::NotGranted { .. } => Some("“what may I do?” lists what is allowed here.".to_owned()),
        Denial::Quiet { .. } => Some("After that it is allowed.".to_owned()),
        Denial::NotAnApprover(_)
        | Denial::NoIdentity
        | Denial::SeveralIdentities
        | Denial::OtherIdentity
        | Denial::Image(_)
        | Denial::KeptInGit { .. }
        | Denial::OwnRole { .. }
        | Denial::StricterNow
        | Denial::ApprovalLapsed { .. }
        | Denial::RequesterGone => None,
    }
}

fn up_to(name: Option<&DeploymentName>, most: u32) -> String {
    let name = name.map_or_else(|| "it".to_owned(), ToString::to_string);
    format!("“scale {name} to {most}” is within it.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_core::{
        change::{CauseKind, samples},
        command::Sign,
    };

    #[test]
    fn a_refusal_names_the_rule_and_what_is_allowed() {
        let name = DeploymentName::parse("web").unwrap();
        let limit = Denial::TooManyReplicas { name, wanted: 120, most: 100 };
        assert_eq!(
            why_refused(samples::at(0), &[Reason::Denied(limit)]),
            "What you said at 08:00 UTC: The limit for `web` is 100 replicas now, and 120 is above it. \
             “scale web to 100” is within it."
        );
        let negated = Reason::Doubt(Doubt::OrdersNothing(Sign::Negation));
        assert_eq!(
            why_ignored(samples::at(0), Talk::Unknown, &[negated]),
            "What you said at 08:00 UTC: I read that as “do not”, so nothing was done. Said as a plain order, like “scale \
             web to 3”, it would be read as one."
        );
    }

    #[test]
    fn foreign_text_is_escaped() {
        let cause = Cause {
            kind: CauseKind::Config,
            reason: "CreateContainerConfigError".into(),
            pod: Some("web-1`<@all>".into()),
            container: Some("web".into()),
            image: None,
            detail: "secret <@all> *not* found".into(),
        };
        let failure = RolloutFailure { message: "failure".into(), cause: Some(cause) };
        let change = Change::asking(samples::order()).unwrap();
        let failed = FailedRollout { change: &change, failure: &failure, undone: None, now: None, last_line: None };
        let text = why_failed(&failed);
        assert!(!text.contains("<@") && !text.contains("*not*"), "{text}");
    }
}
