//! Which words the commands of a message use, for the account of every word.

use super::{Segment, Span};
use crate::{
    roles::{ClauseUse, Use},
    slot::Slot,
};
use readback_core::{command::Command, domain::Intent};

/// Collects the use of each word while commands are built.
pub(super) struct Usage {
    uses: Vec<Use>,
    clauses: Vec<ClauseUse>,
}

impl Usage {
    /// Nothing is used yet; what was taken back as a whole is not meant.
    pub(super) fn new(words: usize, segments: &[Segment], kept: &[Segment]) -> Self {
        let mut uses = vec![Use::Free; words];
        let is_kept = |at: &usize| kept.iter().any(|segment| segment.words.contains(at));
        for at in segments.iter().flat_map(|segment| segment.words.clone()).filter(|at| !is_kept(at)) {
            uses[at] = Use::NotMeant;
        }
        Self { uses, clauses: Vec::new() }
    }

    /// A clause, and the intent of the command that it became.
    pub(super) fn clause(&mut self, segment: &Segment, intent: Intent) {
        self.clauses.push(ClauseUse { words: segment.words.clone(), intent });
    }

    /// Values that were taken back, left out or only compared.
    pub(super) fn not_meant<'s>(&mut self, spans: impl Iterator<Item = &'s Span>) {
        spans.for_each(|span| self.uses[span.words.clone()].fill(Use::NotMeant));
    }

    /// Values of these commands. A value that no command has room for is used by none.
    pub(super) fn values(&mut self, spans: &[Span], commands: &[Command]) {
        for span in spans.iter().filter(|span| commands.iter().any(|command| has_room(command, span.slot))) {
            let used = if span.slot == Slot::Rejected { Use::NotMeant } else { Use::Value(span.slot) };
            self.uses[span.words.clone()].fill(used);
        }
    }

    /// The values of the clause before, in place of which these were said.
    pub(super) fn replaced(&mut self, spans: &[Span]) {
        let Some(last) = self.clauses.last().map(|clause| clause.words.clone()) else { return };
        for used in &mut self.uses[last] {
            if matches!(used, Use::Value(slot) if spans.iter().any(|span| span.slot == *slot)) {
                *used = Use::NotMeant;
            }
        }
    }

    /// The use of each word, and the clauses.
    pub(super) fn finish(self) -> (Vec<Use>, Vec<ClauseUse>) {
        (self.uses, self.clauses)
    }
}

/// Whether a command says anything with a value of this slot.
fn has_room(command: &Command, slot: Slot) -> bool {
    let intent = command.intent;
    let reads_value = || !command.faults.is_empty() || !command.alternatives.is_empty();
    match slot {
        Slot::Deployment | Slot::Namespace | Slot::Cluster => {
            !matches!(intent, Intent::Confirm | Intent::Cancel | Intent::Help | Intent::None)
        }
        Slot::Replicas => {
            (command.replicas.is_some() && matches!(intent, Intent::Scale | Intent::SetImage))
                || (intent == Intent::Autoscale && command.max.is_some())
                || (intent == Intent::Rollback && command.revision.is_some())
                || (intent == Intent::Logs && command.lines.is_some())
                || reads_value()
        }
        Slot::Image => matches!(intent, Intent::Scale | Intent::SetImage) || reads_value(),
        Slot::Old => matches!(intent, Intent::Scale | Intent::SetImage | Intent::Autoscale | Intent::Rollback),
        Slot::Revision => intent == Intent::Rollback,
        Slot::Min | Slot::Max | Slot::Cpu => intent == Intent::Autoscale,
        Slot::Lines => intent == Intent::Logs,
        Slot::Container => matches!(intent, Intent::SetImage | Intent::Logs),
        Slot::Duration => intent.is_write(),
        Slot::Rejected => true,
    }
}
