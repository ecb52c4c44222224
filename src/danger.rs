//! How dangerous a change is, from its recorded values: what the head of its card shows.

use std::cmp::Reverse;

use readback_core::{
    change::{Field, FieldChange, Order},
    domain::{Intent, WriteKind},
};

/// What a change does to what runs, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    /// Nothing that runs is replaced: another number of replicas, an autoscaler, a paused rollout.
    Adjusts,
    /// All pods are replaced by the same.
    Restarts,
    /// All pods are replaced by others.
    ReplacesPods,
    /// No pod is left.
    Stops,
    /// The Deployment is gone.
    Deletes,
}

impl Danger {
    /// The danger of an order.
    pub fn of(order: &Order) -> Self {
        let own = if matches!(order.means, WriteKind::Delete) { Self::Deletes } else { by_intent(order.intent) };
        order.effects.iter().map(by_effect).fold(own, Self::max)
    }

    /// The style of the container at the head of the card, as Adaptive Cards call it.
    pub const fn style(self) -> &'static str {
        match self {
            Self::Adjusts => "emphasis",
            Self::Restarts => "accent",
            Self::ReplacesPods => "warning",
            Self::Stops | Self::Deletes => "attention",
        }
    }

    /// The character in front of the title, for those who do not see the colour.
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Adjusts => "↕",
            Self::Restarts => "↻",
            Self::ReplacesPods => "⇄",
            Self::Stops => "■",
            Self::Deletes => "✖",
        }
    }
}

const fn by_intent(intent: Intent) -> Danger {
    match intent {
        Intent::Delete => Danger::Deletes,
        // What was changed while rollouts were paused rolls out then.
        Intent::SetImage | Intent::Rollback | Intent::Resume => Danger::ReplacesPods,
        Intent::Restart => Danger::Restarts,
        Intent::Scale
        | Intent::Pause
        | Intent::Autoscale
        | Intent::Undo
        | Intent::Status
        | Intent::List
        | Intent::History
        | Intent::Logs
        | Intent::Confirm
        | Intent::Cancel
        | Intent::Help
        | Intent::None => Danger::Adjusts,
    }
}

fn by_effect(effect: &FieldChange) -> Danger {
    if effect.replicas_after() == Some(0) {
        return Danger::Stops;
    }
    if effect.is_image() || effect.is_template() {
        return Danger::ReplacesPods;
    }
    match effect {
        FieldChange::Pods { .. } => Danger::Restarts,
        FieldChange::Existence { to: None, .. } => Danger::Deletes,
        FieldChange::Paused { to: false, .. } => Danger::ReplacesPods,
        FieldChange::Replicas { .. }
        | FieldChange::Image { .. }
        | FieldChange::Template { .. }
        | FieldChange::Paused { .. }
        | FieldChange::Autoscaler { .. }
        | FieldChange::Existence { .. }
        | FieldChange::Text { .. } => Danger::Adjusts,
    }
}

/// What the title of a card says. Values that can still be entered on the card are no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Undoes an earlier change.
    Undo,
    /// Creates a deleted Deployment again.
    MakeAgain,
    /// Deletes the Deployment.
    Delete,
    /// Leaves no pod.
    Stop,
    /// Sets this number of replicas, from that number.
    ScaleTo(u32, u32),
    /// Sets a number of replicas that is entered on the card, or is not recorded as a number.
    Scale,
    /// Sets an image.
    NewImage,
    /// Restarts all pods.
    Restart,
    /// Goes back to an earlier revision.
    RollBack,
    /// Holds rollouts.
    Pause,
    /// Lets rollouts go on.
    Resume,
    /// Changes the autoscaler.
    Autoscale,
    /// Anything else.
    Change,
}

impl Verb {
    /// The verb of an order.
    pub fn of(order: &Order) -> Self {
        match (order.intent, &order.means) {
            (_, WriteKind::Recreate(_)) => Self::MakeAgain,
            (Intent::Scale, _) => scale(order),
            (intent, _) => Self::of_values(intent, &order.effects),
        }
    }

