//! Changes under the name of the person who requested them: the API server authorises them by that person's roles, and
//! its audit log names both.

use serde_json::{Value, json};

use super::{NGINX, Scene, is_of_the_fixture, shipped};
use crate::support::bot::Setup;
use crate::support::kubelet::Rules;

const POLICY: &str = "[[grant]]\npeople = [\"example.com\"]\nnamespaces = [\"*\"]\nverbs = [\"all\"]\n\n\
    [impersonate]\ndomains = [\"example.com\"]\n";

/// Ann may scale and nothing else; Bo may do nothing.
fn anns_role() -> String {
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "ann"},
        "rules": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}]});
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "ann"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "ann"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ann@example.com"}]});
    format!("{role}\n---\n{binding}\n")
}

#[tokio::test]
async fn the_audit_log_names_the_person_and_their_role_decides() {
    // The prerequisites: the shipped role with both people named, and without readback's own right to patch.
    let account = shipped("rbac.yaml").replace("verbs: [get, list, watch, patch]", "verbs: [get, list, watch]");
    let scene = Scene::with_role(Rules::default(), &account).await;
    let shipped = shipped("roles/impersonate.yaml").replace("[ann@example.com]", "[ann@example.com, bo@example.com]");
    let name = format!("impersonate-{}", scene.namespace);
    let shipped = shipped.replace("name: readback-impersonate", &format!("name: {name}"));
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": "readback", "namespace": scene.namespace}]});
    scene.plane.apply(&scene.namespace, &format!("{shipped}\n---\n{binding}\n---\n{}", anns_role())).await;

    let bot = scene.bot_with(Setup { policy: Some(POLICY.to_owned()), ..Setup::default() }).await;
    let order = bot.room.say("Ann", "bump nginx to 3 please").await;
    bot.room.told(&order, "2 → 3. Done").await;
    let order = bot.room.say("Bo", "bump nginx to 4 please").await;
    bot.room.told(&order, "does not allow `bo@example.com` to `patch` `deployments`").await;

    let user = &scene.account.user;
    let own = |event: &crate::support::plane::audit::Event| {
        event.user() == user && event.is_write() && !is_of_the_fixture(event)
    };
    let sent = scene.plane.audit(own).await;
    let told: Vec<(&str, Option<u16>)> = sent.iter().map(|event| (event.impersonated(), event.code())).collect();
    assert_eq!(told, [("ann@example.com", Some(200)), ("bo@example.com", Some(403))], "{sent:#?}");
    assert_eq!(sent[0].name(), NGINX);
    let change = &sent[0].impersonated_extra()["readback.dev/change"];
    assert!(matches!(change, Value::Array(ids) if ids.len() == 1 && ids[0].is_string()), "{change}");
}
