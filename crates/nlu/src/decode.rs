//! Decodes logits per word to tags: the best path that BIO allows, and its probability.

use super::engine::Tags;
use super::slot::Tag;

/// The score of a transition that BIO forbids, in training and here.
pub const FORBIDDEN: f32 = -1e4;

/// The learned transition scores between tags.
#[derive(Clone, Debug)]
pub struct Transitions {
    start: Vec<f64>,
    end: Vec<f64>,
    next: Vec<Vec<f64>>,
}

/// The best path.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The tag of each word.
    pub tags: Vec<Tag>,
    /// The marginal probability of each word's tag.
    pub marginals: Vec<f64>,
    /// The log-probability of each word's tag, given the tag before it.
    pub steps: Vec<f64>,
}

/// Whether BIO allows `to` at the start (`from` is `None`) or after `from`, as columns.
pub fn allowed(from: Option<usize>, to: usize) -> bool {
    let before = from.map_or(Some(Tag::Outside), Tag::at);
    matches!((before, Tag::at(to)), (Some(before), Some(to)) if before.may_precede(to))
}

impl Transitions {
    /// From the learned scores; `next` is in row-major order, the row being the previous tag. What BIO forbids stays
    /// forbidden, whatever was learned.
    pub fn new(start: &[f32], end: &[f32], next: &[f32]) -> Self {
        Self::of(Tag::COUNT, allowed, [start, end, next])
    }

    /// Transitions between `count` tags of any kind; `learned` holds the scores at the start, at the end, and between
    /// tags.
    pub(crate) fn of(count: usize, allowed: impl Fn(Option<usize>, usize) -> bool, learned: [&[f32]; 3]) -> Self {
        let score = |from: Option<usize>, to: usize, learned: Option<&f32>| {
            let learned = learned.copied().filter(|score| score.is_finite()).unwrap_or(0.0);
            f64::from(if allowed(from, to) { learned } else { FORBIDDEN })
        };
        let [start, end, next] = learned;
        let row = |from: usize| (0..count).map(|to| score(Some(from), to, next.get(from * count + to))).collect();
        Self {
            start: (0..count).map(|to| score(None, to, start.get(to))).collect(),
            end: (0..count)
                .map(|tag| end.get(tag).copied().filter(|score| score.is_finite()).map_or(0.0, f64::from))
                .collect(),
            next: (0..count).map(row).collect(),
        }
    }

    /// The columns of the best path through these logits.
    #[cfg(feature = "rust-bert")]
    pub(crate) fn best_path(&self, rows: &[impl AsRef<[f32]>]) -> Vec<usize> {
        viterbi(&emitted(rows, 1.0), self)
    }

    fn tempered(&self, temperature: f64) -> Self {
        let soft = |scores: &[f64]| scores.iter().map(|score| score / temperature).collect::<Vec<f64>>();
        Self {
            start: soft(&self.start),
            end: soft(&self.end),
            next: self.next.iter().map(|scores| soft(scores)).collect(),
        }
    }
}

impl Decoded {
    /// The log-probability of the path over these words.
    pub fn path(&self, words: std::ops::Range<usize>) -> f64 {
        let Some(first) = self.marginals.get(words.start).filter(|_| !words.is_empty()) else { return 0.0 };
        let rest = self.steps.get(words.start + 1..words.end.min(self.steps.len())).unwrap_or_default();
        first.max(f64::MIN_POSITIVE).ln() + rest.iter().sum::<f64>()
    }
}

