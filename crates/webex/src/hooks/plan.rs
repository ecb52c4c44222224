//! The wanted webhooks, and the calls that bring the existing ones to that state.

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::{
    name::{Hook, Instance},
    rival::{Rival, is_active, rivals},
};
use crate::{
    client::{NewWebhook, Webex},
    error::WebexError,
    wire::Webhook,
};

/// The one event that both watch.
const EVENT: &str = "created";

/// The URL the webhooks should deliver to, and the key they should sign with.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub(super) target_url: String,
    secret: SecretString,
    pub(super) instance: Instance,
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
    /// Deliveries to `{public_url}/webex`, signed with `secret`, for this instance of the bot.
    ///
    /// # Errors
    /// The public address or the secret is not usable.
    pub fn new(public_url: &str, secret: SecretString, instance: Instance) -> Result<Self, BadHook> {
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
        Ok(Self { target_url: target_url(url.as_str()), secret, instance })
    }

    /// The URL Webex should deliver to.
    pub fn target_url(&self) -> &str {
        &self.target_url
    }

    async fn create(&self, webex: &Webex, hook: Hook) -> Result<(), WebexError> {
        let name = hook.name(&self.instance);
        webex.create_webhook(&self.request(hook, &name)).await.map(drop)
    }

    /// Updates the webhook. Returns whether it still existed.
    async fn update(&self, webex: &Webex, hook: Hook, id: &str) -> Result<bool, WebexError> {
        let name = hook.name(&self.instance);
        match webex.update_webhook(id, &self.request(hook, &name)).await {
            Ok(_) => Ok(true),
            Err(WebexError::NotFound { .. }) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    fn request<'a>(&'a self, hook: Hook, name: &'a str) -> NewWebhook<'a> {
        NewWebhook { name, target_url: &self.target_url, resource: hook.resource(), event: EVENT, secret: &self.secret }
    }
}

/// The URL that Webex delivers to, for a bot at this public address.
pub fn target_url(public_url: &str) -> String {
    format!("{}/webex", public_url.trim_end_matches('/'))
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

/// The calls needed, in order. Empty if everything is as wanted. Webhooks of other instances are taken over.
pub fn plan(existing: &[Webhook], wanted: &Wanted) -> Vec<Step> {
    Hook::ALL.into_iter().flat_map(|hook| plan_one(hook, existing, wanted)).collect()
}

fn plan_one(hook: Hook, existing: &[Webhook], wanted: &Wanted) -> Vec<Step> {
    let own: Vec<_> = existing.iter().filter(|found| hook.registrant(&found.name).is_some()).collect();
    let good = |found: &&&Webhook| watches(found, hook);
    let kept = own.iter().filter(good).find(|found| delivers(found, hook, wanted)).or_else(|| own.iter().find(good));
    let surplus = own.iter().filter(|found| kept.is_none_or(|kept| kept.id != found.id));
    let mut steps: Vec<_> = surplus.map(|found| Step::Delete(hook, found.id.clone())).collect();
    match kept {
        Some(kept) if delivers(kept, hook, wanted) => {}
        Some(kept) => steps.push(Step::Update(hook, kept.id.clone())),
        None => steps.push(Step::Create(hook)),
    }
    steps
}

/// Whether it watches the right resource and event; these cannot be updated.
fn watches(found: &Webhook, hook: Hook) -> bool {
    found.resource == hook.resource() && found.event == EVENT && found.filter.as_deref().unwrap_or_default().is_empty()
}

/// Whether it is active, of this instance, and delivers to the right URL with the right key.
fn delivers(found: &Webhook, hook: Hook, wanted: &Wanted) -> bool {
    let secret = found.secret.as_ref().map(ExposeSecret::expose_secret);
    found.name == hook.name(&wanted.instance)
        && found.target_url == wanted.target_url
        && secret == Some(wanted.secret.expose_secret())
        && is_active(found)
}

/// How many calls of each kind were made, and whose webhooks were taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookReport {
    /// Webhooks that were missing.
    pub created: usize,
    /// Webhooks whose URL, secret or status was set.
    pub updated: usize,
    /// The bot's own webhooks that were duplicates or could not be repaired.
    pub deleted: usize,
    /// The other processes that received the deliveries until now.
    pub taken_from: Vec<Rival>,
}

/// Brings the bot's two webhooks to the wanted state, and takes them over from every other instance: for the start of
/// a process. Idempotent.
///
/// # Errors
/// The first call that failed; a further call resumes there.
pub async fn ensure(webex: &Webex, wanted: &Wanted) -> Result<HookReport, WebexError> {
    let existing = webex.webhooks().await?;
    let taken_from = rivals(&existing, &wanted.target_url, Some(&wanted.instance));
    let report = carry_out(webex, wanted, plan(&existing, wanted)).await?;
    Ok(HookReport { taken_from, ..report })
}

/// Makes these calls, in order.
pub(super) async fn carry_out(webex: &Webex, wanted: &Wanted, steps: Vec<Step>) -> Result<HookReport, WebexError> {
    let mut report = HookReport::default();
    for step in steps {
        match step {
            Step::Create(hook) => {
                wanted.create(webex, hook).await?;
                report.created += 1;
            }
            Step::Update(hook, id) => {
                if wanted.update(webex, hook, &id).await? {
                    report.updated += 1;
                } else {
                    // Another process has deleted it since it was read.
                    wanted.create(webex, hook).await?;
                    report.created += 1;
                }
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
