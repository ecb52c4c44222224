//! `/rooms` and `/memberships`, to read.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Caller, items, most, read};
use crate::room::Handle;
use crate::room::fault::Fault;
use crate::room::id;
use crate::room::world::{RoomKind, Space, World};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    #[serde(rename = "type")]
    kind: Option<String>,
    room_id: Option<String>,
    person_id: Option<String>,
    person_email: Option<String>,
    max: Option<String>,
}

pub(super) async fn list(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Fault> {
    let max = most(asked.max.as_deref(), 100, 1_000)?;
    read(&room, |world| {
        let mine = world.spaces.iter().filter(|space| space.members.contains(&caller));
        let fits = mine.filter(|space| asked.kind.as_deref().is_none_or(|kind| kind == space.kind.as_str()));
        Ok(Json(items(fits.take(max).map(|space| shown(world, &caller, space)))))
    })
}

pub(super) async fn one(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fault> {
    read(&room, |world| world.space(&caller, &id).map(|space| Json(shown(world, &caller, space))))
}

/// A direct room is called after the other one in it.
fn shown(world: &World, viewer: &str, space: &Space) -> Value {
    let other = space.members.iter().find(|member| *member != viewer).and_then(|id| world.resident(id));
    let title = match space.kind {
        RoomKind::Direct => other.map_or("", |p| p.profile.display_name.as_str()),
        RoomKind::Group => space.title.as_str(),
    };
    json!({
        "id": space.id,
        "title": title,
        "type": space.kind,
        "isLocked": false,
        "isPublic": false,
        "isReadOnly": false,
        "lastActivity": space.last_activity,
        "creatorId": space.members.first(),
        "ownerId": id::lasting(id::Kind::Organization, "readback"),
        "created": space.created,
    })
}

pub(super) async fn memberships(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Fault> {
    let max = most(asked.max.as_deref(), 100, 1_000)?;
    read(&room, |world| {
        if let Some(id) = &asked.room_id {
            world.space(&caller, id)?;
        }
        let mine = world.spaces.iter().filter(|space| space.members.contains(&caller));
        let rooms = mine.filter(|space| asked.room_id.as_ref().is_none_or(|id| *id == space.id));
        let seats =
            rooms.flat_map(|space| space.members.iter().filter_map(move |id| Some((space, world.resident(id)?))));
        let fits = seats.filter(|(_, p)| {
            // Without a room, Webex lists the caller's own.
            let own = asked.room_id.is_some() || p.id() == caller;
            own && asked.person_id.as_deref().is_none_or(|id| id == p.id())
                && asked.person_email.as_deref().is_none_or(|email| email.eq_ignore_ascii_case(p.email()))
        });
        let shown = fits.take(max).map(|(space, p)| {
            json!({
                "id": id::seat(&space.id, p.id()),
                "roomId": space.id,
                "roomType": space.kind,
                "personId": p.id(),
                "personEmail": p.email(),
                "personDisplayName": p.profile.display_name,
                "personOrgId": p.profile.org_id,
                "isModerator": false,
                "isMonitor": false,
                "created": space.created,
            })
        });
        Ok(Json(items(shown)))
    })
}
