//! The contrast harness: right orders put into frames that change what they mean, and into frames that change nothing.
//!
//! An order in a dangerous frame ("don't {}", "Ana says: {}") must never be executed unasked; in a harmless one ("{}, thanks")
//! it must still be. Frames are data: `dangerous.txt` and `harmless.txt` of a folder, one per line, fields separated by tabs:
//! the group, for dangerous frames `none` or `ask`, and the text with `{}` for the order. A `*` before the group holds a frame
//! out: the training never uses it.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::Row;
use crate::interpret::Interpreter;

/// What a frame does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The order must not be executed unasked.
    Dangerous,
    /// Nothing: the order must still be executed.
    Harmless,
}

/// A sentence pattern with a place for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Frames of one kind: `forbid`, `politeness`.
    pub group: String,
    /// Whether the training never uses it.
    pub held_out: bool,
    /// What it does to an order.
    pub effect: Effect,
    /// The text, with `{}` for the order.
    pub text: String,
}

impl Frame {
    /// The order inside this frame. Inside a sentence it begins in lower case, unless it begins with more capitals.
    pub fn around(&self, order: &str) -> String {
        let mut letters = order.chars();
        let (first, second) = (letters.next(), letters.next());
        let sentence = first.is_some_and(char::is_uppercase) && second.is_some_and(char::is_lowercase);
        let inside = !self.text.starts_with("{}");
        let order = match first {
            Some(first) if sentence && inside => first.to_lowercase().chain(order.chars().skip(1)).collect(),
            _ => order.to_owned(),
        };
        let ends = self.text.ends_with("{}");
        let order = if ends { order.as_str() } else { order.trim_end_matches(['.', '!']) };
        self.text.replace("{}", order)
    }
}

/// Reads the frames of a folder.
///
/// # Errors
/// When a file cannot be read, or a line lacks a field or the place for the order.
pub fn frames(folder: &Path) -> anyhow::Result<Vec<Frame>> {
    let mut frames = Vec::new();
    for (name, effect) in [("dangerous.txt", Effect::Dangerous), ("harmless.txt", Effect::Harmless)] {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).with_context(|| format!("reading `{}`", path.display()))?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            let wanted = if effect == Effect::Dangerous { 3 } else { 2 };
            let place = || format!("`{}` line {}", path.display(), number + 1);
            ensure!(fields.len() == wanted, "{}: {} fields, not {wanted}", place(), fields.len());
            let text = fields[wanted - 1].replace("\\n", "\n");
            ensure!(text.matches("{}").count() == 1, "{}: no single place for the order", place());
            let group = fields[0].trim_start_matches('*').to_owned();
            frames.push(Frame { group, held_out: fields[0].starts_with('*'), effect, text });
        }
    }
    Ok(frames)
}

/// How orders fared in one frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Orders that were put into it.
    pub orders: usize,
    /// Orders that were executed in it.
    pub executed: usize,
}

/// How orders fared in all frames.
#[derive(Clone, Debug, Default)]
pub struct Contrast {
    counts: BTreeMap<(Effect, bool, String, String), Count>,
}

/// Puts every order that is executed by itself into every frame.
///
/// # Errors
/// When the engine fails.
pub fn score(interpreter: &Interpreter, rows: &[&Row], frames: &[Frame]) -> anyhow::Result<Contrast> {
    let mut contrast = Contrast::default();
    for row in rows {
        if !executes(interpreter, row, &row.text, true)? {
            continue;
        }
        for frame in frames {
            let key = (frame.effect, frame.held_out, frame.group.clone(), frame.text.clone());
            let count = contrast.counts.entry(key).or_default();
            count.orders += 1;
            let exactly = frame.effect == Effect::Harmless;
            count.executed += usize::from(executes(interpreter, row, &frame.around(&row.text), exactly)?);
        }
    }
    Ok(contrast)
}

/// The rows that are one order which needs no confirmation.
pub fn executable(rows: &[Row]) -> Vec<&Row> {
    let executes = |row: &&Row| matches!(row.commands.as_slice(), [one] if one.get("decision").is_some_and(|decision| decision == "execute"));
    rows.iter().filter(executes).collect()
}

