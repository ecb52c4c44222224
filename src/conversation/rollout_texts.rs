//! The last reported progress of the rollouts on cards of several changes, so that every edit of the card can repeat it.

use std::collections::{HashMap, VecDeque};

use readback_core::change::ChangeId;

/// Maximum rollouts remembered; the oldest are dropped.
const REMEMBERED: usize = 500;

/// The last reported progress by change.
#[derive(Debug, Default)]
pub(super) struct RolloutTexts {
    texts: HashMap<ChangeId, String>,
    order: VecDeque<ChangeId>,
}

impl RolloutTexts {
    pub(super) fn get(&self, id: ChangeId) -> Option<String> {
        self.texts.get(&id).cloned()
    }

    pub(super) fn note(&mut self, id: ChangeId, text: String) {
        if self.texts.insert(id, text).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.texts.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_are_remembered_and_the_last_word_counts() {
        let mut told = RolloutTexts::default();
        let id = |n: usize| ChangeId::derive("m", u32::try_from(n).unwrap());
        told.note(id(0), "first".into());
        told.note(id(0), "second".into());
        assert_eq!(told.get(id(0)).as_deref(), Some("second"));
        (1..=REMEMBERED).for_each(|n| told.note(id(n), n.to_string()));
        assert_eq!(told.get(id(0)), None);
        assert_eq!(told.texts.len(), REMEMBERED);
    }
}
