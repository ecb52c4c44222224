//! Where the rollouts of a request are shown: on its table, or, of a single change, on its card or in its message.

use super::{
    followed_rollout::FollowedRollout, following::after, keys::is_over, posting::Reporter, retelling::until_told,
};
use crate::{cards::Offer, supervisor::Shutdown, words};
use readback_cluster::Rollout;
use readback_core::{
    change::{Change, ChangeRequest, RequestId},
    domain::Person,
    store,
};

/// Where the rollouts of a request are shown.
#[derive(Debug)]
pub(super) enum Display {
    /// The card of a single change or, without one, its message, which mentions this person.
    Single(Person),
    /// The table of a request of several changes.
    Table(RequestId),
}

impl Display {
    /// The table shows each rollout from the start; a single change was shown before.
    pub(super) fn begin(&self, reporter: &Reporter, rollouts: &mut [FollowedRollout]) {
        match self {
            Self::Single(_) => {}
            Self::Table(_) => {
                for rollout in rollouts.iter_mut().filter(|rollout| rollout.is_under_way()) {
                    words::UNDER_WAY.clone_into(&mut rollout.state);
                }
                self.keep(reporter, rollouts);
            }
        }
    }

    /// Shows the state of the rollouts. What Webex does not take is shown again.
    pub(super) async fn show(&self, reporter: &Reporter, rollouts: &mut [FollowedRollout]) {
        self.keep(reporter, rollouts);
        if let Err(error) = self.update(reporter, rollouts).await {
            tracing::warn!(error = format!("{error:#}"), "the progress of a rollout could not be told");
            return;
        }
        for rollout in rollouts {
            rollout.shown.clone_from(&rollout.state);
        }
    }

    /// Keeps the state of the rollouts for every edit of the table from now on.
    pub(super) fn keep(&self, reporter: &Reporter, rollouts: &[FollowedRollout]) {
        match self {
            Self::Single(_) => {}
            Self::Table(_) => {
                for rollout in rollouts.iter().filter(|rollout| !rollout.state.is_empty()) {
                    reporter.cx.note_told(rollout.change.id(), rollout.state.clone());
                }
            }
        }
    }

    async fn update(&self, reporter: &Reporter, rollouts: &mut [FollowedRollout]) -> anyhow::Result<()> {
        match self {
            Self::Single(person) => {
                for rollout in rollouts {
                    let told = reporter.report(&rollout.change, person, &rollout.state, Offer::Nothing).await;
                    // If the card had to be posted again, the stored change has the id of the new message.
                    rollout.change = told?;
                }
                Ok(())
            }
            Self::Table(request) => update_table(reporter, *request).await,
        }
    }

    /// Shows the ends of the rollouts, with what is offered then, until Webex takes them. Returns whether it has: at a
    /// shutdown that is left to the next start.
    pub(super) async fn show_ends(&self, reporter: &Reporter, rollouts: &[FollowedRollout], stop: &Shutdown) -> bool {
        self.keep(reporter, rollouts);
        match self {
            Self::Single(person) => {
                for rollout in rollouts {
                    let (change, offer) = (&rollout.change, offer(reporter, &rollout.change, &rollout.seen));
                    let tell = || async { reporter.report(change, person, &rollout.state, offer).await.map(drop) };
                    if !until_told(stop, tell).await {
                        return false;
                    }
                }
                true
            }
            Self::Table(request) => until_told(stop, || update_table(reporter, *request)).await,
        }
    }

    /// What else the table has told with these ends: the changes that had ended before.
    pub(super) async fn ended_before(&self, reporter: &Reporter) -> Result<Vec<Change>, store::Fault> {
        match self {
            Self::Single(_) => Ok(Vec::new()),
            Self::Table(request) => {
                let request = reporter.cx.store.request(*request).await?;
                let items = request.iter().flat_map(ChangeRequest::items);
                Ok(items.filter(|change| is_over(change)).cloned().collect())
            }
        }
    }
}

/// Updates the table from the record.
async fn update_table(reporter: &Reporter, request: RequestId) -> anyhow::Result<()> {
    match reporter.cx.store.request(request).await? {
        Some(request) => reporter.update_card(&request).await,
        None => Ok(()),
    }
}

/// What to offer after this end of a rollout. No undo if somebody else has changed the object since, or if the message about
/// the failure offers it.
fn offer(reporter: &Reporter, change: &Change, end: &Rollout) -> Offer {
    match end {
        Rollout::Superseded(_) | Rollout::Gone => Offer::Nothing,
        Rollout::Done { .. } => after(change),
        Rollout::Pending
        | Rollout::Progressing(_)
        | Rollout::Stuck { .. }
        | Rollout::Failed { .. }
        | Rollout::Paused
        | Rollout::Lost(_)
            if change.failure().is_some() =>
        {
            Offer::Nothing
        }
        Rollout::Failed { .. } => {
            let failing = end.failing();
            failing.map_or(Offer::Nothing, |failing| reporter.offer_of_failure(change, &failing))
        }
        Rollout::Pending | Rollout::Progressing(_) | Rollout::Stuck { .. } | Rollout::Paused | Rollout::Lost(_) => {
            after(change)
        }
    }
}
