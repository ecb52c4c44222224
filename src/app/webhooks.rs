//! The bot's webhooks: taken over at the start, and kept while it runs. Another process that takes them is named.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::edge::{Part, Readiness, ServiceFault};
use readback_webex::{
    Webex,
    hooks::{self, HookReport, Wanted},
};

/// Logs what the start has done to the webhooks.
pub(super) fn note_start(report: &HookReport) {
    for rival in &report.taken_from {
        tracing::warn!(%rival, "webhooks taken over from another readback with this bot's token");
    }
    let HookReport { created, updated, deleted, .. } = report;
    tracing::info!(created, updated, deleted, "webhooks are right");
}

/// Checks the webhooks every `period` until `stop` is cancelled. While another process has them, the bot is not ready.
///
/// # Errors
/// None; the signature is the one of a supervised task.
pub(super) async fn keep(
    webex: Webex,
    wanted: Wanted,
    period: Duration,
    readiness: Readiness,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let taken = |rivals: &[hooks::Rival]| {
        let fault = (!rivals.is_empty()).then(|| ServiceFault::WebhooksTaken(rivals.to_vec()));
        readiness.set_fault(Part::Webhooks, fault);
    };
    hooks::keep(webex, wanted, period, stop, taken).await
}

#[cfg(test)]
mod tests;
