//! The progress and the outcome of a rollout.

use std::time::Duration;

use super::{call_error, done_so_far, ending::escape_causes, images, plain, taken_back_by};
use readback_cluster::{Cause, FIELD_MANAGER, Failing, Failure, Live, Progress, Rollout, tool};
use readback_core::{change::Change, domain::Intent};
use readback_webex::escape_markdown;

/// The state of the rollout of a change. `later` is the change through readback that has overtaken it, if there is one.
pub fn rollout(rollout: &Rollout, took: Duration, change: &Change, later: Option<&Change>) -> String {
    let template = change.order().template_changed;
    match rollout {
        Rollout::Pending => "Rolling out.".to_owned(),
        Rollout::Progressing(progress) => format!("Rolling out: {}.", counts(progress, template)),
        Rollout::Stuck { progress, cause, certain: false } => {
            format!("Rolling out: {}; {}.", counts(progress, template), clause(cause))
        }
        Rollout::Stuck { progress, cause, certain: true } => {
            let state = not_rolling_out(progress, Some(cause), template);
            format!("{state} Kubernetes keeps trying, and I keep watching.")
        }
        Rollout::Failed { failure, progress, cause } => {
            let why = match failure {
                Failure::DeadlineExceeded => {
                    "Its deadline has passed. Kubernetes keeps trying and does not take it back by itself; I stopped watching."
                }
                Failure::TimeLimit => "I stopped watching.",
            };
            format!("{} {why}", not_rolling_out(progress, cause.as_ref(), template))
        }
        Rollout::Done { ready, wanted } => done(*ready, *wanted, took, change),
        Rollout::Superseded(live) => match later.filter(|later| later.order().undoes == Some(change.id())) {
            Some(undo) => taken_back_by(undo),
            None => format!(
                "{} since: it has {} replicas and runs {} now.",
                changed_by(live, template, later),
                live.replicas(),
                images(live)
            ),
        },
        Rollout::Paused => "It is paused, so nothing rolls out until somebody resumes it.".to_owned(),
        Rollout::Gone => match later.filter(|later| later.order().intent == Intent::Delete) {
            Some(later) => format!("{} has deleted it since.", name_of(later)),
            None => "It has been deleted since.".to_owned(),
        },
        Rollout::Lost(why) => {
            format!("I can no longer see how it goes: {}.", plain(call_error(why).trim_end_matches('.')))
        }
    }
}

/// What a message of its own says about a rollout that fails: "`web` web:1 → web:2. Not rolling out: the image `web:2`
/// cannot be pulled (not found). The 2 old pods are still serving."
pub fn rollout_failure(change: &Change, failing: &Failing<'_>) -> String {
    let template = change.order().template_changed;
    let counts = counts(failing.progress, template);
    let what = match (failing.cause, failing.ended) {
        (Some(cause), _) if template => format!("Not rolling out: {}.", clause(cause)),
        (Some(cause), _) => format!("Stuck at {counts}: {}.", clause(cause)),
        (None, Some(Failure::TimeLimit)) => format!("Not done yet: {counts}. I stopped watching."),
        (None, Some(Failure::DeadlineExceeded) | None) => {
            format!("Not rolling out: {counts}, and the deadline of the rollout has passed.")
        }
    };
    done_so_far(change, &format!("{what}{}", serving(failing.progress, template)))
}

/// What that message says once it offers nothing more. `state` is how it went on.
pub fn rollout_failed_before(change: &Change, state: &str) -> String {
    let cause = change.failure().and_then(|failure| failure.cause.as_ref());
    let why = cause.map(|cause| format!(": {}", clause(cause))).unwrap_or_default();
    let was = if change.order().template_changed { "It was not rolling out" } else { "It was stuck" };
    done_so_far(change, &format!("{was}{why}. {state}"))
}

fn done(ready: u32, wanted: u32, took: Duration, change: &Change) -> String {
    let seconds = took.as_secs().max(1);
    // The room was told that it failed.
    let done = if change.failure().is_some() { "Done after all" } else { "Done" };
    match wanted {
        0 => format!("{done}, no pod is left after {seconds} s."),
        _ if change.order().template_changed => {
            format!("{done}, {ready} of {wanted} updated and ready after {seconds} s.")
        }
        _ => format!("{done}, {ready} of {wanted} ready after {seconds} s."),
    }
}

/// Who wrote last to what the change set, according to the managed fields.
fn changed_by(live: &Live, template: bool, later: Option<&Change>) -> String {
    let owners = live.owners();
    let last = if template { &owners.last_template } else { &owners.last_replicas };
    match (last.as_deref().or(owners.last.as_deref()), later) {
        (Some(FIELD_MANAGER), Some(later)) => format!("A later order by {} has changed it", name_of(later)),
        (Some(FIELD_MANAGER), None) => "A later order through me has changed it".to_owned(),
        // Of the controllers in kube-controller-manager, only the one for autoscalers writes to the spec.
        (Some("kube-controller-manager"), _) => "An autoscaler has changed it".to_owned(),
        (Some(manager), _) => format!("{} has changed it", escape_causes(&tool(manager).0)),
        (None, _) => "Somebody has changed it".to_owned(),
    }
}

/// Who ordered a change.
fn name_of(change: &Change) -> String {
    escape_markdown(&change.order().requester.name)
}

fn counts(progress: &Progress, template: bool) -> String {
    if template {
        format!("{} of {} updated, {} ready", progress.updated, progress.wanted, progress.ready)
    } else {
        format!("{} of {} ready", progress.ready, progress.wanted)
    }
}

fn clause(cause: &Cause) -> String {
    escape_causes(&cause.to_string())
}

fn not_rolling_out(progress: &Progress, cause: Option<&Cause>, template: bool) -> String {
    let cause = cause.map(|cause| format!("; {}", clause(cause))).unwrap_or_default();
    format!("Not rolling out: {}{cause}.{}", counts(progress, template), serving(progress, template))
}

/// What serves in the meantime, as a further sentence.
fn serving(progress: &Progress, template: bool) -> String {
    match progress.old_serving {
        _ if progress.ready == 0 && progress.wanted > 0 => " No pod is ready.".to_owned(),
        0 => String::new(),
        _ if !template => String::new(),
        1 => " The old pod is still serving.".to_owned(),
        n => format!(" The {n} old pods are still serving."),
    }
}

#[cfg(test)]
mod tests;
