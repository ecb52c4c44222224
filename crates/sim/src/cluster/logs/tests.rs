use serde_json::json;

use super::*;

fn now() -> Timestamp {
    "2026-01-20T12:00:05Z".parse().unwrap()
}

fn pod(app: &str, state: &Value) -> Value {
    let statuses = json!([{ "name": "web", "state": state }, { "name": "proxy", "state": state }]);
    json!({ "metadata": { "name": "web-1", "labels": { "app": app } }, "status": { "containerStatuses": statuses },
        "spec": { "containers": [{ "name": "web", "image": "web:1.2" }, { "name": "proxy", "image": "proxy" }] } })
}

fn running(started: &str) -> Value {
    pod("web", &json!({ "running": { "startedAt": started } }))
}

fn log(pod: &Value, parameters: &[(&str, &str)]) -> Result<String, Failure> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let parameters = parameters.iter().map(owned).chain([("container".to_owned(), "web".to_owned())]).collect();
    read(pod, &LogOptions::read(&Parameters(parameters), now())?, now())
}

fn refusal(failed: Result<String, Failure>) -> (u16, String) {
    let failure = failed.unwrap_err();
    (failure.code, failure.status()["message"].as_str().unwrap().to_owned())
}

#[test]
fn a_server_logs_its_start_and_its_requests() {
    let young = running("2026-01-20T11:59:35Z");
    let whole = log(&young, &[]).unwrap();
    let lines: Vec<_> = whole.lines().collect();
    assert_eq!(lines[..3], ["INFO starting web 1.2", "INFO configuration read", "INFO listening on 0.0.0.0:8080"]);
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert_eq!(log(&young, &[]).unwrap(), whole, "the same at every call");
    let old = running("2026-01-17T09:00:00Z");
    assert_eq!(log(&old, &[]).unwrap().lines().count(), 27);
    assert!(whole.is_ascii() && !whole.contains("Bearer"));
}

#[test]
fn the_options_select_lines() {
    let old = running("2026-01-17T09:00:00Z");
    let whole = log(&old, &[]).unwrap();
    assert_eq!(
        log(&old, &[("tailLines", "2")]).unwrap(),
        whole.lines().skip(25).map(|l| format!("{l}\n")).collect::<String>()
    );
    assert_eq!(log(&old, &[("tailLines", "0")]).unwrap(), "");
    assert_eq!(log(&old, &[("limitBytes", "10")]).unwrap(), whole[..10]);
    assert_eq!(log(&old, &[("sinceSeconds", "26")]).unwrap().lines().count(), 3);
    let first = log(&old, &[("timestamps", "true"), ("limitBytes", "52")]).unwrap();
    assert_eq!(first, "2026-01-17T09:00:00.000000000Z INFO starting web 1.2");
}

#[test]
fn errors_are_worded_as_in_kubernetes() {
    let creating = pod("web", &json!({ "waiting": { "reason": "ContainerCreating" } }));
    let waits = "container \"web\" in pod \"web-1\" is waiting to start: ContainerCreating";
    assert_eq!(refusal(log(&creating, &[])), (400, waits.to_owned()));
    let options = |container: &str| LogOptions { container: container.into(), ..LogOptions::default() };
    let refused = |container: &str| refusal(read(&creating, &options(container), now()));
    assert_eq!(refused("nobody"), (400, "container nobody is not valid for pod web-1".to_owned()));
    let which = "a container name must be specified for pod web-1, choose one of: [web proxy]";
    assert_eq!(refused(""), (400, which.to_owned()));
    assert_eq!(refusal(log(&creating, &[("tailLines", "-1")])).0, 400);
}
