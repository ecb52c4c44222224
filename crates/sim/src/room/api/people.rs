//! `/people`.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::super::handle::Handle;
use super::extract::Caller;

pub(super) async fn me(State(room): State<Handle>, Caller(caller): Caller) -> Result<Json<Value>, Fault> {
    profile(&room, &caller)
}

pub(super) async fn one(State(room): State<Handle>, _: Caller, Path(id): Path<String>) -> Result<Json<Value>, Fault> {
    profile(&room, &id)
}

fn profile(room: &Handle, id: &str) -> Result<Json<Value>, Fault> {
    let state = room.state();
    state.member(id).map(|member| Json(json!(member.profile))).ok_or_else(|| Fault::missing("person"))
}
