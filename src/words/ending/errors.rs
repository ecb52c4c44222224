//! Tests the text shown in the room for each API server error.

use serde_json::json;

use readback_cluster::testing::{WriteVerdict, deployment, judge_write_error, live_of};
use readback_core::change::{CallError, Change, EndReason, NotAppliedReason, Outcome, Trail, samples::order};

fn body(message: &str, reason: &str) -> Vec<u8> {
    json!({"kind": "Status", "status": "Failure", "message": message, "reason": reason}).to_string().into_bytes()
}

#[test]
fn each_error_reads_like_this() {
    let change = Change::asking(order()).unwrap();
    let room = |status: u16, reason: &str, message: &str| match judge_write_error(status, &body(message, reason)) {
        WriteVerdict::Moved => super::stale(&change, &live_of(&deployment()).values()),
        WriteVerdict::Gone => super::gone(&change),
        WriteVerdict::Refused(why) | WriteVerdict::NoPreview(why) => super::refused(&CallError::Answered(why)),
        WriteVerdict::InDoubt(why) => super::unknown(&change, &super::call_error(&CallError::Answered(why))),
    };
    let told = [
        room(
            403,
            "Forbidden",
            "deployments.apps \"web\" is forbidden: User \"system:serviceaccount:a:b\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"",
        ),
        room(
            403,
            "Forbidden",
            "deployments.apps \"web\" is forbidden: User \"ann@example.com\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"",
        ),
        room(
            403,
            "Forbidden",
            "pods \"web-1\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=5, limited: pods=5",
        ),
        room(
            400,
            "BadRequest",
            "admission webhook \"policy.example\" denied the request: label *team* is missing <@all>",
        ),
        room(404, "NotFound", "deployments.apps \"web\" not found"),
        room(409, "Conflict", "Operation cannot be fulfilled on deployments.apps \"web\""),
        room(
            422,
            "Invalid",
            "Deployment.apps \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        ),
        room(429, "TooManyRequests", "too many requests, please try again later"),
        room(500, "InternalError", "etcdserver: request timed out"),
        room(503, "ServiceUnavailable", "apiserver is shutting down"),
        room(504, "Timeout", ""),
    ];
    let reads = [
        "readback's role in `shop` does not allow `patch` on `deployments`. Nothing was changed.",
        "The cluster does not allow `ann@example.com` to `patch` `deployments` in `shop`. Nothing was changed.",
        "A quota refused it: small, requested: pods=1, used: pods=5, limited: pods=5. Nothing was changed.",
        "The admission webhook `policy.example` refused it: “label \\*team\\* is missing &lt;@all&gt;”. Nothing was changed.",
        "Not applied: `nginx-deployment` is gone, or another Deployment has its name now.",
        "Not applied: `nginx-deployment` was at nginx:1.20 when you asked, and it runs `nginx:1.20` now. Say it again if it still holds.",
        "The cluster finds it invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0. Nothing was changed.",
        "The cluster is too busy and turned it away: too many requests, please try again later. Nothing was changed.",
        "I cannot tell whether `nginx-deployment` was changed: The API server answered 500: etcdserver: request timed out. Ask me for its status before you repeat it.",
        "I cannot tell whether `nginx-deployment` was changed: The API server answered 503: apiserver is shutting down. Ask me for its status before you repeat it.",
        "I cannot tell whether `nginx-deployment` was changed: The API server answered 504 (Timeout). Ask me for its status before you repeat it.",
    ];
    assert_eq!(told, reads);
}

#[test]
fn what_could_not_be_read_before_a_change_is_told_with_what_the_cluster_did() {
    let error = CallError::timed_out(std::time::Duration::from_secs(10));
    assert_eq!(
        super::unreadable(&Change::asking(order()).unwrap(), &error),
        "Not applied: `nginx-deployment` could not be read. The cluster `main` did not answer in 10 s. Nothing was changed."
    );
}

#[test]
fn what_is_known_after_a_lost_answer_reads_like_this() {
    let change = Change::asking(order()).unwrap();
    let live = live_of(&deployment()).values();
    let unknown = |found| EndReason::Unknown { error: CallError::TimedOut { millis: 12_000 }, found };
    let not = |why| EndReason::NotApplied { why };
    let set_by = |manager: Option<&str>| not(NotAppliedReason::SetByOther { manager: manager.map(Into::into) });
    for (reason, reads) in [
        (
            unknown(Trail::Untouched),
            "I have no answer yet whether `nginx-deployment` was changed: the API server did not answer in 12 s; so far it is as it was. It may still happen. I keep looking for ten minutes, and tell you here what came of it.",
        ),
        (
            unknown(Trail::Set { by: Some("kubectl".into()) }),
            "I cannot tell whether `nginx-deployment` was changed: the API server did not answer in 12 s; it is as ordered now, but `kubectl` has set that last. Ask me for its status before you repeat it.",
        ),
        (
            unknown(Trail::Set { by: None }),
            "I cannot tell whether `nginx-deployment` was changed: the API server did not answer in 12 s; it is as ordered now, but by whom I cannot tell. Ask me for its status before you repeat it.",
        ),
        (
            unknown(Trail::Rewritten),
            "I cannot tell whether `nginx-deployment` was changed: the API server did not answer in 12 s; it is as it was, but was changed several times since. Ask me for its status before you repeat it.",
        ),
        (
            set_by(Some("argocd-controller")),
            "Not changed by this order: Argo CD has set the same in the meantime. `nginx-deployment` has 2 replicas and runs `nginx:1.20` now.",
        ),
        (
            set_by(Some("readback")),
            "Not changed by this order: another order through me has set the same in the meantime. `nginx-deployment` has 2 replicas and runs `nginx:1.20` now.",
        ),
        (
            set_by(None),
            "Not changed by this order: it was as ordered before. `nginx-deployment` has 2 replicas and runs `nginx:1.20` now.",
        ),
        (
            not(NotAppliedReason::ChangedElsewhere),
            "Not applied to `nginx-deployment`: something else in it was changed at the same moment. I looked again: it has 2 replicas and runs `nginx:1.20`. Nothing was changed.",
        ),
    ] {
        let outcome = Outcome { reason, live: live.clone() };
        assert_eq!(super::came_of(&change, &outcome), reads);
    }
}
