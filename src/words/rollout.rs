//! The progress and the outcome of a rollout.

use std::time::Duration;

use super::{call_error, ending::escape_causes, images, plain};
use readback_cluster::{Failure, Live, Progress, Rollout, tool};

/// The state of a rollout. `template` says that the pod template has changed, so pods are replaced.
pub fn rollout(rollout: &Rollout, took: Duration, template: bool) -> String {
    let seconds = took.as_secs().max(1);
    match rollout {
        Rollout::Pending => "Rolling out.".to_owned(),
        Rollout::Progressing(progress) => format!("Rolling out: {}.", counts(progress, template)),
        Rollout::Stuck { progress, cause } => {
            format!("Rolling out: {}; {}.", counts(progress, template), escape_causes(&cause.to_string()))
        }
        Rollout::Done { wanted: 0, .. } => format!("Done, no pod is left after {seconds} s."),
        Rollout::Done { ready, wanted } if template => {
            format!("Done, {ready} of {wanted} updated and ready after {seconds} s.")
        }
        Rollout::Done { ready, wanted } => format!("Done, {ready} of {wanted} ready after {seconds} s."),
        Rollout::Failed { failure, progress, cause } => {
            failed(*failure, progress, cause.as_ref().map(ToString::to_string), template)
        }
        Rollout::Superseded(live) => {
            format!("{} since: it has {} replicas and runs {} now.", changed_by(live), live.replicas(), images(live))
        }
        Rollout::Paused => "It is paused, so nothing rolls out until somebody resumes it.".to_owned(),
        Rollout::Gone => "It has been deleted since.".to_owned(),
        Rollout::Lost(why) => {
            format!("I can no longer see how it goes: {}.", plain(call_error(why).trim_end_matches('.')))
        }
    }
}

/// Who wrote to the object last, according to its managed fields.
fn changed_by(live: &Live) -> String {
    match live.owners().last.as_deref() {
        Some("readback") => "A later order through me has changed it".to_owned(),
        // Of the controllers in kube-controller-manager, only the one for autoscalers writes to the spec.
        Some("kube-controller-manager") => "An autoscaler has changed it".to_owned(),
        Some(manager) => format!("{} has changed it", escape_causes(&tool(manager).0)),
        None => "Somebody has changed it".to_owned(),
    }
}

fn counts(progress: &Progress, template: bool) -> String {
    if template {
        format!("{} of {} updated, {} ready", progress.updated, progress.wanted, progress.ready)
    } else {
        format!("{} of {} ready", progress.ready, progress.wanted)
    }
}

fn failed(failure: Failure, progress: &Progress, cause: Option<String>, template: bool) -> String {
    let cause = cause.map(|cause| format!("; {}", escape_causes(&cause))).unwrap_or_default();
    let serving = match progress.old_serving {
        0 => String::new(),
        1 => " The old pod still serves.".to_owned(),
        n => format!(" The {n} old pods still serve."),
    };
    let why = match failure {
        Failure::DeadlineExceeded => " Kubernetes has given the rollout up, and does not take it back by itself.",
        Failure::NotRollingOut => " Kubernetes keeps trying; I stopped watching.",
        Failure::TimeLimit => " I stopped watching.",
    };
    format!("Not rolling out: {}{cause}.{serving}{why}", counts(progress, template))
}
