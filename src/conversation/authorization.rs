//! Who may decide a change right now, according to the stored order and to the current policy, for everybody involved:
//! requester, earlier approvers and the person deciding.

use std::sync::Arc;

use super::{
    context::Context,
    executor::Executor,
    fault::{At, Fault},
    posting::Reporter,
    request::Request,
    standing::may_approve,
};
use readback_core::{
    change::{Authorization, Change, ChangeRequest, State},
    policy::Denial,
};

/// Checks who may decide a change, and carries out what follows a decision.
#[derive(Clone, Debug)]
pub(super) struct Approvals {
    pub(super) cx: Arc<Context>,
    pub(super) reporter: Reporter,
    pub(super) executor: Executor,
}

impl Approvals {
    /// Whether this person may approve or decline this request now, according to the stored orders and to the current
    /// policy: every change of it.
    pub(super) async fn authorization(
        &self,
        request: &Request<'_>,
        asked: &ChangeRequest,
        approve: bool,
    ) -> Result<Authorization, Fault> {
        for change in asked.items() {
            let authorized = self.authorized(request, change, approve).await?;
            if authorized.is_err() {
                return Ok(authorized);
            }
        }
        Ok(Ok(()))
    }

    async fn authorized(&self, request: &Request<'_>, change: &Change, approve: bool) -> Result<Authorization, Fault> {
        let order = change.order();
        let requester = order.requester.person_id == request.person.id;
        if !approve && requester {
            return Ok(Ok(()));
        }
        let policy = request.policy;
        if !requester && let Err(denial) = may_approve(policy, order, request.person) {
            return Ok(Err(denial));
        }
        if !approve {
            return Ok(Ok(()));
        }
        if policy.limits(&order.target).approval.strictness() > order.approval.strictness() {
            return Ok(Err(Denial::StricterNow));
        }
        if let State::Waiting { approvals } = change.state() {
            let earlier = approvals.iter().map(|approval| approval.by.clone()).collect();
            let lapsed = self.cx.lapsed(policy, order, earlier).await;
            if let Some(denial) = lapsed.before(request.place, "asking who has approved it")? {
                return Ok(Err(denial));
            }
        }
        // The requester must still be allowed to make the change.
        let known = requester.then_some(request.person);
        let denied = self.cx.denied_now(policy, order, known).await;
        Ok(denied.before(request.place, "judging the change")?.map_or(Ok(()), Err))
    }
}
