//! The bot's two webhooks: missing ones are created, wrong ones repaired, and foreign ones left alone.

use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::{
    client::{NewWebhook, Webex},
    error::WebexError,
    wire::Webhook,
};
use tokio_util::sync::CancellationToken;

/// One of the bot's webhooks, recognised by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// New messages that the bot may read.
    Messages,
    /// Card actions on the bot's cards: no other webhook delivers them.
    Cards,
}

impl Hook {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Messages, Self::Cards];

    /// The name by which the bot recognises its own webhook.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Messages => "readback messages",
            Self::Cards => "readback cards",
        }
    }

    /// The resource it watches.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Cards => "attachmentActions",
        }
    }
}

/// The one event that both watch.
const EVENT: &str = "created";

/// The URL the webhooks should deliver to, and the key they should sign with.
#[derive(Clone, Debug)]
pub struct Wanted {
    target_url: String,
    secret: SecretString,
}

/// A public address that Webex cannot deliver to, or an empty secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHook {
    /// Not an absolute `http` or `https` URL, or one with a query, a fragment or credentials.
    #[error("the public address must be an http(s) URL without credentials, query or fragment")]
    PublicUrl,
    /// No secret: anybody could forge a delivery from Webex.
    #[error("webhooks need a secret")]
    NoSecret,
}

impl Wanted {
    /// Deliveries to `{public_url}/webex`, signed with `secret`.
    ///
    /// # Errors
    /// The public address or the secret is not usable.
    pub fn new(public_url: &str, secret: SecretString) -> Result<Self, BadHook> {
        let url = Url::parse(public_url.trim()).map_err(|_| BadHook::PublicUrl)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !plain {
            return Err(BadHook::PublicUrl);
        }
        if secret.expose_secret().is_empty() {
            return Err(BadHook::NoSecret);
        }
        Ok(Self { target_url: format!("{}/webex", url.as_str().trim_end_matches('/')), secret })
    }

    /// The URL Webex should deliver to.
    pub fn target_url(&self) -> &str {
        &self.target_url
    }

    fn request(&self, hook: Hook) -> NewWebhook<'_> {
        NewWebhook {
            name: hook.name(),
            target_url: &self.target_url,
            resource: hook.resource(),
            event: EVENT,
            secret: &self.secret,
        }
    }
}

/// One call that brings the webhooks closer to the wanted state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The webhook is missing.
    Create(Hook),
    /// Its URL, secret or status is wrong, or Webex does not show the secret.
    Update(Hook, String),
    /// A duplicate, or one whose resource, event or filter is wrong: Webex does not let these be changed.
    Delete(Hook, String),
}

/// The calls needed, in order. Empty if everything is as wanted.
pub fn plan(existing: &[Webhook], wanted: &Wanted) -> Vec<Step> {
    Hook::ALL.into_iter().flat_map(|hook| plan_one(hook, existing, wanted)).collect()
}

fn plan_one(hook: Hook, existing: &[Webhook], wanted: &Wanted) -> Vec<Step> {
    let own: Vec<_> = existing.iter().filter(|found| found.name == hook.name()).collect();
    let good = |found: &&&Webhook| watches(found, hook);
    let kept = own.iter().filter(good).find(|found| delivers(found, wanted)).or_else(|| own.iter().find(good));
    let surplus = own.iter().filter(|found| kept.is_none_or(|kept| kept.id != found.id));
    let mut steps: Vec<_> = surplus.map(|found| Step::Delete(hook, found.id.clone())).collect();
    match kept {
        Some(kept) if delivers(kept, wanted) => {}
        Some(kept) => steps.push(Step::Update(hook, kept.id.clone())),
        None => steps.push(Step::Create(hook)),
    }
    steps
}

/// Whether it watches the right resource and event; these cannot be updated.
fn watches(found: &Webhook, hook: Hook) -> bool {
    found.resource == hook.resource() && found.event == EVENT && found.filter.as_deref().unwrap_or_default().is_empty()
}

/// Whether it is active and delivers to the right URL with the right key.
fn delivers(found: &Webhook, wanted: &Wanted) -> bool {
    let secret = found.secret.as_ref().map(ExposeSecret::expose_secret);
    found.target_url == wanted.target_url
        && secret == Some(wanted.secret.expose_secret())
        && found.status.as_deref().is_none_or(|status| status == "active")
}

/// How many calls of each kind were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookReport {
    /// Webhooks that were missing.
    pub created: usize,
    /// Webhooks whose URL, secret or status was set.
    pub updated: usize,
    /// The bot's own webhooks that were duplicates or could not be repaired.
    pub deleted: usize,
}

/// Brings the bot's two webhooks to the wanted state. Idempotent.
///
/// # Errors
/// The first call that failed; a further call resumes there.
pub async fn ensure(webex: &Webex, wanted: &Wanted) -> Result<HookReport, WebexError> {
    let mut report = HookReport::default();
    for step in plan(&webex.webhooks().await?, wanted) {
        match step {
            Step::Create(hook) => {
                webex.create_webhook(&wanted.request(hook)).await?;
                report.created += 1;
            }
            Step::Update(hook, id) => {
                webex.update_webhook(&id, &wanted.request(hook)).await?;
                report.updated += 1;
            }
            Step::Delete(_, id) => {
                match webex.delete_webhook(&id).await {
                    Ok(()) | Err(WebexError::NotFound { .. }) => {}
                    Err(fault) => return Err(fault),
                }
                report.deleted += 1;
            }
        }
    }
    Ok(report)
}

/// Checks the webhooks every `period` until `stop` is cancelled: Webex disables them after failed deliveries and
/// reports that nowhere else. A failed check is counted, logged and tried again.
///
/// # Errors
/// None; the signature is the one of a supervised task.
pub async fn keep(webex: Webex, wanted: Wanted, period: Duration, stop: CancellationToken) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(period) => {}
        }
        let looked = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            looked = ensure(&webex, &wanted) => looked,
        };
        match looked {
            Ok(report) if report == HookReport::default() => {}
            Ok(report) => {
                metrics::counter!("readback_webhook_repairs_total").increment(1);
                tracing::warn!(?report, "webhooks repaired");
            }
            Err(fault) => {
                metrics::counter!("readback_webhook_check_failures_total").increment(1);
                tracing::warn!(error = %fault, "webhooks not checked");
            }
        }
    }
}

#[cfg(test)]
mod tests;
