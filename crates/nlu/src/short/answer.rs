//! The answer to a question of the bot, given as a message: "2", "the second", "staging", "like 4", "both", "none".

use readback_core::{
    change::Field,
    domain::{Amount, ObjectRef},
    question::{Choice, ChoiceLabel, Question},
};

use super::{NOISE, UNITS, Word, after, before, correction::relative, joined, looks_like_an_image, whole, words};

/// Values that a message gives for the fields of a question, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedValues {
    /// A number of replicas.
    pub replicas: Option<u32>,
    /// A tag, a digest or a whole image reference.
    pub image: Option<String>,
    /// The name of a container.
    pub container: Option<String>,
}

/// What a message answers to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedAnswer {
    /// The choice at this index, from 0, with these values for the fields.
    Choice {
        /// The index.
        index: usize,
        /// The values.
        values: TypedValues,
    },
    /// All of the Deployments that are offered.
    All,
    /// None of the choices.
    Nothing,
}

/// Words in front of an answer.
const LEADS: &[&str] = &[
    "yes",
    "yeah",
    "yep",
    "ok",
    "okay",
    "sure",
    "please",
    "like",
    "just",
    "say",
    "let's say",
    "make it",
    "make that",
    "set it to",
    "set to",
    "go with",
    "let's do",
    "let's go with",
    "i'd say",
    "i meant",
    "i mean",
    "it's",
    "that's",
    "use",
    "take",
    "pick",
    "choose",
    "option",
    "number",
    "choice",
    "to",
    "only",
    "do",
];
/// Words behind an answer.
const TRAILS: &[&str] = &["please", "thanks", "thank you", "then", "pls", "only"];
const NOTHING: &[&str] =
    &["none", "neither", "none of them", "none of these", "neither of them", "nothing", "neither one"];
const BOTH: &[&str] = &["both", "both of them", "the two", "both please"];
const ALL: &[&str] = &["all", "all of them", "every one", "each", "each of them", "them all", "everything"];
const ORDINALS: &[(&str, &str)] = &[
    ("first", "1st"),
    ("second", "2nd"),
    ("third", "3rd"),
    ("fourth", "4th"),
    ("fifth", "5th"),
    ("sixth", "6th"),
    ("seventh", "7th"),
    ("eighth", "8th"),
    ("ninth", "9th"),
    ("tenth", "10th"),
];

/// What the message answers to this question; `None` if it is not, as a whole, an answer to it. `name` is the bot's.
pub fn answer(text: &str, name: &str, question: &Question) -> Option<TypedAnswer> {
    let words = words(text, name)?;
    let words = before(&words, TRAILS);
    let rest = after(words, LEADS).1;
    let offered = offered(question);
    // A word in front can be the answer itself: a namespace called "one".
    let said = joined(rest);
    if NOTHING.contains(&said.as_str()) {
        return Some(TypedAnswer::Nothing);
    }
    if let (true, Some(all)) = (offers_several(question), of_all(&said, question.choices.len())) {
        return Some(all);
    }
    if let Some(index) = other_of_two(rest, offered) {
        return Some(TypedAnswer::Choice { index, values: TypedValues::default() });
    }
    if let Some(replicas) = counted_from_shown(rest, question) {
        let values = TypedValues { replicas: Some(replicas), ..TypedValues::default() };
        return Some(TypedAnswer::Choice { index: 0, values });
    }
    let (values, rest) = take_values(rest, question)?;
    let has_value = values != TypedValues::default();
    let index = match (offered, rest.is_empty()) {
        ([_], true) if has_value => 0,
        (_, true) => return None,
        ([only], false) => fits(only, &without_noise(&rest, &question.choices)).then_some(0).filter(|_| has_value)?,
        (several, false) => chosen(&rest, several)?,
    };
    // A value that is missing is asked for by whoever reads the values.
    Some(TypedAnswer::Choice { index, values })
}

/// The choices that can be described: all but the one that declines all of them.
fn offered(question: &Question) -> &[Choice] {
    let declines_all = |choice: &Choice| choice.label == ChoiceLabel::CancelAll;
    let end = question.choices.iter().position(declines_all).unwrap_or(question.choices.len());
    &question.choices[..end]
}

