//! The program itself, killed between Confirm and the reply, and restarted on the same database: the change was made at
//! most once, and the person is told the truth.

use serde_json::Value;

use super::{NGINX, Scene, image, the_patch};
use crate::support::bot::now;
use crate::support::bot::room::OpenRoom;
use crate::support::kubelet::Rules;
use crate::support::plane::audit::Event;
use crate::support::program::{Program, Serving};
use crate::support::tap::{Call, Gate, Tap};

/// An unambiguous request, so that nothing depends on the model's confidence.
const ORDER: &str = "kubectl set image deployment/nginx-deployment nginx=nginx:1.21";

/// More calls than the bot makes in a test.
const REFUSALS: u32 = 1_000;

/// A room and a tapped connection to the real control plane, and the settings of a process between them.
pub(super) struct Scenario {
    pub(super) scene: Scene,
    pub(super) room: OpenRoom,
    pub(super) tap: Tap,
    program: Program,
}

impl Scenario {
    pub(super) async fn begin() -> Self {
        let scene = Scene::set(Rules::default()).await;
        let tap = Tap::on(scene.plane.url(), Some(scene.plane.ca_pem())).await;
        let room = OpenRoom::new(now).await;
        let program = Program::new(&room, &room.base, &tap.url, &scene.account.token, &scene.namespace).hooked();
        Self { scene, room, tap, program }
    }

    pub(super) async fn serve(&self) -> Serving {
        self.program.serve_in(&self.room).await
    }

    /// Sends the request, and confirms on the card; returns the message of the request.
    async fn confirm(&self) -> String {
        self.confirm_order(ORDER).await
    }

    /// The same with this request.
    pub(super) async fn confirm_order(&self, text: &str) -> String {
        let order = self.room.say("Ann", text).await;
        let card = self.room.card(&order).await;
        self.room.press("Ann", &card, "confirm").await;
        order
    }