/// The best path through these logits, after temperature scaling.
pub fn decode(tags: &[Tags], transitions: &Transitions, temperature: f64) -> Decoded {
    let transitions = transitions.tempered(temperature);
    let emitted = emitted(tags, temperature);
    let path = viterbi(&emitted, &transitions);
    let (forward, backward) = (forward(&emitted, &transitions), backward(&emitted, &transitions));
    let total = total(&forward, &transitions);
    let marginals = path.iter().enumerate().map(|(at, tag)| (forward[at][*tag] + backward[at][*tag] - total).exp());
    let steps = path.iter().enumerate().map(|(at, tag)| {
        let (before, score) = match at.checked_sub(1) {
            Some(last) => (backward[last][path[last]], transitions.next[path[last]][*tag]),
            None => (total, transitions.start[*tag]),
        };
        (score + emitted[at][*tag] + backward[at][*tag] - before).min(0.0)
    });
    Decoded {
        marginals: marginals.map(|p| p.clamp(0.0, 1.0)).collect(),
        steps: steps.collect(),
        tags: path.iter().map(|tag| Tag::at(*tag).unwrap_or(Tag::Outside)).collect(),
    }
}

/// The log-probability of these tags, after temperature scaling. A path that BIO forbids is very improbable.
pub fn log_probability(tags: &[Tags], path: &[Tag], transitions: &Transitions, temperature: f64) -> f64 {
    let transitions = transitions.tempered(temperature);
    let emitted = emitted(tags, temperature);
    let columns: Vec<usize> = path.iter().take(emitted.len()).map(|tag| tag.index()).collect();
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else { return 0.0 };
    let words: f64 = columns.iter().zip(&emitted).map(|(tag, row)| row[*tag]).sum();
    let between: f64 = columns.windows(2).map(|pair| transitions.next[pair[0]][pair[1]]).sum();
    words + between + transitions.start[*first] + transitions.end[*last]
        - total(&forward(&emitted, &transitions), &transitions)
}

fn emitted(tags: &[impl AsRef<[f32]>], temperature: f64) -> Vec<Vec<f64>> {
    let number = |v: &f32| if v.is_finite() { f64::from(*v) / temperature } else { 0.0 };
    tags.iter().map(|row| row.as_ref().iter().map(number).collect()).collect()
}

fn total(forward: &[Vec<f64>], transitions: &Transitions) -> f64 {
    forward.last().map_or(0.0, |last| log_sum(last.iter().zip(&transitions.end).map(|(a, b)| a + b)))
}

fn viterbi(emitted: &[Vec<f64>], transitions: &Transitions) -> Vec<usize> {
    let mut back: Vec<Vec<usize>> = Vec::new();
    let mut best: Vec<f64> = Vec::new();
    let count = transitions.start.len();
    for (at, row) in emitted.iter().enumerate() {
        let mut from = vec![0; count];
        best = (0..count)
            .map(|to| {
                let reach = if at == 0 {
                    transitions.start[to]
                } else {
                    let (before, score) = top((0..count).map(|b| best[b] + transitions.next[b][to]));
                    from[to] = before;
                    score
                };
                reach + row[to]
            })
            .collect();
        back.push(from);
    }
    let Some(rows) = back.len().checked_sub(1) else { return Vec::new() };
    let mut path = vec![top(best.iter().zip(&transitions.end).map(|(a, b)| a + b)).0];
    for at in (1..=rows).rev() {
        path.push(back[at][path[path.len() - 1]]);
    }
    path.reverse();
    path
}

fn forward(emitted: &[Vec<f64>], transitions: &Transitions) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(emitted.len());
    for row in emitted {
        let reach = |to: usize| match rows.last() {
            Some(last) => log_sum((0..Tag::COUNT).map(|from| last[from] + transitions.next[from][to])),
            None => transitions.start[to],
        };
        let next = (0..Tag::COUNT).map(|to| reach(to) + row[to]).collect();
        rows.push(next);
    }
    rows
}

fn backward(emitted: &[Vec<f64>], transitions: &Transitions) -> Vec<Vec<f64>> {
    let mut rows = vec![transitions.end.clone()];
    for row in emitted.iter().skip(1).rev() {
        let last = &rows[rows.len() - 1];
        let onward: Vec<f64> = row.iter().zip(last).map(|(a, b)| a + b).collect();
        let next = transitions.next.iter().map(|scores| log_sum(scores.iter().zip(&onward).map(|(a, b)| a + b)));
        rows.push(next.collect());
    }
    rows.reverse();
    rows
}

fn top(scores: impl Iterator<Item = f64>) -> (usize, f64) {
    scores.enumerate().fold((0, f64::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best })
}

