//! The only place that reads the clocks. Decisions take the time as an argument.

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use readback_core::change::Moment;

/// The clock that goes on while the machine is suspended. Elsewhere than on Linux that is the monotonic one, or there is
/// none.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UPTIME: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const UPTIME: ClockId = ClockId::Monotonic;

/// The current time in UTC.
#[expect(clippy::disallowed_methods, reason = "this is the clock of the program")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The current moment on both clocks.
pub fn moment() -> Moment {
    let uptime = clock_gettime(UPTIME);
    // Neither is ever negative.
    let seconds = u64::try_from(uptime.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(uptime.tv_nsec).unwrap_or_default();
    Moment { wall: now(), uptime: Duration::new(seconds, nanos) }
}
