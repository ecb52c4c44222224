//! Golden conversations: each file of `conversations/` is played to a whole bot, and its replies and writes are
//! compared.

mod script;
mod shown;
mod stage;

use std::{panic, path::PathBuf, sync::Mutex, thread};

/// Every file of the folder is played, so that none can be forgotten. `READBACK_CONVERSATION` in the environment
/// selects those whose names contain it.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test has no settings")]
fn every_conversation_goes_as_it_is_written() {
    let wanted = std::env::var("READBACK_CONVERSATION").unwrap_or_default();
    let names: Vec<String> = names().into_iter().filter(|name| name.contains(&wanted)).collect();
    assert!(!names.is_empty(), "no conversation is called like “{wanted}”");
    let held = names.len();
    let (waiting, failed) = (Mutex::new(names), Mutex::new(Vec::new()));
    let hold = || {
        loop {
            let Some(name) = waiting.lock().unwrap().pop() else { return };
            if !goes_as_written(&name) {
                failed.lock().unwrap().push(name);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(hold);
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort_unstable();
    assert!(failed.is_empty(), "{} of {held} conversations went otherwise: {}", failed.len(), failed.join(", "));
}

/// In a runtime of its own, as a test has one. What went wrong is told at once.
fn goes_as_written(name: &str) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    panic::catch_unwind(panic::AssertUnwindSafe(|| runtime.block_on(stage::perform(name)))).is_ok()
}

fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conversations")
}
