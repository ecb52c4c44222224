//! Facts about a live Deployment for judging a command.

use super::{Denial, Limits};
use crate::domain::ObjectRef;

/// Facts about a live Deployment for judging a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The Deployment.
    pub object: ObjectRef,
    /// The current number of replicas.
    pub replicas: u32,
    /// The limits that apply to it.
    pub limits: Limits,
    /// Why the policy denies the command for this person, if it does.
    pub denied: Option<Denial>,
    /// The denial for quiet hours, if they apply now.
    pub quiet: Option<Denial>,
}

impl Facts {
    /// Facts with the default limits and no denial.
    pub fn plain(object: ObjectRef, replicas: u32) -> Self {
        Self { object, replicas, limits: Limits::default(), denied: None, quiet: None }
    }
}
