//! The bot's two webhooks: missing ones are created, wrong ones repaired, and those of other programs left alone.
//!
//! A second process with the same token would take them over, so their names hold the [`Instance`] that registered
//! them. A process takes the webhooks over when it starts. One that finds them taken while it runs leaves them and
//! reports that, until they are free: two that took them from each other would lose deliveries.

mod keep;
mod name;
mod plan;
mod rival;

pub use keep::{Upkeep, keep, upkeep};
pub use name::{Hook, Instance};
pub use plan::{BadHook, HookReport, Step, Wanted, ensure, plan, target_url};
pub use rival::{Rival, rivals};

#[cfg(test)]
mod tests;
