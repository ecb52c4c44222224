//! Why an order is not put on record.

/// Why an order is not put on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrder {
    /// It gives a reason to confirm, so it cannot approve itself.
    #[error("the order needs confirming")]
    NeedsConfirming,
    /// Its patch writes before it tests the uid that was shown.
    #[error("the patch does not test the object's uid before it writes")]
    Unpinned,
    /// Its patch writes nothing.
    #[error("the patch changes nothing")]
    Empty,
}
