//! `readback audit`: the record of changes, listed or exported. Reads only, also beside a serving process.

use std::process::ExitCode;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    cli::{AuditArgs, AuditFormat, Out},
    clock,
    config::Settings,
    store::sqlite::Archive,
    words,
};
use readback_core::change::{Change, FieldChange, Filter, Note, Outcome};

/// One change as it is exported. Times are in UTC, RFC 3339.
#[derive(Debug, Serialize)]
struct AuditRow {
    id: String,
    ordered: String,
    by: String,
    by_name: String,
    verb: &'static str,
    cluster: String,
    namespace: String,
    deployment: String,
    uid: String,
    effects: String,
    state: &'static str,
    decided: String,
    decided_by: String,
    also_approved_by: String,
    ended: String,
    outcome: String,
    reasons: String,
    undoes: String,
    room: String,
    message: String,
    words: String,
    /// The same for all changes that stood on one card.
    request: String,
}

/// One change as it is exported to programs: the same, and the values beside the words.
#[derive(Debug, Serialize)]
struct JsonRow<'c> {
    #[serde(flatten)]
    row: &'c AuditRow,
    changes: &'c [FieldChange],
    notes: &'c [Note],
    result: Option<&'c Outcome>,
}

impl<'c> JsonRow<'c> {
    fn of(row: &'c AuditRow, change: &'c Change) -> Self {
        let order = change.order();
        Self { row, changes: &order.effects, notes: &order.notes, result: change.state().outcome() }
    }
}

