use serde_json::{Value, json};

use super::*;
use jiff::Timestamp;
use readback_core::change::{ApiError, Claim, RunId};

use crate::{
    scale,
    stand_in::{Api, Call, Reply, connection, deployment, live_of, web},
};

mod lost;

/// It may be sent.
const IN_TIME: Due<'static> = &|| true;

/// Scales `web` from 2 to 3.
fn order() -> Write {
    scale(&live_of(&deployment()), 3).unwrap()
}

async fn written(cluster: &Cluster, write: &Write) -> Applied {
    cluster.reserve().await.expect("there is a place").write(write, IN_TIME).await
}

fn at(replicas: u32) -> Value {
    let mut raw = deployment();
    raw["spec"]["replicas"] = json!(replicas);
    raw
}

fn is_patch(call: &Call) -> bool {
    call.method == http::Method::PATCH
}

/// The same write, claimed at generation 1.
fn claimed() -> Write {
    let claim = Claim { generation: 1, run_id: RunId::fresh(), at: Timestamp::UNIX_EPOCH };
    Write { claim: Some(claim), ..order() }
}

/// The Deployment at this generation, with this many replicas.
fn at_generation(generation: i64, replicas: u32) -> Value {
    let mut raw = at(replicas);
    raw["metadata"]["generation"] = json!(generation);
    raw
}

/// Replies to the PATCH with `reply` and to every read with `read`.
async fn after(reply: fn() -> Reply, read: fn(usize) -> Reply) -> (Applied, Vec<String>) {
    let api = Api::start(move |call| if is_patch(call) { reply() } else { read(call.times) }).await;
    let applied = written(&api.cluster().await, &claimed()).await;
    let patches = api.calls().iter().filter(|call| is_patch(call)).count();
    assert_eq!(patches, 1, "a write is never sent twice");
    (applied, api.lines())
}

fn replicas(live: &Live) -> u32 {
    live.replicas()
}

#[tokio::test]
async fn a_write_is_one_json_patch_with_its_preconditions_and_done_is_what_the_server_returned() {
    let api = Api::start(|_| Reply::json(200, at(3))).await;
    let Applied::Done(live) = written(&api.cluster().await, &order()).await else { panic!("it is applied") };
    assert_eq!(live.as_deref().map(replicas), Some(3));
    let path = "/apis/apps/v1/namespaces/shop/deployments/web";
    assert_eq!(api.lines(), [format!("PATCH {path}?fieldManager=readback&timeout=1s")]);
    let call = &api.calls()[0];
    assert_eq!(
        (call.content_type.as_str(), call.authorization.as_str()),
        ("application/json-patch+json", "Bearer t0ken")
    );
    let sent = json!([{"op": "test", "path": "/metadata/uid", "value": "uid-1"},
        {"op": "test", "path": "/spec/replicas", "value": 2}, {"op": "replace", "path": "/spec/replicas", "value": 3}]);
    assert_eq!(call.json(), sent);
}

#[tokio::test]
async fn a_failed_test_is_stale_with_what_is_live_now() {
    let (applied, _) = after(Reply::test_failed, |_| Reply::json(200, at(6))).await;
    let Applied::Stale(Some(live)) = applied else { panic!("{applied:?}") };
    assert_eq!(replicas(&live), 6);
    let (applied, _) = after(Reply::test_failed, |_| Reply::not_found()).await;
    assert_eq!(applied, Applied::Stale(None));
    let (applied, _) = after(Reply::not_found, |_| Reply::not_found()).await;
    assert_eq!(applied, Applied::Stale(None));
    let recreated = |_| {
        let mut raw = at(2);
        raw["metadata"]["uid"] = json!("uid-2");
        Reply::json(200, raw)
    };
    let (applied, _) = after(Reply::test_failed, recreated).await;
    let Applied::Stale(Some(live)) = applied else { panic!("{applied:?}") };
    assert_eq!(live.uid(), "uid-2");
}

#[tokio::test]
async fn a_failed_test_that_reading_does_not_bear_out_is_not_called_stale() {
    let (applied, _) = after(Reply::test_failed, |_| Reply::json(200, at(2))).await;
    assert!(matches!(applied, Applied::NotApplied { live: Some(_), .. }), "{applied:?}");
    let (applied, _) = after(Reply::test_failed, |_| Reply::status(500, "", "")).await;
    assert!(matches!(applied, Applied::NotApplied { live: None, .. }), "{applied:?}");
}

#[tokio::test]
async fn a_refusal_says_what_is_lacking_and_needs_no_reading() {
    let (applied, lines) = after(|| Reply::forbidden("patch", "deployments"), |_| Reply::not_found()).await;
    let (verb, resource) = ("patch".to_owned(), "deployments".to_owned());
    let lacks = ApiError::MissingRight { user: Some("u".into()), verb, resource, namespace: Some("shop".into()) };
    assert_eq!(applied, Applied::Refused(CallError::Answered(lacks)));
    assert_eq!(lines.len(), 1);
}

