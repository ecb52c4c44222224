//! The progress of a training, told while it runs.

use std::time::{Duration, Instant};

use super::Progress;
use super::corpus::Corpus;
use super::fit::Fitter;

/// Reports the progress of the training every twenty steps.
pub(super) struct Clock<'p> {
    began: Instant,
    /// The current stage.
    pub(super) stage: String,
    done: usize,
    total: usize,
    losses: Vec<f64>,
    tell: &'p mut dyn FnMut(Progress),
}

impl<'p> Clock<'p> {
    pub(super) fn new(
        began: Instant,
        fitter: &Fitter<'_>,
        corpus: &Corpus,
        folds: &[Vec<usize>],
        tell: &'p mut dyn FnMut(Progress),
    ) -> Self {
        let of_fold = |fold: &Vec<usize>| fitter.steps(corpus.rows.len() - fold.len());
        let last = if fitter.options.final_fit { fitter.steps(corpus.rows.len()) } else { 0 };
        let total = folds.iter().map(of_fold).sum::<usize>() + last;
        Self { began, stage: String::new(), done: 0, total, losses: Vec::new(), tell }
    }

    /// Counts a step, with its loss.
    #[expect(clippy::cast_precision_loss, reason = "thousands of steps")]
    pub(super) fn step(&mut self, loss: f64) {
        self.done += 1;
        self.losses.push(loss);
        if self.losses.len() < 20 {
            return;
        }
        let elapsed = self.began.elapsed();
        let left = elapsed.mul_f64(self.total.saturating_sub(self.done) as f64 / self.done as f64);
        let loss = self.losses.iter().sum::<f64>() / self.losses.len() as f64;
        self.losses.clear();
        let (stage, done, total) = (self.stage.clone(), self.done, self.total.max(self.done));
        (self.tell)(Progress { stage, done, total, loss, elapsed, left: Duration::from_secs(left.as_secs()) });
    }
}
