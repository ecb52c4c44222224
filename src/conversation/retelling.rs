//! Tells a person what Webex does not take now, until it does. After a restart the record tells it.

use std::time::Duration;

use super::{
    context::{now, span_of},
    execution::Execution,
    fault::{At as _, Fault, ReplyTarget},
    outbox_key::OutboxKey,
    posting::Reporter,
    request::Request,
};
use crate::supervisor::Shutdown;
use readback_cluster::Live;
use readback_core::{
    change::{Change, Status},
    domain::Person,
};
use readback_webex::WebexError;
use tracing::Instrument as _;

/// The pause after the first failure. It doubles each time.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_mins(1);
/// How often something is told again whose answer cannot be read: each time it may be told once more.
const UNREADABLE: u32 = 2;
/// How often something is told again that was perhaps told, because no answer came.
const UNANSWERED: u32 = 20;
/// The longest pause that Webex may ask for.
const LONGEST_ASKED: Duration = Duration::from_mins(10);

/// The pause before something is told again; `None` if Webex refuses it for good.
pub(super) fn pause(tries: u32, error: &anyhow::Error) -> Option<Duration> {
    let doubling = FIRST.saturating_mul(2u32.saturating_pow(tries)).min(LONGEST);
    match error.downcast_ref() {
        Some(WebexError::RateLimited { after, .. }) => Some((*after).clamp(FIRST, LONGEST_ASKED)),
        // It was taken, and its id is not known. The next one may be readable.
        Some(WebexError::Malformed { .. }) => (tries < UNREADABLE).then_some(doubling),
        Some(WebexError::Refused { .. } | WebexError::NotFound { .. }) => None,
        // No error of Webex: it was told, and that could not be noted.
        Some(WebexError::Timeout | WebexError::Network(_)) | None => (tries < UNANSWERED).then_some(doubling),
        Some(WebexError::Unavailable { .. } | WebexError::Unauthorized { .. }) => Some(doubling),
    }
}

/// Whether the failure passes, so that what was to be told is told later.
pub(super) fn passes(fault: &Fault) -> bool {
    fault.cause.is::<WebexError>() && pause(0, &fault.cause).is_some()
}

/// Calls `tell` until it succeeds, Webex refuses it for good, or the service stops. Returns whether there is nothing left to
/// tell.
pub(super) async fn until_told<F>(stop: &Shutdown, mut tell: impl FnMut() -> F) -> bool
where
    F: Future<Output = anyhow::Result<()>>,
{
    let mut tries = 0;
    loop {
        let Err(error) = tell().await else { return true };
        let Some(after) = pause(tries, &error) else {
            tracing::warn!(error = format!("{error:#}"), "Webex refuses what was to be told");
            return true;
        };
        tracing::warn!(
            error = format!("{error:#}"),
            after_s = after.as_secs(),
            "the room could not be told; trying again"
        );
        tries += 1;
        tokio::select! {
            biased;
            () = stop.requested() => return false,
            () = tokio::time::sleep(after) => {}
        }
    }
}

impl Reporter {
    /// Answers the message or the press, with the last word of its turn. What was carried out because of it is then reported.
    pub(super) async fn answer(&self, request: &Request<'_>, text: &str) -> Result<(), Fault> {
        self.answer_as(OutboxKey::Turn(request.id), request, text).await
    }

    /// The same under another key: it is not the last word of the turn.
    pub(super) async fn answer_as(&self, key: OutboxKey<'_>, request: &Request<'_>, text: &str) -> Result<(), Fault> {
        let ordered = self.cx.store.ordered_by(request.id).await.after(request.place, "looking up what was done")?;
        // What has a card or is followed tells its end itself.
        let ended =
            |change: &Change| change.card().is_none() && change.is_unreported() && change.status() != Status::Applied;
        let ended: Vec<Change> = ordered.changes.into_iter().filter(ended).collect();
        let told = self.tell_ends(key, request.place, request.person, text, &ended).await;
        told.after(request.place, "answering")
    }

