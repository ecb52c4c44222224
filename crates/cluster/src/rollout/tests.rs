use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::{
    CauseKind, Condition,
    stand_in::{deployment, live_of},
};

fn status(observed: i64, wanted: u32, total: u32, updated: u32, available: u32) -> DeploymentStatusView {
    DeploymentStatusView {
        generation: 4,
        observed_generation: observed,
        wanted,
        replicas: total,
        updated,
        ready: available,
        available,
        ..DeploymentStatusView::default()
    }
}

fn state_name(rollout: &Rollout) -> &'static str {
    match rollout {
        Rollout::Pending => "pending",
        Rollout::Progressing(_) => "progressing",
        Rollout::Stuck { certain: false, .. } => "stuck",
        Rollout::Stuck { certain: true, .. } => "failing",
        Rollout::Done { .. } => "done",
        Rollout::Failed { failure: Failure::DeadlineExceeded, .. } => "deadline",
        Rollout::Failed { failure: Failure::TimeLimit, .. } => "time limit",
        Rollout::Superseded(_) => "superseded",
        Rollout::Paused => "paused",
        Rollout::Gone => "gone",
        Rollout::Lost(_) => "lost",
    }
}

/// The change is made in second 4.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn pod(newest: bool, kind: Option<CauseKind>) -> PodView {
    let cause = kind.map(|kind| Cause {
        kind,
        reason: "Why".into(),
        pod: Some("p".into()),
        container: Some("web".into()),
        image: None,
        detail: String::new(),
    });
    let (ready, exited) = (cause.is_none(), Some(at(5)));
    PodView { name: "p".into(), newest: Some(newest), ready, cause, exited, ..PodView::default() }
}

/// These pods, where nothing is known of refused ones.
fn known(views: &[PodView]) -> Pods {
    Pods { views: views.to_vec(), newest_refused: None }
}

#[test]
fn a_rollout_is_judged_in_kubectls_order() {
    use Changed::{Replicas, Template};
    for (status, changed, rollout, why) in [
        (status(3, 2, 2, 2, 2), Template, "pending", "patched but not yet observed"),
        (status(4, 5, 2, 2, 2), Replicas, "progressing", "still scaling up, although Progressing says done"),
        (status(4, 3, 5, 5, 5), Replicas, "progressing", "still scaling down, where kubectl would say done"),
        (status(4, 2, 3, 1, 2), Template, "progressing", "one of two is new"),
        (status(4, 2, 3, 2, 2), Template, "progressing", "an old one is ending"),
        (status(4, 2, 2, 2, 1), Template, "progressing", "one is not available yet"),
        (status(4, 5, 5, 5, 5), Template, "done", "all five"),
        (status(4, 0, 0, 0, 0), Replicas, "done", "scaled to zero"),
        (status(9, 2, 2, 2, 2), Template, "done", "observed later than asked"),
    ] {
        assert_eq!(state_name(&progress(&status, &[], changed)), rollout, "{why}");
    }
}

#[test]
fn kubernetes_own_verdict_takes_precedence_over_matching_counts() {
    let mut exceeded = status(4, 2, 2, 2, 2);
    exceeded.conditions = vec![Condition {
        kind: "Progressing".into(),
        holds: false,
        reason: "ProgressDeadlineExceeded".into(),
        message: String::new(),
    }];
    assert_eq!(state_name(&progress(&exceeded, &[], Changed::Template)), "deadline");
    exceeded.observed_generation = 3;
    assert_eq!(
        state_name(&progress(&exceeded, &[], Changed::Template)),
        "pending",
        "the verdict is about the change before"
    );
}

#[test]
fn a_paused_deployment_rolls_nothing_out_but_can_be_scaled() {
    let paused = |status: DeploymentStatusView| DeploymentStatusView { paused: true, ..status };
    assert_eq!(state_name(&progress(&paused(status(4, 2, 2, 0, 2)), &[], Changed::Template)), "paused");
    assert_eq!(state_name(&progress(&paused(status(4, 2, 2, 0, 2)), &[], Changed::Replicas)), "done");
    assert_eq!(state_name(&progress(&paused(status(4, 3, 2, 0, 2)), &[], Changed::Replicas)), "progressing");
}

