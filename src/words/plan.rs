//! Why no write was planned: nothing would change, or the change is impossible.

use readback_cluster::{
    PatchRefusal,
    plan::{PlanRefusal, Unchanged},
};
use readback_core::domain::ObjectRef;

use super::{call_error, mild, plain};

/// The answer if the object already has the requested state.
pub fn unchanged(object: &ObjectRef, what: &Unchanged) -> String {
    let name = format!("`{}`", object.name);
    mild(&match what {
        Unchanged::Replicas(count) => format!("{name} already has {}. Nothing was changed.", replicas(*count)),
        Unchanged::NoPods => format!("{name} has 0 replicas: there is nothing to restart. Nothing was changed."),
        Unchanged::RestartedNow => format!("{name} was restarted this very second. Nothing was changed."),
        Unchanged::Held => format!("Rollouts of {name} are already paused. Nothing was changed."),
        Unchanged::NotHeld => format!("Rollouts of {name} are not paused. Nothing was changed."),
        Unchanged::Image(image) => {
            format!("{name} already runs `{image}`. Nothing was changed; “restart” would replace its pods.")
        }
        Unchanged::Autoscaler => format!("The autoscaler of {name} already has these bounds. Nothing was changed."),
        Unchanged::Revision(number) => format!("{name} is at revision {number} already. Nothing was changed."),
    })
}

fn replicas(count: u32) -> String {
    if count == 1 { "1 replica".to_owned() } else { format!("{count} replicas") }
}

/// The answer if the change is impossible.
pub fn plan_refused(object: &ObjectRef, why: &PlanRefusal) -> String {
    let name = format!("`{}`", object.name);
    mild(&match why {
        PlanRefusal::Unreadable(error) => {
            format!("{name}: {}. Nothing was changed.", call_error(error).trim_end_matches('.'))
        }
        PlanRefusal::Patch(why) => format!("{name}: {}. Nothing was changed.", patch_refused(why)),
        PlanRefusal::NoSuchCount { has } => format!("{name} has {has} replicas: that many cannot be set."),
        PlanRefusal::NoReference { image } => {
            format!("{name} runs `{image}`, which is not an image reference that I can read. Say the whole image.")
        }
        PlanRefusal::NoContainer { said, names } => {
            format!("{name} has no container “{}”; it has {}.", plain(said), codes(names))
        }
        PlanRefusal::MinimumAbove { min, max } => format!(
            "The autoscaler of {name} keeps at least {min}, which is above {max}: say the minimum as well. Nothing was changed."
        ),
        PlanRefusal::AutoscalerOf { owner } => format!(
            "The autoscaler of {name} belongs to {owner}, which would put it back: change it there. Nothing was changed."
        ),
        PlanRefusal::KeepsNoRevisions => {
            format!("{name} keeps no earlier revisions, so it cannot be rolled back. Nothing was changed.")
        }
        PlanRefusal::NoSuchRevision { wanted, kept } => {
            let kept = kept.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            format!("{name} has no revision {wanted} any more; it has {kept}. Nothing was changed.")
        }
        PlanRefusal::NoEarlierRevision => {
            format!("{name} has no earlier revision to go back to. Nothing was changed.")
        }
    })
}

fn patch_refused(why: &PatchRefusal) -> String {
    match why {
        PatchRefusal::Unchanged => "it is already so".to_owned(),
        PatchRefusal::TooMany(count) => format!("{count} replicas is more than Kubernetes can hold"),
        PatchRefusal::NoContainer(name) => format!("there is no container `{name}`"),
        PatchRefusal::Paused => "it is paused; resume it first".to_owned(),
        PatchRefusal::BeingDeleted => "it is being deleted".to_owned(),
        PatchRefusal::Moving => "it is changing this very moment; say it again".to_owned(),
        PatchRefusal::OtherMetrics => {
            "its autoscaler looks at other metrics than the CPU, so it has no CPU target to change".to_owned()
        }
    }
}

pub(super) fn codes(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
