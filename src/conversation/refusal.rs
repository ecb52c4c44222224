//! What was refused, as values: the question why is answered from them.

use jiff::Timestamp;

use readback_cluster::{CallError, plan::PlanRefusal};
use readback_core::{domain::ObjectRef, policy::Reason};
use readback_nlu::short::talk::Talk;

/// Something that was not done although it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    /// When it was asked for, by Webex's clock.
    pub(super) at: Timestamp,
    /// What was refused, and why.
    pub(super) what: Refused,
}

/// Why it was refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refused {
    /// By the policy, or because it is impossible.
    Reasons(Vec<Reason>),
    /// It was read as ordering nothing.
    Ignored(Talk, Vec<Reason>),
    /// It cannot be made from the Deployment as it is.
    Impossible(ObjectRef, PlanRefusal),
    /// The cluster would refuse it.
    ByCluster(ObjectRef, CallError),
}
