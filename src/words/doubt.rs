//! Doubts about how a message was read, and values that do not fit their slot.

use super::{phrase, plain, reply::minutes_of};
use readback_core::command::{Direction, Doubt, InvalidValue, NumberSlot, Sign};

/// Why a reading is doubtful.
pub fn doubt(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Sign(sign) => doubtful(*sign).to_owned(),
        Doubt::OrdersNothing(sign) => orders_nothing(*sign).to_owned(),
        Doubt::TooLong { most } => {
            format!(
                "That is longer than the {most} characters I read: nothing was done. Say the order in a line of its own."
            )
        }
        Doubt::FollowedByNo => "The message goes on with a “no”.".to_owned(),
        Doubt::UnexplainedWord(word) => format!("I do not know what “{}” changes.", plain(word)),
        Doubt::OtherDirection { said, name, now } => {
            let said = match said {
                Direction::Up => "up",
                Direction::Down => "down",
            };
            format!("You said {said}, but `{name}` has {now} now.")
        }
        Doubt::MayBeNew(verb) => format!("“{verb}” may mean something new, and there is a Deployment of that name."),
        Doubt::TwoValues => {
            "The message gives two values for the same thing, and does not say that one is a correction.".to_owned()
        }
        Doubt::StopsRollout => "A rollout that is stopped is only paused: nothing is put back.".to_owned(),
        Doubt::PerhapsAName(said) => format!("I took “{said}” for a name; it may not be one."),
        Doubt::NotMeant(said) => {
            format!("The message also names “{said}”; I took that as left out or only compared.")
        }
        Doubt::SecondValue { taken, other } => {
            format!("The message says “{taken}” and “{other}”; I used “{taken}”.")
        }
        Doubt::NotAPlainYes => "That is not a plain yes, so nothing was done.".to_owned(),
        Doubt::Duration(said) => {
            format!("“{said}” is not scheduled: the change would stay until somebody undoes it.")
        }
        Doubt::IgnoredFlag(flag) => format!("I ignore the flag “{flag}”."),
        Doubt::Pronoun { said, object } => {
            format!("I took “{}” to be `{object}`, the last one mentioned here.", plain(said))
        }
        Doubt::TheSame(object) => {
            format!("I took “the same” to be the last order here, for `{object}`.")
        }
        Doubt::StatusButton => "It was ordered with a button under a status.".to_owned(),
        Doubt::Corrected => "It corrects an order that was not confirmed yet.".to_owned(),
        Doubt::Instead(object) => format!("I took this to replace the order for `{object}`."),
        Doubt::UnseenCluster(cluster) => {
            format!("I have not seen the cluster `{cluster}` yet, so I cannot say what is there.")
        }
        Doubt::MissingHome { home, taken: Some(taken) } => {
            format!("This room's cluster `{home}` is not one of mine any more, so I took `{taken}`.")
        }
        Doubt::MissingHome { home, taken: None } => {
            format!("This room's cluster `{home}` is not one of mine any more.")
        }
        Doubt::NearestName { said, nearest } => format!("You wrote “{said}”; the nearest is `{nearest}`."),
        Doubt::NearestPlace { said, nearest } => {
            let nearest = nearest.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("You wrote “{}”; the nearest is `{nearest}`.", said.join(" · "))
        }
        Doubt::LookAlike => "The message holds characters that are not what they look like.".to_owned(),
        Doubt::OtherOldValue { said, name, now } => format!("You said {said}, but `{name}` has {now} now."),
        Doubt::NotCertain(read) => format!("I may have misread this: {}.", phrase(read)),
        Doubt::Late { minutes } => format!("You said this {} before it reached me.", minutes_of(*minutes)),
        Doubt::Followed => "You said or pressed something after this, which I have not read yet.".to_owned(),
        Doubt::Overtaken { by } => {
            format!("A newer order of {} for it reached me first.", plain(by))
        }
        Doubt::AskedAgain => "Its first card ended, so I ask again.".to_owned(),
        Doubt::Text(sentence) => sentence.clone(),
    }
}

/// Why a command with this sign needs confirmation.
const fn doubtful(sign: Sign) -> &'static str {
    match sign {
        Sign::Negation => "The message says “not” somewhere.",
        Sign::Condition => "The message names a condition or a later moment.",
        Sign::Awaits => "The message may wait for something else.",
        Sign::AnotherTime => "The message names another time, and nothing is scheduled.",
        Sign::Hearsay => "The message may repeat what somebody else said.",
        Sign::Quotation => "The order stands in quotation marks.",
        Sign::Pasted => "The message looks like something pasted.",
        Sign::Addressed => "The message may be meant for somebody else.",
        Sign::Musing => "The message may only weigh or report something.",
        Sign::Joke => "The message may be a joke.",
        Sign::Announcement => "The message may say what you are doing, not what I should do.",
    }
}

/// Why nothing is done about a message that orders nothing because of this sign.
pub(super) const fn orders_nothing(sign: Sign) -> &'static str {
    match sign {
        Sign::Negation => "I read that as “do not”, so nothing was done.",
        Sign::Condition => "I don't wait for conditions, so nothing was done. Say it when the time has come.",
        Sign::Awaits => {
            "I read that as waiting for something else, so nothing was done. Say it when the time has come."
        }
        Sign::AnotherTime => "I don't schedule, so nothing was done. Say it again when the time has come.",
        Sign::Hearsay => {
            "I read that as what somebody else said, so nothing was done. Say it as your own order if you want it."
        }
        Sign::Quotation => "I read that as a quotation, so nothing was done.",
        Sign::Pasted => "I read that as something pasted, so nothing was done.",
        Sign::Addressed => "I read that as meant for somebody else, so nothing was done.",
        Sign::Musing => "I read that as a thought or a report, so nothing was done.",
        Sign::Joke => "I read that as a joke, so nothing was done.",
        Sign::Announcement => "I read that as something you do yourself, so nothing was done.",
    }
}

/// Why a value is invalid for its slot.
pub fn invalid_value(invalid: &InvalidValue) -> String {
    match invalid {
        InvalidValue::NotANumber { said, slot: None } => format!("“{said}” is not a number."),
        InvalidValue::NotANumber { said, slot: Some(NumberSlot::Replicas) } => {
            format!("“{said}” is not a number of replicas.")
        }
        InvalidValue::NotANumber { said, slot: Some(slot) } => {
            format!("“{said}” is not a number, so there is no {}.", slot_name(*slot))
        }
        InvalidValue::OutOfRange { said, slot } => format!("“{said}” is no {} that can be set.", slot_name(*slot)),
        InvalidValue::Image { said, why } => format!("“{said}” {why}."),
        InvalidValue::FactorOfLess(said) => format!("“{said}” with less is not an amount I can read."),
        InvalidValue::BelowZero(said) => {
            format!("“{said}” is below zero: a Deployment cannot have that many replicas.")
        }
        InvalidValue::NotWhole(said) => format!("“{said}” is no whole number of replicas."),
        InvalidValue::TooMany(said) => format!("“{said}” is more replicas than any cluster can hold."),
        InvalidValue::Vague(said) => format!("“{said}” does not say how many."),
        InvalidValue::ReducedBelowZero => "That is a reduction by more than all of them.".to_owned(),
    }
}

const fn slot_name(slot: NumberSlot) -> &'static str {
    match slot {
        NumberSlot::Replicas => "number of replicas",
        NumberSlot::Revision => "revision",
        NumberSlot::Min => "minimum",
        NumberSlot::Max => "maximum",
        NumberSlot::Cpu => "CPU target",
        NumberSlot::Lines => "number of lines",
    }
}
