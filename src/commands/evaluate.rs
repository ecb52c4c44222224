//! `readback eval`.

use std::{fs, process::ExitCode};

use anyhow::Context;

use super::{model, read::directory};
use crate::{
    cli::{EvalArgs, Out},
    config::Settings,
    eval,
    interpret::Interpreter,
};

pub(super) fn run(settings: &Settings, args: &EvalArgs, out: &mut Out) -> anyhow::Result<ExitCode> {
    let interpreter =
        Interpreter::new(model(settings.model.as_deref(), args.engine)?, directory(args.catalog.as_deref())?);
    for file in &args.files {
        let text = fs::read_to_string(file).with_context(|| format!("reading `{}`", file.display()))?;
        let rows = eval::rows(&text).with_context(|| format!("`{}`", file.display()))?;
        out.line(format_args!("{}", file.display()))?;
        out.text(eval::score(&interpreter, &rows)?)?;
    }
    Ok(ExitCode::SUCCESS)
}