    /// The verb of an order with this intent and these effects.
    pub fn of_values(intent: Intent, effects: &[FieldChange]) -> Self {
        match intent {
            Intent::Undo => Self::Undo,
            Intent::Delete => Self::Delete,
            Intent::Scale => scale_by(effects),
            Intent::SetImage => Self::NewImage,
            Intent::Restart => Self::Restart,
            Intent::Rollback => Self::RollBack,
            Intent::Pause => Self::Pause,
            Intent::Resume => Self::Resume,
            Intent::Autoscale => Self::Autoscale,
            Intent::Status
            | Intent::List
            | Intent::History
            | Intent::Logs
            | Intent::Confirm
            | Intent::Cancel
            | Intent::Help
            | Intent::None => Self::Change,
        }
    }

    /// The verbs of several orders, each once with how many orders have it, whatever the numbers: the gravest first.
    pub fn of_all<'o>(orders: impl Iterator<Item = &'o Order>) -> Vec<(Self, usize)> {
        let mut verbs: Vec<(Danger, Self, usize)> = Vec::new();
        for order in orders {
            let verb = Self::of(order);
            let verb = if let Self::ScaleTo(..) = verb { Self::Scale } else { verb };
            let danger = Danger::of(order);
            match verbs.iter_mut().find(|(_, known, _)| *known == verb) {
                Some((gravest, _, count)) => (*gravest, *count) = (danger.max(*gravest), *count + 1),
                None => verbs.push((danger, verb, 1)),
            }
        }
        verbs.sort_by_key(|(danger, ..)| Reverse(*danger));
        verbs.into_iter().map(|(_, verb, count)| (verb, count)).collect()
    }
}

fn scale(order: &Order) -> Verb {
    if order.fields.iter().any(|field| matches!(field, Field::Replicas { .. })) {
        return Verb::Scale;
    }
    scale_by(&order.effects)
}

fn scale_by(effects: &[FieldChange]) -> Verb {
    match effects {
        all if all.iter().any(|effect| effect.replicas_after() == Some(0)) => Verb::Stop,
        [FieldChange::Replicas { from, to }] => Verb::ScaleTo(*from, *to),
        _ => Verb::Scale,
    }
}

#[cfg(test)]
mod tests {
    use readback_core::change::samples;

    use super::*;

    fn ordered(intent: Intent, effects: Vec<FieldChange>) -> Order {
        Order { intent, effects, ..samples::order() }
    }

    #[test]
    fn the_gravest_effect_counts_whatever_was_ordered() {
        let to = |to| FieldChange::Replicas { from: 2, to };
        assert_eq!(Danger::of(&ordered(Intent::Scale, vec![to(4)])), Danger::Adjusts);
        assert_eq!(Danger::of(&ordered(Intent::Scale, vec![to(0)])), Danger::Stops);
        assert_eq!(Danger::of(&ordered(Intent::Undo, vec![to(0)])), Danger::Stops);
        assert_eq!(Danger::of(&samples::order()), Danger::ReplacesPods);
        assert_eq!(Danger::of(&ordered(Intent::Restart, vec![FieldChange::Pods { count: 2 }])), Danger::Restarts);
        let gone = FieldChange::Existence { from: None, to: None };
        assert_eq!(Danger::of(&ordered(Intent::Undo, vec![gone])), Danger::Deletes);
        let old = FieldChange::Text { what: "replicas".into(), before: "2".into(), after: "0".into() };
        assert_eq!(Danger::of(&ordered(Intent::Scale, vec![old])), Danger::Stops, "an older record");
    }

    #[test]
    fn a_title_names_no_number_that_can_still_be_entered() {
        let mut order = ordered(Intent::Scale, vec![FieldChange::Replicas { from: 2, to: 4 }]);
        assert_eq!(Verb::of(&order), Verb::ScaleTo(2, 4));
        order.fields = vec![Field::Replicas { known: Some(4), most: 100 }];
        assert_eq!(Verb::of(&order), Verb::Scale);
    }

    #[test]
    fn the_gravest_verb_of_several_orders_stands_first() {
        let scaled = |to| ordered(Intent::Scale, vec![FieldChange::Replicas { from: 2, to }]);
        assert_eq!(Verb::of_all([scaled(3), scaled(4)].iter()), [(Verb::Scale, 2)]);
        assert_eq!(Verb::of_all([scaled(0), scaled(0)].iter()), [(Verb::Stop, 2)]);
        assert_eq!(Verb::of_all([scaled(4), scaled(0)].iter()), [(Verb::Stop, 1), (Verb::Scale, 1)]);
    }
}
