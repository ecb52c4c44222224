//! Changing a Deployment: previewed by a server-side dry run, sent at most once, and read back when the outcome is not
//! known. Nothing here sends a write twice.

use std::time::Duration;

use http::Request;
use json_patch::Patch;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    Cluster, Live, ReadError, WriteVerdict, judge_write_error,
    patch::{Trace, trace},
    wire::{Answer, NoAnswer, deployment_path},
};
use crate::{
    change::{Change, Claimed},
    domain::ObjectRef,
};

/// Who the API server records as the owner of the changed fields.
const FIELD_MANAGER: &str = "readback";
/// How long after the API server's own deadline its answer may still be on the way.
const TRAVEL: Duration = Duration::from_secs(2);
/// The pause between two looks at an object whose write may still be under way.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// One change of one Deployment, complete with its preconditions. Made by `scale`, `set_image` and `restart`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The Deployment.
    pub object: ObjectRef,
    /// Its identity; the patch tests it too.
    pub uid: String,
    /// Tests of the old values, then the new ones.
    pub patch: Patch,
}

/// What a server-side dry run of a write said. Nothing is changed by it.
#[derive(Clone, Debug, PartialEq)]
pub enum Preview {
    /// It would be accepted.
    Accepted {
        /// How the object would look.
        after: Box<Live>,
        /// The API server's warnings, one line each.
        warnings: Vec<String>,
    },
    /// What it was made from has changed: what is live now, or `None` when the object is gone.
    Stale(Option<Box<Live>>),
    /// It would be refused, and why, in a sentence.
    Refused(String),
    /// It could not be tried, and why.
    Unavailable(String),
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// The API server returned this, or it was found so after the answer was lost.
    Done(Box<Live>),
    /// Not applied: what it was made from has changed. What is live now, or `None` when the object is gone.
    Stale(Option<Box<Live>>),
    /// Not applied: the cluster refused it, and why, in a sentence.
    Refused(String),
    /// Not applied, for another reason; what is live now, where it could be read.
    NotApplied {
        /// One plain clause.
        why: String,
        /// The object with its old values.
        live: Option<Box<Live>>,
    },
    /// Nobody can say: the answer was lost, and reading back did not settle it.
    Unknown(String),
}

impl Write {
    /// What a change on record writes.
    pub fn of(change: &Change) -> Self {
        let order = change.order();
        Self { object: order.target.clone(), uid: order.uid.clone(), patch: order.patch.clone() }
    }
}

impl Cluster {
    /// Tries the exact patch as a server-side dry run, through admission, without storing anything.
    pub async fn preview(&self, write: &Write) -> Preview {
        if !self.covers(&write.object) {
            return Preview::Refused(outside(write));
        }
        let answer = match self.send(write, true).await {
            Ok(answer) => answer,
            Err(none) => return Preview::Unavailable(none.to_string()),
        };
        if answer.ok() {
            let live = serde_json::from_slice(&answer.body).ok().and_then(|raw: Value| self.live(&raw).ok());
            return match live {
                Some(after) => Preview::Accepted { after: Box::new(after), warnings: answer.warnings },
                None => Preview::Unavailable("the API server's preview makes no sense".into()),
            };
        }
        match judge_write_error(answer.status, &answer.body) {
            WriteVerdict::Refused(why) => Preview::Refused(why),
            WriteVerdict::NoPreview(why) | WriteVerdict::InDoubt(why) => Preview::Unavailable(why),
            WriteVerdict::Moved | WriteVerdict::Gone => match self.verify_moved(write).await {
                Applied::Stale(live) => Preview::Stale(live),
                Applied::NotApplied { why, .. } => Preview::Unavailable(why),
                // What `verify_moved` never answers.
                Applied::Done(_) | Applied::Refused(_) | Applied::Unknown(_) => {
                    Preview::Unavailable("the preview was refused".into())
                }
            },
        }
    }

    /// Sends a claimed change, once, and uses the claim up. Takes at most three times the call timeout and a few seconds.
    pub async fn apply(&self, claimed: Claimed) -> Applied {
        self.write(&Write::of(claimed.change())).await
    }

    /// Reads what a write has left on its object; `None` when there is no such object any more. Reads only.
    pub async fn compare(&self, write: &Write) -> Result<Option<(Live, Trace)>, ReadError> {
        let Some(raw) = self.read_raw(&write.object).await? else { return Ok(None) };
        Ok(Some((self.live(&raw)?, trace(write, &raw))))
    }

