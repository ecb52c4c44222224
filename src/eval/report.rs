//! The scores as text.

use std::fmt;

use super::Scores;
use readback_nlu::train::measure::{bins, calibration_error};

/// Maximum misread rows listed, the most confident first.
const WORST: usize = 60;

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
        let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
        let (read, right, both) = self.slots;
        writeln!(f, "  rows                        {}", self.rows)?;
        writeln!(f, "  intents right               {:.1} %", share(self.intents, self.rows))?;
        writeln!(f, "  slot F1                     {:.1} %", share(2 * both, read + right))?;
        writeln!(f, "  exact frames                {:.1} %", share(self.frames, self.rows))?;
        if self.decided > 0 {
            writeln!(f, "  exact, decision too         {:.1} %", share(self.decisions, self.decided))?;
            writeln!(
                f,
                "  executed of executable      {} of {} ({:.1} %)",
                self.executed,
                self.executable,
                share(self.executed, self.executable)
            )?;
        }
        writeln!(f, "  wrong acts                  {} {}", self.wrong_acts.len(), self.wrong_acts.join(" "))?;
        writeln!(f, "  acts where nothing ordered  {} of {}", self.quiet_acts, self.quiet)?;
        writeln!(
            f,
            "  cards where nothing ordered {} of {} ({:.1} %)",
            self.cards,
            self.quiet,
            share(self.cards, self.quiet)
        )?;
        writeln!(f, "  out-of-scope AUROC          {:.3}", self.scope_auroc())?;
        writeln!(f, "  coverage, no wrong acts     {:.1} %", 100.0 * self.coverage_without_wrong_acts())?;
        self.calibration(f)?;
        writeln!(f, "  microseconds p50, p99       {}, {}", self.quantile(50), self.quantile(99))?;
        writeln!(f, "  read or decided wrongly     {}, the surest first:", self.wrong.len())?;
        for (_, wrong) in self.wrong.iter().take(WORST) {
            writeln!(f, "    {wrong}")?;
        }
        Ok(())
    }
}

impl Scores {
    fn quantile(&self, percent: usize) -> u64 {
        let at = (self.micros.len() * percent / 100).min(self.micros.len().saturating_sub(1));
        self.micros.get(at).copied().unwrap_or(0)
    }

    fn calibration(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  calibration error (ECE)     {:.3}", calibration_error(&self.judged))?;
        for bin in bins(&self.judged).iter().filter(|bin| bin.count > 0) {
            writeln!(f, "    said {:.2}, right {:.2}, rows {}", bin.said(), bin.right(), bin.count)?;
        }
        Ok(())
    }
}
