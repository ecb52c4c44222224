//! Recovery after a crash, with what the last run left on record.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, api::ListParams};
use readback::store::sqlite::{Archive, Sqlite};
use readback_cluster::Connection;
use readback_core::{
    change::{Actor, Answer, Change, Decide, Filter, Order, Status, samples},
    domain::Intent,
    store::{ClaimResult, ItemId, Recorded, Store as _},
};
use readback_sim::cluster::{Seed, Workload};
use serde_json::{Value, json};

use crate::support::bot::{Bot, Local, Setup, now};
use crate::support::tap::{Call, Gate};

/// The Deployments with a change that was claimed when the last run crashed.
const NAMES: [&str; 16] = [
    "web-a", "web-b", "web-c", "web-d", "web-e", "web-f", "web-g", "web-h", "web-i", "web-j", "web-k", "web-l",
    "web-m", "web-n", "web-o", "web-p",
];

fn workload(name: &'static str) -> Workload {
    let containers = vec![("web", "nginx:1.20")];
    Workload { namespace: "default", name, replicas: 2, containers, deadline: 600, applied_by: None }
}

/// The order to scale this Deployment to 3, given by Ann just now.
async fn order(bot: &Bot, live: &Deployment, position: u32) -> Order {
    let ann = bot.room.person("Ann");
    let (name, uid) = (live.metadata.name.as_deref().unwrap(), live.metadata.uid.clone().unwrap());
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/spec/replicas", "value": 2},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]);
    let order = Order {
        position,
        requester: Actor { person_id: ann.id.clone(), name: "Ann".into(), email: "ann@example.com".into() },
        room_id: bot.room.id(ann, "group").await,
        words: format!("scale {name} to 3"),
        intent: Intent::Scale,
        uid,
        patch: serde_json::from_value(patch).unwrap(),
        effects: Vec::new(),
        reasons: Vec::new(),
        template_changed: false,
        said: now(),
        created: now(),
        expires: now() + SignedDuration::from_mins(10),
        ..samples::order()
    };
    samples::aimed_at(name, order)
}

#[tokio::test]
async fn sixteen_claimed_changes_share_one_wait() {
    let workloads = NAMES.into_iter().map(workload).collect();
    let seed = Seed { workloads, autoscalers: Vec::new(), budgets: Vec::new(), ..Seed::quick() };
    let local = Local::start(seed).await;
    // A request can be on its way for this long, and two seconds more.
    let connection = Connection { call_timeout: Duration::from_secs(2), ..local.connection() };
    let wait = Duration::from_secs(4);
    let mut bot = Bot::prepared(Setup::default(), vec![(connection, Vec::new())]).await;

    let deployments: Api<Deployment> = Api::namespaced(local.client.clone(), "default");
    let there = deployments.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(there.len(), NAMES.len());
    let store = Sqlite::open(bot.database()).await.unwrap();
    for (position, live) in (0..).zip(&there) {
        let change = Change::ordered(order(&bot, live, position).await).unwrap();
        let (id, generation) = (ItemId::from(&change), live.metadata.generation.unwrap());
        store.record(change.into()).await.unwrap();
        let claimed = store.claim(id, generation, now()).await.unwrap();
        assert!(matches!(claimed, ClaimResult::Won(_)), "{claimed:?}");
    }
    drop(store);

    let started = Instant::now();
    bot.run().await;
    let took = started.elapsed();
    assert!(took >= wait, "nothing is sent while a request of the last run can still arrive: {took:?}");
    assert!(took < wait * 4, "sixteen waits would take {:?}, this took {took:?}", wait * 16);
    let mut sent: Vec<String> =
        local.tap.writes().into_iter().filter(|call| !call.is_dry_run()).map(|call| call.uri).collect();
    sent.sort_unstable();
    sent.dedup();
    assert_eq!((sent.len(), local.tap.writes().len()), (NAMES.len(), NAMES.len()), "one patch each: {sent:#?}");
    for live in deployments.list(&ListParams::default()).await.unwrap() {
        assert_eq!(live.spec.unwrap().replicas, Some(3), "{:?}", live.metadata.name);
    }
}

#[tokio::test]
async fn killed_between_a_newer_order_and_the_close_of_the_older_card_the_next_run_closes_it() {
    let local = Local::start(Seed::quick()).await;
    let mut bot = Bot::start(Setup::default(), local.connection()).await;
    let order = bot.room.say("Ann", "scale nginx-deployment to 0").await;
    let card = bot.room.card(&order).await;
    // When this is answered, the card is on record.
    let help = bot.room.say("Ann", "help").await;
    bot.room.told(&help, "Say it in plain words").await;
    bot.stop().await;

    let store = Sqlite::open(bot.database()).await.unwrap();
    let found = store.ordered_by(&order).await.unwrap().changes;
    let [older] = found.as_slice() else { panic!("{found:?}") };
    let said = older.order().said + SignedDuration::from_secs(1);
    let newer = Change::asking(Order { message_id: "newer".into(), said, ..older.order().clone() }).unwrap();
    let Recorded::New(replaced) = store.record(newer.into()).await.unwrap() else { panic!("it is new") };
    assert_eq!(replaced.requests.len(), 1);
    drop(store);

    bot.run().await;
    let told = bot.room.told(&order, "by a newer order").await;
    assert_eq!((&told["id"], &told["attachments"][0]["content"]["actions"]), (&card["id"], &json!([])), "{told}");
    assert!(local.tap.writes().iter().all(Call::is_dry_run));
}

