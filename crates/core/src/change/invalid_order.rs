//! Why an order cannot be recorded.

/// Why an order cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrder {
    /// It has a reason to be confirmed, so its requester cannot approve it by requesting it.
    #[error("the order needs confirming")]
    NeedsConfirming,
    /// Its patch does not test the object's uid before its first write.
    #[error("the patch does not test the object's uid before it writes")]
    Unpinned,
    /// Its patch changes nothing.
    #[error("the patch changes nothing")]
    Empty,
}
