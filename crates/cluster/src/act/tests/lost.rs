//! Writes whose answer was lost, and what their object shows then.

use super::*;

#[tokio::test]
async fn after_a_lost_answer_the_new_values_mean_done() {
    let three = |_| Reply::json(200, set_by("readback"));
    let unanswered = after(|| Reply::Hang, three);
    let broken = after(|| Reply::Broken, three);
    let gateway = after(|| Reply::status(504, "Timeout", ""), three);
    // The write is stored after the first read.
    let late = after(|| Reply::Broken, |times| Reply::json(200, if times == 0 { at(2) } else { set_by("readback") }));
    let (unanswered, broken, gateway, late) = tokio::join!(unanswered, broken, gateway, late);
    for (applied, _) in [unanswered, broken, gateway, late] {
        assert!(matches!(&applied, Applied::Done(Some(live)) if replicas(live) == 3), "{applied:?}");
    }
}

/// Three replicas, set by this manager in the one write since the claim.
fn set_by(manager: &str) -> Value {
    let mut raw = at_generation(2, 3);
    let fields = json!({"f:spec": {"f:replicas": {}}});
    let entry = json!({"manager": manager, "operation": "Update", "time": "2026-11-26T09:00:00Z", "fieldsV1": fields});
    raw["metadata"]["managedFields"] = json!([entry]);
    raw
}

#[tokio::test]
async fn after_a_lost_answer_the_new_values_of_somebody_else_are_not_ours() {
    let by_kubectl = after(|| Reply::Broken, |_| Reply::json(200, set_by("kubectl")));
    let by_nobody_known = after(|| Reply::Broken, |_| Reply::json(200, at_generation(2, 3)));
    let before = after(|| Reply::Broken, |_| Reply::json(200, at(3)));
    let ((by_kubectl, _), (by_nobody_known, _), (before, _)) = tokio::join!(by_kubectl, by_nobody_known, before);
    let set_by_other = |manager: Option<&str>| NotAppliedReason::SetByOther { manager: manager.map(Into::into) };
    let kubectl = set_by_other(Some("kubectl"));
    assert!(matches!(&by_kubectl, Applied::NotApplied { why, live: Some(_) } if *why == kubectl), "{by_kubectl:?}");
    let unknown = Trail::Set { by: None };
    assert!(matches!(&by_nobody_known, Applied::Unknown { found, .. } if *found == unknown), "{by_nobody_known:?}");
    let nobody = set_by_other(None);
    assert!(matches!(&before, Applied::NotApplied { why, .. } if *why == nobody), "{before:?}");
}

#[tokio::test]
async fn after_a_lost_answer_the_old_values_leave_the_outcome_open() {
    let two = |_| Reply::json(200, at(2));
    let unanswered = after(|| Reply::Hang, two);
    let broken = after(|| Reply::Broken, two);
    let gateway = after(|| Reply::status(503, "", ""), two);
    let (unanswered, broken, gateway) = tokio::join!(unanswered, broken, gateway);
    for (applied, _) in [&unanswered, &broken, &gateway] {
        assert!(matches!(applied, Applied::Unknown { found: Trail::Untouched, .. }), "{applied:?}");
    }
    assert!(broken.1.len() > 2, "one look is too early to tell: {:?}", broken.1);
}

#[tokio::test]
async fn a_claimed_patch_is_for_the_generation_of_its_claim() {
    let api = Api::start(|_| Reply::json(200, at(3))).await;
    assert!(matches!(written(&api.cluster().await, &claimed()).await, Applied::Done(Some(_))));
    let test = json!({"op": "test", "path": "/metadata/generation", "value": 1});
    assert_eq!(api.calls()[0].json()[1], test);
    for raw in [at_generation(1, 2), at_generation(2, 2)] {
        let fits = raw["metadata"]["generation"] == 1;
        assert_eq!(json_patch::patch(&mut raw.clone(), &claimed().sent()).is_ok(), fits, "{raw}");
    }
    let scale = Write { means: WriteKind::Scale, ..claimed() };
    assert_eq!(scale.sent(), scale.patch, "a Scale has no generation");
}

#[tokio::test]
async fn once_the_spec_was_written_a_lost_patch_is_ruled_out() {
    let lost = async |found: Value| {
        let api = Api::start(move |call| if is_patch(call) { Reply::Broken } else { Reply::json(200, found.clone()) });
        written(&api.await.cluster().await, &claimed()).await
    };
    let elsewhere = lost(at_generation(2, 2)).await;
    let why = NotAppliedReason::ChangedElsewhere;
    assert!(matches!(&elsewhere, Applied::NotApplied { why: found, live: Some(_) } if *found == why), "{elsewhere:?}");
    let other = lost(at_generation(2, 9)).await;
    assert!(matches!(&other, Applied::Stale(Some(live)) if replicas(live) == 9), "{other:?}");
    for (twice, trail) in [(at_generation(3, 2), Trail::Rewritten), (at_generation(3, 9), Trail::Neither)] {
        let unclear = lost(twice).await;
        assert!(matches!(&unclear, Applied::Unknown { found, .. } if *found == trail), "{unclear:?}");
    }
}

#[tokio::test]
async fn a_patch_that_another_field_got_before_is_told_as_that() {
    let refused =
        |call: &Call| if is_patch(call) { Reply::test_failed() } else { Reply::json(200, at_generation(2, 2)) };
    let api = Api::start(refused).await;
    let applied = written(&api.cluster().await, &claimed()).await;
    let why = NotAppliedReason::ChangedElsewhere;
    assert!(matches!(&applied, Applied::NotApplied { why: found, .. } if *found == why), "{applied:?}");
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_leaves_the_outcome_open() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut server = tokio::task::JoinSet::new();
    server.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut some = [0; 64];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut some).await.unwrap();
        }
    });
    let cluster = Cluster::connect(connection(port)).await.unwrap();
    let applied = written(&cluster, &order()).await;
    assert!(matches!(applied, Applied::Unknown { error: CallError::Broken { .. }, .. }), "{applied:?}");
}

#[tokio::test]
async fn what_reading_cannot_settle_is_unknown() {
    let otherwise = after(|| Reply::Broken, |_| Reply::json(200, at_generation(3, 9)));
    let unreadable = after(|| Reply::Broken, |_| Reply::status(503, "", ""));
    let gone = after(|| Reply::Broken, |_| Reply::not_found());
    let (otherwise, unreadable, gone) = tokio::join!(otherwise, unreadable, gone);
    for (applied, _) in [otherwise, unreadable, gone] {
        assert!(matches!(applied, Applied::Unknown { .. }), "{applied:?}");
    }
}
