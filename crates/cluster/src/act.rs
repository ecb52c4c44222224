//! Changes a Deployment: previews the write by a server-side dry run, sends it at most once, and reads the object back
//! if the outcome is unknown. Nothing here sends a write twice.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{
    Cluster, Live, Write, WriteVerdict, judge_write_error,
    owner::written_by,
    patch::trace,
    request::{Due, Sending},
    wire::{Answer, NoAnswer},
};
use readback_core::{
    change::{CallError, Evidence, LiveFacts, Misread, NotAppliedReason, Trace, Trail, WrittenBy, evidence},
    domain::WriteKind,
};

/// How long after the API server's own deadline its response may still be in transit.
const TRAVEL: Duration = Duration::from_secs(2);
/// The interval between two reads of an object whose write may still be in progress.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The result of a server-side dry run, which changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Preview {
    /// The API server would accept the write.
    Accepted {
        /// The resulting Deployment; `None` if the write returns no Deployment.
        after: Option<Box<Live>>,
        /// The API server's warnings, one line each.
        warnings: Vec<String>,
    },
    /// The object has changed since the plan was made. The live Deployment; `None` if it is gone.
    Stale(Option<Box<Live>>),
    /// The API server would reject it, for this reason.
    Refused(CallError),
    /// No dry run was possible, for this reason.
    Unavailable(NotAppliedReason),
}

/// The outcome of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// Applied: the Deployment as returned by the API server, or as read back after the response was lost. `None` if
    /// the write leaves no Deployment, or is about its autoscaler.
    Done(Option<Box<Live>>),
    /// Not applied: the object has changed since the plan was made. The live Deployment; `None` if it is gone.
    Stale(Option<Box<Live>>),
    /// Not applied: the cluster rejected it, for this reason.
    Refused(CallError),
    /// Not applied, for another reason.
    NotApplied {
        /// The reason.
        why: NotAppliedReason,
        /// The live Deployment, if it could be read.
        live: Option<Box<Live>>,
    },
    /// Not applied: too much time had passed since the claim, so it was not sent.
    TooLate,
    /// Unknown: the response was lost, and reading the object back did not settle the outcome.
    Unknown {
        /// Why there is no response.
        error: CallError,
        /// What the read found.
        found: Trail,
    },
}

/// The live state, compared with a write.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The live Deployment; `None` if it does not exist.
    pub live: Option<Live>,
    /// The trace of the write on the object that it targets.
    pub trace: Trace,
    /// Who has written what the write was to write.
    pub by: WrittenBy,
}

impl Compared {
    /// What the comparison says about a write of this kind.
    pub fn facts(&self, means: &WriteKind) -> LiveFacts {
        let counted = means.patches_deployment() || means.deletes();
        let generation = self.live.as_ref().filter(|_| counted).map(Live::generation);
        LiveFacts { trace: self.trace, by: self.by.clone(), generation }
    }
}

