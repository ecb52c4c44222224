//! Data augmentation: one example sentence becomes many, with other names and values, typos, and chatter around it.
//!
//! The slot marks move along with the values. Case is left alone, because the encoder is uncased.

pub use live::Live;

use std::collections::HashMap;

use super::contrast::{ContrastFrame, in_lower_case};
use super::corpus::{ExampleRow, Part};
use super::names::Namer;
use crate::clean::clean;
use crate::slot::Slot;
use readback_core::domain::Intent;

mod chatter;
mod live;
mod rephrase;
mod value;

use chatter::{CLOSERS, OPENERS, OWN, POINTING, QUIET, VITAL};
use value::value;

/// An augmented sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Varied {
    /// Its parts.
    pub parts: Vec<Part>,
    /// What it names is live.
    pub live: Live,
}

/// How much is varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vary {
    /// Nothing: the sentence as written.
    Nothing,
    /// Names and values.
    Values,
    /// Everything.
    All,
}

impl Varied {
    /// Varies a sentence.
    pub fn new(row: &ExampleRow, how: Vary, namer: &mut Namer<'_>) -> Self {
        let parts = row.parts.iter().map(|part| Part { text: clean(&part.text).text, ..part.clone() }).collect();
        let mut varied = Self { parts, live: Live::default() };
        let fresh = match how {
            Vary::Nothing => 0.0,
            Vary::Values => 1.0,
            Vary::All => 0.7,
        };
        varied.substitute(fresh, namer);
        for (clause, intent) in row.clauses.iter().enumerate() {
            if *intent == Intent::None {
                // Hardly ever kept: a name that is often seen where nothing is ordered would come to mean that.
                varied.rename_unmarked(clause, (fresh * 1.35).min(1.0), namer);
            }
        }
        if how == Vary::All {
            rephrase::determine(&mut varied.parts, namer);
            if let [intent] = row.clauses.as_slice()
                && intent.is_write()
            {
                rephrase::correct(&mut varied.parts, &mut varied.live, namer);
            }
            varied.mistype(namer);
            varied.surround(row.clauses[0], row.clauses[row.clauses.len() - 1], namer);
            varied.punctuate(namer);
        }
        varied
    }

    /// The sentence inside a frame. Where that orders nothing, the marks are dropped.
    #[must_use]
    pub fn inside(mut self, frame: &ContrastFrame) -> Self {
        if !frame.ends_with_the_order() {
            self.drop_final_mark();
        }
        let (before, after) = frame.sides();
        if !before.is_empty()
            && let Some(first) = self.parts.first_mut()
        {
            first.text = in_lower_case(&first.text);
        }
        self.parts.insert(0, Part::plain(&clean(before).text, 0));
        self.parts.push(Part::plain(&clean(after).text, 0));
        if frame.is_dangerous() {
            self.parts.iter_mut().for_each(|part| part.slot = None);
        }
        self
    }

    /// Whether a clause may contain words that would be marked in a command: names, numbers, versions.
    pub fn names_things(&self, clause: usize) -> bool {
        let number = |part: &Part| part.clause == clause && part.text.contains(|c: char| c.is_ascii_digit());
        !self.live.names.is_empty() || self.parts.iter().any(number)
    }

    /// Substitutes values, the same one for the same words, and makes what is named live.
    fn substitute(&mut self, fresh: f64, namer: &mut Namer<'_>) {
        let mut said: HashMap<(Slot, String), String> = HashMap::new();
        let renew = namer.chance(fresh);
        for part in &mut self.parts {
            let Some(slot) = part.slot else { continue };
            let key = (slot, part.text.to_lowercase());
            let value = match said.get(&key) {
                Some(value) => value.clone(),
                None => value(slot, &part.text, renew, &mut self.live, namer),
            };
            said.insert(key, value.clone());
            part.text = value;
        }
    }

    /// In clauses without marks, names are recognised by their hyphens.
    fn rename_unmarked(&mut self, clause: usize, fresh: f64, namer: &mut Namer<'_>) {
        for part in self.parts.iter_mut().filter(|part| part.clause == clause) {
            let mut words: Vec<String> = Vec::new();
            for word in part.text.split(' ') {
                let core = word.trim_matches(|c: char| !c.is_alphanumeric());
                let listed = core.contains('-') && core.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                let common = !core.contains('-') && core.len() > 2 && !POINTING.contains(&core) && !OWN.contains(&core);
                let known = common && namer.entities.deployments.iter().any(|name| name == core);
                let pasted = word.contains("--") || word.contains('/') || word.contains('=');
                if (listed || known) && !pasted {
                    let name = if namer.chance(fresh) { namer.deployment() } else { core.to_owned() };
                    words.push(word.replace(core, &name));
                    self.live.names.push(name);
                } else {
                    words.push(word.to_owned());
                }
            }
            part.text = words.join(" ");
        }
    }

    fn mistype(&mut self, namer: &mut Namer<'_>) {
        if !namer.chance(0.35) {
            return;
        }
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (at, part) in self.parts.iter().enumerate().filter(|(_, part)| part.slot.is_none()) {
            for (place, word) in part.text.split(' ').enumerate() {
                let plain = word.len() > 3 && word.chars().all(|c| c.is_ascii_alphabetic());
                if plain && !VITAL.contains(&word.to_lowercase().as_str()) {
                    places.push((at, place));
                }
            }
        }
        if places.is_empty() {
            return;
        }
        let (at, place) = *namer.one(&places);
        let mut words: Vec<String> = self.parts[at].text.split(' ').map(str::to_owned).collect();
        words[place] = namer.misspell(&words[place]);
        self.parts[at].text = words.join(" ");
    }

