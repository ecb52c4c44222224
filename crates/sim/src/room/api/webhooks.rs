//! `/webhooks`.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Caller, items, most, read};
use crate::room::Handle;
use crate::room::fault::Fault;
use crate::room::webhooks::Registration;

#[derive(Deserialize)]
pub(super) struct Asked {
    max: Option<String>,
}

pub(super) async fn list(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Fault> {
    let max = most(asked.max.as_deref(), 100, 100)?;
    read(&room, |world| Ok(Json(items(world.hooks_of(&caller).take(max)))))
}

pub(super) async fn create(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Body(ask): Body<Registration>,
) -> Result<Json<Value>, Fault> {
    room.act(|world, now| world.hook(&caller, ask, now)).map(|hook| Json(json!(hook)))
}

pub(super) async fn one(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fault> {
    read(&room, |world| {
        let hook = world.hooks_of(&caller).find(|hook| hook.id == id);
        hook.map(|hook| Json(json!(hook))).ok_or_else(|| Fault::missing("webhook"))
    })
}

pub(super) async fn change(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Body(ask): Body<Registration>,
) -> Result<Json<Value>, Fault> {
    room.act(|world, _| world.rehook(&caller, &id, ask)).map(|hook| Json(json!(hook)))
}

pub(super) async fn delete(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Fault> {
    room.act(|world, _| world.unhook(&caller, &id)).map(|()| StatusCode::NO_CONTENT)
}
