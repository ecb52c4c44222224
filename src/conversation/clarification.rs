//! Clarifying questions about an unclear command: which of several Deployments, which of several readings, or a missing
//! value.

use super::{
    cluster_fault::Of,
    context::now,
    fault::{At, Fault},
    keys::position_of,
    orders::Orders,
    request::{Request, ResolvedCommand},
    spec,
};
use crate::words;
use readback_cluster::Live;
use readback_core::{
    change::{Actor, ChangeId, ChangeSpec, Field},
    command::Command,
    domain::{Amount, Intent, ObjectRef},
    policy::ProposedChange,
    question::{Choice, ChoiceLabel, MissingValue, Prompt, Question, QuestionState},
};

/// With more choices than this, the question is asked as text instead of on a card.
const MOST_CHOICES: usize = 20;

impl Orders {
    /// Asks about an unclear command: on a card if the answer can be picked or typed there, otherwise as text.
    pub(super) async fn clarify(
        &self,
        request: &Request<'_>,
        position: usize,
        known: &ResolvedCommand,
    ) -> Result<Option<String>, Fault> {
        let in_words = || Ok(Some(words::question(&known.command, &known.verdict.reasons)));
        if !known.command.intent.is_write() || known.command.confidence < self.cx.rules.card {
            return in_words();
        }
        let (prompt, choices, fields) = match (known.live.as_slice(), known.command.alternatives.is_empty()) {
            // No name was given: offer the Deployment discussed last, and ask rather than assume it.
            ([], true) if known.command.deployment.is_none() => match self.cx.last_topic(request.place) {
                Some(object) => self.about_the_last(request, &known.command, &object).await?,
                None => return in_words(),
            },
            ([], _) => return in_words(),
            ([live], false) => readings(&known.command, live, request),
            ([live], true) => missing(&known.command, live, request),
            (several, true) => which(&known.command, several, request),
            (_, false) => return in_words(),
        };
        if choices.is_empty() || choices.len() > MOST_CHOICES {
            return in_words();
        }
        let choices = choices.into_iter().map(|mut choice| {
            choice.draft.doubts.extend(known.doubts.iter().cloned());
            choice
        });
        let choices: Vec<Choice> = choices.collect();
        let prompt = prompt.unwrap_or_else(|| Prompt::Unclear(known.verdict.reasons.clone()));
        self.post_question(request, position_of(position, 99), prompt, choices, fields).await.map(|()| None)
    }

    /// Asks for missing values of a command whose Deployment is known, such as the container or the image.
    pub(super) async fn ask_values(
        &self,
        request: &Request<'_>,
        position: u32,
        command: &Command,
        live: &Live,
        value: MissingValue,
    ) -> Result<Option<String>, Fault> {
        let (_, choices, fields) = missing(command, live, request);
        if fields.is_empty() {
            return Ok(Some(words::mild(&words::missing(live.object(), &value))));
        }
        let prompt = Prompt::Missing { object: live.object().clone(), value };
        self.post_question(request, position, prompt, choices, fields).await.map(|()| None)
    }

    async fn about_the_last(
        &self,
        request: &Request<'_>,
        command: &Command,
        object: &ObjectRef,
    ) -> Result<Form, Fault> {
        let live =
            self.cx.clusters.read(object).await.of(&object.cluster).before(request.place, "reading the Deployment")?;
        let Some(live) = live else { return Ok((None, Vec::new(), Vec::new())) };
        let mut command = command.clone();
        spec::aim(&mut command, object);
        let (_, mut choices, fields) = missing(&command, &live, request);
        if let Some(choice) = choices.first_mut() {
            choice.label = label(request);
        }
        Ok((Some(Prompt::LastTopic { intent: command.intent, object: object.clone() }), choices, fields))
    }

