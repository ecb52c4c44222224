//! Names a wall clock that differs from Webex's to the operator. Nothing is judged by it, so the bot stays ready.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::{
    clock::{self, Skew},
    edge::Readiness,
};

/// The interval between two looks.
const PERIOD: Duration = Duration::from_secs(5);
/// The interval between two log lines.
const LOGGED: Duration = Duration::from_mins(1);

/// Compares the wall clock with Webex's every five seconds.
///
/// # Errors
/// None; the signature is the one of a supervised task.
pub(super) async fn watch(readiness: Readiness) -> anyhow::Result<()> {
    let mut logged: Option<Instant> = None;
    loop {
        let ahead = clock::skew();
        if let Some(ahead) = ahead {
            metrics::gauge!("readback_clock_skew_seconds").set(ahead.as_secs_f64());
        }
        let skew = ahead.and_then(Skew::of);
        readiness.set_skew(skew);
        if let Some(skew) = skew
            && logged.is_none_or(|at| at.elapsed() >= LOGGED)
        {
            tracing::warn!(ahead_seconds = ahead.map(|ahead| ahead.as_secs()), "{skew}");
            logged = Some(Instant::now());
        }
        sleep(PERIOD).await;
    }
}
