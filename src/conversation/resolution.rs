//! The commands of a request, resolved: names looked up, live objects read, everything judged together.

use super::{
    context::MAX_BATCH,
    fault::{At, Fault, ReplyTarget},
    orders::Orders,
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

/// Maximum live objects read for one command: one more than a card can hold, so that "too many" is seen.
const MOST_TARGETS: usize = MAX_BATCH + 1;

/// Timeout of the search for workloads of other kinds, which only makes a refusal more helpful.
const GLANCE: std::time::Duration = std::time::Duration::from_secs(2);

impl Orders {
    /// Judges commands together and does what comes of it: the outcome in a word, and what is to be said in one reply.
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
                    // What came before has been done, and is told before the fault is.
                    fault.nothing_changed &= !acted;
                    if !lines.is_empty()
                        && let Err(error) =
                            self.reporter.reply(request.place, request.person, &lines.join("\n\n")).await
                    {
                        tracing::warn!(%error, "what was done before a fault could not be told");
                    }
                    return Err(fault);
                }
            }
            acted |= acts;
        }
        if !together.is_empty() {
            self.ask_together(request, &together).await?;
        }
        Ok((outcome, lines))
    }

    /// Looks up the names of the commands, reads what they name, and judges them together.
    async fn resolve_commands(
        &self,
        request: &Request<'_>,
        mut commands: Vec<Command>,
    ) -> Result<Vec<ResolvedCommand>, Fault> {
        // The catalog of a cluster that has not answered yet is empty: the name may live there, and a nearest name elsewhere
        // would be a guess. The doubt keeps such a write from being executed unasked.
        let unseen = |command: &Command| {
            let names = request.directory.unseen(command.cluster_words());
            names.first().map(|name| Doubt::UnseenCluster((*name).clone()))
        };
        for command in commands.iter_mut().filter(|command| command.intent.is_write()) {
            command.doubts.extend(unseen(command));
        }
        let mut cases = Vec::new();
        for command in &commands {
            // First in the catalog, which is in memory: most messages name one Deployment, and need no call for that.
            let mut found = request.directory.look_up(command);
            // Only a name that fits nothing is worth calls: "that is a StatefulSet" is a better answer than "not found".
            if let Some(Err(NotFound::Nothing { .. })) = &found
                && let Some(other) = self.other_kind(request, command).await
            {
                found = Some(Err(other));
            }
            let mut live = Vec::new();
            if let (Some(Ok(resolution)), true) = (&mut found, command.intent.is_write()) {
                // Writes are judged and planned from fresh objects; the catalog may be behind by a watch event.
                live = self.read(&resolution.targets, request.place).await?;
                // What is gone meanwhile is no target. Targets beyond the limit were not read, so nothing is known of them.
                resolution
                    .targets
                    .retain(|target| live.len() >= MOST_TARGETS || live.iter().any(|live| live.object() == target));
                if resolution.targets.is_empty()
                    && !command.deployment.as_ref().is_some_and(readback_core::command::Mention::is_everything)
                {
                    found = Some(Err(NotFound::Nothing { near: Vec::new() }));
                }
            }
            // An undo names no write of its own: what it takes back comes from the record.
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
        // A refusal "not found" must not be told as the whole truth while a cluster has not been seen.
        for (case, verdict) in judged.iter().zip(&mut verdicts) {
            if let Some(Err(NotFound::Nothing { .. } | NotFound::Place { .. } | NotFound::Elsewhere(_))) = &case.found {
                verdict.reasons.extend(unseen(case.command).map(Reason::Doubt));
            }
        }
        // Kept apart from the verdict: when a question comes first, its answer does not remove these.
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

    /// The workload of another kind that the words name, if there is one.
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
        for found in read {
            live.extend(found.before(place, "reading the Deployment")?);
        }
        Ok(live)
    }

    /// Records the Deployment and the order that were talked about, so that the next message can say "it" and "the same".
    fn note_topics(&self, request: &Request<'_>, known: &[ResolvedCommand]) {
        for known in known {
            let [object] = known.targets() else { continue };
            let mut draft = spec::draft_of(&known.command);
            // How this one was heard says nothing about the next.
            draft.doubts.clear();
            let ordered = (known.command.intent.is_write() && spec::is_complete(&draft)).then_some(draft);
            self.cx.note_topic(request.place, object, ordered.as_ref().filter(|draft| draft.intent != Intent::Undo));
        }
    }

    /// What is known about a live Deployment, and about this person there.
    pub(super) fn facts(&self, request: &Request<'_>, verb: Intent, live: &Live) -> Facts {
        let object = live.object();
        // What may be taken back is judged by the verb that it takes back, when that is known.
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

/// How many Deployments the commands would change, each command counted for itself.
fn writes_in(known: &[ResolvedCommand]) -> usize {
    let changes = |known: &&ResolvedCommand| matches!(known.verdict.decision, Decision::Execute | Decision::Confirm);
    known.iter().filter(changes).map(|known| known.targets().len()).sum()
}

/// The turn in a word, for the log: the most consequential of its decisions.
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