#[test]
fn only_new_pods_explain_and_the_worst_comes_first() {
    let pods =
        [pod(false, Some(CauseKind::Image)), pod(true, Some(CauseKind::Crash)), pod(true, Some(CauseKind::Config))];
    let Rollout::Stuck { cause, .. } = progress(&status(4, 2, 3, 2, 1), &pods, Changed::Template) else {
        panic!("stuck")
    };
    assert_eq!(cause.kind, CauseKind::Config);
    let old = [pod(false, Some(CauseKind::Crash))];
    assert_eq!(state_name(&progress(&status(4, 2, 3, 2, 1), &old, Changed::Template)), "progressing");
    let mut refused = status(4, 5, 2, 2, 2);
    refused.conditions = vec![Condition {
        kind: "ReplicaFailure".into(),
        holds: true,
        reason: "FailedCreate".into(),
        message: "pods \"x\" is forbidden: exceeded quota: small".into(),
    }];
    let Rollout::Stuck { cause, .. } = progress(&refused, &[], Changed::Replicas) else { panic!("stuck") };
    assert_eq!((cause.kind, cause.detail.as_str()), (CauseKind::Refused, "exceeded quota: small"));
}

#[test]
fn old_serving_pods_are_counted_from_pods_where_they_are_known() {
    let old_serving = |pods: &[PodView]| counts(&status(4, 4, 5, 1, 3), pods).old_serving;
    assert_eq!(old_serving(&[]), 3, "without pods: at most the old pods can be ready");
    let waiting = PodView { ready: false, ..pod(true, None) };
    assert_eq!(old_serving(&[PodView { newest: None, ..pod(true, None) }]), 3, "it is unknown which are old");
    assert_eq!(old_serving(&[pod(false, None), pod(false, None), waiting]), 2);
}

fn seen(generation: i64, updated: u32) -> Value {
    let mut raw = deployment();
    raw["metadata"]["generation"] = json!(generation);
    raw["status"]["observedGeneration"] = json!(generation);
    raw["status"]["updatedReplicas"] = json!(updated);
    raw["metadata"]["managedFields"] = json!([{"manager": "readback", "operation": "Update", "time": at(4).to_string(),
        "fieldsV1": {"f:spec": {}}}]);
    raw
}

#[test]
fn a_change_by_somebody_else_is_not_reported_as_ours() {
    let now = Instant::now();
    let look = |changed, first: &Value, then: &Value| {
        let mut tracker = Tracker::new("uid-1".into(), 2, changed, now);
        tracker.look(Some(&live_of(first)), &Pods::default(), now);
        state_name(&tracker.look(Some(&live_of(then)), &Pods::default(), now))
    };
    let mut scaled = seen(3, 1);
    scaled["spec"]["replicas"] = json!(7);
    let mut other = seen(3, 1);
    other["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:0");
    let mut recreated = seen(2, 2);
    recreated["metadata"]["uid"] = json!("uid-2");
    for (changed, then, rollout) in [
        (Changed::Template, &other, "superseded"),
        (Changed::Template, &scaled, "progressing"),
        (Changed::Replicas, &scaled, "superseded"),
        (Changed::Replicas, &other, "progressing"),
        (Changed::Template, &seen(3, 2), "done"),
        (Changed::Template, &recreated, "gone"),
    ] {
        assert_eq!(look(changed, &seen(2, 1), then), rollout, "{changed:?} {then}");
    }
    let mut late = Tracker::new("uid-1".into(), 2, Changed::Template, now);
    assert_eq!(
        state_name(&late.look(Some(&live_of(&seen(3, 2))), &Pods::default(), now)),
        "superseded",
        "our state was never observed"
    );
    let mut early = Tracker::new("uid-1".into(), 2, Changed::Template, now);
    assert_eq!(
        state_name(&early.look(Some(&live_of(&seen(1, 2))), &Pods::default(), now)),
        "pending",
        "a read from before the write"
    );
}

#[test]
fn a_problem_that_lasts_for_seconds_is_certain_and_is_followed_on() {
    let start = Instant::now();
    let live = live_of(&seen(2, 1));
    let after = |looks: &[(u64, Option<CauseKind>)]| {
        let mut tracker = Tracker::new("uid-1".into(), 2, Changed::Template, start);
        let mut last = "";
        for (second, kind) in looks {
            let pods = known(&[pod(true, *kind)]);
            last = state_name(&tracker.look(Some(&live), &pods, start + Duration::from_secs(*second)));
        }
        last
    };
    for (kind, seconds) in [
        (CauseKind::Image, 3),
        (CauseKind::Config, 3),
        (CauseKind::Crash, 3),
        (CauseKind::Refused, 10),
        (CauseKind::Unschedulable, 15),
    ] {
        let kind = Some(kind);
        assert_eq!(after(&[(1, kind), (seconds, kind)]), "stuck", "{kind:?}");
        assert_eq!(after(&[(1, kind), (1 + seconds, kind)]), "failing", "{kind:?}");
        assert_eq!(after(&[(1, kind), (600, kind)]), "failing", "{kind:?} may still pass");
        assert_eq!(after(&[(1, kind), (600, kind), (601, None)]), "progressing", "{kind:?} has passed");
        assert_eq!(after(&[(1, kind), (700, kind)]), "time limit", "{kind:?}");
        assert_eq!(after(&[(1, kind), (2, None), (1 + seconds, kind)]), "stuck", "{kind:?} disappeared in between");
    }
    assert_eq!(after(&[(1, None), (600, None)]), "progressing");
    assert_eq!(after(&[(1, None), (700, None)]), "time limit");
}

