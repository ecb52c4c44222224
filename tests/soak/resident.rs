//! One of the people: gives orders and presses buttons, in a direct room or, as the first, in the room of all.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::driver::{Delivery, Soak, TARGETS, namespace};

/// Maximum orders without any answer before the next one, mostly: an order that others of its room wait behind asks.
const UNANSWERED: usize = 1;
/// How often the next one comes sooner.
const SOONER: f64 = 0.2;
/// How long an answer is waited for.
const PATIENT: Duration = Duration::from_mins(2);

/// An order that was delivered.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Its message.
    pub(super) id: String,
    /// How many Deployments it is about.
    pub(super) targets: usize,
    /// Who gave it.
    pub(super) by: String,
}

struct Resident<'s> {
    soak: &'s Soak,
    who: usize,
    random: StdRng,
    orders: Vec<Order>,
    /// Delivered after what comes next.
    held: Option<Delivery>,
}

/// Lives until enough was delivered; returns the orders.
pub(super) async fn live(soak: &Soak, who: usize) -> Vec<Order> {
    let random = StdRng::seed_from_u64(soak.plan.seed ^ (u64::try_from(who).unwrap() + 1) << 32);
    let mut resident = Resident { soak, who, random, orders: Vec::new(), held: None };
    while soak.signed() < soak.plan.deliveries {
        resident.wait_for_answers().await;
        match resident.random.random_range(0..100) {
            0..66 => resident.order().await,
            66..94 => resident.press().await,
            _ => resident.forge().await,
        }
    }
    if let Some(held) = resident.held.take() {
        soak.deliver(&held).await;
    }
    resident.orders
}

impl Resident<'_> {
    /// Waits while too much is unanswered.
    async fn wait_for_answers(&mut self) {
        if self.held.is_some() {
            // What is held is delivered after the next one.
            return;
        }
        let started = Instant::now();
        let most = if self.random.random_bool(SOONER) { 3 * UNANSWERED } else { UNANSWERED };
        let newest = || self.orders.iter().rev().take(6);
        while newest().filter(|order| !self.soak.said.answered(&order.id)).count() >= most
            && started.elapsed() < PATIENT
        {
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// The name of whoever acts now: in the room of all, two people and a stranger.
    fn name(&mut self, strangers: bool) -> String {
        match (self.who, strangers) {
            (0, true) => (*["Ann", "Bo", "Eve"].choose(&mut self.random).unwrap()).to_owned(),
            (0, false) => (*["Ann", "Bo"].choose(&mut self.random).unwrap()).to_owned(),
            (who, _) => format!("Person{who}"),
        }
    }

    /// Says it to the bot; returns the message.
    async fn say(&self, name: &str, text: &str) -> Value {
        let (room, bot) = (&self.soak.room, &self.soak.room.bot().id);
        let person = room.person(name);
        let message = if self.who == 0 {
            let id = room.id(person, "group").await;
            json!({ "roomId": id, "markdown": format!("<@personId:{bot}> {text}") })
        } else {
            json!({ "toPersonId": bot, "markdown": text })
        };
        let (status, said) = person.post("/messages", &message).await;
        assert_eq!(status, 200, "{said}");
        said
    }

    /// Gives an order whose reading is certain: a scale, which is carried out at once, or what asks.
    async fn order(&mut self) {
        let (one, other) = (2 * self.who, 2 * self.who + 1);
        let nth = if self.random.random_bool(0.5) { one } else { other };
        let (name, place) = (TARGETS[nth].as_str(), namespace(nth));
        let mut count = || self.random.random_range(1..6);
        let (few, many) = (count(), count());
        let (text, targets) = match self.random.random_range(0..10) {
            0 => (format!("scale {} to {few} and {} to {many}", TARGETS[one], TARGETS[other]), 2),
            1 => (format!("kubectl rollout restart deployment/{name} -n {place}"), 1),
            2 => (format!("kubectl scale deployment/{name} --replicas=0 -n {place}"), 1),
            _ => (format!("kubectl scale deployment/{name} --replicas={few} -n {place}"), 1),
        };
        let by = self.name(false);
        let said = self.say(&by, &text).await;
        self.orders.push(Order { id: said["id"].as_str().unwrap().to_owned(), targets, by });
        self.send(Delivery::of_message(&said)).await;
    }

    /// Presses a button of one of the newest cards, rightly or not.
    async fn press(&mut self) {
        let newest: Vec<Order> = self.orders.iter().rev().take(12).cloned().collect();
        let cards =
            newest.iter().flat_map(|order| self.soak.said.thread(&order.id).into_iter().map(move |said| (order, said)));
        let open = cards.filter(|(_, said)| said.button("confirm").is_some());
        let open: Vec<_> = open.map(|(order, said)| (order.by.clone(), said)).collect();
        let Some((by, card)) = open.choose(&mut self.random).cloned() else {
            return self.press_late(&newest).await;
        };
        let press = |press: &str| card.button(press).cloned().unwrap_or_default();
        let by = if self.random.random_bool(0.7) { by } else { self.name(true) };
        match self.random.random_range(0..20) {
            0..13 => self.submit(&by, &card.id, &press("confirm")).await,
            13..16 => self.submit(&by, &card.id, &press("cancel")).await,
            16..18 => {
                self.submit(&by, &card.id, &press("confirm")).await;
                self.submit(&by, &card.id, &press("cancel")).await;
            }
            _ => self.submit(&by, &card.id, &json!({ "change": "nonsense", "press": "confirm" })).await,
        }
    }

    /// Presses the Confirm that a card had before it ended.
    async fn press_late(&mut self, newest: &[Order]) {
        let closed = newest.iter().find_map(|order| self.soak.said.closed_card(&order.id));
        if let Some((card, inputs)) = closed.filter(|_| self.random.random_bool(0.1)) {
            let by = self.name(true);
            self.submit(&by, &card, &inputs).await;
        }
    }

    async fn submit(&mut self, by: &str, card: &str, inputs: &Value) {
        let press = json!({ "type": "submit", "messageId": card, "inputs": inputs });
        // The card may have been deleted meanwhile.
        let (status, pressed) = self.soak.room.person(by).post("/attachment/actions", &press).await;
        if status == 200 {
            self.soak.count_press();
            self.send(Delivery::of_press(&pressed)).await;
        }
    }

    /// Delivers it: sometimes after the next one, sometimes more than once.
    async fn send(&mut self, delivery: Delivery) {
        if self.held.is_none() && self.random.random_bool(0.08) {
            self.held = Some(delivery);
            return;
        }
        self.soak.deliver(&delivery).await;
        if self.random.random_bool(0.1) {
            self.soak.forge(&delivery, self.random.random_range(0..5)).await;
        }
        if let Some(held) = self.held.take() {
            self.soak.deliver(&held).await;
        }
        if self.random.random_bool(0.2) {
            self.soak.deliver(&delivery).await;
        }
    }

    /// Says what Webex never delivers, and delivers it without the secret.
    async fn forge(&mut self) {
        let nth = 2 * self.who;
        let by = self.name(false);
        let text = format!("kubectl scale deployment/{} --replicas=7 -n {}", TARGETS[nth], namespace(nth));
        let said = self.say(&by, &text).await;
        self.soak.forge(&Delivery::of_message(&said), self.random.random_range(0..5)).await;
        let id = said["id"].as_str().unwrap().to_owned();
        self.soak.forged.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }
}
