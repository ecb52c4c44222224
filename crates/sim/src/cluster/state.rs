//! The state of the cluster: its objects, and what its kubelet knows about running pods.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    kind::Kind,
    store::{Store, is_owned_by, items, name_of, namespace_of, new_uid, stamp, text, uid_of},
};

/// Maximum pods in one namespace; more exceed the quota, as in a real cluster.
pub(crate) const MOST_PODS: usize = 200;
/// Maximum events kept; the oldest are dropped.
pub(crate) const MOST_EVENTS: usize = 200;
const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// How fast things happen.
#[derive(Clone, Debug)]
pub struct Pace {
    /// From a pod's creation until it is ready: minimum and maximum.
    pub ready: (Duration, Duration),
    /// From a pod's creation until a missing image is noticed.
    pub pull: Duration,
    /// From the first failed pull until the pod backs off.
    pub back_off: Duration,
    /// How long a pod takes to terminate.
    pub stop: Duration,
    /// The interval of the controllers while something is in progress.
    pub tick: Duration,
}

impl Pace {
    /// Rollouts take a few seconds: long enough to watch, short enough to wait for.
    pub fn visible() -> Self {
        let ms = Duration::from_millis;
        Self { ready: (ms(700), ms(1500)), pull: ms(600), back_off: ms(2500), stop: ms(500), tick: ms(100) }
    }

    /// Rollouts take a fraction of a second, for tests.
    pub fn quick() -> Self {
        let ms = Duration::from_millis;
        Self { ready: (ms(40), ms(80)), pull: ms(40), back_off: ms(200), stop: ms(30), tick: ms(10) }
    }
}

/// What the kubelet knows about a pod, with times to the millisecond.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) created: Timestamp,
    pub(crate) ready: Option<Timestamp>,
    pub(crate) ending: Option<Timestamp>,
}

/// The state of the cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) store: Store,
    pub(crate) pace: Pace,
    /// `name:tag` of images that no registry has.
    pub(crate) missing_images: Vec<String>,
    /// By the uid of the pod.
    pub(crate) clocks: BTreeMap<String, Clock>,
    serial: u64,
}

impl Cluster {
    pub(crate) fn new(pace: Pace, missing_images: Vec<String>) -> Self {
        Self { store: Store::new(), pace, missing_images, clocks: BTreeMap::new(), serial: 0 }
    }

    /// Forgets the past: its events, and the history of changes.
    pub(crate) fn settle(&mut self) {
        for event in self.all(Kind::Event) {
            self.store.remove(Kind::Event, namespace_of(&event), name_of(&event));
        }
        self.store.compact();
    }

    pub(crate) fn all(&self, kind: Kind) -> Vec<Arc<Value>> {
        self.store.list(kind, None).cloned().collect()
    }

    /// The objects of a kind that `owner` controls.
    pub(crate) fn owned(&self, kind: Kind, owner: &Value) -> Vec<Arc<Value>> {
        let (namespace, uid) = (namespace_of(owner), uid_of(owner));
        self.store.list(kind, Some(namespace)).filter(|o| is_owned_by(o, uid)).cloned().collect()
    }

    /// A short suffix in the alphabet of generated names, new at each call.
    pub(crate) fn suffix(&mut self, of: &str) -> String {
        self.serial += 1;
        encode(fnv(format!("{of}/{}", self.serial).as_bytes()), 5)
    }

    /// Records an event about `object`.
    pub(crate) fn event(&mut self, object: &Value, kind: Kind, what: (&str, &str), message: &str, now: Timestamp) {
        let (severity, reason) = what;
        self.serial += 1;
        let name = format!("{}.{:016x}", name_of(object), self.serial);
        let controller = || format!("{}-controller", kind.name().to_lowercase());
        let source = if kind == Kind::Pod { "kubelet".to_owned() } else { controller() };
        let at = stamp(now);
        let event = json!({
            "kind": "Event", "apiVersion": "v1",
            "metadata": { "name": name, "namespace": namespace_of(object), "uid": new_uid(), "creationTimestamp": at },
            "involvedObject": { "kind": kind.name(), "apiVersion": kind.api_version(), "name": name_of(object),
                "namespace": namespace_of(object), "uid": uid_of(object),
                "resourceVersion": text(object, "/metadata/resourceVersion") },
            "reason": reason, "message": message, "type": severity, "count": 1,
            "firstTimestamp": at, "lastTimestamp": at, "source": { "component": source },
            "reportingComponent": source, "reportingInstance": "",
        });
        self.store.put(Kind::Event, event);
        let version = |event: &Value| text(event, "/metadata/resourceVersion").parse::<u64>().unwrap_or_default();
        let oldest = (self.store.list(Kind::Event, None).count() > MOST_EVENTS)
            .then(|| self.store.list(Kind::Event, None).min_by_key(|event| version(event)).cloned());
        if let Some(oldest) = oldest.flatten() {
            self.store.remove(Kind::Event, namespace_of(&oldest), name_of(&oldest));
        }
    }
}

/// The condition of a type, `null` if there is none.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    items(object, "/status/conditions").iter().find(|condition| condition["type"] == kind).unwrap_or(&Value::Null)
}

/// How long ago `then` was; zero if it is in the future.
pub(crate) fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

/// FNV-1a, 64 bits: names that look random and are the same in every run.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A number in the alphabet of Kubernetes' generated names, which has no vowels and so spells no words.
pub(crate) fn encode(mut number: u64, length: usize) -> String {
    let base = SAFE.len() as u64;
    let digit = |n: u64| usize::try_from(n % base).ok().and_then(|at| SAFE.get(at)).map_or('x', |b| char::from(*b));
    std::iter::repeat_with(|| {
        let c = digit(number);
        number /= base;
        c
    })
    .take(length)
    .collect()
}