pub(super) fn run(settings: &Settings, args: &AuditArgs, out: &mut Out) -> anyhow::Result<ExitCode> {
    let now = clock::now();
    let filter = Filter {
        person: args.person.clone(),
        target: args.target.clone(),
        since: args.since.as_deref().map(|text| moment(text, now)).transpose()?,
        until: args.until.as_deref().map(|text| moment(text, now)).transpose()?,
        statuses: args.state.clone(),
        ..Filter::default()
    };
    let archive = Archive::open(&settings.database)?;
    let found = archive.newest(&filter, args.limit)?;
    let mut rows: Vec<AuditRow> = found.changes.iter().map(row).collect();
    match args.format {
        AuditFormat::Table => out.text(table(&rows))?,
        AuditFormat::Json => {
            for (row, change) in rows.iter().zip(&found.changes) {
                out.line(serde_json::to_string(&JsonRow::of(row, change))?)?;
            }
        }
        AuditFormat::Csv => {
            rows.iter_mut().for_each(disarm);
            out.text(csv(&rows)?)?;
        }
    }
    for fault in &found.unreadable {
        tracing::error!(error = %fault, "a change on record cannot be read");
    }
    // A record that cannot be read is no reason to call the list complete.
    Ok(if found.unreadable.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A moment, or how long ago: `2026-11-26T08:00:00Z`, `90m`, `24h`, `7d`.
fn moment(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let ago = |unit: char, minutes: i64| {
        text.strip_suffix(unit)?.parse::<u32>().ok().map(|n| SignedDuration::from_mins(i64::from(n) * minutes))
    };
    if let Some(ago) = ago('m', 1).or_else(|| ago('h', 60)).or_else(|| ago('d', 24 * 60)) {
        return now.checked_sub(ago).with_context(|| format!("`{text}` is too long ago"));
    }
    text.parse().with_context(|| format!("`{text}` must be a moment (`2026-11-26T08:00:00Z`) or an age (`24h`, `7d`)"))
}

fn row(change: &Change) -> AuditRow {
    let (order, state) = (change.order(), change.state());
    let decision = state.decision();
    let ended = state.ended();
    AuditRow {
        id: change.id().to_string(),
        ordered: order.created.to_string(),
        by: plain(&order.requester.email),
        by_name: plain(&order.requester.name),
        verb: order.intent.as_str(),
        cluster: order.target.cluster.to_string(),
        namespace: order.target.namespace.to_string(),
        deployment: order.target.name.to_string(),
        uid: plain(&order.uid),
        effects: plain(&words::summaries(&order.effects)),
        state: change.status().as_str(),
        decided: decision.map(|decision| decision.at.to_string()).unwrap_or_default(),
        decided_by: decision.map(|decision| plain(&decision.by.email)).unwrap_or_default(),
        also_approved_by: decision
            .map(|decision| decision.also.iter().map(|who| plain(&who.email)).collect::<Vec<_>>().join(" "))
            .unwrap_or_default(),
        ended: ended.map(|at| at.to_string()).unwrap_or_default(),
        outcome: state.outcome().map(|outcome| plain(&words::came_of(change, outcome))).unwrap_or_default(),
        reasons: plain(&order.reasons.iter().map(words::reason).collect::<Vec<_>>().join(" ")),
        undoes: order.undoes.map(|id| id.to_string()).unwrap_or_default(),
        room: order.room_id.clone(),
        message: order.message_id.clone(),
        words: plain(&order.words),
        request: change.request().to_string(),
    }
}

/// On one line, without anything that a terminal would act on.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn table(rows: &[AuditRow]) -> String {
    let head = ["ORDERED", "BY", "VERB", "DEPLOYMENT", "EFFECT", "STATE", "DECIDED BY"].map(str::to_owned);
    let line = |row: &AuditRow| {
        [
            row.ordered.chars().take(16).collect::<String>().replace('T', " "),
            row.by.clone(),
            row.verb.to_owned(),
            format!("{}/{}/{}", row.cluster, row.namespace, row.deployment),
            row.effects.clone(),
            row.state.to_owned(),
            row.decided_by.clone(),
        ]
    };
    let lines: Vec<[String; 7]> = std::iter::once(head).chain(rows.iter().map(line)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| {
            let pad = width.saturating_sub(cell.chars().count());
            format!("{cell}{}", " ".repeat(pad))
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn csv(rows: &[AuditRow]) -> anyhow::Result<String> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Everything that a person or the cluster has written.
fn disarm(row: &mut AuditRow) {
    for cell in [
        &mut row.by,
        &mut row.by_name,
        &mut row.effects,
        &mut row.decided_by,
        &mut row.also_approved_by,
        &mut row.outcome,
        &mut row.reasons,
        &mut row.words,
    ] {
        *cell = harmless(std::mem::take(cell));
    }
}

/// A spreadsheet takes a cell that begins like this for a formula; what people say must not become one.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use readback_core::change::samples::order;

    #[test]
    fn a_program_gets_the_values_beside_the_words() {
        let change = Change::asking(order()).expect("a change");
        let row = row(&change);
        let record = serde_json::to_value(JsonRow::of(&row, &change)).expect("a record");
        assert_eq!(record["effects"], "nginx:1.20 → nginx:1.21");
        assert_eq!(record["changes"][0]["to"], "nginx:1.21");
        assert_eq!((&record["notes"], &record["result"]), (&json!([]), &json!(null)));
    }

    #[test]
    fn a_moment_is_a_time_or_an_age() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().expect("a moment");
        let read = |text: &str| moment(text, now).map(|at| at.to_string()).ok();
        assert_eq!(read("90m").as_deref(), Some("2026-11-26T10:30:00Z"));
        assert_eq!(read("7d").as_deref(), Some("2026-11-19T12:00:00Z"));
        assert_eq!(read("2026-11-01T00:00:00Z").as_deref(), Some("2026-11-01T00:00:00Z"));
        for bad in ["", "yesterday", "7", "-1d", "d"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_cell_becomes_a_formula() {
        assert_eq!(harmless("=HYPERLINK(\"x\")".into()), "'=HYPERLINK(\"x\")");
        assert_eq!(harmless("2 → 3".into()), "2 → 3");
    }
}