/// The number of replicas that is so many more or fewer than the question shows: "two more", "one less".
fn counted_from_shown(words: &[Word], question: &Question) -> Option<u32> {
    let ([_], [Field::Replicas { known: Some(shown), most: _ }]) =
        (question.choices.as_slice(), question.fields.as_slice())
    else {
        return None;
    };
    // "+1" alone is an agreement as well.
    let words = (words.len() > 1).then_some(words)?;
    u32::try_from(i64::from(*shown).checked_add(relative(words)?)?).ok()
}

/// The one of two choices that is left where the other one is refused: "not the worker, the other one".
fn other_of_two(words: &[Word], choices: &[Choice]) -> Option<usize> {
    let [_, _] = choices else { return None };
    let (nots, rest) = after(words, &["not", "no", "no not"]);
    let named = before(rest, OTHER);
    let is_said = nots.iter().any(|lead| lead.ends_with("not")) && named.len() < rest.len();
    chosen(named, choices).filter(|_| is_said).map(|refused| 1 - refused)
}

/// Words for the one of two that was not said.
const OTHER: &[&str] = &["but", "the other", "the other one", "other one"];

/// Whether the message, as a whole, means the other one of two that were offered. `name` is the bot's.
pub fn means_the_other(text: &str, name: &str) -> bool {
    const FRONT: &[&str] = &[
        "no",
        "no wait",
        "wait",
        "sorry",
        "oops",
        "actually",
        "i meant",
        "i mean",
        "not that one",
        "not this one",
        "please",
    ];
    let Some(words) = words(text, name) else { return false };
    let rest = after(before(&words, TRAILS), FRONT).1;
    ["the other", "the other one", "other one"].contains(&joined(rest).as_str())
}

/// Whether the choices are Deployments for which nothing else is missing.
fn offers_several(question: &Question) -> bool {
    let is_target = |choice: &Choice| matches!(choice.label, ChoiceLabel::Target { .. });
    question.choices.len() > 1 && question.fields.is_empty() && question.choices.iter().all(is_target)
}

fn of_all(said: &str, choices: usize) -> Option<TypedAnswer> {
    (ALL.contains(&said) || choices == 2 && BOTH.contains(&said)).then_some(TypedAnswer::All)
}

/// The values for the fields of the question, and the other words; `None` if one is given twice.
fn take_values(words: &[Word], question: &Question) -> Option<(TypedValues, Vec<Word>)> {
    let (mut values, mut rest) = (TypedValues::default(), Vec::new());
    let several = question.choices.len() > 1;
    for (at, word) in words.iter().enumerate() {
        // "The second": which one, and no value. "The one in staging": neither.
        let is_ordinal = several && ordinal(&word.lower, question.choices.len()).is_some();
        let is_counted = |next: &Word| UNITS.contains(&next.lower.as_str());
        let is_pronoun = word.lower == "one" && words.len() > 1 && !words.get(at + 1).is_some_and(is_counted);
        if is_ordinal || is_pronoun {
            rest.push(word.clone());
            continue;
        }
        let mut taken = false;
        for field in &question.fields {
            taken = match field {
                Field::Replicas { .. } => match whole(word) {
                    Some(_) if values.replicas.is_some() => return None,
                    Some(count) => {
                        values.replicas = Some(count);
                        true
                    }
                    None => values.replicas.is_some() && UNITS.contains(&word.lower.as_str()),
                },
                Field::Image { .. } if looks_like_an_image(word) => {
                    if values.image.is_some() {
                        return None;
                    }
                    values.image = Some(word.written.clone());
                    true
                }
                Field::Image { .. } => matches!(word.lower.as_str(), "tag" | "version" | "image"),
                Field::Container { names, .. } => match names.iter().find(|name| **name == word.lower) {
                    Some(_) if values.container.is_some() => return None,
                    Some(name) => {
                        values.container = Some(name.clone());
                        true
                    }
                    None => word.lower == "container",
                },
            };
            if taken {
                break;
            }
        }
        if !taken {
            rest.push(word.clone());
        }
    }
    if values == TypedValues::default() {
        return Some((values, words.to_vec()));
    }
    Some((values, rest.into_iter().filter(|word| !is_noise(word, &question.choices)).collect()))
}

