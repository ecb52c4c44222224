//! Reads: what is live, and what can be asked.

use super::{At, Bot, Fault, order::Order};
use crate::{
    change::{Change, Store},
    cluster::{Live, describe},
    domain::{Intent, Namespace},
    nlu::heard::{Command, Mention},
    resolve::{NotFound, Resolution},
    words,
};

impl Bot {
    /// The answer to a question, or to a yes or no that nothing was waiting for.
    pub(super) async fn answer(
        &self,
        order: &Order<'_>,
        command: &Command,
        found: Option<&Result<Resolution, NotFound>>,
    ) -> Result<String, Fault> {
        if command.intent == Intent::Help {
            return Ok(words::help());
        }
        if matches!(command.intent, Intent::Confirm | Intent::Cancel) {
            return self.typed_answer(order).await;
        }
        let everything = command.deployment.as_ref().is_some_and(Mention::is_everything);
        match (command.intent, found) {
            (Intent::Status, Some(Ok(resolution))) if !everything => self.status(order, resolution).await,
            (intent, _) => self.overview(order, command, intent == Intent::Status).await,
        }
    }

    /// A yes or no in words: what it could belong to.
    async fn typed_answer(&self, order: &Order<'_>) -> Result<String, Fault> {
        let waiting = self.0.store.waiting_of(&order.person.id).await.before(order.place, "looking for questions")?;
        let is_open = |change: &&Change| change.order().room_id == order.place.room && !change.is_past(super::now());
        Ok(words::typed_answer(waiting.changes.iter().filter(is_open).count()))
    }

    async fn status(&self, order: &Order<'_>, resolution: &Resolution) -> Result<String, Fault> {
        let mut lines = Vec::new();
        for target in &resolution.targets {
            let described = self.0.cluster.describe(target).await.before(order.place, "reading the Deployment")?;
            lines.push(described.map_or_else(
                || words::no_longer_there(target),
                |description| words::status(&description, !order.directory.is_unique(target)),
            ));
        }
        Ok(lines.join("\n\n"))
    }

    /// The Deployments of the namespaces that are meant; for their health, only what is not well is spelled out.
    async fn overview(&self, order: &Order<'_>, command: &Command, health: bool) -> Result<String, Fault> {
        let namespace = command.namespace_words();
        let cluster = command.cluster_words();
        let places = order.directory.places(namespace, cluster).unwrap_or_default();
        let mut live: Vec<Live> = Vec::new();
        let mut namespaces: Vec<Namespace> = places.into_iter().map(|(_, namespace)| namespace).collect();
        namespaces.dedup();
        for namespace in &namespaces {
            live.extend(self.0.cluster.list(Some(namespace)).await.before(order.place, "listing the Deployments")?);
        }
        let described: Vec<_> = live.iter().map(|live| describe(live, None)).collect();
        Ok(if health { words::health(&namespaces, &described) } else { words::list(&namespaces, &described) })
    }
}
