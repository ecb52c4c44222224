//! Several clusters behind one bot: each request goes to its cluster, and one that never answers delays no other.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use readback_cluster::Connection;
use readback_core::domain::ClusterName;
use readback_sim::cluster::Seed;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::bot::{Bot, Local, Setup};
use crate::support::log::CapturedLog;
use crate::support::tap::Gate;

fn named(name: &str, connection: Connection) -> Connection {
    Connection { name: ClusterName::parse(name).unwrap(), ..connection }
}

async fn replicas(local: &Local, name: &str) -> Option<i32> {
    let api: Api<Deployment> = Api::namespaced(local.client.clone(), "default");
    api.get(name).await.unwrap().spec.unwrap().replicas
}

#[tokio::test]
async fn a_request_goes_to_the_named_cluster_and_without_a_name_the_bot_asks() {
    let (eu, us) = (Local::start(Seed::demo()).await, Local::start(Seed::demo()).await);
    let connections =
        vec![(named("eu", eu.connection()), vec!["frankfurt".to_owned()]), (named("us", us.connection()), Vec::new())];
    let bot = Bot::start_before(Setup::default(), connections).await;
    let order = bot.room.say("Ann", "scale nginx-deployment to 4 in us").await;
    bot.room.told(&order, "`nginx-deployment` in `default` on `us` 2 → 4. Done, 4 of 4 ready").await;
    assert_eq!((replicas(&eu, "nginx-deployment").await, replicas(&us, "nginx-deployment").await), (Some(2), Some(4)));

    let order = bot.room.say("Ann", "scale nginx-deployment to 3 in the frankfurt cluster").await;
    bot.room.told(&order, "on `eu` 2 → 3. Done").await;
    assert_eq!(replicas(&us, "nginx-deployment").await, Some(4));

    let unclear = bot.room.say("Ann", "scale nginx-deployment to 5").await;
    let card = bot.room.card(&unclear).await;
    let buttons = card["attachments"][0]["content"]["actions"].to_string();
    assert!(buttons.contains("default · eu") && buttons.contains("default · us"), "{buttons}");
    let confirm = bot.room.say("Ann", "restart redis-cache in us").await;
    let card = bot.room.card(&confirm).await;
    assert!(card["attachments"][0]["content"].to_string().contains("us · default"), "{card}");
}

#[tokio::test]
async fn a_room_can_have_a_default_cluster() {
    let (eu, us) = (Local::start(Seed::demo()).await, Local::start(Seed::demo()).await);
    let policy = "[[grant]]\npeople = [\"example.com\"]\nnamespaces = [\"*\"]\nverbs = [\"all\"]\n\n[[room]]\nid = \"THE_ROOM\"\ncluster = \"us\"\n";
    let setup = Setup { policy: Some(policy.to_owned()), ..Setup::default() };
    let connections = vec![(named("eu", eu.connection()), Vec::new()), (named("us", us.connection()), Vec::new())];
    let bot = Bot::start_before(setup, connections).await;
    let order = bot.room.say("Ann", "scale nginx-deployment to 4").await;
    bot.room.told(&order, "on `us` 2 → 4. Done").await;
    assert_eq!((replicas(&eu, "nginx-deployment").await, replicas(&us, "nginx-deployment").await), (Some(2), Some(4)));
}

#[tokio::test]
async fn a_room_whose_cluster_is_gone_asks_before_it_takes_another() {
    let policy = "[[grant]]\npeople = [\"example.com\"]\nnamespaces = [\"*\"]\nverbs = [\"all\"]\n\n[[room]]\nid = \"THE_ROOM\"\ncluster = \"us\"\n";
    let setup = Setup { policy: Some(policy.to_owned()), ..Setup::default() };
    let eu = Local::start(Seed::quick()).await;
    let bot = Bot::start_before(setup, vec![(named("eu", eu.connection()), Vec::new())]).await;
    let order = bot.room.say("Ann", "scale nginx-deployment to 4").await;
    let card = bot.room.card(&order).await;
    let text = card["attachments"][0]["content"].to_string();
    assert!(text.contains("us is not one of mine any more, so I took eu."), "{text}");
    assert_eq!(replicas(&eu, "nginx-deployment").await, Some(2));
    bot.room.press("Ann", &card, "confirm").await;
    bot.room.told(&order, "Done, 4 of 4 ready").await;

    let order = bot.room.say("Ann", "scale nginx-deployment to 3 on eu").await;
    bot.room.told(&order, "4 → 3. Done").await;
    let order = bot.room.say_in_private("Ann", "scale nginx-deployment to 4").await;
    bot.room.told(&order, "3 → 4. Done").await;
}

