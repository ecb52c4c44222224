use super::*;
use readback_cluster::{
    CauseKind,
    testing::{deployment, live_of},
};
use readback_core::change::{Decide, Order, RolloutFailure, Update, samples};
use serde_json::json;

const TOOK: Duration = Duration::from_secs(9);

/// Two of four pods have the new image, and three old ones serve.
const COUNTS: Progress = Progress { wanted: 4, total: 5, updated: 2, ready: 3, available: 3, old_serving: 3 };

fn change() -> Change {
    Change::asking(samples::order()).unwrap()
}

fn scaled() -> Change {
    Change::asking(Order { template_changed: false, ..samples::order() }).unwrap()
}

fn cause(kind: CauseKind, detail: &str) -> Cause {
    Cause {
        kind,
        reason: "Why".into(),
        pod: Some("web-1".into()),
        container: Some("web".into()),
        image: Some("web:2".into()),
        detail: detail.into(),
    }
}

fn not_found() -> Cause {
    cause(CauseKind::Image, "not found")
}

fn failed(change: &Change) -> Change {
    let failure = RolloutFailure { message: "failure".into(), cause: Some(not_found()) };
    Update::FailurePosted(change.id(), failure).apply(change.clone().into(), samples::at(1)).0.first().clone()
}

fn later(by: &str, change: impl FnOnce(Order) -> Order) -> Change {
    let order = Order { message_id: "m2".into(), requester: samples::person(by), ..samples::order() };
    let asked = Change::asking(change(order)).unwrap();
    let approve = Decide::Approve { who: samples::person(by), authorization: Ok(()), cause: None };
    Update::Decide(approve).apply(asked.into(), samples::at(60)).0.first().clone()
}

#[test]
fn a_failure_is_told_with_its_cause_and_what_serves() {
    let told = |change: &Change, progress, cause: Option<&Cause>, ended| {
        let failing = Failing { progress: &progress, cause, ended };
        rollout_failure(change, &failing)
    };
    let what = "`nginx-deployment` nginx:1.20 → nginx:1.21.";
    let one_old = Progress { old_serving: 1, ..COUNTS };
    let none = Progress { ready: 0, old_serving: 0, ..COUNTS };
    let crash = cause(CauseKind::Crash, "exit code 1");
    let quota = cause(CauseKind::Refused, "exceeded quota: small");
    let node = cause(CauseKind::Unschedulable, "0/3 nodes are available");
    for (told, text) in [
        (
            told(&change(), COUNTS, Some(&not_found()), None),
            "Not rolling out: the image `web:2` cannot be pulled (not found). The 3 old pods are still serving.",
        ),
        (
            told(&change(), one_old, Some(&crash), None),
            "Not rolling out: `web` keeps crashing (exit code 1). The old pod is still serving.",
        ),
        (
            told(&change(), none, Some(&crash), None),
            "Not rolling out: `web` keeps crashing (exit code 1). No pod is ready.",
        ),
        (
            told(&change(), COUNTS, None, Some(Failure::DeadlineExceeded)),
            "Not rolling out: 2 of 4 updated, 3 ready, and the deadline of the rollout has passed. The 3 old pods are still serving.",
        ),
        (
            told(&scaled(), COUNTS, Some(&quota), None),
            "Stuck at 3 of 4 ready: the cluster refuses new pods (exceeded quota: small).",
        ),
        (
            told(&scaled(), COUNTS, Some(&node), None),
            "Stuck at 3 of 4 ready: no node takes the pod (0/3 nodes are available).",
        ),
        (told(&scaled(), COUNTS, None, Some(Failure::TimeLimit)), "Not done yet: 3 of 4 ready. I stopped watching."),
    ] {
        assert_eq!(told, format!("{what} {text}"));
    }
}

