//! `/rooms` and `/memberships`, read-only.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::super::handle::Handle;
use super::super::id;
use super::super::objects::{RoomKind, Space};
use super::super::state::RoomState;
use super::extract::{Caller, items};

#[derive(Deserialize)]
pub(super) struct RoomQuery {
    #[serde(rename = "type")]
    kind: Option<String>,
}

pub(super) async fn list(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Query(query): Query<RoomQuery>,
) -> Json<Value> {
    let state = room.state();
    let mine = state.spaces.iter().filter(|space| space.members.contains(&caller));
    let fits = mine.filter(|space| query.kind.as_deref().is_none_or(|kind| kind == space.kind.as_str()));
    Json(items(fits.map(|space| shown(&state, &caller, space))))
}

/// The title of a direct room is the name of the other person.
fn shown(state: &RoomState, viewer: &str, space: &Space) -> Value {
    let other = space.members.iter().find(|member| *member != viewer).and_then(|id| state.member(id));
    let title = match space.kind {
        RoomKind::Direct => other.map_or("", |member| member.profile.display_name.as_str()),
        RoomKind::Group => space.title.as_str(),
    };
    json!({ "id": space.id, "title": title, "type": space.kind, "created": space.created })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MembershipQuery {
    room_id: Option<String>,
}

/// The members of a room. Without a room, Webex lists the caller's own memberships; no client here needs that.
pub(super) async fn memberships(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Query(query): Query<MembershipQuery>,
) -> Result<Json<Value>, Fault> {
    let state = room.state();
    let space = state.space(&caller, query.room_id.as_deref().ok_or_else(|| Fault::bad("roomId cannot be null"))?)?;
    let members = space.members.iter().filter_map(|id| state.member(id));
    let shown = members.map(|member| {
        json!({
            "id": id::membership(&space.id, member.id()),
            "roomId": space.id,
            "roomType": space.kind,
            "personId": member.id(),
            "personEmail": member.email(),
            "personDisplayName": member.profile.display_name,
            "created": space.created,
        })
    });
    Ok(Json(items(shown)))
}
