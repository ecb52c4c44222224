//! Errors as the API server reports them: a `Status` object with a reason, a code and details.

use serde_json::{Value, json};

use super::kind::Kind;

/// An error response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: u16,
    reason: &'static str,
    message: String,
    details: Value,
}

/// One invalid field of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// `spec.replicas`
    field: String,
    /// `Invalid value: -1: must be greater than or equal to 0`
    message: String,
}

impl Cause {
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, why: &str) -> Self {
        Self { field: field.into(), message: format!("Invalid value: {value}: {why}") }
    }

    pub(crate) fn required(field: impl Into<String>) -> Self {
        Self { field: field.into(), message: "Required value".into() }
    }
}

impl Failure {
    fn plain(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: json!({}) }
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

    /// The version that a watch asks for is older than the kept history, or from another cluster.
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

    /// A JSON patch that does not apply: a failed `test` or a missing path. The API server does not say which.
    pub(crate) fn patch_does_not_apply() -> Self {
        Self::plain(422, "Invalid", "the server rejected our request due to an error in our request")
    }

    /// An object with invalid fields. kubectl shows the causes, other clients the message.
    pub(crate) fn invalid(kind: Kind, name: &str, causes: &[Cause]) -> Self {
        let each: Vec<_> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let list = if each.len() == 1 { each.concat() } else { format!("[{}]", each.join(", ")) };
        let cause =
            |cause: &Cause| json!({ "reason": "FieldValueInvalid", "message": cause.message, "field": cause.field });
        let causes: Vec<_> = causes.iter().map(cause).collect();
        let details = json!({ "name": name, "group": kind.group(), "kind": kind.name(), "causes": causes });
        let message = format!("{}.{} \"{name}\" is invalid: {list}", kind.name(), kind.group());
        Self { code: 422, reason: "Invalid", message, details }
    }

    /// The `Status` object of the response.
    pub(crate) fn status(&self) -> Value {
        json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
            "reason": self.reason, "code": self.code, "details": self.details })
    }
}
