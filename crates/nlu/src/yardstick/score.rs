//! Accuracy of intents, slots and whole messages, as the published tables count them.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

/// Results in percent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// Messages with the right intent.
    pub intent: f64,
    /// F1 of the slots, kind and words, as in `conlleval`; `None` if the data has no slots.
    pub slot_f1: Option<f64>,
    /// Messages with the right intent and every tag right.
    pub exact: f64,
}

/// The intent and tags of a message.
pub type Labels<'l> = (&'l str, Vec<&'l str>);

/// Compares readings with labels, message by message.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
pub fn score(pairs: &[(Labels<'_>, Labels<'_>)]) -> Scores {
    let (mut intent, mut exact, mut both, mut read, mut right) = (0, 0, 0, 0, 0);
    for ((read_intent, read_tags), (right_intent, right_tags)) in pairs {
        let same = read_intent == right_intent;
        intent += usize::from(same);
        exact += usize::from(same && read_tags == right_tags);
        let (a, b) = (chunks(read_tags), chunks(right_tags));
        both += a.intersection(&b).count();
        read += a.len();
        right += b.len();
    }
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    Scores {
        intent: share(intent, pairs.len()),
        slot_f1: (right > 0).then(|| share(2 * both, read + right)),
        exact: share(exact, pairs.len()),
    }
}

/// The slots in BIO tags. An `I-` that continues nothing begins a slot, as in `conlleval`.
fn chunks<'t>(tags: &[&'t str]) -> BTreeSet<(usize, usize, &'t str)> {
    let mut found: Vec<(Range<usize>, &str)> = Vec::new();
    for (at, tag) in tags.iter().enumerate() {
        let Some((mark, kind)) = tag.split_once('-') else { continue };
        match found.last_mut() {
            Some((words, last)) if mark == "I" && words.end == at && *last == kind => words.end = at + 1,
            _ => found.push((at..at + 1, kind)),
        }
    }
    found.into_iter().map(|(words, kind)| (words.start, words.end, kind)).collect()
}

/// Whether a BIO tag may stand at the start (`None`) or after another.
pub fn allowed(before: Option<&str>, tag: &str) -> bool {
    let Some(kind) = tag.strip_prefix("I-") else { return true };
    before.and_then(|before| before.split_once('-')).is_some_and(|(_, last)| last == kind)
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  intents right   {:.2} %", self.intent)?;
        if let Some(slot_f1) = self.slot_f1 {
            writeln!(f, "  slot F1         {slot_f1:.2} %")?;
            writeln!(f, "  exact           {:.2} %", self.exact)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_right_only_with_its_kind_and_all_its_words() {
        let right = ("PlayMusic", vec!["O", "B-artist", "I-artist", "B-genre"]);
        let read = ("PlayMusic", vec!["O", "B-artist", "O", "B-genre"]);
        let scores = score(&[(read, right.clone()), (right.clone(), right)]);
        assert!((scores.intent - 100.0).abs() < 1e-9 && (scores.exact - 50.0).abs() < 1e-9);
        assert!(scores.slot_f1.is_some_and(|f1| (f1 - 75.0).abs() < 1e-9), "{scores:?}");
    }

    #[test]
    fn an_inside_tag_needs_a_begin_tag_of_its_kind() {
        assert!(allowed(Some("B-a"), "I-a") && allowed(Some("I-a"), "I-a") && allowed(None, "B-a"));
        assert!(!allowed(None, "I-a") && !allowed(Some("O"), "I-a") && !allowed(Some("B-b"), "I-a"));
    }
}
