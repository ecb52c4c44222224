//! The contrast harness: right orders put into frames that change what they mean, and into frames that change nothing.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

use readback_nlu::train::contrast::ContrastFrame;

use super::LabelledMessage;
use crate::interpret::Interpreter;

/// How orders fared in one frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Orders that were put into it.
    pub orders: usize,
    /// Orders that were executed in it.
    pub executed: usize,
}

/// A frame: whether it is dangerous, whether it is held out, its group and its text.
type FrameKey = (bool, bool, String, String);

/// How orders fared in all frames.
#[derive(Clone, Debug, Default)]
pub struct Contrast {
    counts: BTreeMap<FrameKey, Count>,
}

/// Puts orders that are executed by themselves into every frame: at most so many into each, other ones into the next.
///
/// # Errors
/// When the engine fails.
pub fn score(
    interpreter: &Interpreter,
    rows: &[&LabelledMessage],
    frames: &[ContrastFrame],
    most: usize,
) -> anyhow::Result<Contrast> {
    let mut contrast = Contrast::default();
    let mut orders = Vec::new();
    for row in rows {
        if executes(interpreter, row, &row.text, true)? {
            orders.push(*row);
        }
    }
    let each = most.min(orders.len());
    for (at, frame) in frames.iter().enumerate() {
        for row in orders.iter().cycle().skip(at * each % orders.len().max(1)).take(each) {
            let key = (frame.is_dangerous(), frame.held_out, frame.group.clone(), frame.text.clone());
            let count = contrast.counts.entry(key).or_default();
            count.orders += 1;
            let exactly = !frame.is_dangerous();
            count.executed += usize::from(executes(interpreter, row, &frame.around(&row.text), exactly)?);
        }
    }
    Ok(contrast)
}

/// The rows that are one order which needs no confirmation.
pub fn executable(rows: &[LabelledMessage]) -> Vec<&LabelledMessage> {
    let executes = |row: &&LabelledMessage| matches!(row.commands.as_slice(), [one] if one.get("decision").is_some_and(|decision| decision == "execute"));
    rows.iter().filter(executes).collect()
}

/// Whether a text is executed unasked: as exactly what the row orders, or as anything at all.
fn executes(interpreter: &Interpreter, row: &LabelledMessage, text: &str, exactly: bool) -> anyhow::Result<bool> {
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

    /// The sums over dangerous or over harmless frames; over held-out frames only, if wanted.
    pub fn total(&self, dangerous: bool, held_out_only: bool) -> Count {
        let of = |(key, _): &(&FrameKey, &Count)| key.0 == dangerous && (key.1 || !held_out_only);
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
        for held_out_only in [false, true] {
            let count = self.total(true, held_out_only);
            let which = if held_out_only { "dangerous, held out" } else { "dangerous frames" };
            writeln!(
                f,
                "  {which:<20} {} of {} executed ({:.2} %)",
                count.executed,
                count.orders,
                100.0 * count.executed_share()
            )?;
        }
        for held_out_only in [false, true] {
            let count = self.total(false, held_out_only);
            let lost = count.orders - count.executed;
            let which = if held_out_only { "harmless, held out" } else { "harmless frames" };
            writeln!(
                f,
                "  {which:<20} {lost} of {} lost ({:.2} %)",
                count.orders,
                100.0 * (1.0 - count.executed_share())
            )?;
        }
        let wrong =
            |(key, count): &(&FrameKey, &Count)| if key.0 { count.executed } else { count.orders - count.executed };
        let mut worst: Vec<_> = self.counts.iter().filter(|one| wrong(one) > 0).collect();
        worst.sort_by_key(|one| std::cmp::Reverse(wrong(one)));
        for one in worst {
            let ((dangerous, held_out, group, text), count) = one;
            let what = if *dangerous { "executed" } else { "lost" };
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
