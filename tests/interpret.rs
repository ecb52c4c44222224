//! `readback interpret` as a program: rows in, rows out, in order, whatever their contents.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

const CATALOG: &str = r#"{"clusters":[
    {"name":"main","default":true,"namespaces":{"default":["nginx-deployment","web"],"staging":["web"]}},
    {"name":"eu","namespaces":{"prod":["ledger"]}}]}"#;

fn interpret(rows: &[u8]) -> Vec<Value> {
    interpret_among(CATALOG, rows)
}

fn interpret_among(live: &str, rows: &[u8]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let catalog = folder.path().join("catalog.json");
    std::fs::write(&catalog, live).unwrap();
    // From another folder, and with an empty environment: the model must still be found.
    let mut program = Command::new(env!("CARGO_BIN_EXE_readback"))
        .args(["interpret", "--catalog"])
        .arg(&catalog)
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(rows).unwrap();
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_row_is_answered_in_its_place() {
    let rows = concat!(
        "{\"id\":\"a\",\"text\":\"kubectl scale deploy/nginx-deployment --replicas=3\"}\n",
        "\n   \n",
        "no json\n",
        "{\"id\":7,\"text\":null}\n",
        "{\"id\":{\"x\":1},\"text\":\"\"}\n",
        "{\"id\":\"b\",\"text\":\"kubectl scale deploy/ledger --replicas=300 --context eu\"}\n",
    );
    let out = interpret(rows.as_bytes());
    let ids: Vec<&Value> = out.iter().map(|row| &row["id"]).collect();
    assert_eq!(ids, [&json!("a"), &Value::Null, &json!(7), &json!({"x": 1}), &json!("b")]);
    assert!(out[1]["error"].is_string() && out[2]["error"].is_string());
    assert_eq!(out[3]["commands"][0]["intent"], "none", "a message without words is one `none`");
    let scale = &out[0]["commands"][0];
    assert_eq!(scale["targets"], json!(["default/nginx-deployment"]));
    assert_eq!((&scale["replicas"], &scale["decision"]), (&json!({"to": 3}), &json!("execute")));
    assert!(scale.get("image").is_none(), "an absent slot is omitted");
    assert!(out[0]["micros"].as_u64().is_some());
    let beyond = &out[4]["commands"][0];
    assert_eq!((&beyond["targets"], &beyond["decision"]), (&json!(["eu/prod/ledger"]), &json!("refuse")));
    assert_eq!(beyond["replicas"], json!({"to": 300}), "a value beyond the limit stays in its slot");
}

#[test]
fn what_is_too_long_to_be_read_whole_orders_nothing() {
    let long = |order: &str| json!({"id": order, "text": format!("{order}{}", " ".repeat(4_100))});
    let orders = ["kubectl scale deploy/nginx-deployment --replicas=3", "scale nginx-deployment to 3"];
    for row in interpret(orders.map(|order| format!("{}\n", long(order))).concat().as_bytes()) {
        let command = &row["commands"][0];
        assert_eq!((&command["intent"], &command["decision"]), (&json!("none"), &json!("ignore")), "{row}");
        assert!(command["reasons"].to_string().contains("4000 characters"), "{row}");
    }
}

#[test]
fn bytes_that_are_not_text_are_a_bad_row_and_the_rest_is_answered() {
    let out = interpret(b"\xff\xfe\n{\"id\":1,\"text\":\"kubectl get deploy\"}\n");
    assert!(out[0]["error"].is_string());
    assert_eq!(out[1]["commands"][0]["intent"], "list");
}

#[test]
fn one_sentence_is_answered_in_words() {
    let output = Command::new(env!("CARGO_BIN_EXE_readback"))
        .args(["interpret", "kubectl scale deploy/nginx-deployment --replicas=3"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("scale · `default/nginx-deployment` · to 3") && text.contains("done at once"), "{text}");
}

/// What each message comes to among these Deployments of one cluster: for every command the decision, and its targets.
fn decided(live: &Value, texts: &[&str]) -> Vec<Vec<(String, Vec<String>)>> {
    let catalog = json!({"clusters": [{"name": "main", "default": true, "namespaces": live}]}).to_string();
    let rows: String = texts.iter().map(|text| format!("{}\n", json!({"id": text, "text": text}))).collect();
    let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |command: &Value| {
        let targets = command["targets"].as_array().into_iter().flatten().map(words).collect();
        (words(&command["decision"]), targets)
    };
    let rows = interpret_among(&catalog, rows.as_bytes());
    rows.iter().map(|row| row["commands"].as_array().into_iter().flatten().map(one).collect()).collect()
}

#[test]
fn a_word_that_is_no_name_changes_nothing_whatever_is_live() {
    let catalogs = [
        json!({"default": ["sign-up", "catch-all", "log-in", "web"], "staging": ["test-deployment", "back-end"]}),
        json!({"default": ["up", "all", "down", "pods", "it"], "staging": ["deployment", "service", "two"]}),
        json!({"tools": ["scale-up", "all-in-one", "update-service", "replicas-exporter", "release-manager", "image-proxy"]}),
    ];
    let texts = [
        "scale up to 5",
        "scale up to 5.",
        "Scale UP to 5!",
        "scale down to 1",
        "scale out to 4",
        "scale back to 3",
        "scale all to 3",
        "scale everything to 3",
        "scale deployment to 5",
        "scale the deployment to 5",
        "scale the deployment up to 6",
        "scale pods to 4",
        "scale replicas to 4",
        "scale service to 4",
        "scale two to 3",
        "scale it to 3",
        "scale them to 3",
        "scale update to 3",
        "scale image to 3",
        "can you scale up to 6?",
    ];
    for live in catalogs {
        for (text, commands) in texts.iter().zip(decided(&live, &texts)) {
            for (decision, targets) in commands {
                assert_ne!(decision, "execute", "{text}: {targets:?}");
                let all = text.contains(" all ") || text.contains("everything");
                assert!(all || targets.is_empty(), "{text}: {decision} {targets:?}");
            }
        }
    }
}

#[test]
fn a_whole_name_is_scaled_even_where_its_words_are_none() {
    let live = json!({"default": ["sign-up", "catch-all", "up", "checkout"], "staging": ["test-deployment"]});
    let texts = [
        ("scale sign-up to 5", "default/sign-up"),
        ("scale catch-all to 5", "default/catch-all"),
        ("scale test-deployment to 5", "staging/test-deployment"),
        ("scale check-out to 5", "default/checkout"),
        ("kubectl scale deploy/up --replicas=5", "default/up"),
    ];
    let read = decided(&live, &texts.map(|(text, _)| text));
    for ((text, target), commands) in texts.iter().zip(read) {
        assert_eq!(commands, [("execute".to_owned(), vec![(*target).to_owned()])], "{text}");
    }
    let missing = json!({"default": ["sign-up"]});
    let commands = &decided(&missing, &["kubectl scale deploy/up --replicas=5"])[0];
    assert_eq!(commands, &[("refuse".to_owned(), Vec::new())], "no part of a name in a shell command either");
}

#[test]
fn a_deployment_of_a_very_long_name_is_live() {
    let name = format!("ledger-{}-worker", "reconciliation-".repeat(15) + "x");
    assert!(name.len() > 200);
    let catalog = json!({"clusters": [{"name": "main", "default": true, "namespaces": {"default": [name]}}]});
    let row = json!({"id": "a", "text": format!("scale {name} to 3")});
    let out = interpret_among(&catalog.to_string(), row.to_string().as_bytes());
    let scale = &out[0]["commands"][0];
    assert_eq!((&scale["targets"], &scale["decision"]), (&json!([format!("default/{name}")]), &json!("execute")));
}

#[test]
fn a_value_that_is_not_wanted_is_never_acted_on() {
    let live =
        json!({"default": ["payments-api", "web"], "staging": ["payments-api"], "production": ["search", "loki"]});
    let target = |text: &str| decided(&live, &[text]).remove(0);
    let confirm =
        |targets: &[&str]| ("confirm".to_owned(), targets.iter().map(ToString::to_string).collect::<Vec<_>>());
    for text in [
        "scale payments-api to 4 in staging but not in default",
        "scale payments-api to 4 in staging, not default",
        "scale payments-api to 4 in staging like in default",
        "scale payments-api to 4 in staging or default",
    ] {
        assert_eq!(target(text), [confirm(&["staging/payments-api"])], "{text}");
    }
    let left_alone = target("payments-api to 4 in staging, leave default alone");
    assert!(left_alone.iter().all(|(decision, targets)| decision != "execute" && targets == &["staging/payments-api"]));
    for text in ["scale payments-api to 4 in staging and default", "payments-api to 4 in staging and in default please"]
    {
        let each = target(text);
        let targets: Vec<&str> = each.iter().flat_map(|(_, targets)| targets).map(String::as_str).collect();
        assert_eq!(targets, ["staging/payments-api", "default/payments-api"], "{text}");
        assert!(each.iter().all(|(decision, _)| decision == "confirm" || decision == "clarify"), "{text}: {each:?}");
    }
    for text in ["scale web instead of search to 4", "scale web, not search, to 4"] {
        assert_eq!(target(text), [confirm(&["default/web"])], "{text}");
    }
    let rather = target("scale web rather than search to 4");
    assert!(rather.iter().all(|(decision, _)| decision != "execute"), "{rather:?}");
    assert_eq!(target("restart everything in production except search"), [confirm(&["production/loki"])]);
    for text in
        ["scale web to 3 4", "scale web to 3 or 4", "scale web to 3 and 4", "set web to 3 replicas or 4 replicas"]
    {
        assert!(target(text).iter().all(|(decision, _)| decision != "execute"), "{text}");
    }
    let corrected = ("execute".to_owned(), vec!["default/web".to_owned()]);
    assert_eq!(target("scale web to 3, no wait, 4"), [corrected]);
}

#[test]
fn a_yes_is_read_out_of_a_closed_list() {
    let live = json!({"default": ["web"]});
    let rows = |texts: &[&str]| -> String {
        texts.iter().map(|text| format!("{}\n", json!({"id": text, "text": text}))).collect()
    };
    let catalog = json!({"clusters": [{"name": "main", "default": true, "namespaces": live}]}).to_string();
    let intents = |texts: &[&str]| -> Vec<Value> {
        let read = interpret_among(&catalog, rows(texts).as_bytes());
        read.iter().map(|row| row["commands"][0]["intent"].clone()).collect()
    };
    let yes = ["yes", "👍", "ok do it", "LGTM 🚀", "please do", "Yes please!"];
    assert_eq!(intents(&yes), vec![json!("confirm"); yes.len()]);
    let other =
        ["yes?", "yes, but later", "he approved", "can I go ahead", "please confirm", "`yes`", "yes 👎", "say yes"];
    for (text, intent) in other.iter().zip(intents(&other)) {
        assert_ne!(intent, "confirm", "{text}");
    }
}
