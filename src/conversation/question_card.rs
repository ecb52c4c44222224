//! The card of a question.

use super::{
    fault::{At, Fault, ReplyTarget},
    posting::Reporter,
};
use crate::cards;
use readback_core::question::{Question, QuestionState};

impl Reporter {
    /// Posts the card of a question.
    pub(super) async fn post_question_card(&self, question: &Question, place: &ReplyTarget) -> Result<(), Fault> {
        let shown = cards::ask(question);
        let posted = self.post(place, &shown.markdown, Some(shown.card)).await.before(place, "posting the question")?;
        self.cx.last_words().note_card(place, &question.asked.person_id, Some(&posted));
        let noted = self.cx.store.question_posted(question.id, &posted).await.before(place, "noting the question")?;
        // The question may have ended while its card was being posted.
        if let Some(question) = noted.filter(|question| question.state != QuestionState::Open) {
            self.show_question(&question).await;
        }
        Ok(())
    }
}
