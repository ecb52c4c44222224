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
    /// `FieldValueInvalid` or `FieldValueRequired`
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
}

impl Failure {
    fn plain(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    fn about(code: u16, reason: &'static str, kind: Kind, name: &str, message: String) -> Self {
        let details = json!({ "name": name, "group": kind.group(), "kind": kind.plural() });
        Self { code, reason, message, details }
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
        Self::plain(404, "NotFound", "the server could not find the requested resource")
    }

    pub(crate) fn not_found(kind: Kind, name: &str) -> Self {
        Self::about(404, "NotFound", kind, name, format!("{} \"{name}\" not found", kind.qualified()))
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::plain(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    pub(crate) fn already_exists(kind: Kind, name: &str) -> Self {
        Self::about(409, "AlreadyExists", kind, name, format!("{} \"{name}\" already exists", kind.qualified()))
    }

    pub(crate) fn conflict(kind: Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::about(409, "Conflict", kind, name, message)
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

    /// The patched document is no object of its kind.
    pub(crate) fn undecodable(kind: Kind, name: &str, why: &str) -> Self {
        let cause =
            Cause { field: "patch".into(), reason: "FieldValueInvalid", message: format!("Invalid value: {why}") };
        Self::invalid(kind, name, &[cause])
    }

    pub(crate) fn invalid(kind: Kind, name: &str, causes: &[Cause]) -> Self {
        let each: Vec<_> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let list = if each.len() == 1 { each.concat() } else { format!("[{}]", each.join(", ")) };
        let full =
            if kind.group().is_empty() { kind.name().into() } else { format!("{}.{}", kind.name(), kind.group()) };
        let causes: Vec<_> = causes
            .iter()
            .map(|cause| json!({ "reason": cause.reason, "message": cause.message, "field": cause.field }))
            .collect();
        let details = json!({ "name": name, "group": kind.group(), "kind": kind.name(), "causes": causes });
        Self { details, ..Self::plain(422, "Invalid", format!("{full} \"{name}\" is invalid: {list}")) }
    }

    /// The `Status` object to answer with.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}
