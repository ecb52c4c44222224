//! Everything around the program: the room, the cluster, the proxies that spoil calls, and the deliveries.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, StatusCode};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use readback_sim::cluster::{Seed, Workload};
use readback_sim::room::{PersonSeed, Role, RoomSeed};
use serde_json::{Value, json};
use sha1::Sha1;

use super::watcher::Watcher;
use crate::support::bot::room::OpenRoom;
use crate::support::bot::{Local, now};
use crate::support::person::http as client;
use crate::support::program::{Program, SECRET, Serving};
use crate::support::trouble::{FaultProxy, Rule, Trouble};

const SERVICES: [&str; 40] = [
    "billing",
    "search",
    "cart",
    "mail",
    "auth",
    "media",
    "report",
    "ledger",
    "basket",
    "coupon",
    "review",
    "stock",
    "invoice",
    "profile",
    "session",
    "gateway",
    "router",
    "tracking",
    "shipping",
    "pricing",
    "catalog",
    "payment",
    "wishlist",
    "voucher",
    "archive",
    "metrics",
    "notify",
    "webhook",
    "export",
    "import",
    "thumbnail",
    "video",
    "audio",
    "forum",
    "survey",
    "loyalty",
    "fraud",
    "tariff",
    "weather",
    "mapping",
];
const KINDS: [[&str; 2]; 2] = [["api", "web"], ["worker", "cache"]];

/// The most people there are Deployments for.
pub(super) const MOST_RESIDENTS: usize = SERVICES.len() * KINDS.len();

/// The Deployments of the residents, two for each.
pub(super) static TARGETS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let pairs = KINDS.iter().flat_map(|kinds| SERVICES.iter().map(move |service| (service, kinds)));
    pairs.flat_map(|(service, kinds)| kinds.map(|kind| format!("{service}-{kind}"))).collect()
});

/// The namespace of a Deployment.
pub(super) const fn namespace(nth: usize) -> &'static str {
    ["default", "staging", "monitoring"][nth / 2 % 3]
}

/// What goes wrong with calls to Webex.
const WEBEX: [Trouble; 8] = [
    Trouble::Status(500, None),
    Trouble::Status(502, None),
    Trouble::Status(429, Some(1)),
    Trouble::ResetBefore,
    Trouble::ResetAfter,
    Trouble::Cut,
    Trouble::Mistyped,
    Trouble::Slow(Duration::from_millis(300)),
];
/// What goes wrong with calls to the cluster that arrive there.
const ANSWERS: [Trouble; 3] = [Trouble::ResetAfter, Trouble::Cut, Trouble::Slow(Duration::from_millis(300))];
/// What goes wrong with calls to the cluster that do not.
const CALLS: [Trouble; 5] = [
    Trouble::Status(500, None),
    Trouble::Status(503, None),
    Trouble::Status(502, None),
    Trouble::Status(429, Some(1)),
    Trouble::ResetBefore,
];
/// How often the next calls to the cluster that do not arrive there are writes. Each keeps its Deployment from being changed
/// for the ten minutes in which the write may still arrive, so that many of them would leave nothing to be done.
const LOST_WRITES: f64 = 0.005;
/// How long a delivery is repeated.
const REPEATED: Duration = Duration::from_mins(5);

/// How long a run is, and what happens in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// How many signed deliveries are accepted.
    pub(super) deliveries: u64,
    pub(super) kills: u64,
    pub(super) seed: u64,
    pub(super) residents: usize,
    /// Whether writes get lost on their way to the cluster. Their end is known ten minutes later.
    pub(super) loses_writes: bool,
    /// How long everything may take to settle at the end.
    pub(super) settles: Duration,
}

/// A delivery as Webex sends it.
#[derive(Clone, Debug)]
pub(super) struct Delivery(String);

impl Delivery {
    /// Of a message, as the room returned it.
    pub(super) fn of_message(message: &Value) -> Self {
        let data = json!({ "id": message["id"], "roomId": message["roomId"], "roomType": message["roomType"],
            "personId": message["personId"], "personEmail": message["personEmail"], "created": message["created"] });
        Self::new("messages", &message["personId"], &data)
    }

    /// Of a card action, as the room returned it.
    pub(super) fn of_press(action: &Value) -> Self {
        let data = json!({ "id": action["id"], "type": "submit", "messageId": action["messageId"],
            "personId": action["personId"], "roomId": action["roomId"], "created": action["created"] });
        Self::new("attachmentActions", &action["personId"], &data)
    }

    fn new(resource: &str, actor: &Value, data: &Value) -> Self {
        let envelope = json!({ "id": "W1", "name": "soak", "resource": resource, "event": "created", "actorId": actor, "data": data });
        Self(envelope.to_string())
    }

