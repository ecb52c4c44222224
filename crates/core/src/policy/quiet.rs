//! Quiet hours, during which no change is allowed.

use jiff::{Timestamp, civil::Time, civil::Weekday, tz::TimeZone};

use super::QuietUntil;

/// Quiet hours on some days of the week, in one time zone. If they end before they start, they continue into the next
/// day.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quiet {
    days: Vec<Weekday>,
    from: Time,
    to: Time,
    zone: TimeZone,
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Quiet {
    /// Parses the four settings.
    ///
    /// # Errors
    /// What the invalid one must be.
    pub(super) fn new(days: &str, from: &str, to: &str, zone: &str) -> Result<Self, String> {
        Ok(Self {
            days: weekdays(days)?,
            from: time(from)?,
            to: if to == "24:00" { Time::midnight() } else { time(to)? },
            zone: TimeZone::get(zone).map_err(|_| format!("“{zone}” is no time zone; one is `Europe/Berlin`"))?,
        })
    }

    /// When the quiet hours end, if `now` is in them.
    pub(super) fn until(&self, now: Timestamp) -> Option<QuietUntil> {
        let local = now.to_zoned(self.zone.clone());
        let (day, time) = (local.weekday(), local.time());
        let wraps = self.to <= self.from;
        let begun_today = self.days.contains(&day) && time >= self.from && (wraps || time < self.to);
        let begun_yesterday = wraps && self.days.contains(&day.previous()) && time < self.to;
        let zone = self.zone.iana_name().unwrap_or("UTC");
        (begun_today || begun_yesterday).then(|| QuietUntil {
            time: self.to,
            tomorrow: wraps && !begun_yesterday,
            zone: zone.to_owned(),
        })
    }
}

fn weekdays(text: &str) -> Result<Vec<Weekday>, String> {
    let wrong = || format!("“{text}” must be days such as `Mon,Wed` or `Fri-Sun`");
    let at = |name: &str| {
        let name = name.trim().to_lowercase();
        DAYS.iter().position(|(short, _)| name.len() >= 3 && name.starts_with(short))
    };
    let mut days = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => days.push(DAYS[at(part).ok_or_else(wrong)?].1),
            Some((first, last)) => {
                let (first, last) = (at(first).ok_or_else(wrong)?, at(last).ok_or_else(wrong)?);
                let span = (last + 7 - first) % 7;
                days.extend((0..=span).map(|nth| DAYS[(first + nth) % 7].1));
            }
        }
    }
    Ok(days)
}

fn time(text: &str) -> Result<Time, String> {
    let wrong = || format!("“{text}” must be a time of day such as `18:00`");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let digits = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok()).flatten();
    let (hour, minute) = digits(hour).zip(digits(minute)).ok_or_else(wrong)?;
    Time::new(hour, minute, 0, 0).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(days: &str, from: &str, to: &str) -> Quiet {
        Quiet::new(days, from, to, "Europe/Berlin").expect("valid")
    }

    /// Whether it is quiet at this local time in Berlin.
    fn is_quiet(quiet: &Quiet, moment: &str) -> bool {
        let zoned: jiff::Zoned = format!("{moment}[Europe/Berlin]").parse().expect("a moment");
        quiet.until(zoned.timestamp()).is_some()
    }

    #[test]
    fn it_goes_on_after_midnight_and_ends_on_the_minute() {
        // 2026-11-27 is a Friday.
        let nights = quiet("Fri-Sun", "18:00", "08:00");
        for yes in ["2026-11-27T18:00", "2026-11-27T23:59", "2026-11-28T07:59", "2026-11-30T07:59"] {
            assert!(is_quiet(&nights, yes), "{yes}");
        }
        for no in ["2026-11-27T17:59", "2026-11-28T08:00", "2026-11-30T08:00", "2026-11-27T03:00", "2026-11-30T19:00"] {
            assert!(!is_quiet(&nights, no), "{no}");
        }
    }

    #[test]
    fn whole_days_and_days_across_the_week() {
        let weekend = quiet("Sat,Sun", "00:00", "24:00");
        assert!(is_quiet(&weekend, "2026-11-28T00:00") && is_quiet(&weekend, "2026-11-29T23:59"));
        assert!(!is_quiet(&weekend, "2026-11-27T23:59") && !is_quiet(&weekend, "2026-11-30T00:00"));
        let across = quiet("Sun-Mon", "10:00", "11:00");
        assert!(is_quiet(&across, "2026-11-29T10:30") && is_quiet(&across, "2026-11-30T10:30"));
        assert!(!is_quiet(&across, "2026-12-01T10:30"));
    }

    #[test]
    fn the_clock_of_the_place_counts_when_it_is_set_back() {
        // Berlin sets its clocks back from 03:00 to 02:00 on 2026-10-25, a Sunday.
        let early = quiet("Sun", "02:30", "02:45");
        let first: Timestamp = "2026-10-25T00:35:00Z".parse().expect("a moment");
        let second: Timestamp = "2026-10-25T01:35:00Z".parse().expect("a moment");
        assert!(early.until(first).is_some() && early.until(second).is_some());
    }

    #[test]
    fn what_cannot_be_is_said() {
        for (days, from, to, zone) in [
            ("Fry", "18:00", "08:00", "UTC"),
            ("Fri", "6pm", "08:00", "UTC"),
            ("Fri", "18:00", "25:00", "UTC"),
            ("Fri", "18:00", "8:0", "UTC"),
            ("Fri", "18:00", "08:00", "Europe/Nowhere"),
            ("", "18:00", "08:00", "UTC"),
            ("Mon-", "18:00", "08:00", "UTC"),
        ] {
            assert!(Quiet::new(days, from, to, zone).is_err(), "{days} {from} {to} {zone}");
        }
    }
}
