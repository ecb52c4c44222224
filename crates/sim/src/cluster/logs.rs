//! The logs of the local cluster's containers: generated, and the same for the same pod at the same time.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    failure::Failure,
    image,
    parameters::Parameters,
    state::fnv,
    store::{items, name_of, text},
};

/// The seed Deployment whose log contains a secret, to show that it is redacted.
const LEAKS_A_TOKEN: &str = "checkout-service";
/// Seconds between two requests that a server logs.
const INTERVAL: i64 = 10;
/// Maximum requests kept; older ones are rotated away.
const MOST_REQUESTS: i64 = 24;

/// The options of a log request.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogOptions {
    container: String,
    tail: Option<usize>,
    bytes: Option<usize>,
    since: Option<Timestamp>,
    timestamps: bool,
    previous: bool,
}

impl LogOptions {
    /// Reads the parameters of a request. `follow` is accepted, but the log ends where it is.
    pub(crate) fn read(parameters: &Parameters, now: Timestamp) -> Result<Self, Failure> {
        let number = |name| Ok(parameters.number(name)?.and_then(|number| usize::try_from(number).ok()));
        let seconds = parameters.number("sinceSeconds")?.and_then(|seconds| i64::try_from(seconds).ok());
        let ago = |seconds| now.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN);
        Ok(Self {
            container: parameters.text("container").to_owned(),
            tail: number("tailLines")?,
            bytes: number("limitBytes")?,
            since: seconds.map(ago),
            timestamps: parameters.flag("timestamps"),
            previous: parameters.flag("previous"),
        })
    }
}

/// The log of a container, as text.
pub(crate) fn read(pod: &Value, options: &LogOptions, now: Timestamp) -> Result<String, Failure> {
    let container = container(pod, &options.container)?;
    let mut lines = written(pod, container, options.previous, now)?;
    lines.retain(|(at, _)| options.since.is_none_or(|since| *at >= since));
    let skipped = options.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
    let line = |(at, line): &(Timestamp, String)| {
        if options.timestamps { format!("{at:.9} {line}\n") } else { format!("{line}\n") }
    };
    let mut log: String = lines.iter().skip(skipped).map(line).collect();
    if let Some(limit) = options.bytes {
        // All of it is ASCII, so any byte is a character boundary.
        log.truncate(limit);
    }
    Ok(log)
}

/// The requested container: the named one, or the only one.
fn container<'a>(pod: &'a Value, named: &str) -> Result<&'a Value, Failure> {
    let (pod_name, all) = (name_of(pod), items(pod, "/spec/containers"));
    match all {
        [only] if named.is_empty() => Ok(only),
        _ if named.is_empty() => {
            let names: Vec<_> = all.iter().map(|container| text(container, "/name")).collect();
            Err(Failure::bad_request(format!(
                "a container name must be specified for pod {pod_name}, choose one of: [{}]",
                names.join(" ")
            )))
        }
        _ => all
            .iter()
            .find(|container| container["name"] == named)
            .ok_or_else(|| Failure::bad_request(format!("container {named} is not valid for pod {pod_name}"))),
    }
}

/// The lines with their times, oldest first.
fn written(
    pod: &Value,
    container: &Value,
    previous: bool,
    now: Timestamp,
) -> Result<Vec<(Timestamp, String)>, Failure> {
    let (pod_name, name) = (name_of(pod), text(container, "/name"));
    let status = items(pod, "/status/containerStatuses").iter().find(|status| status["name"] == name);
    let status = status.unwrap_or(&Value::Null);
    let time = |pointer: &str| text(status, pointer).parse::<Timestamp>().ok();
    if let Some(started) = time("/lastState/terminated/startedAt") {
        return Ok(crash_output(container, started));
    }
    if previous {
        let why = format!("previous terminated container {name:?} in pod {pod_name:?} not found");
        return Err(Failure::bad_request(why));
    }
    let Some(started) = time("/state/running/startedAt") else {
        let why = match text(status, "/state/waiting/reason") {
            "ErrImagePull" => "image can't be pulled",
            "ImagePullBackOff" => "trying and failing to pull image",
            "" => "ContainerCreating",
            other => other,
        };
        let why = format!("container {name:?} in pod {pod_name:?} is waiting to start: {why}");
        return Err(Failure::bad_request(why));
    };
    let mut lines = opening(container, started);
    lines.extend(requests(&format!("{pod_name}/{name}"), started, now));
    if pod["metadata"]["labels"]["app"] == LEAKS_A_TOKEN {
        let at = lines.len() - 1;
        lines.insert(at, (lines[at].0, leaked_token_line()));
    }
    Ok(lines)
}

fn opening(container: &Value, started: Timestamp) -> Vec<(Timestamp, String)> {
    let name = text(container, "/name");
    let tag = image::tag(text(container, "/image"));
    let version = if tag.is_empty() { "latest" } else { tag };
    let says = [
        format!("INFO starting {name} {version}"),
        "INFO configuration read".into(),
        "INFO listening on 0.0.0.0:8080".into(),
    ];
    (0_i32..).zip(says).map(|(at, line)| (started + SignedDuration::from_millis(120) * at, line)).collect()
}

/// One request per interval since the start; its content depends only on the pod and the time.
fn requests(whose: &str, started: Timestamp, now: Timestamp) -> impl Iterator<Item = (Timestamp, String)> {
    let newest = now.as_second().div_euclid(INTERVAL);
    let first = (started.as_second().div_euclid(INTERVAL) + 1).max(newest - MOST_REQUESTS + 1);
    (first..=newest).filter_map(move |slot| {
        let chance = fnv(format!("{whose}/{slot}").as_bytes());
        let (took, item) = (2 + chance % 40, chance / 64 % 9000 + 1000);
        let line = match chance / 8 % 8 {
            0..=2 => "INFO GET /healthz 200 1ms".to_owned(),
            3 | 4 => format!("INFO GET /api/v1/items/{item} 200 {took}ms"),
            5 => format!("INFO POST /api/v1/items 201 {took}ms"),
            6 => format!("WARN GET /api/v1/items/{item} 404 {took}ms"),
            _ => format!("WARN slow request: GET /api/v1/items 200 {}ms", took * 31),
        };
        Some((Timestamp::from_second(slot * INTERVAL).ok()?, line))
    })
}

/// A made-up token in a log line, to show that it is redacted.
fn leaked_token_line() -> String {
    let token =
        ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJjaGVja291dCIsImRlbW8iOnRydWV9", "bm90LWEtcmVhbC1zaWduYXR1cmU"].join(".");
    format!("DEBUG POST https://payments.example.com/charge Authorization: Bearer {token}")
}

/// The output of a container that exits right after its start.
fn crash_output(container: &Value, started: Timestamp) -> Vec<(Timestamp, String)> {
    let mut lines = opening(container, started);
    lines.pop();
    let at = started + SignedDuration::from_millis(900);
    lines.push((at, "ERROR cannot reach the database at db:5432: connection refused".into()));
    lines.push((at, "FATAL giving up after 3 attempts".into()));
    lines
}

#[cfg(test)]
mod tests;
