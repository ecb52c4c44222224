//! Reads: what is live, and what can be asked.

use super::{At, Bot, Fault, message::Said};
use crate::{
    cluster::{Live, describe},
    domain::{Intent, Namespace},
    nlu::heard::{Command, Mention},
    resolve::{NotFound, Resolution},
    words,
};

impl Bot {
    /// The answer to a question.
    pub(super) async fn answer(
        &self,
        said: &Said<'_>,
        command: &Command,
        found: Option<&Result<Resolution, NotFound>>,
    ) -> Result<String, Fault> {
        if command.intent == Intent::Help {
            return Ok(words::help());
        }
        let everything = command.deployment.as_ref().is_some_and(Mention::is_everything);
        match (command.intent, found) {
            (Intent::Status, Some(Ok(resolution))) if !everything => self.status(said, resolution).await,
            (intent, _) => self.overview(said, command, intent == Intent::Status).await,
        }
    }

    async fn status(&self, said: &Said<'_>, resolution: &Resolution) -> Result<String, Fault> {
        let mut lines = Vec::new();
        for target in &resolution.targets {
            if let Err(denied) = said.may(Intent::Status, Some(target)) {
                lines.push(words::reasons(&[denied]));
                continue;
            }
            let described = self.0.cluster.describe(target).await.before(said.place, "reading the Deployment")?;
            lines.push(described.map_or_else(
                || words::no_longer_there(target),
                |description| words::status(&description, !said.directory.is_unique(target)),
            ));
        }
        Ok(lines.join("\n\n"))
    }

    /// The Deployments of the namespaces that are meant; for their health, only what is not well is spelled out.
    async fn overview(&self, said: &Said<'_>, command: &Command, health: bool) -> Result<String, Fault> {
        let namespace = command.namespace_words();
        let cluster = command.cluster_words();
        let places = said.directory.places(namespace, cluster).unwrap_or_default();
        let mut live: Vec<Live> = Vec::new();
        let mut namespaces: Vec<Namespace> = places.into_iter().map(|(_, namespace)| namespace).collect();
        namespaces.dedup();
        let verb = if health { Intent::Status } else { Intent::List };
        let may = |namespace: &Namespace| said.may_in(verb, namespace);
        let denied = namespaces.iter().find_map(|namespace| may(namespace).err());
        let asked = namespaces.len();
        namespaces.retain(|namespace| may(namespace).is_ok());
        if let (Some(denied), true) = (&denied, namespaces.is_empty()) {
            return Ok(words::reasons(std::slice::from_ref(denied)));
        }
        let left_out = asked - namespaces.len();
        for namespace in &namespaces {
            live.extend(self.0.cluster.list(Some(namespace)).await.before(said.place, "listing the Deployments")?);
        }
        let described: Vec<_> = live.iter().map(|live| describe(live, None)).collect();
        let mut text =
            if health { words::health(&namespaces, &described) } else { words::list(&namespaces, &described) };
        if left_out > 0 {
            text.push_str(words::LEFT_OUT);
        }
        Ok(text)
    }
}
