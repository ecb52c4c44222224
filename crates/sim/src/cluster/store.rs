//! The objects, one global version counter, and a bounded history from which watches catch up.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::{failure::Failure, kind::Kind};

/// Maximum past changes that a watch can catch up on.
const HISTORY: usize = 512;
/// Maximum changes that a watcher may lag behind before it must list again.
const BACKLOG: usize = 256;

/// One change of one object.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) kind: Kind,
    pub(crate) object: Arc<Value>,
    pub(crate) deleted: bool,
    /// The object before the change: a watch with a selector must know when an object leaves the selection.
    pub(crate) before: Option<Arc<Value>>,
}

type Key = (Kind, String, String);

/// All objects of the cluster.
#[derive(Debug)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Arc<Value>>,
    revision: u64,
    history: VecDeque<Change>,
    /// The newest version that is no longer in the history.
    forgotten: u64,
    changes: broadcast::Sender<Change>,
}

impl Store {
    pub(crate) fn new() -> Self {
        let (changes, _) = broadcast::channel(BACKLOG);
        Self { objects: BTreeMap::new(), revision: 1, history: VecDeque::new(), forgotten: 1, changes }
    }

    /// The version of the latest change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(&(kind, namespace.to_owned(), name.to_owned()))
    }

    /// The objects of a kind, in one namespace or in all, by name.
    pub(crate) fn list<'a>(
        &'a self,
        kind: Kind,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Value>> + 'a {
        let from = (kind, namespace.unwrap_or_default().to_owned(), String::new());
        self.objects
            .range(from..)
            .take_while(move |((k, ns, _), _)| *k == kind && namespace.is_none_or(|asked| asked == ns))
            .map(|(_, object)| object)
    }

    /// Stores an object under its own name and gives it the next version.
    pub(crate) fn put(&mut self, kind: Kind, mut object: Value) -> Arc<Value> {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        let key = (kind, namespace_of(&object).to_owned(), name_of(&object).to_owned());
        let object = Arc::new(object);
        let before = self.objects.insert(key, Arc::clone(&object));
        self.remember(Change { revision: self.revision, kind, object: Arc::clone(&object), deleted: false, before });
        object
    }

    /// Removes an object; its last state carries the version of its deletion.
    pub(crate) fn remove(&mut self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let before = self.objects.remove(&(kind, namespace.to_owned(), name.to_owned()))?;
        self.revision += 1;
        let mut last = (*before).clone();
        last["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        let object = Arc::new(last);
        let change =
            Change { revision: self.revision, kind, object: Arc::clone(&object), deleted: true, before: Some(before) };
        self.remember(change);
        Some(object)
    }

    /// Forgets the history, as after a compaction.
    pub(crate) fn compact(&mut self) {
        self.history.clear();
        self.forgotten = self.revision;
    }

    /// The changes after `revision`, and a receiver of all later ones.
    pub(crate) fn since(&self, revision: u64) -> Result<(Vec<Change>, broadcast::Receiver<Change>), Failure> {
        if revision < self.forgotten || revision > self.revision {
            return Err(Failure::expired(revision, self.forgotten));
        }
        let missed = self.history.iter().filter(|change| change.revision > revision).cloned().collect();
        Ok((missed, self.changes.subscribe()))
    }

    fn remember(&mut self, change: Change) {
        self.history.push_back(change.clone());
        if self.history.len() > HISTORY
            && let Some(oldest) = self.history.pop_front()
        {
            self.forgotten = oldest.revision;
        }
        // An error only means that nobody watches.
        let _ = self.changes.send(change);
    }
}

/// `metadata.name`, empty if absent.
pub(crate) fn name_of(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// `metadata.namespace`, empty if absent.
pub(crate) fn namespace_of(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// `metadata.uid`, empty if absent.
pub(crate) fn uid_of(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// The text at a JSON pointer, empty if absent.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number at a JSON pointer, 0 if absent.
pub(crate) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The list at a JSON pointer, empty if absent.
pub(crate) fn items<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The replica count that a Deployment or `ReplicaSet` specifies: absent means 1.
pub(crate) fn replicas(object: &Value) -> i64 {
    object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

/// Sets a field that is absent or null.
pub(crate) fn set_default(object: &mut Value, field: &str, value: Value) {
    if let Some(map) = object.as_object_mut()
        && map.get(field).is_none_or(Value::is_null)
    {
        map.insert(field.to_owned(), value);
    }
}

/// A time as Kubernetes writes it, in whole seconds.
pub(crate) fn stamp(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// A fresh uid.
pub(crate) fn new_uid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// True if the object's controller has this uid.
pub(crate) fn is_owned_by(object: &Value, uid: &str) -> bool {
    items(object, "/metadata/ownerReferences").iter().any(|owner| owner["controller"] == true && owner["uid"] == uid)
}