/// The last state of a rollout whose pods were seen like this, in these seconds.
fn after_pods(live: &Live, looks: &[(u64, Vec<PodView>)]) -> &'static str {
    let start = Instant::now();
    let mut tracker = Tracker::new("uid-1".into(), 2, Changed::Template, start);
    let mut look =
        |second: u64, pods: &[PodView]| tracker.look(Some(live), &known(pods), start + Duration::from_secs(second));
    looks.iter().map(|(second, pods)| state_name(&look(*second, pods))).last().unwrap()
}

#[test]
fn a_crash_from_before_the_change_makes_nothing_certain() {
    let unclaimed = {
        let mut raw = seen(2, 1);
        raw["metadata"]["managedFields"] = json!([]);
        live_of(&raw)
    };
    let changed = live_of(&seen(2, 1));
    let crashed = pod(true, Some(CauseKind::Crash));
    let with = |created: Option<i64>, exited: Option<i64>| PodView {
        created: created.map(at),
        exited: exited.map(at),
        ..crashed.clone()
    };
    for (live, pod, state, why) in [
        (&changed, with(Some(1), Some(3)), "stuck", "it crashed before the change"),
        (&changed, with(Some(1), None), "stuck", "it is unknown when it crashed"),
        (&changed, with(None, None), "stuck", "nothing is known of it"),
        (&changed, with(Some(1), Some(5)), "failing", "it crashed after the change"),
        (&changed, with(Some(4), None), "failing", "it was created by the change"),
        (&unclaimed, with(Some(9), Some(9)), "stuck", "it is unknown when the change was made"),
    ] {
        let looks: Vec<_> = (1..60).map(|second| (second, vec![pod.clone()])).collect();
        assert_eq!(after_pods(live, &looks), state, "{why}");
        let late = [(1, vec![pod.clone()]), (700, vec![pod.clone()])];
        assert_eq!(after_pods(live, &late), "time limit", "{why}");
    }
    // Once it crashes again, that counts from then on.
    let (old, again) = (with(Some(1), Some(3)), with(Some(1), Some(50)));
    let mut looks = vec![(1, vec![old.clone()]), (9, vec![old]), (10, vec![again.clone()])];
    assert_eq!(after_pods(&changed, &looks), "stuck");
    looks.push((13, vec![again]));
    assert_eq!(after_pods(&changed, &looks), "failing");
}

#[test]
fn pods_that_may_be_old_ones_make_nothing_certain() {
    let live = live_of(&seen(2, 1));
    for kind in [CauseKind::Image, CauseKind::Config, CauseKind::Crash, CauseKind::Unschedulable] {
        for (newest, state) in [(Some(true), "failing"), (None, "stuck"), (Some(false), "progressing")] {
            let pod = PodView { newest, ..pod(true, Some(kind)) };
            let looks: Vec<_> = (1..60).map(|second| (second, vec![pod.clone()])).collect();
            assert_eq!(after_pods(&live, &looks), state, "{kind:?} {newest:?}");
        }
    }
}

#[test]
fn only_pods_of_the_newest_template_that_are_refused_make_it_certain() {
    let mut raw = seen(2, 1);
    raw["status"]["conditions"] = json!([{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
        "message": "pods \"x\" is forbidden: exceeded quota: small"}]);
    let live = live_of(&raw);
    let start = Instant::now();
    for (newest_refused, state) in [(Some(true), "failing"), (Some(false), "stuck"), (None, "stuck")] {
        let mut tracker = Tracker::new("uid-1".into(), 2, Changed::Template, start);
        let pods = Pods { views: Vec::new(), newest_refused };
        let looks = (1..60).map(|second| tracker.look(Some(&live), &pods, start + Duration::from_secs(second)));
        assert_eq!(looks.last().as_ref().map(state_name), Some(state), "{newest_refused:?}");
    }
}

