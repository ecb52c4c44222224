//! `readback eval`.

use std::{fs, process::ExitCode};

use anyhow::Context;

use super::{built::model, catalog::directory};
use crate::{
    cli::{EvalArgs, Out},
    config::Settings,
    eval::{self, curve},
    interpret::Interpreter,
};

pub(super) fn run(settings: &Settings, args: &EvalArgs, out: &mut Out) -> anyhow::Result<ExitCode> {
    let interpreter =
        Interpreter::new(model(settings.model.as_deref(), args.engine)?, directory(args.catalog.as_deref())?);
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