/// The one choice that the words describe, by what it is or by its place in the list.
fn chosen(words: &[Word], choices: &[Choice]) -> Option<usize> {
    let said = without_noise(words, choices);
    if said.is_empty() {
        return None;
    }
    let mut fitting = choices.iter().enumerate().filter(|(_, choice)| fits(choice, &said)).map(|(nth, _)| nth);
    match (fitting.next(), fitting.next(), said.as_slice()) {
        (Some(only), None, _) => Some(only),
        (None, None, [one]) => ordinal(&one.lower, choices.len()).or_else(|| counted(one, choices)),
        _ => None,
    }
}

fn without_noise(words: &[Word], choices: &[Choice]) -> Vec<Word> {
    words.iter().filter(|word| !is_noise(word, choices)).cloned().collect()
}

/// Whether the word says nothing here: it is no name of what is offered.
fn is_noise(word: &Word, choices: &[Choice]) -> bool {
    NOISE.contains(&word.lower.as_str()) && !choices.iter().any(|choice| names(&choice.target, &word.lower))
}

fn names(target: &ObjectRef, word: &str) -> bool {
    [target.name.as_str(), target.namespace.as_str(), target.cluster.as_str()].contains(&word)
        || target.name.as_str().split('-').any(|part| part == word)
}

/// Whether every word is part of what this choice says.
fn fits(choice: &Choice, words: &[Word]) -> bool {
    words.iter().all(|word| {
        let lower = word.lower.as_str();
        match &choice.label {
            ChoiceLabel::Target { .. } => names(&choice.target, lower),
            ChoiceLabel::Replicas { to, .. } => UNITS.contains(&lower) || whole(word) == Some(*to),
            ChoiceLabel::Amount(Amount::To(to)) => UNITS.contains(&lower) || whole(word) == Some(*to),
            ChoiceLabel::Amount(Amount::By(_) | Amount::Times(_)) => UNITS.contains(&lower),
            ChoiceLabel::Image(image) => {
                matches!(lower, "image" | "tag" | "version") || image.to_string() == word.written
            }
            ChoiceLabel::Verb(verb) => verb.as_str() == lower,
            ChoiceLabel::OpenChange { .. } | ChoiceLabel::OpenQuestion(_) => names(&choice.target, lower),
            ChoiceLabel::CancelAll | ChoiceLabel::Text(_) => false,
        }
    })
}

/// The index that an ordinal word means: "second", "2nd", "last".
fn ordinal(word: &str, choices: usize) -> Option<usize> {
    let nth = match word {
        "last" => choices.checked_sub(1)?,
        "former" if choices == 2 => 0,
        "latter" if choices == 2 => 1,
        _ => ORDINALS.iter().position(|(word_, digits)| word == *word_ || word == *digits)?,
    };
    (nth < choices).then_some(nth)
}

/// The index that a plain number means, if none of the choices speaks of a number.
fn counted(word: &Word, choices: &[Choice]) -> Option<usize> {
    let has_number = |choice: &Choice| match &choice.label {
        ChoiceLabel::Target { .. } | ChoiceLabel::Verb(_) | ChoiceLabel::OpenQuestion(_) | ChoiceLabel::CancelAll => {
            false
        }
        // "Scale web 2 → 3": the number may be the one that it speaks of.
        ChoiceLabel::OpenChange { effects, .. } => {
            effects.iter().any(|effect| effect.replicas_after().is_some() || effect.is_image())
        }
        ChoiceLabel::Replicas { .. } | ChoiceLabel::Amount(_) | ChoiceLabel::Image(_) | ChoiceLabel::Text(_) => true,
    };
    if choices.iter().any(has_number) {
        return None;
    }
    let nth = usize::try_from(whole(word)?).ok()?.checked_sub(1)?;
    (nth < choices.len()).then_some(nth)
}

#[cfg(test)]
mod tests;
