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
    let folder = tempfile::tempdir().unwrap();
    let catalog = folder.path().join("catalog.json");
    std::fs::write(&catalog, CATALOG).unwrap();
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
