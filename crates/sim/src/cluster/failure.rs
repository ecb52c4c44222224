//! Refusals as the API server words them: a `Status` object with a reason, a code and details.

use serde_json::{Value, json};

use super::kind::Kind;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: u16,
    reason: &'static str,
    message: String,
    details: Value,
}

/// One wrong field of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// `spec.replicas`
    pub(crate) field: String,
    /// `FieldValueInvalid`
    pub(crate) reason: &'static str,
    /// `Invalid value: -1: must be greater than or equal to 0`
    pub(crate) message: String,
}

impl Cause {
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, why: &str) -> Self {
        let message = format!("Invalid value: {value}: {why}");
        Self { field: field.into(), reason: "FieldValueInvalid", message }
    }

    pub(crate) fn required(field: impl Into<String>) -> Self {
        Self { field: field.into(), reason: "FieldValueRequired", message: "Required value".into() }
    }

    pub(crate) fn required_because(field: impl Into<String>, why: &str) -> Self {
        Self { message: format!("Required value: {why}"), ..Self::required(field) }
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self { field: field.into(), reason: "FieldValueDuplicate", message: format!("Duplicate value: {value}") }
    }

    pub(crate) fn unsupported(field: impl Into<String>, value: &Value, supported: &[&str]) -> Self {
        let supported: Vec<_> = supported.iter().map(|one| format!("{one:?}")).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", supported.join(", "));
        Self { field: field.into(), reason: "FieldValueNotSupported", message }
    }

    pub(crate) fn forbidden(field: impl Into<String>, why: &str) -> Self {
        Self { field: field.into(), reason: "FieldValueForbidden", message: format!("Forbidden: {why}") }
    }
}

impl Failure {
    fn plain(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    fn about(code: u16, reason: &'static str, kind: Kind, name: &str, message: String) -> Self {
        Self { code, reason, message, details: subject(name, kind.group(), kind.plural()) }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::plain(400, "BadRequest", message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::plain(401, "Unauthorized", "Unauthorized")
    }

    pub(crate) fn quota(kind: Kind, name: &str, limit: usize) -> Self {
        let message = format!(
            "{} \"{name}\" is forbidden: exceeded quota: local-cluster, limited: {}={limit}",
            kind.qualified(),
            kind.plural()
        );
        Self::about(403, "Forbidden", kind, name, message)
    }

    pub(crate) fn no_such_path() -> Self {
        Self { details: json!({}), ..Self::plain(404, "NotFound", "the server could not find the requested resource") }
    }

    pub(crate) fn not_found(kind: Kind, name: &str) -> Self {
        Self::about(404, "NotFound", kind, name, format!("{} \"{name}\" not found", kind.qualified()))
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self { details: json!({}), ..Self::plain(405, "MethodNotAllowed", message) }
    }

    pub(crate) fn already_exists(kind: Kind, name: &str) -> Self {
        Self::about(409, "AlreadyExists", kind, name, format!("{} \"{name}\" already exists", kind.qualified()))
    }

    pub(crate) fn conflict(kind: Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::about(409, "Conflict", kind, name, message)
    }

    /// A precondition of a deletion that does not hold; the API server names the kind here, not the resource.
    pub(crate) fn precondition(kind: Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", full(kind.name(), kind.group()));
        Self { details: subject(name, kind.group(), kind.name()), ..Self::plain(409, "Conflict", message) }
    }

    /// The version that a watch asks for is older than the history kept, or not of this cluster.
    pub(crate) fn expired(asked: u64, kept: u64) -> Self {
        Self::plain(410, "Expired", format!("too old resource version: {asked} ({kept})"))
    }

    pub(crate) fn too_large(message: &str) -> Self {
        Self::plain(413, "RequestEntityTooLarge", message)
    }

    pub(crate) fn unsupported_media(accepted: &str) -> Self {
        let message =
            format!("the body of the request was in an unknown format - accepted media types include: {accepted}");
        Self::plain(415, "UnsupportedMediaType", message)
    }

    /// A JSON patch that does not apply, by a failed `test` or a missing path. The API server does not say which.
    pub(crate) fn patch_does_not_apply() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self { details: json!({}), ..Self::plain(422, "Invalid", message) }
    }

    /// The patched document is no object of its kind. The API server does not say whose.
    pub(crate) fn unpatchable(why: &str) -> Self {
        Self::invalid_as(("", ""), "", &[Cause::invalid("patch", &json!("the patched object"), why)])
    }

    /// A body that is no object of its kind.
    pub(crate) fn undecodable(kind: Kind, why: &str) -> Self {
        let version = kind.api_version().rsplit('/').next().unwrap_or_default();
        let name = kind.name();
        Self::bad_request(format!("{name} in version {version:?} cannot be handled as a {name}: {why}"))
    }

    pub(crate) fn invalid(kind: Kind, name: &str, causes: &[Cause]) -> Self {
        Self::invalid_as((kind.name(), kind.group()), name, causes)
    }

    /// The same for what is no kind of the store, such as options: it has a name and a group too.
    pub(crate) fn invalid_as((kind, group): (&str, &str), name: &str, causes: &[Cause]) -> Self {
        let each: Vec<_> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let list = if each.len() == 1 { each.concat() } else { format!("[{}]", each.join(", ")) };
        let causes: Vec<_> = causes
            .iter()
            .map(|cause| json!({ "reason": cause.reason, "message": cause.message, "field": cause.field }))
            .collect();
        let mut details = subject(name, group, kind);
        details["causes"] = json!(causes);
        Self { details, ..Self::plain(422, "Invalid", format!("{} \"{name}\" is invalid: {list}", full(kind, group))) }
    }

    /// What the API server meets with neither a reason nor details.
    pub(crate) fn unexpected(message: &str) -> Self {
        Self::plain(500, "", message)
    }

    /// The `Status` object to answer with.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}

/// What a refusal is about, without the parts that are empty.
fn subject(name: &str, group: &str, kind: &str) -> Value {
    let parts = [("name", name), ("group", group), ("kind", kind)].into_iter().filter(|(_, value)| !value.is_empty());
    parts.map(|(key, value)| (key.to_owned(), json!(value))).collect()
}

/// `Deployment.apps`
fn full(kind: &str, group: &str) -> String {
    if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") }
}
