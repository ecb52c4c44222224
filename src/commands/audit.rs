//! `readback audit`: the record of changes, listed or exported. Reads only, also beside a serving process. It reads and writes
//! page by page: however long the record is, the program holds one page of it, and the file only while it reads one.

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

/// Maximum changes that are read at once.
const PAGE: usize = 500;

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
    // A record that cannot be read is no reason to call the list complete.
    let is_complete = export(&archive, &filter, args.limit, PAGE, &mut Printer::of(args.format), out)?;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the newest `limit` changes that match the filter, so many at a time. Returns whether all of them can be read.
fn export(
    archive: &Archive,
    filter: &Filter,
    limit: usize,
    page: usize,
    printer: &mut Printer,
    out: &mut Out,
) -> anyhow::Result<bool> {
    let (mut left, mut is_complete, mut after) = (limit, true, None);
    loop {
        let (found, next) = archive.page(filter, left.min(page), after.as_ref())?;
        for fault in &found.unreadable {
            tracing::error!(error = %fault, "a change on record cannot be read");
            is_complete = false;
        }
        printer.print(&found.changes, out)?;
        left -= found.changes.len();
        after = next;
        if after.is_none() || left == 0 {
            return Ok(is_complete);
        }
    }
}

/// Prints pages of changes in one form.
#[derive(Debug)]
struct Printer {
    format: AuditFormat,
    is_first: bool,
    /// Of the columns of the table so far.
    widths: [usize; COLUMNS.len()],
}

impl Printer {
    const fn of(format: AuditFormat) -> Self {
        Self { format, is_first: true, widths: [0; COLUMNS.len()] }
    }

    fn print(&mut self, changes: &[Change], out: &mut Out) -> anyhow::Result<()> {
        let mut rows: Vec<AuditRow> = changes.iter().map(row).collect();
        match self.format {
            AuditFormat::Table => out.text(self.table(&rows))?,
            AuditFormat::Json => {
                for (row, change) in rows.iter().zip(changes) {
                    out.line(serde_json::to_string(&JsonRow::of(row, change))?)?;
                }
            }
            AuditFormat::Csv => {
                rows.iter_mut().for_each(disarm);
                out.text(csv(&rows, self.is_first)?)?;
                // The names of the columns stand before the first row, whichever page that is on.
                self.is_first &= rows.is_empty();
                return Ok(());
            }
        }
        self.is_first = false;
        Ok(())
    }

