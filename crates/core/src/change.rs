//! The record of every write and its lifecycle: what was requested, who may decide, what was decided, and the outcome.
//!
//! What one message asks for and one card shows is a [`ChangeRequest`]. Its items are [`Change`]s, one write to one object
//! each. The request is decided as a whole; each change is claimed, sent and ended by itself.
//!
//! ```text
//! waiting ─▶ approved ─▶ claimed ─▶ applied | failed | stale | unknown
//!    │           └─▶ declined | failed | stale | observed
//!    └─▶ declined | expired | superseded
//! ```
//!
//! A request is recorded before it has any effect. Pure functions ([`Update::apply`], which asks [`step()`]) make every state
//! transition, one [`Store`](crate::store::Store) persists it, and only a [`Claimed`] change can be sent to a cluster.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{domain::ObjectRef, policy::Approval};

mod answer;
mod approval;
mod call_error;
mod claimed;
mod evidence;
mod field_change;
mod filter;
mod id;
mod invalid_order;
mod moment;
mod note;
mod order;
mod outcome;
mod recover;
mod request;
mod rollout_failure;
mod spec;
mod state;
mod step;
mod update;

pub use answer::{Answer, Authorization, Denial};
pub use call_error::{ApiError, CallError, Misread, NotAsked};
pub use claimed::Claimed;
pub use evidence::{Evidence, HELD, LiveFacts, Look, Trace, WrittenBy, evidence, look_again};
pub use field_change::{AutoscalerBounds, FieldChange, Running, TemplateOf};
pub use filter::Filter;
pub use id::{ChangeId, RequestId};
pub use invalid_order::InvalidOrder;
pub use moment::Moment;
pub use note::{Note, Surrounding, ThenRollout};
pub use order::{Actor, Inverse, Order};
pub use outcome::{EndReason, LiveValue, NotAppliedReason, Outcome, Trail};
pub use recover::{Recovery, after_restart};
pub use request::{ChangeRequest, Ungrouped};
pub use rollout_failure::{Cause, CauseKind, RolloutFailure};
pub use spec::{ChangeSpec, Field};
pub use state::{Claim, Decision, End, Ending, RunId, State, Status};
pub use step::{Decide, Event, FRESH, step};
pub use update::Update;

/// The record of one write to one object: an item of a [`ChangeRequest`].
///
/// The order is immutable once recorded. The state changes only through a [`Store`](crate::store::Store).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    id: ChangeId,
    /// The request that it is an item of; `None` if it is the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<RequestId>,
    order: Order,
    /// The id of the message with the card, once posted.
    card: Option<String>,
    /// The id of the progress message, if that is not the card.
    progress: Option<String>,
    /// The failure of its rollout, once a message of its own has told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<RolloutFailure>,
    /// Whether the outcome, including the rollout's, was reported to the room.
    #[serde(default, rename = "told")]
    reported: bool,
    state: State,
}

impl Change {
    /// A change that waits for Confirm or Cancel.
    ///
    /// # Errors
    /// The order's patch does not pin the object's uid, or changes nothing.
    pub fn asking(order: Order) -> Result<Self, InvalidOrder> {
        Self::new(order, State::Waiting { approvals: Vec::new() })
    }

    /// A change that needs no confirmation: its requester approves it by requesting it, at the time it is recorded.
    ///
    /// # Errors
    /// [`InvalidOrder::NeedsConfirming`] if the order has a reason to be confirmed or needs somebody else's approval.
    /// Otherwise as for [`Self::asking`].
    pub fn ordered(order: Order) -> Result<Self, InvalidOrder> {
        if !order.reasons.is_empty() || order.approval != Approval::Own {
            return Err(InvalidOrder::NeedsConfirming);
        }
        let approved = State::Approved(Decision::of(order.requester.clone(), order.created));
        Self::new(order, approved)
    }

    fn new(order: Order, state: State) -> Result<Self, InvalidOrder> {
        let order = order.fit()?;
        let id = ChangeId::derive(&order.message_id, order.position);
        Ok(Self { id, request: None, order, card: None, progress: None, failure: None, reported: false, state })
    }

    /// The opaque id that the card contains.
    pub const fn id(&self) -> ChangeId {
        self.id
    }

    /// The request that it is an item of.
    pub fn request(&self) -> RequestId {
        self.request.unwrap_or_else(|| self.id.into())
    }

    /// Whether it is the only item of its request.
    pub const fn is_alone(&self) -> bool {
        self.request.is_none()
    }

    /// The requested write.
    pub const fn order(&self) -> &Order {
        &self.order
    }

    /// Whether the outcome was reported to the room.
    pub const fn is_reported(&self) -> bool {
        self.reported
    }

    /// The object to change.
    pub const fn target(&self) -> &ObjectRef {
        &self.order.target
    }

    /// The state, including every decision made so far.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The state without its data.
    pub const fn status(&self) -> Status {
        self.state.status()
    }

    /// The id of the message with the card, once posted.
    pub fn card(&self) -> Option<&str> {
        self.card.as_deref()
    }

