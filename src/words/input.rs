//! Why a value entered on a card is invalid, and the answer to it.

use super::{mild, plain};
use readback_core::domain::Invalid;

/// Why a value entered on a card is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputFault {
    /// Not a whole number of replicas within the limit.
    Replicas {
        /// The limit.
        most: u32,
    },
    /// None of the containers was chosen.
    NoContainer,
    /// No image was entered.
    NoImage,
    /// The text is not a valid image.
    Image {
        /// The text.
        text: String,
        /// Why.
        why: Invalid,
    },
}

/// The answer to an invalid value entered on a card.
pub fn bad_input(fault: &InputFault) -> String {
    let fault = match fault {
        InputFault::Replicas { most } => format!("The number of replicas must be a whole number from 0 to {most}."),
        InputFault::NoContainer => "Choose one of the containers on the card.".to_owned(),
        InputFault::NoImage => "Type a tag or a whole image.".to_owned(),
        InputFault::Image { text, why } => format!("“{}” {why}.", plain(text)),
    };
    format!("{} Nothing was changed; the card is still open.", mild(&fault))
}
