//! Whether a recorded change may still be made: checks requester and approvers against the current policy.

use super::{
    cluster_fault::Of,
    context::{Context, now},
};
use readback_cluster::{
    Live, Surroundings,
    forecast::{Intended, forecast},
};
use readback_core::{
    change::{Actor, FieldChange, Order},
    domain::{Intent, Person},
    policy::{AccessRequest, ActorInRoom, Approval, Denial, GitOps, Policy, ProposedChange},
};
use readback_webex::WebexError;

impl Context {
    /// Why this change may not be made any more, if so: the requester must still be allowed to make it, and the change
    /// must still respect the limits. Pass `requester` if the person has been looked up already.
    pub(super) async fn denied_now(
        &self,
        policy: &Policy,
        order: &Order,
        requester: Option<&Person>,
    ) -> anyhow::Result<Option<Denial>> {
        let Some(person) = self.person_or(&order.requester, requester).await? else {
            return Ok(Some(Denial::RequesterGone));
        };
        let tool = self.kept_in_git_by(policy, order).await?;
        let proposed = ProposedChange { kept_in_git_by: tool.as_deref(), ..order.proposed() };
        let actor = ActorInRoom { person: &person, room: &order.room_id, private: order.private };
        let same_name = policy.acts_as(&person).is_ok_and(|name| name == order.acts_as);
        let denial = policy.denies(&proposed, &actor, now());
        Ok(denial.or_else(|| (!same_name).then_some(Denial::OtherIdentity)))
    }

    /// The denial for the first approver whose approval no longer counts, if there is one.
    pub(super) async fn lapsed(
        &self,
        policy: &Policy,
        order: &Order,
        approvers: Vec<Actor>,
    ) -> anyhow::Result<Option<Denial>> {
        for approver in approvers {
            let counts = match self.person_or(&approver, None).await? {
                Some(person) => may_approve(policy, order, &person).is_ok(),
                None => false,
            };
            if !counts {
                return Ok(Some(Denial::ApprovalLapsed { name: approver.name }));
            }
        }
        Ok(None)
    }

    /// The person's current Webex account; `None` if it no longer exists.
    async fn person_or(&self, actor: &Actor, known: Option<&Person>) -> Result<Option<Person>, WebexError> {
        if let Some(known) = known {
            return Ok(Some(known.clone()));
        }
        match self.webex.person(&actor.person_id).await {
            Ok(person) => Ok(Some(person)),
            Err(WebexError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The `GitOps` tool that manages what an order writes. Looked up only if the policy refuses such changes.
    async fn kept_in_git_by(&self, policy: &Policy, order: &Order) -> anyhow::Result<Option<String>> {
        if policy.limits(&order.target).gitops != GitOps::Refuse {
            return Ok(None);
        }
        let Some(live) = self.clusters.read(&order.target).await.of(&order.target.cluster)? else { return Ok(None) };
        Ok(written_by(order, &live).and_then(|intended| forecast(&live, &intended, &Surroundings::default()).gitops))
    }
}

/// Whether this person's approval of an order counts, by both the recorded approval rule and the current one.
///
/// # Errors
/// The denial, which names whose approval counts.
pub(super) fn may_approve(policy: &Policy, order: &Order, person: &Person) -> Result<(), Denial> {
    let today = policy.limits(&order.target).approval;
    let asked = AccessRequest {
        person,
        room: &order.room_id,
        private: order.private,
        verb: order.verb(),
        object: Some(&order.target),
    };
    policy.may_approve(&order.approval, &asked, &order.requester.person_id)?;
    if today == order.approval || today == Approval::Own {
        return Ok(());
    }
    policy.may_approve(&today, &asked, &order.requester.person_id)
}

/// The fields an order writes, used to find out which tool manages them.
fn written_by(order: &Order, live: &Live) -> Option<Intended> {
    let draft = order.draft.as_ref()?;
    match draft.intent {
        Intent::Scale => Some(Intended::Scale { to: 0 }),
        Intent::Autoscale => Some(Intended::Autoscale { min: 0, max: 0 }),
        Intent::SetImage | Intent::Rollback => {
            let images = order.effects.iter().filter(|effect| effect.is_image());
            // A record written by an earlier version does not name the container if it is the only one, so all
            // containers count.
            let containers = if images.clone().all(|image| image.container().is_some()) {
                images.filter_map(FieldChange::container).map(str::to_owned).collect()
            } else {
                live.containers().iter().map(|one| one.name.clone()).collect()
            };
            Some(Intended::RollBack { containers })
        }
        Intent::Delete => Some(Intended::Delete),
        Intent::Restart
        | Intent::Pause
        | Intent::Resume
        | Intent::Undo
        | Intent::Status
        | Intent::List
        | Intent::History
        | Intent::Logs
        | Intent::Confirm
        | Intent::Cancel
        | Intent::Help
        | Intent::None => None,
    }
}
