//! Resolves the commands of a request: looks up names, reads live objects and judges all commands together.

use super::{
    cluster_fault::Of,
    context::MAX_ITEMS,
    fault::{At, Fault, ReplyTarget},
    orders::Orders,
    outbox_key::OutboxKey,
    request::{Request, ResolvedCommand},
    spec,
};
use readback_cluster::Live;
use readback_core::{
    command::{Command, Doubt},
    domain::{Intent, ObjectRef},
    policy::{self, Decision, Denial, Facts, PolicyInput, ProposedChange, Reason},
    resolve::{self, Directory, NotFound},
};

/// Maximum live objects read per command: one more than a card can hold, so that "too many" is detected.
const MOST_TARGETS: usize = MAX_ITEMS + 1;

/// Timeout for the search among other workload kinds, which only makes a refusal more helpful.
const GLANCE: std::time::Duration = std::time::Duration::from_secs(2);

impl Orders {
    /// Judges commands together and carries out the decisions. Returns the outcome as a word for the log, and the lines
    /// of the reply.
    pub(super) async fn handle_commands(
        &self,
        request: &Request<'_>,
        commands: Vec<Command>,
    ) -> Result<(&'static str, Vec<String>), Fault> {
        let known = self.resolve_commands(request, commands).await?;
        self.note_topics(request, &known);
        let (outcome, writes) = (outcome(&known), writes_in(&known));
        let (mut lines, mut together) = (Vec::new(), Vec::new());
        let mut acted = false;
        for (position, known) in known.into_iter().enumerate() {
            let acts = matches!(known.verdict.decision, Decision::Execute | Decision::Confirm);
            match Box::pin(self.act_on(request, position, known, writes, &mut together)).await {
                Ok(line) => lines.extend(line),
                Err(mut fault) => {
                    // Earlier commands have been carried out; report them before the fault.
                    fault.nothing_changed &= !acted;
                    let key = OutboxKey::BeforeFault(request.id, lines.len());
                    if !lines.is_empty()
                        && let Err(untold) = self.reporter.answer_as(key, request, &lines.join("\n\n")).await
                    {
                        let error = format!("{:#}", untold.cause);
                        tracing::warn!(error, "what was done before a fault could not be told");
                    }
                    return Err(fault);
                }
            }
            acted |= acts;
        }
        if !together.is_empty() {
            lines.extend(self.ask_together(request, together).await?);
        }
        Ok((outcome, lines))
    }

    /// Looks up the names in the commands, reads the objects they resolve to, and judges the commands together.
    async fn resolve_commands(
        &self,
        request: &Request<'_>,
        mut commands: Vec<Command>,
    ) -> Result<Vec<ResolvedCommand>, Fault> {
        // The catalog of a cluster that has not responded yet is empty. The named object may be there, so a nearest
        // match in another cluster would be a guess. The doubt keeps such a write from being executed without
        // confirmation.
        let unseen = |command: &Command| {
            let names = request.directory.unseen(command.cluster_words());
            names.first().map(|name| Doubt::UnseenCluster((*name).clone()))
        };
        // Where the room's own cluster is gone, the object that is found is in another one than the person means.
        let missing_home = |command: &Command| {
            let (home, taken) = request.directory.missing_home(command)?;
            Some(Doubt::MissingHome { home: home.clone(), taken })
        };
        for command in commands.iter_mut().filter(|command| command.intent.is_write()) {
            command.doubts.extend(unseen(command).into_iter().chain(missing_home(command)));
        }
        let mut cases = Vec::new();
        for command in &commands {
            // Try the in-memory catalog first: most messages name one Deployment and need no API call for that.
            let mut found = request.directory.look_up(command);
            // API calls are only worth it for a name without any match: "that is a StatefulSet" is a better answer than
            // "not found".
            if let Some(Err(NotFound::Nothing { .. })) = &found
                && let Some(other) = self.other_kind(request, command).await
            {
                found = Some(Err(other));
            }
            let mut live = Vec::new();
            if let (Some(Ok(resolution)), true) = (&mut found, command.intent.is_write()) {
                // Writes are judged and planned on freshly read objects, because the catalog may lag behind by a watch
                // event.
                live = self.read(&resolution.targets, request.place).await?;
                // Drop targets that were deleted in the meantime. If the read limit was reached, keep all of them: the
                // state of the unread ones is unknown.
                resolution
                    .targets
                    .retain(|target| live.len() >= MOST_TARGETS || live.iter().any(|live| live.object() == target));
                if resolution.targets.is_empty()
                    && !command.deployment.as_ref().is_some_and(readback_core::command::Mention::is_everything)
                {
                    found = Some(Err(NotFound::Nothing { near: Vec::new() }));
                }
            }
            // An undo names no write of its own; the change to revert comes from the store.
            let mut undo = (None, false);
            if command.intent == Intent::Undo {
                undo = self.to_undo(request, found.as_ref()).await?;
            }
            cases.push((found, live, undo));
        }
        // All commands are judged together, because several writes in one message are confirmed on one card.
        let judged: Vec<PolicyInput<'_>> = commands
            .iter()
            .zip(&cases)
            .map(|(command, (found, live, undo))| PolicyInput {
                command,
                found: found.clone(),
                facts: live.iter().map(|live| self.facts(request, command.intent, live)).collect(),
                can_undo: undo.1,
            })
            .collect();
        let mut verdicts = policy::judge(&judged, &self.cx.rules);
        // While a cluster has not been seen yet, "not found" must say that the object may still be there.
        for (case, verdict) in judged.iter().zip(&mut verdicts) {
            if let Some(Err(NotFound::Nothing { .. } | NotFound::Place { .. } | NotFound::Elsewhere(_))) = &case.found {
                verdict.reasons.extend(unseen(case.command).map(Reason::Doubt));
            }
        }
        // Kept separate from the verdict: if a clarifying question is asked first, its answer does not resolve these
        // doubts.
        let doubts: Vec<_> = judged.iter().map(|case| policy::doubts(case, &self.cx.rules)).collect();
        drop(judged);
        let known = commands.into_iter().zip(cases).zip(verdicts).zip(doubts);
        Ok(known
            .map(|(((command, (found, live, (undo, _))), verdict), doubts)| ResolvedCommand {
                command,
                found,
                live,
                undo,
                doubts,
                verdict,
            })
            .collect())
    }

