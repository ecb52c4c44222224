//! Webhooks: who wants to hear of what.

use std::net::IpAddr;

use http::Uri;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fault::Fault;
use super::id::{self, Kind};
use super::world::{News, What, World};

/// Webhooks of all together.
const MOST_WEBHOOKS: usize = 100;
/// After so many events in a row that did not arrive, a webhook is switched off.
const MOST_FAILURES: u32 = 20;

const RESOURCES: [&str; 5] = ["messages", "attachmentActions", "rooms", "memberships", "all"];
const EVENTS: [&str; 4] = ["created", "updated", "deleted", "all"];
const FILTERS: [&str; 5] = ["roomId", "roomType", "personId", "personEmail", "mentionedPeople"];

/// A webhook as Webex returns it.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) target_url: String,
    resource: String,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
    org_id: String,
    created_by: String,
    app_id: String,
    owned_by: &'static str,
    pub(super) status: Status,
    created: String,
    #[serde(skip)]
    failures: u32,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("name", &self.name).field("status", &self.status).finish_non_exhaustive()
    }
}

/// Whether events are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Active,
    Inactive,
}

/// The body of a POST or a PUT.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Registration {
    name: Option<String>,
    target_url: Option<String>,
    resource: Option<String>,
    event: Option<String>,
    filter: Option<String>,
    secret: Option<String>,
    status: Option<Status>,
}

impl World {
    /// Registers a webhook of `caller`.
    pub(super) fn hook(&mut self, caller: &str, ask: Registration, now: &str) -> Result<Webhook, Fault> {
        if self.webhooks.len() >= MOST_WEBHOOKS {
            return Err(Fault::bad(format!("This local room keeps {MOST_WEBHOOKS} webhooks at most.")));
        }
        let name = given(ask.name).ok_or_else(|| Fault::bad("name cannot be empty"))?;
        let target_url = given(ask.target_url).ok_or_else(|| Fault::bad("targetUrl cannot be null"))?;
        local_target(&target_url)?;
        let resource = one_of("resource", given(ask.resource), &RESOURCES)?;
        let event = one_of("event", given(ask.event), &EVENTS)?;
        let filter = given(ask.filter);
        known_filter(filter.as_deref())?;
        let hook = Webhook {
            id: id::fresh(Kind::Webhook),
            name,
            target_url,
            resource,
            event,
            filter,
            secret: given(ask.secret),
            org_id: id::lasting(Kind::Organization, "readback"),
            created_by: caller.to_owned(),
            app_id: id::lasting(Kind::Application, "readback"),
            owned_by: "creator",
            status: Status::Active,
            created: now.to_owned(),
            failures: 0,
        };
        self.webhooks.push(hook.clone());
        Ok(hook)
    }

    /// Changes what Webex lets change: name, target, secret; and switches a webhook on again.
    pub(super) fn rehook(&mut self, caller: &str, id: &str, ask: Registration) -> Result<Webhook, Fault> {
        let name = given(ask.name).ok_or_else(|| Fault::bad("name cannot be empty"))?;
        let target_url = given(ask.target_url).ok_or_else(|| Fault::bad("targetUrl cannot be null"))?;
        local_target(&target_url)?;
        let hook = self.webhooks.iter_mut().find(|hook| hook.id == id && hook.created_by == caller);
        let hook = hook.ok_or_else(|| Fault::missing("webhook"))?;
        if ask.status == Some(Status::Inactive) && hook.status == Status::Active {
            return Err(Fault::bad("status can only be set to active"));
        }
        hook.name = name;
        hook.target_url = target_url;
        if let Some(secret) = ask.secret {
            hook.secret = given(Some(secret));
        }
        if ask.status == Some(Status::Active) {
            hook.status = Status::Active;
            hook.failures = 0;
        }
        Ok(hook.clone())
    }

    /// Removes a webhook of `caller`.
    pub(super) fn unhook(&mut self, caller: &str, id: &str) -> Result<(), Fault> {
        let at = self.webhooks.iter().position(|hook| hook.id == id && hook.created_by == caller);
        self.webhooks.remove(at.ok_or_else(|| Fault::missing("webhook"))?);
        Ok(())
    }

    /// The webhooks of `caller`.
    pub(super) fn hooks_of(&self, caller: &str) -> impl Iterator<Item = &Webhook> {
        self.webhooks.iter().filter(move |hook| hook.created_by == caller)
    }

