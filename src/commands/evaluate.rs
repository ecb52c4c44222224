//! `readback eval`.

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context;

use super::{built::model, catalog::directory};
use crate::{
    cli::{EvalArgs, Out},
    config::Settings,
    eval::{self, contrast, curve},
    interpret::Interpreter,
};
use readback_nlu::train::contrast::frames;

pub(super) fn run(settings: &Settings, args: &EvalArgs, out: &mut Out) -> anyhow::Result<ExitCode> {
    let interpreter =
        Interpreter::new(model(settings.model.as_deref(), args.engine)?, directory(args.catalog.as_deref())?);
    if let Some(folder) = &args.contrast {
        return contrast(&interpreter, folder, args, out);
    }
    let mut all = eval::Scores::default();
    for file in &args.files {
        let text = fs::read_to_string(file).with_context(|| format!("reading `{}`", file.display()))?;
        let rows = eval::rows(&text).with_context(|| format!("`{}`", file.display()))?;
        out.line(format_args!("{}", file.display()))?;
        let scores = eval::score(&interpreter, &rows)?;
        out.text(&scores)?;
        all.join(scores);
    }
    let points = all.curve();
    out.line("risk and coverage, all rows")?;
    out.text(curve::table(&points))?;
    if let Some(path) = &args.curve {
        let drawing = curve::svg(&points, all.threshold());
        fs::write(path, drawing).with_context(|| format!("writing `{}`", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts the executable orders of all files into the frames of a folder.
fn contrast(interpreter: &Interpreter, folder: &Path, args: &EvalArgs, out: &mut Out) -> anyhow::Result<ExitCode> {
    let frames = frames(folder)?;
    let mut all = contrast::Contrast::default();
    for file in &args.files {
        let text = fs::read_to_string(file).with_context(|| format!("reading `{}`", file.display()))?;
        let rows = eval::rows(&text).with_context(|| format!("`{}`", file.display()))?;
        all.join(contrast::score(interpreter, &contrast::executable(&rows), &frames, args.orders)?);
    }
    out.text(&all)?;
    Ok(ExitCode::SUCCESS)
}