#[test]
fn the_problems_of_two_pods_do_not_add_up() {
    let live = live_of(&seen(2, 1));
    let of = |name: &str, container: &str, kind| {
        let mut pod = pod(true, Some(kind));
        let cause = pod.cause.as_mut().unwrap();
        (cause.pod, cause.container) = (Some(name.into()), Some(container.into()));
        vec![PodView { name: name.into(), ..pod }]
    };
    let (one, other) = (of("a", "web", CauseKind::Image), of("b", "web", CauseKind::Image));
    let both = [one.clone(), other.clone()].concat();
    let proxy = of("a", "proxy", CauseKind::Image);
    let crash = of("a", "web", CauseKind::Crash);
    for (next, state, why) in [
        (&one, "failing", "the same pod"),
        (&both, "failing", "the same pod, and another one"),
        (&other, "stuck", "another pod"),
        (&proxy, "stuck", "another container"),
        (&crash, "stuck", "another problem"),
    ] {
        assert_eq!(after_pods(&live, &[(1, one.clone()), (2, next.clone()), (4, next.clone())]), state, "{why}");
    }
    // What is certain is told, although another pod has a worse problem since a moment ago.
    let seen = [(1, of("b", "web", CauseKind::Crash)), (4, [one, of("b", "web", CauseKind::Crash)].concat())];
    let start = Instant::now();
    let mut tracker = Tracker::new("uid-1".into(), 2, Changed::Template, start);
    let last = seen.map(|(second, pods)| tracker.look(Some(&live), &known(&pods), start + Duration::from_secs(second)));
    let [_, Rollout::Stuck { cause, certain: true, .. }] = &last else { panic!("{last:?}") };
    assert_eq!((cause.kind, cause.pod.as_deref()), (CauseKind::Crash, Some("b")));
}

#[test]
fn new_pods_that_are_refused_while_the_rollout_moves_are_no_failure_yet() {
    let start = Instant::now();
    for (kind, broken) in [(CauseKind::Refused, false), (CauseKind::Unschedulable, false), (CauseKind::Image, true)] {
        let mut tracker = Tracker::new("uid-1".into(), 2, Changed::Template, start);
        let mut last = "";
        for step in 0..8u32 {
            let mut raw = seen(2, step);
            raw["spec"]["replicas"] = json!(9);
            let now = start + Duration::from_secs(u64::from(step) * 5);
            last = state_name(&tracker.look(Some(&live_of(&raw)), &known(&[pod(true, Some(kind))]), now));
        }
        assert_eq!(last == "failing", broken, "{kind:?}");
    }
}

#[test]
fn why_an_image_is_not_pulled_is_kept_while_kubernetes_waits_before_it_tries_again() {
    let start = Instant::now();
    let live = live_of(&seen(2, 1));
    let mut tracker = Tracker::new("uid-1".into(), 2, Changed::Template, start);
    let mut look = |second: u64, image: &str, detail: &str| {
        let mut pod = pod(true, Some(CauseKind::Image));
        let cause = pod.cause.as_mut().unwrap();
        (cause.image, cause.detail) = (Some(image.into()), detail.into());
        let seen = tracker.look(Some(&live), &known(&[pod]), start + Duration::from_secs(second));
        let (Rollout::Stuck { cause, .. } | Rollout::Failed { cause: Some(cause), .. }) = seen else { panic!("stuck") };
        cause.detail
    };
    assert_eq!(look(1, "web:2", "not found"), "not found");
    assert_eq!(look(2, "web:2", ""), "not found");
    assert_eq!(look(3, "web:2", "the registry refuses access"), "the registry refuses access");
    assert_eq!(look(4, "other:2", ""), "", "another image");
    assert_eq!(look(900, "other:2", ""), "", "at the end, too");
}

#[test]
fn a_verdict_left_over_from_the_rollout_before_is_not_accepted_at_once() {
    let start = Instant::now();
    let mut raw = seen(2, 1);
    raw["status"]["conditions"] =
        json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
    let exceeded = live_of(&raw);
    let fine = live_of(&seen(2, 1));
    let after = |looks: &[(u64, &Live)]| {
        let mut tracker = Tracker::new("uid-1".into(), 2, Changed::Template, start);
        let mut look = |second: u64, live| {
            state_name(&tracker.look(Some(live), &Pods::default(), start + Duration::from_secs(second)))
        };
        looks.iter().map(|(second, live)| look(*second, live)).last()
    };
    assert_eq!(after(&[(0, &exceeded)]), Some("progressing"));
    assert_eq!(after(&[(0, &exceeded), (3, &exceeded)]), Some("deadline"));
    assert_eq!(after(&[(0, &exceeded), (2, &fine), (4, &exceeded)]), Some("progressing"));
}

#[test]
fn a_slow_rollout_with_progress_is_followed_on() {
    let start = Instant::now();
    let mut tracker = Tracker::new("uid-1".into(), 2, Changed::Template, start);
    for step in 0..5u32 {
        let mut raw = seen(2, step);
        raw["spec"]["replicas"] = json!(9);
        let seen =
            tracker.look(Some(&live_of(&raw)), &Pods::default(), start + Duration::from_secs(u64::from(step) * 500));
        assert_eq!(state_name(&seen), "progressing");
    }
    let mut raw = seen(2, 9);
    raw["spec"]["replicas"] = json!(10);
    let seen = tracker.look(Some(&live_of(&raw)), &Pods::default(), start + LONGEST);
    assert_eq!(state_name(&seen), "time limit", "an hour is enough");
}