#[tokio::test]
async fn a_cluster_that_never_answers_delays_no_other() {
    let eu = Local::start(Seed::demo()).await;
    // It accepts every connection and sends nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut hole = JoinSet::new();
    hole.spawn(async move {
        let mut held = Vec::new();
        while let Ok((socket, _)) = silent.accept().await {
            held.push(socket);
        }
    });
    let connections =
        vec![(named("eu", eu.connection()), Vec::new()), (named("asia", eu.connection_to(&url)), Vec::new())];
    let bot = Bot::start_before(Setup::default(), connections).await;
    let started = Instant::now();
    let order = bot.room.say("Ann", "scale nginx-deployment to 4 on eu").await;
    bot.room.told(&order, "on `eu` 2 → 4").await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());

    // The unseen cluster may have an object of that name, too.
    let order = bot.room.say("Ann", "scale redis-cache to 2").await;
    let card = bot.room.card(&order).await;
    let text = card["attachments"][0]["content"].to_string();
    assert!(text.contains("I have not seen the cluster asia yet"), "{text}");
    let order = bot.room.say("Ann", "scale nginx-deployment to 3 on asia").await;
    bot.room.told(&order, "I have not seen the cluster `asia` yet").await;
}

#[tokio::test]
async fn a_silent_cluster_delays_only_its_own_orders_and_after_three_calls_not_even_these() {
    let (eu, asia) = (Local::start(Seed::quick()).await, Local::start(Seed::quick()).await);
    let patience = Duration::from_secs(3);
    let silent = Connection { call_timeout: patience, ..named("asia", asia.connection()) };
    let connections = vec![(named("eu", eu.connection()), Vec::new()), (silent, Vec::new())];
    let bot = Bot::start_before(Setup::default(), connections).await;
    let reads =
        || asia.tap.calls().into_iter().filter(|call| call.uri.contains("/deployments/nginx-deployment")).count();
    asia.tap.set(Gate::BeforeReads);

    let waits = bot.room.say_in_private("Ann", "scale nginx-deployment to 4 on asia").await;
    asia.tap.holding().await;
    let started = Instant::now();
    let elsewhere = bot.room.say("Ann", "scale nginx-deployment to 4 on eu").await;
    bot.room.told(&elsewhere, "on `eu` 2 → 4").await;
    assert!(started.elapsed() < patience, "{:?}", started.elapsed());
    bot.room.told(&waits, "The cluster `asia` did not answer in 3 s. Nothing was changed.").await;

    for replicas in [5, 6] {
        let order = format!("scale nginx-deployment to {replicas} on asia");
        let waits = bot.room.say_in_private("Ann", &order).await;
        bot.room.told(&waits, "Nothing was changed.").await;
    }
    assert_eq!(reads(), 3);
    let started = Instant::now();
    let at_once = bot.room.say_in_private("Ann", "scale nginx-deployment to 7 on asia").await;
    bot.room.told(&at_once, "The cluster `asia` does not answer: it was silent just now").await;
    assert!(started.elapsed() < patience, "{:?}", started.elapsed());
    assert_eq!(reads(), 3, "it is not asked again so soon");
    let elsewhere = bot.room.say("Ann", "scale nginx-deployment to 3 on eu").await;
    bot.room.told(&elsewhere, "on `eu` 4 → 3").await;

    asia.tap.set(Gate::Open);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let again = bot.room.say_in_private("Ann", "scale nginx-deployment to 3 on asia").await;
    bot.room.told(&again, "on `asia` 2 → 3").await;
    assert_eq!(asia.tap.writes().len(), 1);
}

#[tokio::test]
async fn a_cluster_that_is_down_is_named_in_the_room_and_logged_once_a_minute() {
    let (log, _captured) = CapturedLog::start();
    let (eu, asia) = (Local::start(Seed::quick()).await, Local::start(Seed::quick()).await);
    let connections = vec![(named("eu", eu.connection()), Vec::new()), (named("asia", asia.connection()), Vec::new())];
    let bot = Bot::start_before(Setup::default(), connections).await;
    let approved = bot.room.say("Ann", "restart grafana on asia").await;
    let card = bot.room.card(&approved).await;
    drop(asia);
    bot.room.press("Ann", &card, "confirm").await;
    let told = bot.room.told(&approved, "could not be read. The cluster `asia` does not answer (").await;
    assert!(told["markdown"].as_str().unwrap().contains("Nothing was changed."), "{told}");
    for order in ["scale nginx-deployment to 4 on asia", "restart redis-cache on asia", "status of redis-cache on asia"]
    {
        let order = bot.room.say("Ann", order).await;
        let told = bot.room.told(&order, "The cluster `asia` does not answer (").await;
        let text = told["markdown"].as_str().unwrap();
        assert!(text.ends_with("Nothing was changed.") && !text.contains("my side"), "{text}");
    }
    let order = bot.room.say("Ann", "scale nginx-deployment to 4 on eu").await;
    bot.room.told(&order, "on `eu` 2 → 4").await;

    let lines = log.lines();
    let about = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!(about("kind=\"unreachable\""), 1, "{lines:#?}");
    assert_eq!(about("turn failed"), 0, "{lines:#?}");
    assert_eq!(about("outcome=\"fault\""), 3, "one line a turn: {lines:#?}");
}
