//! A yes or a no given as a message, instead of a press on the card: which open item it answers, and what follows.

use std::sync::Arc;

use super::{
    authorization::Approvals,
    context::{Context, now},
    fault::{At, Fault},
    open_item::{OpenItem, asks_which},
    posting::Reporter,
    questions::Questions,
    request::{Request, line},
};
use crate::words;
use readback_core::{
    change::{Actor, Answer, Change, ChangeRequest, Decide},
    command::{Command, Doubt, Sign},
    domain::Intent,
    question::{Question, Reply},
};
use readback_nlu::{
    short::{calls_off_everything, talk::is_beside_a_card},
    yes::speaks_of_yes,
};
use readback_webex::WebexError;

/// Whether the command is a yes or a no, or might be meant as a yes.
pub(super) fn is_talk(command: &Command) -> bool {
    matches!(command.intent, Intent::Confirm | Intent::Cancel) || command.doubts.contains(&Doubt::NotAPlainYes)
}

/// What a message says beside a yes or a no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// Nothing.
    Nothing,
    /// Words that order nothing.
    Words,
    /// Orders or questions.
    Orders,
}

/// Handles a yes or a no given as a message.
#[derive(Clone, Debug)]
pub(super) struct TypedAnswers {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
    pub(super) approvals: Approvals,
    pub(super) questions: Questions,
}

impl TypedAnswers {
    /// The open items of this person in the room; only those of the thread if the message was sent in one.
    async fn open(&self, request: &Request<'_>, in_thread: bool) -> Result<Vec<OpenItem>, Fault> {
        let (place, person) = (request.place, &request.person.id);
        let waiting = self.cx.store.waiting_of(person).await.before(place, "looking for questions")?;
        let questions = self.cx.store.open_questions(Some(person)).await.before(place, "looking for questions")?;
        let waiting = self.cx.requests_of(&waiting.changes).await.before(place, "looking for questions")?;
        let requests = waiting
            .into_iter()
            .filter(|request| request.first().order().room_id == place.room && !request.is_past(now()))
            .map(|request| OpenItem::Request(Box::new(request)));
        let questions = questions
            .into_iter()
            .filter(|question| question.room_id == place.room && question.is_open(now()) && !asks_which(question))
            .map(|question| OpenItem::Question(Box::new(question)));
        let mut open: Vec<OpenItem> = requests.chain(questions).collect();
        open.sort_by_key(OpenItem::said);
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
        beside: Beside,
        in_thread: bool,
    ) -> Result<Option<String>, Fault> {
        let no = talk.iter().all(|command| command.intent == Intent::Cancel);
        // An order beside it may close the card that it is about.
        if !no && beside == Beside::Orders {
            return Ok(Some(words::YES_ALONE.to_owned()));
        }
        let mut open = self.open(request, in_thread).await?;
        if !no && beside == Beside::Words {
            return Ok(Some(match open.as_slice() {
                [one] => one.yes_alone(),
                [] | [..] => words::YES_ALONE.to_owned(),
            }));
        }
        if no && calls_off_everything(request.text, &self.cx.me.name) {
            return self.close_all(request, open, in_thread).await;
        }
        if open.is_empty() && in_thread {
            return self.typed_by_another(request, no).await;
        }
        let last = request.previous.and_then(|turn| turn.card.as_deref());
        let is_last = |one: &OpenItem| last.is_some() && one.card() == last;
        // Of several, it means the one that the bot asked about last, if it has said nothing else since.
        if open.len() > 1 && open.iter().any(is_last) {
            open.retain(is_last);
        }
        match open.as_slice() {
            [] => return Ok(Some(words::nothing_open(in_thread))),
            [_] => {}
            // A yes recognized by the model is no plain one, so there is nothing to ask about.
            several if no || self.cx.is_yes(request) => return self.ask_which(request, several, !no).await,
            several => {
                return Ok(Some(words::which_question(&several.iter().map(OpenItem::named).collect::<Vec<_>>())));
            }
        }
        let open = open.swap_remove(0);
        if !no && !in_thread && open.takes_a_yes() && !is_last(&open) && self.has_ordered_since(request, &open).await? {
            if let Some(card) = open.card() {
                self.cx.last_words().ask_again(request.place, &request.person.id, card);
            }
            return Ok(Some(words::yes_to_an_older_card(&open.named())));
        }
        // A yes recognized by the model confirms nothing; only the fixed list of phrases does.
        if !no && !self.cx.is_yes(request) {
            return Ok(Some(open.not_a_plain_yes()));
        }
        match open {
            OpenItem::Request(asked) => self.approvals.decide(request, &asked, !no).await.map(line),
            OpenItem::Question(question) => self.typed_on_question(request, &question, !no).await,
        }
    }

