//! A message: who wrote it, what it says, what is done about it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{At, Bot, Fault, ReplyTarget, Turn, dialogue, now, spec};
use crate::{
    edge::{Freshness, freshness},
    words,
};
use readback_cluster::{Cluster, Live};
use readback_core::{
    change::{Change, Store, store::Delivery},
    command::{Command, ParsedMessage},
    domain::{ClusterName, DeploymentName, Intent, Namespace, ObjectRef, Person},
    policy::{self, AccessRequest, Decision, Evaluation, Facts, Policy, PolicyInput, Rules},
    resolve::{self, Directory, NotFound, Resolution},
};
use readback_webex::{Message, RoomKind, WebexError, order_text};

/// So many live objects are read for one command at most.
const MOST_TARGETS: usize = super::batch::MOST + 1;

/// So long a look for workloads of other kinds may take: it only explains.
const GLANCE: std::time::Duration = std::time::Duration::from_secs(2);

/// What was said: in a message, or by a button on a card.
pub(super) struct Request<'s> {
    /// The Webex id of the message or the press.
    pub(super) id: &'s str,
    pub(super) place: &'s ReplyTarget,
    pub(super) person: &'s Person,
    /// The words; for a button, those that led to its card.
    pub(super) text: &'s str,
    /// When, as Webex has it.
    pub(super) at: Timestamp,
    /// Whether in a direct message.
    pub(super) private: bool,
    pub(super) directory: &'s Directory,
    pub(super) policy: &'s Policy,
    /// The change whose card was confirmed with other values than it showed.
    pub(super) edits: Option<&'s Change>,
}

/// A command with everything that is known about it.
pub(super) struct ResolvedCommand {
    pub(super) command: Command,
    pub(super) found: Option<Result<Resolution, NotFound>>,
    pub(super) live: Vec<Live>,
    /// What `undo` would take back.
    pub(super) undo: Option<Change>,
    /// What an answer to a question about it does not settle.
    pub(super) doubts: Vec<String>,
    pub(super) verdict: Evaluation,
}

impl ResolvedCommand {
    fn targets(&self) -> &[ObjectRef] {
        match &self.found {
            Some(Ok(resolution)) => &resolution.targets,
            Some(Err(_)) | None => &[],
        }
    }
}

impl Bot {
    /// Handles a message by its id.
    pub(super) async fn message(&self, id: &str) -> Turn {
        let message = match self.0.webex.message(id).await {
            Ok(message) => message,
            // Deleted before it was read: nobody waits.
            Err(WebexError::NotFound { .. }) => return Ok("gone"),
            Err(error) => return Err(error).unplaced("reading the message"),
        };
        if self.is_me(&message.person_id) {
            return Ok("own");
        }
        let place = ReplyTarget { room: message.room_id.clone(), thread: Some(message.thread().to_owned()) };
        if !self
            .0
            .store
            .record_delivery(Delivery::Message, &message.id, now())
            .await
            .before(&place, "remembering the delivery")?
        {
            return Ok("repeat");
        }
        let person = self.0.webex.person(&message.person_id).await.before(&place, "asking who wrote")?;
        if person.is_bot {
            return Ok("bot");
        }
        let policy = self.policy();
        if !policy.knows(&person) {
            self.reply(&place, &person, words::NOT_LISTED).await.before(&place, "answering")?;
            return Ok("not allowed");
        }
        let text = order_text(&message, &self.0.me);
        let directory = Arc::new(self.directory().at_home_in(policy.home(&message.room_id)));
        let request = Request {
            id: &message.id,
            place: &place,
            person: &person,
            text: &text,
            at: message.created,
            private: message.room_kind == RoomKind::Direct,
            directory: &directory,
            policy: &policy,
            edits: None,
        };
        self.heard(&request, &message, &directory).await
    }

