//! The conversation around commands: yes or no to an open question, "it" and "the same", and questions about the bot
//! such as "why did you ask me?".

use std::sync::Arc;

use super::{
    authorization::Approvals,
    context::{Context, now},
    fault::{At, Fault},
    posting::Reporter,
    questions::Questions,
    request::{Request, line},
    spec,
};
use crate::{cards::Press, words};
use readback_core::{
    change::{Actor, Change, ChangeId, Decide, Filter, Store},
    command::{Command, Doubt, Mention, Sign, There},
    domain::{Intent, ObjectRef},
    question::{Question, Reply},
};
use readback_webex::WebexError;

/// The topic of a question about the bot itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Why the bot asked for confirmation.
    Why,
    /// What this person is allowed to do.
    Rights,
}

/// Recognizes questions about the bot itself. Fixed phrases are enough, because these questions have no slots and
/// change nothing.
pub(super) fn about(text: &str) -> Option<About> {
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’')))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let bare: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !matches!(*word, "please" | "hey" | "hi" | "so" | "and" | "just" | "exactly" | "actually"))
        .collect();
    let request = bare.join(" ");
    let is = |forms: &[&str]| forms.contains(&request.as_str());
    if is(WHY) {
        Some(About::Why)
    } else if is(RIGHTS) {
        Some(About::Rights)
    } else {
        None
    }
}

const WHY: &[&str] = &[
    "why",
    "why did you ask",
    "why did you ask me",
    "why did you ask that",
    "why did you ask me that",
    "why do you ask",
    "why do you ask me",
    "why are you asking",
    "why are you asking me",
    "why was i asked",
    "why was this asked",
    "why was that asked",
    "why the card",
    "why a card",
    "why do i have to confirm",
    "why do i have to confirm this",
    "why do i have to confirm that",
    "why do i need to confirm",
    "why does this need confirming",
    "why does that need confirming",
];

const RIGHTS: &[&str] = &[
    "what may i do",
    "what may i do here",
    "what am i allowed to do",
    "what am i allowed to do here",
    "what are my rights",
    "what are my permissions",
    "what can i do",
    "what can i do here",
    "what do i have access to",
    "which rights do i have",
    "which permissions do i have",
    "what rights do i have",
    "what permissions do i have",
];

/// Whether the message asks to repeat the last order on another Deployment: "same for checkout".
fn wants_the_same(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())).collect();
    let start = words
        .iter()
        .take_while(|word| {
            matches!(**word, "" | "and" | "now" | "please" | "ok" | "okay" | "also" | "do" | "then" | "the")
        })
        .count();
    let rest = &words[start..];
    rest.first() == Some(&"same")
        && rest
            .iter()
            .skip(1)
            .find(|word| !matches!(**word, "thing" | "again"))
            .is_some_and(|word| matches!(*word, "for" | "with" | "to" | "on" | "in"))
}

/// Whether the command is a yes or a no, or might be meant as a yes.
pub(super) fn is_talk(command: &Command) -> bool {
    matches!(command.intent, Intent::Confirm | Intent::Cancel) || command.doubts.contains(&Doubt::NotAPlainYes)
}

/// An open item of one person: a waiting change or an open question.
pub(super) enum OpenItem {
    Change(Box<Change>),
    Question(Box<Question>),
}

impl OpenItem {
    fn thread(&self) -> &str {
        match self {
            Self::Change(change) => &change.order().thread_id,
            Self::Question(question) => &question.thread_id,
        }
    }

    fn card(&self) -> Option<&str> {
        match self {
            Self::Change(change) => change.card(),
            Self::Question(question) => question.card.as_deref(),
        }
    }

    fn batch(&self) -> Option<ChangeId> {
        match self {
            Self::Change(change) => change.order().batch,
            Self::Question(_) => None,
        }
    }

    /// The answer to a message that might be a yes but is not a plain one.
    fn not_a_plain_yes(&self) -> String {
        match self {
            Self::Change(change) => words::not_a_plain_yes("Confirm", change.order().expires),
            Self::Question(question) => words::not_a_plain_yes("its button", question.expires),
        }
    }

    fn named(&self) -> String {
        match self {
            Self::Change(change) if change.order().batch.is_some() => {
                format!("{} and others", words::open_question(change))
            }
            Self::Change(change) => words::open_question(change),
            Self::Question(question) => words::mild(&words::prompt(question)),
        }
    }
}

/// Handles the conversation around commands.
#[derive(Clone, Debug)]
pub(super) struct Dialogue {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
    pub(super) approvals: Approvals,
    pub(super) questions: Questions,
}

