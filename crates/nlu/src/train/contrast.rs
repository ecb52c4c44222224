//! Sentence patterns around orders: some change what an order means, some change nothing.
//!
//! An order in a dangerous frame ("don't {}", "Ana says: {}") must never be executed unasked; in a harmless one
//! ("{}, thanks") it must still be. Frames are data: `dangerous.txt` and `harmless.txt` of a folder, one per line, fields
//! separated by tabs: the group, for dangerous frames `none` or `ask`, and the text with `{}` for the order. A `*` before
//! the group holds a frame out: the training never uses it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

/// What a frame does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing is ordered any more.
    OrdersNothing,
    /// It is not certain that it is ordered, so it must be asked about.
    MustAsk,
    /// None: it is ordered as before.
    Harmless,
}

/// A sentence pattern with a place for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContrastFrame {
    /// Frames of one kind: `forbid`, `politeness`.
    pub group: String,
    /// Whether the training never uses it.
    pub held_out: bool,
    /// What it does to an order.
    pub effect: Effect,
    /// The text, with `{}` for the order.
    pub text: String,
}

impl ContrastFrame {
    /// Whether an order in it must never be executed unasked.
    pub fn is_dangerous(&self) -> bool {
        self.effect != Effect::Harmless
    }

    /// The order inside this frame. Inside a sentence it begins in lower case, unless it begins with more capitals.
    pub fn around(&self, order: &str) -> String {
        let order = if self.text.starts_with("{}") { order.to_owned() } else { in_lower_case(order) };
        let order = if self.ends_with_the_order() { order.as_str() } else { order.trim_end_matches(['.', '!']) };
        self.text.replace("{}", order)
    }

    /// The text before the order, and the text after it.
    pub fn sides(&self) -> (&str, &str) {
        self.text.split_once("{}").unwrap_or((&self.text, ""))
    }

    /// Whether nothing follows the order.
    pub fn ends_with_the_order(&self) -> bool {
        self.text.ends_with("{}")
    }
}

/// The text with its first letter in lower case, unless it begins with more capitals: inside a sentence.
pub fn in_lower_case(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

/// Reads the frames of a folder.
///
/// # Errors
/// When a file cannot be read, or a line lacks a field or the place for the order.
pub fn frames(folder: &Path) -> anyhow::Result<Vec<ContrastFrame>> {
    let mut frames = Vec::new();
    for (name, dangerous) in [("dangerous.txt", true), ("harmless.txt", false)] {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).with_context(|| format!("reading `{}`", path.display()))?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let frame = frame(line, dangerous);
            frames.push(frame.with_context(|| format!("`{}` line {}", path.display(), number + 1))?);
        }
    }
    Ok(frames)
}

/// The frames of the first of these folders of examples, without those that are held out; none where it has none.
///
/// # Errors
/// As [`frames`].
pub fn trained(examples: &[PathBuf]) -> anyhow::Result<Vec<ContrastFrame>> {
    let folder = examples.first().context("no folder of examples")?.join("contrast");
    if !folder.exists() {
        return Ok(Vec::new());
    }
    Ok(frames(&folder)?.into_iter().filter(|frame| !frame.held_out).collect())
}

fn frame(line: &str, dangerous: bool) -> anyhow::Result<ContrastFrame> {
    let fields: Vec<&str> = line.split('\t').collect();
    let (group, effect, text) = match (fields.as_slice(), dangerous) {
        ([group, "none", text], true) => (group, Effect::OrdersNothing, text),
        ([group, "ask", text], true) => (group, Effect::MustAsk, text),
        ([group, text], false) => (group, Effect::Harmless, text),
        _ => bail!("not the fields of a frame: {} fields", fields.len()),
    };
    let text = text.replace("\\n", "\n");
    ensure!(text.matches("{}").count() == 1, "no single place for the order");
    let held_out = group.starts_with('*');
    Ok(ContrastFrame { group: group.trim_start_matches('*').to_owned(), held_out, effect, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(text: &str, order: &str) -> String {
        frame(&format!("group\tnone\t{text}"), true).unwrap().around(order)
    }

    #[test]
    fn an_order_fits_into_the_sentence_around_it() {
        assert_eq!(around("don't {}", "Scale web to 3."), "don't scale web to 3.");
        assert_eq!(around("{}, said Ana", "Scale web to 3."), "Scale web to 3, said Ana");
        assert_eq!(around("don't {}", "API to 3"), "don't API to 3");
        assert_eq!((in_lower_case("Scale web"), in_lower_case("")), ("scale web".to_owned(), String::new()));
    }

    #[test]
    fn a_frame_needs_its_fields_and_one_place_for_the_order() {
        assert!(frame("*forbid\tnone\tdon't {}", true).unwrap().held_out);
        assert!(frame("forbid\tperhaps\tdon't {}", true).is_err() && frame("forbid\tdon't {}", true).is_err());
        assert!(frame("please\t{} {}", false).is_err() && frame("please\tnow", false).is_err());
    }

    #[test]
    fn the_committed_frames_are_well_formed_and_a_third_is_held_out() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../intents/contrast");
        let frames = frames(Path::new(folder)).expect("well-formed");
        for (dangerous, least) in [(true, 60), (false, 40)] {
            let of: Vec<_> = frames.iter().filter(|frame| frame.is_dangerous() == dangerous).collect();
            let held = of.iter().filter(|frame| frame.held_out).count();
            assert!(of.len() >= least && held * 3 >= of.len() - 2, "{dangerous}: {held} of {}", of.len());
        }
        assert!(super::frames(Path::new("/nowhere")).is_err());
    }
}