    /// A workload of another kind that matches the name, if there is one.
    async fn other_kind(&self, request: &Request<'_>, command: &Command) -> Option<NotFound> {
        let mention = command.deployment.as_ref()?;
        let places = request.directory.places(command.namespace_words(), command.cluster_words()).ok()?;
        let mut others = Vec::new();
        let looks = places
            .iter()
            .take(MOST_TARGETS)
            .map(|(cluster, namespace)| tokio::time::timeout(GLANCE, self.cx.clusters.others(cluster, namespace)));
        for found in futures::future::join_all(looks).await {
            others.extend(found.unwrap_or_default());
        }
        let names: Vec<ObjectRef> = others.iter().map(|(_, object)| object.clone()).collect();
        let clusters = places.iter().map(|(cluster, _)| (cluster.clone(), Vec::new())).collect();
        let named = Directory::of(names, places, clusters, Vec::new());
        let asked = resolve::NameQuery { name: mention.name(), namespace: None, cluster: None };
        let found = named.resolve(asked).ok().filter(|found| resolve::is_strong(found.strength))?;
        let object = found.targets.into_iter().next()?;
        let (kind, object) = others.into_iter().find(|(_, other)| *other == object)?;
        Some(NotFound::OtherKind { kind, object })
    }

    async fn read(&self, targets: &[ObjectRef], place: &ReplyTarget) -> Result<Vec<Live>, Fault> {
        let reads = targets.iter().take(MOST_TARGETS).map(|target| self.cx.clusters.read(target));
        let read: Vec<_> = futures::future::join_all(reads).await;
        let mut live = Vec::new();
        for (found, target) in read.into_iter().zip(targets) {
            live.extend(found.of(&target.cluster).before(place, "reading the Deployment")?);
        }
        Ok(live)
    }

    /// Stores the Deployment and the order discussed, so that the next message can refer to them as "it" and "the
    /// same".
    fn note_topics(&self, request: &Request<'_>, known: &[ResolvedCommand]) {
        for known in known {
            let [object] = known.targets() else { continue };
            let mut draft = spec::draft_of(&known.command);
            // Doubts about this message do not apply to the next one.
            draft.doubts.clear();
            let ordered = (known.command.intent.is_write() && spec::is_complete(&draft)).then_some(draft);
            self.cx.note_topic(request.place, object, ordered.as_ref().filter(|draft| draft.intent != Intent::Undo));
        }
    }

    /// The facts about a live Deployment, including what this person may do to it.
    pub(super) fn facts(&self, request: &Request<'_>, verb: Intent, live: &Live) -> Facts {
        let object = live.object();
        // An undo is judged later, by the verb of the change that it reverts, once that is known.
        let judged = if verb == Intent::Undo {
            None
        } else if verb.is_write() {
            request.judge(&ProposedChange::of_verb(verb, object)).denial()
        } else {
            request.may(verb, Some(object)).err()
        };
        let (quiet, denied) = match judged {
            Some(quiet @ Denial::Quiet { .. }) => (Some(quiet), None),
            denied => (None, denied),
        };
        Facts {
            object: object.clone(),
            replicas: live.replicas(),
            limits: request.policy.limits(object),
            denied: denied.or_else(|| self.cx.lacks(request, verb, object)),
            quiet,
        }
    }
}

/// How many Deployments the commands would change; one changed by two commands counts twice.
fn writes_in(known: &[ResolvedCommand]) -> usize {
    let changes = |known: &&ResolvedCommand| matches!(known.verdict.decision, Decision::Execute | Decision::Confirm);
    known.iter().filter(changes).map(|known| known.targets().len()).sum()
}

/// The outcome of the turn as a word for the log: its most consequential decision.
fn outcome(known: &[ResolvedCommand]) -> &'static str {
    let has = |decision| known.iter().any(|known| known.verdict.decision == decision);
    if has(Decision::Execute) {
        "execute"
    } else if has(Decision::Confirm) {
        "confirm"
    } else if has(Decision::Clarify) {
        "clarify"
    } else if has(Decision::Refuse) {
        "refuse"
    } else if has(Decision::Answer) {
        "answer"
    } else {
        "ignore"
    }
}