#[tokio::test]
async fn a_write_that_never_left_is_not_applied() {
    let api = Api::start(|_| Reply::Hang).await;
    let cluster = api.cluster().await;
    drop(api);
    tokio::task::yield_now().await;
    let applied = written(&cluster, &order()).await;
    let unreachable = matches!(
        &applied,
        Applied::NotApplied { why: NotAppliedReason::NotSent { error: CallError::Unreachable { .. } }, live: None }
    );
    assert!(unreachable, "{applied:?}");
}

#[tokio::test]
async fn another_namespace_is_never_touched() {
    let api = Api::start(|_| Reply::json(200, at(3))).await;
    let cluster = api.cluster().await;
    let mut elsewhere = order();
    elsewhere.object.namespace = readback_core::domain::Namespace::parse("kube-system").unwrap();
    assert!(matches!(written(&cluster, &elsewhere).await, Applied::Refused(_)));
    assert!(matches!(cluster.preview(&elsewhere).await, Preview::Refused(_)));
    assert!(cluster.read(&elsewhere.object).await.is_err());
    assert!(cluster.list(Some(&elsewhere.object.namespace)).await.is_err());
    let mut other = web();
    other.cluster = readback_core::domain::ClusterName::parse("other").unwrap();
    assert!(cluster.read(&other).await.is_err());
    assert!(api.calls().is_empty());
}

#[tokio::test]
async fn a_preview_is_a_dry_run_of_the_same_patch() {
    let warning = Some("299 - \"would violate PodSecurity\"");
    let api = Api::start(move |_| Reply::Json(200, at(3), warning)).await;
    let Preview::Accepted { after, warnings } = api.cluster().await.preview(&order()).await else { panic!("accepted") };
    assert_eq!((after.as_deref().map(replicas), warnings), (Some(3), vec!["would violate PodSecurity".to_owned()]));
    assert!(api.lines()[0].ends_with("?fieldManager=readback&timeout=1s&dryRun=All"), "{:?}", api.lines());
}

#[tokio::test]
async fn a_preview_tells_refused_stale_and_could_not_run_apart() {
    let preview = async |reply: fn() -> Reply| {
        let api = Api::start(move |call| if is_patch(call) { reply() } else { Reply::json(200, at(6)) }).await;
        api.cluster().await.preview(&order()).await
    };
    let denied = || Reply::status(403, "Forbidden", "admission webhook \"a.b\" denied the request: no");
    assert_eq!(
        preview(denied).await,
        Preview::Refused(CallError::Answered(ApiError::Webhook { name: "a.b".into(), message: "no".into() }))
    );
    assert!(matches!(preview(Reply::test_failed).await, Preview::Stale(Some(_))));
    let no_dry_run = || Reply::status(400, "BadRequest", "admission webhook \"a.b\" does not support dry run");
    for cannot in [no_dry_run, || Reply::Hang, || Reply::Broken, || Reply::status(500, "", "")] {
        assert!(matches!(preview(cannot).await, Preview::Unavailable(_)));
    }
}

#[tokio::test]
async fn a_list_is_read_page_by_page_and_sorted() {
    let api = Api::start(|call| {
        let named = |name: &str| {
            let mut raw = deployment();
            raw["metadata"]["name"] = json!(name);
            raw
        };
        if call.query.contains("continue=to%2Fken") {
            Reply::json(200, json!({"metadata": {}, "items": [named("a"), json!({"metadata": {"name": "../x"}})]}))
        } else {
            Reply::json(200, json!({"metadata": {"continue": "to/ken"}, "items": [named("b")]}))
        }
    })
    .await;
    let names = api.cluster().await.list(None).await.unwrap();
    assert_eq!(names.iter().map(|live| live.object().to_string()).collect::<Vec<_>>(), ["shop/a", "shop/b"]);
}

#[tokio::test]
async fn a_read_that_fails_says_why() {
    let api = Api::start(|_| Reply::status(503, "", "apiserver is shutting down")).await;
    let error = api.cluster().await.read(&web()).await.unwrap_err();
    assert_eq!(error.to_string(), "the API server answered 503: apiserver is shutting down");
    let api = Api::start(|_| Reply::Hang).await;
    let error = api.cluster().await.read(&web()).await.unwrap_err();
    assert_eq!(error, crate::CallError::timed_out(Duration::from_secs(1)));
}

/// A deletion of `web` in its current state.
async fn removal(api: &Api) -> (Cluster, Write) {
    let cluster = api.cluster().await;
    let live = live_of(&deployment());
    let kept = cluster.removal(&live).await.unwrap().expect("it is there");
    let write = crate::remove(&live, &kept).unwrap();
    (cluster, write)
}

