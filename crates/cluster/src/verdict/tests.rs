use proptest::prelude::*;
use serde_json::json;

use super::*;

fn body(message: &str, reason: &str) -> Vec<u8> {
    json!({"kind": "Status", "status": "Failure", "message": message, "reason": reason}).to_string().into_bytes()
}

fn refused(text: &str) -> WriteVerdict {
    WriteVerdict::Refused(text.into())
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
fn a_refusal_is_told_in_one_plain_sentence() {
    let rbac = "deployments.apps \"web\" is forbidden: User \"system:serviceaccount:a:b\" cannot patch resource \
                \"deployments\" in API group \"apps\" in the namespace \"shop\"";
    let policy = "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'team-label' with binding 'all' \
                  denied request: label team is missing";
    let quota = "deployments.apps \"web\" is forbidden: exceeded quota: small, requested: x=1";
    for (status, message, told) in [
        (403, rbac, "readback's role in `shop` does not allow `patch` on `deployments`."),
        (403, policy, "The policy `team-label` of this cluster refused it: “label team is missing”."),
        (400, "admission webhook \"a.b\" denied the request: no", "The admission webhook `a.b` refused it: “no”."),
        (
            500,
            "failed calling webhook \"a.b\": x",
            "The admission webhook `a.b` could not be asked, so the cluster refused it.",
        ),
        (403, quota, "A quota refused it: small, requested: x=1."),
        (403, "", "The cluster refused it."),
        (401, "Unauthorized", "The cluster does not accept readback's credentials."),
        (422, "Deployment.apps \"web\" is invalid: spec: bad", "The cluster finds it invalid: spec: bad."),
        (429, "slow down", "The cluster is too busy and turned it away: slow down."),
        (504, "", "The API server answered 504 (Why)."),
        (500, "etcd timed out", "The API server answered 500: etcd timed out."),
        (302, "", "The API server's address leads elsewhere."),
    ] {
        assert_eq!(sentence(status, &body(message, "Why")), told);
    }
}

#[test]
fn an_object_in_the_message_goes_and_its_reason_stays() {
    let selector = "v1.LabelSelector{MatchLabels:map[string]string{\"app\":\"web\"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}";
    let template = format!("{{\"spec\":{{\"containers\":[{}]}}}}", "{\"name\":\"web\"},".repeat(2000));
    for (message, told) in [
        (
            format!("Deployment.apps \"web\" is invalid: spec.selector: Invalid value: {selector}: field is immutable"),
            "The cluster finds it invalid: spec.selector: field is immutable.",
        ),
        (
            format!(
                "Deployment.apps \"web\" is invalid: spec.template: Invalid value: \"{template}\": must have a name"
            ),
            "The cluster finds it invalid: spec.template: must have a name.",
        ),
        (format!("cannot use {template}"), "The cluster finds it invalid: cannot use {…}."),
        ("a {short} one".to_owned(), "The cluster finds it invalid: a {short} one."),
        ("an open {brace that goes on and on and on".to_owned(), "The cluster finds it invalid: an open {…}."),
    ] {
        assert_eq!(sentence(422, &body(&message, "Invalid")), told);
    }
}

#[test]
fn an_answer_that_is_no_status_is_judged_by_its_code_alone() {
    assert_eq!(judge_write_error(403, b"<html>"), refused("The cluster refused it."));
    assert_eq!(judge_write_error(502, b"\xff\x00"), WriteVerdict::InDoubt("The API server answered 502.".into()));
}

#[test]
fn hidden_characters_never_reach_a_reader() {
    assert_eq!(plain("a\u{202e}b\n\tc\u{0}d\u{200b}"), "ab c d");
}

proptest! {
    #[test]
    fn whatever_a_cluster_says_becomes_one_short_line(status in 300u16..600, message in "\\PC{0,400}", raw in any::<Vec<u8>>()) {
        for body in [body(&message, ""), raw] {
            let text = sentence(status, &body);
            prop_assert!(!text.is_empty() && text.chars().count() <= LONGEST);
            prop_assert!(!text.chars().any(char::is_control));
            let _ = judge_write_error(status, &body);
        }
    }
}
