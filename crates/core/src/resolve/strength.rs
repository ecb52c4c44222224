//! How strongly words match a name.

/// How strongly words match a name; smaller is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Identical.
    Exact,
    /// Except for case, spaces, `-` and `_`, and words such as *the* or *service*. An alias is never stronger than
    /// this, because it is not a name.
    Folded,
    /// A run of whole parts, a prefix, or a plural of these.
    Part,
    /// A typo, a similar sound, an abbreviation, one word too many or too few.
    Weak,
}

/// Whether the match is one of the three strong ones.
pub fn is_strong(strength: Strength) -> bool {
    strength < Strength::Weak
}
