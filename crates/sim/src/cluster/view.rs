//! How a client wants to see objects: whole, their metadata only, or as rows of a table.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{kind::Kind, table::table};

/// How a client wants to see objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// As they are.
    Objects,
    /// Their metadata only.
    Metadata,
    /// As rows.
    Table,
}

impl View {
    /// Reads `Accept`: the first known media type wins.
    pub(crate) fn read(accept: &str) -> Self {
        let first = accept.split(',').map(str::trim).find(|media| media.starts_with("application/json"));
        match first.and_then(|media| media.split(';').find_map(|part| part.trim().strip_prefix("as="))) {
            Some("Table") => Self::Table,
            Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Self::Metadata,
            _ => Self::Objects,
        }
    }

    /// One object in this view. `revision` is the version of the store.
    pub(crate) fn one(self, kind: Kind, object: &Value, revision: &str, now: Timestamp) -> Value {
        match self {
            Self::Objects => object.clone(),
            Self::Metadata => metadata(object),
            Self::Table => table(kind, std::iter::once(object), revision, now),
        }
    }

    /// A list in this view.
    pub(crate) fn list<'a>(
        self,
        kind: Kind,
        objects: impl Iterator<Item = &'a Value>,
        revision: &str,
        now: Timestamp,
    ) -> Value {
        let (name, version, items): (_, _, Vec<_>) = match self {
            Self::Table => return table(kind, objects, revision, now),
            Self::Objects => (kind.name(), kind.api_version(), objects.cloned().collect()),
            Self::Metadata => ("PartialObjectMetadata", META, objects.map(metadata).collect()),
        };
        json!({ "kind": format!("{name}List"), "apiVersion": version, "metadata": { "resourceVersion": revision },
            "items": items })
    }
}

/// The version of objects that only represent another one.
const META: &str = "meta.k8s.io/v1";

/// An object's metadata only.
pub(crate) fn metadata(object: &Value) -> Value {
    json!({ "kind": "PartialObjectMetadata", "apiVersion": META, "metadata": object["metadata"] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_media_type_of_accept_decides_the_view() {
        let kubectl =
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1,application/json";
        assert_eq!(View::read(kubectl), View::Table);
        assert_eq!(View::read("application/vnd.kubernetes.protobuf,application/json"), View::Objects);
        assert_eq!(View::read("*/*"), View::Objects);
        let partial = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";
        assert_eq!(View::read(partial), View::Metadata);
    }
}