    async fn heard(&self, request: &Request<'_>, message: &Message, directory: &Arc<Directory>) -> Turn {
        let place = request.place;
        if let Some(about) = dialogue::about(request.text) {
            let answer = self.about(request, about).await?;
            self.reply(place, request.person, &answer).await.before(place, "answering")?;
            return Ok("answer");
        }
        let read = self.0.reader.read(request.text.to_owned(), directory.clone());
        let ParsedMessage { mut commands, asides, in_scope: _ } = read.await.before(place, "reading the message")?;
        if let Some(late) = lateness(&commands, request.at) {
            self.reply(place, request.person, &late).await.before(place, "answering")?;
            return Ok("too late");
        }
        self.in_context(request, &mut commands);
        let orders = commands.len();
        let talk: Vec<Command> = commands.extract_if(.., |command| is_talk(command.intent)).collect();
        let mut lines = Vec::new();
        let alone = talk.len() == orders && asides.is_empty();
        let mut outcome = "answer";
        if !talk.is_empty() {
            lines.extend(self.typed(request, &talk, alone, message.parent_id.is_some()).await?);
        }
        if !commands.is_empty() {
            let orders_nothing = commands.iter().all(|command| command.intent == Intent::None);
            let no = if orders_nothing { self.taken_as_no(request, &commands).await? } else { None };
            if let Some(line) = no {
                lines.push(line);
            } else {
                let (did, said_lines) = self.carry(request, commands).await?;
                outcome = did;
                lines.extend(said_lines);
            }
        }
        lines.extend(asides.iter().filter(|aside| words::asks_for_something(aside)).map(|aside| words::aside(aside)));
        lines.dedup();
        if !lines.is_empty() {
            self.reply(place, request.person, &lines.join("\n\n")).await.after(place, "answering")?;
        }
        Ok(outcome)
    }

