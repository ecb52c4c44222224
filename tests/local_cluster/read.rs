//! Lists and watches.

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::runtime::watcher;
use readback_sim::cluster::{Pace, Seed};
use serde_json::json;
use tokio::time::timeout;

use super::{Local, PATIENCE, is_done, spec_replicas};

#[tokio::test]
async fn the_demo_has_a_dozen_deployments_with_sets_and_pods_in_three_namespaces() {
    let local = Local::start().await;
    let all = ListParams::default();
    assert_eq!(Api::<Namespace>::all(local.client.clone()).list(&all).await.unwrap().items.len(), 3);
    let deployments = Api::<Deployment>::all(local.client.clone()).list(&all).await.unwrap();
    assert_eq!(deployments.items.len(), 12);
    assert!(deployments.items.iter().all(is_done));
    assert!(deployments.metadata.resource_version.is_some());
    assert_eq!(Api::<ReplicaSet>::all(local.client.clone()).list(&all).await.unwrap().items.len(), 12);
    assert_eq!(local.deployments("staging").list(&all).await.unwrap().items.len(), 4);
    let pods: Api<Pod> = Api::namespaced(local.client.clone(), "staging");
    let checkout = pods.list(&ListParams::default().labels("app=checkout-service")).await.unwrap();
    assert_eq!(checkout.items.len(), 4);
    let named = local.deployments("default").list(&ListParams::default().fields("metadata.name=redis-cache")).await;
    assert_eq!(named.unwrap().items.len(), 1);
    assert!(local.deployments("default").get_opt("grafana").await.unwrap().is_none());
    assert_eq!(local.client.apiserver_version().await.unwrap().major, "1");
}

#[tokio::test]
async fn list_then_watch_sees_each_change_once_and_in_order() {
    let local = Local::start().await;
    let api = local.deployments("default");
    let version = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let params = WatchParams::default().fields("metadata.name=nginx-deployment");
    let mut events = api.watch(&params, &version).await.unwrap().boxed();
    let three = json!({ "spec": { "replicas": 3 } });
    let scaled = api.patch("nginx-deployment", &PatchParams::default(), &Patch::Merge(three)).await.unwrap();
    assert_eq!(spec_replicas(&scaled), Some(3));
    let mut last = version.parse::<u64>().unwrap();
    let watching = async {
        while let Some(event) = events.try_next().await.unwrap() {
            let WatchEvent::Modified(live) = event else { panic!("{event:?}") };
            let version = live.metadata.resource_version.as_ref().unwrap().parse::<u64>().unwrap();
            assert!(version > last, "{version} after {last}");
            last = version;
            if is_done(&live) {
                return live;
            }
        }
        panic!("the watch ended");
    };
    let done = timeout(PATIENCE, watching).await.unwrap();
    assert_eq!(done.status.unwrap().ready_replicas, Some(3));
}

#[tokio::test]
async fn both_watch_modes_of_a_client_library_reach_the_same_state() {
    let local = Local::start().await;
    for config in [watcher::Config::default(), watcher::Config::default().streaming_lists()] {
        let mut events = watcher(local.deployments("staging"), config).boxed();
        let mut names = Vec::new();
        let listing = async {
            loop {
                match events.try_next().await.unwrap().unwrap() {
                    watcher::Event::InitApply(found) => names.push(found.metadata.name.unwrap()),
                    watcher::Event::InitDone => return,
                    watcher::Event::Init => {}
                    other @ (watcher::Event::Apply(_) | watcher::Event::Delete(_)) => panic!("{other:?} while listing"),
                }
            }
        };
        timeout(PATIENCE, listing).await.unwrap();
        names.sort();
        assert_eq!(names, ["cart-service", "checkout-service", "payments-api", "search"]);
    }
}

#[tokio::test]
async fn a_watch_from_an_old_version_is_gone() {
    let local = Local::start().await;
    let api = local.deployments("default");
    let mut events = api.watch(&WatchParams::default(), "1").await.unwrap().boxed();
    let WatchEvent::Error(status) = events.try_next().await.unwrap().unwrap() else { panic!("no error") };
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
    assert!(timeout(PATIENCE, events.try_next()).await.unwrap().unwrap().is_none(), "the watch is closed");
}

#[tokio::test]
async fn at_shutdown_the_server_ends_its_watches_and_returns() {
    let mut local = Local::with(Seed { pace: Pace::visible(), ..Seed::demo() }).await;
    let api = local.deployments("default");
    let mut events = api.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    assert!(events.try_next().await.unwrap().is_some());
    local.stop.cancel();
    let ended = async { while let Ok(Some(_)) = events.try_next().await {} };
    timeout(PATIENCE, ended).await.unwrap();
    let served = timeout(PATIENCE, local.tasks.join_next()).await.unwrap();
    served.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_stateful_set_and_a_daemon_set_can_be_read_and_everything_by_its_metadata_only() {
    let local = Local::start().await;
    let all = ListParams::default();
    let sets: Api<StatefulSet> = Api::namespaced(local.client.clone(), "default");
    let postgres = sets.get("postgres").await.unwrap();
    assert_eq!(postgres.status.unwrap().ready_replicas, Some(1));
    let daemons = Api::<DaemonSet>::all(local.client.clone()).list(&all).await.unwrap();
    assert_eq!(daemons.items[0].status.as_ref().unwrap().number_ready, 1);

    let bare = sets.list_metadata(&all).await.unwrap();
    assert_eq!(bare.items[0].metadata.name.as_deref(), Some("postgres"));
    let deployments = local.deployments("default");
    let known = deployments.list_metadata(&all).await.unwrap();
    assert_eq!(known.items.len(), 4);
    let version = known.metadata.resource_version.unwrap();
    let mut events = deployments.watch_metadata(&WatchParams::default(), &version).await.unwrap().boxed();
    let label = Patch::Merge(json!({ "metadata": { "labels": { "seen": "yes" } } }));
    deployments.patch_metadata("redis-cache", &PatchParams::default(), &label).await.unwrap();
    let event = timeout(PATIENCE, events.try_next()).await.unwrap().unwrap().unwrap();
    let WatchEvent::Modified(seen) = event else { panic!("{event:?}") };
    assert_eq!(seen.metadata.labels.unwrap()["seen"], "yes");
}
