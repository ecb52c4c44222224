//! Recovery after a restart: unfinished changes of the previous process are settled before new requests are accepted.

use std::sync::Arc;

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use jiff::SignedDuration;
use tokio::task::JoinSet;

use super::{
    cluster_fault::Of,
    context::{Context, moment, now},
    execution::Execution,
    fault::{At, Fault, ReplyTarget, record_fault_at},
    following::after,
    outbox_key::OutboxKey,
    posting::Reporter,
    settling::{Settled, Unsettled, settle},
};
use crate::{cards::Offer, words};
use readback_cluster::{Compared, Live, Rollout, Trace, Write};
use readback_core::{
    change::{Change, ChangeRequest, Status},
    domain::{ClusterName, Person},
    policy::Denial,
};

/// How long after it was recorded a change is still reported on if a restart or an error delayed its report.
pub(super) const STILL_OF_INTEREST: SignedDuration = SignedDuration::from_hours(24);

/// The thread and the person that wait for the outcome of a change.
pub(super) fn whereabouts(change: &Change) -> (ReplyTarget, Person) {
    let order = change.order();
    let place = ReplyTarget { room: order.room_id.clone(), thread: Some(order.thread_id.clone()) };
    let person = Person {
        id: order.requester.person_id.clone(),
        emails: vec![order.requester.email.clone()],
        name: order.requester.name.clone(),
        is_bot: false,
    };
    (place, person)
}

/// What has happened to the object since a change was applied. `Ok` if the change still stands, with the current
/// Deployment if there is one; otherwise `Err` with the final state of its rollout.
pub(super) fn since(change: &Change, compared: Compared) -> Result<Option<Live>, Box<Rollout>> {
    match (compared.live, compared.trace) {
        (live, Trace::Applied) => Ok(live),
        (Some(live), Trace::Untouched | Trace::Moved) => Err(Box::new(Rollout::Superseded(Box::new(live)))),
        // The created object exists, but has been modified since.
        (Some(live), Trace::Replaced) if change.order().means.creates() => {
            Err(Box::new(Rollout::Superseded(Box::new(live))))
        }
        (_, Trace::Replaced | Trace::Gone) | (None, _) => Err(Box::new(Rollout::Gone)),
    }
}

/// Groups changes by cluster. Clusters are processed concurrently, so that an unresponsive one does not delay the
/// others.
fn by_cluster(changes: Vec<Change>) -> Vec<Vec<Change>> {
    let mut clusters: BTreeMap<ClusterName, Vec<Change>> = BTreeMap::new();
    for change in changes {
        clusters.entry(change.target().cluster.clone()).or_default().push(change);
    }
    clusters.into_values().collect()
}

/// Settles what the previous process left unfinished, and closes what has expired.
#[derive(Clone, Debug)]
pub(super) struct Recovery {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
}

impl Recovery {
    /// Resumes following the rollouts of several changes of the previous process, and updates their card and those of what they
    /// have undone.
    pub(super) async fn resume_request(&self, request: &ChangeRequest) {
        let is_told = |change: &Change| change.is_reported() || self.cx.is_followed(change.id());
        let open = |change: &&Change| change.status() == Status::Applied && !is_told(change);
        let looks = request.items().filter(open).map(|change| async move {
            let compared = self.cx.clusters.compare(&readback_cluster::Write::of(change)).await;
            (change.clone(), compared)
        });
        let mut applied = Vec::new();
        for (change, compared) in join_all(looks).await {
            self.reporter.announce(&change).await;
            match compared {
                Ok(compared) => match since(&change, compared) {
                    Ok(live) => applied.push((change, live.map(Box::new))),
                    Err(rollout) => {
                        let text = self.reporter.rollout_state(&change, &rollout, Duration::ZERO).await;
                        self.reporter.close_failure_later(&change, text.clone()).await;
                        self.cx.note_told(change.id(), text);
                        applied.push((change, None));
                    }
                },
                // The change stays unreported, so the sweep retries.
                Err(error) => {
                    self.cx.clusters.complain(&change.target().cluster, &error, "following a change of the last run");
                    if let Ok(mut untold) = self.cx.untold.lock() {
                        untold.push(change.id());
                    }
                }
            }
        }
        let undoing: Vec<Change> = applied.iter().map(|(change, _)| change.clone()).collect();
        self.reporter.close_all_taken_back(&undoing).await;
        self.reporter.watch_together(request, applied).await;
    }

