//! A probability that can be compared.

use std::fmt;

/// A confidence in thousandths: ordered, and never NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Score(u16);

impl Score {
    /// No confidence.
    pub const ZERO: Self = Self(0);
    /// Full confidence.
    pub const ONE: Self = Self(1000);

    /// The score nearest to a probability; anything that is not a probability is no confidence.
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
    fn an_invalid_probability_is_no_confidence() {
        for nonsense in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
            assert_eq!(Score::of(nonsense), Score::ZERO);
        }
        assert!(Score::of(0.951) > Score::of(0.95));
    }
}
