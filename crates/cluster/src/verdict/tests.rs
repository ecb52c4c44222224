use proptest::prelude::*;
use serde_json::json;

use super::*;

fn body(message: &str, reason: &str) -> Vec<u8> {
    json!({"kind": "Status", "status": "Failure", "message": message, "reason": reason}).to_string().into_bytes()
}

/// The kind of a verdict, without its text.
fn kind(verdict: &WriteVerdict) -> &'static str {
    match verdict {
        WriteVerdict::Moved => "moved",
        WriteVerdict::Gone => "gone",
        WriteVerdict::Refused(_) => "refused",
        WriteVerdict::NoPreview(_) => "no preview",
        WriteVerdict::InDoubt(_) => "in doubt",
    }
}

#[test]
fn each_error_answer_means_what_the_api_server_means_by_it() {
    for (status, reason, message, means) in [
        (422, "Invalid", PATCH_FAILED, "moved"),
        (422, "", "", "moved"),
        (422, "Invalid", "Deployment.apps \"web\" is invalid: spec.replicas: must not be negative", "refused"),
        (409, "Conflict", "Operation cannot be fulfilled", "moved"),
        (404, "NotFound", "deployments.apps \"web\" not found", "gone"),
        (401, "Unauthorized", "Unauthorized", "refused"),
        (403, "Forbidden", "", "refused"),
        (400, "BadRequest", "admission webhook \"a.b\" does not support dry run", "no preview"),
        (400, "BadRequest", "the body is malformed", "refused"),
        (429, "TooManyRequests", "too many requests", "refused"),
        (500, "InternalError", "Internal error occurred: failed calling webhook \"a.b\": timed out", "refused"),
        (500, "", "etcdserver: request timed out", "in doubt"),
        (500, "InternalError", "", "in doubt"),
        (502, "", "", "in doubt"),
        (503, "ServiceUnavailable", "", "in doubt"),
        (504, "Timeout", "", "in doubt"),
        (408, "", "", "in doubt"),
        (499, "", "", "in doubt"),
        (302, "", "", "in doubt"),
    ] {
        assert_eq!(kind(&judge_write_error(status, &body(message, reason))), means, "{status} {message}");
    }
}

#[test]
fn an_error_answer_says_who_refused_and_why() {
    let rbac = |user: &str| {
        format!(
            "deployments.apps \"web\" is forbidden: User \"{user}\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\""
        )
    };
    let lacks = |user: Option<&str>| ApiError::MissingRight {
        user: user.map(str::to_owned),
        verb: "patch".into(),
        resource: "deployments".into(),
        namespace: Some("shop".into()),
    };
    let policy = "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'team-label' with binding 'all' \
                  denied request: label team is missing";
    let quota = "deployments.apps \"web\" is forbidden: exceeded quota: small, requested: x=1";
    let text = str::to_owned;
    for (status, message, says) in [
        (403, rbac("system:serviceaccount:a:b"), lacks(None)),
        (403, rbac("ann@example.com"), lacks(Some("ann@example.com"))),
        (403, text(policy), ApiError::Policy { name: text("team-label"), message: text("label team is missing") }),
        (
            400,
            text("admission webhook \"a.b\" denied the request: no"),
            ApiError::Webhook { name: text("a.b"), message: text("no") },
        ),
        (500, text("failed calling webhook \"a.b\": x"), ApiError::WebhookUnreachable { name: text("a.b") }),
        (403, text(quota), ApiError::Quota { message: text("small, requested: x=1") }),
        (403, text(""), ApiError::Forbidden { message: text("") }),
        (401, text("Unauthorized"), ApiError::Unauthorized),
        (422, text("Deployment.apps \"web\" is invalid: spec: bad."), ApiError::Invalid { message: text("spec: bad") }),
        (429, text("slow down"), ApiError::Busy { message: text("slow down") }),
        (504, text(""), ApiError::Other { status: 504, reason: text("Why"), message: text("") }),
        (302, text(""), ApiError::Elsewhere { message: text("") }),
    ] {
        assert_eq!(api_error(status, &body(&message, "Why")), says);
    }
}

#[test]
fn an_object_in_the_message_goes_and_its_reason_stays() {
    let selector = "v1.LabelSelector{MatchLabels:map[string]string{\"app\":\"web\"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}";
    let template = format!("{{\"spec\":{{\"containers\":[{}]}}}}", "{\"name\":\"web\"},".repeat(2000));
    for (message, told) in [
        (
            format!("Deployment.apps \"web\" is invalid: spec.selector: Invalid value: {selector}: field is immutable"),
            "spec.selector: field is immutable",
        ),
        (
            format!(
                "Deployment.apps \"web\" is invalid: spec.template: Invalid value: \"{template}\": must have a name"
            ),
            "spec.template: must have a name",
        ),
        (format!("cannot use {template}"), "cannot use {…}"),
        ("a {short} one".to_owned(), "a {short} one"),
        ("an open {brace that goes on and on and on".to_owned(), "an open {…}"),
    ] {
        assert_eq!(api_error(422, &body(&message, "Invalid")), ApiError::Invalid { message: told.to_owned() });
    }
}

#[test]
fn an_answer_that_is_no_status_is_judged_by_its_code_alone() {
    let nothing = String::new;
    let forbidden = ApiError::Forbidden { message: nothing() };
    assert_eq!(judge_write_error(403, b"<html>"), WriteVerdict::Refused(forbidden));
    let gateway = ApiError::Other { status: 502, reason: nothing(), message: nothing() };
    assert_eq!(judge_write_error(502, b"\xff\x00"), WriteVerdict::InDoubt(gateway));
}

#[test]
fn hidden_characters_never_reach_a_reader() {
    assert_eq!(plain("a\u{202e}b\n\tc\u{0}d\u{200b}"), "ab c d");
}

proptest! {
    #[test]
    fn whatever_a_cluster_says_becomes_short_lines(status in 300u16..600, message in "\\PC{0,400}", raw in any::<Vec<u8>>()) {
        for body in [body(&message, ""), raw] {
            let said = serde_json::to_value(api_error(status, &body)).expect("a record");
            for text in said.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str()) {
                prop_assert!(text.chars().count() <= LONGEST && !text.chars().any(char::is_control), "{text}");
            }
            let _ = judge_write_error(status, &body);
        }
    }
}
