//! The proxy that spoils calls to Webex, and a bot behind it.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use http::Method;
use readback_sim::cluster::Seed;
use readback_webex::{Webex, WebexError, WebexSettings};
use serde_json::{Value, json};

use crate::support::bot::room::OpenRoom;
use crate::support::bot::{Bot, Local, Setup, now};
use crate::support::person::Person;
use crate::support::trouble::{FaultProxy, Rule, Trouble};

/// Whether an error is of one kind.
type Is = fn(&WebexError) -> bool;

/// Long enough to be seen, and short enough for a test.
const PAUSE: Duration = Duration::from_millis(400);

/// A room behind a proxy, and Ann on both sides of it.
struct Scene {
    proxy: FaultProxy,
    ann: Person,
    direct: Person,
    room_id: String,
    _room: OpenRoom,
}

impl Scene {
    async fn set() -> Self {
        let room = OpenRoom::new(now).await;
        let proxy = FaultProxy::before(&room.base, Vec::new()).await;
        let direct = room.person("Ann").clone();
        let ann = Person { base: proxy.url.clone(), ..direct.clone() };
        let room_id = room.id(&direct, "group").await;
        Self { proxy, ann, direct, room_id, _room: room }
    }

    /// Ann posts a message through the proxy while the trouble affects posts.
    async fn post(&self, text: &str, trouble: Trouble) -> reqwest::Result<(u16, String)> {
        self.proxy.set(vec![Rule::new(Method::POST, "/messages", trouble)]);
        let body = json!({ "roomId": self.room_id, "text": text });
        let call = self.ann.http.post(format!("{}/v1/messages", self.ann.base)).bearer_auth(&self.ann.token);
        let reply = call.json(&body).timeout(PAUSE * 3).send().await?;
        let status = reply.status().as_u16();
        Ok((status, reply.text().await?))
    }

    /// How many messages with this text were posted.
    async fn posted(&self, text: &str) -> usize {
        let (_, list) = self.direct.get(&format!("/messages?roomId={}", self.room_id)).await;
        list["items"].as_array().unwrap().iter().filter(|message| message["text"] == text).count()
    }
}

/// Whether the connection was reset, as opposed to closed.
fn is_reset(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(one) = cause {
        if one.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset) {
            return true;
        }
        cause = one.source();
    }
    false
}

#[tokio::test]
async fn each_trouble_does_what_it_says() {
    let scene = Scene::set().await;
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();

    let (status, body) = scene.post("status", Trouble::Status(502, None)).await.unwrap();
    assert_eq!((status, json(&body)["message"].is_string(), scene.posted("status").await), (502, true, 0));
    let error = scene.post("reset before", Trouble::ResetBefore).await.unwrap_err();
    assert!(is_reset(&error), "{error:?}");
    assert_eq!(scene.posted("reset before").await, 0);
    let error = scene.post("reset after", Trouble::ResetAfter).await.unwrap_err();
    assert!(is_reset(&error), "{error:?}");
    assert_eq!(scene.posted("reset after").await, 1);
    let error = scene.post("stall", Trouble::Stall).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(scene.posted("stall").await, 0);
    let error = scene.post("cut", Trouble::Cut).await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "the status arrived, the body did not: {error:?}");
    assert_eq!(scene.posted("cut").await, 1);

    let (status, body) = scene.post("oversized", Trouble::Oversized).await.unwrap();
    assert_eq!((status, json(&body)["text"].as_str(), scene.posted("oversized").await), (200, Some("oversized"), 1));
    assert!(body.len() > 1 << 20);
    let (status, body) = scene.post("mistyped", Trouble::Mistyped).await.unwrap();
    assert_eq!((status, json(&body)["id"].is_number(), scene.posted("mistyped").await), (200, true, 1));
    let (status, body) = scene.post("wrong id", Trouble::WrongId).await.unwrap();
    assert_eq!((status, json(&body)["text"].as_str(), scene.posted("wrong id").await), (200, Some("wrong id"), 1));
    let id = json(&body)["id"].as_str().unwrap().to_owned();
    assert!(readback_webex::id::is_valid(&id), "{id}");
    assert_eq!(scene.direct.get(&format!("/messages/{id}")).await.0, 404, "nobody has posted it");
    let started = Instant::now();
    let (status, body) = scene.post("slow", Trouble::Slow(PAUSE)).await.unwrap();
    assert_eq!((status, json(&body)["text"].as_str(), scene.posted("slow").await), (200, Some("slow"), 1));
    assert!(started.elapsed() >= PAUSE);
}