    /// The webhooks that are to hear of it.
    pub(super) fn listeners(&self, news: &News) -> impl Iterator<Item = &Webhook> {
        self.webhooks.iter().filter(move |hook| hook.status == Status::Active && self.is_for(hook, news))
    }

    fn is_for(&self, hook: &Webhook, news: &News) -> bool {
        let (resource, event) = news.what.names();
        // As in Webex, `all` is not all: presses need a webhook of their own.
        let resource_fits = hook.resource == resource || (hook.resource == "all" && resource == "messages");
        let event_fits = hook.event == event || hook.event == "all";
        let may_know = match news.what {
            What::Pressed(_) => news.message.person_id == hook.created_by,
            What::Posted | What::Edited | What::Deleted => self.sees(&hook.created_by, &news.message),
        };
        resource_fits && event_fits && may_know && hook.passes(news)
    }

    /// Notes how a delivery went. A webhook whose target keeps failing is switched off.
    pub(super) fn delivered(&mut self, id: &str, arrived: bool) {
        self.undelivered += u64::from(!arrived);
        if let Some(hook) = self.webhooks.iter_mut().find(|hook| hook.id == id) {
            hook.failures = if arrived { 0 } else { hook.failures + 1 };
            if hook.failures >= MOST_FAILURES {
                hook.status = Status::Inactive;
            }
        }
    }
}

impl Webhook {
    fn passes(&self, news: &News) -> bool {
        let message = &news.message;
        pairs(self.filter.as_deref().unwrap_or("")).all(|(key, value)| match key {
            "roomId" => message.room_id == value,
            "roomType" => message.room_type.as_str() == value,
            "personId" => news.actor == value,
            "personEmail" => message.person_email == value,
            "mentionedPeople" => {
                let who = if value == "me" { self.created_by.as_str() } else { value };
                message.mentioned_people.iter().any(|id| id == who)
            }
            _ => false,
        })
    }

    /// The body of a delivery, as Webex words it: no text, no inputs, no secret.
    pub(super) fn body(&self, news: &News) -> Value {
        let message = &news.message;
        let data = match &news.what {
            What::Pressed(action) => json!({
                "id": action.id,
                "type": action.kind,
                "messageId": action.message_id,
                "personId": action.person_id,
                "roomId": action.room_id,
                "created": action.created,
            }),
            What::Posted | What::Edited | What::Deleted => json!({
                "id": message.id,
                "roomId": message.room_id,
                "roomType": message.room_type,
                "personId": message.person_id,
                "personEmail": message.person_email,
                "mentionedPeople": message.mentioned_people,
                "created": message.created,
            }),
        };
        let (resource, event) = news.what.names();
        json!({
            "id": self.id,
            "name": self.name,
            "targetUrl": self.target_url,
            "resource": resource,
            "event": event,
            "filter": self.filter,
            "orgId": self.org_id,
            "createdBy": self.created_by,
            "appId": self.app_id,
            "ownedBy": self.owned_by,
            "status": self.status,
            "created": self.created,
            "actorId": news.actor,
            "data": data,
        })
    }
}

fn given(value: Option<String>) -> Option<String> {
    value.filter(|text| !text.trim().is_empty())
}

fn one_of(field: &str, value: Option<String>, known: &[&str]) -> Result<String, Fault> {
    let value = value.ok_or_else(|| Fault::bad(format!("{field} cannot be null")))?;
    if known.contains(&value.as_str()) {
        Ok(value)
    } else {
        Err(Fault::bad(format!("{field} must be one of: {}", known.join(", "))))
    }
}

fn pairs(filter: &str) -> impl Iterator<Item = (&str, &str)> {
    filter.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn known_filter(filter: Option<&str>) -> Result<(), Fault> {
    match pairs(filter.unwrap_or("")).find(|(key, _)| !FILTERS.contains(key)) {
        Some(_) => Err(Fault::bad(format!("filter takes: {}", FILTERS.join(", ")))),
        None => Ok(()),
    }
}

/// A local room has nothing to say to the rest of the world.
fn local_target(url: &str) -> Result<(), Fault> {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().filter(|uri| uri.scheme_str() == Some("http")).and_then(Uri::host);
    let is_local = host.is_some_and(is_loopback);
    if is_local { Ok(()) } else { Err(Fault::bad("This local room delivers to http:// on loopback only.")) }
}

/// Whether a host name, with or without brackets, can only be this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
