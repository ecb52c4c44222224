//! The last log lines of the most informative pod: one in trouble, else one that serves.

use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;

use super::{
    CallError, Cause, CauseKind, Cluster, Live, PodView,
    wire::{built, objects},
};

/// Maximum bytes requested from one container. The kubelet starts at the first requested line and stops at this limit,
/// so it must be enough for all lines.
const MOST_BYTES: i64 = 1 << 20;
/// Maximum number of containers read.
const MOST_CONTAINERS: usize = 6;

/// The last log lines of one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// Whether they are from the previous run, because the current one has only just started.
    pub previous: bool,
    /// The lines as printed, or why there are none.
    pub text: Result<String, CallError>,
}

/// The pod of which the logs are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogsOf {
    /// The one that tells most: one in trouble, else one that serves.
    MostTelling,
    /// One that serves, an old one before a new one.
    Serving,
}

/// The result of a log request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logs {
    /// It has no pod.
    NoPod,
    /// None of its pods serves.
    NoneServes,
    /// The containers have never run, so they have printed nothing.
    NotStarted {
        /// The pod.
        pod: String,
        /// What keeps it from starting.
        cause: Cause,
        /// An old pod that still serves.
        serving: Option<String>,
    },
    /// No container has that name; these exist.
    NoContainer(Vec<String>),
    /// The log lines.
    Tails {
        /// One per container.
        tails: Vec<Tail>,
        /// Why this pod was chosen.
        of: LogsOf,
        /// How many pods there are.
        pods: usize,
    },
}

impl Cluster {
    /// The last lines of the containers of one pod, or of the named container. Needs `list` on pods and `get` on their
    /// logs.
    pub async fn logs(&self, live: &Live, of: LogsOf, container: Option<&str>, lines: u32) -> Result<Logs, CallError> {
        let pods = self.pods(live).await?.views;
        let pod = match of {
            LogsOf::MostTelling => most_informative(&pods),
            LogsOf::Serving => serving(&pods),
        };
        let Some(pod) = pod else { return Ok(if pods.is_empty() { Logs::NoPod } else { Logs::NoneServes }) };
        let names: Vec<String> = live.containers().iter().map(|one| one.name.clone()).collect();
        let wanted = match container {
            Some(said) => match named(&names, said) {
                Some(name) => vec![name],
                None => return Ok(Logs::NoContainer(names)),
            },
            None => containers_to_read(live, pod),
        };
        let causes: Option<Vec<&Cause>> = wanted.iter().map(|container| not_started(live, pod, container)).collect();
        if let Some(cause) = causes.as_deref().and_then(<[_]>::first) {
            let serving = serving(&pods).filter(|pod| pod.newest == Some(false)).map(|pod| pod.name.clone());
            return Ok(Logs::NotStarted { pod: pod.name.clone(), cause: (*cause).clone(), serving });
        }
        let mut tails = Vec::new();
        for container in wanted {
            tails.push(self.tail(live, pod, container, lines).await);
        }
        Ok(Logs::Tails { tails, of, pods: pods.len() })
    }

    async fn tail(&self, live: &Live, pod: &PodView, container: String, lines: u32) -> Tail {
        let crashed = pod.cause.as_ref().is_some_and(|cause| {
            cause.kind == CauseKind::Crash && cause.container.as_ref().is_none_or(|name| *name == container)
        });
        if crashed && let Ok(text) = self.printed(live, pod, &container, lines, true).await {
            return Tail { pod: pod.name.clone(), container, previous: true, text: Ok(text) };
        }
        let text = self.printed(live, pod, &container, lines, false).await;
        Tail { pod: pod.name.clone(), container, previous: false, text }
    }

    async fn printed(
        &self,
        live: &Live,
        pod: &PodView,
        container: &str,
        lines: u32,
        previous: bool,
    ) -> Result<String, CallError> {
        let which = LogParams {
            container: Some(container.to_owned()),
            tail_lines: Some(i64::from(lines)),
            limit_bytes: Some(MOST_BYTES),
            previous,
            ..LogParams::default()
        };
        self.log(built(objects::<Pod>(&live.object().namespace).logs(&pod.name, &which))?).await
    }
}

/// The most informative pod: a new one in trouble, else a new one that serves, else any.
fn most_informative(pods: &[PodView]) -> Option<&PodView> {
    let rank = |pod: &&PodView| {
        (pod.terminating, pod.newest == Some(false), pod.cause.is_none(), !pod.ready, pod.name.clone())
    };
    pods.iter().min_by_key(rank)
}

/// A pod that serves, an old one before a new one.
fn serving(pods: &[PodView]) -> Option<&PodView> {
    let serves = pods.iter().filter(|pod| pod.ready && !pod.terminating);
    serves.min_by_key(|pod| (pod.newest != Some(false), pod.name.clone()))
}

/// What keeps this container of the pod from running, if it has never run.
fn not_started<'p>(live: &Live, pod: &'p PodView, container: &str) -> Option<&'p Cause> {
    let cause = pod.cause.as_ref().filter(|_| pod.exited.is_none())?;
    let never_runs = match cause.kind {
        CauseKind::Image | CauseKind::Config | CauseKind::Unschedulable => true,
        CauseKind::Crash | CauseKind::Refused => false,
    };
    let of_all = |name: &String| live.containers().iter().any(|one| one.init && one.name == *name);
    let is_meant = cause.container.as_ref().is_none_or(|name| name == container || of_all(name));
    (never_runs && is_meant).then_some(cause)
}