impl Dialogue {
    /// Answers a question about the bot itself, from the same data that its decisions are based on.
    pub(super) async fn about(&self, request: &Request<'_>, about: About) -> Result<String, Fault> {
        if about == About::Rights {
            return Ok(words::rights(&request.policy.rights(request.person, &request.place.room, request.private)));
        }
        let filter = Filter {
            person: Some(request.person.id.clone()),
            room: Some(request.place.room.clone()),
            ..Filter::default()
        };
        let found = self.cx.store.newest(&filter, 50).await.before(request.place, "looking for the last question")?;
        let own = |change: &&Change| change.order().requester.person_id == request.person.id;
        Ok(words::why_asked(found.changes.iter().filter(own).find(|change| !change.order().reasons.is_empty())))
    }

    /// Resolves "it" and "the same" to the last topic. Every command completed this way gets a doubt, so it is
    /// confirmed on a card.
    pub(super) fn in_context(&self, request: &Request<'_>, commands: &mut [Command]) {
        let Ok(topics) = self.cx.topics.lock() else { return };
        let Some(topic) = topics.recall(request.place, now()) else { return };
        drop(topics);
        let [.., last] = commands else { return };
        if let Some((object, ordered)) = topic.ordered.as_ref().filter(|_| wants_the_same(request.text))
            && last.deployment.as_ref().is_some_and(|mention| !mention.is_open_pronoun())
        {
            spec::fill(last, ordered);
            last.faults.clear();
            last.alternatives.clear();
            last.doubts.push(Doubt::TheSame(object.clone()));
        }
        for command in commands {
            let Some(mention) = &mut command.deployment else { continue };
            if mention.is_open_pronoun() && command.intent != Intent::Undo {
                let said = mention.words.clone();
                command.doubts.push(Doubt::Pronoun { said, object: topic.object.clone() });
                *mention = standing_for(mention, &topic.object);
            }
        }
    }

    /// The open items of this person in the room; only those of the thread if the message was sent in one.
    async fn open(&self, request: &Request<'_>, in_thread: bool) -> Result<Vec<OpenItem>, Fault> {
        let (place, person) = (request.place, &request.person.id);
        let waiting = self.cx.store.waiting_of(person).await.before(place, "looking for questions")?;
        let questions = self.cx.store.open_questions(Some(person)).await.before(place, "looking for questions")?;
        let changes = waiting
            .changes
            .into_iter()
            .filter(|change| change.order().room_id == place.room && !change.is_past(now()))
            .map(|change| OpenItem::Change(Box::new(change)));
        let questions = questions
            .into_iter()
            .filter(|question| question.room_id == place.room && question.is_open(now()))
            .map(|question| OpenItem::Question(Box::new(question)));
        let mut open: Vec<OpenItem> = changes.chain(questions).collect();
        // A batch counts as one item.
        let mut batches = Vec::new();
        open.retain(|one| match one.batch() {
            Some(batch) if batches.contains(&batch) => false,
            batch => {
                batches.extend(batch);
                true
            }
        });
        if in_thread {
            open.retain(|one| Some(one.thread()) == place.thread.as_deref());
        }
        // A message sent before a card was posted cannot be an answer to it. Both times come from Webex, so they are
        // comparable.
        let mut seen = Vec::new();
        for one in open {
            let Some(card) = one.card() else { continue };
            match self.cx.webex.message(card).await {
                Ok(card) if card.created < request.at => seen.push(one),
                Ok(_) | Err(WebexError::NotFound { .. }) => {}
                Err(error) => return Err(error).before(place, "reading the card"),
            }
        }
        Ok(seen)
    }

    /// Handles a yes or no given as a message. It applies to the single open item of this person in this room or
    /// thread, never to another person's. Returns the answer.
    pub(super) async fn typed(
        &self,
        request: &Request<'_>,
        talk: &[Command],
        alone: bool,
        in_thread: bool,
    ) -> Result<Option<String>, Fault> {
        let no = talk.iter().all(|command| command.intent == Intent::Cancel);
        if !no && !alone {
            return Ok(Some(words::YES_ALONE.to_owned()));
        }
        let mut open = self.open(request, in_thread).await?;
        let [_] = open.as_slice() else {
            return Ok(Some(if open.is_empty() {
                words::nothing_open(in_thread)
            } else {
                words::which_question(&open.iter().map(OpenItem::named).collect::<Vec<_>>())
            }));
        };
        let open = open.swap_remove(0);
        // A yes recognized by the model confirms nothing; only the fixed list of phrases does.
        if !no && !self.cx.is_yes(request) {
            return Ok(Some(open.not_a_plain_yes()));
        }
        match open {
            OpenItem::Change(change) => self.typed_on_change(request, &change, !no).await,
            OpenItem::Question(question) => self.typed_on_question(request, &question, !no).await,
        }
    }