    /// Judges commands together and does what comes of it: the outcome in a word, and what is to be said in one reply.
    pub(super) async fn carry(
        &self,
        request: &Request<'_>,
        commands: Vec<Command>,
    ) -> Result<(&'static str, Vec<String>), Fault> {
        let known = self.know(request, commands).await?;
        self.remember(request, &known);
        let (outcome, writes) = (outcome(&known), writes_in(&known));
        let (mut lines, mut together) = (Vec::new(), Vec::new());
        let mut acted = false;
        for (position, known) in known.into_iter().enumerate() {
            let acts = matches!(known.verdict.decision, Decision::Execute | Decision::Confirm);
            match Box::pin(self.act(request, position, known, writes, &mut together)).await {
                Ok(line) => lines.extend(line),
                Err(mut fault) => {
                    // What came before has been done, and is told before the fault is.
                    fault.nothing_changed &= !acted;
                    if !lines.is_empty()
                        && let Err(error) = self.reply(request.place, request.person, &lines.join("\n\n")).await
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
    async fn know(&self, request: &Request<'_>, mut commands: Vec<Command>) -> Result<Vec<ResolvedCommand>, Fault> {
        // What has not been seen may hold what is meant.
        let unseen = |command: &Command| {
            let names = request.directory.unseen(command.cluster_words());
            names.first().map(|name| words::unseen(name))
        };
        for command in commands.iter_mut().filter(|command| command.intent.is_write()) {
            command.doubts.extend(unseen(command));
        }
        let mut cases = Vec::new();
        for command in &commands {
            let mut found = request.directory.look_up(command);
            if let Some(Err(NotFound::Nothing { .. })) = &found
                && let Some(other) = self.other_kind(request, command).await
            {
                found = Some(Err(other));
            }
            let mut live = Vec::new();
            if let (Some(Ok(resolution)), true) = (&mut found, command.intent.is_write()) {
                live = self.read(&resolution.targets, request.place).await?;
                // The catalog may be a moment behind: what is gone is no target.
                resolution
                    .targets
                    .retain(|target| live.len() >= MOST_TARGETS || live.iter().any(|live| live.object() == target));
                if resolution.targets.is_empty()
                    && !command.deployment.as_ref().is_some_and(readback_core::command::Mention::is_everything)
                {
                    found = Some(Err(NotFound::Nothing { near: Vec::new() }));
                }
            }
            let mut undo = (None, false);
            if command.intent == Intent::Undo {
                undo = self.to_undo(request, found.as_ref()).await?;
            }
            cases.push((found, live, undo));
        }
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
        let mut verdicts = policy::judge(&judged, &self.rules());
        for (case, verdict) in judged.iter().zip(&mut verdicts) {
            if let Some(Err(NotFound::Nothing { .. } | NotFound::Place { .. } | NotFound::Elsewhere(_))) = &case.found {
                verdict.reasons.extend(unseen(case.command));
            }
        }
        let doubts: Vec<_> = judged.iter().map(|case| policy::doubts(case, &self.rules())).collect();
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
            .map(|(cluster, namespace)| tokio::time::timeout(GLANCE, self.0.clusters.others(cluster, namespace)));
        for found in futures::future::join_all(looks).await {
            others.extend(found.unwrap_or_default());
        }
        let names: Vec<ObjectRef> = others.iter().map(|(_, object)| object.clone()).collect();
        let clusters = places.iter().map(|(cluster, _)| (cluster.clone(), Vec::new())).collect();
        let named = Directory::of(names, places, clusters, Vec::new());
        let asked = resolve::NameQuery { name: mention.name(), namespace: None, cluster: None };
        let found = named.resolve(asked).ok().filter(|found| policy::is_strong(found.strength))?;
        let object = found.targets.into_iter().next()?;
        let (kind, object) = others.into_iter().find(|(_, other)| *other == object)?;
        Some(NotFound::OtherKind { kind, object })
    }

    async fn read(&self, targets: &[ObjectRef], place: &ReplyTarget) -> Result<Vec<Live>, Fault> {
        let reads = targets.iter().take(MOST_TARGETS).map(|target| self.0.clusters.read(target));
        let read: Vec<_> = futures::future::join_all(reads).await;
        let mut live = Vec::new();
        for found in read {
            live.extend(found.before(place, "reading the Deployment")?);
        }
        Ok(live)
    }

    /// Remembers what was talked about, so that the next message can say "it".
    fn remember(&self, request: &Request<'_>, known: &[ResolvedCommand]) {
        for known in known {
            let [object] = known.targets() else { continue };
            let mut draft = spec::draft_of(&known.command);
            // How this one was heard says nothing about the next.
            draft.doubts.clear();
            let ordered = (known.command.intent.is_write() && spec::is_complete(&draft)).then_some(draft);
            self.note_topic(request.place, object, ordered.as_ref().filter(|draft| draft.intent != Intent::Undo));
        }
    }

    /// What is known about a live Deployment, and about this person there.
    pub(super) fn facts(&self, request: &Request<'_>, verb: Intent, live: &Live) -> Facts {
        let object = live.object();
        // What may be taken back is judged by the verb that it takes back, when that is known.
        let denied = if verb == Intent::Undo { None } else { request.may(verb, Some(object)).err() };
        Facts {
            object: object.clone(),
            replicas: live.replicas(),
            limits: request.policy.limits(object),
            denied: denied
                .or_else(|| verb.is_write().then(|| request.policy.acts_as(request.person).err()).flatten())
                .or_else(|| self.lacks(request, verb, object)),
            quiet: request.policy.quiet(object, now()),
        }
    }

    /// Why the bot's own role does not let it do this there, if it does not: a sentence.
    pub(super) fn lacks(&self, request: &Request<'_>, verb: Intent, object: &ObjectRef) -> Option<String> {
        // What is sent under a person's own name, their role decides.
        if verb.is_write() && request.policy.impersonates() {
            return None;
        }
        let lacking = self.0.clusters.rights(object).lacks(verb)?;
        Some(words::lacking(verb, object, &lacking))
    }

    /// The verbs that the bot's role allows somewhere.
    pub(super) fn offered(&self) -> Vec<Intent> {
        let rights: Vec<_> = self.0.clusters.iter().flat_map(Cluster::all_rights).collect();
        let somewhere = |verb: &Intent| rights.iter().any(|rights| rights.lacks(*verb).is_none());
        Intent::ALL.into_iter().filter(somewhere).collect()
    }

    /// The operator's rules where no Deployment is known yet.
    pub(super) fn rules(&self) -> Rules {
        self.0.rules.clone()
    }
}

impl Request<'_> {
    /// Whether this person may do this anywhere in a namespace, or why not.
    pub(super) fn may_in(&self, verb: Intent, cluster: &ClusterName, namespace: &Namespace) -> Result<(), String> {
        // Grants speak of namespaces, and of no names in them.
        let any = DeploymentName::parse("any").map(|name| ObjectRef {
            cluster: cluster.clone(),
            namespace: namespace.clone(),
            name,
        });
        self.may(verb, any.as_ref())
    }

    /// Whether this person may do this, here, or why not.
    pub(super) fn may(&self, verb: Intent, object: Option<&ObjectRef>) -> Result<(), String> {
        let asked = AccessRequest { person: self.person, room: &self.place.room, private: self.private, verb, object };
        self.policy.may(&asked)
    }
}

/// Whether it is a yes or a no.
const fn is_talk(intent: Intent) -> bool {
    matches!(intent, Intent::Confirm | Intent::Cancel)
}

/// What to say when something that would act has been on its way for too long.
fn lateness(commands: &[Command], said: Timestamp) -> Option<String> {
    if !commands.iter().any(|command| command.intent.is_write() || command.intent == Intent::Confirm) {
        return None;
    }
    match freshness(said, now()) {
        Freshness::Fresh => None,
        Freshness::Stale { age } => Some(words::too_late(age)),
        Freshness::Ahead { .. } => Some(words::FROM_THE_FUTURE.to_owned()),
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
