//! A clock that goes on with the machine's uptime from where it was anchored: to the wall clock at the start, and to
//! Webex's as soon as that is certain. Pure: the readings of the clocks are arguments.

use std::{collections::VecDeque, fmt, time::Duration};

use jiff::{SignedDuration, Timestamp};

use readback_core::change::Moment;
use readback_webex::dates::DateHeard;

/// How many of the last dates count.
const KEPT: usize = 16;
/// So many dates in a row that agree with each other and with none before say that the machine was paused without
/// noticing it.
const IN_A_ROW: usize = 3;
/// A date of a call that took longer says too little.
const LONGEST_CALL: Duration = Duration::from_secs(5);
/// Differences up to this come from the resolution of a date and from the way of the call.
const PRECISION: SignedDuration = SignedDuration::from_secs(2);
/// A date is cut to the second: on average it is later by half of one.
const CUT: SignedDuration = SignedDuration::from_millis(500);
/// A wall clock that differs by more is the operator's concern.
const TOLERATED: SignedDuration = SignedDuration::from_secs(30);

/// What the clocks of the machine say at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock. It can be set, and it can be wrong.
    pub wall: Timestamp,
    /// The time since the machine was started, including the time in which it was suspended. It only goes forward.
    pub uptime: Duration,
}

impl Reading {
    /// What the wall clock would have said when the machine was started.
    fn origin(self) -> SignedDuration {
        self.wall.as_duration().saturating_sub(signed(self.uptime))
    }
}

/// The clock. Moments are held as the time, since 1970, at which the uptime was zero: that changes only when a clock is set.
#[derive(Clone, Debug)]
pub struct AnchoredClock {
    /// Where this clock is anchored.
    anchor: SignedDuration,
    /// Where the wall clock was at the start.
    wall: SignedDuration,
    /// The most that the wall clock has been ahead of that since.
    lead: SignedDuration,
    /// Where Webex's clock is, by each of its last dates.
    heard: VecDeque<SignedDuration>,
}

impl AnchoredClock {
    /// A clock that is anchored to the wall clock, until it is put right.
    pub fn new(reading: Reading) -> Self {
        let wall = reading.origin();
        Self { anchor: wall, wall, lead: SignedDuration::ZERO, heard: VecDeque::new() }
    }

    /// The time.
    pub fn now(&self, reading: Reading) -> Timestamp {
        Timestamp::from_duration(self.anchor.saturating_add(signed(reading.uptime))).unwrap_or(reading.wall)
    }

    /// The time, with the clock of the machine. That one is put forward with the wall clock and never back: a machine may
    /// have been paused in a way that only the wall clock shows.
    pub fn moment(&mut self, reading: Reading) -> Moment {
        self.lead = self.lead.max(reading.origin().saturating_sub(self.wall));
        let lead = Duration::try_from(self.lead).unwrap_or_default();
        Moment { wall: self.now(reading), uptime: reading.uptime.saturating_add(lead) }
    }

    /// Takes a date of Webex into account. It takes two witnesses to put this clock right: a date and the wall clock, or
    /// three dates in a row. Between them may stand a proxy with a clock of its own.
    pub fn hear(&mut self, date: DateHeard, reading: Reading) {
        if date.answered.saturating_sub(date.asked) > LONGEST_CALL {
            return;
        }
        let middle = signed(date.asked).saturating_add(signed(date.answered)) / 2;
        if self.heard.len() == KEPT {
            self.heard.pop_front();
        }
        let heard = date.date.as_duration().saturating_add(CUT).saturating_sub(middle);
        self.heard.push_back(heard);
        if heard.saturating_sub(reading.origin()).abs() <= TOLERATED {
            self.heard.retain(|one| near(*one, heard));
            if !near(heard, self.anchor) {
                self.anchor = heard;
            }
            return;
        }
        if self.heard.len() < IN_A_ROW {
            return;
        }
        let newest = self.heard.iter().skip(self.heard.len() - IN_A_ROW).copied();
        let (Some(all), Some(last)) = (median(self.heard.iter().copied()), median(newest.clone())) else { return };
        if newest.clone().all(|one| near(one, last)) {
            if !near(all, last) {
                self.heard.drain(..self.heard.len() - IN_A_ROW);
            }
            if !near(last, self.anchor) {
                self.anchor = last;
            }
        }
    }

    /// Whether the dates that were heard say another time than this clock, and are not enough to put it right: it goes by the
    /// wall clock alone.
    pub fn is_disputed(&self) -> bool {
        let webex = median(self.heard.iter().copied());
        webex.is_some_and(|webex| webex.saturating_sub(self.anchor).abs() > TOLERATED)
    }

    /// Whether the wall clock and Webex's say the same. Before Webex has answered that is not known.
    pub fn is_agreed(&self, reading: Reading) -> bool {
        !self.is_disputed() && self.skew(reading).is_some_and(|skew| Skew::of(skew).is_none())
    }

    /// By how much the wall clock is ahead of Webex's; `None` if nothing is known of that.
    pub fn skew(&self, reading: Reading) -> Option<SignedDuration> {
        median(self.heard.iter().copied()).map(|webex| reading.origin().saturating_sub(webex))
    }
}

