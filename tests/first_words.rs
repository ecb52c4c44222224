//! The example requests shown to new users: the shipped model must act on them, with its own thresholds.

use readback::interpret::{Interpreter, catalog};
use readback_core::policy::Decision;
use readback_nlu::model::Model;

const LIVE: &str = r#"{"clusters": [{"name": "main", "namespaces": {
    "default": ["nginx-deployment", "web-frontend", "payments-api", "redis-cache"],
    "staging": ["checkout-service", "payments-api", "cart-service", "search"],
    "monitoring": ["grafana", "loki-gateway", "prometheus-server", "alertmanager"]
}}]}"#;

#[test]
fn the_example_requests_are_understood_at_once() {
    let interpreter = Interpreter::new(Model::embedded().unwrap(), catalog(LIVE).unwrap());
    let expected = [
        ("bump nginx to 3 please", Decision::Execute, "default/nginx-deployment"),
        ("scale nginx-deployment to 3", Decision::Execute, "default/nginx-deployment"),
        ("update nginx to 1.21", Decision::Confirm, "default/nginx-deployment"),
        ("deploy nginx:1.21 to nginx-deployment", Decision::Confirm, "default/nginx-deployment"),
        ("restart grafana", Decision::Confirm, "monitoring/grafana"),
    ];
    let mut wrong = Vec::new();
    for (text, decision, target) in expected {
        let judged = interpreter.judge(text).unwrap();
        let got: Vec<_> = judged
            .commands
            .iter()
            .map(|one| {
                let targets =
                    one.found.iter().flatten().flat_map(|found| found.targets.iter().map(ToString::to_string));
                (one.verdict.decision, targets.collect::<Vec<_>>())
            })
            .collect();
        if got != [(decision, vec![target.to_owned()])] {
            wrong.push(format!(
                "“{text}”: {got:?}, {:?}",
                judged.commands.iter().map(|one| &one.verdict.reasons).collect::<Vec<_>>()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