    /// Waits until this many deliveries were accepted.
    async fn accepted(&self, count: usize) {
        let (started, wanted) = (std::time::Instant::now(), f64::from(u32::try_from(count).unwrap()));
        loop {
            let accepted = self.program.figure("readback_deliveries_total{result=\"queued\"}").await;
            if accepted.is_some_and(|accepted| accepted >= wanted) {
                return;
            }
            assert!(started.elapsed() < crate::support::wait::PATIENCE, "{accepted:?} deliveries were accepted");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The common expected end: one patch, the new image, no open change, and a true report to the person.
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

/// Lets Webex refuse every further call.
fn cut_off(room: &OpenRoom) {
    room.switch(|room| (room.refuse_calls, room.retry_after) = (REFUSALS, 600));
}

/// Waits until the bot has tried to post.
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

pub(super) fn is_the_change(call: &Call) -> bool {
    call.is_write() && !call.is_dry_run() && call.uri.contains(NGINX)
}

#[tokio::test]
async fn killed_before_the_patch_arrives_it_is_sent_by_the_next_run() {
    let scenario = Scenario::begin().await;
    scenario.tap.set(Gate::BeforeWrites);
    let serving = scenario.serve().await;
    let order = scenario.confirm().await;
    scenario.tap.until(false, is_the_change).await;
    drop(serving);
    scenario.tap.abandoned().await;
    let (_, sent) = scenario.scene.writes().await;
    assert!(sent.is_empty(), "nothing has arrived: {sent:#?}");
    scenario.tap.set(Gate::Open);

    let _serving = scenario.serve().await;
    scenario.ends_well(&order).await;
}

#[tokio::test]
async fn killed_while_the_patch_is_held_the_next_run_keeps_looking_for_it() {
    let scenario = Scenario::begin().await;
    scenario.tap.set(Gate::Late);
    let serving = scenario.serve().await;
    let order = scenario.confirm().await;
    scenario.tap.holding().await;
    scenario.room.told(&order, "I have no answer yet whether `nginx-deployment` was changed").await;
    drop(serving);

    let _serving = scenario.serve().await;
    scenario.tap.set(Gate::Open);
    scenario.ends_well(&order).await;
}

#[tokio::test]
async fn killed_while_the_patch_is_held_it_is_applied_once_although_it_was_sent_again() {
    let scenario = Scenario::begin().await;
    scenario.tap.set(Gate::Late);
    let serving = scenario.serve().await;
    let order = scenario.confirm().await;
    scenario.tap.holding().await;
    drop(serving);
    let _serving = scenario.serve().await;
    scenario.tap.holding_as_many_as(2).await;
    scenario.tap.set(Gate::Open);

    scenario.room.told(&order, "Done, 2 of 2 updated and ready").await;
    let (_, sent) = scenario.scene.writes().await;
    let mut codes: Vec<_> = sent.iter().map(Event::code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [Some(200), Some(422)], "{sent:#?}");
    assert_eq!(image(&scenario.scene.live().await), Some("nginx:1.21"));
}

#[tokio::test]
async fn killed_before_the_response_arrives_it_is_not_sent_again() {
    let scenario = Scenario::begin().await;
    scenario.tap.set(Gate::BeforeAnswers);
    let serving = scenario.serve().await;
    let order = scenario.confirm().await;
    scenario.tap.until(true, is_the_change).await;
    drop(serving);
    scenario.tap.set(Gate::Open);

    let _serving = scenario.serve().await;
    scenario.ends_well(&order).await;
}

#[tokio::test]
async fn killed_before_the_reply_the_next_run_sends_it() {
    let scenario = Scenario::begin().await;
    scenario.tap.set(Gate::BeforeAnswers);
    let serving = scenario.serve().await;
    let order = scenario.confirm().await;
    scenario.tap.until(true, is_the_change).await;
    cut_off(&scenario.room);
    scenario.tap.set(Gate::Open);
    // Its next call to Webex shows that the outcome is stored: it is stored before it is reported.
    tries_to_tell(&scenario.room).await;
    drop(serving);
    scenario.room.switch(|room| room.refuse_calls = 0);

    let _serving = scenario.serve().await;
    scenario.ends_well(&order).await;
}

#[tokio::test]
async fn killed_while_the_deployment_changes_nothing_is_sent_and_that_is_reported() {
    let scenario = Scenario::begin().await;
    scenario.tap.set(Gate::BeforeWrites);
    let serving = scenario.serve().await;
    let order = scenario.confirm().await;
    scenario.tap.until(false, is_the_change).await;
    drop(serving);
    scenario.tap.abandoned().await;
    scenario.tap.set(Gate::Open);
    let other = serde_json::json!({"spec": {"replicas": 4}});
    scenario.scene.somebody_else_patches(other).await;

    let _serving = scenario.serve().await;
    let told: Value = scenario.room.told(&order, "Not applied").await;
    assert!(told["markdown"].as_str().unwrap().contains("has 4 replicas and runs `nginx:1.20` now"), "{told}");
    assert_eq!(image(&scenario.scene.live().await), Some("nginx:1.20"));
    let (_, sent) = scenario.scene.writes().await;
    assert!(sent.is_empty(), "{sent:#?}");
}

#[tokio::test]
async fn killed_with_a_queue_the_next_run_answers_everything_that_was_accepted() {
    const MESSAGES: usize = 20;
    let scenario = Scenario::begin().await;
    let serving = scenario.serve().await;
    let help = scenario.room.say("Ann", "help").await;
    scenario.room.told(&help, "Say it in plain words").await;
    cut_off(&scenario.room);
    let mut questions = Vec::new();
    for _ in 0..MESSAGES {
        questions.push(scenario.room.say("Ann", "help").await);
    }
    let order = scenario.room.say("Ann", "scale nginx-deployment to 3").await;
    scenario.accepted(MESSAGES + 2).await;
    drop(serving);
    scenario.room.switch(|room| room.refuse_calls = 0);

    let _serving = scenario.serve().await;
    for question in &questions {
        scenario.room.told(question, "Say it in plain words").await;
    }
    scenario.room.told(&order, "Done").await;
    assert_eq!(crate::real_cluster::replicas(&scenario.scene.live().await), Some(3));
    let (_, sent) = scenario.scene.writes().await;
    assert_eq!(sent.len(), 1, "{sent:#?}");
}

#[tokio::test]
async fn killed_before_the_card_is_posted_the_next_run_posts_it() {
    let scenario = Scenario::begin().await;
    scenario.tap.set(Gate::BeforeDryRuns);
    let serving = scenario.serve().await;
    let order = scenario.room.say("Ann", ORDER).await;
    scenario.tap.until(false, Call::is_dry_run).await;
    cut_off(&scenario.room);
    scenario.tap.set(Gate::Open);
    // It is stored before it is posted.
    tries_to_tell(&scenario.room).await;
    drop(serving);
    scenario.room.switch(|room| room.refuse_calls = 0);

    let _serving = scenario.serve().await;
    let card = scenario.room.card(&order).await;
    scenario.room.press("Ann", &card, "confirm").await;
    scenario.ends_well(&order).await;
}

#[tokio::test]
async fn killed_between_approval_and_claim_the_next_run_executes_it() {
    let scenario = Scenario::begin().await;
    let serving = scenario.serve().await;
    let order = scenario.room.say("Ann", ORDER).await;
    let card = scenario.room.card(&order).await;
    scenario.tap.set(Gate::BeforeReads);
    scenario.room.press("Ann", &card, "confirm").await;
    // It reads the object after the approval is stored.
    scenario.tap.holding().await;
    drop(serving);
    scenario.tap.abandoned().await;
    let (_, sent) = scenario.scene.writes().await;
    assert!(sent.is_empty(), "{sent:#?}");
    scenario.tap.set(Gate::Open);

    let _serving = scenario.serve().await;
    scenario.ends_well(&order).await;
}

#[tokio::test]
async fn killed_after_a_cancellation_the_next_run_closes_the_card() {
    let scenario = Scenario::begin().await;
    let serving = scenario.serve().await;
    let order = scenario.room.say("Ann", ORDER).await;
    let card = scenario.room.card(&order).await;
    // Reading the card action takes three calls: the action, the card, the person. The next one edits the card.
    scenario.room.switch(|room| room.spare_calls = 3);
    cut_off(&scenario.room);
    scenario.room.press("Ann", &card, "cancel").await;
    tries_to_tell(&scenario.room).await;
    drop(serving);
    scenario.room.switch(|room| room.refuse_calls = 0);

    let _serving = scenario.serve().await;
    let told = scenario.room.told(&order, "Cancelled by Ann").await;
    assert_eq!(told["attachments"][0]["content"]["actions"], serde_json::json!([]), "{told}");
    assert_eq!(image(&scenario.scene.live().await), Some("nginx:1.20"));
    let (_, sent) = scenario.scene.writes().await;
    assert!(sent.is_empty(), "{sent:#?}");
}

#[tokio::test]
async fn killed_while_the_card_is_open_its_record_decides_the_card_action() {
    let scenario = Scenario::begin().await;
    let serving = scenario.serve().await;
    let order = scenario.room.say("Ann", "scale nginx-deployment to 0").await;
    let card = scenario.room.card(&order).await;
    // A room is processed in order: when this is answered, the card is stored.
    let help = scenario.room.say("Ann", "help").await;
    scenario.room.told(&help, "Say it in plain words").await;
    drop(serving);
    // A change by somebody else while the bot is down: afterwards the card action is decided by the card's record.
    let other = serde_json::json!({"spec": {"replicas": 3}});
    scenario.scene.somebody_else_patches(other).await;
    let _serving = scenario.serve().await;
    scenario.room.press("Ann", &card, "confirm").await;
    let told = scenario.room.told(&order, "Not applied").await;
    assert!(told["markdown"].as_str().unwrap().contains("it has 3 replicas now"), "{told}");
    let (_, sent) = scenario.scene.writes().await;
    assert_eq!(sent.len(), 1, "one patch, which the API server refused: {sent:#?}");
    assert_eq!(crate::real_cluster::replicas(&scenario.scene.live().await), Some(3));
}
