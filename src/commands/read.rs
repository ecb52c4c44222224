//! `readback interpret`.

use std::{
    io::{BufRead, stdin},
    process::ExitCode,
};

use anyhow::Context;

use super::{built::model, catalog::directory};
use crate::{
    cli::{InterpretArgs, Out},
    config::Settings,
    interpret::Interpreter,
};

/// Maximum size of a row, in bytes.
const LONGEST_ROW: usize = 1 << 20;

pub(super) fn run(settings: &Settings, args: &InterpretArgs, out: &mut Out) -> anyhow::Result<ExitCode> {
    let interpreter =
        Interpreter::new(model(settings.model.as_deref(), args.engine)?, directory(args.catalog.as_deref())?);
    if let Some(text) = args.text() {
        out.line(interpreter.words(&text)?)?;
        if args.explain {
            out.line(interpreter.explain(&text)?)?;
        }
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
