//! The program itself, killed between Confirm and the reply, and started again on the same database: the change was made
//! at most once, and the person is told the truth.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{NGINX, Scene, image, the_patch};
use crate::support::bot::now;
use crate::support::bot::room::OpenRoom;
use crate::support::kubelet::Rules;
use crate::support::tap::{Call, Gate, Tap};

/// A message that is an order without any doubt, so that nothing depends on how sure the model is.
const ORDER: &str = "kubectl set image deployment/nginx-deployment nginx=nginx:1.21";

/// More calls than the bot makes in a test.
const REFUSALS: u32 = 1_000;

/// A running `readback serve`; killed at the end, at the latest.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A room and a tapped line to the real control plane, and what a process between them needs to know.
struct Night {
    scene: Scene,
    room: OpenRoom,
    tap: Tap,
    folder: TempDir,
    port: u16,
}

impl Night {
    async fn begin() -> Self {
        let scene = Scene::set(Rules::default()).await;
        let tap = Tap::on(scene.plane.url(), Some(scene.plane.ca_pem())).await;
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        Self { scene, room: OpenRoom::new(now).await, tap, folder: tempfile::tempdir().unwrap(), port }
    }

    async fn serve(&self) -> Serving {
        let public_url = format!("http://127.0.0.1:{}", self.port);
        let home = self.folder.path();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(home.join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_readback"))
            .arg("serve")
            .current_dir(home)
            .env_clear()
            .env("HOME", home)
            .env("WEBEX_BOT_TOKEN", &self.room.bot().token)
            .env("WEBEX_WEBHOOK_SECRET", "secret-of-the-crash-test")
            .env("WEBEX_API_URL", format!("{}/v1", self.room.base))
            .env("CLUSTER_URL", &self.tap.url)
            .env("KUBERNETES_TOKEN", &self.scene.account.token)
            .env("KUBERNETES_NAMESPACE", &self.scene.namespace)
            .env("READBACK_PEOPLE", self.room.allowed())
            .env("READBACK_DATABASE", home.join("readback.db"))
            .env("READBACK_BIND", "127.0.0.1")
            .env("READBACK_PUBLIC_URL", &public_url)
            .env("PORT", self.port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let serving = Serving(child);
        self.room.hooked(&format!("{public_url}/webex")).await;
        serving
    }

    /// Orders, and confirms on the card; returns the order's message.
    async fn confirm(&self) -> String {
        let order = self.room.say("Ann", ORDER).await;
        let card = self.room.card(&order).await;
        self.room.press("Ann", &card, "confirm").await;
        order
    }

    /// The end that everybody agrees on: one patch, the new image, nothing left to decide, and the person knows.
    async fn ends_well(&self, order: &str) {
        let told = self.room.told(order, "Done, 2 of 2 updated and ready").await;
        let buttons = told["attachments"][0]["content"]["actions"].as_array().unwrap();
        assert!(buttons.iter().all(|button| button["title"] == "Undo"), "{told}");
        assert!(told["markdown"].as_str().unwrap().contains("Confirmed by Ann at"), "{told}");
        assert_eq!(image(&self.scene.live().await), Some("nginx:1.21"));
        let (_, sent) = self.scene.writes().await;
        the_patch(&self.scene, &sent, 200);
        self.scene.stayed_within_its_role().await;
    }
}

/// Lets Webex refuse everything from now on.
fn cut_off(room: &OpenRoom) {
    room.switch(|room| (room.refuse_calls, room.retry_after) = (REFUSALS, 600));
}

/// Waits until the bot has tried to say something.
async fn tries_to_tell(room: &OpenRoom) {
    let started = std::time::Instant::now();
    loop {
        let mut left = REFUSALS;
        room.switch(|room| left = room.refuse_calls);
        if left < REFUSALS {
            return;
        }
        assert!(started.elapsed() < crate::support::wait::PATIENCE, "the bot does not try to tell");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

fn is_the_change(call: &Call) -> bool {
    call.is_write() && !call.is_dry_run() && call.uri.contains(NGINX)
}

#[tokio::test]
async fn killed_before_the_patch_arrives_it_is_sent_by_the_next_run() {
    let night = Night::begin().await;
    night.tap.set(Gate::BeforeWrites);
    let serving = night.serve().await;
    let order = night.confirm().await;
    night.tap.until(false, is_the_change).await;
    drop(serving);
    night.tap.abandoned().await;
    let (_, sent) = night.scene.writes().await;
    assert!(sent.is_empty(), "nothing has arrived: {sent:#?}");
    night.tap.set(Gate::Open);

    let _serving = night.serve().await;
    night.ends_well(&order).await;
}

#[tokio::test]
async fn killed_before_the_answer_arrives_it_is_not_sent_again() {
    let night = Night::begin().await;
    night.tap.set(Gate::BeforeAnswers);
    let serving = night.serve().await;
    let order = night.confirm().await;
    night.tap.until(true, is_the_change).await;
    drop(serving);
    night.tap.set(Gate::Open);

    let _serving = night.serve().await;
    night.ends_well(&order).await;
}

#[tokio::test]
async fn killed_before_the_room_is_told_the_next_run_tells_it() {
    let night = Night::begin().await;
    night.tap.set(Gate::BeforeAnswers);
    let serving = night.serve().await;
    let order = night.confirm().await;
    night.tap.until(true, is_the_change).await;
    cut_off(&night.room);
    night.tap.set(Gate::Open);
    // Its next call to Webex says that the outcome is on record: it is saved before it is told.
    tries_to_tell(&night.room).await;
    drop(serving);
    night.room.switch(|room| room.refuse_calls = 0);

    let _serving = night.serve().await;
    night.ends_well(&order).await;
}

#[tokio::test]
async fn killed_while_the_deployment_moves_on_nothing_is_sent_and_that_is_told() {
    let night = Night::begin().await;
    night.tap.set(Gate::BeforeWrites);
    let serving = night.serve().await;
    let order = night.confirm().await;
    night.tap.until(false, is_the_change).await;
    drop(serving);
    night.tap.abandoned().await;
    night.tap.set(Gate::Open);
    let other = serde_json::json!({"spec": {"replicas": 4}});
    night.scene.somebody_else_patches(other).await;

    let _serving = night.serve().await;
    let told: Value = night.room.told(&order, "Not applied").await;
    assert!(told["markdown"].as_str().unwrap().contains("has 4 replicas and runs `nginx:1.20` now"), "{told}");
    assert_eq!(image(&night.scene.live().await), Some("nginx:1.20"));
    let (_, sent) = night.scene.writes().await;
    assert!(sent.is_empty(), "{sent:#?}");
}

#[tokio::test]
async fn killed_before_the_card_goes_out_the_next_run_asks() {
    let night = Night::begin().await;
    night.tap.set(Gate::BeforeDryRuns);
    let serving = night.serve().await;
    let order = night.room.say("Ann", ORDER).await;
    night.tap.until(false, Call::is_dry_run).await;
    cut_off(&night.room);
    night.tap.set(Gate::Open);
    // It is recorded before it is asked.
    tries_to_tell(&night.room).await;
    drop(serving);
    night.room.switch(|room| room.refuse_calls = 0);

    let _serving = night.serve().await;
    let card = night.room.card(&order).await;
    night.room.press("Ann", &card, "confirm").await;
    night.ends_well(&order).await;
}

#[tokio::test]
async fn killed_between_the_yes_and_the_claim_the_next_run_carries_it_out() {
    let night = Night::begin().await;
    let serving = night.serve().await;
    let order = night.room.say("Ann", ORDER).await;
    let card = night.room.card(&order).await;
    night.tap.set(Gate::BeforeReads);
    night.room.press("Ann", &card, "confirm").await;
    // It reads the object after the yes is on record.
    night.tap.holding().await;
    drop(serving);
    night.tap.abandoned().await;
    let (_, sent) = night.scene.writes().await;
    assert!(sent.is_empty(), "{sent:#?}");
    night.tap.set(Gate::Open);

    let _serving = night.serve().await;
    night.ends_well(&order).await;
}

#[tokio::test]
async fn killed_after_the_no_the_next_run_closes_the_card() {
    let night = Night::begin().await;
    let serving = night.serve().await;
    let order = night.room.say("Ann", ORDER).await;
    let card = night.room.card(&order).await;
    // Reading the press takes three calls: the press, the card, the person. The next one edits the card.
    night.room.switch(|room| room.spare_calls = 3);
    cut_off(&night.room);
    night.room.press("Ann", &card, "cancel").await;
    tries_to_tell(&night.room).await;
    drop(serving);
    night.room.switch(|room| room.refuse_calls = 0);

    let _serving = night.serve().await;
    let told = night.room.told(&order, "Cancelled by Ann").await;
    assert_eq!(told["attachments"][0]["content"]["actions"], serde_json::json!([]), "{told}");
    assert_eq!(image(&night.scene.live().await), Some("nginx:1.20"));
    let (_, sent) = night.scene.writes().await;
    assert!(sent.is_empty(), "{sent:#?}");
}

#[tokio::test]
async fn killed_while_the_card_waits_its_record_judges_the_press() {
    let night = Night::begin().await;
    let serving = night.serve().await;
    let order = night.room.say("Ann", "scale nginx-deployment to 0").await;
    let card = night.room.card(&order).await;
    // A room is worked off in order: when this is answered, the card is on record.
    let help = night.room.say("Ann", "help").await;
    night.room.told(&help, "Say it in plain words").await;
    drop(serving);
    // Somebody else's order, in words of its own, while no bot is there: the card is judged by its record afterwards.
    let other = serde_json::json!({"spec": {"replicas": 3}});
    night.scene.somebody_else_patches(other).await;
    let _serving = night.serve().await;
    night.room.press("Ann", &card, "confirm").await;
    let told = night.room.told(&order, "Not applied").await;
    assert!(told["markdown"].as_str().unwrap().contains("it has 3 replicas now"), "{told}");
    let (_, sent) = night.scene.writes().await;
    assert_eq!(sent.len(), 1, "one patch, which the API server refused: {sent:#?}");
    assert_eq!(crate::real_cluster::replicas(&night.scene.live().await), Some(3));
}
