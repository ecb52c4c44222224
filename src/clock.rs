//! The only place that reads the clocks. Decisions take the time as an argument.
//!
//! The wall clock is read once: from then on the time goes on with the clock of the machine, which nobody sets, and is put
//! right by Webex's. So a wall clock that is set or wrong makes no card live longer or shorter, and no message look late.

use std::{
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};

use readback_core::change::Moment;
use readback_webex::dates::{DateHeard, DateListener};

mod anchored;

pub use anchored::{AnchoredClock, Reading, Skew};

/// The clock that goes on while the machine is suspended. Elsewhere than on Linux that is the monotonic one, or there is
/// none.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UPTIME: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const UPTIME: ClockId = ClockId::Monotonic;

/// The clock of the process.
static CLOCK: LazyLock<Mutex<AnchoredClock>> = LazyLock::new(|| Mutex::new(AnchoredClock::new(reading())));

/// The current time in UTC.
pub fn now() -> Timestamp {
    clock().now(reading())
}

/// The current moment, to judge how much time passes until another one.
pub fn moment() -> Moment {
    clock().moment(reading())
}

/// Puts the clock right by what Webex answers.
pub const fn dates() -> DateListener {
    DateListener { uptime, heard }
}

/// By how much the wall clock differs from Webex's; `None` before Webex has answered.
pub fn skew() -> Option<SignedDuration> {
    clock().skew(reading())
}

/// Whether the time goes by the wall clock alone, against what Webex says.
pub fn is_disputed() -> bool {
    clock().is_disputed()
}

/// Whether the wall clock and Webex's say the same; not before Webex has answered.
pub fn is_agreed() -> bool {
    clock().is_agreed(reading())
}

fn heard(date: DateHeard) {
    clock().hear(date, reading());
}

fn clock() -> MutexGuard<'static, AnchoredClock> {
    // It is consistent between any two statements, so it is usable after a panic of a holder.
    CLOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "this is the clock of the program")]
fn reading() -> Reading {
    Reading { wall: Timestamp::now(), uptime: uptime() }
}

fn uptime() -> Duration {
    let uptime = clock_gettime(UPTIME);
    // Neither is ever negative.
    let seconds = u64::try_from(uptime.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(uptime.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}
