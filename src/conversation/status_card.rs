//! The status of one Deployment as a card, and what its buttons do: each press is judged like the same words of whoever
//! pressed.

use super::{
    card_action::CardActionHandler,
    context::now,
    fault::{At, Fault},
    reads::{Reads, Told},
    request::{PressOutcome, Request},
    spec,
    status_button::StatusButton,
};
use crate::{
    cards::{self, StatusPress},
    words::{self, StatusFacts},
};
use readback_cluster::{Description, Revision};
use readback_core::{
    change::{ChangeSpec, Filter, Status},
    command::Doubt,
    domain::{Intent, ObjectRef},
    policy::ProposedChange,
};

impl CardActionHandler {
    /// Does what the button of a Deployment's card says, as an order of this person.
    pub(super) async fn on_status(&self, request: &Request<'_>, button: &StatusButton) -> Result<PressOutcome, Fault> {
        let mut command = spec::command_of(&ChangeSpec::new(button.press.verb()), &button.object);
        let told = match button.press {
            StatusPress::Restart | StatusPress::RollBack => {
                // Another Deployment with a name like it is not what the button stands under.
                if let Ok(None) = self.reads.cx.clusters.describe(&button.object).await {
                    return Ok(("answer", Some(words::no_longer_there(&button.object))));
                }
                // The card may be old, and a button is pressed twice more easily than an order is said twice.
                command.doubts.push(Doubt::StatusButton);
                let (outcome, lines) = self.orders.handle_commands(request, vec![command]).await?;
                return Ok((outcome, (!lines.is_empty()).then(|| lines.join("\n\n"))));
            }
            StatusPress::Logs | StatusPress::History => self.reads.read_one(request, &command, &button.object).await?,
            StatusPress::OldLogs => self.reads.old_logs(request, &command, &button.object).await?,
        };
        self.reporter.tell_read(request, 0, told).await.map(|text| ("answer", text))
    }
}

impl Reads {
    /// The status of one Deployment as a card; as text where nothing can be offered beside it.
    pub(super) async fn status_card(&self, request: &Request<'_>, described: &Description) -> Result<Told, Fault> {
        let target = described.live.object();
        let text = words::status(described, &request.directory.called(target));
        let revisions = self.kept_revisions(request, described).await;
        let offered = self.offered(request, target, &revisions);
        if offered.is_empty() {
            return Ok(Told::Text(text));
        }
        // What cannot be read is only not shown.
        let scaler = self.cx.clusters.autoscaler(&described.live).await.ok().flatten();
        let filter = Filter { object: Some(target.clone()), statuses: vec![Status::Applied], ..Filter::default() };
        let last = if self.may(request, Intent::History, target) {
            self.cx.store.newest(&filter, 1).await.before(request.place, "looking for changes")?.changes
        } else {
            Vec::new()
        };
        let now = now();
        let first_made = revisions.iter().find(|one| one.is_of(&described.live)).and_then(|one| one.created);
        let facts = StatusFacts {
            described,
            since: first_made.map(|at| (at, now)),
            scaler: scaler.as_ref(),
            last: last.first().map(|change| (change, now)),
        };
        Ok(Told::Card(Box::new(cards::status(&facts, &offered, text))))
    }

    async fn kept_revisions(&self, request: &Request<'_>, described: &Description) -> Vec<Revision> {
        if !self.may(request, Intent::History, described.live.object()) {
            return Vec::new();
        }
        self.cx.clusters.revisions(&described.live).await.unwrap_or_default()
    }

    /// What this person may do here of what such a card offers.
    fn offered(&self, request: &Request<'_>, target: &ObjectRef, revisions: &[Revision]) -> Vec<StatusPress> {
        let may = |press: &StatusPress| {
            let verb = press.verb();
            if !verb.is_write() {
                return self.may(request, verb, target);
            }
            let is_denied = request.judge(&ProposedChange::of_verb(verb, target)).denial().is_some();
            !is_denied && self.cx.lacks(request, verb, target).is_none()
        };
        let has_earlier = |press: &StatusPress| *press != StatusPress::RollBack || revisions.len() > 1;
        StatusPress::OFFERED.into_iter().filter(may).filter(has_earlier).collect()
    }

    fn may(&self, request: &Request<'_>, verb: Intent, target: &ObjectRef) -> bool {
        request.may(verb, Some(target)).is_ok() && self.cx.lacks(request, verb, target).is_none()
    }
}
