//! `readback train`.

use std::process::ExitCode;

use anyhow::ensure;

use crate::{
    cli::{Out, TrainArgs},
    nlu::train::{self, TrainOptions, corpus},
};

pub(super) fn run(args: &TrainArgs, out: &mut Out, err: &mut Out) -> anyhow::Result<ExitCode> {
    if args.check {
        let (corpus, findings) = corpus::read(&args.examples)?;
        for finding in &findings {
            out.line(finding)?;
        }
        out.line(format_args!("{} example sentences, {} faults", corpus.rows.len(), findings.len()))?;
        return Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let options = options(args)?;
    let report = train::run(&options, &mut |at| {
        let (gone, left) = (at.elapsed.as_secs(), at.left.as_secs());
        // Progress that nobody reads does not stop the training.
        let _ = err.line(format_args!(
            "{}: step {} of {}, loss {:.3}, {gone} s gone, {left} s left",
            at.stage, at.done, at.total, at.loss
        ));
    })?;
    out.line(serde_json::to_string_pretty(&report.manifest)?)?;
    out.line(format_args!("{} bytes of weights after {} s", report.size, report.took.as_secs()))?;
    Ok(ExitCode::SUCCESS)
}

fn options(args: &TrainArgs) -> anyhow::Result<TrainOptions> {
    let recipe = TrainOptions::default();
    let encoder = args.encoder.clone().unwrap_or_default();
    ensure!(
        cfg!(not(feature = "rust-bert")) || !encoder.as_os_str().is_empty(),
        "no encoder to start from: `eval \"$(scripts/libtorch.sh)\"` fetches it and sets READBACK_MINILM, or name it with --encoder"
    );
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    Ok(TrainOptions {
        examples: args.examples.clone(),
        encoder,
        out: args.out.clone(),
        seed: args.seed.unwrap_or(recipe.seed),
        layers: args.layers.unwrap_or(recipe.layers),
        vocabulary: args.vocabulary.unwrap_or(recipe.vocabulary),
        epochs: args.epochs.unwrap_or(recipe.epochs),
        folds: args.folds.unwrap_or(recipe.folds),
        final_fit: !args.measure_only,
        threads: threads.and_then(|threads| i32::try_from(threads).ok()).unwrap_or(recipe.threads),
        keep: args.keep.clone(),
        errors: args.errors.clone(),
        ..recipe
    })
}
