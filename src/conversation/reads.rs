//! Read-only requests: status, lists, history, logs and help.

use std::sync::Arc;

use super::{
    cluster_fault::Of,
    context::{Context, now},
    fault::{At, Fault},
    request::Request,
};
use crate::words;
use readback_cluster::{Description, describe};
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
                    texts.push(self.read_one(request, command, target).await?);
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
    ) -> Result<String, Fault> {
        if let Err(denied) = request.may(command.intent, Some(target)) {
            return Ok(words::refused_by_policy(&denied));
        }
        if let Some(lacking) = self.cx.lacks(request, command.intent, target) {
            return Ok(words::refused_by_policy(&lacking));
        }
        let text = if command.intent == Intent::History {
            self.history(request, target).await?
        } else if command.intent == Intent::Logs {
            self.logs(request, command, target).await?
        } else {
            self.status(request, target).await?
        };
        Ok(text.unwrap_or_else(|| words::no_longer_there(target)))
    }

    async fn status(&self, request: &Request<'_>, target: &ObjectRef) -> Result<Option<String>, Fault> {
        let described = self
            .cx
            .clusters
            .describe(target)
            .await
            .of(&target.cluster)
            .before(request.place, "reading the Deployment")?;
        Ok(described.map(|described| words::status(&described, &request.directory.called(target))))
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
    ) -> Result<Option<String>, Fault> {
        let Some(live) =
            self.cx.clusters.read(target).await.of(&target.cluster).before(request.place, "reading the Deployment")?
        else {
            return Ok(None);
        };
        let lines = command.lines.unwrap_or(LINES).clamp(1, MOST_LINES);
        let container = command.container.as_ref().map(Mention::name);
        match self.cx.clusters.logs(&live, container, lines).await {
            Ok(logs) => Ok(Some(words::logs(target, &logs, lines))),
            Err(error) => match error.forbidden() {
                Some(why) => Ok(Some(words::forbidden(&words::api_error(why)))),
                None => Err(error).of(&target.cluster).before(request.place, "reading the logs"),
            },
        }
    }

    /// Reads the pods of those that are not healthy, so that the cause of each can be named.
    async fn look_at_pods(&self, described: &mut [Description]) {
        let ill = described.iter_mut().filter(|one| !words::is_well(one)).take(MOST_EXAMINED);
        let examined = ill.map(async |one| *one = self.cx.clusters.examine(&one.live).await);
        futures::future::join_all(examined).await;
    }

    /// Lists the Deployments of the selected namespaces. For `health`, only unhealthy ones are described in detail.
    async fn overview(&self, request: &Request<'_>, command: &Command, health: bool) -> Result<Vec<String>, Fault> {
        let namespace = command.namespace_words();
        let cluster = command.cluster_words();
        let mut places = request.directory.places(namespace, cluster).unwrap_or_default();
        let verb = if health { Intent::Status } else { Intent::List };
        let may = |place: &(ClusterName, Namespace)| request.may_in(verb, &place.0, &place.1);
        let denied = places.iter().find_map(|place| may(place).err());
        let asked = places.len();
        places.retain(|place| may(place).is_ok());
        if let (Some(denied), true) = (&denied, places.is_empty()) {
            return Ok(vec![words::refused_by_policy(denied)]);
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
        if health {
            self.look_at_pods(&mut described).await;
        }
        places.retain(|place| !silent.iter().any(|(other, _)| other == place));
        let several = request.directory.has_several_clusters();
        let places = words::Places::new(places, several);
        let mut pages = match (places.is_empty(), health) {
            (true, _) => vec![String::new()],
            (false, true) => vec![words::health(&places, &described)],
            (false, false) => words::list(&places, &described),
        };
        for ((cluster, namespace), error) in &silent {
            self.cx.clusters.complain(cluster, error, "listing the Deployments");
            if let Some(last) = pages.last_mut() {
                last.push_str(&words::not_listed(cluster, namespace, error));
            }
        }
        if let (true, Some(last)) = (left_out > 0, pages.last_mut()) {
            last.push_str(words::LEFT_OUT);
        }
        Ok(pages.into_iter().map(|page| page.trim().to_owned()).collect())
    }
}
