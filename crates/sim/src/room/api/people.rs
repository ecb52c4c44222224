//! `/people`.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Caller, items, most, read};
use crate::room::Handle;
use crate::room::fault::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    /// Several, with commas between them.
    id: Option<String>,
    email: Option<String>,
    display_name: Option<String>,
    max: Option<String>,
}

pub(super) async fn me(State(room): State<Handle>, Caller(caller): Caller) -> Result<Json<Value>, Fault> {
    profile(&room, &caller)
}

pub(super) async fn one(State(room): State<Handle>, _: Caller, Path(id): Path<String>) -> Result<Json<Value>, Fault> {
    profile(&room, &id)
}

fn profile(room: &Handle, id: &str) -> Result<Json<Value>, Fault> {
    read(room, |world| world.resident(id).map(|p| Json(json!(p.profile))).ok_or_else(|| Fault::missing("person")))
}

pub(super) async fn list(
    State(room): State<Handle>,
    _: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Fault> {
    let max = most(asked.max.as_deref(), 100, 1_000)?;
    read(&room, |world| {
        if let Some(ids) = &asked.id {
            let (found, missing): (Vec<_>, Vec<_>) = ids.split(',').partition(|id| world.resident(id).is_some());
            let mut reply = items(found.iter().filter_map(|id| world.resident(id)).map(|p| &p.profile).take(max));
            reply["notFoundIds"] = json!(missing);
            return Ok(Json(reply));
        }
        let name = asked.display_name.as_deref().map(str::to_lowercase);
        if asked.email.is_none() && name.is_none() {
            return Err(Fault::bad("Email, displayName, or id list should be specified."));
        }
        let fits = world.people.iter().filter(|p| {
            asked.email.as_deref().is_none_or(|email| p.email().eq_ignore_ascii_case(email))
                && name.as_ref().is_none_or(|name| p.profile.display_name.to_lowercase().starts_with(name))
        });
        Ok(Json(items(fits.map(|p| &p.profile).take(max))))
    })
}
