//! What a whole message does, beside what its clauses order.

use readback_core::domain::Intent;

/// What a whole message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// It orders a change, or answers a question about one.
    Orders,
    /// It asks for information.
    Asks,
    /// It does neither.
    Nothing,
}

impl MessageKind {
    /// All kinds, in the order of the network's output.
    pub const ALL: [Self; 3] = [Self::Orders, Self::Asks, Self::Nothing];

    /// The kind of a message with clauses of these intents.
    pub fn of(intents: impl IntoIterator<Item = Intent>) -> Self {
        let of_one = |intent: Intent| match intent {
            Intent::None => Self::Nothing,
            Intent::Status | Intent::List | Intent::History | Intent::Logs | Intent::Help => Self::Asks,
            Intent::Scale
            | Intent::SetImage
            | Intent::Restart
            | Intent::Rollback
            | Intent::Pause
            | Intent::Resume
            | Intent::Autoscale
            | Intent::Delete
            | Intent::Undo
            | Intent::Confirm
            | Intent::Cancel => Self::Orders,
        };
        intents.into_iter().map(of_one).min().unwrap_or(Self::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_counts_before_a_question_and_a_question_before_nothing() {
        assert_eq!(MessageKind::of([Intent::None, Intent::Status, Intent::Scale]), MessageKind::Orders);
        assert_eq!(MessageKind::of([Intent::None, Intent::Logs]), MessageKind::Asks);
        assert_eq!(MessageKind::of([Intent::None]), MessageKind::Nothing);
        assert_eq!(MessageKind::of([]), MessageKind::Nothing);
    }
}
