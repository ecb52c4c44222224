//! A probability that can be compared.

use std::fmt;

/// How sure the model is, in thousandths: ordered, and never NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Score(u16);

impl Score {
    /// Not at all.
    pub const ZERO: Self = Self(0);
    /// Entirely.
    pub const ONE: Self = Self(1000);

    /// The nearest score to a probability; what is no probability is no confidence at all.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000, checked")]
    pub fn of(probability: f64) -> Self {
        if (0.0..=1.0).contains(&probability) { Self((probability * 1000.0).round() as u16) } else { Self::ZERO }
    }

    /// The probability, 0 to 1.
    pub fn probability(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.probability())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_no_confidence() {
        for nonsense in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
            assert_eq!(Score::of(nonsense), Score::ZERO);
        }
        assert!(Score::of(0.951) > Score::of(0.95));
    }
}
