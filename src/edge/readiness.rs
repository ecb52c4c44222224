//! Readiness of the bot: model loaded, catalog filled, own identity known, and no fault noticed since.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::clock::Skew;
use readback_webex::hooks::Rival;

/// A fault of the running service that its operator must end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceFault {
    /// Another process receives the deliveries for this bot's token.
    #[error("another readback uses this bot's token and receives its messages: {}", listed(.0))]
    WebhooksTaken(Vec<Rival>),
    /// The database cannot be used; with the reason.
    #[error("nothing can be recorded, so nothing is accepted: {0}")]
    Database(String),
}

fn listed(rivals: &[Rival]) -> String {
    rivals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What a fault is of. Each part has one fault at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The bot's webhooks.
    Webhooks,
    /// The database.
    Database,
}

/// What the service still waits for. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<State>);

#[derive(Debug, Default)]
struct State {
    model: AtomicBool,
    catalog: AtomicBool,
    bot_id: OnceLock<String>,
    faults: Mutex<BTreeMap<Part, ServiceFault>>,
    skew: Mutex<Option<Skew>>,
}

impl Readiness {
    /// Nothing is ready yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the model is loaded.
    pub fn model(&self, ready: bool) {
        self.0.model.store(ready, Ordering::Relaxed);
    }

    /// Sets whether the catalog of live Deployments is filled.
    pub fn catalog(&self, ready: bool) {
        self.0.catalog.store(ready, Ordering::Relaxed);
    }

    /// Sets the bot's identity, as Webex returned it. Only the first call has an effect.
    pub fn identity(&self, bot_id: &str) {
        let _ = self.0.bot_id.set(bot_id.to_owned());
    }

    /// The bot's own person id, once it is known.
    pub fn bot_id(&self) -> Option<&str> {
        self.0.bot_id.get().map(String::as_str)
    }

    /// Sets the fault of a part, in place of an earlier one; `None` once it works.
    pub fn set_fault(&self, part: Part, fault: Option<ServiceFault>) {
        let mut faults = self.locked_faults();
        match fault {
            Some(fault) => faults.insert(part, fault),
            None => faults.remove(&part),
        };
    }

    /// The faults that last; empty if everything works.
    pub fn faults(&self) -> Vec<ServiceFault> {
        self.locked_faults().values().cloned().collect()
    }

    /// Sets by how much the wall clock is wrong; `None` if it is right. It is no fault: nothing is judged by it.
    pub fn set_skew(&self, skew: Option<Skew>) {
        *self.0.skew.lock().unwrap_or_else(PoisonError::into_inner) = skew;
    }

    /// By how much the wall clock is wrong, if it is.
    pub fn skew(&self) -> Option<Skew> {
        *self.0.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locked_faults(&self) -> MutexGuard<'_, BTreeMap<Part, ServiceFault>> {
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is not ready yet; empty if everything is.
    pub fn waiting_for(&self) -> Vec<&'static str> {
        let parts = [
            ("model", self.0.model.load(Ordering::Relaxed)),
            ("catalog", self.0.catalog.load(Ordering::Relaxed)),
            ("Webex identity", self.bot_id().is_some()),
        ];
        parts.into_iter().filter(|(_, ready)| !ready).map(|(part, _)| part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_only_with_all_three_and_not_when_one_is_lost() {
        let readiness = Readiness::new();
        assert_eq!(readiness.waiting_for(), ["model", "catalog", "Webex identity"]);
        readiness.model(true);
        readiness.identity("bot");
        readiness.identity("another");
        assert_eq!(readiness.waiting_for(), ["catalog"]);
        readiness.clone().catalog(true);
        assert!(readiness.waiting_for().is_empty());
        assert_eq!(readiness.bot_id(), Some("bot"));
        readiness.catalog(false);
        assert_eq!(readiness.waiting_for(), ["catalog"]);
    }
}