/// Without a name: the serving containers, and the init container that keeps the pod from starting.
fn containers_to_read(live: &Live, pod: &PodView) -> Vec<String> {
    let troubled = pod.cause.as_ref().and_then(|cause| cause.container.as_deref());
    let all = live.containers().iter();
    let some = all.filter(|one| !one.init || one.restart_always || troubled == Some(one.name.as_str()));
    some.map(|one| one.name.clone()).take(MOST_CONTAINERS).collect()
}

/// The container meant by the name: an exact match, or a part that only one name contains.
fn named(names: &[String], said: &str) -> Option<String> {
    let said = said.to_lowercase();
    let exact = names.iter().find(|name| **name == said);
    let near: Vec<&String> = names.iter().filter(|name| name.contains(&said)).collect();
    exact.or(if let [one] = near.as_slice() { Some(*one) } else { None }).cloned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::{
        Connection,
        stand_in::{Api, Reply, connection, deployment, live_of, web},
    };

    fn pod(name: &str, ready: bool, cause: Option<Cause>) -> PodView {
        PodView { name: name.into(), newest: Some(true), ready, cause, ..PodView::default() }
    }

    fn crash() -> Cause {
        let (reason, detail) = ("CrashLoopBackOff".into(), String::new());
        Cause { kind: CauseKind::Crash, reason, pod: None, container: Some("web".into()), image: None, detail }
    }

    #[test]
    fn the_pod_in_trouble_is_chosen() {
        let pods = [pod("a", true, None), pod("b", false, Some(crash())), pod("c", false, None)];
        assert_eq!(most_informative(&pods).map(|pod| pod.name.as_str()), Some("b"));
        assert_eq!(
            most_informative(&[pod("c", false, None), pod("a", true, None)]).map(|pod| pod.name.as_str()),
            Some("a")
        );
        assert_eq!(most_informative(&[]), None);
    }

    #[test]
    fn what_has_never_run_has_printed_nothing() {
        let live = live_of(&deployment());
        let container = live.containers()[0].name.clone();
        let cause = |kind| Cause { kind, container: Some(container.clone()), ..crash() };
        for (kind, is_started) in [
            (CauseKind::Image, false),
            (CauseKind::Config, false),
            (CauseKind::Unschedulable, false),
            (CauseKind::Crash, true),
            (CauseKind::Refused, true),
        ] {
            let pod = pod("a", false, Some(cause(kind)));
            assert_eq!(not_started(&live, &pod, &container).is_none(), is_started, "{kind:?}");
            assert_eq!(not_started(&live, &pod, "another container"), None, "{kind:?}");
        }
        let ran =
            PodView { exited: Some(jiff::Timestamp::UNIX_EPOCH), ..pod("a", false, Some(cause(CauseKind::Image))) };
        assert_eq!(not_started(&live, &ran, &container), None, "it has run before");
    }

    #[test]
    fn an_old_pod_that_serves_comes_before_a_new_one() {
        let old = |name: &str, ready| PodView { newest: Some(false), ..pod(name, ready, None) };
        let pods = [pod("a", true, None), old("b", false), old("c", true)];
        assert_eq!(serving(&pods).map(|pod| pod.name.as_str()), Some("c"));
        assert_eq!(serving(&pods[..2]).map(|pod| pod.name.as_str()), Some("a"));
        assert_eq!(serving(&pods[1..2]), None);
    }

    #[test]
    fn a_unique_part_of_a_name_is_enough() {
        let names = ["web".to_owned(), "istio-proxy".to_owned(), "istio-init".to_owned()];
        assert_eq!(named(&names, "proxy").as_deref(), Some("istio-proxy"));
        assert_eq!(named(&names, "Web").as_deref(), Some("web"));
        assert_eq!(named(&names, "istio"), None);
    }

    #[tokio::test]
    async fn the_previous_run_of_a_crashing_container_is_read() {
        let listed = json!({"items": [{"metadata": {"name": "web-1"}, "status": {"containerStatuses": [{"name": "web",
            "image": "n", "imageID": "", "ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}}]});
        let api = Api::start(move |call| match call.path.rsplit('/').next() {
            Some("pods") => Reply::json(200, listed.clone()),
            Some("log") if call.query.contains("previous=true") => Reply::json(200, json!("last words")),
            Some("log") => Reply::json(200, json!("new run")),
            _ => Reply::json(200, json!({"items": []})),
        })
        .await;
        let logs = api.cluster().await.logs(&live_of(&deployment()), LogsOf::MostTelling, None, 20).await;
        let Ok(Logs::Tails { tails, pods: 1, of: LogsOf::MostTelling }) = logs else { panic!("{logs:?}") };
        assert_eq!((tails[0].previous, tails[0].text.as_deref()), (true, Ok("\"last words\"")));
    }

    #[tokio::test]
    async fn a_node_that_does_not_answer_is_no_silent_cluster() {
        let listed = json!({"items": [{"metadata": {"name": "web-1"}, "status": {"containerStatuses": []}}]});
        let api = Api::start(move |call| match call.path.rsplit('/').next() {
            Some("pods") => Reply::json(200, listed.clone()),
            Some("log") => Reply::Hang,
            Some("web") => Reply::json(200, deployment()),
            _ => Reply::json(200, json!({"items": []})),
        })
        .await;
        let connection = Connection { call_timeout: Duration::from_millis(300), ..connection(api.port) };
        let cluster = Cluster::connect(connection).await.unwrap();
        let live = live_of(&deployment());
        let read = futures::future::join_all((0..4).map(|_| cluster.logs(&live, LogsOf::MostTelling, None, 20))).await;
        for logs in read {
            let Ok(Logs::Tails { tails, .. }) = logs else { panic!("{logs:?}") };
            assert!(matches!(tails[0].text, Err(CallError::TimedOut { .. })), "{tails:?}");
        }
        assert_eq!(cluster.read(&web()).await.map(|live| live.is_some()), Ok(true));
    }
}
