//! `/webhooks`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::super::handle::Handle;
use super::super::webhooks::Registration;
use super::extract::{Body, Caller, items};

pub(super) async fn list(State(room): State<Handle>, Caller(caller): Caller) -> Json<Value> {
    Json(items(room.state().webhooks_of(&caller)))
}

pub(super) async fn create(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Body(ask): Body<Registration>,
) -> Result<Json<Value>, Fault> {
    room.act(|state, now| state.create_webhook(&caller, ask, now)).map(|hook| Json(json!(hook)))
}

pub(super) async fn change(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Body(ask): Body<Registration>,
) -> Result<Json<Value>, Fault> {
    room.act(|state, _| state.update_webhook(&caller, &id, ask)).map(|hook| Json(json!(hook)))
}

pub(super) async fn delete(
    State(room): State<Handle>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Fault> {
    room.act(|state, _| state.delete_webhook(&caller, &id)).map(|()| StatusCode::NO_CONTENT)
}
