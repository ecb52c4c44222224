//! `readback interpret`.

use std::{
    fs,
    io::{BufRead, stdin},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;

use super::model;
use crate::{
    cli::{InterpretArgs, Out},
    config::Settings,
    interpret::{self, Interpreter},
};
use readback_core::resolve::Directory;

/// The live objects used when no catalog file is given: enough for a first try.
const SAMPLE: &str = include_str!("sample-catalog.json");
/// Maximum size of a row, in bytes.
const LONGEST_ROW: usize = 1 << 20;

pub(super) fn run(settings: &Settings, args: &InterpretArgs, out: &mut Out) -> anyhow::Result<ExitCode> {
    let interpreter =
        Interpreter::new(model(settings.model.as_deref(), args.engine)?, directory(args.catalog.as_deref())?);
    if let Some(text) = args.text() {
        out.line(interpreter.words(&text)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    // The first reading initialises what later ones reuse; its time must not count.
    interpreter.judge("how is web doing?")?;
    for line in stdin().lock().split(b'\n') {
        let line = line.context("reading standard input")?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let row = if line.len() > LONGEST_ROW {
            serde_json::json!({"id": null, "error": "the row is longer than a mebibyte"})
        } else {
            interpreter.row(&String::from_utf8_lossy(&line))
        };
        out.line(row)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn directory(file: Option<&Path>) -> anyhow::Result<Directory> {
    let text = match file {
        Some(file) => fs::read_to_string(file).with_context(|| format!("reading `{}`", file.display()))?,
        None => SAMPLE.to_owned(),
    };
    interpret::catalog(&text)
}
