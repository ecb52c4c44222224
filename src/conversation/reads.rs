//! Read-only requests: status, lists, history, logs and help.

use std::sync::Arc;

use super::{
    cluster_fault::Of,
    context::{Context, now},
    fault::{At, Fault},
    request::Request,
};
use crate::{
    cards::{self, Shown, StatusPress},
    words,
};
use readback_cluster::{CallError, Description, Logs, LogsOf, describe};
use readback_core::{
    change::{Filter, Status},
    command::{Command, Mention},
    domain::{ClusterName, Intent, Namespace, ObjectRef},
    resolve::{NotFound, Resolution},
};

/// Number of log lines shown by default.
const LINES: u32 = 20;
/// Maximum number of log lines shown: a message holds no more.
const MOST_LINES: u32 = 200;
/// Maximum number of unhealthy Deployments of which the pods are read for one answer.
const MOST_EXAMINED: usize = 10;
/// Maximum number of changes made through the bot that a history shows.
const OURS: usize = 5;

/// Answers read-only requests.
#[derive(Clone, Debug)]
pub(super) struct Reads {
    pub(super) cx: Arc<Context>,
}

impl Reads {
    /// The answer to a read-only request, as one or more messages.
    pub(super) async fn answer(
        &self,
        request: &Request<'_>,
        command: &Command,
        found: Option<&Result<Resolution, NotFound>>,
    ) -> Result<Vec<String>, Fault> {
        let everything = command.deployment.as_ref().is_some_and(Mention::is_everything);
        match (command.intent, found) {
            (Intent::Help, _) => {
                let rights = request.policy.rights(request.person, &request.place.room, request.private);
                let granted = |verb: &Intent| rights.iter().any(|right| right.verbs.contains(verb));
                let mut offered = self.cx.offered();
                offered.retain(|verb| *verb == Intent::Undo || !verb.is_write() || granted(verb));
                Ok(vec![words::help(&offered)])
            }
            (Intent::Status | Intent::History | Intent::Logs, Some(Ok(resolution))) if !everything => {
                let mut texts = Vec::new();
                for target in &resolution.targets {
                    texts.push(self.read_one(request, command, target).await?.into_text());
                }
                Ok(vec![texts.join("\n\n")])
            }
            (intent, _) => self.overview(request, command, intent == Intent::Status).await,
        }
    }

    /// The answer about one Deployment, if this person may see it.
    pub(super) async fn read_one(
        &self,
        request: &Request<'_>,
        command: &Command,
        target: &ObjectRef,
    ) -> Result<Told, Fault> {
        if let Some(refused) = self.refused(request, command.intent, target) {
            return Ok(Told::Text(refused));
        }
        let told = if command.intent == Intent::History {
            self.history(request, target).await?.map(Told::Text)
        } else if command.intent == Intent::Logs {
            self.logs(request, command, target, LogsOf::MostTelling).await?
        } else {
            self.status(request, target).await?
        };
        Ok(told.unwrap_or_else(|| Told::Text(words::no_longer_there(target))))
    }

    /// The logs of a pod that serves, if this person may see them.
    pub(super) async fn old_logs(
        &self,
        request: &Request<'_>,
        command: &Command,
        target: &ObjectRef,
    ) -> Result<Told, Fault> {
        if let Some(refused) = self.refused(request, Intent::Logs, target) {
            return Ok(Told::Text(refused));
        }
        let told = self.logs(request, command, target, LogsOf::Serving).await?;
        Ok(told.unwrap_or_else(|| Told::Text(words::no_longer_there(target))))
    }

    fn refused(&self, request: &Request<'_>, verb: Intent, target: &ObjectRef) -> Option<String> {
        let denied = request.may(verb, Some(target)).err().or_else(|| self.cx.lacks(request, verb, target))?;
        Some(self.cx.refuse(request, &denied))
    }

    async fn status(&self, request: &Request<'_>, target: &ObjectRef) -> Result<Option<Told>, Fault> {
        let described = self
            .cx
            .clusters
            .describe(target)
            .await
            .of(&target.cluster)
            .before(request.place, "reading the Deployment")?;
        match described {
            Some(described) => self.status_card(request, &described).await.map(Some),
            None => Ok(None),
        }
    }

    async fn history(&self, request: &Request<'_>, target: &ObjectRef) -> Result<Option<String>, Fault> {
        let Some(live) =
            self.cx.clusters.read(target).await.of(&target.cluster).before(request.place, "reading the Deployment")?
        else {
            return Ok(None);
        };
        let revisions = match self.cx.clusters.revisions(&live).await {
            Ok(revisions) => revisions,
            Err(error) => match error.forbidden() {
                Some(why) => return Ok(Some(words::forbidden(&words::api_error(why)))),
                None => return Err(error).of(&target.cluster).before(request.place, "reading the revisions"),
            },
        };
        let filter = Filter { object: Some(target.clone()), statuses: vec![Status::Applied], ..Filter::default() };
        let ours = self.cx.store.newest(&filter, OURS).await.before(request.place, "looking for changes")?.changes;
        Ok(Some(words::history(&live, &revisions, &ours, now())))
    }