#[tokio::test]
async fn a_deletion_names_the_object_that_was_looked_at_and_tries_again_when_only_its_status_moved() {
    let api = Api::start(|call| match (call.method.as_str(), call.times) {
        ("DELETE", 0) => Reply::status(409, "Conflict", "the object has been modified"),
        ("DELETE", _) => Reply::json(200, json!({"kind": "Status", "status": "Success"})),
        (_, times) => {
            let mut raw = deployment();
            raw["metadata"]["resourceVersion"] = json!(format!("{}", 10 + times));
            Reply::json(200, raw)
        }
    })
    .await;
    let (cluster, write) = removal(&api).await;
    assert_eq!(written(&cluster, &write).await, Applied::Done(None));
    let calls = api.calls();
    let sent: Vec<Value> = calls.iter().filter(|call| call.method == http::Method::DELETE).map(Call::json).collect();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1]["preconditions"], json!({"uid": "uid-1", "resourceVersion": "12"}));
    assert_eq!(sent[1]["propagationPolicy"], "Background");
}

#[tokio::test]
async fn a_deployment_that_was_written_since_is_not_deleted() {
    let api = Api::start(|call| {
        let mut raw = deployment();
        raw["metadata"]["generation"] = json!(if call.times == 0 { 1 } else { 2 });
        Reply::json(200, raw)
    })
    .await;
    let (cluster, write) = removal(&api).await;
    assert!(matches!(written(&cluster, &write).await, Applied::Stale(Some(_))));
    assert!(api.calls().iter().all(|call| call.method == http::Method::GET), "nothing was sent");
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_done_when_the_object_is_gone() {
    let api = Api::start(|call| match (call.method.as_str(), call.times) {
        ("DELETE", _) => Reply::Broken,
        (_, 0 | 1) => Reply::json(200, deployment()),
        _ => Reply::not_found(),
    })
    .await;
    let (cluster, write) = removal(&api).await;
    assert_eq!(written(&cluster, &write).await, Applied::Done(None));
}

#[tokio::test]
async fn scaling_by_the_subresource_is_read_from_the_deployment() {
    let api = Api::start(|call| {
        let scale = json!({"kind": "Scale", "spec": {"replicas": 3}});
        Reply::json(200, if call.path.ends_with("/scale") { scale } else { at(3) })
    })
    .await;
    let write = Write { means: WriteKind::Scale, ..order() };
    let applied = written(&api.cluster().await, &write).await;
    assert!(matches!(&applied, Applied::Done(Some(live)) if replicas(live) == 3), "{applied:?}");
    let path = "/apis/apps/v1/namespaces/shop/deployments/web";
    assert_eq!(api.lines(), [format!("PATCH {path}/scale?fieldManager=readback&timeout=1s"), format!("GET {path}")]);
}

#[tokio::test]
async fn what_is_created_is_posted_and_an_object_of_that_name_is_in_its_way() {
    let made = || WriteKind::Recreate(readback_core::domain::Manifest(deployment()));
    let write = Write { means: made(), patch: json_patch::Patch::default(), ..order() };
    let api = Api::start(|_| Reply::json(201, deployment())).await;
    assert!(matches!(written(&api.cluster().await, &write).await, Applied::Done(Some(_))));
    assert!(api.lines()[0].starts_with("POST /apis/apps/v1/namespaces/shop/deployments?"), "{:?}", api.lines());
    let api = Api::start(|call| match call.method.as_str() {
        "POST" => Reply::status(409, "AlreadyExists", "deployments.apps \"web\" already exists"),
        _ => Reply::json(200, at(7)),
    })
    .await;
    assert!(matches!(written(&api.cluster().await, &write).await, Applied::Stale(Some(_))));
}

#[tokio::test]
async fn what_waited_too_long_between_claim_and_send_is_not_sent() {
    let api = Api::start(|_| Reply::json(200, at(3))).await;
    assert_eq!(api.cluster().await.reserve().await.unwrap().write(&order(), &|| false).await, Applied::TooLate);
    assert!(api.calls().is_empty(), "{:?}", api.lines());

    // A deletion reads the object first: the question is asked after that.
    let read = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = read.clone();
    let api = Api::start(move |_| {
        seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Reply::json(200, deployment())
    })
    .await;
    let (cluster, write) = removal(&api).await;
    let before = read.load(std::sync::atomic::Ordering::SeqCst);
    let due = || read.load(std::sync::atomic::Ordering::SeqCst) == before;
    assert_eq!(cluster.reserve().await.unwrap().write(&write, &due).await, Applied::TooLate);
    assert!(api.calls().iter().all(|call| call.method == http::Method::GET), "{:?}", api.lines());
}