    fn signature(&self, secret: &str) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(self.0.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

/// The program and its surroundings.
pub(super) struct Soak {
    pub(super) plan: Plan,
    pub(super) room: OpenRoom,
    pub(super) local: Local,
    pub(super) program: Program,
    pub(super) said: Watcher,
    /// Messages that only forged deliveries spoke of.
    pub(super) forged: Mutex<HashSet<String>>,
    webex: FaultProxy,
    cluster: FaultProxy,
    random: Mutex<StdRng>,
    http: reqwest::Client,
    signed: AtomicU64,
    refused: AtomicU64,
    presses: AtomicU64,
}

impl Soak {
    pub(super) async fn begin(plan: Plan) -> Self {
        let mut people = RoomSeed::demo();
        people.capacity = 8_000;
        people.people.extend(
            (0..plan.residents).map(|who| {
                PersonSeed::new(&format!("Person{who}"), &format!("person{who}@example.com"), Role::Allowed)
            }),
        );
        let room = OpenRoom::of(people, now).await;
        let said = Watcher::of(&room.bot().id, room.live());
        let webex = FaultProxy::before(&room.base, Vec::new()).await;
        let used = TARGETS.iter().enumerate().take(plan.residents * 2);
        let workloads = used.map(|(nth, name)| Workload {
            namespace: namespace(nth),
            name,
            replicas: 2,
            containers: vec![("app", "app:1.0")],
            deadline: 600,
            applied_by: None,
        });
        let workloads = workloads.collect();
        let none = Seed { autoscalers: Vec::new(), budgets: Vec::new(), ..Seed::quick() };
        let local = Local::start(Seed { workloads, stateful: Vec::new(), daemons: Vec::new(), ..none }).await;
        let cluster = FaultProxy::before(&local.tap.url, Vec::new()).await;
        let namespaces = if plan.residents > 2 { "default,staging,monitoring" } else { "default,staging" };
        let program = Program::new(&room, &webex.url, &cluster.url, local.token(), namespaces);
        Self {
            plan,
            room,
            local,
            program: program.set("READBACK_CARD_MINUTES", "1"),
            said,
            forged: Mutex::default(),
            webex,
            cluster,
            random: Mutex::new(StdRng::seed_from_u64(plan.seed)),
            http: client(),
            signed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            presses: AtomicU64::new(0),
        }
    }

    /// How many signed deliveries were accepted.
    pub(super) fn signed(&self) -> u64 {
        self.signed.load(Ordering::Relaxed)
    }

    pub(super) fn count_press(&self) {
        self.presses.fetch_add(1, Ordering::Relaxed);
    }

    /// Delivers as Webex does: again until it is accepted.
    ///
    /// # Panics
    /// If it is not within five minutes.
    pub(super) async fn deliver(&self, delivery: &Delivery) {
        let started = Instant::now();
        while !self.post(delivery, &[&delivery.signature(SECRET)]).await.is_some_and(|status| status.is_success()) {
            assert!(started.elapsed() < REPEATED, "a delivery is not accepted\n{}", self.last_of_log());
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        self.signed.fetch_add(1, Ordering::Relaxed);
    }

    /// Delivers as somebody who does not know the secret.
    ///
    /// # Panics
    /// If it is accepted.
    pub(super) async fn forge(&self, delivery: &Delivery, how: u8) {
        let other = Delivery(format!("{} ", delivery.0));
        let signature = delivery.signature(SECRET);
        let signatures = match how {
            0 => vec![],
            1 => vec![delivery.signature("a guess")],
            2 => vec![other.signature(SECRET)],
            3 => vec![signature[..38].to_owned()],
            _ => vec![signature.clone(), signature],
        };
        let signatures: Vec<&str> = signatures.iter().map(String::as_str).collect();
        // While the program is down nobody answers.
        if let Some(status) = self.post(delivery, &signatures).await {
            assert_eq!(status, StatusCode::UNAUTHORIZED, "forged in way {how}");
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn post(&self, delivery: &Delivery, signatures: &[&str]) -> Option<StatusCode> {
        let mut request = self.http.post(self.program.url("/webex")).timeout(Duration::from_secs(10));
        for signature in signatures {
            request = request.header("X-Spark-Signature", *signature);
        }
        request.body(delivery.0.clone()).send().await.ok().map(|reply| reply.status())
    }

    /// Lets other calls fail than before.
    pub(super) fn trouble(&self) {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        if random.random_bool(0.5) {
            return;
        }
        let webex = [
            (Method::GET, "/messages/"),
            (Method::GET, "/attachment/actions/"),
            (Method::GET, "/people/"),
            (Method::POST, "/messages"),
            (Method::PUT, "/messages/"),
            (Method::DELETE, "/messages/"),
        ];
        let (method, prefix) = webex.choose(&mut *random).unwrap().clone();
        let trouble = *WEBEX.choose(&mut *random).unwrap();
        self.webex.set(vec![Rule::new(method, prefix, trouble).times(random.random_range(1..5))]);
        let reads = random.random_bool(0.5);
        let lost = if reads { 0.5 } else { LOST_WRITES };
        let arrives = !random.random_bool(lost) || !(reads || self.plan.loses_writes);
        let trouble = *if arrives { &ANSWERS[..] } else { &CALLS[..] }.choose(&mut *random).unwrap();
        let method = if reads { Method::GET } else { Method::PATCH };
        let rule = Rule::new(method, "/apis/apps/v1/namespaces/", trouble);
        self.cluster.set(vec![rule.times(random.random_range(1..4))]);
    }

    /// Lets nothing fail any more, and says which answers were lost until now.
    pub(super) fn end_troubles(&self) {
        self.webex.set(Vec::new());
        self.cluster.set(Vec::new());
        self.said.note_lost(&self.webex.lost());
    }

    /// How far it is, and what the program uses.
    pub(super) fn figures(&self, serving: &Serving) -> String {
        let files: Vec<_> = self.program.files().iter().map(|(name, kb)| format!("{name} {kb} kB")).collect();
        format!(
            "{} signed deliveries accepted, {} presses, {} forged ones refused; {} kB resident, {} descriptors, {}",
            self.signed(),
            self.presses.load(Ordering::Relaxed),
            self.refused.load(Ordering::Relaxed),
            serving.memory(),
            serving.descriptors(),
            files.join(", "),
        )
    }

    /// The end of the program's log.
    pub(super) fn last_of_log(&self) -> String {
        let log = self.program.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}
