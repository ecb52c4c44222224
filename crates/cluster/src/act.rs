//! Changing a Deployment: previewed by a server-side dry run, sent at most once, and read back when the outcome is not
//! known. Nothing here sends a write twice.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{
    Cluster, Live, Write, WriteVerdict, judge_write_error,
    patch::{Trace, trace},
    wire::{Answer, NoAnswer},
};
use readback_core::change::{CallError, Claimed, Misread, NotAppliedReason, Trail, WriteKind};

/// How long after the API server's own deadline its answer may still be on the way.
const TRAVEL: Duration = Duration::from_secs(2);
/// The pause between two looks at an object whose write may still be under way.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What a server-side dry run of a write said. Nothing is changed by it.
#[derive(Clone, Debug, PartialEq)]
pub enum Preview {
    /// It would be accepted.
    Accepted {
        /// How the Deployment would look, where the write leaves one.
        after: Option<Box<Live>>,
        /// The API server's warnings, one line each.
        warnings: Vec<String>,
    },
    /// What it was made from has changed: what is live now, or `None` when the object is gone.
    Stale(Option<Box<Live>>),
    /// It would be refused, and why.
    Refused(CallError),
    /// It could not be tried, and why.
    Unavailable(NotAppliedReason),
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// The API server returned this Deployment, or it was found so after the answer was lost; none where the write leaves
    /// none, or is about its autoscaler.
    Done(Option<Box<Live>>),
    /// Not applied: what it was made from has changed. The Deployment as it is now, or `None` when it is gone.
    Stale(Option<Box<Live>>),
    /// Not applied: the cluster refused it, and why.
    Refused(CallError),
    /// Not applied, for another reason; what is live now, where it could be read.
    NotApplied {
        /// Why.
        why: NotAppliedReason,
        /// The object with its old values.
        live: Option<Box<Live>>,
    },
    /// Nobody can say: the answer was lost, and reading back did not settle it.
    Unknown {
        /// Why there is no answer.
        error: CallError,
        /// What was found in its place.
        found: Trail,
    },
}

/// What is live now, beside a write.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The Deployment; `None` when there is none of that name.
    pub live: Option<Live>,
    /// What became of the write.
    pub trace: Trace,
}

impl Cluster {
    /// Tries the exact patch as a server-side dry run, through admission, without storing anything.
    pub async fn preview(&self, write: &Write) -> Preview {
        if !self.covers(&write.object) {
            return Preview::Refused(CallError::outside(&write.object));
        }
        let answer = match self.send(write, true).await {
            Ok(answer) => answer,
            Err(none) => return Preview::Unavailable(NotAppliedReason::NotSent { error: none.into() }),
        };
        if answer.ok() {
            return match self.left_by(write, &answer) {
                Ok(after) => Preview::Accepted { after, warnings: answer.warnings },
                Err(error) => Preview::Unavailable(NotAppliedReason::NotSent { error }),
            };
        }
        match judge_write_error(answer.status, &answer.body) {
            WriteVerdict::Refused(why) => Preview::Refused(CallError::Answered(why)),
            WriteVerdict::NoPreview(why) | WriteVerdict::InDoubt(why) => {
                Preview::Unavailable(NotAppliedReason::NotSent { error: CallError::Answered(why) })
            }
            WriteVerdict::Moved | WriteVerdict::Gone => match self.verify_moved(write).await {
                Applied::Stale(live) => Preview::Stale(live),
                Applied::NotApplied { why, .. } => Preview::Unavailable(why),
                // What `verify_moved` never answers.
                Applied::Done(_) | Applied::Refused(_) | Applied::Unknown { .. } => {
                    Preview::Unavailable(NotAppliedReason::Unexplained)
                }
            },
        }
    }

    /// Sends a claimed change, once, and uses the claim up. Takes a few times the call timeout at most.
    pub async fn apply(&self, claimed: Claimed) -> Applied {
        self.write(&Write::of(claimed.change())).await
    }

    /// Reads what a write has left: the Deployment, and what became of the object that it is about. Reads only.
    pub async fn compare(&self, write: &Write) -> Result<Compared, CallError> {
        let raw = self.shown(write).await?;
        let trace = trace(write, raw.as_ref());
        let live = if write.shows_deployment() {
            raw.map(|raw| self.live(&raw)).transpose()?
        } else {
            self.read(&write.object).await?
        };
        Ok(Compared { live, trace })
    }