fn log_sum(scores: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = scores.clone().fold(f64::NEG_INFINITY, f64::max);
    if most.is_finite() { most + scores.map(|score| (score - most).exp()).sum::<f64>().ln() } else { most }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::slot::Slot;

    fn flat() -> Transitions {
        Transitions::new(&[], &[], &[])
    }

    fn liking(tags: &[(Tag, f32)]) -> Tags {
        let mut row = [0.0; Tag::COUNT];
        for (tag, score) in tags {
            row[tag.index()] = *score;
        }
        row
    }

    #[test]
    fn an_inside_tag_without_a_begin_tag_is_never_decoded() {
        let name = Tag::Inside(Slot::Deployment);
        let begun = Tag::Begin(Slot::Deployment);
        let decoded = decode(&[liking(&[(name, 9.0)]), liking(&[(name, 9.0)])], &flat(), 1.0);
        assert_eq!(decoded.tags, [begun, name]);
    }

    #[test]
    fn without_words_there_is_no_path() {
        let decoded = decode(&[], &flat(), 1.0);
        assert!(decoded.tags.is_empty());
        assert!(decoded.path(0..0).abs() < 1e-12 && decoded.path(0..3).abs() < 1e-12);
    }

    #[test]
    fn a_higher_temperature_lowers_the_probability_of_the_same_path() {
        let rows = [liking(&[(Tag::Begin(Slot::Replicas), 4.0)]), liking(&[(Tag::Outside, 5.0)])];
        let (sharp, soft) = (decode(&rows, &flat(), 1.0), decode(&rows, &flat(), 3.0));
        assert_eq!(sharp.tags, soft.tags);
        assert!(sharp.path(0..2) > soft.path(0..2));
    }

    fn rows(most: usize) -> impl Strategy<Value = Vec<Tags>> {
        proptest::collection::vec(proptest::collection::vec(-4.0f32..4.0, Tag::COUNT), 0..most)
            .prop_map(|rows| rows.into_iter().map(|row| row.try_into().unwrap()).collect())
    }

    proptest! {
        #[test]
        fn every_path_is_allowed_and_its_probability_is_one(rows in rows(7)) {
            let decoded = decode(&rows, &flat(), 1.3);
            let columns: Vec<usize> = decoded.tags.iter().map(|tag| tag.index()).collect();
            for (at, tag) in columns.iter().enumerate() {
                prop_assert!(allowed(at.checked_sub(1).map(|last| columns[last]), *tag));
            }
            let whole: f64 = decoded.steps.iter().sum();
            prop_assert!(whole <= 1e-9);
            prop_assert!((decoded.path(0..rows.len()) - whole).abs() < 1e-6);
            prop_assert!((log_probability(&rows, &decoded.tags, &flat(), 1.3) - whole).abs() < 1e-6);
            for (at, p) in decoded.marginals.iter().enumerate() {
                prop_assert!(*p >= decoded.path(at..at + 1).exp() - 1e-9 && p.ln() >= whole - 1e-6);
            }
        }

        #[test]
        fn no_other_path_is_more_probable(rows in rows(3)) {
            let decoded = decode(&rows, &flat(), 1.0);
            let best: f32 = decoded.tags.iter().zip(&rows).map(|(tag, row)| row[tag.index()]).sum();
            let [one, two] = rows.as_slice() else { return Ok(()) };
            for first in (0..Tag::COUNT).filter(|first| allowed(None, *first)) {
                for second in (0..Tag::COUNT).filter(|second| allowed(Some(first), *second)) {
                    prop_assert!(best + 1e-4 >= one[first] + two[second]);
                }
            }
        }

        #[test]
        fn non_finite_logits_do_no_harm(at in 0..Tag::COUNT) {
            let mut row = [0.0; Tag::COUNT];
            row[at] = f32::NAN;
            let decoded = decode(&[row, [f32::INFINITY; Tag::COUNT]], &flat(), 1.0);
            prop_assert!(decoded.marginals.iter().all(|p| p.is_finite()));
        }
    }
}