    /// Whether this person has ordered something else here since, also something that was refused. A yes may be about that.
    async fn has_ordered_since(&self, request: &Request<'_>, open: &OpenItem) -> Result<bool, Fault> {
        let ordered = self.cx.last_words().ordered(request.place, &request.person.id);
        if ordered.is_some_and(|at| at > open.said()) {
            return Ok(true);
        }
        let newest = self.newest_order(request).await?;
        Ok(newest.is_some_and(|change| change.order().said > open.said()))
    }

    /// Declines everything of this person that is open here.
    async fn close_all(
        &self,
        request: &Request<'_>,
        open: Vec<OpenItem>,
        in_thread: bool,
    ) -> Result<Option<String>, Fault> {
        self.end_all_which(request).await?;
        if open.is_empty() {
            return Ok(Some(words::nothing_open(in_thread)));
        }
        let names: Vec<String> = open.iter().map(OpenItem::named).collect();
        let mut lines = Vec::new();
        for one in open {
            lines.extend(match one {
                OpenItem::Request(asked) => line(self.approvals.decide(request, &asked, false).await?),
                OpenItem::Question(question) => self.typed_on_question(request, &question, false).await?,
            });
        }
        // Each card says it, too; what could not be declined is said in its own words.
        if lines.is_empty() && names.len() > 1 {
            lines.push(words::all_cancelled(&names));
        }
        Ok((!lines.is_empty()).then(|| lines.join("\n\n")))
    }

    /// Handles a yes or no in the thread of a card that waits for somebody else, whom the policy may let decide it.
    async fn typed_by_another(&self, request: &Request<'_>, no: bool) -> Result<Option<String>, Fault> {
        let asked = self.asked_by_others(request).await?;
        let [asked] = asked.as_slice() else { return Ok(Some(words::nothing_open(true))) };
        if !no && !self.cx.is_yes(request) {
            return Ok(Some(words::not_a_plain_yes("Confirm", asked.first().order().expires)));
        }
        // A message that was sent before the card was posted cannot be an answer to it.
        let Some(card) = asked.card() else { return Ok(Some(words::nothing_open(true))) };
        let posted = self.cx.webex.message(card).await;
        match posted {
            Ok(card) if card.created < request.at => self.approvals.decide(request, asked, !no).await.map(line),
            Ok(_) | Err(WebexError::NotFound { .. }) => Ok(Some(words::nothing_open(true))),
            Err(error) => Err(error).before(request.place, "reading the card"),
        }
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
                _ => {
                    self.is_still_asked(request, question);
                    Ok(Some(words::no_yes_or_no(question)))
                }
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

    /// The answer to a message that orders nothing and speaks of a yes, where this person has an open item: its button.
    pub(super) async fn points_at_the_button(&self, request: &Request<'_>) -> Result<Option<String>, Fault> {
        if !speaks_of_yes(request.text) || is_beside_a_card(request.text, &self.cx.me.name) {
            return Ok(None);
        }
        let open = self.open(request, false).await?;
        Ok(match open.as_slice() {
            [one] => Some(one.not_a_plain_yes()),
            _ => None,
        })
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
        let asked = open.into_iter().filter_map(|open| match open {
            OpenItem::Request(asked) => Some(asked),
            OpenItem::Question(_) => None,
        });
        let fits = |item: &Change| names(request.text, item.target().name.as_str());
        let named = |asked: Box<ChangeRequest>| {
            let item = asked.items().find(|item| fits(item)).cloned()?;
            Some((item, asked))
        };
        let fits: Vec<_> = asked.filter_map(named).collect();
        let text = request.text.to_lowercase();
        // A partial name that matches several waiting requests declines none of them.
        let meant = if fits.len() == 1 {
            fits.first()
        } else {
            fits.iter().find(|(item, _)| text.contains(item.target().name.as_str()))
        };
        if let Some((item, asked)) = meant {
            let cause = Some(request.cause());
            let decide = Decide::Decline { who: Actor::from(request.person), authorization: Ok(()), cause };
            let decided = self.cx.store.decide(asked.id(), &decide, now()).await.before(request.place, "deciding")?;
            if let Some((declined, Answer::Declined)) = decided {
                self.reporter.close(&declined).await;
                return Ok(Some(words::taken_as_no(item.target(), declined.single().is_none())));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_and_no_piece_of_one() {
        assert!(names("don't restart nginx!", "nginx-deployment"));
        assert!(names("don't restart nginx-deployment", "nginx-deployment"));
        assert!(!names("don't restart nginxes", "nginx-deployment"));
        assert!(!names("don't do it", "do-it"));
    }
}