impl Cluster {
    /// Sends the exact write as a server-side dry run: it passes through admission, but nothing is stored.
    pub async fn preview(&self, write: &Write) -> Preview {
        if !self.covers(&write.object) {
            return Preview::Refused(CallError::outside(&write.object));
        }
        let answer = match self.send(write, Sending::DryRun).await {
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
                // `verify_moved` never returns these.
                Applied::Done(_) | Applied::Refused(_) | Applied::TooLate | Applied::Unknown { .. } => {
                    Preview::Unavailable(NotAppliedReason::Unexplained)
                }
            },
        }
    }

    /// Compares a write with the live state: reads the Deployment and the object that the write targets. Reads only.
    pub async fn compare(&self, write: &Write) -> Result<Compared, CallError> {
        let raw = self.shown(write).await?;
        let trace = trace(write, raw.as_ref());
        let by = raw.as_ref().map_or(WrittenBy::Unknown, |raw| written_by(write, raw));
        let live = if write.shows_deployment() {
            raw.map(|raw| self.live(&raw)).transpose()?
        } else {
            self.read(&write.object).await?
        };
        Ok(Compared { live, trace, by })
    }

    pub(super) async fn write(&self, write: &Write, due: Due<'_>) -> Applied {
        if !self.covers(&write.object) {
            return Applied::Refused(CallError::outside(&write.object));
        }
        // Until then the API server may still be processing the write, so finding the old values proves nothing.
        let patience = self.server_timeout() + LOOK_AGAIN;
        let mut settled = Instant::now() + patience;
        let sent = self.send(write, Sending::ForReal(due)).await;
        if write.means.deletes() {
            // A deletion reads the object first, perhaps several times, so the time of the last request is not known.
            settled = Instant::now() + patience;
        }
        let answer = match sent {
            Ok(answer) => answer,
            Err(NoAnswer::NotSent(CallError::TooLate)) => return Applied::TooLate,
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

    /// The Deployment in the response to a write; `None` if the response contains none.
    ///
    /// # Errors
    /// The response cannot be parsed.
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

    /// How long a write can be in transit, or in progress in the API server, after the process that sent it died.
    pub fn longest_on_the_way(&self) -> Duration {
        self.server_timeout() + TRAVEL
    }

    /// The deadline that is requested of the API server itself, in whole seconds.
    pub(super) fn server_timeout(&self) -> Duration {
        Duration::from_secs(self.state.call_timeout.as_secs().max(1))
    }

    /// The API server reported that the patch did not apply or that the object does not exist, so the write was
    /// certainly not applied. Checks whether a tested value has really changed.
    async fn verify_moved(&self, write: &Write) -> Applied {
        let compared = match self.compare(write).await {
            Ok(compared) => compared,
            Err(error) => return Applied::NotApplied { why: NotAppliedReason::ChangedUnread { error }, live: None },
        };
        let facts = compared.facts(&write.means);
        let live = compared.live.map(Box::new);
        match (facts.trace, evidence(&write.means, write.generation(), &facts)) {
            (Trace::Untouched, Evidence::Untouched) => Applied::NotApplied { why: NotAppliedReason::Unexplained, live },
            (Trace::Untouched, _) => Applied::NotApplied { why: NotAppliedReason::ChangedElsewhere, live },
            (Trace::Gone, _) => Applied::Stale(None),
            (Trace::Applied | Trace::Moved | Trace::Replaced, _) => Applied::Stale(live),
        }
    }

    /// The response was lost after the write was sent. Reads the object until it settles the outcome, or until the API
    /// server can no longer be processing the write. Something on the way may hold it for longer: then the outcome stays
    /// open, and it is for the caller to look again.
    async fn read_back(&self, write: &Write, error: CallError, settled: Instant) -> Applied {
        let mut untouched = false;
        loop {
            let last_look = Instant::now() >= settled;
            match self.compare(write).await {
                Ok(compared) => match evidence(&write.means, write.generation(), &compared.facts(&write.means)) {
                    Evidence::Applied => return Applied::Done(compared.live.map(Box::new)),
                    Evidence::RuledOut => return ruled_out(compared),
                    Evidence::SetByOther { manager } => {
                        let live = compared.live.map(Box::new);
                        return Applied::NotApplied { why: NotAppliedReason::SetByOther { manager }, live };
                    }
                    // An API server that was suspended may answer this read before it takes the write from its queue,
                    // so a single read is not enough.
                    Evidence::Untouched if last_look && untouched => {
                        return Applied::Unknown { error, found: Trail::Untouched };
                    }
                    Evidence::Untouched => untouched = true,
                    Evidence::Unclear(found) => return Applied::Unknown { error, found },
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

/// The outcome of a write that was not applied and no longer can be.
fn ruled_out(compared: Compared) -> Applied {
    let live = compared.live.map(Box::new);
    match compared.trace {
        Trace::Untouched => Applied::NotApplied { why: NotAppliedReason::ChangedElsewhere, live },
        Trace::Applied | Trace::Moved | Trace::Replaced | Trace::Gone => Applied::Stale(live),
    }
}

#[cfg(test)]
mod tests;
