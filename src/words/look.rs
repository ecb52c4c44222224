//! The state of one Deployment, in words: replica counts, images, and why it is failing.

use super::{ending::escape_causes, images};
use readback_cluster::{Cause, Description, Health, PodsRead, Warning};
use readback_core::domain::ObjectRef;
use readback_webex::escape_markdown;

/// Maximum size of a message, in bytes, a little below the limit of Webex.
pub(super) const PAGE: usize = 6_500;

/// The state of one Deployment under the name used here: replica counts, images, and why it is failing.
pub fn status(described: &Description, name: &str) -> String {
    let live = &described.live;
    let unknown = match described.pods {
        PodsRead::Read | PodsRead::NotTried => "",
        PodsRead::Forbidden => " I may not read its pods, so I cannot say more.",
        PodsRead::Failed => " Its pods could not be read just now, so I cannot say more.",
    };
    let warnings: String = described.warnings.iter().map(warning).collect();
    format!("{name}: {}. Runs {}.{}{unknown}{warnings}", health_of(described), images(live), causes(described))
}

fn warning(warning: &Warning) -> String {
    let times = if warning.count > 1 { format!(" ({} times)", warning.count) } else { String::new() };
    format!("\n- {}: {}{times}", escape_markdown(&warning.reason), escape_causes(&warning.message))
}

pub(super) fn health_of(described: &Description) -> String {
    let live = &described.live;
    match &described.health {
        Health::Ready => format!("{} of {} ready", live.ready(), live.replicas()),
        Health::ScaledToZero => "scaled to 0, nothing runs".to_owned(),
        Health::Rolling(progress) => {
            format!("rolling out, {} of {} updated, {} ready", progress.updated, progress.wanted, progress.ready)
        }
        Health::Failing { progress, deadline_exceeded, .. } => {
            let given_up = if *deadline_exceeded { ", Kubernetes has given the rollout up" } else { "" };
            format!("failing, {} of {} updated, {} ready{given_up}", progress.updated, progress.wanted, progress.ready)
        }
        Health::Paused(progress) => {
            format!("paused, {} of {} updated, {} ready", progress.updated, progress.wanted, progress.ready)
        }
        Health::BeingDeleted => "being deleted".to_owned(),
    }
}

fn causes(described: &Description) -> String {
    let one = |(cause, pods): &(Cause, usize)| {
        let text = escape_causes(&cause.to_string());
        if *pods == 1 { format!(" One pod: {text}.") } else { format!(" {pods} pods: {text}.") }
    };
    described.causes.iter().take(3).map(one).collect()
}

/// The answer if the Deployment was deleted after its name was resolved.
pub fn no_longer_there(object: &ObjectRef) -> String {
    format!("`{}` is no longer in `{}`.", object.name, object.namespace)
}

/// Whether the Deployment is healthy, so that there is nothing to report.
pub fn is_well(described: &Description) -> bool {
    matches!(described.health, Health::Ready | Health::ScaledToZero)
}