    async fn write(&self, write: &Write) -> Applied {
        if !self.covers(&write.object) {
            return Applied::Refused(outside(write));
        }
        // Until then the API server may still be working on it, so finding the old values proves nothing.
        let settled = Instant::now() + self.server_timeout() + LOOK_AGAIN;
        let answer = match self.send(write, false).await {
            Ok(answer) => answer,
            Err(NoAnswer::NotSent(why)) => return Applied::NotApplied { why, live: None },
            Err(none @ (NoAnswer::Lost(_) | NoAnswer::TimedOut(_))) => {
                return self.read_back(write, none.to_string(), settled).await;
            }
        };
        if answer.ok() {
            let live = serde_json::from_slice(&answer.body).ok().and_then(|raw: Value| self.live(&raw).ok());
            return match live {
                Some(live) => Applied::Done(Box::new(live)),
                None => self.read_back(write, "the API server's answer makes no sense".into(), settled).await,
            };
        }
        match judge_write_error(answer.status, &answer.body) {
            WriteVerdict::Moved | WriteVerdict::Gone => self.verify_moved(write).await,
            WriteVerdict::Refused(why) | WriteVerdict::NoPreview(why) => Applied::Refused(why),
            WriteVerdict::InDoubt(why) => self.read_back(write, why, settled).await,
        }
    }

    async fn send(&self, write: &Write, dry_run: bool) -> Result<Answer, NoAnswer> {
        let seconds = self.server_timeout().as_secs();
        let dry_run = if dry_run { "&dryRun=All" } else { "" };
        let path = deployment_path(&write.object);
        let unsendable = |_| NoAnswer::NotSent("the request could not be built".into());
        let body =
            serde_json::to_vec(&write.patch).map_err(|_| NoAnswer::NotSent("the patch cannot be written".into()))?;
        let request = Request::patch(format!("{path}?fieldManager={FIELD_MANAGER}&timeout={seconds}s{dry_run}"))
            .header("accept", "application/json")
            .header("content-type", "application/json-patch+json")
            .body(body)
            .map_err(unsendable)?;
        self.call(request, self.server_timeout() + TRAVEL).await
    }

    /// How long a write can be on its way, or under way in the API server, after the process that sent it has died.
    pub fn longest_on_the_way(&self) -> Duration {
        self.server_timeout() + TRAVEL
    }

    /// The deadline that the API server itself is asked to keep, in whole seconds.
    fn server_timeout(&self) -> Duration {
        Duration::from_secs(self.0.call_timeout.as_secs().max(1))
    }

    /// The API server says that the patch did not fit or that there is no such object: it was certainly not applied.
    /// Looks whether a tested value has really changed.
    async fn verify_moved(&self, write: &Write) -> Applied {
        match self.read_raw(&write.object).await {
            Ok(None) => Applied::Stale(None),
            Ok(Some(raw)) => {
                let live = self.live(&raw).ok().map(Box::new);
                match trace(write, &raw) {
                    Trace::Untouched => Applied::NotApplied {
                        why: "the cluster refused the patch although nothing it tests has changed".into(),
                        live,
                    },
                    Trace::Applied | Trace::Moved | Trace::Replaced if live.is_some() => Applied::Stale(live),
                    Trace::Applied | Trace::Moved | Trace::Replaced => {
                        Applied::NotApplied { why: "it has changed meanwhile".into(), live }
                    }
                }
            }
            Err(error) => Applied::NotApplied {
                why: format!("it has changed meanwhile, and it could not be read again ({error})"),
                live: None,
            },
        }
    }

    /// The answer was lost after the write had left. Looks until the object tells, or until the API server can no longer
    /// be working on it.
    async fn read_back(&self, write: &Write, why: String, settled: Instant) -> Applied {
        let mut untouched = false;
        loop {
            let last_look = Instant::now() >= settled;
            match self.read_raw(&write.object).await {
                Ok(None) => return Applied::Unknown(format!("{why}; the Deployment is gone now")),
                Ok(Some(raw)) => match (trace(write, &raw), self.live(&raw)) {
                    (Trace::Applied, Ok(live)) => return Applied::Done(Box::new(live)),
                    // An API server that was frozen may answer this look before it reads the write from its queue, so one
                    // look is not enough.
                    (Trace::Untouched, live) if last_look && untouched => {
                        return Applied::NotApplied { why, live: live.ok().map(Box::new) };
                    }
                    (Trace::Untouched, _) => untouched = true,
                    (Trace::Applied, Err(error)) => return Applied::Unknown(format!("{why}; then {error}")),
                    (Trace::Moved, _) => {
                        return Applied::Unknown(format!("{why}; now it is neither as it was nor as ordered"));
                    }
                    (Trace::Replaced, _) => {
                        return Applied::Unknown(format!("{why}; another Deployment has its name now"));
                    }
                },
                Err(error) if last_look => return Applied::Unknown(format!("{why}; reading it back failed: {error}")),
                Err(_) => {}
            }
            sleep(LOOK_AGAIN).await;
        }
    }
}

fn outside(write: &Write) -> String {
    format!("`{}` is outside the namespaces that readback may touch.", write.object)
}

#[cfg(test)]
mod tests;