/// Whether a text is executed unasked: as exactly what the row orders, or as anything at all.
fn executes(interpreter: &Interpreter, row: &Row, text: &str, exactly: bool) -> anyhow::Result<bool> {
    let judged = interpreter.judge(text)?;
    let read: Vec<Value> = judged.commands.iter().map(|judged| interpreter.command(judged)).collect();
    let acts: Vec<&Value> = read.iter().filter(|read| read["decision"] == "execute").collect();
    Ok(if exactly { !acts.is_empty() && acts.iter().all(|act| row.allows(act)) } else { !acts.is_empty() })
}

impl Contrast {
    /// Adds the counts of other rows.
    pub fn join(&mut self, other: Self) {
        for (key, count) in other.counts {
            let own = self.counts.entry(key).or_default();
            own.orders += count.orders;
            own.executed += count.executed;
        }
    }

    /// The sums over frames with this effect; over held-out frames only, if wanted.
    pub fn total(&self, effect: Effect, held_out_only: bool) -> Count {
        let of = |(key, _): &(&(Effect, bool, String, String), &Count)| key.0 == effect && (key.1 || !held_out_only);
        self.counts.iter().filter(of).fold(Count::default(), |sum, (_, count)| Count {
            orders: sum.orders + count.orders,
            executed: sum.executed + count.executed,
        })
    }
}

impl Count {
    /// The share of orders that were executed, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    pub fn executed_share(&self) -> f64 {
        self.executed as f64 / self.orders.max(1) as f64
    }
}

impl fmt::Display for Contrast {
    /// The totals, then every frame in which an order fared wrongly, the worst first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (effect, held_out_only) in [(Effect::Dangerous, false), (Effect::Dangerous, true)] {
            let count = self.total(effect, held_out_only);
            let which = if held_out_only { "dangerous, held out" } else { "dangerous frames" };
            writeln!(
                f,
                "  {which:<20} {} of {} executed ({:.2} %)",
                count.executed,
                count.orders,
                100.0 * count.executed_share()
            )?;
        }
        for (effect, held_out_only) in [(Effect::Harmless, false), (Effect::Harmless, true)] {
            let count = self.total(effect, held_out_only);
            let lost = count.orders - count.executed;
            let which = if held_out_only { "harmless, held out" } else { "harmless frames" };
            writeln!(
                f,
                "  {which:<20} {lost} of {} lost ({:.2} %)",
                count.orders,
                100.0 * (1.0 - count.executed_share())
            )?;
        }
        let wrong = |(key, count): &(&(Effect, bool, String, String), &Count)| match key.0 {
            Effect::Dangerous => count.executed,
            Effect::Harmless => count.orders - count.executed,
        };
        let mut worst: Vec<_> = self.counts.iter().filter(|one| wrong(one) > 0).collect();
        worst.sort_by_key(|one| std::cmp::Reverse(wrong(one)));
        for one in worst {
            let ((effect, held_out, group, text), count) = one;
            let what = if *effect == Effect::Dangerous { "executed" } else { "lost" };
            let mark = if *held_out { "*" } else { "" };
            writeln!(
                f,
                "    {} of {} {what}\t{mark}{group}\t{}",
                wrong(&one),
                count.orders,
                text.replace('\n', "\\n")
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str) -> Frame {
        Frame { group: "g".into(), held_out: false, effect: Effect::Dangerous, text: text.into() }
    }

    #[test]
    fn an_order_fits_into_the_sentence_around_it() {
        assert_eq!(frame("don't {}").around("Scale web to 3."), "don't scale web to 3.");
        assert_eq!(frame("{}, said Ana").around("Scale web to 3."), "Scale web to 3, said Ana");
        assert_eq!(frame("don't {}").around("API to 3"), "don't API to 3");
    }

    #[test]
    fn the_committed_frames_are_well_formed_and_a_third_is_held_out() {
        let frames = frames(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/intents/contrast"))).expect("well-formed");
        for (effect, least) in [(Effect::Dangerous, 60), (Effect::Harmless, 40)] {
            let of: Vec<_> = frames.iter().filter(|frame| frame.effect == effect).collect();
            let held = of.iter().filter(|frame| frame.held_out).count();
            assert!(of.len() >= least && held * 3 >= of.len() - 2, "{effect:?}: {held} of {}", of.len());
        }
        assert!(super::frames(Path::new("/nowhere")).is_err());
    }
}