    /// Settles what the previous process left unfinished. Changes that cannot be settled now are logged and retried by
    /// the sweep.
    pub(super) async fn recover(&self) {
        self.cx.restore_topics().await;
        // Resume the applied changes first: changes settled below are followed from there, and would otherwise be
        // resumed a second time.
        self.resume().await;
        let found = match self.cx.store.unfinished().await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "what the last run left behind could not be read");
                return;
            }
        };
        for fault in &found.unreadable {
            tracing::error!(error = %fault, "a change on record cannot be read");
        }
        let mut unfinished = found.changes;
        // What was planned on another change of the same request is settled after it.
        unfinished.sort_by_key(|change| (change.order().created, change.order().position));
        let settled = unfinished.clone();
        let jobs = by_cluster(unfinished).into_iter().map(|changes| self.clone().settle_all(changes));
        jobs.collect::<JoinSet<_>>().join_all().await;
        self.resume_requests(settled).await;
        self.ask_anew().await;
        self.close_questions_of_the_last_run().await;
        self.reporter.remind_approvers().await;
    }

    /// Resumes the rollouts, and reports the outcomes, that the previous process could not report.
    async fn resume(&self) {
        let unreported = match self.cx.store.unreported(now() - STILL_OF_INTEREST).await {
            Ok(found) => found.changes,
            Err(error) => {
                tracing::error!(%error, "the rollouts of the last run could not be read");
                return;
            }
        };
        let unreported = unreported.into_iter().filter(Change::is_alone).collect();
        let jobs = by_cluster(unreported).into_iter().map(|changes| self.clone().resume_all(changes));
        jobs.collect::<JoinSet<_>>().join_all().await;
    }

    /// Resumes requests of several changes, each of them once.
    async fn resume_requests(&self, mut changes: Vec<Change>) {
        match self.cx.store.unreported(now() - STILL_OF_INTEREST).await {
            Ok(found) => changes.extend(found.changes),
            Err(error) => tracing::error!(%error, "changes that were ordered together could not be read"),
        }
        changes.retain(|change| change.card().is_some() && !change.is_alone());
        match self.cx.requests_of(&changes).await {
            Ok(requests) => {
                join_all(requests.iter().map(|request| self.resume_request(request))).await;
            }
            Err(error) => tracing::error!(%error, "changes that were ordered together could not be read"),
        }
    }

    async fn settle_all(self, changes: Vec<Change>) {
        for change in &changes {
            if let Err(fault) = self.settle(change).await {
                self.cx.log_fault(&fault, change.id(), "a change could not be settled");
                if let Ok(mut unsettled) = self.cx.unsettled.lock() {
                    unsettled.push(change.id());
                }
            }
        }
    }

    pub(super) async fn resume_all(self, changes: Vec<Change>) {
        for change in &changes {
            if let Err(fault) = self.resume_one(change).await {
                self.cx.log_fault(&fault, change.id(), "the end of a change is not told yet");
                if let Ok(mut untold) = self.cx.untold.lock() {
                    untold.push(change.id());
                }
            }
        }
    }

    async fn resume_one(&self, change: &Change) -> Result<(), Fault> {
        let (place, person) = whereabouts(change);
        tracing::info!(change = %change.id(), "telling the end of a change of the last run");
        let mut offer = after(change);
        let state = if change.status() == Status::Applied {
            let compared = self
                .cx
                .clusters
                .compare(&Write::of(change))
                .await
                .of(&change.target().cluster)
                .after(&place, "reading the Deployment")?;
            let rollout = match since(change, compared) {
                Ok(live) => {
                    return self.reporter.report_and_follow(change.clone(), live.as_ref(), &place, &person).await;
                }
                Err(rollout) => *rollout,
            };
            offer = Offer::Nothing;
            self.reporter.close_taken_back(change).await;
            let state = self.reporter.rollout_state(change, &rollout, Duration::ZERO).await;
            self.reporter.close_failure_later(change, state.clone()).await;
            state
        } else {
            words::ended(change)
        };
        if change.card().is_none() && change.progress().is_none() {
            let line = words::done_so_far(change, &state);
            let told = self.reporter.tell(OutboxKey::End(change), &place, &person, &line).await;
            told.after(&place, "telling the end")?;
        } else if change.status() == Status::Applied {
            self.reporter.report(change, &person, &state, offer).await.after(&place, "telling the end")?;
        } else {
            // What cannot be closed now is left to the sweep.
            self.reporter.close(&change.clone().into()).await;
            return Ok(());
        }
        self.cx.store.mark_reported(change).await.after(&place, "noting that it was told").map(drop)
    }

    /// Why an approved change may not be sent any more, if so: the policy may have changed since.
    async fn denied(&self, change: &Change) -> anyhow::Result<Option<Denial>> {
        if !matches!(change.status(), Status::Approved | Status::Claimed) {
            return Ok(None);
        }
        let (policy, order) = (self.cx.policy(), change.order());
        if let Some(denial) = self.cx.denied_now(&policy, order, None).await? {
            return Ok(Some(denial));
        }
        let decision = change.state().decision().into_iter();
        let approvers = decision.flat_map(|decision| decision.also.iter().chain([&decision.by]));
        let others = approvers.filter(|approver| !approver.is_same_person(&order.requester)).cloned().collect();
        self.cx.lapsed(&policy, order, others).await
    }

    pub(super) async fn settle(&self, change: &Change) -> Result<(), Fault> {
        if change.awaits_answer() {
            self.cx.note_unanswered(change.id());
            return Ok(());
        }
        let (place, person) = whereabouts(change);
        let observes = self.cx.observes(&change.order().room_id);
        let denied = self.denied(change).await.before(&place, "judging the change")?;
        let only = self.cx.locks.hold(change.target()).await;
        let settled = match settle(&*self.cx.store, &self.cx.clusters, change, denied.as_ref(), observes, moment).await
        {
            Ok(settled) => settled,
            Err(Unsettled::RecordFault(broken)) => return Err(record_fault_at(broken, &place)),
            Err(blocked @ Unsettled::Blocked) => return Err(blocked).before(&place, "settling the change"),
            Err(Unsettled::Unreadable(error)) => {
                return Err(error).of(&change.target().cluster).before(&place, "settling the change");
            }
        };
        drop(only);
        match settled {
            Settled::Nothing => {}
            Settled::AskAgain => {
                // The changes of a request may be in several clusters, which are settled at the same time.
                let _only = self.cx.asking.lock().await;
                let request = self.cx.store.request(change.request()).await.before(&place, "reading the changes")?;
                // An earlier change of the request has had its card posted.
                if let Some(request) = request.filter(|request| request.card().is_none()) {
                    self.reporter.post_card(&request, &place).await?;
                }
            }
            // The outcomes of several changes are reported together, once all of them are settled.
            Settled::Execution(execution) if !change.is_alone() => {
                self.cx.await_answer(&execution);
                if let Execution::Applied(change, _) = &execution {
                    self.reporter.announce(change).await;
                }
            }
            Settled::Execution(execution) => self.reporter.report_outcome(execution, &place, &person).await?,
        }
        Ok(())
    }

    /// Posts the cards of questions that the previous process recorded but never posted.
    async fn ask_anew(&self) {
        let open = match self.cx.store.open_questions(None).await {
            Ok(open) => open,
            Err(error) => {
                tracing::error!(%error, "the questions of the last run could not be read");
                return;
            }
        };
        for question in open.iter().filter(|question| question.card.is_none() && question.is_open(now())) {
            let place = ReplyTarget { room: question.room_id.clone(), thread: Some(question.thread_id.clone()) };
            if let Err(fault) = self.reporter.post_question_card(question, &place).await {
                tracing::error!(error = format!("{:#}", fault.cause), "a question could not be asked anew");
            }
        }
    }

    /// Shows the ends of questions that the previous process recorded, and was killed before it put that on record to be
    /// shown: otherwise their buttons stay.
    async fn close_questions_of_the_last_run(&self) {
        let ended = match self.cx.store.ended_questions(now() - STILL_OF_INTEREST).await {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "the questions of the last run could not be read");
                return;
            }
        };
        for question in ended {
            // What is on record is not put there a second time.
            self.reporter.show_question(&question).await;
        }
    }
}
