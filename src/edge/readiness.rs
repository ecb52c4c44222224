//! Readiness of the bot: model loaded, catalog filled, own identity known.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

/// What the service still waits for. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<State>);

#[derive(Debug, Default)]
struct State {
    model: AtomicBool,
    catalog: AtomicBool,
    bot_id: OnceLock<String>,
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
