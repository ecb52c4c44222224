//! The webhooks of a running process: repaired, unless another process has taken them.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{
    name::{Hook, Registrant},
    plan::{HookReport, Step, Wanted, carry_out, plan},
    rival::{Rival, rivals},
};
use crate::{client::Webex, error::WebexError, wire::Webhook};

/// What a look at the webhooks of a running process found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upkeep {
    /// They are this process's. How they were repaired.
    Ours(HookReport),
    /// Another process has registered its own beside them, which delivers everything twice. At its next look it gives
    /// way, or has taken these too.
    Contested(Vec<Rival>),
    /// They are another process's. This one receives nothing any more.
    Taken(Vec<Rival>),
}

/// Repairs the webhooks of a running process, unless another process has taken them.
///
/// Two processes that start at the same moment can both register webhooks. Of these two the one with the smaller
/// instance gives way: it deletes its own, because with both every order would arrive twice.
///
/// # Errors
/// The first call that failed; a further call resumes there.
pub async fn upkeep(webex: &Webex, wanted: &Wanted) -> Result<Upkeep, WebexError> {
    let existing = webex.webhooks().await?;
    let rivals = rivals(&existing, &wanted.target_url, Some(&wanted.instance));
    if rivals.is_empty() {
        return carry_out(webex, wanted, plan(&existing, wanted)).await.map(Upkeep::Ours);
    }
    let own: Vec<Step> = existing.iter().filter_map(|found| own_step(found, wanted)).collect();
    if own.is_empty() {
        return Ok(Upkeep::Taken(rivals));
    }
    let me = Rival { registrant: Registrant::Instance(wanted.instance.clone()), target_url: wanted.target_url.clone() };
    // An earlier version gives way to nobody.
    let gives_way = |rival: &Rival| rival.instance().is_some() && *rival < me;
    if rivals.iter().all(gives_way) {
        return Ok(Upkeep::Contested(rivals));
    }
    carry_out(webex, wanted, own).await?;
    Ok(Upkeep::Taken(rivals))
}

/// The deletion of a webhook of this very process; `None` for every other.
fn own_step(found: &Webhook, wanted: &Wanted) -> Option<Step> {
    let hook = Hook::ALL.into_iter().find(|hook| found.name == hook.name(&wanted.instance))?;
    (found.target_url == wanted.target_url).then(|| Step::Delete(hook, found.id.clone()))
}

/// Checks the webhooks every `period` until `stop` is cancelled: Webex disables them after failed deliveries and
/// reports that nowhere else. A failed check is counted, logged and tried again. `taken` is told after each check
/// which other processes have taken the webhooks: none while they are this process's.
///
/// # Errors
/// None; the signature is the one of a supervised task.
pub async fn keep(
    webex: Webex,
    wanted: Wanted,
    period: Duration,
    stop: CancellationToken,
    taken: impl Fn(&[Rival]),
) -> anyhow::Result<()> {
    metrics::gauge!("readback_webhooks_taken").set(0);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(period) => {}
        }
        let looked = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            looked = upkeep(&webex, &wanted) => looked,
        };
        match looked {
            Ok(found) => note(&found, &taken),
            Err(fault) => {
                metrics::counter!("readback_webhook_check_failures_total").increment(1);
                tracing::warn!(error = %fault, "webhooks not checked");
            }
        }
    }
}

fn note(found: &Upkeep, taken: &impl Fn(&[Rival])) {
    let rivals: &[Rival] = match found {
        Upkeep::Ours(report) if *report == HookReport::default() => &[],
        Upkeep::Ours(report) => {
            metrics::counter!("readback_webhook_repairs_total").increment(1);
            let HookReport { created, updated, deleted, .. } = report;
            tracing::warn!(created, updated, deleted, "webhooks repaired");
            &[]
        }
        Upkeep::Contested(rivals) => {
            for rival in rivals {
                tracing::warn!(%rival, "another readback with this bot's token has registered webhooks beside these");
            }
            &[]
        }
        Upkeep::Taken(rivals) => {
            for rival in rivals {
                tracing::error!(%rival, "another readback with this bot's token has taken the webhooks: this one receives nothing");
            }
            rivals
        }
    };
    metrics::gauge!("readback_webhooks_taken").set(u8::from(!rivals.is_empty()));
    taken(rivals);
}