#[tokio::test]
async fn killed_after_a_yes_to_take_back_several_the_next_run_closes_their_card_and_announces() {
    let local = Local::start(Seed::quick()).await;
    let policy = "announce = \"THE_ROOM\"\n[[grant]]\npeople = [\"ann@example.com\"]\nnamespaces = [\"*\"]\nverbs = [\"read\", \"write\"]\n";
    let setup = Setup { policy: Some(policy.to_owned()), ..Setup::default() };
    let mut bot = Bot::start(setup, local.connection()).await;
    let order = bot.room.say_in_private("Ann", "scale cart-service and checkout-service to 3 in staging").await;
    let card = bot.room.card(&order).await;
    bot.room.press("Ann", &card, "confirm").await;
    let done = bot.room.reply(&order, "two ends", |told| count(told, "Done, 3 of 3 ready") == 2).await;
    bot.room.press("Ann", &done, "undo").await;
    let what = "the second card";
    let undo = bot.room.reply(&order, what, |told| told["id"] != card["id"] && has_button(told, "confirm")).await;
    let help = bot.room.say_in_private("Ann", "help").await;
    bot.room.told(&help, "Say it in plain words").await;
    bot.stop().await;

    // Her yes is put on record, and then it dies.
    let store = Sqlite::open(bot.database()).await.unwrap();
    let waiting = store.waiting_of(&bot.room.person("Ann").id).await.unwrap().changes;
    let [first, _] = waiting.as_slice() else { panic!("{waiting:?}") };
    let who = first.order().requester.clone();
    let approve = Decide::Approve { who, authorization: Ok(()), cause: None };
    let (_, answer) = store.decide(first.request(), &approve, now()).await.unwrap().unwrap();
    assert_eq!(answer, Answer::Approved);
    drop(store);
    let announced = announcements(&bot).await;

    bot.run().await;
    let what = "two that are taken back";
    let told = bot.room.reply(&order, what, |told| count(told, "Undone.") == 2).await;
    assert_eq!(told["id"], card["id"]);
    let told = bot.room.reply(&order, "two ends", |told| told["id"] == undo["id"] && count(told, "Done,") == 2).await;
    assert_eq!(count(&told, "ready after"), 2, "{told}");
    assert_eq!(announcements(&bot).await, announced + 2);
}

/// How many times a message says this.
fn count(message: &Value, words: &str) -> usize {
    message["markdown"].as_str().unwrap_or_default().matches(words).count()
}

fn has_button(message: &Value, press: &str) -> bool {
    let actions = message["attachments"][0]["content"]["actions"].as_array();
    actions.into_iter().flatten().any(|action| action["data"]["press"] == press)
}

/// How many changes of direct messages were announced.
async fn announcements(bot: &Bot) -> usize {
    let said = bot.room.said_by_bot().await;
    let announced = |message: &&Value| message["markdown"].as_str().unwrap_or_default().contains("in a direct message");
    said.iter().filter(announced).count()
}

#[tokio::test]
async fn an_outcome_that_could_not_be_recorded_is_settled_when_the_database_takes_writes_again() {
    let local = Local::start(Seed::quick()).await;
    let bot = Bot::start(Setup::default(), local.connection()).await;
    local.tap.set(Gate::BeforeAnswers);
    let order = bot.room.say("Ann", "kubectl scale deployment/nginx-deployment --replicas=3").await;
    local.tap.until(true, |call| call.is_write() && !call.is_dry_run()).await;
    // The change is claimed and made; from now on the database takes no writes.
    let other = rusqlite::Connection::open(bot.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    local.tap.set(Gate::Open);
    bot.room.told(&order, "I cannot tell what became of it").await;
    other.execute_batch("ROLLBACK").unwrap();

    bot.room.told(&order, "Done").await;
    let writes = local.tap.writes().iter().filter(|call| !call.is_dry_run()).count();
    assert_eq!(writes, 1, "{:#?}", local.tap.writes());
    drop(other);
    let archive = Archive::open(bot.database()).unwrap();
    let found = archive.newest(&Filter::default(), 10).unwrap().changes;
    assert_eq!(found.iter().map(Change::status).collect::<Vec<_>>(), [Status::Applied]);
}
