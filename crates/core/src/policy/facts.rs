//! What is known about a live Deployment when a command is judged.

use super::{Denial, Limits};
use crate::domain::ObjectRef;

/// What is known about a live Deployment when a command is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Which one.
    pub object: ObjectRef,
    /// Its replicas now.
    pub replicas: u32,
    /// What holds for it.
    pub limits: Limits,
    /// Why this person may not do this to it, if they may not.
    pub denied: Option<Denial>,
    /// Why nothing is changed there now, if it is a quiet hour.
    pub quiet: Option<Denial>,
}

impl Facts {
    /// What is known where no policy limits anything beyond the defaults.
    pub fn plain(object: ObjectRef, replicas: u32) -> Self {
        Self { object, replicas, limits: Limits::default(), denied: None, quiet: None }
    }
}
