//! Webhooks: who receives which events.

use std::net::IpAddr;

use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::Fault;
use super::id::{self, Kind};
use super::objects::{EventKind, RoomEvent, Webhook};
use super::state::RoomState;

const RESOURCES: [&str; 2] = ["messages", "attachmentActions"];
const EVENTS: [&str; 3] = ["created", "updated", "deleted"];

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
}

impl RoomState {
    /// Registers a webhook of `caller`.
    pub(super) fn create_webhook(&mut self, caller: &str, ask: Registration, now: &str) -> Result<Webhook, Fault> {
        let name = given(ask.name).ok_or_else(|| Fault::bad("name cannot be empty"))?;
        let target_url = given(ask.target_url).ok_or_else(|| Fault::bad("targetUrl cannot be null"))?;
        local_target(&target_url)?;
        let resource = one_of("resource", given(ask.resource), &RESOURCES)?;
        let event = one_of("event", given(ask.event), &EVENTS)?;
        if given(ask.filter).is_some() {
            return Err(Fault::bad("This local room knows no filters of webhooks."));
        }
        let hook = Webhook {
            id: id::fresh(Kind::Webhook),
            name,
            target_url,
            resource,
            event,
            secret: given(ask.secret),
            created_by: caller.to_owned(),
            status: "active",
            created: now.to_owned(),
        };
        self.webhooks.push(hook.clone());
        Ok(hook)
    }

    /// Changes what Webex allows to change: name, target URL and secret.
    pub(super) fn update_webhook(&mut self, caller: &str, id: &str, ask: Registration) -> Result<Webhook, Fault> {
        let name = given(ask.name).ok_or_else(|| Fault::bad("name cannot be empty"))?;
        let target_url = given(ask.target_url).ok_or_else(|| Fault::bad("targetUrl cannot be null"))?;
        local_target(&target_url)?;
        let hook = self.webhooks.iter_mut().find(|hook| hook.id == id && hook.created_by == caller);
        let hook = hook.ok_or_else(|| Fault::missing("webhook"))?;
        hook.name = name;
        hook.target_url = target_url;
        if let Some(secret) = ask.secret {
            hook.secret = given(Some(secret));
        }
        Ok(hook.clone())
    }

    /// Removes a webhook of `caller`.
    pub(super) fn delete_webhook(&mut self, caller: &str, id: &str) -> Result<(), Fault> {
        let at = self.webhooks.iter().position(|hook| hook.id == id && hook.created_by == caller);
        self.webhooks.remove(at.ok_or_else(|| Fault::missing("webhook"))?);
        Ok(())
    }

    /// The webhooks of `caller`.
    pub(super) fn webhooks_of(&self, caller: &str) -> impl Iterator<Item = &Webhook> {
        self.webhooks.iter().filter(move |hook| hook.created_by == caller)
    }

    /// The webhooks that should receive an event.
    pub(super) fn listeners(&self, event: &RoomEvent) -> impl Iterator<Item = &Webhook> {
        self.webhooks.iter().filter(move |hook| self.is_for(hook, event))
    }

    fn is_for(&self, hook: &Webhook, event: &RoomEvent) -> bool {
        let may_know = match event.kind {
            EventKind::Pressed(_) => event.message.person_id == hook.created_by,
            EventKind::Posted | EventKind::Edited | EventKind::Deleted => self.sees(&hook.created_by, &event.message),
        };
        may_know && event.kind.names() == (hook.resource.as_str(), hook.event.as_str())
    }
}

impl Webhook {
    /// The body of a delivery, as Webex sends it: no text, no inputs, no secret.
    pub(super) fn body(&self, event: &RoomEvent) -> Value {
        let message = &event.message;
        let data = match &event.kind {
            EventKind::Pressed(action) => json!({
                "id": action.id,
                "type": action.kind,
                "messageId": action.message_id,
                "personId": action.person_id,
                "roomId": action.room_id,
                "created": action.created,
            }),
            EventKind::Posted | EventKind::Edited | EventKind::Deleted => json!({
                "id": message.id,
                "roomId": message.room_id,
                "roomType": message.room_type,
                "personId": message.person_id,
                "personEmail": message.person_email,
                "mentionedPeople": message.mentioned_people,
                "created": message.created,
            }),
        };
        let (resource, name) = event.kind.names();
        json!({
            "id": self.id,
            "name": self.name,
            "targetUrl": self.target_url,
            "resource": resource,
            "event": name,
            "createdBy": self.created_by,
            "status": self.status,
            "created": self.created,
            "actorId": event.actor,
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

/// Only a target on loopback: a local room must not call other machines.
fn local_target(url: &str) -> Result<(), Fault> {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().filter(|uri| uri.scheme_str() == Some("http")).and_then(Uri::host);
    let is_local = host.is_some_and(is_loopback);
    if is_local { Ok(()) } else { Err(Fault::bad("This local room delivers to http:// on loopback only.")) }
}

/// Whether a host name, with or without brackets, is certainly loopback.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