    /// Adds small talk before and after; the first and the last intent decide which kind fits.
    fn surround(&mut self, first: Intent, last: Intent, namer: &mut Namer<'_>) {
        let short = matches!(first, Intent::Confirm | Intent::Cancel);
        let (before, after) = if short { (0.1, 0.1) } else { (0.3, 0.25) };
        if namer.chance(before) {
            let opener = namer.one(if first == Intent::None { &QUIET } else { &OPENERS });
            self.parts.insert(0, Part::plain(format!("{opener} "), 0));
        }
        if last != Intent::None && namer.chance(after) {
            self.drop_final_mark();
            let closer = namer.one(&CLOSERS);
            let space = if closer.starts_with(',') || closer.starts_with('!') { "" } else { " " };
            let clause = self.last_clause();
            self.parts.push(Part::plain(format!("{space}{closer}"), clause));
        }
    }

    fn last_clause(&self) -> usize {
        self.parts.last().map_or(0, |part| part.clause)
    }

    fn punctuate(&mut self, namer: &mut Namer<'_>) {
        if namer.chance(0.25) {
            self.drop_final_mark();
        } else if namer.chance(0.15) {
            let ends = self.parts.last().is_some_and(|part| part.text.ends_with(|c: char| c.is_alphanumeric()));
            if ends {
                let mark = *namer.one(&[".", "!", "!!", "...", " ."]);
                let clause = self.last_clause();
                self.parts.push(Part::plain(mark, clause));
            }
        }
        for at in 0..self.parts.len() {
            let name = matches!(self.parts[at].slot, Some(Slot::Deployment)) && self.parts[at].text.len() > 3;
            let free = |part: Option<&Part>| part.is_none_or(|part| part.slot.is_none());
            if name && free(at.checked_sub(1).map(|b| &self.parts[b])) && namer.chance(0.06) {
                let quote = *namer.one(&["`", "\"", "'"]);
                if let Some(next) = self.parts.get_mut(at + 1) {
                    next.text.insert_str(0, quote);
                    if let Some(before) = at.checked_sub(1) {
                        self.parts[before].text.push_str(quote);
                    }
                }
            }
        }
    }

    /// Removes a full stop, question mark or exclamation mark from the end.
    pub(super) fn drop_final_mark(&mut self) {
        if let Some(last) = self.parts.last_mut().filter(|part| part.slot.is_none()) {
            last.text.truncate(last.text.trim_end_matches(['.', '?', '!', ' ']).len());
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::train::corpus::render;
    use crate::train::entities::Entities;

    fn entities() -> Entities {
        let list = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
        Entities {
            deployments: list("web payments-api vault mail-smtp-relay"),
            namespaces: list("staging prod"),
            clusters: list("eu-west main"),
            containers: list("app sidecar"),
            images: list("reg:5000/team/web nginx"),
            tags: list("latest stable"),
        }
    }

    fn varied(intent: Intent, line: &str, how: Vary, seed: u64) -> Varied {
        let (entities, mut rng) = (entities(), StdRng::seed_from_u64(seed));
        let row = ExampleRow::parse(Some(intent), line, String::new()).unwrap();
        Varied::new(&row, how, &mut Namer { entities: &entities, rng: &mut rng })
    }

    const LINE: &str = "scale [payments api](deployment) from [4](old) to [6](replicas) in [prod](namespace)";

    #[test]
    fn every_mark_survives_with_its_slot() {
        for seed in 0..200 {
            let varied = varied(Intent::Scale, LINE, Vary::All, seed);
            let (text, marks) = render(&varied.parts);
            let kept = marks.iter().map(|mark| mark.1).filter(|slot| *slot != Slot::Rejected);
            let slots: Vec<Slot> = kept.collect();
            assert_eq!(slots, [Slot::Deployment, Slot::Old, Slot::Replicas, Slot::Namespace], "{text}");
            assert!(marks.iter().all(|mark| !text[mark.0.clone()].trim().is_empty()), "{text}");
        }
    }

    #[test]
    fn repeated_words_are_renamed_alike_and_pronouns_stay() {
        for seed in 0..50 {
            let line = "scale [web](deployment) to 3, I mean [web](deployment), and restart [it](deployment)";
            let parts = varied(Intent::Scale, line, Vary::Values, seed).parts;
            let named: Vec<&str> =
                parts.iter().filter(|part| part.slot.is_some()).map(|part| part.text.as_str()).collect();
            assert_eq!(named[0], named[1]);
            assert_eq!(named[2], "it");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_sentence() {
        assert_eq!(varied(Intent::Scale, LINE, Vary::All, 7), varied(Intent::Scale, LINE, Vary::All, 7));
    }

    #[test]
    fn without_variation_the_sentence_is_unchanged_and_what_it_names_is_live() {
        let varied = varied(Intent::Scale, LINE, Vary::Nothing, 1);
        assert_eq!(render(&varied.parts).0, "scale payments api from 4 to 6 in prod");
        assert_eq!(varied.live.names, ["payments-api"]);
        assert_eq!(varied.live.namespaces, ["prod"]);
    }

    #[test]
    fn a_bare_number_never_becomes_a_version() {
        for seed in 0..50 {
            let varied = varied(Intent::SetImage, "update [web](deployment) to [42](image)", Vary::Values, seed);
            let image = varied.parts.iter().find(|part| part.slot == Some(Slot::Image)).unwrap();
            assert!(image.text.chars().all(|c| c.is_ascii_digit()));
        }
    }
}