    /// Reports what came of a change to the person who waits for it, outside a turn.
    pub(super) async fn report_outcome(
        &self,
        execution: Execution,
        place: &ReplyTarget,
        person: &Person,
    ) -> Result<(), Fault> {
        let (change, has_ended) = match &execution {
            Execution::Ended(change) => (change.clone(), true),
            Execution::Applied(change, _) | Execution::Elsewhere(change) => (change.clone(), false),
            // Nothing is on record that could be told.
            Execution::Unknown => return Ok(()),
        };
        let Some(text) = self.report_execution(execution, place, person).await? else { return Ok(()) };
        let ends = if has_ended { std::slice::from_ref(&*change) } else { &[] };
        let told = self.tell_ends(OutboxKey::End(&change), place, person, &text, ends).await;
        told.after(place, "telling the end")
    }

    /// Reports a change that was applied and follows its rollout; later, if Webex cannot be told now.
    pub(super) async fn report_applied(
        &self,
        change: Change,
        live: Option<&Live>,
        place: &ReplyTarget,
        person: &Person,
    ) -> Result<(), Fault> {
        match self.report_and_follow(change.clone(), live, place, person).await {
            Err(fault) if passes(&fault) => {
                tracing::warn!(error = format!("{:#}", fault.cause), at = %now(), "the change is reported later");
                let span = span_of(&change);
                let (reporter, live, place, person) = (self.clone(), live.cloned(), place.clone(), person.clone());
                let job = move |stop: Shutdown| async move {
                    let tell = || async {
                        // An earlier attempt may have posted it and not noted that.
                        let known = reporter.cx.store.get(change.id()).await?.unwrap_or_else(|| change.clone());
                        let told = reporter.report_and_follow(known, live.as_ref(), &place, &person).await;
                        told.map_err(|fault| fault.cause)
                    };
                    Box::pin(until_told(&stop, tell)).await;
                };
                if self.cx.followers.take(move |stop| job(stop).instrument(span)).is_err() {
                    tracing::error!("too much is to be told later; the next start tells what is on record");
                }
                Ok(())
            }
            told => told,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use readback_webex::error::TrackingId;

    #[test]
    fn what_passes_is_told_again_and_what_is_refused_is_not() {
        let tracking_id = TrackingId::default;
        let unavailable = || anyhow::Error::new(WebexError::Unavailable { status: 502, tracking_id: tracking_id() });
        let pauses: Vec<_> = (0..8).map(|tries| pause(tries, &unavailable().context("answering"))).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60].map(|seconds| Some(Duration::from_secs(seconds))));
        let limited = |after| {
            let after = Duration::from_secs(after);
            pause(9, &anyhow::Error::new(WebexError::RateLimited { after, tracking_id: tracking_id() }))
        };
        assert_eq!([0, 90, 9_999].map(limited), [1, 90, 600].map(|seconds| Some(Duration::from_secs(seconds))));
        let gone = anyhow::Error::new(WebexError::NotFound { tracking_id: tracking_id() });
        let refused = WebexError::Refused { status: 403, message: String::new(), tracking_id: tracking_id() };
        assert_eq!([gone, anyhow::Error::new(refused)].map(|error| pause(0, &error)), [None, None]);
        let lost = anyhow::Error::new(WebexError::Timeout);
        assert_eq!([19, 20].map(|tries| pause(tries, &lost)), [Some(LONGEST), None]);
        let unreadable = anyhow::Error::new(WebexError::Malformed { what: "message", tracking_id: tracking_id() });
        assert_eq!([1, 2].map(|tries| pause(tries, &unreadable).is_some()), [true, false]);
        assert_eq!(pause(0, &anyhow::anyhow!("the database failed")), Some(Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn it_is_told_until_it_is_told_or_the_service_stops() {
        let stop = Shutdown::new();
        let calls = std::sync::atomic::AtomicU32::new(0);
        let told = until_told(&stop, || async {
            match calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => anyhow::bail!("not yet"),
                _ => Ok(()),
            }
        });
        assert!(told.await);
        assert_eq!(calls.into_inner(), 2);
        stop.request();
        assert!(!until_told(&stop, || async { anyhow::bail!("not yet") }).await);
    }
}
