//! `/messages` and `/attachment/actions`.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Caller, items, most, read};
use crate::room::Handle;
use crate::room::actions::Press;
use crate::room::fault::Fault;
use crate::room::messages::{Draft, Listing};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    room_id: Option<String>,
    parent_id: Option<String>,
    mentioned_people: Option<String>,
    before_message: Option<String>,
    max: Option<String>,
}

pub(super) async fn list(
    State(room): State<Handle>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let room_id = asked.room_id.ok_or_else(|| Fault::bad("roomId cannot be null"))?;
    let listing = Listing {
        room_id,
        parent_id: asked.parent_id,
        mentioned: asked.mentioned_people,
        before_message: asked.before_message,
        max: most(asked.max.as_deref(), 50, 1_000)?,
    };
    let (page, more) = read(&room, |world| world.list(&caller, &listing))?;
    let mut out = HeaderMap::new();
    if let Some(last) = page.last().filter(|_| more)
        && let Some(link) = next_page(&headers, &listing, &last.id)
    {
        out.insert(header::LINK, link);
    }
    Ok((out, Json(items(page))).into_response())
}

fn next_page(headers: &HeaderMap, listing: &Listing, last: &str) -> Option<HeaderValue> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let Listing { room_id, parent_id, mentioned, max, .. } = listing;
    let mut query = format!("roomId={room_id}&max={max}&beforeMessage={last}");
    for (name, value) in [("parentId", parent_id), ("mentionedPeople", mentioned)] {
        if let Some(value) = value {
            query.extend(["&", name, "=", value]);
        }
    }
    HeaderValue::from_str(&format!("<http://{host}/v1/messages?{query}>; rel=\"next\"")).ok()
}

pub(super) async fn post(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Body(draft): Body<Draft>,
) -> Result<Json<Value>, Fault> {
    room.act(|world, now| world.post(&caller, draft, now)).map(|message| Json(json!(message)))
}

pub(super) async fn one(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fault> {
    read(&room, |world| world.message(&caller, &id).map(|message| Json(json!(message))))
}

pub(super) async fn edit(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Body(draft): Body<Draft>,
) -> Result<Json<Value>, Fault> {
    room.act(|world, now| world.edit(&caller, &id, &draft, now)).map(|message| Json(json!(message)))
}

pub(super) async fn delete(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Fault> {
    room.act(|world, _| world.delete(&caller, &id)).map(|()| StatusCode::NO_CONTENT)
}

pub(super) async fn press(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Body(press): Body<Press>,
) -> Result<Json<Value>, Fault> {
    room.act(|world, now| world.press(&caller, press, now)).map(|action| Json(json!(action)))
}

pub(super) async fn action(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fault> {
    read(&room, |world| world.action(&caller, &id).map(|action| Json(json!(action))))
}