#[test]
fn the_message_that_is_edited_says_it_too_and_how_it_goes_on() {
    let stuck = |certain| Rollout::Stuck { progress: COUNTS, cause: not_found(), certain };
    let told = |state: &Rollout, change: &Change| rollout(state, TOOK, change, None);
    assert_eq!(
        told(&stuck(false), &change()),
        "Rolling out: 2 of 4 updated, 3 ready; the image `web:2` cannot be pulled (not found)."
    );
    let begins = "Not rolling out: 2 of 4 updated, 3 ready; the image `web:2` cannot be pulled (not found). The 3 old pods are still serving.";
    assert_eq!(told(&stuck(true), &change()), format!("{begins} Kubernetes keeps trying, and I keep watching."));
    let ended = |failure| Rollout::Failed { failure, progress: COUNTS, cause: Some(not_found()) };
    assert_eq!(
        told(&ended(Failure::DeadlineExceeded), &change()),
        format!(
            "{begins} Its deadline has passed. Kubernetes keeps trying and does not take it back by itself; I stopped watching."
        )
    );
    assert_eq!(told(&ended(Failure::TimeLimit), &change()), format!("{begins} I stopped watching."));
    let done = Rollout::Done { ready: 4, wanted: 4 };
    assert_eq!(told(&done, &change()), "Done, 4 of 4 updated and ready after 9 s.");
    let after_all = "Done after all, 4 of 4 updated and ready after 9 s.";
    assert_eq!(told(&done, &failed(&change())), after_all);
    assert_eq!(
        rollout_failed_before(&failed(&change()), after_all),
        "`nginx-deployment` nginx:1.20 → nginx:1.21. It was not rolling out: the image `web:2` cannot be pulled (not found). \
         Done after all, 4 of 4 updated and ready after 9 s."
    );
}

#[test]
fn whoever_has_changed_it_since_is_named() {
    let live = |manager: &str, field: &str| {
        let mut raw = deployment();
        let entry = |manager: &str, field: &str, second: u32| {
            json!({"manager": manager, "operation": "Update", "time": format!("2026-11-26T09:00:0{second}Z"),
                "fieldsV1": {"f:spec": {field: {}}}})
        };
        raw["metadata"]["managedFields"] =
            json!([entry("readback", "f:template", 1), entry("readback", "f:replicas", 1), entry(manager, field, 2)]);
        Rollout::Superseded(Box::new(live_of(&raw)))
    };
    let now = "since: it has 2 replicas and runs `nginx:1.20` now.";
    let bo = later("bo", |order| order);
    let undo = later("ann", |order| Order { undoes: Some(change().id()), ..order });
    for (state, change, later, text) in vec![
        (live("kubectl-edit", "f:template"), change(), None, format!("`kubectl-edit` has changed it {now}")),
        (live("kubectl-edit", "f:template"), change(), Some(&bo), format!("`kubectl-edit` has changed it {now}")),
        (live("argocd-controller", "f:template"), change(), None, format!("Argo CD has changed it {now}")),
        (live("kube-controller-manager", "f:replicas"), scaled(), None, format!("An autoscaler has changed it {now}")),
        (live("readback", "f:template"), change(), Some(&bo), format!("A later order by bo has changed it {now}")),
        (live("readback", "f:template"), change(), None, format!("A later order through me has changed it {now}")),
        // The autoscaler has written to the spec last, and not to the template.
        (
            live("kube-controller-manager", "f:replicas"),
            change(),
            Some(&bo),
            format!("A later order by bo has changed it {now}"),
        ),
        (live("readback", "f:template"), change(), Some(&undo), "Undone by ann at 08:01 UTC.".to_owned()),
        (Rollout::Gone, change(), None, "It has been deleted since.".to_owned()),
        (Rollout::Gone, change(), Some(&bo), "It has been deleted since.".to_owned()),
        (
            Rollout::Gone,
            change(),
            Some(&later("bo", |order| Order { intent: Intent::Delete, ..order })),
            "bo has deleted it since.".to_owned(),
        ),
    ] {
        assert_eq!(rollout(&state, TOOK, &change, later), text);
    }
}