    async fn typed_on_change(
        &self,
        request: &Request<'_>,
        change: &Change,
        yes: bool,
    ) -> Result<Option<String>, Fault> {
        if change.order().batch.is_some() {
            let batch = self.cx.batch_of(change).await.before(request.place, "reading the changes")?;
            let press = if yes { Press::Confirm } else { Press::Cancel };
            return self.approvals.on_batch(request, &batch, press).await.map(line);
        }
        let who = Actor::from(request.person);
        let authorization = self.approvals.authorization(request, change, yes).await?;
        let decide = if yes { Decide::Approve { who, authorization } } else { Decide::Decline { who, authorization } };
        let decided = self.cx.store.decide(change.id(), &decide, now()).await.before(request.place, "deciding")?;
        let Some((change, answer)) = decided else { return Ok(Some(words::UNKNOWN_CARD.to_owned())) };
        self.approvals.decided(request, &change, answer).await.map(|(_, line)| line)
    }

    async fn typed_on_question(
        &self,
        request: &Request<'_>,
        question: &Question,
        yes: bool,
    ) -> Result<Option<String>, Fault> {
        if yes {
            return match question.choices.as_slice() {
                [_] if question.fields.is_empty() => {
                    self.questions.picked(request, question, 0, &serde_json::Map::new()).await.map(line)
                }
                _ => Ok(Some(words::which_question(&[words::mild(&words::prompt(question))]))),
            };
        }
        let reply = Reply::Dismiss(Actor::from(request.person));
        let replied =
            self.cx.store.reply(question.id, &reply, now()).await.before(request.place, "closing the question")?;
        if let Some((question, _)) = replied {
            self.reporter.show_question(&question).await;
        }
        Ok(None)
    }

    /// Treats a "don't" that names the Deployment of a waiting change of this person as a no to it.
    pub(super) async fn taken_as_no(
        &self,
        request: &Request<'_>,
        commands: &[Command],
    ) -> Result<Option<String>, Fault> {
        let negated = Doubt::OrdersNothing(Sign::Negation);
        if !commands.iter().any(|command| command.doubts.contains(&negated)) {
            return Ok(None);
        }
        let open = self.open(request, false).await?;
        let changes = open.into_iter().filter_map(|open| match open {
            OpenItem::Change(change) => Some(change),
            OpenItem::Question(_) => None,
        });
        let fits: Vec<_> = changes.filter(|change| names(request.text, change.target().name.as_str())).collect();
        let text = request.text.to_lowercase();
        // A partial name that matches several waiting changes declines none of them.
        let meant = if fits.len() == 1 {
            fits.first()
        } else {
            fits.iter().find(|change| text.contains(change.target().name.as_str()))
        };
        if let Some(change) = meant {
            let decide = Decide::Decline { who: Actor::from(request.person), authorization: Ok(()) };
            let decided = self.cx.store.decide(change.id(), &decide, now()).await.before(request.place, "deciding")?;
            if let Some((change, readback_core::change::Answer::Declined)) = decided {
                self.reporter.close(&change).await;
                return Ok(Some(words::taken_as_no(change.target())));
            }
        }
        Ok(None)
    }
}

/// Whether the text contains the Deployment's name, in full or as one of its hyphen-separated parts, as a whole word.
fn names(text: &str, name: &str) -> bool {
    let text = text.to_lowercase();
    let is_inside = |c: char| c.is_alphanumeric() || c == '-';
    let words: Vec<&str> = text.split(|c| !is_inside(c)).collect();
    words.contains(&name) || name.split('-').any(|part| part.len() > 2 && words.contains(&part))
}

fn standing_for(mention: &Mention, object: &ObjectRef) -> Mention {
    Mention {
        words: mention.words.clone(),
        stands_for: Some(object.name.to_string()),
        there: There { namespace: Some(object.namespace.to_string()), cluster: Some(object.cluster.to_string()) },
        odd: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_about_the_bot_are_read_by_rule_and_nothing_else_is() {
        assert_eq!(about("Why did you ask me?"), Some(About::Why));
        assert_eq!(about("hey, why do you ask?"), Some(About::Why));
        assert_eq!(about("what may I do?"), Some(About::Rights));
        assert_eq!(about("what am I allowed to do here please"), Some(About::Rights));
        for other in ["why is checkout down?", "what can you do?", "scale web to 3", "why did you ask bo?", ""] {
            assert_eq!(about(other), None, "{other}");
        }
    }

    #[test]
    fn the_same_is_only_what_says_so() {
        for same in
            ["same for checkout", "do the same for api in staging", "and the same with web", "same thing for web"]
        {
            assert!(wants_the_same(same), "{same}");
        }
        for other in ["restart the same pod", "same as yesterday", "scale web to the same", "sames for x", ""] {
            assert!(!wants_the_same(other), "{other}");
        }
    }

    #[test]
    fn a_name_is_a_word_and_no_piece_of_one() {
        assert!(names("don't restart nginx!", "nginx-deployment"));
        assert!(names("don't restart nginx-deployment", "nginx-deployment"));
        assert!(!names("don't restart nginxes", "nginx-deployment"));
        assert!(!names("don't do it", "do-it"));
    }
}
