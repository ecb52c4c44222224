//! Other processes that use the same token, as the webhooks of the account show them.

use std::fmt;

use super::name::{Hook, Instance, Registrant};
use crate::wire::Webhook;

/// Another readback that receives the deliveries for this bot's token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rival {
    pub(super) registrant: Registrant,
    /// Where its deliveries go.
    pub target_url: String,
}

impl Rival {
    /// Its instance; `None` for a version that has none.
    pub fn instance(&self) -> Option<&Instance> {
        match &self.registrant {
            Registrant::Unnamed => None,
            Registrant::Instance(instance) => Some(instance),
        }
    }
}

impl fmt::Display for Rival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.instance() {
            Some(instance) => write!(f, "instance {instance} at {}", self.target_url),
            None => write!(f, "an earlier version at {}", self.target_url),
        }
    }
}

/// Every other readback among the webhooks of the account: one whose webhook is active, and of another instance or
/// with another target. Without the own instance, only the target tells.
pub fn rivals(existing: &[Webhook], target_url: &str, own: Option<&Instance>) -> Vec<Rival> {
    let active = existing.iter().filter(|found| is_active(found));
    let mut rivals: Vec<Rival> = active.filter_map(|found| rival(found, target_url, own)).collect();
    rivals.sort();
    rivals.dedup();
    rivals
}

fn rival(found: &Webhook, target_url: &str, own: Option<&Instance>) -> Option<Rival> {
    let registrant = Hook::ALL.into_iter().find_map(|hook| hook.registrant(&found.name))?;
    let is_other = match (&registrant, own) {
        (Registrant::Instance(instance), Some(own)) => instance != own,
        (Registrant::Unnamed, _) | (Registrant::Instance(_), None) => false,
    };
    let is_rival = is_other || found.target_url != target_url;
    is_rival.then(|| Rival { registrant, target_url: found.target_url.clone() })
}

/// Whether Webex delivers to it.
pub(super) fn is_active(found: &Webhook) -> bool {
    found.status.as_deref().is_none_or(|status| status == "active")
}