    /// The lines of a page. A column is as wide as the widest cell so far.
    fn table(&mut self, rows: &[AuditRow]) -> String {
        let head = self.is_first.then(|| COLUMNS.map(str::to_owned));
        let lines: Vec<[String; COLUMNS.len()]> = head.into_iter().chain(rows.iter().map(cells)).collect();
        for (column, width) in self.widths.iter_mut().enumerate() {
            let widest = lines.iter().map(|line| line[column].chars().count()).max();
            *width = widest.unwrap_or(0).max(*width);
        }
        let mut text = String::new();
        for line in &lines {
            let cells = line.iter().zip(&self.widths).map(|(cell, width)| {
                let pad = width.saturating_sub(cell.chars().count());
                format!("{cell}{}", " ".repeat(pad))
            });
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

/// The columns of the table.
const COLUMNS: [&str; 7] = ["ORDERED", "BY", "VERB", "DEPLOYMENT", "EFFECT", "STATE", "DECIDED BY"];

fn cells(row: &AuditRow) -> [String; COLUMNS.len()] {
    [
        row.ordered.chars().take(16).collect::<String>().replace('T', " "),
        row.by.clone(),
        row.verb.to_owned(),
        format!("{}/{}/{}", row.cluster, row.namespace, row.deployment),
        row.effects.clone(),
        row.state.to_owned(),
        row.decided_by.clone(),
    ]
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

fn csv(rows: &[AuditRow], has_head: bool) -> anyhow::Result<String> {
    let mut writer = ::csv::WriterBuilder::new().has_headers(has_head).from_writer(Vec::new());
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
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use futures::future::join_all;
    use serde_json::json;

    use super::*;
    use crate::store::sqlite::Sqlite;
    use readback_core::{
        change::{
            Order,
            samples::{at, order},
        },
        store::Store as _,
    };

    #[test]
    fn a_program_gets_the_values_beside_the_words() {
        let change = Change::asking(order()).expect("a change");
        let row = row(&change);
        let record = serde_json::to_value(JsonRow::of(&row, &change)).expect("a record");
        assert_eq!(record["effects"], "nginx:1.20 → nginx:1.21");
        assert_eq!(record["changes"][0]["to"], "nginx:1.21");
        assert_eq!((&record["notes"], &record["result"]), (&json!([]), &json!(null)));
    }

    /// What was written, and how much at once.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<String>>>);

    impl io::Write for Written {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8(text.to_vec()).expect("text");
            self.0.lock().expect("not poisoned").push(text);
            Ok(self.0.lock().expect("not poisoned").last().map_or(0, String::len))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A record of so many changes, of which ten at a time were recorded at the same moment.
    async fn record_of(changes: u32) -> (tempfile::TempDir, Archive) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("changes.db");
        let store = Sqlite::open(&file).await.expect("opens");
        let recorded = (0..changes).map(|nth| {
            let (message_id, created) = (format!("message {nth}"), at(i64::from(nth / 10)));
            let order = Order { message_id, created, reasons: Vec::new(), ..order() };
            let change = Change::ordered(order).expect("a change");
            store.record(change.into())
        });
        for recorded in join_all(recorded).await {
            recorded.expect("recorded");
        }
        drop(store);
        let archive = Archive::open(&file).expect("opens");
        (folder, archive)
    }

    #[tokio::test]
    async fn a_long_record_is_exported_page_by_page_and_whole() {
        let (_folder, archive) = record_of(3_000).await;
        let exported = |format, limit| {
            let written = Written::default();
            let (mut printer, mut out) = (Printer::of(format), Out::to(written.clone()));
            assert!(export(&archive, &Filter::default(), limit, 128, &mut printer, &mut out).expect("exported"));
            drop(out);
            Arc::into_inner(written.0).expect("the only one").into_inner().expect("not poisoned")
        };
        let json = exported(AuditFormat::Json, usize::MAX).concat();
        let rows: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let key = |row: &serde_json::Value| (row["ordered"].to_string(), row["id"].to_string());
        assert_eq!(rows.len(), 3_000);
        assert!(rows.windows(2).all(|two| key(&two[0]) > key(&two[1])), "each once, the newest first");

        for (format, head) in [(AuditFormat::Csv, "id,ordered"), (AuditFormat::Table, "ORDERED")] {
            let pages = exported(format, usize::MAX);
            let whole = pages.concat();
            assert_eq!(whole.lines().count(), 3_001, "{format:?}");
            assert_eq!(whole.matches(head).count(), 1, "{format:?}: one head");
            let widest = pages.iter().map(String::len).max().unwrap_or(0);
            assert!(widest < whole.len() / 10, "{format:?}: {widest} of {} bytes at once", whole.len());
        }
        assert_eq!(
            exported(AuditFormat::Json, 300).concat(),
            json.lines().take(300).map(|line| format!("{line}\n")).collect::<String>()
        );
    }

    #[test]
    fn the_columns_are_named_before_the_first_row_whichever_page_it_is_on() {
        let written = Written::default();
        let (mut printer, mut out) = (Printer::of(AuditFormat::Csv), Out::to(written.clone()));
        printer.print(&[], &mut out).expect("a page of what cannot be read");
        printer.print(&[Change::asking(order()).expect("a change")], &mut out).expect("the next page");
        drop(out);
        let text = written.0.lock().expect("not poisoned").concat();
        assert!(text.starts_with("id,ordered") && text.lines().count() == 2, "{text}");
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
