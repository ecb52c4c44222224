//! Other words around a value: determiners in front of names, and values that are taken back.

use super::chatter::POINTING;
use super::live::Live;
use super::value::value;
use crate::slot::Slot;
use crate::train::corpus::Part;
use crate::train::names::Namer;

/// The share of names that get a determiner.
const DETERMINED: f64 = 0.25;
/// The share of orders in which a value is corrected.
const CORRECTED: f64 = 0.06;
/// Determiners, by how often they are used.
const DETERMINERS: &[&str] = &[
    "the",
    "the",
    "the",
    "the",
    "our",
    "our",
    "my",
    "my",
    "your",
    "that",
    "this",
    "pod",
    "deployment",
    "the deployment",
    "the service",
    "our service",
];
/// Words after which a name takes no further determiner.
const DETERMINING: &[&str] = &[
    "the", "our", "my", "your", "their", "his", "her", "its", "that", "this", "these", "those", "a", "an", "each",
    "every", "of", "all", "both", "no",
];
/// Text between a value and the one that replaces it.
const CORRECTIONS: &[&str] = &[
    ", no, ",
    ", no wait, ",
    ", sorry, ",
    ", sorry I mean ",
    " – I mean ",
    " I mean ",
    "... make that ",
    ", make that ",
    ", actually ",
    ", or rather ",
    ", er, ",
    ", oops, ",
    ", no sorry, ",
    ", wait, ",
    " (no, ",
    ", correction: ",
    ", scratch that, ",
    ", hmm, better ",
    ", I meant ",
    " no ",
];

/// Puts "the", "our", "my" before some names of Deployments.
pub(super) fn determine(parts: &mut [Part], namer: &mut Namer<'_>) {
    for at in 0..parts.len() {
        let pointing = parts[at].text.split(' ').all(|word| POINTING.contains(&word.to_lowercase().as_str()));
        if parts[at].slot != Some(Slot::Deployment) || pointing || !namer.chance(DETERMINED) {
            continue;
        }
        let Some(before) = at.checked_sub(1).map(|before| &mut parts[before]) else { continue };
        let last = before.text.split_whitespace().next_back().unwrap_or_default().to_lowercase();
        if before.slot.is_none() && before.text.ends_with(' ') && !DETERMINING.contains(&last.as_str()) {
            before.text += *namer.one(DETERMINERS);
            before.text.push(' ');
        }
    }
}

/// Replaces a value of some orders by one that is taken back, a correction, and the value: "to 3" becomes "to 5, no, 3".
pub(super) fn correct(parts: &mut Vec<Part>, live: &mut Live, namer: &mut Namer<'_>) {
    if !namer.chance(CORRECTED) {
        return;
    }
    let corrected = |part: &Part| match part.slot {
        Some(Slot::Deployment) => part.text.split(' ').all(|word| !POINTING.contains(&word.to_lowercase().as_str())),
        Some(Slot::Replicas | Slot::Image | Slot::Revision | Slot::Namespace | Slot::Min | Slot::Max) => true,
        _ => false,
    };
    let places: Vec<usize> = (0..parts.len()).filter(|at| corrected(&parts[*at])).collect();
    if places.is_empty() {
        return;
    }
    let at = *namer.one(&places);
    let kept = parts[at].clone();
    let Some(slot) = kept.slot else { return };
    let first = value(slot, &kept.text, true, live, namer);
    if first == kept.text {
        return;
    }
    let (rejected, between) = if namer.chance(0.2) {
        // "not 5 but 3"
        let (before, between) = *namer.one(&[("not ", " but "), ("not ", ", "), ("", " – not that, ")]);
        parts.insert(at, Part::plain(before, kept.clause));
        (at + 1, between)
    } else {
        (at, *namer.one(CORRECTIONS))
    };
    parts.insert(rejected, Part { text: first, slot: Some(Slot::Rejected), clause: kept.clause });
    parts.insert(rejected + 1, Part::plain(between, kept.clause));
    if between.ends_with("(no, ") {
        parts.insert(rejected + 3, Part::plain(")", kept.clause));
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::train::augment::{Varied, Vary};
    use crate::train::corpus::{ExampleRow, render};
    use crate::train::entities::Entities;
    use readback_core::domain::Intent;

    fn all(line: &str) -> Vec<Varied> {
        let list = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let entities = Entities {
            deployments: list("web vault"),
            namespaces: list("staging prod"),
            clusters: list("main"),
            containers: list("app"),
            images: list("nginx"),
            tags: list("latest"),
        };
        let row = ExampleRow::parse(Some(Intent::Scale), line, String::new()).unwrap();
        let of = |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            Varied::new(&row, Vary::All, &mut Namer { entities: &entities, rng: &mut rng })
        };
        (0..400).map(of).collect()
    }

    #[test]
    fn some_names_get_a_determiner_and_none_gets_two() {
        let texts: Vec<String> =
            all("scale [web](deployment) to [3](replicas)").iter().map(|one| render(&one.parts).0).collect();
        let with = |word: &str| texts.iter().filter(|text| text.contains(&format!(" {word} "))).count();
        assert!(with("the") > 20 && with("our") > 5, "{} {}", with("the"), with("our"));
        let texts = all("scale the [web](deployment) to [3](replicas)");
        assert!(texts.iter().all(|one| !render(&one.parts).0.contains("the our")));
    }

    #[test]
    fn a_corrected_value_keeps_its_slot_and_the_other_is_marked_as_taken_back() {
        let varied = all("scale [web](deployment) to [3](replicas)");
        let corrected: Vec<_> =
            varied.iter().filter(|one| one.parts.iter().any(|part| part.slot == Some(Slot::Rejected))).collect();
        assert!(corrected.len() > 8, "{}", corrected.len());
        for one in corrected {
            let slots: Vec<Slot> = one.parts.iter().filter_map(|part| part.slot).collect();
            let rejected = slots.iter().position(|slot| *slot == Slot::Rejected).unwrap();
            assert!(matches!(slots[rejected + 1], Slot::Deployment | Slot::Replicas), "{slots:?}");
            assert_eq!(slots.len(), 3, "{}", render(&one.parts).0);
        }
    }
}
