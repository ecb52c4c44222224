//! Each Role in `deploy/` grants exactly what is needed. Under it a bot exercises every feature; the API server's audit
//! log must then contain each verb that the Role grants, and no other. So a missing rule, or an unnecessary one, fails
//! a test.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{NGINX, Scene, is_of_the_fixture, shipped};
use crate::support::bot::{Bot, Setup};
use crate::support::kubelet::Rules;

/// Everybody may request everything; the Role limits what is possible.
const ALL: &str = "[[grant]]\npeople = [\"example.com\"]\nnamespaces = [\"*\"]\nverbs = [\"all\"]\n";

/// The manifest of the account with another Role.
fn with_role(file: &str) -> String {
    let account = shipped("rbac.yaml");
    if file == "rbac.yaml" {
        return account;
    }
    let documents = account.split("---\n").filter(|document| !document.contains("\nrules:\n"));
    documents.chain([shipped(file).as_str()]).collect::<Vec<_>>().join("---\n")
}

/// The grants of a Role: each verb on each resource, a subresource after a slash.
fn granted(yaml: &str) -> BTreeSet<String> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).unwrap();
    let role = documents.into_iter().find(|document| document["kind"] == "Role").unwrap();
    let list = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    let rules = role["rules"].as_array().unwrap().clone();
    let each = rules.iter().flat_map(|rule| {
        let (resources, verbs) = (list(&rule["resources"]), list(&rule["verbs"]));
        resources.into_iter().flat_map(move |resource| {
            verbs.clone().into_iter().map(move |verb| format!("{verb} {resource}")).collect::<Vec<_>>()
        })
    });
    each.collect()
}

/// A bot in a namespace under one Role.
struct RoleCheck {
    scene: Scene,
    bot: Bot,
    yaml: String,
}

impl RoleCheck {
    async fn begin(file: &str) -> Self {
        let yaml = with_role(file);
        let scene = Scene::with_role(Rules::bad_tag("9.99"), &yaml).await;
        let bot = scene.bot_with(Setup { policy: Some(ALL.to_owned()), ..Setup::default() }).await;
        Self { scene, bot, yaml }
    }

    /// Sends a message, and waits for this reply.
    async fn say(&self, order: &str, answer: &str) {
        let root = self.bot.room.say("Ann", order).await;
        self.bot.room.told(&root, answer).await;
    }

    /// Sends a request that needs confirmation, confirms it, and waits for this reply.
    async fn confirm(&self, order: &str, answer: &str) {
        let root = self.bot.room.say("Ann", order).await;
        let card = self.bot.room.card(&root).await;
        self.bot.room.press("Ann", &card, "confirm").await;
        self.bot.room.told(&root, answer).await;
    }

    /// The features of every Role.
    async fn look_around(&self) {
        self.say("bump nginx to 3 please", "Done, 3 of 3 ready").await;
        self.say("how is nginx-deployment doing?", "3 of 3 ready").await;
        self.say("list all deployments", "1 Deployment in").await;
        self.say("history of nginx-deployment", "keeps 1 revision").await;
        self.say("restart postgres", "There is no Deployment like").await;
    }

    /// The features of the operator's Role.
    async fn operate(&self) {
        self.confirm("update nginx to 1.21", "Done, 3 of 3 updated and ready").await;
        self.confirm("roll back nginx-deployment", "Done, 3 of 3 updated and ready").await;
        self.confirm("restart nginx-deployment", "Done, 3 of 3 updated and ready").await;
        self.say("pause the rollout of nginx-deployment", "nothing rolls out until").await;
        self.say("resume nginx-deployment", "active").await;
        self.confirm("autoscale nginx-deployment between 2 and 5", "the autoscaler is there").await;
        self.confirm("undo that", "the autoscaler is gone").await;
        self.confirm("autoscale nginx-deployment between 2 and 5", "the autoscaler is there").await;
        self.confirm("autoscale nginx-deployment between 2 and 6", "has these bounds").await;
        // There is no kubelet, which the API server reports.
        self.say("logs of nginx-deployment", "cannot be read").await;
        self.confirm("update nginx to 9.99", "cannot be pulled").await;
        self.say("how is nginx-deployment doing?", "cannot be pulled").await;
    }

    /// The audit log has each verb of the Role, in the namespace, and no other.
    async fn used_exactly_what_it_grants(&self) {
        let user = &self.scene.account.user;
        let asked = self.scene.plane.audit(|event| event.user() == user).await;
        let used: BTreeSet<String> = asked
            .iter()
            .filter(|event| !is_of_the_fixture(event))
            .map(|event| {
                assert_eq!(event.namespace(), self.scene.namespace, "away from home: {event:?}");
                match event.subresource() {
                    "" => format!("{} {}", event.verb, event.resource()),
                    sub => format!("{} {}/{sub}", event.verb, event.resource()),
                }
            })
            .collect();
        let granted = granted(&self.yaml);
        let (unused, beyond): (Vec<_>, Vec<_>) =
            (granted.difference(&used).collect(), used.difference(&granted).collect());
        assert!(
            unused.is_empty() && beyond.is_empty(),
            "granted and not used: {unused:?}; used and not granted: {beyond:?}"
        );
    }
}

#[tokio::test]
async fn the_operators_role_is_exactly_enough() {
    let check = RoleCheck::begin("rbac.yaml").await;
    check.look_around().await;
    check.operate().await;
    check.say("delete nginx-deployment", "my role there lacks `delete` on `deployments`").await;
    check.used_exactly_what_it_grants().await;
}

#[tokio::test]
async fn the_full_role_is_exactly_enough() {
    let check = RoleCheck::begin("roles/full.yaml").await;
    check.look_around().await;
    check.operate().await;
    check.confirm("update nginx to 1.21", "Done, 3 of 3 updated and ready").await;
    check.confirm("delete nginx-deployment", "Deleted; its pods are ending").await;
    check.confirm("undo that", "Done,").await;
    assert_eq!(super::replicas(&check.scene.live().await), Some(3), "made again as it was");
    check.used_exactly_what_it_grants().await;
}

#[tokio::test]
async fn the_scale_only_role_is_exactly_enough_and_offers_nothing_else() {
    let check = RoleCheck::begin("roles/scale-only.yaml").await;
    check.look_around().await;
    for order in
        ["update nginx to 1.21", "restart nginx-deployment", "pause nginx-deployment", "delete nginx-deployment"]
    {
        check.say(order, "my role there lacks").await;
    }
    check.say("autoscale nginx-deployment between 2 and 5", "my role there lacks").await;
    check.say("logs of nginx-deployment", "my role there lacks `get` on `pods/log`").await;
    let help = check.bot.room.say("Ann", "help").await;
    let told = check.bot.room.told(&help, "Say it in plain words").await;
    let text = told["markdown"].as_str().unwrap();
    assert!(text.contains("**scale**") && !text.contains("**image**") && !text.contains("**delete**"), "{text}");
    let (dry, sent) = check.scene.writes().await;
    assert!(dry.is_empty() && sent.len() == 1, "{sent:#?}");
    assert_eq!((sent[0].name(), sent[0].subresource(), sent[0].code()), (NGINX, "scale", Some(200)));
    check.confirm("scale nginx-deployment to 0", "Done").await;
    assert_eq!(super::replicas(&check.scene.live().await), Some(0));
    check.confirm("undo that", "Done").await;
    assert_ne!(super::replicas(&check.scene.live().await), Some(0), "from nothing to what it was");
    check.used_exactly_what_it_grants().await;
}