#[tokio::test]
async fn a_rule_affects_only_the_calls_that_it_names_and_only_so_often() {
    let scene = Scene::set().await;
    let limit = Rule::new(Method::GET, "/people/", Trouble::Status(429, Some(7)));
    scene.proxy.set(vec![limit.skip(1).times(2)]);
    let mut answers = Vec::new();
    for _ in 0..4 {
        let reply = scene.ann.send(Method::GET, "/people/me", None).await;
        let after = reply.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        answers.push((reply.status().as_u16(), after));
        assert_eq!(scene.ann.get("/rooms").await.0, 200, "another path");
    }
    let limited = || (429, Some("7".to_owned()));
    assert_eq!(answers, [(200, None), limited(), limited(), (200, None)]);
    let calls = scene.proxy.calls();
    let spoilt = calls.iter().filter(|call| call.trouble == Some(Trouble::Status(429, Some(7)))).count();
    assert_eq!((calls.len(), spoilt), (8, 2));
}

#[tokio::test]
async fn the_client_of_the_bot_reports_each_trouble_of_a_read() {
    let scene = Scene::set().await;
    let message = scene.direct.post("/messages", &json!({ "roomId": scene.room_id, "text": "hello" })).await.1;
    let id = message["id"].as_str().unwrap();
    let settings = WebexSettings {
        base_url: format!("{}/v1", scene.proxy.url),
        deadline: PAUSE * 3,
        ..WebexSettings::new(scene.ann.token.clone().into())
    };
    // A rate limit closes the endpoint for its client.
    let client = || Webex::new(settings.clone()).unwrap();
    let table: [(Trouble, Is); 8] = [
        (Trouble::Status(503, None), |error| matches!(error, WebexError::Unavailable { status: 503, .. })),
        (Trouble::Status(429, Some(60)), |error| matches!(error, WebexError::RateLimited { .. })),
        (Trouble::ResetBefore, |error| matches!(error, WebexError::Network(_))),
        (Trouble::Stall, |error| matches!(error, WebexError::Timeout)),
        (Trouble::Cut, |error| matches!(error, WebexError::Network(_))),
        (Trouble::Oversized, |error| matches!(error, WebexError::Malformed { .. })),
        (Trouble::Mistyped, |error| matches!(error, WebexError::Malformed { .. })),
        (Trouble::WrongId, |error| matches!(error, WebexError::Malformed { .. })),
    ];
    for (trouble, is) in table {
        scene.proxy.set(vec![Rule::new(Method::GET, "/messages/", trouble)]);
        let error = client().message(id).await.unwrap_err();
        assert!(is(&error), "{trouble:?}: {error:?}");
    }
    scene.proxy.set(vec![Rule::new(Method::GET, "/messages/", Trouble::Slow(PAUSE / 4))]);
    client().message(id).await.unwrap();
}

#[tokio::test]
async fn a_bot_behind_the_proxy_outlasts_faults_at_its_start_and_of_a_read() {
    let local = Local::start(Seed::quick()).await;
    let at_the_start = vec![Rule::new(Method::GET, "/people/me", Trouble::Status(500, None)).times(1)];
    let bot = Bot::start_behind(Setup::default(), local.connection(), at_the_start).await;
    bot.proxy().set(vec![Rule::new(Method::GET, "/messages/", Trouble::ResetBefore).times(2)]);
    let order = bot.room.say("Ann", "scale nginx-deployment to 3").await;
    bot.room.told(&order, "3").await;
    let is_read =
        |call: &crate::support::trouble::Call| call.method == Method::GET && call.path.starts_with("/messages/");
    bot.proxy().called(3, is_read).await;
    let reads: Vec<_> = bot.proxy().calls().into_iter().filter(is_read).map(|call| call.trouble).collect();
    assert_eq!(reads[..3], [Some(Trouble::ResetBefore), Some(Trouble::ResetBefore), None]);
}
