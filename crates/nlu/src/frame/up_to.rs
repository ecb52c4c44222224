//! "Scale up to 5" says a number of replicas, although "up to 5" alone is the maximum of an autoscaler.

use super::{Message, Segment, Span};
use crate::slot::Slot;
use readback_core::domain::Intent;

/// Words of which a sentence about an autoscaler has one.
const OF_AN_AUTOSCALER: &[&str] = &[
    "autoscale",
    "autoscaler",
    "autoscaling",
    "auto",
    "hpa",
    "horizontal",
    "automatic",
    "automatically",
    "max",
    "maximum",
    "min",
    "minimum",
    "most",
    "least",
    "between",
    "limit",
    "cap",
    "ceiling",
    "range",
    "grow",
];

/// The clause and its spans, with replicas for a maximum that belongs to a "scale" and to no autoscaler.
pub(super) fn as_scale(message: &Message<'_>, segment: &Segment, mut spans: Vec<Span>) -> (Segment, Vec<Span>) {
    let mut segment = segment.clone();
    let of_a_scale = |span: &Span| {
        matches!(
            span.slot,
            Slot::Max | Slot::Replicas | Slot::Deployment | Slot::Namespace | Slot::Cluster | Slot::Rejected
        )
    };
    let is_number = |span: &&Span| matches!(span.slot, Slot::Max | Slot::Replicas);
    let maximums = spans.iter().filter(is_number).count();
    let says = |wanted: &[&str]| segment.words.clone().any(|at| wanted.contains(&message.lower[at].as_str()));
    let scales = segment.intent == Intent::Autoscale && says(&["scale"]) && !says(OF_AN_AUTOSCALER);
    if scales && maximums == 1 && spans.iter().all(of_a_scale) {
        segment.intent = Intent::Scale;
        spans.iter_mut().filter(|span| span.slot == Slot::Max).for_each(|span| span.slot = Slot::Replicas);
    }
    (segment, spans)
}