    /// Records a question, then posts its card.
    pub(super) async fn post_question(
        &self,
        request: &Request<'_>,
        position: u32,
        prompt: Prompt,
        choices: Vec<Choice>,
        fields: Vec<Field>,
    ) -> Result<(), Fault> {
        let created = now();
        let expiry =
            choices.iter().map(|choice| request.policy.limits(&choice.target).expiry).min().unwrap_or_default();
        let question = Question {
            id: ChangeId::derive(request.id, position),
            asked: Actor::from(request.person),
            room_id: request.place.room.clone(),
            thread_id: request.place.thread.clone().unwrap_or_default(),
            words: request.text.to_owned(),
            private: request.private,
            prompt,
            choices,
            fields,
            said: request.at,
            created,
            expires: created.checked_add(expiry).unwrap_or(created),
            card: None,
            state: QuestionState::Open,
        };
        let question = self.cx.store.ask(question).await.before(request.place, "recording the question")?;
        if question.card.is_some() {
            return Ok(());
        }
        self.reporter.post_question_card(&question, request.place).await
    }
}

/// The prompt, the choices, and the fields that can be filled in.
type Form = (Option<Prompt>, Vec<Choice>, Vec<Field>);

/// Asks which of several Deployments is meant.
fn which(command: &Command, live: &[Live], request: &Request<'_>) -> Form {
    let draft = spec::draft_of(command);
    let choice = |live: &Live| Choice { label: label(request), target: live.object().clone(), draft: draft.clone() };
    let most = live.iter().map(|live| request.policy.limits(live.object()).max_replicas).min().unwrap_or_default();
    let fields = if spec::is_complete(&draft) { Vec::new() } else { spec::fields(&draft, None, most) };
    let allowed = live
        .iter()
        .filter(|live| request.judge(&ProposedChange::of_verb(command.intent, live.object())).denial().is_none());
    (None, allowed.map(choice).collect(), fields)
}

/// Asks for the missing values of a command on one Deployment.
fn missing(command: &Command, live: &Live, request: &Request<'_>) -> Form {
    let draft = spec::draft_of(command);
    let most = request.policy.limits(live.object()).max_replicas;
    let mut fields = spec::fields(&draft, Some(live), most);
    // A complete command needs no input, unless the container is still unknown.
    if spec::is_complete(&draft) && !fields.iter().any(|field| matches!(field, Field::Container { known: None, .. })) {
        fields.clear();
    }
    if let (Intent::Scale, Some(Amount::By(_) | Amount::Times(_))) = (draft.intent, draft.replicas) {
        // The reduction rounds to no change, so ask for the number itself.
        fields = vec![Field::Replicas { known: Some(live.replicas()), most }];
    }
    (None, vec![Choice { label: label(request), target: live.object().clone(), draft }], fields)
}

/// Asks which of several readings of a command is meant.
fn readings(command: &Command, live: &Live, request: &Request<'_>) -> Form {
    let all = std::iter::once(command).chain(&command.alternatives);
    let choice = |reading: &Command| {
        let draft = spec::draft_of(reading);
        Choice { label: reading_label(&draft, live), target: live.object().clone(), draft }
    };
    let choices: Vec<Choice> = all.map(choice).collect();
    let complete = choices.iter().all(|choice| spec::is_complete(&choice.draft));
    if !complete {
        return (None, Vec::new(), Vec::new());
    }
    (Some(Prompt::Readings { name: request.directory.label(live.object()) }), choices, Vec::new())
}

fn reading_label(draft: &ChangeSpec, live: &Live) -> ChoiceLabel {
    match (draft.replicas, &draft.image) {
        (Some(amount), _) => match amount.from(live.replicas()) {
            Some(to) => ChoiceLabel::Replicas { from: live.replicas(), to },
            None => ChoiceLabel::Amount(amount),
        },
        (None, Some(image)) => ChoiceLabel::Image(image.clone()),
        (None, None) => ChoiceLabel::Verb(draft.intent),
    }
}

fn label(request: &Request<'_>) -> ChoiceLabel {
    ChoiceLabel::Target { with_cluster: request.directory.has_several_clusters() }
}