/// A wall clock that differs from Webex's by more than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(SignedDuration);

impl Skew {
    /// What is to be said of a wall clock that is ahead of Webex's by this; `None` if it is right enough.
    pub fn of(ahead: SignedDuration) -> Option<Self> {
        (ahead.abs() > TOLERATED).then_some(Self(ahead))
    }
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = SignedDuration::from_secs(self.0.abs().as_secs());
        let where_to = if self.0.is_negative() { "behind" } else { "ahead of" };
        write!(f, "the clock of this machine is {by:#} {where_to} Webex's; ages and expiries go by Webex's")
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn near(one: SignedDuration, other: SignedDuration) -> bool {
    one.saturating_sub(other).abs() <= PRECISION
}

fn median(all: impl Iterator<Item = SignedDuration>) -> Option<SignedDuration> {
    let mut all: Vec<SignedDuration> = all.collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// The wall clock so many seconds after it said 1,800,000,000, and the uptime so many seconds after the start.
    fn reading(wall: i64, uptime: u64) -> Reading {
        Reading { wall: second(wall), uptime: Duration::from_secs(5_000 + uptime) }
    }

    /// What Webex says at this uptime if its clock is so much ahead of the wall clock at the start.
    fn date(ahead: i64, uptime: u64) -> DateHeard {
        let asked = Duration::from_secs(5_000 + uptime);
        let passed = i64::try_from(uptime).unwrap();
        DateHeard { date: second(ahead + passed), asked, answered: asked + Duration::from_secs(1) }
    }

    /// The time in whole seconds after that of the wall clock at the start.
    fn passed(clock: &AnchoredClock, reading: Reading) -> i64 {
        clock.now(reading).duration_since(second(0)).as_secs()
    }

    #[test]
    fn the_time_goes_on_with_the_machine_whatever_the_wall_clock_does() {
        for (wall, uptime, expected, case) in [
            (60, 60, 60, "a minute later; in UTC no summer time begins or ends"),
            (60 - HOUR, 60, 60, "set back by an hour"),
            (60 + HOUR, 60, 60, "set ahead by an hour"),
            (HOUR, 3_600, HOUR, "suspended for an hour"),
            (0, 3_600, HOUR, "suspended for an hour, and set back by as much"),
        ] {
            let clock = AnchoredClock::new(reading(0, 0));
            assert_eq!(passed(&clock, reading(wall, uptime)), expected, "{case}");
        }
    }

    #[test]
    fn a_card_lives_as_long_as_it_was_given_after_every_jump() {
        let life = 600;
        for jump in [-HOUR, 0, HOUR] {
            let clock = AnchoredClock::new(reading(0, 0));
            let expires = clock.now(reading(0, 0)) + SignedDuration::from_secs(life);
            assert!(clock.now(reading(jump + life - 1, 599)) < expires, "{jump}: still open");
            assert!(clock.now(reading(jump + life, 600)) >= expires, "{jump}: expired");
        }
    }

    #[test]
    fn a_wall_clock_that_is_wrong_from_the_start_is_put_right_by_three_dates() {
        for ahead in [-HOUR, HOUR] {
            let mut clock = AnchoredClock::new(reading(0, 0));
            assert_eq!(clock.skew(reading(0, 0)), None);
            (0..2).for_each(|_| clock.hear(date(ahead, 1), reading(1, 1)));
            assert_eq!(passed(&clock, reading(1, 1)), 1, "it may be the clock of a proxy");
            clock.hear(date(ahead, 1), reading(1, 1));
            assert_eq!(passed(&clock, reading(1, 1)), ahead + 1);
            let skew = |wall, uptime| clock.skew(reading(wall, uptime)).unwrap().as_secs();
            assert_eq!(skew(1, 1), -ahead);
            assert_eq!(skew(ahead + 60, 60), 0, "it was put right");
            assert_eq!(skew(ahead + 60 + HOUR, 60), HOUR, "it was set ahead");
            assert_eq!(passed(&clock, reading(ahead + 60 + HOUR, 60)), ahead + 60);
        }
    }

    #[test]
    fn what_a_date_cannot_tell_moves_nothing() {
        let mut clock = AnchoredClock::new(reading(0, 0));
        clock.hear(date(1, 1), reading(1, 1));
        assert_eq!(passed(&clock, reading(9, 9)), 9, "within the resolution of a date");
        let slow = date(HOUR, 2);
        clock.hear(DateHeard { answered: slow.asked + LONGEST_CALL + Duration::from_millis(1), ..slow }, reading(2, 2));
        assert_eq!(passed(&clock, reading(9, 9)), 9, "a call that took too long");
        for uptime in 3..20 {
            clock.hear(date(0, uptime), reading(9, 9));
        }
        for (ahead, uptime) in [(HOUR, 30), (-HOUR, 31), (2 * HOUR, 32)] {
            clock.hear(date(ahead, uptime), reading(30, 30));
        }
        assert_eq!(passed(&clock, reading(40, 40)), 40, "wild dates beside good ones");
    }

    #[test]
    fn a_machine_that_was_paused_without_noticing_is_put_right_by_three_dates() {
        let mut clock = AnchoredClock::new(reading(0, 0));
        (1..20).for_each(|uptime| clock.hear(date(0, uptime), reading(20, 20)));
        (20..22).for_each(|uptime| clock.hear(date(HOUR, uptime), reading(20, 20)));
        assert_eq!(passed(&clock, reading(22, 22)), 22);
        clock.hear(date(HOUR, 22), reading(22, 22));
        assert_eq!(passed(&clock, reading(22, 22)), HOUR + 22);
        clock.hear(date(HOUR, 23), reading(23, 23));
        assert_eq!(passed(&clock, reading(23, 23)), HOUR + 23);
    }

    #[test]
    fn one_date_is_enough_where_the_wall_clock_says_the_same() {
        let mut clock = AnchoredClock::new(reading(0, 0));
        (1..20).for_each(|uptime| clock.hear(date(0, uptime), reading(20, 20)));
        clock.hear(date(HOUR, 20), reading(HOUR + 20, 20));
        assert_eq!(passed(&clock, reading(HOUR + 21, 21)), HOUR + 21, "paused, and the wall clock was set since");
        clock.hear(date(-HOUR, 22), reading(HOUR + 22, 22));
        assert_eq!(passed(&clock, reading(HOUR + 23, 23)), HOUR + 23, "one date against the wall clock");
    }

    #[test]
    fn a_claimed_change_is_not_sent_after_a_pause_that_any_clock_shows() {
        for (wall, uptime, may, case) in [
            (9, 9, true, "just in time"),
            (10, 10, false, "ten seconds later"),
            (HOUR, 3_600, false, "suspended"),
            (1, 3_600, false, "suspended, and the wall clock was set back"),
            (HOUR, 1, false, "paused, on a machine whose uptime does not count that"),
            (-HOUR, 1, true, "the wall clock was set back, and no time has passed"),
        ] {
            let mut clock = AnchoredClock::new(reading(0, 0));
            let claimed = clock.moment(reading(0, 0));
            assert_eq!(clock.moment(reading(wall, uptime)).may_send(claimed), may, "{case}");
        }
        let mut clock = AnchoredClock::new(reading(0, 0));
        let claimed = clock.moment(reading(HOUR, 0));
        assert!(!clock.moment(reading(10, 10)).may_send(claimed), "set ahead before the claim, and back after it");
        let claimed = clock.moment(reading(HOUR, 20));
        assert!(clock.moment(reading(HOUR, 21)).may_send(claimed), "wrong all the time");
    }

    #[test]
    fn a_time_is_disputed_until_two_witnesses_agree_and_agreed_only_if_both_clocks_say_the_same() {
        let mut clock = AnchoredClock::new(reading(0, 0));
        let judged = |clock: &AnchoredClock, reading| (clock.is_disputed(), clock.is_agreed(reading));
        assert_eq!(judged(&clock, reading(0, 0)), (false, false), "Webex has not answered");
        clock.hear(date(HOUR, 1), reading(1, 1));
        assert_eq!(judged(&clock, reading(1, 1)), (true, false), "one of the two clocks is wrong");
        (2..4).for_each(|uptime| clock.hear(date(HOUR, uptime), reading(3, uptime)));
        assert_eq!(judged(&clock, reading(3, 3)), (false, false), "put right, and the wall clock is wrong");
        assert_eq!(judged(&clock, reading(HOUR + 4, 4)), (false, true), "set right");

        let mut clock = AnchoredClock::new(reading(0, 0));
        (1..20).for_each(|uptime| clock.hear(date(0, uptime), reading(20, 20)));
        assert_eq!(judged(&clock, reading(20, 20)), (false, true));
        clock.hear(date(HOUR, 21), reading(21, 21));
        assert_eq!(judged(&clock, reading(21, 21)), (false, true), "one wild date");
        assert_eq!(judged(&clock, reading(52, 21)), (false, false), "the wall clock was set ahead by 31 s");
    }

    #[test]
    fn only_a_skew_that_matters_is_named() {
        let named = |seconds| Skew::of(SignedDuration::from_secs(seconds)).map(|skew| skew.to_string());
        assert_eq!((named(30), named(-30)), (None, None));
        assert!(named(3_601).unwrap().starts_with("the clock of this machine is 1h 1s ahead of Webex's"));
        assert!(named(-31).unwrap().starts_with("the clock of this machine is 31s behind Webex's"));
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let early = Reading { wall: Timestamp::MIN, uptime: Duration::MAX };
        let mut clock = AnchoredClock::new(early);
        clock.hear(DateHeard { date: Timestamp::MAX, asked: Duration::ZERO, answered: Duration::ZERO }, early);
        clock.hear(DateHeard { date: Timestamp::MIN, asked: Duration::MAX, answered: Duration::MAX }, early);
        let late = Reading { wall: Timestamp::MAX, uptime: Duration::MAX };
        let _ = (clock.now(late), clock.moment(late), clock.skew(late));
    }
}
