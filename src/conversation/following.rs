//! What follows an executed change: which rollout is followed, and which buttons are offered next.

use super::keys::carried_out;
use crate::cards::Offer;
use readback_cluster::Changed;
use readback_core::{
    change::{Change, Status},
    domain::{Intent, WriteKind},
};

/// What has to roll out after a change; `None` if there is nothing to follow.
pub(super) fn rolls(change: &Change) -> Option<Changed> {
    let order = change.order();
    match (&order.means, carried_out(order)) {
        (WriteKind::Deployment, Intent::Pause) => None,
        (WriteKind::Recreate(_), _) => Some(Changed::Template),
        (WriteKind::Deployment | WriteKind::Scale, _) => {
            Some(if order.template_changed { Changed::Template } else { Changed::Replicas })
        }
        (
            WriteKind::Delete
            | WriteKind::Autoscaler { .. }
            | WriteKind::NewAutoscaler(_)
            | WriteKind::DropAutoscaler { .. },
            _,
        ) => None,
    }
}

/// What the card of an ended change offers.
pub(super) fn after(change: &Change) -> Offer {
    match change.status() {
        // Repeating it now could change the object twice.
        Status::Unknown if change.awaits_answer() => Offer::Nothing,
        Status::Applied if change.order().inverse.is_some() => Offer::Undo,
        Status::Stale | Status::Expired | Status::Unknown if change.order().draft.is_some() => Offer::Again,
        Status::Waiting
        | Status::Approved
        | Status::Claimed
        | Status::Applied
        | Status::Failed
        | Status::Stale
        | Status::Unknown
        | Status::Observed
        | Status::Declined
        | Status::Expired
        | Status::Superseded => Offer::Nothing,
    }
}