    async fn write(&self, write: &Write) -> Applied {
        if !self.covers(&write.object) {
            return Applied::Refused(CallError::outside(&write.object));
        }
        // Until then the API server may still be working on it, so finding the old values proves nothing.
        let patience = self.server_timeout() + LOOK_AGAIN;
        let mut settled = Instant::now() + patience;
        let sent = self.send(write, false).await;
        if write.means.deletes() {
            // It was looked at first, perhaps several times, so when the last request left is not known.
            settled = Instant::now() + patience;
        }
        let answer = match sent {
            Ok(answer) => answer,
            Err(NoAnswer::NotSent(error)) => {
                return Applied::NotApplied { why: NotAppliedReason::NotSent { error }, live: None };
            }
            Err(NoAnswer::Lost(error)) => return self.read_back(write, error, settled).await,
        };
        if answer.ok() {
            return match self.left_by(write, &answer) {
                Ok(_) if write.means == WriteKind::Scale => {
                    let live = self.read(&write.object).await.ok().flatten();
                    Applied::Done(live.filter(|live| live.uid() == write.uid).map(Box::new))
                }
                Ok(live) => Applied::Done(live),
                Err(error) => self.read_back(write, error, settled).await,
            };
        }
        match judge_write_error(answer.status, &answer.body) {
            WriteVerdict::Moved | WriteVerdict::Gone => self.verify_moved(write).await,
            WriteVerdict::Refused(why) | WriteVerdict::NoPreview(why) => Applied::Refused(CallError::Answered(why)),
            WriteVerdict::InDoubt(why) => self.read_back(write, CallError::Answered(why), settled).await,
        }
    }

    /// The Deployment in the answer to a write; none where the write leaves none. The error is an answer that makes no
    /// sense.
    fn left_by(&self, write: &Write, answer: &Answer) -> Result<Option<Box<Live>>, CallError> {
        match write.means {
            WriteKind::Deployment | WriteKind::Recreate(_) => {
                let raw = serde_json::from_slice(&answer.body).map_err(|_| CallError::misread(Misread::NotJson))?;
                self.live(&raw).map(|live| Some(Box::new(live)))
            }
            WriteKind::Scale
            | WriteKind::Delete
            | WriteKind::Autoscaler { .. }
            | WriteKind::NewAutoscaler(_)
            | WriteKind::DropAutoscaler { .. } => Ok(None),
        }
    }

    /// How long a write can be on its way, or under way in the API server, after the process that sent it has died.
    pub fn longest_on_the_way(&self) -> Duration {
        self.server_timeout() + TRAVEL
    }

    /// The deadline that the API server itself is asked to keep, in whole seconds.
    pub(super) fn server_timeout(&self) -> Duration {
        Duration::from_secs(self.0.call_timeout.as_secs().max(1))
    }

    /// The API server says that the write did not fit or that there is no such object: it was certainly not applied.
    /// Looks whether a tested value has really changed.
    async fn verify_moved(&self, write: &Write) -> Applied {
        let Compared { live, trace } = match self.compare(write).await {
            Ok(compared) => compared,
            Err(error) => return Applied::NotApplied { why: NotAppliedReason::ChangedUnread { error }, live: None },
        };
        let live = live.map(Box::new);
        match trace {
            Trace::Untouched => Applied::NotApplied { why: NotAppliedReason::Unexplained, live },
            Trace::Gone => Applied::Stale(None),
            Trace::Applied | Trace::Moved | Trace::Replaced => Applied::Stale(live),
        }
    }

    /// The answer was lost after the write had left. Looks until the object tells, or until the API server can no longer
    /// be working on it.
    async fn read_back(&self, write: &Write, error: CallError, settled: Instant) -> Applied {
        let mut untouched = false;
        loop {
            let last_look = Instant::now() >= settled;
            match self.compare(write).await {
                Ok(Compared { live, trace }) => match trace {
                    Trace::Applied => return Applied::Done(live.map(Box::new)),
                    // An API server that was frozen may answer this look before it reads the write from its queue, so one
                    // look is not enough.
                    Trace::Untouched if last_look && untouched => {
                        let why = NotAppliedReason::Untouched { error };
                        return Applied::NotApplied { why, live: live.map(Box::new) };
                    }
                    Trace::Untouched => untouched = true,
                    Trace::Gone => return Applied::Unknown { error, found: Trail::Gone },
                    Trace::Moved => return Applied::Unknown { error, found: Trail::Neither },
                    Trace::Replaced => return Applied::Unknown { error, found: Trail::Replaced },
                },
                Err(unread) if last_look => {
                    return Applied::Unknown { error, found: Trail::Unread { error: unread } };
                }
                Err(_) => {}
            }
            sleep(LOOK_AGAIN).await;
        }
    }
}

#[cfg(test)]
mod tests;
