//! What is not clear is asked on a card: which of several, which of two readings, or a value that is missing.

use super::{
    At, Bot, Fault, draft,
    message::{Known, Said},
    now,
    order::place_of,
};
use crate::{cards, words};
use readback_cluster::Live;
use readback_core::{
    change::{ChangeId, Draft, Field, Store, Who},
    command::Command,
    domain::{Amount, ImageChange, Intent, ObjectRef},
    question::{Asked, Choice, Question},
};

/// More choices than this are no choice.
const MOST_CHOICES: usize = 20;

impl Bot {
    /// Asks about a command that is not clear: on a card where an answer can be picked or typed there, else in words.
    pub(super) async fn clarify(
        &self,
        said: &Said<'_>,
        position: usize,
        known: &Known,
    ) -> Result<Option<String>, Fault> {
        let in_words = || Ok(Some(words::question(&known.command, &known.verdict.reasons)));
        if !known.command.intent.is_write() || known.command.confidence < self.0.rules.card {
            return in_words();
        }
        let (text, choices, fields) = match (known.live.as_slice(), known.command.alternatives.is_empty()) {
            // No name was said: what was talked about last is offered, and nothing is taken for granted.
            ([], true) if known.command.deployment.is_none() => match self.last_topic(said.place) {
                Some(object) => self.about_the_last(said, &known.command, &object).await?,
                None => return in_words(),
            },
            ([], _) => return in_words(),
            ([live], false) => readings(&known.command, live, said),
            ([live], true) => missing(&known.command, live, said),
            (several, true) => which(&known.command, several, said),
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
        let text = text.unwrap_or_else(|| known.verdict.reasons.join(" "));
        self.post_question(said, place_of(position, 99), &text, choices, fields).await.map(|()| None)
    }

    /// Asks for the values of a command whose Deployment is known: which container, which image.
    pub(super) async fn ask_values(
        &self,
        said: &Said<'_>,
        position: u32,
        command: &Command,
        live: &Live,
        text: &str,
    ) -> Result<Option<String>, Fault> {
        let (_, choices, fields) = missing(command, live, said);
        if fields.is_empty() {
            return Ok(Some(words::mild(text)));
        }
        self.post_question(said, position, text, choices, fields).await.map(|()| None)
    }

    async fn about_the_last(
        &self,
        said: &Said<'_>,
        command: &Command,
        object: &ObjectRef,
    ) -> Result<(Option<String>, Vec<Choice>, Vec<Field>), Fault> {
        let live = self.0.clusters.read(object).await.before(said.place, "reading the Deployment")?;
        let Some(live) = live else { return Ok((None, Vec::new(), Vec::new())) };
        let mut command = command.clone();
        draft::aim(&mut command, object);
        let (_, mut choices, fields) = missing(&command, &live, said);
        if let Some(choice) = choices.first_mut() {
            choice.label = label(object, said);
        }
        Ok((Some(words::which_or_last(command.intent, object)), choices, fields))
    }

    /// Records a question, then posts its card.
    async fn post_question(
        &self,
        said: &Said<'_>,
        position: u32,
        text: &str,
        choices: Vec<Choice>,
        fields: Vec<Field>,
    ) -> Result<(), Fault> {
        let created = now();
        let expiry = choices.iter().map(|choice| said.policy.limits(&choice.target).expiry).min().unwrap_or_default();
        let question = Question {
            id: ChangeId::derive(said.id, position),
            asked: Who::from(said.person),
            room_id: said.place.room.clone(),
            thread_id: said.place.thread.clone().unwrap_or_default(),
            words: said.text.to_owned(),
            private: said.private,
            text: text.to_owned(),
            choices,
            fields,
            said: said.at,
            created,
            expires: created.checked_add(expiry).unwrap_or(created),
            card: None,
            state: Asked::Open,
        };
        let question = self.0.store.ask(question).await.before(said.place, "recording the question")?;
        if question.card.is_some() {
            return Ok(());
        }
        self.post_question_card(&question, said.place).await
    }

    /// Posts the card of a question.
    pub(super) async fn post_question_card(&self, question: &Question, place: &super::Place) -> Result<(), Fault> {
        let shown = cards::ask(question);
        let posted = self.post(place, &shown.markdown, Some(shown.card)).await.before(place, "posting the question")?;
        let noted = self.0.store.question_posted(question.id, &posted).await.before(place, "noting the question")?;
        // It may have ended while its card was on the way.
        if let Some(question) = noted.filter(|question| question.state != Asked::Open) {
            self.show_question(&question).await;
        }
        Ok(())
    }
}

type Form = (Option<String>, Vec<Choice>, Vec<Field>);

/// Which of several Deployments.
fn which(command: &Command, live: &[Live], said: &Said<'_>) -> Form {
    let draft = draft::draft_of(command);
    let choice =
        |live: &Live| Choice { label: label(live.object(), said), target: live.object().clone(), draft: draft.clone() };
    let most = live.iter().map(|live| said.policy.limits(live.object()).ceiling).min().unwrap_or_default();
    let fields = if draft::is_complete(&draft) { Vec::new() } else { draft::fields(&draft, None, most) };
    let allowed = live.iter().filter(|live| said.may(command.intent, Some(live.object())).is_ok());
    (None, allowed.map(choice).collect(), fields)
}

/// A value of one Deployment.
fn missing(command: &Command, live: &Live, said: &Said<'_>) -> Form {
    let draft = draft::draft_of(command);
    let most = said.policy.limits(live.object()).ceiling;
    let mut fields = draft::fields(&draft, Some(live), most);
    // What is complete needs no typing, but for a container that nobody named.
    if draft::is_complete(&draft) && !fields.iter().any(|field| matches!(field, Field::Container { known: None, .. })) {
        fields.clear();
    }
    if let (Intent::Scale, Some(Amount::By(_) | Amount::Times(_))) = (draft.intent, draft.replicas) {
        // A reduction that rounds to nothing: the number is what is asked for.
        fields = vec![Field::Replicas { known: Some(live.replicas()), most }];
    }
    (None, vec![Choice { label: label(live.object(), said), target: live.object().clone(), draft }], fields)
}

/// Which of the readings of one command.
fn readings(command: &Command, live: &Live, said: &Said<'_>) -> Form {
    let all = std::iter::once(command).chain(&command.alternatives);
    let choice = |reading: &Command| {
        let draft = draft::draft_of(reading);
        Choice { label: reading_label(&draft, live), target: live.object().clone(), draft }
    };
    let choices: Vec<Choice> = all.map(choice).collect();
    let complete = choices.iter().all(|choice| draft::is_complete(&choice.draft));
    if !complete {
        return (None, Vec::new(), Vec::new());
    }
    let short: Vec<&str> = choices.iter().map(|choice| choice.label.as_str()).collect();
    (Some(format!("For `{}`: {}?", said.directory.label(live.object()), words::either_of(&short))), choices, Vec::new())
}

fn reading_label(draft: &Draft, live: &Live) -> String {
    match (draft.replicas, &draft.image) {
        (Some(amount), _) => match amount.from(live.replicas()) {
            Some(to) => format!("Replicas {} → {to}", live.replicas()),
            None => format!("Replicas {}", words::amount(amount)),
        },
        (None, Some(ImageChange::Tag(text) | ImageChange::Digest(text) | ImageChange::Reference(text))) => {
            format!("Image {}", words::plain(text))
        }
        (None, None) => words::intent(draft.intent).to_owned(),
    }
}

fn label(object: &ObjectRef, said: &Said<'_>) -> String {
    if said.directory.has_several_clusters() {
        format!("{} · {} · {}", object.name, object.namespace, object.cluster)
    } else {
        format!("{} · {}", object.name, object.namespace)
    }
}
