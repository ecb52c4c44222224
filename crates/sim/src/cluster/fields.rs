//! `metadata.managedFields`: who wrote which field last, found by comparing an object before and after a write.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{kind::Kind, patch::merge_key, store};

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Writer {
    /// The field manager: from `?fieldManager=`, or the client's name.
    pub(crate) manager: String,
    /// The subresource written through, such as `scale`; empty for the object itself.
    pub(crate) subresource: &'static str,
}

/// Records `writer` as the owner of the fields it changed. Other fields keep their owners.
pub(crate) fn record(kind: Kind, before: &Value, after: &mut Value, writer: &Writer, now: Timestamp) {
    let gained = difference(&owned(before), &owned(after));
    let gone = difference(&owned(after), &owned(before));
    let mut entries: Vec<Value> = store::items(before, "/metadata/managedFields").to_vec();
    for entry in &mut entries {
        if let Some(fields) = entry.get_mut("fieldsV1").and_then(Value::as_object_mut) {
            subtract(fields, &gone);
            subtract(fields, &gained);
        }
    }
    if !gained.is_empty() {
        let mine = |entry: &Value| {
            entry["manager"] == writer.manager.as_str()
                && entry["operation"] == "Update"
                && entry["subresource"].as_str().unwrap_or_default() == writer.subresource
        };
        let at = entries.iter().position(mine).unwrap_or(entries.len());
        if at == entries.len() {
            entries.push(new_entry(kind, writer));
        }
        entries[at]["time"] = json!(store::stamp(now));
        if let Some(fields) = entries[at]["fieldsV1"].as_object_mut() {
            unite(fields, gained);
        }
    }
    entries.retain(|entry| entry["fieldsV1"].as_object().is_some_and(|fields| !fields.is_empty()));
    after["metadata"]["managedFields"] = Value::Array(entries);
}

fn new_entry(kind: Kind, writer: &Writer) -> Value {
    let mut entry = json!({
        "manager": writer.manager, "operation": "Update", "apiVersion": kind.api_version(),
        "fieldsType": "FieldsV1", "fieldsV1": {},
    });
    if !writer.subresource.is_empty() {
        entry["subresource"] = json!(writer.subresource);
    }
    entry
}

/// The fields that can have an owner: all but those the server writes.
fn owned(object: &Value) -> Value {
    let mut metadata = Map::new();
    for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
        if let Some(value) = object["metadata"].get(field) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    json!({ "metadata": metadata, "spec": object["spec"] })
}

/// The set of fields in `new` that are absent from or different in `old`.
fn difference(old: &Value, new: &Value) -> Map<String, Value> {
    let mut set = Map::new();
    for (key, value) in new.as_object().into_iter().flatten() {
        let was = old.get(key).unwrap_or(&Value::Null);
        if was == value {
            continue;
        }
        let list_by = merge_key(key).filter(|_| !store::items(value, "").is_empty());
        let inner = list_by.map_or_else(|| difference(was, value), |by| list_difference(was, value, by));
        if inner.is_empty() && (list_by.is_some() || value.as_object().is_some_and(|map| !map.is_empty())) {
            // Something inside was removed; the rest is unchanged.
            continue;
        }
        set.insert(format!("f:{key}"), Value::Object(inner));
    }
    set
}

fn list_difference(old: &Value, new: &Value, by: &str) -> Map<String, Value> {
    let mut set = Map::new();
    for item in new.as_array().into_iter().flatten() {
        let key = json!({ by: item[by] });
        let was = store::items(old, "").iter().find(|was| was[by] == item[by]).unwrap_or(&Value::Null);
        let mut inner = difference(was, item);
        if was.is_null() {
            inner.insert(".".into(), json!({}));
        }
        if !inner.is_empty() {
            set.insert(format!("k:{key}"), Value::Object(inner));
        }
    }
    set
}

fn subtract(fields: &mut Map<String, Value>, gone: &Map<String, Value>) {
    for (key, inner) in gone {
        let (Some(mine), Some(inner)) = (fields.get_mut(key).and_then(Value::as_object_mut), inner.as_object()) else {
            continue;
        };
        subtract(mine, inner);
        if inner.is_empty() || mine.is_empty() {
            fields.remove(key);
        }
    }
}

fn unite(fields: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, inner) in more {
        let mine = fields.entry(key).or_insert_with(|| json!({}));
        if let (Some(mine), Value::Object(inner)) = (mine.as_object_mut(), inner) {
            unite(mine, inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(manager: &str, subresource: &'static str) -> Writer {
        Writer { manager: manager.into(), subresource }
    }

    #[test]
    fn a_changed_field_gets_the_writer_as_its_owner() {
        let mut first = json!({ "metadata": { "annotations": { "note": "x" } }, "spec": { "replicas": 2,
            "template": { "spec": { "containers": [{ "name": "app", "image": "a:1" }] } } } });
        record(Kind::Deployment, &json!({}), &mut first, &writer("helm", ""), Timestamp::UNIX_EPOCH);
        let mut second = first.clone();
        second["spec"]["replicas"] = json!(3);
        record(Kind::Deployment, &first, &mut second, &writer("kubectl", "scale"), Timestamp::UNIX_EPOCH);
        let mut third = second.clone();
        third["spec"]["template"]["spec"]["containers"][0]["image"] = json!("a:2");
        third["metadata"]["annotations"] = json!({});
        record(Kind::Deployment, &second, &mut third, &writer("readback", ""), Timestamp::UNIX_EPOCH);

        let entries = third["metadata"]["managedFields"].as_array().unwrap();
        let fields: Vec<_> = entries.iter().map(|entry| (&entry["manager"], &entry["fieldsV1"])).collect();
        let at = |image: Value| json!({ "f:spec": { "f:template": { "f:spec": { "f:containers": { "k:{\"name\":\"app\"}": image } } } } });
        assert_eq!(fields[0], (&json!("helm"), &at(json!({ ".": {}, "f:name": {} }))));
        assert_eq!(fields[1], (&json!("kubectl"), &json!({ "f:spec": { "f:replicas": {} } })));
        assert_eq!(entries[1]["subresource"], "scale");
        let mut mine = at(json!({ "f:image": {} }));
        mine["f:metadata"] = json!({ "f:annotations": {} });
        assert_eq!(fields[2], (&json!("readback"), &mine));
    }
}
