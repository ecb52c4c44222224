//! Tables, as `kubectl get` asks for them: the server decides on columns and cells.

mod cells;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    kind::Kind,
    store::{name_of, number, text},
    view::{Include, metadata},
};

use cells::{age, cells};

type Column = (&'static str, &'static str, u8);

/// The columns of a kind: name, type, and 0 or, for `-o wide` only, 1.
fn columns(kind: Kind) -> &'static [Column] {
    const AGE: Column = ("Age", "string", 0);
    const NAME: Column = ("Name", "string", 0);
    const WIDE: [Column; 3] = [("Containers", "string", 1), ("Images", "string", 1), ("Selector", "string", 1)];
    match kind {
        Kind::Namespace => &[NAME, ("Status", "string", 0), AGE],
        Kind::Pod => &[
            NAME,
            ("Ready", "string", 0),
            ("Status", "string", 0),
            ("Restarts", "string", 0),
            AGE,
            ("IP", "string", 1),
            ("Node", "string", 1),
        ],
        Kind::Event => &[
            ("Last Seen", "string", 0),
            ("Type", "string", 0),
            ("Reason", "string", 0),
            ("Object", "string", 0),
            ("Message", "string", 0),
        ],
        Kind::ReplicaSet => &[
            NAME,
            ("Desired", "integer", 0),
            ("Current", "integer", 0),
            ("Ready", "integer", 0),
            AGE,
            WIDE[0],
            WIDE[1],
            WIDE[2],
        ],
        Kind::Deployment => &[
            NAME,
            ("Ready", "string", 0),
            ("Up-to-date", "integer", 0),
            ("Available", "integer", 0),
            AGE,
            WIDE[0],
            WIDE[1],
            WIDE[2],
        ],
        Kind::StatefulSet => &[NAME, ("Ready", "string", 0), AGE, WIDE[0], WIDE[1]],
        Kind::DaemonSet => &[
            NAME,
            ("Desired", "integer", 0),
            ("Current", "integer", 0),
            ("Ready", "integer", 0),
            ("Up-to-date", "integer", 0),
            ("Available", "integer", 0),
            ("Node Selector", "string", 0),
            AGE,
            WIDE[0],
            WIDE[1],
            WIDE[2],
        ],
        Kind::HorizontalPodAutoscaler => &[
            NAME,
            ("Reference", "string", 0),
            ("Targets", "string", 0),
            ("MinPods", "string", 0),
            ("MaxPods", "integer", 0),
            ("Replicas", "integer", 0),
            AGE,
        ],
        Kind::PodDisruptionBudget => &[NAME, ("Min Available", "string", 0), ("Max Unavailable", "string", 0), AGE],
    }
}

/// A table of objects. `revision` is the version of the list or object shown.
pub(crate) fn table<'a>(
    kind: Kind,
    objects: impl Iterator<Item = &'a Value>,
    include: Include,
    revision: &str,
    now: Timestamp,
) -> Value {
    let rows: Vec<_> = objects.map(|object| row(cells(kind, object, now), object, include)).collect();
    made(columns(kind), &rows, revision)
}

/// The table of one Scale.
pub(crate) fn scale_table(scale: &Value, include: Include, now: Timestamp) -> Value {
    const COLUMNS: [Column; 4] =
        [("Name", "string", 0), ("Desired", "integer", 0), ("Available", "integer", 0), ("Age", "string", 0)];
    let age = age(text(scale, "/metadata/creationTimestamp"), now);
    let cells = json!([name_of(scale), number(scale, "/spec/replicas"), number(scale, "/status/replicas"), age]);
    made(&COLUMNS, &[row(cells, scale, include)], text(scale, "/metadata/resourceVersion"))
}

fn made(columns: &[Column], rows: &[Value], revision: &str) -> Value {
    let definition = |(name, sort, priority): &Column| {
        let format = if *name == "Name" { "name" } else { "" };
        json!({ "name": name, "type": sort, "format": format, "description": "", "priority": priority })
    };
    let definitions: Vec<_> = columns.iter().map(definition).collect();
    json!({ "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": { "resourceVersion": revision },
        "columnDefinitions": definitions, "rows": rows })
}

#[expect(clippy::needless_pass_by_value, reason = "the cells end in the row")]
fn row(cells: Value, object: &Value, include: Include) -> Value {
    let mut row = json!({ "cells": cells });
    match include {
        Include::Nothing => {}
        Include::Object => row["object"] = object.clone(),
        Include::Metadata => row["object"] = metadata(object),
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_a_cell_for_each_column_even_for_an_empty_object() {
        for kind in Kind::ALL {
            let made = table(kind, [json!({})].iter(), Include::Nothing, "1", Timestamp::UNIX_EPOCH);
            assert_eq!(made["rows"][0]["cells"].as_array().unwrap().len(), columns(kind).len(), "{kind:?}");
        }
    }
}
