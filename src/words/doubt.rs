//! Doubts about how a message was read, and values that do not fit their slot.

use super::{plain, reply::minutes_of, summary};
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
        Doubt::PerhapsAName(said) => format!("“{said}” was taken for a name, and may be none."),
        Doubt::NotMeant(said) => {
            format!("The message names “{said}” too, which was taken as left out or only compared.")
        }
        Doubt::SecondValue { taken, other } => {
            format!("The message says “{taken}” and “{other}”; only “{taken}” was taken.")
        }
        Doubt::NotAPlainYes => "That is not a plain yes, so nothing was done.".to_owned(),
        Doubt::Duration(said) => {
            format!("“{said}” is not scheduled: the change would stay until somebody takes it back.")
        }
        Doubt::IgnoredFlag(flag) => format!("The flag “{flag}” is not something I take into account."),
        Doubt::Pronoun { said, object } => {
            format!("“{}” was taken to be `{object}`, the last one talked about here.", plain(said))
        }
        Doubt::TheSame(object) => {
            format!("“The same” was taken to be what was last ordered here, for `{object}`.")
        }
        Doubt::Instead(object) => format!("This was taken to be meant instead of `{object}`."),
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
        Doubt::NotCertain(read) => format!("I am not certain that I read this right: {}.", summary(read, None)),
        Doubt::Late { minutes } => format!("You said this {} before it reached me.", minutes_of(*minutes)),
        Doubt::Followed => "You said or pressed something after this, which I have not read yet.".to_owned(),
        Doubt::Overtaken { by } => {
            format!("A newer order of {} for it reached me first.", plain(by))
        }
        Doubt::AskedAgain => "It is asked again after its first card ended.".to_owned(),
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
const fn orders_nothing(sign: Sign) -> &'static str {
    match sign {
        Sign::Negation => "Understood as “do not”: nothing was done.",
        Sign::Condition => "I don't wait for conditions: nothing was done. Say it when the time has come.",
        Sign::Awaits => "Understood as waiting for something else: nothing was done. Say it when the time has come.",
        Sign::AnotherTime => "I don't schedule: nothing was done. Say it then, and it happens then.",
        Sign::Hearsay => "Understood as what somebody else said: nothing was done.",
        Sign::Quotation => "Understood as a quotation: nothing was done.",
        Sign::Pasted => "Understood as something pasted: nothing was done.",
        Sign::Addressed => "Understood as meant for somebody else: nothing was done.",
        Sign::Musing => "Understood as a thought or a report: nothing was done.",
        Sign::Joke => "Understood as a joke: nothing was done.",
        Sign::Announcement => "Understood as an announcement of your own: nothing was done.",
    }
}

/// Why a value is invalid for its slot.
pub fn invalid_value(invalid: &InvalidValue) -> String {
    match invalid {
        InvalidValue::NotANumber { said, slot: None } => format!("“{said}” is no number."),
        InvalidValue::NotANumber { said, slot: Some(NumberSlot::Replicas) } => {
            format!("“{said}” is no number of replicas.")
        }
        InvalidValue::NotANumber { said, slot: Some(slot) } => {
            format!("“{said}” is no number, so there is no {}.", slot_name(*slot))
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