    /// The id of the message to edit as the rollout progresses: the progress message, or else the card.
    pub fn progress(&self) -> Option<&str> {
        self.progress.as_deref().or_else(|| self.card())
    }

    /// Whether a button press in this room, on this message, belongs to this change's current card or to the progress
    /// message that replaced it. A copy of the card elsewhere, or a replaced card, does not count.
    pub fn is_on_card(&self, room_id: &str, message_id: &str) -> bool {
        self.order.room_id == room_id && self.progress() == Some(message_id)
    }

    /// The failure of its rollout that a message of its own has told.
    pub const fn failure(&self) -> Option<&RolloutFailure> {
        self.failure.as_ref()
    }

    /// Whether a button press in this room, on this message, belongs to the message that told the failure of its rollout.
    pub fn is_on_failure(&self, room_id: &str, message_id: &str) -> bool {
        self.order.room_id == room_id && self.failure.as_ref().is_some_and(|failure| failure.message == message_id)
    }

    /// Whether the approval has expired at `now`.
    pub fn is_past(&self, now: Timestamp) -> bool {
        now >= self.order.expires
    }

    /// Whether it has ended and the outcome has not been reported. A change that was declined, expired or superseded
    /// before its card was posted has nothing to report.
    pub fn is_unreported(&self) -> bool {
        let ended = match self.status() {
            Status::Applied | Status::Failed | Status::Stale | Status::Observed => true,
            Status::Declined | Status::Expired | Status::Superseded => self.card.is_some(),
            // While its answer may still come, it has not ended.
            Status::Unknown => !self.awaits_answer(),
            Status::Waiting | Status::Approved | Status::Claimed => false,
        };
        ended && !self.reported
    }

    /// The same change in another state.
    #[cfg(test)]
    fn moved(mut self, state: State) -> Self {
        self.state = state;
        self
    }

    /// Whether a record read from storage can have been written by this program: the id must derive from the order.
    pub fn is_consistent(&self) -> bool {
        self.id == ChangeId::derive(&self.order.message_id, self.order.position)
    }
}

#[cfg(any(test, feature = "testing"))]
pub mod samples;

#[cfg(test)]
mod tests {
    use super::samples::{at, order, person};
    use super::*;

    #[test]
    fn a_change_without_a_card_is_approved_by_its_requester_when_it_was_ordered() {
        let change = Change::ordered(Order { reasons: Vec::new(), ..order() }).expect("fit");
        assert_eq!(change.state(), &State::Approved(Decision::of(person("ann"), at(0))));
    }

    #[test]
    fn what_needs_confirming_cannot_skip_the_card() {
        assert_eq!(Change::ordered(order()), Err(InvalidOrder::NeedsConfirming));
        let four_eyes = Order { reasons: Vec::new(), approval: Approval::Other, ..order() };
        assert_eq!(Change::ordered(four_eyes), Err(InvalidOrder::NeedsConfirming));
    }

    #[test]
    fn a_press_counts_only_on_the_card_that_was_posted() {
        let mut change = Change::asking(order()).expect("fit");
        assert!(!change.is_on_card("room", "card"), "before it is posted");
        change.card = Some("card".into());
        assert!(change.is_on_card("room", "card"));
        assert!(!change.is_on_card("elsewhere", "card"));
        assert!(!change.is_on_card("room", "copy"));
    }

    fn failed() -> Change {
        let cause = Cause {
            kind: CauseKind::Image,
            reason: "ErrImagePull".into(),
            pod: None,
            container: Some("nginx".into()),
            image: Some("nginx:1.21".into()),
            detail: "not found".into(),
        };
        let failure = RolloutFailure { message: "failure".into(), cause: Some(cause) };
        let change = Change::asking(order()).expect("fit");
        Update::FailurePosted(change.id(), failure).apply(change.into(), at(1)).0.first().clone()
    }

    #[test]
    fn a_press_on_the_message_about_a_failure_is_told_from_one_on_the_card() {
        let change = failed();
        assert!(change.is_on_failure("room", "failure"));
        assert!(!change.is_on_card("room", "failure"), "nothing can be confirmed there");
        assert!(!change.is_on_failure("elsewhere", "failure"));
        assert!(!change.is_on_failure("room", "copy"));
        assert!(!Change::asking(order()).expect("fit").is_on_failure("room", "failure"), "nothing has failed");
    }

    #[test]
    fn a_record_without_a_failure_is_read_and_one_with_it_comes_back() {
        let without = serde_json::to_value(Change::asking(order()).expect("fit")).expect("JSON");
        assert_eq!(without.get("failure"), None, "as it was written before");
        assert_eq!(serde_json::from_value::<Change>(without).expect("a change").failure(), None);
        let with = failed();
        let written = serde_json::to_string(&with).expect("JSON");
        assert_eq!(serde_json::from_str::<Change>(&written).expect("a change"), with);
    }

    #[test]
    fn debug_output_holds_neither_words_nor_values() {
        let shown = format!("{:?}", failed());
        for private in ["bump nginx", "ann@example.com", "nginx:1.21"] {
            assert!(!shown.contains(private), "{private} in {shown}");
        }
    }
}
