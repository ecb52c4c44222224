//! The log and the metrics.
//!
//! Log lines go to standard error and contain fields, never a message's text, an address, a token or a body. Other
//! crates log whole requests below `info`, so below `info` only this program's own lines are let through.

use std::io::{IsTerminal as _, stderr};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry,
    filter::{FilterExt as _, FilterFn, ParseError},
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
    util::{SubscriberInitExt as _, TryInitError},
};

use crate::config::{LogFormat, LogSettings};

/// The histogram buckets of durations, in seconds.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// Why logging or metrics could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is malformed. Loaded settings always have a valid one.
    #[error("READBACK_LOG is no filter")]
    Filter(#[from] ParseError),
    /// Logging was started before.
    #[error("the log was started already")]
    Started(#[from] TryInitError),
    /// The metrics could not be set up, or were before.
    #[error("the metrics cannot be set up")]
    Metrics(#[from] BuildError),
}

/// Starts logging of this process, to standard error. Call it once.
///
/// # Errors
/// When the filter is malformed or logging was started before.
pub fn start_log(log: &LogSettings) -> Result<(), TelemetryError> {
    Box::new(subscriber(log, stderr, stderr().is_terminal())?).try_init()?;
    Ok(())
}

type Boxed = Box<dyn Subscriber + Send + Sync>;

fn subscriber<W>(log: &LogSettings, writer: W, colour: bool) -> Result<Boxed, ParseError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let chosen = EnvFilter::builder().with_default_directive(LevelFilter::OFF.into()).parse(&log.filter)?;
    let filter = chosen.and(FilterFn::new(is_allowed));
    let lines = fmt::layer().with_writer(writer);
    Ok(match log.format {
        LogFormat::Text => Box::new(Registry::default().with(lines.with_ansi(colour).with_filter(filter))),
        LogFormat::Json => Box::new(Registry::default().with(lines.json().flatten_event(true).with_filter(filter))),
    })
}

fn is_allowed(line: &Metadata<'_>) -> bool {
    let own = line.target().split("::").next().is_some_and(|name| name == "readback" || name.starts_with("readback_"));
    own || *line.level() <= Level::INFO
}

/// The metrics of this process, rendered as Prometheus text.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts collecting. Call it once.
    ///
    /// # Errors
    /// When metrics are being collected already.
    pub fn start() -> Result<Self, TelemetryError> {
        let metrics = Self(builder()?.install_recorder()?);
        metrics::gauge!("readback_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(metrics)
    }

    /// All metrics in Prometheus' text format, for `GET /metrics`.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Moves recorded durations into their buckets, which `render` does as well. Unless one of the two runs every few
    /// seconds, memory grows.
    pub fn tidy(&self) {
        self.0.run_upkeep();
    }
}

impl From<PrometheusHandle> for Metrics {
    /// The metrics of a recorder that is already set up.
    fn from(handle: PrometheusHandle) -> Self {
        Self(handle)
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
}

/// A log in memory, for a test that reads it.
#[cfg(test)]
#[derive(Clone, Default)]
struct CapturedLog(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

#[cfg(test)]
impl std::io::Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(filter: &str, format: LogFormat, emit: impl FnOnce()) -> String {
        let captured = CapturedLog::default();
        let log = LogSettings { filter: filter.to_owned(), format };
        let writer = captured.clone();
        let subscriber = subscriber(&log, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, emit);
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn log_as_every_crate() {
        tracing::debug!(target: "readback::turn", intent = "scale", "own detail");
        tracing::info!(target: "readback", "own news");
        tracing::debug!(target: "hyper::proto", "POST / authorization: Bearer t0ken");
        tracing::trace!(target: "readbacker", "not ours");
        tracing::warn!(target: "kube_client", "their warning");
    }

    #[test]
    fn other_crates_never_log_below_info_whatever_the_filter() {
        let log = logged("trace,hyper=trace,hyper::proto=trace", LogFormat::Text, log_as_every_crate);
        for line in ["own detail", "own news", "their warning"] {
            assert!(log.contains(line), "{line}: {log}");
        }
        assert!(!log.contains("t0ken") && !log.contains("not ours"), "{log}");
    }

    #[test]
    fn the_filter_applies_to_the_programs_own_lines() {
        let log = logged("info", LogFormat::Text, log_as_every_crate);
        assert!(!log.contains("own detail") && log.contains("own news"), "{log}");
        let log = logged("readback::turn=debug", LogFormat::Text, log_as_every_crate);
        assert!(log.contains("own detail") && !log.contains("own news") && !log.contains("their warning"), "{log}");
        assert_eq!(logged("off", LogFormat::Text, log_as_every_crate), "");
    }

    #[test]
    fn json_is_one_object_per_line_with_top_level_fields() {
        let log = logged("debug", LogFormat::Json, log_as_every_crate);
        let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3, "{log}");
        assert_eq!(
            (&lines[0]["intent"], &lines[0]["message"], &lines[0]["level"]),
            (&"scale".into(), &"own detail".into(), &"DEBUG".into())
        );
    }

    #[test]
    fn counters_and_durations_are_rendered_for_prometheus() {
        let recorder = builder().unwrap().build_recorder();
        let metrics = Metrics(recorder.handle());
        metrics::with_local_recorder(&recorder, || {
            metrics::counter!("readback_turns_total", "outcome" => "done").increment(2);
            metrics::histogram!("readback_turn_seconds").record(0.02);
        });
        metrics.tidy();
        let text = metrics.render();
        assert!(text.contains("readback_turns_total{outcome=\"done\"} 2"), "{text}");
        assert!(text.contains("readback_turn_seconds_bucket{le=\"0.025\"} 1"), "{text}");
        assert!(text.contains("readback_turn_seconds_bucket{le=\"0.01\"} 0"), "{text}");
    }
}
