//! `/messages` and `/attachment/actions`.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::actions::Press;
use super::super::fault::Fault;
use super::super::handle::Handle;
use super::super::messages::{Draft, MessageFilter};
use super::extract::{Body, Caller, items, most};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageQuery {
    room_id: Option<String>,
    parent_id: Option<String>,
    mentioned_people: Option<String>,
    max: Option<String>,
}

/// Webex' limit of a list, and of one with `mentionedPeople`.
const LONGEST_LIST: usize = 1_000;
const LONGEST_LIST_OF_MENTIONS: usize = 100;

pub(super) async fn list(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Query(query): Query<MessageQuery>,
) -> Result<Json<Value>, Fault> {
    let room_id = query.room_id.ok_or_else(|| Fault::bad("roomId cannot be null"))?;
    let filter = MessageFilter {
        room_id: &room_id,
        parent_id: query.parent_id.as_deref(),
        mentioned: query.mentioned_people.as_deref(),
    };
    let limit = if filter.mentioned.is_some() { LONGEST_LIST_OF_MENTIONS } else { LONGEST_LIST };
    let most = most(query.max.as_deref(), 50, limit)?;
    Ok(Json(items(room.state().list(&caller, &filter, most)?)))
}

pub(super) async fn post(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Body(draft): Body<Draft>,
) -> Result<Json<Value>, Fault> {
    room.act(|state, now| state.post(&caller, draft, now)).map(|message| Json(json!(message)))
}

pub(super) async fn one(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fault> {
    room.state().message(&caller, &id).map(|message| Json(json!(message)))
}

pub(super) async fn edit(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Body(draft): Body<Draft>,
) -> Result<Json<Value>, Fault> {
    room.act(|state, now| state.edit(&caller, &id, &draft, now)).map(|message| Json(json!(message)))
}

pub(super) async fn delete(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Fault> {
    room.act(|state, _| state.delete(&caller, &id)).map(|()| StatusCode::NO_CONTENT)
}

pub(super) async fn press(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Body(press): Body<Press>,
) -> Result<Json<Value>, Fault> {
    room.act(|state, now| state.press(&caller, press, now)).map(|action| Json(json!(action)))
}

pub(super) async fn action(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fault> {
    room.state().action(&caller, &id).map(|action| Json(json!(action)))
}