    async fn logs(
        &self,
        request: &Request<'_>,
        command: &Command,
        target: &ObjectRef,
        of: LogsOf,
    ) -> Result<Option<Told>, Fault> {
        let Some(live) =
            self.cx.clusters.read(target).await.of(&target.cluster).before(request.place, "reading the Deployment")?
        else {
            return Ok(None);
        };
        let lines = command.lines.unwrap_or(LINES).clamp(1, MOST_LINES);
        let container = command.container.as_ref().map(Mention::name);
        let logs = match self.cx.clusters.logs(&live, of, container, lines).await {
            Ok(logs) => logs,
            Err(error) => match error.forbidden() {
                Some(why) => return Ok(Some(Told::Text(words::forbidden(&words::api_error(why))))),
                None => return Err(error).of(&target.cluster).before(request.place, "reading the logs"),
            },
        };
        let text = words::logs(target, &logs, lines);
        Ok(Some(match logs {
            Logs::NotStarted { serving: Some(_), .. } => {
                Told::Card(Box::new(cards::with_button(target, StatusPress::OldLogs, text)))
            }
            Logs::NotStarted { serving: None, .. }
            | Logs::NoPod
            | Logs::NoContainer(_)
            | Logs::NoneServes
            | Logs::Tails { .. } => Told::Text(text),
        }))
    }

    /// Reads the pods of those that are not healthy, so that the cause of each can be named.
    async fn look_at_pods(&self, described: &mut [Description]) {
        let ill = described.iter_mut().filter(|one| !words::is_well(one)).take(MOST_EXAMINED);
        let examined = ill.map(async |one| *one = self.cx.clusters.examine(&one.live).await);
        futures::future::join_all(examined).await;
    }

    /// Lists the Deployments of the selected namespaces. For `health`, only unhealthy ones are described in detail.
    async fn overview(&self, request: &Request<'_>, command: &Command, health: bool) -> Result<Vec<String>, Fault> {
        let (namespace, cluster) = (command.namespace_words(), command.cluster_words());
        let places = request.directory.places(namespace, cluster).unwrap_or_default();
        if health { self.health(request, places).await } else { self.list(request, places).await }
    }

    async fn list(&self, request: &Request<'_>, places: Vec<PlaceRef>) -> Result<Vec<String>, Fault> {
        Ok(match self.gather(request, Intent::List, places).await? {
            Ok(found) if found.places.is_empty() => found.pages(vec![String::new()]),
            Ok(found) => found.pages(words::list(&found.places, &found.described)),
            Err(refused) => vec![refused],
        })
    }

    /// The health of these places, with the cause of each Deployment that is not healthy.
    pub(super) async fn health(&self, request: &Request<'_>, places: Vec<PlaceRef>) -> Result<Vec<String>, Fault> {
        let mut found = match self.gather(request, Intent::Status, places).await? {
            Ok(found) => found,
            Err(refused) => return Ok(vec![refused]),
        };
        self.look_at_pods(&mut found.described).await;
        let text = if found.places.is_empty() { String::new() } else { words::health(&found.places, &found.described) };
        Ok(found.pages(vec![text]))
    }

    /// The Deployments of these places, as far as this person may see them there with this verb; the answer if that is
    /// nowhere.
    pub(super) async fn gather(
        &self,
        request: &Request<'_>,
        verb: Intent,
        mut places: Vec<PlaceRef>,
    ) -> Result<Result<Gathered, String>, Fault> {
        let may = |place: &PlaceRef| request.may_in(verb, &place.0, &place.1);
        let denied = places.iter().find_map(|place| may(place).err());
        let asked = places.len();
        places.retain(|place| may(place).is_ok());
        if let (Some(denied), true) = (&denied, places.is_empty()) {
            return Ok(Err(self.cx.refuse(request, denied)));
        }
        let left_out = asked - places.len();
        // Queried concurrently, so that an unresponsive cluster does not delay the others.
        let lists = places.iter().map(|(cluster, namespace)| self.cx.clusters.list(cluster, namespace));
        let (mut described, mut silent) = (Vec::new(), Vec::new());
        for (place, listed) in places.iter().zip(futures::future::join_all(lists).await) {
            match listed {
                Ok(live) => described.extend(live.iter().map(|live| describe(live, None))),
                Err(error) if places.iter().all(|other| other.0 == place.0) => {
                    return Err(error).of(&place.0).before(request.place, "listing the Deployments");
                }
                Err(error) => silent.push((place.clone(), error)),
            }
        }
        places.retain(|place| !silent.iter().any(|(other, _)| other == place));
        for ((cluster, _), error) in &silent {
            self.cx.clusters.complain(cluster, error, "listing the Deployments");
        }
        let places = words::Places::new(places, request.directory.has_several_clusters());
        Ok(Ok(Gathered { places, described, silent, is_left_out: left_out > 0 }))
    }
}

/// The answer about one Deployment.
#[derive(Debug)]
pub(super) enum Told {
    /// As text.
    Text(String),
    /// As a card.
    Card(Box<Shown>),
}

impl Told {
    /// The text; of a card, what says the same.
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Card(shown) => shown.markdown,
        }
    }
}

/// A namespace of a cluster.
pub(super) type PlaceRef = (ClusterName, Namespace);

/// The Deployments of some places.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The places that were listed.
    pub(super) places: words::Places,
    /// Their Deployments.
    pub(super) described: Vec<Description>,
    /// The places that could not be listed.
    silent: Vec<(PlaceRef, CallError)>,
    /// Whether some places were left out, because this person may not look there.
    is_left_out: bool,
}

impl Gathered {
    /// These pages, the last of which says what is missing.
    pub(super) fn pages(&self, mut pages: Vec<String>) -> Vec<String> {
        if let Some(last) = pages.last_mut() {
            for ((cluster, namespace), error) in &self.silent {
                last.push_str(&words::not_listed(cluster, namespace, error));
            }
            if self.is_left_out {
                last.push_str(words::LEFT_OUT);
            }
        }
        pages.into_iter().map(|page| page.trim().to_owned()).collect()
    }
}
