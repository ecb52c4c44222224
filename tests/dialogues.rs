//! Long conversations, judged by what they do to the cluster: after each turn exactly what its file expects has changed, and
//! nothing else. No sentence of the bot is compared.
//!
//! `READBACK_DIALOGUE` in the environment selects files by a part of their names; `READBACK_TRANSCRIPTS` names a folder
//! into which each is written as it went, with what the bot said.

mod cluster;
mod script;

use std::{
    fmt::Write as _,
    fs, panic,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};

use crate::support::bot::{Bot, Local, Setup};
use crate::support::wait::PATIENCE;
use cluster::{Snapshot, seed, snapshot};
use script::{Script, Turn};

/// The polling interval.
const LOOK: Duration = Duration::from_millis(10);

#[test]
#[expect(clippy::disallowed_methods, reason = "a test has no settings")]
fn nothing_changes_that_a_reader_would_not_expect() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let wanted = std::env::var("READBACK_DIALOGUE").unwrap_or_default();
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = files
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "txt") && path.to_str().unwrap().contains(&wanted)
        })
        .collect();
    assert!(!files.is_empty(), "no file is called like “{wanted}”");
    let transcripts = std::env::var_os("READBACK_TRANSCRIPTS").map(PathBuf::from);
    let (waiting, failed) = (Mutex::new(files), Mutex::new(Vec::new()));
    let play = || {
        loop {
            let Some(file) = waiting.lock().unwrap().pop() else { return };
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let script = Script::parse(&fs::read_to_string(&file).unwrap());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let played = panic::AssertUnwindSafe(|| runtime.block_on(play(&name, &script, transcripts.as_deref())));
            match panic::catch_unwind(played) {
                Ok(faults) => failed.lock().unwrap().extend(faults),
                Err(_) => failed.lock().unwrap().push(format!("{name}: it panicked")),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(play);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} turns went otherwise:\n{}", failed.len(), failed.join("\n"));
}

/// Plays one file to a bot and a cluster of its own; returns what went otherwise.
async fn play(name: &str, script: &Script, transcripts: Option<&Path>) -> Vec<String> {
    let local = Local::start(seed()).await;
    let setup = Setup { is_as_shipped: true, ..Setup::default() };
    let bot = Bot::start(setup, local.connection_in(cluster::NAMESPACES)).await;
    let inbox = Connection::open_with_flags(bot.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let (mut faults, mut transcript, mut told) = (Vec::new(), format!("# {}\n", script.subject), Vec::new());
    let mut before = snapshot(&local).await;
    for (nth, turn) in script.turns.iter().enumerate() {
        bot.room.say(&turn.who, &turn.text).await;
        until_handled(&inbox, nth + 1).await;
        let after = snapshot(&local).await;
        let wrong = wrong(turn, &before, &after);
        let _ = writeln!(transcript, "{:<5} {}", turn.who, turn.text);
        transcript.extend(said(&bot, &mut told).await);
        for one in &wrong {
            let _ = writeln!(transcript, "!!!   {one}");
        }
        faults.extend(wrong.into_iter().map(|one| format!("{name}, turn {}: “{}”: {one}", nth + 1, turn.text)));
        before = after;
    }
    if let Some(folder) = transcripts {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(format!("{name}.txt")), transcript).unwrap();
    }
    faults
}

/// Waits until the turns of so many messages have ended.
async fn until_handled(inbox: &Connection, messages: usize) {
    let started = Instant::now();
    loop {
        let counts = "SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM inbox)";
        let (handled, waiting): (usize, usize) = inbox
            .query_row(counts, [], |row| {
                Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
            })
            .map(|(handled, waiting)| (usize::try_from(handled).unwrap(), usize::try_from(waiting).unwrap()))
            .unwrap();
        if handled >= messages && waiting == 0 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{handled} of {messages} messages are handled, {waiting} wait");
        tokio::time::sleep(LOOK).await;
    }
}

/// What the bot has said or edited since the last turn, as text.
async fn said(bot: &Bot, told: &mut Vec<(String, String)>) -> Vec<String> {
    let mut new = Vec::new();
    for message in bot.room.said_by_bot().await {
        let text = |key: &str| message[key].as_str().unwrap_or_default().to_owned();
        let (id, markdown) = (text("id"), text("markdown"));
        match told.iter_mut().find(|(known, _)| *known == id) {
            Some((_, last)) if *last == markdown => continue,
            Some((_, last)) => last.clone_from(&markdown),
            None => told.push((id, markdown.clone())),
        }
        let card = if message["attachments"].is_array() { "card" } else { "bot" };
        new.push(format!("{card:<5} {}\n", markdown.replace('\n', "\n      ")));
    }
    new
}

/// What is otherwise than this turn should leave it.
fn wrong(turn: &Turn, before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let mut wrong: Vec<String> =
        turn.expected.iter().filter(|expected| !expected.holds(before, after)).map(ToString::to_string).collect();
    let is_expected = |name: &String| turn.expected.iter().any(|expected| expected.object == *name);
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    let changed = names.filter(|name| !is_expected(name) && before.get(*name) != after.get(*name));
    wrong.extend(changed.map(|name| format!("{name} went from {:?} to {:?}", before.get(name), after.get(name))));
    wrong
}
